package zk

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/go-zookeeper/zk"

	"zonecast/internal/store"
)

// Config says how to reach the ensemble and as whom.
type Config struct {
	// Servers are host:port pairs, all members of the ensemble. Names are looked up anew at each connection.
	Servers []string `yaml:"servers"`
	// Root is the node under which everything lives; it is made when missing, its parents too.
	Root string `yaml:"root"`
	// SessionTimeout is how long the servers keep ephemeral nodes of a process that fell silent: the time a standby
	// waits for a dead leader. The servers grant what their own limits allow (2 to 20 ticks).
	SessionTimeout time.Duration `yaml:"session_timeout"`
	// RequestTimeout bounds a request whose context has no earlier deadline, waiting for a connection included.
	RequestTimeout time.Duration `yaml:"request_timeout"`
	// DialTimeout bounds one attempt to connect, the TLS handshake included.
	DialTimeout time.Duration `yaml:"dial_timeout"`
	// Connections is one for writes, watches and single reads, and the rest for bulk reads. 1 to 16.
	Connections int `yaml:"connections"`
	// Pipeline is how many bulk reads may be under way at once, on all connections together. 1 to 4096.
	Pipeline int `yaml:"pipeline"`
	// AuthFile holds "user:password" in one line, for digest authentication. All nodes made are then for the
	// identities below alone. Without it they are for everybody. Its content is never logged.
	AuthFile string `yaml:"auth_file"`
	// Writer is the digest id ("user:hash", see Identity) of those who may do everything: whose the nodes are. Empty
	// means the identity of AuthFile; a reader has to say it, so that the writer may tidy up what the reader leaves.
	Writer string `yaml:"writer"`
	// Readers are digest ids that may read everything and write below /proxies only: what proxies authenticate as.
	Readers []string `yaml:"readers"`
	// TLS, when given, encrypts all connections; the servers then listen with secureClientPort.
	TLS *TLS `yaml:"tls"`

	// Log takes what the client library has to say. Nil: slog.Default().
	Log *slog.Logger `yaml:"-"`
}

// TLS names PEM files. They are read at Open.
type TLS struct {
	CA   string `yaml:"ca"`   // who may sign the servers' certificates; empty: the system's authorities
	Cert string `yaml:"cert"` // our certificate, where the servers ask for one
	Key  string `yaml:"key"`  // its key
	// ServerName is what the servers' certificates must say, if not the host in Servers.
	ServerName string `yaml:"server_name"`
}

// DefaultConfig is for a server on this machine, without authentication.
func DefaultConfig() Config {
	return Config{
		Servers:        []string{"127.0.0.1:2181"},
		Root:           "/zonecast",
		SessionTimeout: 10 * time.Second,
		RequestTimeout: 30 * time.Second,
		DialTimeout:    3 * time.Second,
		Connections:    3,
		Pipeline:       512,
	}
}

// setup is a Config after its files were read.
type setup struct {
	Config
	auth []byte   // user:password
	acl  []zk.ACL // of nodes that readers may read
	open []zk.ACL // of nodes that readers may write too
	self string   // digest id
	tls  *tls.Config
}

func (c Config) prepare() (*setup, error) {
	s := &setup{Config: c, acl: zk.WorldACL(zk.PermAll), open: zk.WorldACL(zk.PermAll)}
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("zookeeper: %w", err)
	}
	if c.AuthFile != "" {
		if err := s.readAuth(); err != nil {
			return nil, fmt.Errorf("zookeeper: auth_file: %w", err)
		}
	}
	if err := s.settleAccess(); err != nil {
		return nil, fmt.Errorf("zookeeper: %w", err)
	}
	if c.TLS != nil {
		if err := s.readTLS(); err != nil {
			return nil, fmt.Errorf("zookeeper: tls: %w", err)
		}
	}
	return s, nil
}

func (c Config) check() error {
	for _, s := range c.Servers {
		if _, _, err := net.SplitHostPort(s); err != nil {
			return fmt.Errorf("servers: %w", err)
		}
	}
	switch {
	case len(c.Servers) == 0:
		return errors.New("servers: none given")
	case c.Root == "/" || store.CheckPath(c.Root) != nil:
		return fmt.Errorf("root: %q is no path of a node below /", c.Root)
	case c.SessionTimeout < 100*time.Millisecond || c.SessionTimeout > 10*time.Minute:
		return errors.New("session_timeout: not between 100ms and 10m")
	case c.RequestTimeout <= 0:
		return errors.New("request_timeout: not positive")
	case c.DialTimeout <= 0:
		return errors.New("dial_timeout: not positive")
	case c.Connections < 1 || c.Connections > 16:
		return errors.New("connections: not between 1 and 16")
	case c.Pipeline < 1 || c.Pipeline > 4096:
		return errors.New("pipeline: not between 1 and 4096")
	}
	return nil
}

func (s *setup) readAuth() error {
	user, password, err := readAuth(s.AuthFile)
	if err != nil {
		return err
	}
	s.auth = []byte(user + ":" + password)
	s.self = digest(user, password)
	return nil
}

func (s *setup) readTLS() error {
	t := s.Config.TLS
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		data, err := os.ReadFile(t.CA)
		if err != nil {
			return err
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(data) {
			return fmt.Errorf("%s: no certificate in it", t.CA)
		}
	}
	if t.Cert == "" && t.Key == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	s.tls.Certificates = []tls.Certificate{pair}
	return err
}
