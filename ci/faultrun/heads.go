//go:build linux && amd64

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// status is what a process of the pipeline says of the whole.
type status struct {
	Head    map[string]string
	Leaders map[string]struct{ Instance string }
	Held    int
}

// call asks a process of the pipeline.
func call(ctx context.Context, method, url, body string) (code int, text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+siteToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	return res.StatusCode, string(answer), err
}

// status asks one process after the other until one answers.
func (w *world) status(ctx context.Context) (s status, err error) {
	err = errors.New("no process of the pipeline answers")
	for _, p := range w.stages {
		if !p.answers() {
			continue
		}
		var code int
		var text string
		if code, text, err = call(ctx, "GET", p.url+"/v1/status", ""); err != nil {
			continue
		}
		if code != http.StatusOK {
			err = fmt.Errorf("%s: status %d: %.200s", p.name, code, text)
			continue
		}
		return s, json.Unmarshal([]byte(text), &s)
	}
	return s, err
}

// leaderOf gives the process that leads a stage, nil when none does.
func (w *world) leaderOf(ctx context.Context, kind string) *stage {
	s, err := w.status(ctx)
	if err != nil {
		return nil
	}
	for name, l := range s.Leaders {
		if name != kind && !strings.HasPrefix(name, kind+".") {
			continue
		}
		for _, p := range w.of(kind) {
			if p.name == l.Instance {
				return p
			}
		}
	}
	return nil
}

// watchHeads asks every process for the head, again and again: within a life of a process it only goes forward.
func (w *world) watchHeads(ctx context.Context) {
	type last struct {
		life int
		at   stamp
	}
	seen := map[*stage]last{}
	for ctx.Err() == nil {
		for _, p := range w.stages {
			if !p.answers() {
				continue
			}
			life := p.begun()
			code, text, err := call(ctx, "GET", p.url+"/v1/head", "")
			if err != nil || code != http.StatusOK || p.begun() != life {
				continue
			}
			now := headStamp(text)
			if have := seen[p]; have.life == life && now.before(have.at) {
				w.violate("a head went back", "%s: %+v after %+v", p.name, now, have.at)
			}
			seen[p] = last{life, now}
		}
		pause(ctx, 300*time.Millisecond)
	}
}

// headStamp reads a signed head's text.
func headStamp(text string) (s stamp) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			continue
		}
		switch key {
		case "epoch":
			s.epoch = n
		case "version":
			s.version = n
		case "signed":
			s.signed = n
		}
	}
	return s
}
