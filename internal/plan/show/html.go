package show

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"zonecast/internal/plan"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var page = template.Must(template.New("page").Parse(pageText))

// Bounds of what the page has outside its list of changes.
const (
	maxPageZones = 1_000
	maxPageLines = 1_000
)

type pageZone struct {
	Zone                                      string
	Names, Created, Changed, Deleted, Touched string
	Note                                      string
}

// HTML writes the plan as one page that needs nothing else: no request is made, its policy (CSP) allows this one script and
// style, and the changes stand in it as JSON, of which the script shows a hundred at a time. HTML's own characters are
// escaped in that JSON, so that no text ends its element.
func HTML(w io.Writer, p *plan.Plan) error {
	title := heading(p)
	if p.Empty() {
		title = "nothing changes"
	}
	data := struct {
		Title, Against, Digest, Made, MoreZones string
		StyleHash, ScriptHash                   string
		Style                                   template.CSS
		Files, Stopped, Held, Problems          []string
		Zones                                   []pageZone
	}{
		Title: strings.ReplaceAll(title, "**", ""), Against: againstText(p.Against), Digest: clean(p.Digest),
		StyleHash: hash(pageStyle), ScriptHash: hash(pageScript), Style: template.CSS(pageStyle),
	}
	if !p.Made.IsZero() {
		data.Made = p.Made.UTC().Format("2006-01-02 15:04:05") + " UTC"
	}
	if p.Zones.Planned() {
		data.Files = append(data.Files, "Zones: "+filesText(p.Against, p.Zones))
	}
	if p.Rules.Planned() {
		data.Files = append(data.Files, "Rules of "+clean(p.Rules.Source)+": "+filesText(p.Against, p.Rules))
	}
	for _, s := range p.Stopped {
		data.Stopped = append(data.Stopped, stopText(s))
	}
	data.Stopped, data.Held, data.Problems = bound(data.Stopped), bound(heldLines(p)), bound(problemLines(p, false))
	zones := groups(p)
	for i, g := range zones {
		if i == maxPageZones {
			data.MoreZones = count(len(zones)-i, "zone")
			break
		}
		z := pageZone{g.Zone.String(), number(g.Names), number(g.Created), number(g.Changed), number(g.Deleted), number(g.Touched), ""}
		switch {
		case g.New:
			z.Note = "new"
		case g.Gone:
			z.Note = "goes"
		case g.Facts:
			z.Note = "settings"
		}
		data.Zones = append(data.Zones, z)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	if err := page.Execute(out, data); err != nil {
		return err
	}
	out.WriteString(`<script type="application/json" id="plan">`)
	if err := embed(out, p, zones); err != nil {
		return err
	}
	out.WriteString("</script>\n<script>" + pageScript + "</script>\n</body>\n</html>\n")
	return out.Flush()
}

// hash is how a policy names a text that it allows: https://www.w3.org/TR/CSP3/#grammardef-hash-source
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func bound(list []string) []string {
	if len(list) <= maxPageLines {
		return list
	}
	return append(list[:maxPageLines:maxPageLines], "and "+number(len(list)-maxPageLines)+" more")
}
