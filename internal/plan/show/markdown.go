package show

import (
	"fmt"
	"io"
	"strings"

	"zonecast/internal/plan"
)

const (
	// MaxMarkdown bounds a comment, in octets: GitHub takes 65,536 characters, GitLab a million.
	MaxMarkdown = 65_000
	// MarkdownMark is the first line: by it a CI job finds its own comment again, to update it.
	MarkdownMark = "<!-- zonecast plan -->"

	maxTable     = 50     // rows of each table in a comment
	maxTableSize = 12_000 // octets of it
	maxCell      = 300    // octets of a cell's text
)

// Markdown writes a comment for a pull request: a table of the zones, what would stop the change, problems, and the
// changes of each zone, folded. What does not fit is counted. Data stands in code alone, where it neither is Markdown nor
// HTML nor calls people: https://github.github.com/gfm/ has no escapes in fenced code, and no line here begins with a fence.
func Markdown(w io.Writer, p *plan.Plan) error {
	var b strings.Builder
	b.WriteString(MarkdownMark + "\n")
	if p.Empty() {
		fmt.Fprintf(&b, "### zonecast plan: nothing changes\n\nAgainst %s.\n", code(againstText(p.Against)))
	} else {
		fmt.Fprintf(&b, "### zonecast plan: %s\n\nAgainst %s.", heading(p), code(againstText(p.Against)))
		if p.Zones.Planned() {
			fmt.Fprintf(&b, " Zones: %s.", code(filesText(p.Against, p.Zones)))
		}
		if p.Rules.Planned() {
			fmt.Fprintf(&b, " Rules of %s: %s.", code(p.Rules.Source), code(filesText(p.Against, p.Rules)))
		}
		b.WriteString("\n")
	}
	markdownStops(&b, p)
	if held := heldLines(p); len(held) > 0 {
		b.WriteString("\n**Held now:**\n\n")
		rows(&b, len(held), func(i int) string { return "- " + code(held[i]) + "\n" })
	}
	markdownProblems(&b, p)
	zones := groups(p)
	markdownZones(&b, zones)
	foot := "\nDigest `" + digest(p.Digest) + "`\n"
	left := MaxMarkdown - len(foot) - moreRoom
	for i, g := range zones {
		if len(g.changes) == 0 {
			continue
		}
		share := (left - b.Len()) / (len(zones) - i) // what one zone leaves is the next ones'
		text := fold(g, share)
		if text == "" {
			rest := 0
			for _, g := range zones[i:] {
				rest += len(g.changes)
			}
			fmt.Fprintf(&b, "\n%s in %s: see the whole plan.\n", more(rest, "name"), more(len(zones)-i, "zone"))
			break
		}
		b.WriteString(text)
	}
	b.WriteString(foot)
	_, err := io.WriteString(w, b.String())
	return err
}

// moreRoom is kept for the line that counts what does not fit.
const moreRoom = 200

// heading is "3 created, 1 changed, 2 deleted in 2 zones", with what stops it.
func heading(p *plan.Plan) string {
	var all plan.Summary
	for _, s := range p.Summaries {
		all.Created += s.Created
		all.Changed += s.Changed
		all.Deleted += s.Deleted
		all.Touched += s.Touched
	}
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{all.Created, "created"}, {all.Changed, "changed"}, {all.Deleted, "deleted"}, {all.Touched, "by other claims"}} {
		if part.n > 0 {
			parts = append(parts, number(part.n)+" "+part.what)
		}
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = "settings change"
	}
	text += " in " + count(len(p.Summaries), "zone")
	if len(p.Stopped) > 0 {
		text += ", **stopped**"
	}
	return text
}

func markdownStops(b *strings.Builder, p *plan.Plan) {
	if len(p.Stopped) == 0 {
		return
	}
	b.WriteString("\n**Would be stopped:**\n\n| stage | what | check | why | then |\n|---|---|---|---|---|\n")
	rows(b, len(p.Stopped), func(i int) string {
		s, then := p.Stopped[i], "must be mended"
		if s.CanFree {
			then = "held until released"
		}
		return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", code(s.Stage), code(s.Unit+" "+s.Subject), code(s.Check), code(s.Cause), then)
	})
}

func markdownProblems(b *strings.Builder, p *plan.Plan) {
	if len(p.Problems) == 0 {
		return
	}
	b.WriteString("\n**Problems:**\n\n")
	lines := problemLines(p, false)
	rows(b, len(lines), func(i int) string { return "- " + code(lines[i]) + "\n" })
}

func markdownZones(b *strings.Builder, zones []group) {
	if len(zones) == 0 {
		return
	}
	b.WriteString("\n| zone | names | created | changed | deleted | other claims | |\n|---|--:|--:|--:|--:|--:|---|\n")
	rows(b, len(zones), func(i int) string {
		g, note := &zones[i], ""
		switch {
		case g.New:
			note = "new"
		case g.Gone:
			note = "**goes**"
		case g.Facts:
			note = "settings"
		}
		return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", code(g.Zone.String()), number(g.Names),
			number(g.Created), number(g.Changed), number(g.Deleted), number(g.Touched), note)
	})
}

// rows writes n rows, as many as fit a table's bounds, and counts the others.
func rows(b *strings.Builder, n int, row func(int) string) {
	start := b.Len()
	for i := range n {
		text := row(i)
		if i == maxTable || b.Len()-start+len(text) > maxTableSize {
			fmt.Fprintf(b, "\nand %s more.\n", number(n-i))
			return
		}
		b.WriteString(text)
	}
}

// fold is the changes of a zone in at most room octets; "" when not even one fits.
func fold(g group, room int) string {
	head := fmt.Sprintf("\n<details><summary>%s: %s</summary>\n\n````diff\n", code(g.Zone.String()), summaryText(g.Summary))
	const end = "````\n\n</details>\n"
	room -= len(head) + len(end) + moreRoom
	var body strings.Builder
	for i := range g.changes {
		text := diffText(&g.changes[i])
		if body.Len()+len(text) > room {
			if i == 0 {
				return ""
			}
			fmt.Fprintf(&body, "# and %s of this zone: see the whole plan\n", more(len(g.changes)-i, "name"))
			break
		}
		body.WriteString(text)
	}
	return head + body.String() + end
}

// diffText is a change in the language that forges colour as a difference; '!' is how it marks a line as changed.
func diffText(c *plan.Change) string {
	var b strings.Builder
	for i := range c.Sets {
		for _, l := range lines(c, &c.Sets[i]) {
			switch l.sign {
			case '~':
				b.WriteString("! " + l.text + "\n")
			case '=':
				b.WriteString("  " + l.text + "\n")
			case '#':
				b.WriteString("#   " + l.text + "\n")
			default:
				b.WriteString(string(l.sign) + " " + l.text + "\n")
			}
		}
	}
	return b.String()
}

// markdownSpecial are the characters that mean something to Markdown, tables or HTML, as character references: those are
// text in <code>, and nothing in a <code> element calls people or points to issues.
var markdownSpecial = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "|", "&#124;", "`", "&#96;",
	"*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;", `\`, "&#92;", "~", "&#126;", "@", "&#64;", "#", "&#35;", ":", "&#58;", "$", "&#36;",
	"!", "&#33;", "(", "&#40;", ")", "&#41;", "www.", "&#119;ww.")

// code is a text as inline code.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "<code>" + markdownSpecial.Replace(cut(clean(text), maxCell)) + "</code>"
}

// digest keeps of a text what a digest is made of, so that it can be copied out of a comment.
func digest(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r == ':' {
			return r
		}
		return -1
	}, cut(text, 100))
}
