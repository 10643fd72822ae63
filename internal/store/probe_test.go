package store

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// moody is a store that answers, refuses or keeps silent.
type moody struct {
	Store
	mood atomic.Value // "well", "ill", "silent"
}

func (m *moody) Sync(ctx context.Context) error {
	switch m.mood.Load() {
	case "ill":
		return errors.New("no quorum")
	case "silent":
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func TestProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reg, st := prometheus.NewRegistry(), &moody{}
		st.mood.Store("well")
		p := NewProbe(st, reg)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		for _, c := range []struct {
			mood string
			want float64
		}{{"well", 1}, {"ill", 0}, {"well", 1}, {"silent", 0}} {
			st.mood.Store(c.mood)
			time.Sleep(probeEvery + probeTime)
			synctest.Wait()
			families, err := reg.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				if f.GetName() == "zonecast_store_reachable" && f.Metric[0].GetGauge().GetValue() != c.want {
					t.Errorf("%s: %v", c.mood, f)
				}
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}
