package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/alarm"
	"zonecast/internal/decision"
	"zonecast/internal/fleet"
	"zonecast/internal/leader"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/table"
)

// Name of the leadership, and of the table of what receivers were told (key: receiver, space, alarm).
const (
	Name  = "notify"
	told  = "notified"
	begun = "@begun" // the row that says since when decisions are told of
)

type metrics struct {
	sent, failures *prometheus.CounterVec
}

// Notifier sends while it leads.
type Notifier struct {
	cfg     Config
	st      store.Store
	host    *service.Host
	stream  string
	senders map[string]*sender
	fleet   *fleet.Reader
	m       *metrics
	terms   *leader.Terms
	log     *slog.Logger
}

// New checks the configuration and registers the metrics.
func New(cfg Config, st store.Store, h *service.Host, stream string) (*Notifier, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	n := &Notifier{cfg: cfg, st: st, host: h, stream: stream, senders: map[string]*sender{}, fleet: fleet.NewReader(st), log: h.Log.With("stage", Name)}
	n.m = &metrics{
		sent:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "zonecast_notify_sent_total", Help: "Notices that a receiver took."}, []string{"receiver"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "zonecast_notify_failures_total", Help: "Tries to tell a receiver that failed and are repeated."}, []string{"receiver"}),
	}
	for name, r := range cfg.Receivers {
		s, err := newSender(r)
		if err != nil {
			return nil, fmt.Errorf("notify: receiver %s: %w", name, err)
		}
		n.senders[name] = s
		n.m.sent.WithLabelValues(name)
		n.m.failures.WithLabelValues(name)
	}
	h.Metrics.MustRegister(n.m.sent, n.m.failures)
	n.terms = leader.NewTerms(h.Metrics, Name)
	return n, nil
}

// Run works until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	me := leader.Info{Instance: n.host.Instance, URL: n.host.URL()}
	return leader.Run(ctx, n.st, Name, me, n.log, n.terms.Count(n.lead))
}

// lead is one term: the couriers work beside the loop, which alone writes the table.
func (n *Notifier) lead(ctx context.Context) error {
	w, err := table.OpenWriter(ctx, n.st, told, table.Options{Instance: n.host.Instance, Shards: 16})
	if err != nil {
		return err
	}
	man := &watchman{seen: map[string]time.Time{}, since: time.Now().Unix()}
	couriers, done := map[string]*courier{}, make(chan delivery)
	for name, s := range n.senders {
		couriers[name] = &courier{name: name, to: s, m: n.m, log: n.log, wanted: make(chan map[string]Notice, 1), told: map[string]Notice{}, done: done,
			env: envelope{sender: n.host.Instance, stream: n.stream, url: n.host.URL(), repeat: n.cfg.Repeat}}
	}
	if err := recall(ctx, w, couriers, man); err != nil {
		return err
	}
	group, _ := service.NewGroup(ctx)
	for _, c := range couriers {
		group.Go("receiver "+c.name, c.run)
	}
	group.Go("loop", func(ctx context.Context) error {
		return n.loop(ctx, w, man, slices.Collect(maps.Values(couriers)), done)
	})
	return group.Wait()
}

// recall gives the couriers what their receivers were told, drops what others were told that are configured no more, and
// notes when the first term began.
func recall(ctx context.Context, w *table.Writer, couriers map[string]*courier, man *watchman) error {
	tx := w.Begin()
	for key, value := range w.All() {
		if key == begun {
			_ = json.Unmarshal(value, &man.since) // else from now on
			continue
		}
		name, alarm, _ := strings.Cut(key, " ")
		var notice Notice
		if c := couriers[name]; c != nil && json.Unmarshal(value, &notice) == nil {
			c.told[alarm] = notice
			continue
		}
		tx.Delete(key)
	}
	value, err := json.Marshal(man.since)
	if err != nil {
		return err
	}
	tx.Put(begun, value)
	return table.Commit(ctx, tx)
}

func (n *Notifier) loop(ctx context.Context, w *table.Writer, man *watchman, couriers []*courier, done <-chan delivery) error {
	known := map[string]bool{} // alarms that somebody was told of: they need no patience after a takeover
	for _, key := range keys(w) {
		_, alarm, _ := strings.Cut(key, " ")
		known[alarm] = true
	}
	tick := time.NewTicker(n.cfg.Every)
	defer tick.Stop()
	said := false
	for {
		wanted, err := n.look(ctx, man, func(key string) bool { return known[key] })
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !said:
			n.log.Warn("what is wrong cannot be read; nobody is told meanwhile", "err", err)
			said = true
		case err == nil:
			said = false
			for _, c := range couriers {
				c.put(wanted)
			}
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case d := <-done:
				if err := keep(ctx, w, d); err != nil {
					return err
				}
				for key := range d.put {
					known[key] = true
				}
				for _, key := range d.drop {
					delete(known, key)
				}
			case <-tick.C:
				waiting = false
			}
		}
	}
}

func keys(w *table.Writer) (list []string) {
	for key := range w.All() {
		list = append(list, key)
	}
	return list
}

// look gathers what receivers should know.
func (n *Notifier) look(ctx context.Context, man *watchman, known func(string) bool) (map[string]Notice, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	facts, err := alarm.Read(ctx, n.st, n.stream)
	if err != nil {
		return nil, err
	}
	look, err := n.fleet.Look(ctx)
	if err != nil {
		return nil, err
	}
	if facts.Proxies, err = look.Summary(ctx, fleet.LagAfter); err != nil {
		return nil, err
	}
	decisions, err := decision.List(ctx, n.st, decision.Keep)
	if err != nil {
		return nil, err
	}
	return man.wanted(alarm.Judge(facts), decisions, known, facts.Now), nil
}

// keep writes down what a receiver was told: after it was, so that a crash in between repeats it and loses nothing.
func keep(ctx context.Context, w *table.Writer, d delivery) error {
	tx := w.Begin()
	for key, notice := range d.put {
		value, err := json.Marshal(notice)
		if err != nil {
			return err
		}
		tx.Put(d.receiver+" "+key, value)
	}
	for _, key := range d.drop {
		tx.Delete(d.receiver + " " + key)
	}
	return table.Commit(ctx, tx)
}
