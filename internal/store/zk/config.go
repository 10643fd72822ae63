package zk

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
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
	// AuthFile holds "user:password" in one line, for digest authentication. All nodes made are then for this
	// identity alone. Without it they are for everybody. Its content is never logged.
	AuthFile string `yaml:"auth_file"`
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
	auth []byte // user:password
	acl  []zk.ACL
	tls  *tls.Config
}

func (c Config) prepare() (*setup, error) {
	s := &setup{Config: c, acl: zk.WorldACL(zk.PermAll)}
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
	if c.TLS != nil {
		if err := s.readTLS(); err != nil {
			return nil, fmt.Errorf("zookeeper: tls: %w", err)
		}
	}
	// The encoding of a create: type, done and error (9), lengths of path and data (8), flags (4), the ACL's count,
	// permissions and two lengths (16), and what the texts take. store.OpOverhead must cover it.
	if need := 9 + 8 + 4 + 16 + len(c.Root) + len(s.acl[0].Scheme) + len(s.acl[0].ID); need > store.OpOverhead {
		return nil, fmt.Errorf("zookeeper: root and user name are together %d octets too long", need-store.OpOverhead)
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
	data, err := os.ReadFile(s.AuthFile)
	if err != nil {
		return err
	}
	s.auth = bytes.TrimRight(data, "\r\n")
	user, password, ok := strings.Cut(string(s.auth), ":")
	if !ok || user == "" || password == "" || bytes.ContainsAny(s.auth, "\r\n") {
		return fmt.Errorf("%s: want one line, user:password", s.AuthFile)
	}
	s.acl = zk.DigestACL(zk.PermAll, user, password)
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
