package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestModuleThatMakesNothing edits a module so that it suddenly makes nothing: held, listed with its cause and its effect,
// served all the while, and gone once somebody who means it lets it go.
func TestModuleThatMakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(putWeb1, putWeb2)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")

	w.write("rules/servers.yaml", strings.Replace(serversModule, "kind: server\n", "kind: server\nwhen: 'hostname == \"nobody\"'\n", 1))
	id, shown := w.held("module-guard", "servers", "gives nothing at all: 2 entities would lose their records")
	contains(t, shown, "its last good version stays in force", "server/web1", "To let it go:")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	contains(t, w.must("explain", "web1.corp.example"), "held "+id+", module servers: ", "its last good version stays in force")
	w.event(fmt.Sprintf(`{"op":"put","kind":"server","id":"web3","attrs":{"hostname":"web3","ipv4":%q}}`, "192.0.2.12"))
	w.serves("web3.corp.example.", dns.TypeA, "192.0.2.12")

	w.must("held", "release", id, "--reason", "retired, CHG-78", "--through")
	w.releaseUntil(func() bool { return w.answers("web1.corp.example.", dns.TypeA) == "NXDOMAIN" })
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	w.nothingHeld()
}
