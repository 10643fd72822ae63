package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"zonecast/internal/durable"
	"zonecast/internal/release"
	"zonecast/internal/snapshot"
)

// past rebuilds kept versions from the publisher's bases and the log, in a temporary folder.
type past struct {
	c     *client
	dir   string
	head  uint64
	bases []release.Offer
	open  map[uint64]*snapshot.Snapshot
}

func openPast(ctx context.Context, c *client) (*past, error) {
	var status struct {
		Head map[string]string `json:"head"`
	}
	if err := c.get(ctx, "/v1/status", nil, &status); err != nil {
		return nil, err
	}
	head, err := strconv.ParseUint(status.Head["version"], 10, 64)
	if err != nil {
		return nil, errors.New("nothing has been released yet")
	}
	p := &past{c: c, head: head, open: map[uint64]*snapshot.Snapshot{}}
	if err := c.get(ctx, "/v1/offers", nil, &p.bases); err != nil {
		return nil, err
	}
	p.dir, err = os.MkdirTemp("", "zonecast-releases-")
	return p, err
}

func (p *past) close() {
	for _, s := range p.open {
		s.Close()
	}
	os.RemoveAll(p.dir)
}

// at gives the content at a version ("" is the newest): the nearest base at or before it, and the deltas after.
func (p *past) at(ctx context.Context, text string) (*snapshot.View, uint64, error) {
	version := p.head
	if text != "" {
		var err error
		if version, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, 0, fmt.Errorf("%q is no version: a whole number is needed", text)
		}
	}
	var steps []release.Entry // newest first, back to a base that somebody has
	for at := version; ; {
		base, err := p.base(ctx, at)
		if err != nil {
			return nil, 0, err
		}
		if base != nil {
			view := snapshot.NewView(base)
			for i := len(steps) - 1; i >= 0; i-- {
				d, err := snapshot.DecodeDelta(steps[i].Delta)
				if err != nil {
					return nil, 0, err
				}
				view = view.Apply(d)
			}
			return view, version, nil
		}
		e, err := p.entry(ctx, at)
		if err != nil {
			return nil, 0, missingRelease(err, strconv.FormatUint(at, 10))
		}
		if e.Rebase != nil || e.Prev == 0 {
			return nil, 0, fmt.Errorf("version %d needs the base of version %d, which no publisher offers any more", version, at)
		}
		steps = append(steps, e)
		at = e.Prev
	}
}

func (p *past) entry(ctx context.Context, version uint64) (release.Entry, error) {
	body, err := p.c.do(ctx, "GET", fmt.Sprintf("/v1/log/%d", version), nil)
	if err != nil {
		return release.Entry{}, err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, 1<<20))
	if err != nil {
		return release.Entry{}, err
	}
	return release.DecodeEntry(raw)
}

// base fetches the base of a version if somebody offers it.
func (p *past) base(ctx context.Context, version uint64) (*snapshot.Snapshot, error) {
	if s := p.open[version]; s != nil {
		return s, nil
	}
	for _, offer := range p.bases {
		for _, v := range offer.Versions {
			if v != version {
				continue
			}
			s, err := p.fetch(ctx, offer.URL, version)
			if err != nil {
				return nil, err
			}
			p.open[version] = s
			return s, nil
		}
	}
	return nil, nil
}

func (p *past) fetch(ctx context.Context, from string, version uint64) (*snapshot.Snapshot, error) {
	body, err := p.c.send(ctx, from, "GET", fmt.Sprintf("/v1/bases/%d", version), nil)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	path := filepath.Join(p.dir, strconv.FormatUint(version, 10)+".snap")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(f, body)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return snapshot.Open(path)
}

// exportZones writes each zone to dir/<zone>zone, or all to w when dir is "".
func exportZones(w io.Writer, view *snapshot.View, serial uint32, dir string) error {
	if dir == "" {
		for _, z := range view.Zones() {
			if err := snapshot.WriteZone(w, z, view.Walk(z.Apex), serial); err != nil {
				return err
			}
		}
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, z := range view.Zones() {
		// A slash in a label (RFC 2317) must not lead out of the folder.
		path := filepath.Join(dir, strings.ReplaceAll(z.Apex.String(), "/", "_")+"zone")
		err := durable.Write(path, 0o644, func(f io.Writer) error {
			return snapshot.WriteZone(f, z, view.Walk(z.Apex), serial)
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(w, path)
	}
	return nil
}
