package release

import (
	"fmt"
	"strconv"
	"strings"
)

// A head's text is lines of a key, a space and a value, in the order of fields. The first line marks the note as
// a head (a key signs nothing else under it), the second lets a later format be told from a broken one.
const headMark = "zonecast-head"

// MaxStream is the longest name of a stream, in octets: lower-case letters, digits and hyphens.
const MaxStream = 64

// field is one line: set reads the value's one text form.
type field struct {
	key string
	get func() string
	set func(string) error
}

func (h *Head) fields() []field {
	return []field{
		intField("min-reader", &h.MinReader),
		{"stream", func() string { return h.Stream }, func(s string) error { h.Stream = s; return checkStream(s) }},
		uintField("epoch", &h.Epoch),
		uintField("version", &h.Version),
		hashField("chain", &h.Chain),
		uintField("base-version", &h.Base.Version),
		hashField("base-chain", &h.Base.Chain),
		hashField("base-sha256", &h.Base.SHA256),
		intField("base-size", &h.Base.Size),
		intField("base-zones", &h.Base.Zones),
		uintField("base-names", &h.Base.Names),
		uintField("base-records", &h.Base.Records),
		{"base-seed", func() string { return h.Base.Seed }, func(s string) error { h.Base.Seed = s; return checkSeed(s) }},
		intField("released", &h.Released),
		intField("signed", &h.Signed),
		intField("as-of", &h.AsOf),
		intField("expires", &h.Expires),
	}
}

func uintField(key string, v *uint64) field {
	return field{key, func() string { return strconv.FormatUint(*v, 10) }, func(s string) (err error) {
		*v, err = strconv.ParseUint(s, 10, 64)
		return err
	}}
}

// intField is a number from 0 up.
func intField[T int | int64](key string, v *T) field {
	return field{key, func() string { return strconv.FormatInt(int64(*v), 10) }, func(s string) error {
		n, err := strconv.ParseUint(s, 10, 63)
		*v = T(n)
		return err
	}}
}

func hashField(key string, v *Hash) field {
	return field{key, func() string { return v.String() }, func(s string) error { return v.UnmarshalText([]byte(s)) }}
}

func checkStream(s string) error {
	if s == "" || len(s) > MaxStream || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("stream %.100q: want 1 to %d lower-case letters, digits and hyphens", s, MaxStream)
	}
	return nil
}

func checkSeed(s string) error {
	if len(s) != 32 || strings.Trim(s, "0123456789abcdef") != "" {
		return fmt.Errorf("seed %.100q: want 32 hex digits", s)
	}
	return nil
}

// text prints the head, or says which field cannot be read back.
func (h Head) text() (string, error) {
	var b strings.Builder
	b.WriteString(headMark + " 1\n")
	for _, f := range h.fields() {
		value := f.get()
		if err := f.read(value); err != nil {
			return "", err
		}
		b.WriteString(f.key + " " + value + "\n")
	}
	return b.String(), nil
}

// read takes a value in the one form that get gives.
func (f field) read(value string) error {
	if err := f.set(value); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrFormat, f.key, err)
	}
	if f.get() != value {
		return fmt.Errorf("%w: %s %.100q is not in canonical form", ErrFormat, f.key, value)
	}
	return nil
}

// parseHead reads what text printed. The known keys stand once each and in order. Keys that this program does not
// know may stand among them when min_reader says that it can do without.
func parseHead(text string) (Head, error) {
	var h Head
	fields := h.fields()
	seen := make(map[string]bool)
	rest, ok := strings.CutPrefix(text, headMark+" 1\n")
	if !ok {
		return Head{}, fmt.Errorf("%w: no head", ErrFormat)
	}
	for line := range strings.Lines(rest) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok || key == "" || seen[key] {
			return Head{}, fmt.Errorf("%w: line %.100q", ErrFormat, line)
		}
		seen[key] = true
		if len(fields) > 0 && key == fields[0].key {
			if err := fields[0].read(value); err != nil {
				return Head{}, err
			}
			fields = fields[1:]
		}
		if h.MinReader > ReaderVersion {
			return Head{}, fmt.Errorf("%w: min_reader %d, this program reads %d", ErrReader, h.MinReader, ReaderVersion)
		}
	}
	if len(fields) > 0 {
		return Head{}, fmt.Errorf("%w: %s is missing or out of order", ErrFormat, fields[0].key)
	}
	return h, nil
}
