package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"zonecast/ci/nameserver"
)

// table collects what the servers answered, a row for each run of packets with the same answers.
type table struct {
	servers []*nameserver.Server
	clients []*nameserver.Client
	rows    []row
	wrong   int
}

type row struct {
	group, first, last string
	answers            []string // of each server, over UDP and TCP
}

// try sends one packet to all servers.
func (t *table) try(m manner) {
	r := row{group: m.group, first: m.name, last: m.name}
	for i, c := range t.clients {
		udp, tcp := say(c, m, false, i == 0), say(c, m, true, i == 0)
		want := m.tcp
		if want == "" {
			want = m.want
		}
		if i == 0 && (udp != m.want || tcp != want) {
			t.wrong++
			fmt.Printf("WRONG %s %s: over UDP %s, want %s; over TCP %s, want %s\n", m.group, m.name, udp, m.want, tcp, want)
		}
		if udp != tcp {
			udp += ", TCP: " + tcp
		}
		r.answers = append(r.answers, udp)
	}
	if n := len(t.rows); n > 0 && t.rows[n-1].group == r.group && strings.Join(t.rows[n-1].answers, ";") == strings.Join(r.answers, ";") {
		t.rows[n-1].last = r.last
		return
	}
	t.rows = append(t.rows, r)
}

// say gives a server's answer in words. Ours is given more time where it must answer.
func say(c *nameserver.Client, m manner, tcp, ours bool) string {
	limit := wait
	if ours && m.want != silent {
		limit = again
	}
	ask := c.UDP
	if tcp {
		ask = c.TCP
	}
	raw, err := ask(m.wire, limit)
	if errors.Is(err, nameserver.ErrSilent) {
		return silent
	}
	if err != nil {
		return err.Error()
	}
	return summary(m.wire, raw)
}

// pipeline sends 200 queries at once over one connection (RFC 7766 6.2.1.1): all must be answered, in any order.
func (t *table) pipeline() {
	const n = 200
	r := row{group: "pipelined over TCP", first: fmt.Sprint(n), last: fmt.Sprint(n)}
	for i, c := range t.clients {
		var queries [][]byte
		open := map[[2]byte]bool{}
		for k := range n {
			q := ask([...]string{host, "large.manners.example.", "none.manners.example."}[k%3], dns.TypeA, dns.ClassINET).wire()
			q[0], q[1] = byte(k>>8), byte(k)
			open[[2]byte{q[0], q[1]}] = true
			queries = append(queries, q)
		}
		answers, _ := c.Pipeline(queries, again)
		for _, a := range answers {
			if len(a) > 12 {
				delete(open, [2]byte{a[0], a[1]})
			}
		}
		if i == 0 && len(open) > 0 {
			t.wrong++
			fmt.Printf("WRONG pipeline: %d of %d unanswered\n", len(open), n)
		}
		r.answers = append(r.answers, fmt.Sprintf("%d answered", n-len(open)))
	}
	t.rows = append(t.rows, r)
}

func (t *table) print() {
	fmt.Print("| packet |")
	for _, s := range t.servers {
		fmt.Printf(" %s |", s.Name)
	}
	fmt.Println("\n|---|" + strings.Repeat("---|", len(t.servers)))
	for _, r := range t.rows {
		name := r.group + " " + r.first
		if r.last != r.first {
			name += " to " + r.last
		}
		fmt.Printf("| %s | %s |\n", name, strings.Join(r.answers, " | "))
	}
}
