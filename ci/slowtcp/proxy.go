package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

// zoneHosts makes the zone: the answers matter, not their number.
const zoneHosts = 1000

// proxy is the program, serving that zone.
type proxy struct {
	addr string
	cmd  *exec.Cmd
	dir  string
}

func (p *proxy) stop() {
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(os.Interrupt)
		_ = p.cmd.Wait()
	}
	os.RemoveAll(p.dir)
}

// serve starts one; stop it also after an error.
func serve(ctx context.Context, bin string) (p *proxy, err error) {
	p = &proxy{}
	if bin, err = exec.LookPath(bin); err != nil {
		return p, err
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return p, err
	}
	if p.dir, err = os.MkdirTemp("", "slowtcp"); err != nil {
		return p, err
	}
	zone, err := os.Create(filepath.Join(p.dir, "zone"))
	if err != nil {
		return p, err
	}
	if err := errors.Join(benchzone.WriteZone(zone, zoneHosts), zone.Close()); err != nil {
		return p, err
	}
	snap := filepath.Join(p.dir, "zone.snap")
	if out, err := exec.CommandContext(ctx, bin, "snapshot", "build", "-o", snap, zone.Name()).CombinedOutput(); err != nil {
		return p, fmt.Errorf("snapshot build: %w: %s", err, out)
	}
	if p.addr, err = measure.FreeAddr(); err != nil {
		return p, err
	}
	cmd := exec.CommandContext(ctx, bin, "localproxy", "--snapshot", snap, "--dns", p.addr)
	cmd.Dir = p.dir
	if err := cmd.Start(); err != nil {
		return p, err
	}
	p.cmd = cmd
	return p, nil
}
