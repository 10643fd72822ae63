package write

import (
	"cmp"
	"strings"

	"zonecast/presenter/zonefile"
)

// Quote prints a text of printable ASCII as a YAML scalar: as it is where every reader takes it for this text, also inside [] and {},
// else between single quotes.
func Quote(text string) string {
	if plain(text) && !zonefile.Trap(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// plain tells whether a text has nothing that means something to YAML, wherever it stands.
func plain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '/', c == '.':
		case i == 0:
			return false
		case c == '-', c == '+', c == '=', c == '@', c == '~', c == '^', c == '$', c == '(', c == ')', c == ';', c == '\\':
		case c == ' ' || c == ':': // a blank behind a colon ends a key, and one before a # begins a comment
			if i == len(text)-1 || text[i+1] == ' ' {
				return false
			}
		default:
			return false
		}
	}
	return text != ""
}

// Natural compares two texts as octoDNS orders keys: runs of digits by the number they are, what is between them by its octets.
func Natural(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		var partA, partB string
		partA, restA = run(restA, false)
		partB, restB = run(restB, false)
		if c := cmp.Compare(partA, partB); c != 0 {
			return c
		}
		partA, restA = run(restA, true)
		partB, restB = run(restB, true)
		if c := countCompare(partA, partB); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(restA), len(restB)), cmp.Compare(a, b))
}

// run cuts off the digits at the front of a text, or what is before the first digit.
func run(text string, digits bool) (front, rest string) {
	i := 0
	for i < len(text) && ('0' <= text[i] && text[i] <= '9') == digits {
		i++
	}
	return text[:i], text[i:]
}

// countCompare compares two runs of digits; none at all comes first.
func countCompare(a, b string) int {
	shortA, shortB := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(min(len(a), 1), min(len(b), 1)), cmp.Compare(len(shortA), len(shortB)), cmp.Compare(shortA, shortB))
}
