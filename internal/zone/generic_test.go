package zone

import (
	"fmt"
	"strings"
	"testing"
)

// TestGenericData: data in the form of RFC 3597 5 is of a known type only if it is exactly that type's.
func TestGenericData(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`A \# 4 c0000201`:                   "c0000201",
		`A \# 3 c00002`:                     "",
		`MX \# 3 000a00`:                    "000a00",
		`MX \# 2 000a`:                      "",
		`MX \# 4 000a0000`:                  "",
		`MX \# 11 000a074558616d706c6500`:   "000a076578616d706c6500",
		`NS \# 1 00`:                        "00",
		`NS \# 2 0000`:                      "",
		`SRV \# 4 00000000`:                 "",
		`CAA \# 1 00`:                       "",
		`CAA \# 9 00056973737565785c`:       "00056973737565785c", // issue "x\"
		`CAA \# 11 0005697373 75655c303635`: "00056973737565" + "5c303635",
		`URI \# 7 000a0001 613a5c`:          "000a0001613a5c",
		`EUI48 \# 6 000000000000`:           "000000000000",
		`EUI48 00-00-00-00-00-00`:           "000000000000",
		`TXT "\\#"`:                         "025c23",
		`TYPE731 \# 2 0000`:                 "0000",
	} {
		kind, text, _ := strings.Cut(line, " ")
		typ, _ := ParseType(kind)
		data, err := ParseRdata(typ, text, Root)
		if got := fmt.Sprintf("%x", string(data)); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s, %v; want %q", line, got, err, want)
		}
	}
}
