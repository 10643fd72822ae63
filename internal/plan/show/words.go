package show

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"zonecast/internal/plan"
)

// clean spells out what a terminal would obey or a reader would not see: control characters, line ends, marks of
// direction and of no width, octets that are no UTF-8.
func clean(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		i += n
	}
	return b.String()
}

// number writes n with commas between thousands.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count is "1 name" or "2,000 names".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}

// more is "1 more name" or "2,000 more names".
func more(n int, what string) string {
	return count(n, "more "+what)
}

// claimant is who claims an RRset, in short: "module servers" or "zones/prod.example.yaml". It is what the page filters by.
func claimant(c plan.Cause) string {
	switch {
	case c.Human():
		return clean(c.File)
	case c.Module != "":
		return "module " + clean(c.Module)
	}
	return "source " + clean(c.Source)
}

// causeText is who claims an RRset: "module servers, server/web001" or "zones/prod.example.yaml:12 (replace: INC-4711)".
func causeText(c plan.Cause) string {
	text := claimant(c)
	if c.Human() && c.Line > 0 {
		text += ":" + strconv.Itoa(c.Line)
	}
	if c.Entity != "" {
		text += ", " + clean(c.Entity)
	}
	if c.Source != "" && c.Source != defaultSource && c.Module != "" {
		text += " of source " + clean(c.Source)
	}
	var more []string
	if c.Mode != "" {
		mode := clean(c.Mode)
		if c.Scope == "name" {
			mode += " the whole name"
		}
		more = append(more, mode)
	}
	if c.Reason != "" {
		more = append(more, clean(c.Reason))
	}
	if c.Expires != 0 {
		more = append(more, "until "+time.Unix(c.Expires, 0).UTC().Format("2006-01-02 15:04")+" UTC")
	}
	if len(more) > 0 {
		text += " (" + strings.Join(more, "; ") + ")"
	}
	return text
}

// defaultSource goes without saying.
const defaultSource = "main"

// whyTexts say why a claim is not served; other words (of pools) stand for themselves.
var whyTexts = map[string]string{
	"expired":    "its time is over",
	"mask":       "masked",
	"override":   "replaced",
	"conflict":   "a person wrote this too, without a mode: a conflict",
	"priority":   "a source of higher priority has it",
	"cname":      "a CNAME and other records cannot stand at one name",
	"dname":      "below a DNAME",
	"zone-cut":   "the name is delegated",
	"apex":       "this type cannot stand there with regard to the apex",
	"child-zone": "the name belongs to a zone further down",
	"too-large":  "the RRset would be too large for a message",
}

func shadowText(c plan.Cause) string {
	text := causeText(c)
	if c.Why == "" {
		return text
	}
	why, ok := whyTexts[c.Why]
	if !ok {
		why = clean(c.Why)
	}
	return text + ": " + why
}

// maxCauses bounds how many claims are named in one line: a pool may have thousands.
const maxCauses = 4

// list joins the texts of causes, at most maxCauses of them.
func list(causes []plan.Cause, text func(plan.Cause) string) string {
	var parts []string
	seen := make(map[string]bool, len(causes))
	for _, c := range causes {
		if t := text(c); !seen[t] {
			seen[t] = true
			parts = append(parts, t)
		}
	}
	if more := len(parts) - maxCauses; more > 0 {
		return strings.Join(parts[:maxCauses], "; ") + "; and " + number(more) + " more"
	}
	return strings.Join(parts, "; ")
}

// againstText is what the change is compared with.
func againstText(a plan.Against) string {
	name := clean(a.Name)
	switch a.Kind {
	case plan.Live:
		name = "the pipeline at " + name
	case plan.Snapshot:
		name = "snapshot " + name
	case plan.Revision:
		name = "revision " + name
	case plan.Release:
		name = strings.TrimSpace("a release of " + name)
	}
	if a.Version > 0 {
		name += fmt.Sprintf(", release %d", a.Version)
	}
	return name
}

// filesText is how a folder differs from what is loaded: "0123456789ab -> ba9876543210, 2 files changed". A snapshot
// does not know what it was made from.
func filesText(a plan.Against, f *plan.Files) string {
	if a.Kind == plan.Snapshot || a.Kind == plan.Release {
		return commit(f.Commit)
	}
	var created, changed, gone int
	for path, hash := range f.After {
		switch _, was := f.Before[path]; {
		case hash == "":
			gone++
		case was:
			changed++
		default:
			created++
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{created, "new"}, {changed, "changed"}, {gone, "gone"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n, "file")+" "+p.what)
		}
	}
	if len(parts) == 0 {
		parts = []string{"the files are the same"}
	}
	from := "nothing"
	if f.Loaded != "" {
		from = commit(f.Loaded)
	}
	return from + " -> " + commit(f.Commit) + ", " + strings.Join(parts, ", ")
}

// commit shortens a commit, or the digest of files outside git, to what people compare.
func commit(text string) string {
	const short = 12
	prefix := ""
	if rest, ok := strings.CutPrefix(text, "sha256:"); ok {
		prefix, text = "sha256:", rest
	}
	return prefix + clean(text[:min(len(text), short)])
}

// summaryText is "of 2,400 names 2 created, 1 deleted".
func summaryText(s plan.Summary) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{s.Created, "created"}, {s.Changed, "changed"}, {s.Deleted, "deleted"}, {s.Touched, "answered as before by other claims"}} {
		if p.n > 0 {
			parts = append(parts, number(p.n)+" "+p.what)
		}
	}
	if len(parts) == 0 {
		parts = []string{"none changed"}
	}
	text := "of " + count(s.Names, "name") + " " + strings.Join(parts, ", ")
	switch {
	case s.New:
		text = "a new zone, " + strings.Join(parts, ", ")
	case s.Gone:
		text = "the zone goes, with " + count(s.Names, "name")
	}
	if s.Facts && !s.New && !s.Gone {
		text += "; the zone's own settings change"
	}
	return text
}

// stopText is one line about what would stop the change.
func stopText(s plan.Stop) string {
	how := "must be mended"
	if s.CanFree {
		how = "held until somebody releases it"
	}
	return fmt.Sprintf("%s, %s %s [%s]: %s; %s", clean(s.Stage), clean(s.Unit), clean(s.Subject), clean(s.Check), clean(s.Cause), how)
}

// stops tells which stops concern a change: those of its zone, its name, one of its RRsets, or of a file or module that
// causes it.
type stops map[string]bool

func stopsOf(p *plan.Plan) stops {
	s := make(stops, len(p.Stopped))
	for _, stop := range p.Stopped {
		if stop.Subject != "" {
			s[stop.Subject] = true
		}
	}
	return s
}

func (s stops) hit(c *plan.Change) bool {
	if len(s) == 0 {
		return false
	}
	if s[c.Zone.String()] || s[c.Name.String()] {
		return true
	}
	for i := range c.Sets {
		set := &c.Sets[i]
		if s[c.Name.String()+" "+set.Type.String()] {
			return true
		}
		for _, causes := range [][]plan.Cause{set.Causes, set.Was, set.Shadows, set.Unshadows} {
			for _, cause := range causes {
				if s[cause.File] || cause.Module != "" && s[cause.Module] {
					return true
				}
			}
		}
	}
	return false
}
