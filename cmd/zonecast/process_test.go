package main

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"zonecast/internal/store"
)

// TestStoreLogsAsTheProcessDoes has the store's lines in the log of the config, in its format: half a log in another
// one is lost to whoever collects it.
func TestStoreLogsAsTheProcessDoes(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.Log.Format = "json"
	var log bytes.Buffer
	closed := errors.New("no store today")
	_, err := newProcess(t.Context(), cfg, &log, func(_ context.Context, c Config) (store.Store, error) {
		c.Store.ZK.Log.Warn("session lost")
		return nil, closed
	})
	if !errors.Is(err, closed) {
		t.Fatal(err)
	}
	contains(t, log.String(), `"msg":"session lost"`)
}
