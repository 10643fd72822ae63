// Package store is the shared memory of all stages, modelled on ZooKeeper: a tree of small nodes with
// versions, atomic multi-operations with version checks, ephemeral nodes tied to a session, and watches that
// are hints. Implementations: zk (a real ensemble) and embedded (one bbolt file). storetest holds both to
// this page.
package store

import (
	"context"
	"errors"
)

// Errors that callers decide on; implementations wrap them.
var (
	ErrNotFound    = errors.New("node not found")
	ErrExists      = errors.New("node exists")
	ErrVersion     = errors.New("node version differs")
	ErrNotEmpty    = errors.New("node has children")
	ErrTooLarge    = errors.New("data too large")      // refused before it is sent
	ErrAmbiguous   = errors.New("outcome unknown")     // the connection broke: the write may or may not have happened
	ErrSession     = errors.New("session lost")        // the session ended: its ephemeral nodes are gone
	ErrUnavailable = errors.New("store not reachable") // nothing was written
	ErrDenied      = errors.New("access denied")       // another identity's nodes
	ErrClosed      = errors.New("store closed")
	ErrPath        = errors.New("malformed path")
	ErrEphemeral   = errors.New("ephemeral nodes have no children")
)

// Limits, in octets. ZooKeeper drops the connection above its jute.maxbuffer (1 MiB less some change).
const (
	MaxNode  = 512 << 10 // one node's data
	MaxMulti = 900 << 10 // paths and data of one Multi, by Op.Size

	// OpOverhead is counted for each Op, and ACLOverhead for each that makes a node: what ZooKeeper's encoding adds for
	// its header and the root's path, and for the access list. zk refuses a root, user names and readers that would
	// need more.
	OpOverhead  = 128
	ACLOverhead = 192
)

// AnyVersion in Set, Delete and Check skips the comparison.
const AnyVersion = -1

// Node is a node's data and version. Versions start at 0 and grow by one with each Set; a node that was
// deleted and made again starts at 0.
type Node struct {
	Data    []byte
	Version int64 // -1 in GetMany: there is no such node
}

// Kind says what an Op does.
type Kind uint8

// The kinds of operation.
const (
	KindCreate Kind = iota + 1
	KindCreateEphemeral
	KindSet
	KindDelete
	KindCheck
)

// Op is one step of a Multi. Make it with the functions below.
type Op struct {
	Kind    Kind
	Path    string // absolute, slash-separated, relative to the store's root: "/tables/zones/head"
	Data    []byte
	Version int64
}

// Create makes a persistent node; missing parents are made first, outside the transaction, and stay.
func Create(path string, data []byte) Op { return Op{Kind: KindCreate, Path: path, Data: data} }

// CreateEphemeral makes a node that disappears with the session of this Store.
func CreateEphemeral(path string, data []byte) Op {
	return Op{Kind: KindCreateEphemeral, Path: path, Data: data}
}

// Set replaces a node's data if it has this version (or AnyVersion).
func Set(path string, data []byte, version int64) Op {
	return Op{Kind: KindSet, Path: path, Data: data, Version: version}
}

// Delete removes a node without children if it has this version (or AnyVersion).
func Delete(path string, version int64) Op {
	return Op{Kind: KindDelete, Path: path, Version: version}
}

// Check fails the Multi unless the node exists with this version (or AnyVersion).
func Check(path string, version int64) Op { return Op{Kind: KindCheck, Path: path, Version: version} }

// Size is what the operation adds to a Multi, in octets, with what its encoding adds.
func (o Op) Size() int {
	size := len(o.Path) + len(o.Data) + OpOverhead
	if o.Kind == KindCreate || o.Kind == KindCreateEphemeral {
		size += ACLOverhead
	}
	return size
}

// Store is one session with the tree. Its methods are safe for concurrent use. A read on a Store sees at least
// everything that an earlier call on the same Store wrote or saw, whatever connection it goes through.
type Store interface {
	// Get reads one node, or fails with ErrNotFound.
	Get(ctx context.Context, path string) (Node, error)
	// GetMany reads many nodes at once, pipelined; the result has the order of paths, and Version -1 with nil
	// Data where there is no node. Each node is at least as fresh as the moment of the call's start; together
	// they are no atomic view.
	GetMany(ctx context.Context, paths []string) ([]Node, error)
	// Children lists the last path elements of a node's children, sorted; ErrNotFound without the node.
	Children(ctx context.Context, path string) ([]string, error)
	// Multi applies all operations, in order, or none. The first failed step gives ErrExists, ErrNotFound,
	// ErrVersion, ErrNotEmpty or ErrEphemeral as *OpError. What breaks a limit or is malformed gives ErrTooLarge
	// or ErrPath before anything happens. When the outcome is unknown it is ErrAmbiguous; a context that ends
	// before the request was sent gives its error, and nothing was written.
	Multi(ctx context.Context, ops ...Op) error
	// Watch gives a channel that holds a token whenever the node or its list of children may have changed since
	// the last receive (also after lost notifications, within 5 s, and after reconnects). It is a hint: read
	// again. The node need not exist. Call cancel when done.
	Watch(path string) (changed <-chan struct{}, cancel func())
	// Sync waits until later reads see every write that was acknowledged to anybody before the call.
	Sync(ctx context.Context) error
	// Session gives a channel that is closed when the current session ends: its ephemeral nodes are gone or
	// going. The next call gives the channel of the session after it.
	Session() (lost <-chan struct{})
	// Close ends the session; its ephemeral nodes disappear at once. Later calls give ErrClosed.
	Close() error
}

// OpError says which step of a Multi failed.
type OpError struct {
	Index int
	Op    Op
	Err   error
}

func (e *OpError) Error() string { return "store: " + e.Op.Path + ": " + e.Err.Error() }

// Unwrap gives the sentinel.
func (e *OpError) Unwrap() error { return e.Err }
