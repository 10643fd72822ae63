package show

import (
	"fmt"
	"strings"

	"zonecast/internal/plan"
	"zonecast/internal/zone"
)

// difference is what becomes of one RRset, ready to be printed.
type difference struct {
	sign   byte   // + created, - gone, ~ changed, = answers as before
	ttl    string // "300", or "300 -> 60"
	rotate string // "", or what becomes of the order of answers: "none -> cyclic"
	gone   []string
	come   []string
	kept   []string // values that are there before and after
}

// differ compares before and after, value by value.
func differ(c *plan.SetChange) difference {
	var d difference
	switch {
	case c.Before == nil && c.After == nil:
		return difference{sign: '='}
	case c.Before == nil:
		return difference{sign: '+', ttl: fmt.Sprint(c.After.TTL), rotate: rotation(c.After), come: values(c.After)}
	case c.After == nil:
		return difference{sign: '-', ttl: fmt.Sprint(c.Before.TTL), rotate: rotation(c.Before), gone: values(c.Before)}
	}
	d.sign, d.ttl = '~', fmt.Sprint(c.After.TTL)
	if c.Before.TTL != c.After.TTL {
		d.ttl = fmt.Sprintf("%d -> %d", c.Before.TTL, c.After.TTL)
	}
	if c.Before.Rotate != c.After.Rotate {
		d.rotate = c.Before.Rotate.String() + " -> " + c.After.Rotate.String()
	}
	was := make(map[zone.Rdata]bool, len(c.Before.Data))
	for _, v := range c.Before.Data {
		was[v] = true
	}
	for _, v := range c.After.Data {
		if text := clean(zone.RdataText(c.Type, v)); was[v] {
			d.kept = append(d.kept, text)
			delete(was, v)
		} else {
			d.come = append(d.come, text)
		}
	}
	for _, v := range c.Before.Data {
		if was[v] {
			d.gone = append(d.gone, clean(zone.RdataText(c.Type, v)))
		}
	}
	if c.Before.Equal(*c.After) {
		d.sign = '='
	}
	return d
}

func values(s *zone.RRset) []string {
	list := make([]string, len(s.Data))
	for i, v := range s.Data {
		list[i] = clean(zone.RdataText(s.Type, v))
	}
	return list
}

func rotation(s *zone.RRset) string {
	if s.Rotate == zone.RotateNone {
		return ""
	}
	return s.Rotate.String()
}

// line is one line about an RRset: a sign as in a diff, and text.
type line struct {
	sign byte
	text string
}

// maxValues bounds the lines of each sign for one RRset, and maxValue the characters of one.
const (
	maxValues = 12
	maxValue  = 1_000
)

// lines are what becomes of one RRset, as zone-file lines with the signs of a diff, and '#' for who does it.
func lines(c *plan.Change, set *plan.SetChange) []line {
	d := differ(set)
	owner, kind := c.Name.String(), set.Type.String()
	var out []line
	head := owner + " " + d.ttl + " " + kind
	record := func(sign byte, list []string) {
		for i, v := range list {
			if i == maxValues {
				out = append(out, line{'#', "and " + more(len(list)-maxValues, "value") + " with " + string(sign)})
				return
			}
			out = append(out, line{sign, head + " " + cut(v, maxValue)})
		}
	}
	switch d.sign {
	case '+', '-':
		record('-', d.gone)
		record('+', d.come)
		if d.rotate != "" {
			out = append(out, line{'#', "rotate " + d.rotate})
		}
	case '~':
		what := owner + " " + kind
		if set.Before.TTL != set.After.TTL {
			what += ", TTL " + d.ttl
		}
		if d.rotate != "" {
			what += ", rotate " + d.rotate
		}
		out = append(out, line{'~', what})
		head = owner + " " + fmt.Sprint(set.Before.TTL) + " " + kind
		record('-', d.gone)
		head = owner + " " + fmt.Sprint(set.After.TTL) + " " + kind
		record('+', d.come)
		if len(d.kept) > 0 && len(d.kept) <= maxKept {
			out = append(out, line{' ', head + " " + cut(strings.Join(d.kept, ", "), maxValue)})
		} else if len(d.kept) > 0 {
			out = append(out, line{' ', head + ": " + count(len(d.kept), "value") + " as before"})
		}
	case '=':
		text := owner + " " + kind + " is not served, as before"
		if set.After != nil {
			text = owner + " " + kind + " answers as before: " + head[len(owner)+1:] + " " + cut(strings.Join(d.kept, ", "), 200)
		}
		out = append(out, line{'=', text})
	}
	if by := list(set.Causes, causeText); by != "" {
		out = append(out, line{'#', "by " + by})
	}
	if was := list(set.Was, causeText); was != "" && (set.After == nil || was != list(set.Causes, causeText)) {
		out = append(out, line{'#', "was " + was})
	}
	if s := list(set.Shadows, shadowText); s != "" {
		out = append(out, line{'#', "shadows " + s})
	}
	if s := list(set.Unshadows, shadowText); s != "" {
		out = append(out, line{'#', "brings back " + s})
	}
	return out
}

// maxKept is how many values that stay are named.
const maxKept = 3

// cut shortens a text of printable characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "… (" + count(len(text), "octet") + ")"
}
