package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// client asks a running pipeline over HTTP.
type client struct {
	base, token string
	http        *http.Client
}

// clientFlags are the flags of every command that asks a running pipeline.
type clientFlags struct {
	file, addr, tokenFile string
	json                  bool
}

func (f *clientFlags) register(cmd *cobra.Command, withJSON bool) {
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "config file (default "+defaultConfigFile+", if there is one)")
	cmd.Flags().StringVar(&f.addr, "http", "", "address of the pipeline's HTTP API (default from the config: "+defaultHTTP+")")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "file with the API token (default from the config)")
	if withJSON {
		cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	}
}

// lines says in the help that --json prints one object a line (NDJSON): jq reads them one by one.
func (f *clientFlags) lines(cmd *cobra.Command) {
	cmd.Flags().Lookup("json").Usage = "print JSON, one object a line"
}

func (f *clientFlags) client() (*client, error) {
	cfg, _, err := loadConfig(f.file)
	if err != nil {
		return nil, err
	}
	if f.addr != "" {
		cfg.HTTP.Listen, cfg.HTTP.Advertise = f.addr, ""
	}
	if f.tokenFile != "" {
		cfg.HTTP.TokenFile = f.tokenFile
	}
	token, err := cfg.token()
	if err != nil {
		return nil, err
	}
	base := cfg.HTTP.Listen
	if cfg.HTTP.Advertise != "" {
		base = cfg.HTTP.Advertise
	}
	if !strings.Contains(base, "://") {
		if strings.HasPrefix(base, ":") {
			base = "127.0.0.1" + base
		}
		base = "http://" + base
	}
	return &client{base: strings.TrimSuffix(base, "/"), token: token, http: &http.Client{Timeout: 5 * time.Minute}}, nil
}

// apiError is an answer that says no.
type apiError struct {
	Status int
	Text   string  `json:"error"`
	Leader *string `json:"leader"` // of a standby's answer: who leads; "" while nobody does
}

func (e *apiError) Error() string { return e.Text }

// maxAnswer bounds what is read of an answer to one object, in octets.
const maxAnswer = 1 << 30

// takeover is how long a command waits for somebody to lead: as long as a standby may need.
const takeover = 15 * time.Second

// do sends a request and gives the body of a good answer. A standby's answer is followed to its leader; while nobody
// leads (a start, a takeover) it tries again. Nothing has been done with a request that was answered so.
func (c *client) do(ctx context.Context, method, path string, body []byte) (io.ReadCloser, error) {
	base := c.base
	for deadline := time.Now().Add(takeover); ; {
		res, err := c.send(ctx, base, method, path, body)
		var no *apiError
		if !errors.As(err, &no) || no.Leader == nil {
			return res, err
		}
		if *no.Leader != "" && *no.Leader != base && base == c.base {
			base = *no.Leader // which may not have begun yet
			continue
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%w, and nobody else for %v: zonecast status shows who leads", err, takeover)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		base = c.base
	}
}

func (c *client) send(ctx context.Context, base, method, path string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return nil, fmt.Errorf("nothing answers at %s: is zonecast running there? (--http names another address)", base)
		}
		return nil, err
	}
	if res.StatusCode/100 == 2 {
		return res.Body, nil
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	no := &apiError{Status: res.StatusCode}
	if err != nil || json.Unmarshal(text, no) != nil || no.Text == "" {
		no.Text = fmt.Sprintf("%s: %s: %.500s", base+path, res.Status, text)
	}
	return nil, no
}

// get asks for one object.
func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	body, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	return decodeAnswer(body, into)
}

// call sends an object and reads one.
func (c *client) call(ctx context.Context, method, path string, send, into any) error {
	data, err := json.Marshal(send)
	if err != nil {
		return err
	}
	body, err := c.do(ctx, method, path, data)
	if err != nil {
		return err
	}
	defer body.Close()
	if into == nil {
		return nil
	}
	return decodeAnswer(body, into)
}

func decodeAnswer(r io.Reader, into any) error {
	if err := json.NewDecoder(io.LimitReader(r, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("unexpected answer: %w", err)
	}
	return nil
}

// list asks for lines of JSON and calls each with every one of them.
func list[T any](ctx context.Context, c *client, path string, query url.Values, each func(T) error) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	body, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	dec := json.NewDecoder(bufio.NewReader(body))
	for {
		var v T
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the answer was cut: %w", err)
		}
		if err := each(v); err != nil {
			return err
		}
	}
}

// printJSON prints indented JSON.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
