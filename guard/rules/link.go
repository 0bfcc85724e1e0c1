package rules

import (
	"crypto/sha256"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// FromLink is what the link brought: a numbered statement of the down stream, or a time key's receipt (Number 0).
type FromLink struct {
	At       int64
	Entropy  [32]byte
	Number   uint64
	Envelope []byte
}

// Verdict is the answer to the link.
type Verdict struct {
	Accepted bool
	Reason   string
}

// maxExpected bounds the parcels a guard expects at a time, whatever dispatch signs.
const maxExpected = 1000

// FromLink judges what the link brought. It sees the facts and what was heard about the time, and gives back records to write:
// there is no effect here, no visit and no prompt, so nothing that comes over the network can end in a pulse.
func (r *Rules) FromLink(f Facts, h Heard, e FromLink) (Heard, []journal.Entry, Verdict) {
	typ, err := statement.Peek(e.Envelope)
	if err != nil {
		return h, nil, Verdict{Reason: statement.Reason(err)}
	}
	switch typ {
	case statement.TypeReceipt:
		return f.receipt(h, e)
	case statement.TypeManifest:
		entries, verdict := f.manifest(e)
		return h, entries, verdict
	}
	return h, nil, Verdict{Reason: "typ"}
}

// receipt sets the clock where two agree. Receipts that change little are believed and not written.
func (f *Facts) receipt(h Heard, e FromLink) (Heard, []journal.Entry, Verdict) {
	r, key, err := statement.Verify[statement.Receipt](e.Envelope, f.Network.Time.Lookup)
	if err != nil {
		return h, nil, Verdict{Reason: statement.Reason(err)}
	}
	if r.Locker != f.Locker.ID {
		return h, nil, Verdict{Reason: "locker"}
	}
	if r.Boot != f.Boot {
		return h, nil, Verdict{Reason: "boot"} // of a head from before a power cut: how long ago nobody can say
	}
	h, low, high, reason := h.receive(r, f.Network.Time.Person(key.ID()), e.At)
	if reason != "" {
		return h, nil, Verdict{Reason: reason}
	}
	known, knownHigh := f.time(e.At)
	low = max(low, known)
	if high == 0 || knownHigh > 0 && e.At-f.TimeSet < Hour && low-known < Minute && knownHigh-high < Minute {
		return h, nil, Verdict{Accepted: true}
	}
	sum := sha256.Sum256(e.Envelope)
	entry := f.entry(journal.Record{Kind: journal.TimeSet, Low: low, High: max(low, high), Statement: sum[:]}, e.At, &entropy{})
	return h, []journal.Entry{entry}, Verdict{Accepted: true}
}

// manifest takes the next numbered statement. A genuine one uses up its number even when it comes too late to be followed.
func (f *Facts) manifest(e FromLink) ([]journal.Entry, Verdict) {
	m, _, err := statement.Verify[statement.Manifest](e.Envelope, f.Network.Dispatch.Lookup)
	switch {
	case err != nil:
		return nil, Verdict{Reason: statement.Reason(err)}
	case m.Locker != f.Locker.ID:
		return nil, Verdict{Reason: "locker"}
	case m.Number != e.Number || m.Number != f.Down+1:
		return nil, Verdict{Reason: "number"}
	}
	random := &entropy{seed: e.Entropy}
	sum := sha256.Sum256(e.Envelope)
	refused := func(reason string) ([]journal.Entry, Verdict) {
		r := journal.Record{Kind: journal.Refused, Down: m.Number, Statement: sum[:], Reason: reason}
		return []journal.Entry{f.entry(r, e.At, random)}, Verdict{Reason: reason}
	}
	low, _ := f.time(e.At)
	if low > m.Until {
		return refused("late")
	}
	if f.outside(m.From, m.Until, e.At) {
		return refused("early")
	}
	if _, ok := f.Network.Carrier(m.Carrier); !ok {
		return refused("carrier")
	}
	more := f.expectMore(m)
	if len(f.expectedWith(more, low)) > maxExpected {
		return refused("too many")
	}
	r := journal.Record{Kind: journal.Took, Down: m.Number, Statement: sum[:], Carrier: m.Carrier}
	return []journal.Entry{f.entry(r, e.At, random, statement.Encode(more))}, Verdict{Accepted: true}
}

// expectMore leaves out parcels that are inside already.
func (f *Facts) expectMore(m statement.Manifest) []Expected {
	more := []Expected{}
	for _, p := range m.Parcels {
		inside := false
		for i := range f.Compartments {
			c := &f.Compartments[i]
			inside = inside || c.Parcel == p.Barcode && (c.Occupancy == Occupied || c.Occupancy == Collecting)
		}
		if !inside {
			more = append(more, Expected{p, m.Carrier, m.Until})
		}
	}
	return more
}
