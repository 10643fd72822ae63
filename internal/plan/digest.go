package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxFile bounds a plan file, in octets: a hundred thousand changed names take some 60 MB.
const MaxFile = 256 << 20

// ErrDamaged is a plan file that is not as it was written.
var ErrDamaged = errors.New("the plan's digest does not match its content")

// Seal computes the digest: SHA-256 over the plan as JSON, without the digest itself, the time, the address and what is held, so that
// the same change of the same state has the same digest whenever and wherever it is planned.
func (p *Plan) Seal() error {
	digest, err := p.digest()
	p.Digest = digest
	return err
}

func (p *Plan) digest() (string, error) {
	bare := *p
	bare.Digest, bare.Made, bare.Against = "", time.Time{}, Against{Kind: p.Against.Kind}
	bare.Held, bare.HeldMore = nil, 0
	h := sha256.New()
	if err := bare.Write(h); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// Read reads a plan file whole and checks its digest.
func Read(r io.Reader) (*Plan, error) {
	limited := &io.LimitedReader{R: r, N: MaxFile + 1}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	var p Plan
	switch err := dec.Decode(&p); {
	case limited.N <= 0:
		return nil, fmt.Errorf("larger than %d MiB", MaxFile>>20)
	case err != nil:
		return nil, fmt.Errorf("this is no plan: %w", err)
	case p.Format != Format:
		return nil, fmt.Errorf("plan of format %d, this program reads %d: make it anew", p.Format, Format)
	}
	return &p, p.Check()
}

// Check compares the digest with the content.
func (p *Plan) Check() error {
	digest, err := p.digest()
	if err == nil && digest != p.Digest {
		err = ErrDamaged
	}
	return err
}
