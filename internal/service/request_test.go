package service

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/", strings.NewReader("12345"))
	var large *http.MaxBytesError
	if got, err := io.ReadAll(Body(httptest.NewRecorder(), r, 4)); !errors.As(err, &large) {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestReadWhy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body string
		want Why
		ok   bool
	}{
		{"", Why{}, false},
		{`{"by":"ana"}`, Why{}, false},
		{`{"reason":" \n","by":"ana"}`, Why{}, false},
		{`{"reason":"CHG-77","by":"ana"}`, Why{"CHG-77", "ana", "192.0.2.1"}, true},
		{`{"reason":"two\nlines\u0000"}`, Why{"two lines ", "", "192.0.2.1"}, true},
		{`{"reason":"` + strings.Repeat("é", 400) + `"}`, Why{strings.Repeat("é", 250), "", "192.0.2.1"}, true},
		{`{"why":"x"}`, Why{}, false},
		{`rubbish`, Why{}, false},
	} {
		got, err := ReadWhy(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader(c.body)))
		if (err == nil) != c.ok || (c.ok && got != c.want) {
			t.Errorf("%.40s: %q, %v", c.body, got, err)
		}
	}
}
