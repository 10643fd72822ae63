// Package service is what every long-running process needs: a run group, logging, metrics, readiness, one HTTP
// listener and a graceful stop.
package service

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Host is what a stage gets from the process it runs in. Make it with NewHost.
type Host struct {
	Instance string // this process's id, the same after a restart
	Log      *slog.Logger
	Metrics  *prometheus.Registry
	Mux      *http.ServeMux // stages mount their endpoints here before Serve
	Ready    *Readiness
	Token    string // what writers must present as "Authorization: Bearer …"; "" where the listener is loopback only
	// ReadToken is what those may present who only ask, besides Token; "" is none. It is looked at where there is a Token.
	ReadToken string

	url atomic.Value // string
}

// NewHost makes a host with process and Go metrics, /healthz (the process lives), /readyz (every condition of
// Ready is met), /metrics and, guarded, /debug/pprof/.
func NewHost(instance, token string, log *slog.Logger) *Host {
	h := &Host{Instance: instance, Token: token, Log: log, Metrics: prometheus.NewRegistry(), Mux: http.NewServeMux(), Ready: &Readiness{}}
	h.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	h.Mux.Handle("GET /metrics", promhttp.HandlerFor(h.Metrics, promhttp.HandlerOpts{}))
	h.Mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	h.Mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := h.Ready.Err(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
	h.Mux.HandleFunc("GET /debug/pprof/", h.Guard(pprof.Index))
	h.Mux.HandleFunc("GET /debug/pprof/profile", h.Guard(pprof.Profile))
	h.Mux.HandleFunc("GET /debug/pprof/trace", h.Guard(pprof.Trace))
	return h
}

// URL is the base URL of the HTTP listener once it listens ("http://127.0.0.1:5380"), else "".
func (h *Host) URL() string {
	s, _ := h.url.Load().(string)
	return s
}

// Fail answers with a JSON object {"error": …}.
func Fail(w http.ResponseWriter, status int, err error) {
	Reply(w, status, map[string]string{"error": err.Error()})
}

// Reply answers with JSON.
func Reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client has gone: nobody to tell
}

// Listen opens the HTTP listener and fixes URL. Beyond loopback a token is required, so that nobody opens the
// controls to a network by accident.
func (h *Host) Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	tcp := l.Addr().(*net.TCPAddr)
	if !tcp.IP.IsLoopback() && h.Token == "" {
		l.Close()
		return nil, errors.New("http address " + addr + " is not loopback: set http.token_file")
	}
	h.url.Store("http://" + l.Addr().String())
	return l, nil
}

// Serve answers HTTP until ctx ends, then lets requests under way finish for up to 5 s.
func (h *Host) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           h.Mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(h.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		server.Close()
	}
	<-done
	return nil
}

// SetURL overrides what other processes are told to reach this one by, where the listener's own address will not
// do (a wildcard address).
func (h *Host) SetURL(url string) { h.url.Store(url) }
