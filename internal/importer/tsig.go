package importer

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 8945 6 still has it for what exists
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Key signs and verifies a transfer (RFC 8945).
type Key struct {
	Name      string // absolute, lower case
	Algorithm string // as "hmac-sha256."
	Secret    []byte
}

var hashes = map[string]func() hash.Hash{dns.HmacSHA1: sha1.New, dns.HmacSHA224: sha256.New224, dns.HmacSHA256: sha256.New, dns.HmacSHA384: sha512.New384, dns.HmacSHA512: sha512.New}

var bindKey = regexp.MustCompile(`(?s)key\s+"?([^"\s{]+)"?\s*\{(.*?)\}\s*;`)
var bindField = regexp.MustCompile(`(algorithm|secret)\s+"?([^";\s]+)"?\s*;`)

// maxKeyFile bounds a file of keys, in octets.
const maxKeyFile = 64 << 10

// ReadKey reads a TSIG key from a file: BIND's key "name" { algorithm hmac-sha256; secret "…"; };, or one line name:algorithm:secret (also
// algorithm:name:secret, as dig has it).
func ReadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%s: larger than a file with a key", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

func parseKey(text string) (*Key, error) {
	var name, algorithm, secret string
	if m := bindKey.FindStringSubmatch(text); m != nil {
		name = m[1]
		for _, f := range bindField.FindAllStringSubmatch(m[2], -1) {
			if f[1] == "algorithm" {
				algorithm = f[2]
			} else {
				secret = f[2]
			}
		}
	} else {
		parts := strings.Split(strings.TrimSpace(text), ":")
		if len(parts) != 3 {
			return nil, errors.New(`no key: write key "name" { algorithm hmac-sha256; secret "…"; }; or name:hmac-sha256:secret`)
		}
		name, algorithm, secret = parts[0], parts[1], parts[2]
		if hashes[strings.ToLower(dns.Fqdn(name))] != nil {
			name, algorithm = algorithm, name
		}
	}
	k := &Key{Name: strings.ToLower(dns.Fqdn(name)), Algorithm: strings.ToLower(dns.Fqdn(algorithm))}
	if hashes[k.Algorithm] == nil {
		return nil, fmt.Errorf("algorithm %q is none of hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384 and hmac-sha512", algorithm)
	}
	var err error
	if k.Secret, err = base64.StdEncoding.DecodeString(secret); err != nil || len(k.Secret) == 0 {
		return nil, errors.New("the secret is no base64") // never shown
	}
	if _, ok := dns.IsDomainName(k.Name); !ok {
		return nil, fmt.Errorf("%q is no name of a key", name)
	}
	return k, nil
}

var (
	errUnsigned = errors.New("the answer is not signed, or stopped being: somebody may have changed it")
	errMAC      = errors.New("the answer's signature does not fit the key")
	errClock    = errors.New("the answer was signed at another time: is one of the two clocks wrong?")
)

// maxUnsigned bounds the messages between two signed ones (RFC 8945 5.3.1).
const maxUnsigned = 99

// signer makes the signature of a request, for miekg/dns.
type signer struct{ key *Key }

// Generate signs.
func (s signer) Generate(msg []byte, _ *dns.TSIG) ([]byte, error) {
	sum := hmac.New(hashes[s.key.Algorithm], s.key.Secret)
	sum.Write(msg)
	return sum.Sum(nil), nil
}

// Verify is never asked: see verifier.
func (s signer) Verify([]byte, *dns.TSIG) error { return errMAC }

// verifier checks the signatures of the messages of one transfer, of which some may have none (RFC 8945 5.3.1).
type verifier struct {
	key      *Key
	mac      []byte // of the request, then of the signed message before
	unsigned []byte // messages since
	count    int
	first    bool
	now      func() time.Time
}

// message takes in one message as it came over the wire; msg is what it says.
func (v *verifier) message(raw []byte, msg *dns.Msg) error {
	tsig := msg.IsTsig()
	if tsig == nil {
		if v.count++; v.first || v.count > maxUnsigned {
			return errUnsigned
		}
		v.unsigned = append(v.unsigned, raw...)
		return nil
	}
	at, err := tsigStart(raw)
	if err != nil {
		return err
	}
	if strings.ToLower(tsig.Hdr.Name) != v.key.Name || strings.ToLower(tsig.Algorithm) != v.key.Algorithm {
		return errMAC
	}
	stripped := bytes.Clone(raw[:at])
	binary.BigEndian.PutUint16(stripped, tsig.OrigId)
	binary.BigEndian.PutUint16(stripped[10:], binary.BigEndian.Uint16(stripped[10:])-1)
	sum := hmac.New(hashes[v.key.Algorithm], v.key.Secret)
	sum.Write(binary.BigEndian.AppendUint16(nil, uint16(len(v.mac))))
	sum.Write(v.mac)
	sum.Write(v.unsigned)
	sum.Write(stripped)
	times := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(nil, tsig.TimeSigned)[2:], tsig.Fudge)
	if v.first {
		sum.Write(v.variables(tsig, times))
	} else {
		sum.Write(times)
	}
	mac, err := hex.DecodeString(tsig.MAC)
	if err != nil || !hmac.Equal(mac, sum.Sum(nil)) {
		return errMAC
	}
	if off := v.now().Unix() - int64(tsig.TimeSigned); off > int64(tsig.Fudge) || -off > int64(tsig.Fudge) {
		return errClock
	}
	v.mac, v.unsigned, v.count, v.first = mac, v.unsigned[:0], 0, false
	return nil
}

// variables are those of a record that is digested whole (RFC 8945 4.3.3).
func (v *verifier) variables(tsig *dns.TSIG, times []byte) []byte {
	var name [256]byte
	b := []byte{}
	n, _ := dns.PackDomainName(v.key.Name, name[:], 0, nil, false)
	b = append(b, name[:n]...)
	b = binary.BigEndian.AppendUint16(b, dns.ClassANY)
	b = binary.BigEndian.AppendUint32(b, 0)
	n, _ = dns.PackDomainName(v.key.Algorithm, name[:], 0, nil, false)
	b = append(append(b, name[:n]...), times...)
	other, _ := hex.DecodeString(tsig.OtherData)
	b = binary.BigEndian.AppendUint16(b, tsig.Error)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(other))), other...)
}

// end says whether the last message was a signed one.
func (v *verifier) end() error {
	if v.first || v.count > 0 {
		return errUnsigned
	}
	return nil
}

// tsigStart finds where the last record of a message begins.
func tsigStart(raw []byte) (int, error) {
	if len(raw) < 12 {
		return 0, errMAC
	}
	at := 12
	for range binary.BigEndian.Uint16(raw[4:]) {
		_, off, err := dns.UnpackDomainName(raw, at)
		if err != nil {
			return 0, err
		}
		at = off + 4
	}
	records := int(binary.BigEndian.Uint16(raw[6:])) + int(binary.BigEndian.Uint16(raw[8:])) + int(binary.BigEndian.Uint16(raw[10:]))
	start := 0
	for range records {
		start = at
		_, off, err := dns.UnpackDomainName(raw, at)
		if err != nil {
			return 0, err
		}
		if off+10 > len(raw) {
			return 0, errMAC
		}
		if at = off + 10 + int(binary.BigEndian.Uint16(raw[off+8:])); at > len(raw) {
			return 0, errMAC
		}
	}
	return start, nil
}
