package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, text[:1])
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write, read := file("w-0123456789abcdef"), file("r-0123456789abcdef")
	for _, c := range []struct{ write, read, fault string }{
		{write, read, ""},
		{write, "", ""},
		{"", "", ""},
		{"", read, "without http.token_file"},
		{write, write, "could write"},
		{write, filepath.Join(dir, "none"), "no such file"},
		{write, file("short"), "16 characters"},
	} {
		cfg := Config{HTTP: HTTPConfig{TokenFile: c.write, ReadTokenFile: c.read}}
		w, r, err := cfg.tokens()
		switch {
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%q, %q: %v, want %q", c.write, c.read, err, c.fault)
		case c.fault == "" && (err != nil || (w == "") != (c.write == "") || (r == "") != (c.read == "")):
			t.Errorf("%q, %q: %q, %q, %v", c.write, c.read, w, r, err)
		}
	}
}
