package follow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/release"
	"zonecast/localproxy/releasetest"
)

// answers is a mirror that gives one answer after the other; the last one stays.
type answers struct {
	list  []string // a Retry-After, or "" for the base
	asked []time.Time
}

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	retry := a.list[min(len(a.asked), len(a.list)-1)]
	a.asked = append(a.asked, time.Now())
	response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(make([]byte, 100)))}
	if retry != "" {
		response.StatusCode, response.Body = http.StatusServiceUnavailable, http.NoBody
		response.Header.Set("Retry-After", retry)
	}
	return response, nil
}

// A mirror with its hands full is waited for, as long as it asks for and up to three times that: hosts that were sent
// away together do not come back together.
func TestBusyMirrorsAreWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		offer := func(context.Context) ([]release.Offer, error) {
			return []release.Offer{{URL: "http://192.0.2.1:5380", Versions: []uint64{7}}}, nil
		}
		pauses := map[time.Duration]bool{}
		for range 20 {
			mirror := &answers{list: []string{"5", "5", "x", "9999", ""}}
			m := NewMirrors(offer)
			m.client.Transport = mirror
			var out bytes.Buffer
			if err := m.Fetch(t.Context(), release.Base{Version: 7, Size: 100}, 0, &out); err != nil || out.Len() != 100 {
				t.Fatalf("%d octets, %v", out.Len(), err)
			}
			for i, least := range []time.Duration{5 * time.Second, 5 * time.Second, leastAfter, mostAfter} {
				pause := mirror.asked[i+1].Sub(mirror.asked[i])
				if pauses[pause] = true; pause < least || pause > 3*least {
					t.Errorf("pause %d of %v", i, pause)
				}
			}
		}
		if len(pauses) < 40 {
			t.Errorf("only %d different pauses", len(pauses))
		}
		// Not for ever: a newer head may have come.
		mirror := &answers{list: []string{"1"}}
		m, began := NewMirrors(offer), time.Now()
		m.client.Transport = mirror
		err := m.Fetch(t.Context(), release.Base{Version: 7, Size: 100}, 0, io.Discard)
		if took := time.Since(began); !errors.As(err, new(*busyError)) || took < queueFor || took > queueFor+4*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// A new epoch with the content that is served already costs no download; one with other content does.
func TestANewEpochIsMadeFromWhatIsServed(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	x := begin(t, p, dir)
	x.reach(t, p.Head)
	p.Begin(2, releasetest.Start+10)
	x.reach(t, p.Head)
	x.want(t, "192.0.2.1")
	if n := p.Count("base"); n != 1 {
		t.Errorf("%d bases fetched, of the same content", n)
	}
	p.Move("192.0.2.2")
	x.reach(t, p.Head)
	p.Begin(3, releasetest.Start+20)
	x.reach(t, p.Head)
	x.want(t, "192.0.2.1")
	if n := p.Count("base"); n != 2 {
		t.Errorf("%d bases fetched, want the second for other content", n)
	}
	x.stop()
	x = begin(t, p, dir) // and it was kept
	x.want(t, "192.0.2.1")
}
