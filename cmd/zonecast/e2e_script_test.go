package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script: what a user types, and what is to be seen. Each has two addresses of its own in $DNS
// and $HTTP; `exits CODE zonecast …` runs a command that must end with that code; `damage FILE` spoils the
// record that says 192.0.2.80 in a snapshot, and puts its checksums right.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", filepath.Dir(program)+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("DNS", freeAddr(t))
			e.Setenv("HTTP", freeAddr(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: exits CODE command [argument...]")
				}
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				err = ts.Exec(args[1], args[2:]...)
				got := 0
				if err != nil {
					exit, ok := err.(*exec.ExitError)
					if !ok {
						ts.Fatalf("%v", err)
					}
					got = exit.ExitCode()
				}
				if got != want {
					ts.Fatalf("exit code %d, not %d", got, want)
				}
			},
			"damage": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: damage FILE")
				}
				ts.Check(damageSnapshot(ts.MkAbs(args[0])))
			},
			// eventually WORD COMMAND... repeats a command until its output has the word.
			"eventually": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: eventually TEXT command [argument...]")
				}
				eventuallyPrints(ts, args[0], args[1], args[2:])
			},
		},
	})
}

// damageSnapshot makes the record with 192.0.2.80 one of another class (FORMAT.md of internal/snapshot).
func damageSnapshot(path string) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	at := bytes.Index(file, []byte{0, 4, 192, 0, 2, 80})
	if at < 0 {
		return fmt.Errorf("%s: no such record", path)
	}
	file[at-5] ^= 7
	little, table := binary.LittleEndian, crc32.MakeTable(crc32.Castagnoli)
	trailer := file[len(file)-256:]
	for section := trailer[48:144]; len(section) > 0; section = section[24:] {
		off, size := little.Uint64(section), little.Uint64(section[8:])
		little.PutUint64(section[16:], uint64(crc32.Checksum(file[off:off+size], table)))
	}
	little.PutUint32(trailer[244:], crc32.Checksum(trailer[:244], table))
	return os.WriteFile(path, file, 0o600)
}
