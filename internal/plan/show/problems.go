package show

import (
	"strings"

	"zonecast/internal/plan"
	"zonecast/internal/zone"
)

// maxAlike is how many problems of one check in one file are shown: one slip makes all tests of a rule fail.
const maxAlike = 5

// problemLines is a line for each problem, in their order; of one check in one file the first maxAlike, and how many
// there are more in place of the next. With all nothing is left out.
func problemLines(p *plan.Plan, all bool) []string {
	type alike struct{ file, check string }
	seen, at := map[alike]int{}, map[alike]int{}
	lines := make([]string, 0, len(p.Problems))
	for _, problem := range p.Problems {
		a := alike{problem.File, problem.Check}
		switch seen[a]++; {
		case all || seen[a] <= maxAlike:
			lines = append(lines, problemText(problem))
		case seen[a] == maxAlike+1:
			at[a] = len(lines)
			lines = append(lines, problemText(problem)) // a lone one more is shown as it is
		default:
			lines[at[a]] = clean(problem.File + ": " + more(seen[a]-maxAlike, "problem") + " [" + problem.Check + "]")
		}
	}
	return lines
}

// problemText is the problem as one line, as zonecast check prints it. Warnings say so themselves.
func problemText(p zone.Problem) string {
	if p.Severity == zone.Warning {
		return clean(p.Error())
	}
	bare := p
	bare.File = ""
	text := bare.Error()
	return clean(strings.TrimSuffix(p.Error(), text) + "error: " + text)
}
