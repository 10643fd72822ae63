package zone

import "testing"

func TestX(t *testing.T) {
	for _, c := range []string{"www.Example.com.", `a\.b\032c.example.`, ".", "*.example."} {
		n, err := ParseName(c)
		t.Log(n.String(), n.Labels(), n.Parent(), err)
	}
	_, err := ParseName("www")
	t.Log(err)
	for _, c := range [][2]string{{"A", "1.2.3.4"}, {"A", ""}, {"A", "1.2.3"}, {"CNAME", "foo"}, {"CNAME", "Foo.Example."}, {"TXT", `"a b" c`}, {"MX", "10 mail.Example."}, {"HTTPS", "1 . alpn=h2"}, {"SRV", "1 2 3 a.example."}, {"A", "1.2.3.4 ; x"}, {"TYPE999", `\# 2 abcd`}, {"A", "1.2.3.4 5"}, {"LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"}, {"SSHFP", "1 1 abcdef"}, {"CAA", `0 issue "x"`}, {"NAPTR", `10 10 "u" "" "!^.*$!x!" .`}, {"DS", "1 8 2 abcd"}, {"TLSA", "3 1 1 abcd"}} {
		ty, _ := ParseType(c[0])
		d, err := ParseRdata(ty, c[1], "")
		t.Logf("%v %v -> %q %v %v", c[0], c[1], d, RdataText(ty, d), err)
	}
}
