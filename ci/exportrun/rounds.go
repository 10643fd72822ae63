package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"zonecast/ci/nameserver"
)

// rounds imports what was exported, in each format that zonecast import reads, exports that and imports it again: the zone
// files must be the same, octet for octet, whichever way they came. Serials are not carried by zone files.
func rounds(bin, dir string, zones []nameserver.Zone) error {
	at := func(name string) string { return filepath.Join(dir, "rounds", name) }
	zonecast := func(args ...string) error {
		if out, err := exec.Command(bin, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("zonecast %s: %w\n%s", strings.Join(args[:min(len(args), 4)], " "), err, out)
		}
		return nil
	}
	files := func(folder string) (list []string) {
		for _, z := range zones {
			list = append(list, filepath.Join(folder, z.Origin+"zone"))
		}
		return list
	}
	if err := os.MkdirAll(at(""), 0o755); err != nil { //nolint:gosec // as the folder around it
		return err
	}
	for _, step := range [][]string{
		append([]string{"import", "-o", at("from-rfc1035")}, files(filepath.Join(dir, "rfc1035"))...),
		{"import", "--format", "tinydns", "-o", at("from-tinydns"), filepath.Join(dir, "tinydns.data")},
		{"export", "--zones", at("from-tinydns"), "-o", at("rfc1035")},
		{"export", "--zones", at("from-rfc1035"), "--format", "tinydns", "-o", at("data")},
		{"export", "--zones", at("from-rfc1035"), "--format", "zones", "-o", at("yaml")},
		append([]string{"import", "-o", at("rfc1035-again")}, files(at("rfc1035"))...),
		{"import", "--format", "tinydns", "-o", at("tinydns-again"), at("data")},
	} {
		if err := zonecast(step...); err != nil {
			return err
		}
	}
	octets := 0
	for _, other := range []string{"from-tinydns", "yaml", "rfc1035-again", "tinydns-again"} {
		n, err := sameFolder(at("from-rfc1035"), at(other))
		if err != nil {
			return fmt.Errorf("round trip: %w", err)
		}
		octets = n
	}
	fmt.Printf("import       of zone files and tinydns data, exported and imported again, and as YAML: the same %d octets of zone files\n", octets)
	return nil
}

// sameFolder compares two folders file by file and counts their octets.
func sameFolder(a, b string) (octets int, err error) {
	texts := func(root string) (map[string]string, error) {
		all := map[string]string{}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			all[strings.TrimPrefix(path, root)] = string(text)
			return err
		})
		return all, err
	}
	one, err := texts(a)
	if err != nil {
		return 0, err
	}
	two, err := texts(b)
	if err != nil {
		return 0, err
	}
	for path, text := range one {
		if two[path] != text {
			return 0, fmt.Errorf("%w: %s of %s and of %s differ", errUnexplained, path, a, b)
		}
		octets += len(text)
	}
	if len(one) != len(two) || octets == 0 {
		return 0, fmt.Errorf("%w: %s has %d files, %s has %d", errUnexplained, a, len(one), b, len(two))
	}
	return octets, nil
}
