package rules_test

import (
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// later is a numbered statement of a version after this one.
type later struct {
	Locker string `cbor:"1,keyasint,omitempty"`
	Number uint64 `cbor:"2,keyasint"`
	Wish   string `cbor:"3,keyasint"`
}

func (later) Type() statement.Type { return "lockstep/later" }
func (later) Check() error         { return nil }

// A statement of an unknown type from dispatch is refused, and the stream goes on after it. Whoever else sends one, or one of another
// place, moves nothing.
func TestUnknownStatementsUseUpTheirNumber(t *testing.T) {
	p := stocked(t, 4, 1)
	dispatch := p.network.Dispatch
	next := p.state.Down + 1
	wish := later{"l1", next, "open sesame"}
	for name, tt := range map[string]struct {
		number   uint64
		envelope []byte
		reason   string
	}{
		"a stranger's":         {next, p.sign(p.seed(), wish), "key"},
		"a time key's":         {next, p.sign(p.network.Time[0], wish), "key"},
		"a changed one":        {next, changed(p.sign(dispatch, wish)), "signature"},
		"another locker's":     {next, p.sign(dispatch, later{"l2", next, ""}), "locker"},
		"nobody's":             {next, p.sign(dispatch, later{"", next, ""}), "parse"},
		"one to come":          {next + 1, p.sign(dispatch, later{"l1", next + 1, ""}), "number"},
		"under another number": {next, p.sign(dispatch, later{"l1", next + 1, ""}), "number"},
		"not numbered":         {0, p.sign(dispatch, later{"l1", 0, ""}), "number"},
	} {
		if v := p.link(tt.number, tt.envelope); v.Accepted || v.Reason != tt.reason || p.state.Down != next-1 {
			t.Errorf("%s: %+v, down %d", name, v, p.state.Down)
		}
	}
	envelope := p.sign(dispatch, wish)
	if v := p.link(next, envelope); v.Accepted || v.Reason != "typ" || p.state.Down != next {
		t.Fatalf("%+v, down %d", v, p.state.Down)
	}
	if r := p.last(journal.Refused); r.Down != next || r.Reason != "typ" || len(r.Statement) == 0 {
		t.Errorf("%+v", r)
	}
	if v := p.link(next+1, envelope); v.Reason != "number" || p.state.Down != next {
		t.Errorf("again: %+v, down %d", v, p.state.Down)
	}
	if v := p.expect(parcel(2)); !v.Accepted || p.state.Down != next+1 {
		t.Errorf("the next manifest: %+v", v)
	}
}

// changed has another last byte.
func changed(envelope []byte) []byte {
	envelope[len(envelope)-1] ^= 1
	return envelope
}
