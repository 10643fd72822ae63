// Package nameserver runs name servers on loopback for the comparisons in ci: this project's local proxy and Debian's NSD,
// Knot and BIND, and tinydns and Unbound with data made for them. Each gets the same zone files, a free port, a folder of its own and no rights it would not have as a
// plain user. It also speaks DNS to them: raw packets, over UDP and TCP.
package nameserver
