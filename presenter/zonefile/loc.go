package zonefile

import (
	"fmt"
	"regexp"
	"strconv"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// decimalIn reads a number that may have decimals.
func (w *wire) decimalIn(k string, low, high float64) (v float64) {
	if !w.good {
		return 0
	}
	n := w.f[k]
	if n.Kind != yaml.ScalarNode || n.Style&quoted != 0 || !number.MatchString(n.Value) {
		w.good = w.r.fail(n, "bad-number", fmt.Sprintf("%s: %.60q is no number", k, n.Value), "write, for example, 31.5")
		return 0
	}
	v, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || v < low || v > high {
		w.good = w.r.fail(n, "bad-number", fmt.Sprintf("%s: %.60s is out of range", k, n.Value), fmt.Sprintf("write a number from %v to %v", low, high))
	}
	return v
}

func (w *wire) wholeIn(k string, high int64) (v int64) {
	if w.good {
		v, w.good = w.r.integer(w.f[k], k, 0, high)
	}
	return v
}

func (w *wire) oneOf(k, a, b string) (v string) {
	if w.good {
		v, w.good = w.r.enum(w.f[k], "bad-value", k, a, b)
	}
	return v
}

// loc reads a LOC value (RFC 1876), with octoDNS's keys; sizes are in metres.
func loc(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	w := r.wire(n, "a LOC value", "lat_degrees", "lat_minutes", "lat_seconds", "lat_direction",
		"long_degrees", "long_minutes", "long_seconds", "long_direction", "altitude", "size", "precision_horz", "precision_vert")
	text := fmt.Sprintf("%d %d %.3f %s %d %d %.3f %s %.2fm %.2fm %.2fm %.2fm",
		w.wholeIn("lat_degrees", 90), w.wholeIn("lat_minutes", 59), w.decimalIn("lat_seconds", 0, 59.999), w.oneOf("lat_direction", "N", "S"),
		w.wholeIn("long_degrees", 180), w.wholeIn("long_minutes", 59), w.decimalIn("long_seconds", 0, 59.999), w.oneOf("long_direction", "E", "W"),
		w.decimalIn("altitude", -100000, 42849672.95), w.decimalIn("size", 0, 90000000),
		w.decimalIn("precision_horz", 0, 90000000), w.decimalIn("precision_vert", 0, 90000000))
	if !w.good {
		return "", false
	}
	return r.presentation("LOC", text, n)
}

// presentation reads rdata from a text that was put together from checked parts.
func (r *reader) presentation(typ, text string, n *yaml.Node) (zone.Rdata, bool) {
	t, _ := zone.ParseType(typ)
	d, err := zone.ParseRdata(t, text, "")
	if err != nil {
		return "", r.fail(n, "bad-value", err.Error(), "")
	}
	return d, true
}
