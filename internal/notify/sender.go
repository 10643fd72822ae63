package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"zonecast/internal/service"
)

// sender posts to one receiver.
type sender struct {
	Receiver
	http *http.Client
}

func newSender(r Receiver) (*sender, error) {
	c, err := r.client()
	return &sender{r, c}, err
}

// maxAnswer is what is read of a receiver's answer, for the one who tests it.
const maxAnswer = 4 << 10

// post sends a message; answer is the receiver's status line and the beginning of its text. Neither it nor an error
// shows the URL or the token.
func (s *sender) post(ctx context.Context, body []byte) (answer string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	target, err := s.target()
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return "", errors.New("its URL is none")
	}
	req.Header.Set("User-Agent", "zonecast")
	for name, value := range s.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.TokenFile != "" {
		token, err := readSecret(s.TokenFile)
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := s.http.Do(req)
	if err != nil {
		var with *url.Error
		if errors.As(err, &with) {
			err = with.Err
		}
		return "", err
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer)) // the status says enough
	answer = strings.TrimSpace(service.OneLine(res.Status + " " + string(text)))
	if res.StatusCode/100 != 2 {
		return answer, fmt.Errorf("it answered %s", answer)
	}
	return answer, nil
}

// Try sends one notice to a receiver and gives what came back: zonecast notify test.
func Try(ctx context.Context, r Receiver, sender, stream string, n Notice) (answer string, err error) {
	if err := r.check(); err != nil {
		return "", err
	}
	s, err := newSender(r)
	if err != nil {
		return "", err
	}
	body, err := envelope{sender: sender, stream: stream, repeat: time.Minute}.encode(r.Format, []Notice{n}, time.Now())
	if err != nil {
		return "", err
	}
	return s.post(ctx, body)
}
