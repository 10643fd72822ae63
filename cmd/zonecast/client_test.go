package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// TestFollowsToALeaderThatBegins: who has just taken the leadership reads its tables first, and answers as a standby
// that knows of nobody else meanwhile.
func TestFollowsToALeaderThatBegins(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	leader := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"error":"does not lead here","leader":""}`)
		}
	}))
	defer leader.Close()
	standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"error":"does not lead here","leader":%q}`, leader.URL)
	}))
	defer standby.Close()
	c := &client{base: standby.URL, http: standby.Client()}
	body, err := c.do(t.Context(), http.MethodPost, "/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	body.Close()
}
