package notify

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Config says whom to tell.
type Config struct {
	// Receivers by name; the name stands in logs and metrics, in place of the URL. None: nobody is told.
	Receivers map[string]Receiver `yaml:"receivers"`
	// Every is how often it is looked at what is wrong. Default 5s.
	Every time.Duration `yaml:"every"`
	// Repeat is how often Alertmanager is told again what is still wrong; it takes for over what it has not heard of
	// for four times as long. Default 1m.
	Repeat time.Duration `yaml:"repeat"`
}

// Receiver is one webhook.
type Receiver struct {
	// URL to POST to; of an Alertmanager its base ("http://alertmanager.example:9093").
	URL string `yaml:"url"`
	// URLFile holds the URL instead, where it is a secret.
	URLFile string `yaml:"url_file"`
	// Format is "json" (the default) or "alertmanager".
	Format string `yaml:"format"`
	// TokenFile holds what is sent as "Authorization: Bearer …". It is read anew each time.
	TokenFile string `yaml:"token_file"`
	// Headers are sent too. They are not secret: they stand in the config.
	Headers map[string]string `yaml:"headers"`
	// CA is a PEM file of who may sign the receiver's certificate; "": the system's authorities.
	CA string `yaml:"ca"`
	// Timeout of one try. Default 10s, at most 1m.
	Timeout time.Duration `yaml:"timeout"`
}

const (
	maxReceivers = 20
	maxFile      = 64 << 10 // octets of a file with a URL, a token or certificates

	formatJSON         = "json"
	formatAlertmanager = "alertmanager"
)

// DefaultConfig tells nobody.
func DefaultConfig() Config { return Config{Every: 5 * time.Second, Repeat: time.Minute} }

// Check gives the first fault of the configuration, without reading the files that it names.
func (c Config) Check() error {
	c.Receivers = maps.Clone(c.Receivers)
	for name, r := range c.Receivers {
		if r.URLFile != "" && r.URL == "" {
			r.URL, r.URLFile = "https://receiver.example", ""
		}
		c.Receivers[name] = r
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// check fills what is left out and gives the first fault.
func (c *Config) check() error {
	d := DefaultConfig()
	if c.Every == 0 {
		c.Every = d.Every
	}
	if c.Repeat == 0 {
		c.Repeat = d.Repeat
	}
	if c.Every < time.Second || c.Every > time.Minute {
		return fmt.Errorf("every %v: 1s to 1m", c.Every)
	}
	if c.Repeat < 10*time.Second || c.Repeat > time.Hour {
		return fmt.Errorf("repeat %v: 10s to 1h", c.Repeat)
	}
	if len(c.Receivers) > maxReceivers {
		return fmt.Errorf("%d receivers: at most %d", len(c.Receivers), maxReceivers)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Receivers)) {
		if name == "" || len(name) > 50 || strings.ContainsAny(name, " /\t\n") {
			return fmt.Errorf("receiver %q: 1 to 50 characters without spaces or slashes", name)
		}
		r := c.Receivers[name]
		if err := r.check(); err != nil {
			return fmt.Errorf("receiver %s: %w", name, err)
		}
		c.Receivers[name] = r
	}
	return nil
}

func (r *Receiver) check() error {
	if r.Format == "" {
		r.Format = formatJSON
	}
	if r.Timeout == 0 {
		r.Timeout = 10 * time.Second
	}
	switch {
	case r.Format != formatJSON && r.Format != formatAlertmanager:
		return fmt.Errorf("format %q: json or alertmanager", r.Format)
	case r.Timeout < 100*time.Millisecond || r.Timeout > time.Minute:
		return fmt.Errorf("timeout %v: 100ms to 1m", r.Timeout)
	case (r.URL == "") == (r.URLFile == ""):
		return errors.New("either url or url_file")
	}
	_, err := r.target()
	return err
}

// target gives where to POST to. Errors do not show the URL: it may be a secret.
func (r *Receiver) target() (*url.URL, error) {
	text := r.URL
	if r.URLFile != "" {
		var err error
		if text, err = readSecret(r.URLFile); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("its URL is not http://HOST/… or https://HOST/…")
	}
	if r.TokenFile != "" && u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, errors.New("a token goes over https only: http would show it to everybody on the way")
	}
	if r.Format == formatAlertmanager && !strings.HasSuffix(u.Path, "/alerts") {
		u = u.JoinPath("api/v2/alerts")
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// client verifies certificates and follows no redirect: a token is for the receiver alone.
func (r *Receiver) client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = 1
	if r.CA != "" {
		text, err := readFile(r.CA)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: no certificate in it", r.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport, Timeout: r.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

func readSecret(path string) (string, error) {
	text, err := readFile(path)
	secret := strings.TrimSpace(string(text))
	if err == nil && (secret == "" || strings.ContainsAny(secret, "\r\n")) {
		err = fmt.Errorf("%s: one line is needed", path)
	}
	return secret, err
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: %d octets, at most %d", path, info.Size(), maxFile)
	}
	return os.ReadFile(path)
}
