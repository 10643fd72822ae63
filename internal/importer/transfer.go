package importer

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// Transfer asks a server for a zone (AXFR, RFC 5936).
type Transfer struct {
	Server string // host:port
	Zone   zone.Name
	Key    *Key // nil for none

	Wait  time.Duration // for the connection, and for each message
	Total time.Duration // for all
	Limit int64         // octets of all messages
}

// Bounds of a transfer that says none.
const (
	TransferWait  = 30 * time.Second
	TransferTotal = time.Hour
	TransferLimit = 2 << 30
)

var errEarly = errors.New("the connection ended before the zone did: its last record must be its SOA again")

// Transfer reads a zone from a server. What comes out is whole, or an error: it begins and ends with the same SOA.
func (r *Reading) Transfer(ctx context.Context, t Transfer) error {
	ctx, cancel := context.WithTimeout(ctx, t.Total)
	defer cancel()
	conn, err := (&net.Dialer{Timeout: t.Wait}).DialContext(ctx, "tcp", t.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	err = r.transfer(t, conn)
	r.flush(t.Server)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%s: %w", t.Server, context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.Server, err)
	}
	return nil
}

func (r *Reading) transfer(t Transfer, conn net.Conn) error {
	query := new(dns.Msg)
	query.SetAxfr(t.Zone.String())
	raw, err := query.Pack()
	var check *verifier
	if t.Key != nil {
		raw, check, err = sign(query, t.Key)
	}
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(t.Wait)); err != nil {
		return err
	}
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(raw))), raw...)); err != nil {
		return err
	}
	in := answers{r: r, zone: t.Zone, place: Place{File: t.Server}}
	left := t.Limit
	for !in.done {
		if err := conn.SetDeadline(time.Now().Add(t.Wait)); err != nil {
			return err
		}
		raw, err := readMessage(conn)
		if err != nil {
			return err
		}
		if left -= int64(len(raw)); left < 0 {
			return fmt.Errorf("more than %d octets: raise --max-size", t.Limit)
		}
		msg := new(dns.Msg)
		if err := msg.Unpack(raw); err != nil {
			return err
		}
		if msg.Id != query.Id || !msg.Response {
			return errors.New("the answer is to another question")
		}
		if msg.Rcode != dns.RcodeSuccess {
			return fmt.Errorf("refused with %s%s", dns.RcodeToString[msg.Rcode], tsigError(msg))
		}
		if check != nil {
			if err := check.message(raw, msg); err != nil {
				return err
			}
		}
		if err := in.message(msg); err != nil {
			return err
		}
	}
	if check != nil {
		return check.end()
	}
	return nil
}

func tsigError(msg *dns.Msg) string {
	if t := msg.IsTsig(); t != nil && t.Error != 0 {
		return " (TSIG: " + dns.RcodeToString[int(t.Error)] + ")"
	}
	return ": does the server allow transfers to this host, or with this key?"
}

func sign(query *dns.Msg, key *Key) ([]byte, *verifier, error) {
	query.SetTsig(key.Name, key.Algorithm, 300, time.Now().Unix())
	raw, mac, err := dns.TsigGenerateWithProvider(query, signer{key}, "", false)
	if err != nil {
		return nil, nil, err
	}
	v := &verifier{key: key, first: true, now: time.Now}
	if v.mac, err = hex.DecodeString(mac); err != nil {
		return nil, nil, err
	}
	return raw, v, nil
}

func readMessage(conn net.Conn) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, early(err)
	}
	raw := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, raw); err != nil {
		return nil, early(err)
	}
	return raw, nil
}

func early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errEarly
	}
	return err
}

// answers takes in the records of a transfer.
type answers struct {
	r     *Reading
	zone  zone.Name
	place Place
	soa   *zone.Rdata // the first
	done  bool
}

func (a *answers) message(msg *dns.Msg) error {
	if len(msg.Answer) == 0 {
		return errors.New("a message without records")
	}
	for _, rr := range msg.Answer {
		if a.done {
			return errors.New("records after the last SOA")
		}
		if err := a.record(rr); err != nil {
			return err
		}
	}
	return nil
}

func (a *answers) record(rr dns.RR) error {
	h := rr.Header()
	owner, err := zone.ParseName(h.Name)
	if err != nil {
		return err
	}
	data, err := zone.RdataReceived(rr)
	switch t := zone.Type(h.Rrtype); {
	case a.soa == nil && (t != zone.TypeSOA || owner != a.zone):
		return errors.New("the first record is not the zone's SOA")
	case h.Class != dns.ClassINET || !owner.Under(a.zone) || h.Ttl > zone.MaxTTL || err != nil:
		p := a.place.problem("bad-record", fmt.Sprintf("%s: class, owner, TTL or data cannot be served", t), "")
		p.Name = owner.String()
		a.r.problem(p)
	case t == zone.TypeSOA && a.soa != nil:
		if a.done = true; owner != a.zone || *a.soa != data {
			return errors.New("the zone changed while it was transferred: its last SOA is not its first")
		}
	default:
		if t == zone.TypeSOA {
			a.soa = &data
		}
		a.r.add(owner, t, h.Ttl, data, a.place)
	}
	return nil
}
