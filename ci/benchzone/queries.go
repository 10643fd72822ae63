package benchzone

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// Question asks for a type at a name.
type Question struct{ Name, Type string }

// Questions gives n of them, spread evenly over the zone: of a hundred, 40 ask for A, 20 for AAAA, 15 for PTR and 10
// for SRV records, 10 for a name that does not exist and 5 for a type that a name does not have.
func Questions(hosts, n int, seed uint64) []Question {
	random := rand.New(rand.NewPCG(seed, seed))
	list := make([]Question, n)
	for q := range list {
		i := random.IntN(hosts)
		switch p := random.IntN(100); {
		case p < 40:
			list[q] = Question{Host(i), "A"}
		case p < 60:
			list[q] = Question{Host(i), "AAAA"}
		case p < 75:
			list[q] = Question{Reverse(i), "PTR"}
		case p < 85 && hosts >= hostsPerSet:
			list[q] = Question{Service(i % (hosts / hostsPerSet)), "SRV"}
		case p < 95:
			list[q] = Question{"no-" + Host(i), "A"}
		default:
			list[q] = Question{Host(i), "TXT"}
		}
	}
	return list
}

// WriteQuestions writes them as dnsperf reads them.
func WriteQuestions(out io.Writer, list []Question) error {
	w := bufio.NewWriter(out)
	for _, q := range list {
		fmt.Fprintf(w, "%s %s\n", q.Name, q.Type)
	}
	return w.Flush()
}
