package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"zonecast/internal/release"
)

// Bounds of fetching.
const (
	maxOffers   = 1000
	maxMirrors  = 8                // tried for one base before the pause
	stallAfter  = 20 * time.Second // without an octet: the next mirror
	dialTimeout = 5 * time.Second
)

// Mirrors fetches bases from the processes that offer them, in random order, so that a fleet spreads itself.
type Mirrors struct {
	list   func(context.Context) ([]release.Offer, error)
	client *http.Client
}

// NewMirrors asks list for the offers each time.
func NewMirrors(list func(context.Context) ([]release.Offer, error)) *Mirrors {
	return &Mirrors{list: list, client: newClient()}
}

// newClient follows no redirects: a mirror that sends elsewhere is not the one that was offered.
func newClient() *http.Client {
	transport := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: pollTimeout + stallAfter,
		MaxIdleConnsPerHost:   2,
		IdleConnTimeout:       time.Minute,
		DisableCompression:    true, // ranges are of the file's octets
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Fetch writes the base from offset on. A mirror that breaks off is followed by the next one from where it stopped. Where
// a mirror has its hands full, it asks again later.
func (m *Mirrors) Fetch(ctx context.Context, b release.Base, offset int64, w io.Writer) error {
	out := &counter{w: w, n: offset}
	for until := time.Now().Add(queueFor); ; {
		err := m.fetch(ctx, b, out)
		busy := (*busyError)(nil)
		if !errors.As(err, &busy) || time.Now().After(until) || !sleep(ctx, busy.after+rand.N(2*busy.after)) {
			return err
		}
	}
}

// fetch tries each mirror once.
func (m *Mirrors) fetch(ctx context.Context, b release.Base, out *counter) error {
	offers, err := m.list(ctx)
	if err != nil {
		return err
	}
	if len(offers) == 0 {
		return fmt.Errorf("nobody offers base %d", b.Version)
	}
	rand.Shuffle(len(offers), func(i, j int) { offers[i], offers[j] = offers[j], offers[i] })
	// An offer that does not list the version yet is asked last: the publisher has the file before its offer says so.
	slices.SortStableFunc(offers, func(x, y release.Offer) int { return lists(y, b) - lists(x, b) })
	var failed []error
	for _, o := range offers[:min(len(offers), maxMirrors)] {
		err := m.fetchFrom(ctx, o.URL, b, out)
		if err == nil || ctx.Err() != nil || out.err != nil {
			return errors.Join(err, out.err)
		}
		failed = append(failed, fmt.Errorf("%s: %w", o.URL, err))
	}
	return fmt.Errorf("base %d: %w", b.Version, errors.Join(failed...))
}

// lists is 1 for an offer that has the base, else 0.
func lists(o release.Offer, b release.Base) int {
	if slices.Contains(o.Versions, b.Version) {
		return 1
	}
	return 0
}

// counter remembers how far the file is written, and whether writing it failed (the disk's fault, not the mirror's).
type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.err = err
	return n, err
}

func (m *Mirrors) fetchFrom(ctx context.Context, base string, b release.Base, out *counter) error {
	if out.n >= b.Size {
		return nil
	}
	at, err := endpoint(base, "/v1/bases/"+strconv.FormatUint(b.Version, 10), nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	if out.n > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", out.n))
	}
	watchdog := time.AfterFunc(stallAfter, cancel)
	defer watchdog.Stop()
	response, err := m.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body := io.Reader(&lively{response.Body, watchdog})
	switch response.StatusCode {
	case http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-", out.n); !strings.HasPrefix(response.Header.Get("Content-Range"), want) {
			return fmt.Errorf("asked for %q, got %q", want, response.Header.Get("Content-Range"))
		}
	case http.StatusOK:
		if _, err := io.CopyN(io.Discard, body, out.n); err != nil { // no ranges there: read on to where we were
			return err
		}
	case http.StatusServiceUnavailable:
		return busyUntil(response)
	default:
		return fmt.Errorf("answered %s", response.Status)
	}
	if _, err = io.CopyN(out, body, b.Size-out.n); errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// lively puts the watchdog off whenever octets come.
type lively struct {
	r        io.Reader
	watchdog *time.Timer
}

func (l *lively) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.watchdog.Reset(stallAfter)
	}
	return n, err
}

// endpoint joins a base URL and a path; only http and https are followed.
func endpoint(base, path string, query url.Values) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", fmt.Errorf("%q is no http URL", base)
	}
	u = u.JoinPath(path)
	u.RawQuery = query.Encode()
	return u.String(), nil
}
