package snapshot

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"zonecast/internal/zone"
)

// A walk that ends without an error gave all there is, and so did a dump, whatever octet of the nodes is changed.
func TestDamagedWalksEndWithAnError(t *testing.T) {
	t.Parallel()
	good := sample(t)
	s, err := parse(good)
	if err != nil {
		t.Fatal(err)
	}
	whole := len(collect(t, s.Walk("")))
	damaged, early := 0, 0
	for i := headerSize; i < headerSize+len(s.nodes); i++ {
		flip := []byte{0x01, 0x40, 0xff}[i%3]
		file := bytes.Clone(good)
		file[i] ^= flip
		reseal(file)
		s, err := parse(file)
		if err != nil {
			continue
		}
		all, allErr := count(s, "")
		zones, zonesErr := 0, error(nil)
		for _, z := range s.Zones() {
			n, err := count(s, z.Apex)
			zones += n
			zonesErr = errors.Join(zonesErr, err)
		}
		if allErr == nil && all != whole {
			t.Fatalf("octet %d ^ %#x: %d nodes, not %d", i, flip, all, whole)
		}
		if _, err := WriteDiff(io.Discard, s, s); (err == nil) != (allErr == nil) {
			t.Fatalf("octet %d ^ %#x: diff %v, walk %v", i, flip, err, allErr)
		}
		if err := Dump(io.Discard, s); (err == nil) != (zonesErr == nil && zones == whole) {
			t.Fatalf("octet %d ^ %#x: dump %v, walks %v with %d nodes of %d", i, flip, err, zonesErr, zones, whole)
		}
		if zonesErr != nil && strings.Contains(zonesErr.Error(), " ends at ") {
			early++
		}
		if allErr != nil {
			damaged++
		}
	}
	if damaged == 0 || early == 0 {
		t.Errorf("%d files were damaged, %d of them so that a zone seemed to end early", damaged, early)
	}
}

func count(s *Snapshot, apex zone.Name) (n int, err error) {
	for _, err := range s.Walk(apex) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// What cannot be read is named, and what stands before it is given.
func TestDamageIsNamed(t *testing.T) {
	t.Parallel()
	file := sample(t)
	// The type of the second of web005's addresses.
	at := bytes.Index(file, []byte("\x06web005"))
	at += bytes.Index(file[at:], []byte("\xc0\x00\x02\x02")) - recordHeader + 1
	file[at] = 28
	reseal(file)
	s, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, diff := WriteDiff(&out, Empty(), s)
	dump := Dump(&out, s)
	for what, err := range map[string]error{"diff": diff, "dump": dump} {
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "web005.ams1.example.: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := strings.Count(out.String(), "web004.ams1.example."); n != 4 {
		t.Errorf("%d lines of the node before:\n%s", n, &out)
	}
	if _, err := Diff(s, Empty()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("delta: %v", err)
	}
	if err := WriteZone(io.Discard, s.Zones()[0], s.Walk(name("example.")), 1); !errors.Is(err, ErrCorrupt) {
		t.Errorf("zone file: %v", err)
	}
}

// A file that is cut short while it is printed is an error, too.
func TestPrintingAFileThatIsCut(t *testing.T) {
	t.Parallel()
	s, path := mapped(t)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]func() error{
		"dump": func() error { return Dump(io.Discard, s) },
		"old":  func() error { _, err := WriteDiff(io.Discard, s, Empty()); return err },
		"new":  func() error { _, err := WriteDiff(io.Discard, Empty(), s); return err },
	} {
		if err := s.Guard(f); !errors.Is(err, ErrFault) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
