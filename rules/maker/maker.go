// Package maker is the contract of rule modules that are written in something other than YAML: an entity goes in, records
// come out. A Go type fulfils it in the program itself (Module); a child process does over its standard streams (package
// rules/process). Their module files say `go: name` or `process: name` in place of `records:` and carry the same tests; what they
// give passes the same checks. docs/rules.md is the manual.
package maker

import (
	"context"
	"errors"
)

// Module makes the records of entities. One value serves any number of goroutines at once.
type Module interface {
	// Version changes whenever the same entity gives other records: then all are evaluated again. 1 to 100 characters.
	Version() string
	// Records gives the records of one entity. What it gives depends on the entity alone: no clock, no network, no
	// state; and it returns soon, for events wait meanwhile. An error, or a panic, keeps what the entity gave before and lists it as held.
	Records(ctx context.Context, e Entity) ([]Record, error)
}

// Entity is a thing of the inventory as its kind types it.
type Entity struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	// Attrs are the kind's attributes: string, int, bool, []any of these, and []any of map[string]any. Defaults are filled in,
	// absent ones are not there, and attributes that the kind does not have are not seen. They are shared: not to be changed.
	Attrs map[string]any `json:"attrs"`
	// Vars are the config's, or those of a test. They are shared too.
	Vars map[string]string `json:"-"`
}

// Record is one record in text, as a YAML module would write it.
type Record struct {
	Name  string `json:"name"`          // owner name, absolute, with its final dot
	Type  string `json:"type"`          // "A"; what rules may make, see docs/rules.md
	TTL   uint32 `json:"ttl,omitempty"` // seconds; 0 means the module's
	Value string `json:"value"`         // rdata as in a zone file, one line; names in it are absolute
}

// Request asks for the records of an entity, for a module.
type Request struct {
	Module string
	Entity Entity
}

// Answer is what became of a Request.
type Answer struct {
	Records []Record
	Err     error // ErrUnanswered, ErrBlamed, or what the program said
}

// ErrUnanswered is a request that the program did not come to: it is down, or another request ended it. It is to be
// asked again.
var ErrUnanswered = errors.New("process-down")

// ErrBlamed is the request at which the program hung, died or answered nonsense.
var ErrBlamed = errors.New("process-failed")

// Program answers from outside: a child process.
type Program interface {
	// Ask gives an answer to each request, in their order. It waits as long as the program takes, within its time-outs.
	Ask(ctx context.Context, list []Request) []Answer
}
