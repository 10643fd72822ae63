//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// prepare makes the folder that each trial begins with: `zonecast up` with a few hundred servers, stopped.
func prepare(ctx context.Context, r *referee, o options, dir string) (string, error) {
	template := filepath.Join(dir, "template")
	if err := os.Mkdir(template, 0o755); err != nil {
		return "", err
	}
	if err := errors.Join(writeSite(template, o.bin), writeConfig(template, "afresh.yaml", "{kind: embedded}", "")); err != nil {
		return "", err
	}
	// The publisher makes a key of its own, and a base after so many releases.
	config := filepath.Join(template, "afresh.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	changed := strings.Replace(strings.Replace(string(text), "  key_file: key\n", "", 1), "deltas: 150", fmt.Sprintf("deltas: %d", behindEvents), 1)
	if err := os.WriteFile(config, []byte(changed), 0o600); err != nil {
		return "", err
	}
	s, err := newSingle(o.bin, template)
	if err != nil {
		return "", err
	}
	if err := s.start(nil); err != nil {
		return "", err
	}
	defer s.stop()
	s.fleet = newFleet(1) // unknown as yet
	var lines []string
	for _, one := range newFleet(300)[1:] {
		lines = append(lines, one.event(1, revision{roles: []int{one.id % poolCount}}))
	}
	err = poll(ctx, time.Minute, "the inventory is taken", func() bool {
		code, _, err := call(ctx, "POST", "http://"+s.http+"/v1/events?feed=campaign", strings.Join(lines, "\n"))
		return err == nil && code == http.StatusOK
	})
	if err != nil {
		return "", err
	}
	s.change(ctx)
	if err := s.await(ctx, time.Minute); err != nil {
		return "", err
	}
	r.say("a site with %d servers is prepared", len(lines))
	return template, nil
}
