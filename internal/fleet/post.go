package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"zonecast/internal/store"
)

// HTTPSender reports to processes of the pipeline, where a host does not reach the store: to the one that took the
// last report, or the next that does.
type HTTPSender struct {
	urls      []string // the first is in use
	id        string
	tokenFile string
	client    *http.Client
}

// NewHTTPSender is for one id. The token is read from the file for each report, so that it may change; "" is none.
func NewHTTPSender(urls []string, id, tokenFile string) *HTTPSender {
	transport := &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: sendTime}
	return &HTTPSender{urls: append([]string(nil), urls...), id: id, tokenFile: tokenFile, client: &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Send implements Sender.
func (s *HTTPSender) Send(ctx context.Context, r Report) error {
	body, err := r.encode()
	if err != nil {
		return err
	}
	token := ""
	if s.tokenFile != "" {
		text, err := os.ReadFile(s.tokenFile)
		if err != nil {
			return fmt.Errorf("token of reports: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	var failed []error
	for range s.urls {
		if err = s.post(ctx, s.urls[0], token, body); err == nil {
			return nil
		}
		failed = append(failed, fmt.Errorf("%s: %w", s.urls[0], err))
		s.urls = append(s.urls[1:], s.urls[0])
	}
	return errors.Join(failed...)
}

func (s *HTTPSender) post(ctx context.Context, base, token string, body []byte) error {
	at := strings.TrimSuffix(base, "/") + "/v1/proxies/" + url.PathEscape(s.id)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if response.StatusCode == http.StatusOK {
		return nil
	}
	var no struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(text, &no) // else the status must do
	err = fmt.Errorf("answered %s: %.200s", response.Status, no.Error)
	if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
		err = fmt.Errorf("%w: %w", store.ErrDenied, err)
	}
	return err
}

// Lost implements Sender: whoever took the report sees to it.
func (s *HTTPSender) Lost() bool { return false }
