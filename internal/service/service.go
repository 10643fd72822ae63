// Package service is what every long-running process needs: a run group, logging, metrics, readiness, one HTTP
// listener and a graceful stop.
package service

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

// Host is what a stage gets from the process it runs in.
type Host struct {
	Instance string // this process's id, the same after a restart: "ams1-host7" or as configured
	Log      *slog.Logger
	Metrics  *prometheus.Registry
	Mux      *http.ServeMux // stages mount their endpoints here (Go 1.22 patterns) before Serve
	Ready    *Readiness
	URL      func() string // base URL of the HTTP listener once it listens ("http://127.0.0.1:5380"), else ""
	Token    string        // what writers must present as "Authorization: Bearer …"; "" on loopback listeners
}

// Guard wraps a handler that changes something: the token, if there is one, is required (constant-time comparison).
func (h *Host) Guard(next http.HandlerFunc) http.HandlerFunc { panic("stub") }

// Readiness collects named conditions; /readyz is 200 when all are nil.
type Readiness struct{}

// Set records a condition: nil is ready.
func (r *Readiness) Set(name string, err error) { panic("stub") }

// Err gives the first condition that is not met, or nil.
func (r *Readiness) Err() error { panic("stub") }

// Group runs functions until the first ends or ctx is cancelled, cancels the others and waits for them.
type Group struct{}

// NewGroup makes one.
func NewGroup(ctx context.Context) (*Group, context.Context) { panic("stub") }

// Go starts a member; a panic in it becomes an error with its stack in the log.
func (g *Group) Go(name string, run func(ctx context.Context) error) { panic("stub") }

// Wait gives the first error that is not the context's, with the member's name.
func (g *Group) Wait() error { panic("stub") }
