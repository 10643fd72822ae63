package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
)

// proxyFiles lists what the proxy of a world keeps.
func (w *world) proxyFiles() (list []string) {
	w.t.Helper()
	err := filepath.WalkDir(w.path("data/localproxy"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// TestCorruptProxyFiles damages each file that the proxy keeps, in several ways, while nothing runs: the next start
// does not serve a damaged file but what it can verify, and answers.
func TestCorruptProxyFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(old []byte) []byte
	}{
		{"cut", func(old []byte) []byte { return old[:len(old)/2] }},
		{"emptied", func([]byte) []byte { return nil }},
		{"a bit turned", func(old []byte) []byte {
			if len(old) > 0 {
				old[len(old)/2] ^= 0x10
			}
			return old
		}},
		{"rubbish at the end", func(old []byte) []byte { return append(old, "rubbish"...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			w.event(putWeb1)
			w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
			w.event(putWeb2)
			w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
			w.up.kill()
			files := w.proxyFiles()
			if len(files) == 0 {
				t.Fatal("the proxy keeps nothing")
			}
			for _, path := range files {
				old, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, c.damage(old), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			w.start()
			w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
			w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
			w.event(moveWeb1)
			w.serves("web1.corp.example.", dns.TypeA, "192.0.2.20")
		})
	}
}

// TestProxyFolderGone takes away all that the proxy keeps: it fetches anew.
func TestProxyFolderGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.up.kill()
	if err := os.RemoveAll(w.path("data/localproxy")); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
}
