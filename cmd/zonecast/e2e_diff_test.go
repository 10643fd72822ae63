package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/miekg/dns"
)

// TestReleasesDiff shows and compares two versions by number, and exports an old one.
func TestReleasesDiff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	before := w.version()
	w.event(moveWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.20")
	after := w.version()
	if after <= before {
		t.Fatalf("version %d after %d", after, before)
	}
	contains(t, w.must("releases", "show", fmt.Sprint(after)), fmt.Sprint(after), "web1.corp.example.", "192.0.2.20", "epoch 1")
	diff := w.ask("releases", "diff", fmt.Sprint(before), fmt.Sprint(after))
	contains(t, diff.out, "192.0.2.10", "192.0.2.20", "20.2.0.192.in-addr.arpa.")
	same := w.ask("releases", "diff", fmt.Sprint(after), fmt.Sprint(after))
	if same.code != 0 {
		t.Errorf("no difference: exit %d %s", same.code, same.err)
	}
	contains(t, w.must("releases", "export", fmt.Sprint(before)), "web1.corp.example.\t300\tIN\tA\t192.0.2.10")
	if s := w.ask("releases", "diff", "1", fmt.Sprint(after)); s.code == 0 {
		t.Error("a version that is not kept is compared")
	} else {
		contains(t, s.err, "version 1 is not in the log")
	}
}

// version is the newest release's.
func (w *world) version() uint64 {
	w.t.Helper()
	var lines []struct {
		Version uint64 `json:"version"`
	}
	if err := json.Unmarshal([]byte(w.must("releases", "list", "--limit", "1", "--json")), &lines); err != nil || len(lines) == 0 {
		w.t.Fatal("no release", err)
	}
	return lines[0].Version
}
