// Package api answers every read-only question about a pipeline over HTTP, straight from the store, so that any
// process can be asked, whichever stage it runs and whether or not it leads. What comes in: requests on loopback, or with the
// token. What goes out: JSON, one object or (for long lists) one a line. It never writes. While the store is away it answers 503.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"zonecast/internal/fleet"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// API answers from one store.
type API struct {
	st     store.Store
	stream string
	locate Locate
	fleet  *fleet.Reader
}

// Locate reads a loaded zone file, of a path that names its zone, and gives what finds the line and column, from 1, of a record in it.
type Locate func(path string, text []byte) func(owner zone.Name, t zone.Type) (line, column int)

// Mount puts the endpoints on the host's mux. Stream is the head that "now" means.
func Mount(h *service.Host, st store.Store, stream string, locate Locate) {
	a := &API{st: st, stream: stream, locate: locate, fleet: fleet.NewReader(st)}
	for path, answer := range map[string]func(*http.Request) (any, error){
		"GET /v1/explain":                 a.explain,
		"GET /v1/releases":                a.releases,
		"GET /v1/releases/{version}":      a.release,
		"GET /v1/status":                  a.status,
		"GET /v1/proxies":                 a.proxies,
		"GET /v1/loads":                   a.loads,
		"GET /v1/entities/{kind}/{id...}": a.entity,
	} {
		h.Mux.HandleFunc(path, h.Question(objects(answer)))
	}
	for path, answer := range map[string]func(*http.Request, func(any) error) error{
		"GET /v1/held":          a.held,
		"GET /v1/held/log":      a.decisions,
		"GET /v1/conflicts":     a.conflicts,
		"GET /v1/overrides":     a.overrides,
		"GET /v1/tables":        a.tables,
		"GET /v1/tables/{name}": a.rows,
	} {
		h.Mux.HandleFunc(path, h.Question(lines(answer)))
	}
	// What proxies need is open to whom the listener is open: it is signed, and it is what DNS tells everybody.
	h.Mux.HandleFunc("GET /v1/head", a.head)
	h.Mux.HandleFunc("GET /v1/log/{version}", a.logEntry)
	h.Mux.HandleFunc("GET /v1/offers", objects(a.offers))
	h.Mux.HandleFunc("GET /v1/openapi.yaml", describe)
}

// usageError is the client's fault.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

func statusOf(err error) int {
	var bad usageError
	switch {
	case errors.As(err, &bad):
		return http.StatusBadRequest
	case errors.Is(err, store.ErrNotFound), errors.Is(err, table.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, context.Canceled):
		return 499 // the client went away
	}
	return http.StatusServiceUnavailable
}

// askTime bounds how long an answer may wait for the store: a person at a terminal should hear soon that it is away.
const askTime = 15 * time.Second

var errLate = fmt.Errorf("the store gave no answer within %v", askTime)

func objects(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeoutCause(r.Context(), askTime, errLate)
		defer cancel()
		v, err := answer(r.WithContext(ctx))
		if err != nil {
			refuse(ctx, w, err)
			return
		}
		service.Reply(w, http.StatusOK, v)
	}
}

// lines answers with NDJSON. An error after the first line cuts the connection, so that a part is never taken
// for the whole.
func lines(answer func(r *http.Request, emit func(any) error) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		ctx, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		late := time.AfterFunc(askTime, func() { cancel(errLate) }) // what has begun may take its time
		defer late.Stop()
		begun := false
		begin := func() {
			if !begun {
				w.Header().Set("Content-Type", "application/x-ndjson")
				begun = true
				late.Stop()
			}
		}
		err := answer(r.WithContext(ctx), func(v any) error {
			begin()
			return enc.Encode(v)
		})
		switch {
		case err == nil:
			begin()
			w.WriteHeader(http.StatusOK)
		case begun:
			panic(http.ErrAbortHandler)
		default:
			refuse(ctx, w, err)
		}
	}
}

func refuse(ctx context.Context, w http.ResponseWriter, err error) {
	if context.Cause(ctx) == errLate {
		err = errLate
	}
	service.Fail(w, statusOf(err), err)
}

// read gives a whole table, empty when it does not exist.
func (a *API) read(ctx context.Context, name string) (*table.View, error) {
	v, err := table.Read(ctx, a.st, name)
	if errors.Is(err, table.ErrNotFound) {
		return nil, nil
	}
	return v, err
}

func number(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, usage("%q is no version: a whole number is needed", text)
	}
	return n, nil
}
