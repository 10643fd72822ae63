package show

import (
	"bufio"
	"io"

	"zonecast/internal/plan"
)

// Options of a text.
type Options struct {
	Color bool // of a terminal
	Limit int  // names that are shown, and lines of each other kind; 0 is no limit
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	faint  = "\x1b[2m"
	bold   = "\x1b[1m"
	plain  = "\x1b[0m"
)

var signColors = map[byte]string{'+': green, '-': red, '~': yellow, '#': faint, '=': faint}

// printer writes lines; its error is that of the last flush.
type printer struct {
	*bufio.Writer
	color bool
}

func (p printer) line(color, text string) {
	if p.color && color != "" {
		text = color + text + plain
	}
	p.WriteString(text)
	p.WriteByte('\n')
}

// Text prints a plan for a terminal or a log: what would stop it, then zone by zone and RRset by RRset what changes.
func Text(w io.Writer, p *plan.Plan, opt Options) error {
	out := printer{bufio.NewWriter(w), opt.Color}
	all := opt.Limit <= 0
	if all {
		opt.Limit = int(^uint(0) >> 1)
	}
	if p.Empty() {
		out.line("", "Nothing changes against "+againstText(p.Against)+". digest "+clean(p.Digest))
	} else {
		out.line("", "Against "+againstText(p.Against))
		if p.Zones.Planned() {
			out.line("", "zones: "+filesText(p.Against, p.Zones))
		}
		if p.Rules.Planned() {
			out.line("", "rules of "+clean(p.Rules.Source)+": "+filesText(p.Against, p.Rules))
		}
	}
	for i, s := range p.Stopped {
		if i == opt.Limit {
			out.line(red, "STOPPED by "+number(len(p.Stopped)-i)+" more")
			break
		}
		out.line(red, "STOPPED by "+stopText(s))
	}
	for i, line := range heldLines(p) {
		if i == opt.Limit {
			out.line(yellow, "held now: "+number(len(p.Held)+p.HeldMore-i)+" more: zonecast held")
			break
		}
		out.line(yellow, "held now: "+line)
	}
	problems := problemLines(p, all)
	for i, line := range problems {
		if i == opt.Limit {
			out.line(yellow, "and "+more(len(problems)-i, "line")+" of problems")
			break
		}
		out.line(yellow, line)
	}
	if p.Empty() {
		return out.Flush()
	}
	shown := 0
	zones := groups(p)
	for i, g := range zones {
		if i >= opt.Limit {
			out.line("", "")
			out.line("", "and "+more(len(zones)-i, "zone"))
			break
		}
		out.line("", "")
		out.line(bold, g.Zone.String()+": "+summaryText(g.Summary))
		for j := range g.changes {
			if shown == opt.Limit {
				out.line("", "  and "+more(len(g.changes)-j, "name")+" of this zone: --limit 0 shows all")
				break
			}
			shown++
			out.change(&g.changes[j])
		}
	}
	out.line("", "")
	out.line("", "digest "+clean(p.Digest))
	return out.Flush()
}

func (p printer) change(c *plan.Change) {
	for i := range c.Sets {
		for _, l := range lines(c, &c.Sets[i]) {
			p.set(l)
		}
	}
}

// set prints a line about an RRset: what is served stands out, what is said of it is indented.
func (p printer) set(l line) {
	switch l.sign {
	case '#':
		p.line(faint, "      "+l.text)
	case ' ':
		p.line("", "    "+l.text)
	default:
		p.line(signColors[l.sign], "  "+string(l.sign)+" "+l.text)
	}
}
