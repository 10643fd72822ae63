package follow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"zonecast/internal/release"
)

// HTTPSource follows a stream over HTTP alone, for hosts that do not reach the store: GET /v1/head (long poll),
// /v1/log/{version}, /v1/offers of any process of the pipeline. What comes is as trustworthy as its signature.
type HTTPSource struct {
	stream string
	client *http.Client
	bases  *Mirrors

	etag string // of the last head; Head belongs to one goroutine

	mu   sync.Mutex
	urls []string // the first is in use; a failing one goes to the end
}

// Times and bounds of the long poll.
const (
	pollTimeout  = 55 * time.Second // as long as a server may keep a poll open
	repollAfter  = time.Second      // when the same head comes again at once
	maxOfferList = 1 << 20
)

// NewHTTPSource checks the URLs.
func NewHTTPSource(urls []string, stream string) (*HTTPSource, error) {
	if len(urls) == 0 {
		return nil, errors.New("no upstream URL")
	}
	for _, u := range urls {
		if _, err := endpoint(u, "/v1/head", nil); err != nil {
			return nil, fmt.Errorf("upstream: %w", err)
		}
	}
	s := &HTTPSource{stream: stream, client: newClient(), urls: append([]string(nil), urls...)}
	s.bases = NewMirrors(s.offers)
	return s, nil
}

// Head polls until another head comes. The server's entity tag tells it what we have: it keeps the request until there
// is another one, or answers with the same after a while.
func (s *HTTPSource) Head(ctx context.Context, seen []byte, _ release.Head) ([]byte, error) {
	query := url.Values{"stream": {s.stream}}
	for {
		if seen != nil && s.etag != "" {
			query.Set("etag", s.etag)
		}
		began := time.Now()
		a, err := s.get(ctx, "/v1/head", query, release.MaxHead)
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusOK {
			return nil, fmt.Errorf("head: HTTP status %d", a.status)
		}
		s.etag = a.etag
		if !bytes.Equal(a.body, seen) {
			return a.body, nil
		}
		if time.Since(began) < repollAfter && !sleep(ctx, repollAfter) {
			return nil, ctx.Err()
		}
	}
}

// Entry gets one version of the log.
func (s *HTTPSource) Entry(ctx context.Context, version uint64) ([]byte, error) {
	a, err := s.get(ctx, "/v1/log/"+strconv.FormatUint(version, 10), nil, release.MaxEntry)
	switch {
	case err != nil:
		return nil, err
	case a.status == http.StatusNotFound:
		return nil, fmt.Errorf("version %d: %w", version, ErrGone)
	case a.status != http.StatusOK:
		return nil, fmt.Errorf("version %d: HTTP status %d", version, a.status)
	}
	return a.body, nil
}

// FetchBase asks the mirrors.
func (s *HTTPSource) FetchBase(ctx context.Context, b release.Base, offset int64, w io.Writer) error {
	return s.bases.Fetch(ctx, b, offset, w)
}

// Close gives up idle connections.
func (s *HTTPSource) Close() {
	s.client.CloseIdleConnections()
	s.bases.client.CloseIdleConnections()
}

func (s *HTTPSource) offers(ctx context.Context) ([]release.Offer, error) {
	a, err := s.get(ctx, "/v1/offers", nil, maxOfferList)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("offers: HTTP status %d", a.status)
	}
	var list []release.Offer
	if err := json.Unmarshal(a.body, &list); err != nil {
		return nil, fmt.Errorf("offers: %w", err)
	}
	return list[:min(len(list), maxOffers)], nil
}

// reply is what a GET brought.
type reply struct {
	body   []byte
	status int
	etag   string
}

// get asks the URL in use and, when that one fails, puts the next one in its place for the next call.
func (s *HTTPSource) get(ctx context.Context, path string, query url.Values, limit int64) (reply, error) {
	s.mu.Lock()
	base := s.urls[0]
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, pollTimeout+stallAfter)
	defer cancel()
	a, err := s.getFrom(ctx, base, path, query, limit)
	if err != nil || a.status >= http.StatusInternalServerError {
		s.mu.Lock()
		if s.urls[0] == base {
			s.urls = append(s.urls[1:], base)
		}
		s.mu.Unlock()
	}
	return a, err
}

func (s *HTTPSource) getFrom(ctx context.Context, base, path string, query url.Values, limit int64) (reply, error) {
	at, err := endpoint(base, path, query)
	if err != nil {
		return reply{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return reply{}, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return reply{}, err
	}
	if int64(len(body)) > limit {
		return reply{}, fmt.Errorf("%s: more than %d octets", at, limit)
	}
	return reply{body, response.StatusCode, strings.Trim(response.Header.Get("ETag"), `"`)}, nil
}
