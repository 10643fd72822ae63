package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"zonecast/internal/export/keep"
	"zonecast/internal/service"
	"zonecast/localproxy/live"
)

// TestExportMetrics: an export that follows says what it holds, and when it fails; the page has each metric.
func TestExportMetrics(t *testing.T) {
	t.Parallel()
	m := newExportMetrics(new(live.Slot))
	host := service.NewHost("x", "", slog.New(slog.DiscardHandler))
	host.Ready = &m.ready
	host.Metrics.MustRegister(m.list...)
	l, err := host.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = host.Serve(t.Context(), l) }()
	get := func(path string) (string, int) {
		t.Helper()
		res, err := http.Get(host.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text), res.StatusCode
	}
	says := func(ready int, lines ...string) {
		t.Helper()
		text, _ := get("/metrics")
		for _, line := range lines {
			contains(t, text, "\nzonecast_export_"+line+"\n")
		}
		if _, code := get("/readyz"); code != ready {
			t.Errorf("/readyz is %d, want %d", code, ready)
		}
	}
	says(503, "version 0", "failing 0", "failures_total 0", "success_timestamp_seconds NaN", "changed_timestamp_seconds NaN", "as_of_timestamp_seconds NaN")
	m.tried(keep.Outcome{})
	says(503, "success_timestamp_seconds NaN")
	m.tried(keep.Outcome{Version: 7, Changed: true, Err: errors.New("no")})
	says(503, "version 7", "failing 1", "failures_total 1", "success_timestamp_seconds NaN")
	m.tried(keep.Outcome{Version: 7})
	says(200, "version 7", "failing 0", "failures_total 1")
	text, _ := get("/metrics")
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "zonecast_export_") {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			contains(t, string(page), "`"+name+"`")
			if value == "NaN" && name != "zonecast_export_as_of_timestamp_seconds" {
				t.Errorf("%s is not known", name)
			}
		}
	}
}
