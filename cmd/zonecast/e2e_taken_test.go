package main

import (
	"net"
	"testing"
)

// TestTwoUpOnOneDataFolder: the second says so and exits 1; the first does not notice.
func TestTwoUpOnOneDataFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.start()
	second := w.launch("up", "--data", w.path("data"), "--rules", w.path("rules"), "--zones", w.path("zones"), "--dns", freeAddr(t), "--http", freeAddr(t))
	if code := second.wait(t); code != 1 {
		t.Errorf("exit code %d, not 1", code)
	}
	contains(t, second.log.String(), "data folder "+w.path("data")+" is in use by another zonecast", "--data")
	w.event(putWeb1)
	w.serves("web1.corp.example.", 1, "192.0.2.10")
	if code := first.stop(t); code != 0 {
		t.Errorf("the first ends with %d", code)
	}
}

// TestAddressInUse: whichever address is taken is named, with what to do, and the exit code is 1.
func TestAddressInUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, network string
		taken         func(*world) *string
		want          []string
	}{
		{"http", "tcp", func(w *world) *string { return &w.http }, []string{"http address ", " is in use", "--http"}},
		{"dns over UDP", "udp", func(w *world) *string { return &w.dns }, []string{"localproxy: dns address ", "(UDP) is in use", "--dns"}},
		{"dns over TCP", "tcp", func(w *world) *string { return &w.dns }, []string{"localproxy: dns address ", "(TCP) is in use", "--dns"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			addr := *c.taken(w)
			if c.network == "tcp" {
				l, err := net.Listen("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
			} else {
				l, err := net.ListenPacket("udp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
			}
			up := w.launch("up", "--data", w.path("data"), "--rules", w.path("rules"), "--zones", w.path("zones"), "--dns", w.dns, "--http", w.http)
			if code := up.wait(t); code != 1 {
				t.Errorf("exit code %d, not 1", code)
			}
			contains(t, up.log.String(), append(c.want, addr)...)
		})
	}
}

// TestNothingToServe: without a config file and without folders, up says what to do.
func TestNothingToServe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.run("", "up")
	if s.code != 1 {
		t.Errorf("exit code %d, not 1", s.code)
	}
	contains(t, s.err, "nothing to serve", "zonecast init")
	s = w.run("", "up", "--zones", "nowhere")
	if s.code != 1 {
		t.Errorf("exit code %d, not 1", s.code)
	}
	contains(t, s.err, "nowhere is no folder")
}
