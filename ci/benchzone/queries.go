package benchzone

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// Question asks for a type at a name. Its host or set is kept, so that Wanted knows the answer without the zone.
type Question struct {
	Name, Type string

	kind kind
	i    int // of the host, or of the SRV set
}

type kind uint8

const (
	asksData kind = iota
	asksNoName
	asksNoType
)

// Questions gives n of them, spread evenly over the zone: of a hundred, 40 ask for A, 20 for AAAA, 15 for PTR and 10
// for SRV records, 10 for a name that does not exist and 5 for a type that a name does not have.
func Questions(hosts, n int, seed uint64) []Question {
	random := rand.New(rand.NewPCG(seed, seed))
	list := make([]Question, n)
	for q := range list {
		i := random.IntN(hosts)
		switch p := random.IntN(100); {
		case p < 40:
			list[q] = Question{Host(i), "A", asksData, i}
		case p < 60:
			list[q] = Question{Host(i), "AAAA", asksData, i}
		case p < 75:
			list[q] = Question{Reverse(i), "PTR", asksData, i}
		case p < 85 && hosts >= hostsPerSet:
			i %= hosts / hostsPerSet
			list[q] = Question{Service(i), "SRV", asksData, i}
		case p < 95:
			list[q] = Question{"no-" + Host(i), "A", asksNoName, i}
		default:
			list[q] = Question{Host(i), "TXT", asksNoType, i}
		}
	}
	return list
}

// First asks for the first host's address.
func First() Question { return Question{Host(0), "A", asksData, 0} }

// Wanted is the right answer to q: whether the name exists, and the records' data as a zone file has them.
func (q Question) Wanted() (exists bool, data []string) {
	if q.kind != asksData {
		return q.kind == asksNoType, nil
	}
	switch q.Type {
	case "A":
		return true, []string{address(q.i)}
	case "AAAA":
		return true, []string{Address6(q.i).String()}
	case "PTR":
		return true, []string{Host(q.i)}
	}
	for k := range setRecords {
		data = append(data, fmt.Sprintf("10 %d 8080 %s", k, target(q.i, k)))
	}
	return true, data
}

// WriteQuestions writes them as dnsperf reads them.
func WriteQuestions(out io.Writer, list []Question) error {
	w := bufio.NewWriter(out)
	for _, q := range list {
		fmt.Fprintf(w, "%s %s\n", q.Name, q.Type)
	}
	return w.Flush()
}
