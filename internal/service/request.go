package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// stall is how long a request's body may stand still: a slow sender must not hold a connection for ever.
const stall = 30 * time.Second

// Body gives a request's body, cut with an *http.MaxBytesError beyond max octets and with a time-out when it stalls.
func Body(w http.ResponseWriter, r *http.Request, max int64) io.Reader {
	return &body{r: http.MaxBytesReader(w, r.Body, max), control: http.NewResponseController(w)}
}

type body struct {
	r       io.Reader
	control *http.ResponseController
}

func (b *body) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(stall)) // a test's recorder has none
	return b.r.Read(p)
}

// answerTime is how long a long answer may take to be read: some hundred megabytes over a slow line.
const answerTime = 10 * time.Minute

// Bound bounds how long the answer may take to be read, so that a slow reader does not hold what is kept for him for ever. done
// is called after the last write: the connection's next request has no such bound.
func Bound(w http.ResponseWriter) (done func()) { return bound(w, answerTime) }

func bound(w http.ResponseWriter, d time.Duration) (done func()) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(d)) // a test's recorder has none
	return func() { _ = control.SetWriteDeadline(time.Time{}) }
}

// Why is who wants something done by hand, and for what reason; both stand in the log of decisions.
type Why struct {
	Reason string `json:"reason"`
	By     string `json:"by"`
	From   string `json:"-"` // the address that the request came from
}

// maxWhy bounds what of a reason or a name is logged, in octets.
const maxWhy = 500

// ReadWhy reads {"reason": …, "by": …}. A reason is needed. Both come as one line of at most 500 octets.
func ReadWhy(w http.ResponseWriter, r *http.Request) (Why, error) {
	var why Why
	dec := json.NewDecoder(Body(w, r, 64<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&why); err != nil && !errors.Is(err, io.EOF) {
		return why, fmt.Errorf("body: %w", err)
	}
	why = Why{OneLine(why.Reason), OneLine(why.By), From(r)}
	if strings.TrimSpace(why.Reason) == "" {
		return why, errors.New(`"reason" is needed: it is kept in the log of decisions`)
	}
	return why, nil
}

// From gives the address that a request came from, without its port.
func From(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// OneLine makes text from outside fit for a line of a log: control characters become spaces, at most 500 octets.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), maxWhy)], ""))
}
