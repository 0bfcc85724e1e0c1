package rules

import (
	"crypto/sha256"
	"slices"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// FromLink is what the link brought: a numbered statement of the down stream, a time key's receipt, a payment, or what several
// persons have signed (a lift, a charter). Only the first has a number.
type FromLink struct {
	At        int64
	Entropy   [32]byte
	Number    uint64
	Envelopes [][]byte // over one payload; one of them but for a lift or a charter
}

// Verdict is the answer to the link.
type Verdict struct {
	Accepted bool
	Reason   string
}

// FromLink judges what the link brought. It sees the state and what was heard about the time, and gives back records to write:
// there is no effect here, no visit and no prompt, so nothing that comes over the network can end in a pulse.
func (r *Rules) FromLink(s State, h Heard, e FromLink) (Heard, []journal.Entry, Verdict) {
	if len(e.Envelopes) == 0 {
		return h, nil, Verdict{Reason: "frame"}
	}
	typ, err := statement.Peek(e.Envelopes[0])
	if err != nil {
		return h, nil, Verdict{Reason: statement.Reason(err)}
	}
	var entries []journal.Entry
	var verdict Verdict
	switch typ {
	case statement.TypeReceipt:
		return s.receipt(h, e)
	case statement.TypeManifest:
		entries, verdict = numbered(&s.Facts, e, statement.Verify[statement.Manifest], s.manifest(e))
	case statement.TypeRestriction:
		entries, verdict = numbered(&s.Facts, e, statement.Verify[statement.Restriction], r.restriction(&s.Facts, e))
	case statement.TypePermit:
		entries, verdict = numbered(&s.Facts, e, statement.Verify[statement.Permit], r.permit(&s.Facts, e))
	case statement.TypePaid:
		record, reason := s.paid(e.Envelopes[0])
		entries, verdict = s.cosigned(e, record, reason)
	case statement.TypeLift:
		record, reason := s.lift(e.Envelopes, e.At)
		entries, verdict = s.cosigned(e, record, reason)
	case statement.TypeCharter:
		entries, verdict = s.cosigned(e, journal.Record{Kind: journal.Chartered, Charter: e.Envelopes}, s.mayCharter(e.Envelopes))
	default:
		entries, verdict = numbered(&s.Facts, e, statement.VerifyUnknown, unknown)
	}
	return h, entries, verdict
}

// cosigned is the one record that follows from a statement without a number, or none.
func (f *Facts) cosigned(e FromLink, r journal.Record, reason string) ([]journal.Entry, Verdict) {
	if reason != "" {
		return nil, Verdict{Reason: reason}
	}
	return []journal.Entry{f.entry(r, e.At, &entropy{seed: e.Entropy})}, Verdict{Accepted: true}
}

// mayCharter is why a charter does not follow the one that holds, if it does not.
func (f *Facts) mayCharter(envelopes [][]byte) string {
	if _, err := statement.VerifyNextCharter(envelopes, f.Network); err != nil {
		return statement.Reason(err)
	}
	return ""
}

// paid judges a payment key's word. A second one for the same parcel says nothing new.
func (f *Facts) paid(envelope []byte) (journal.Record, string) {
	p, _, err := statement.Verify[statement.Paid](envelope, f.Network.Payments.Lookup)
	if err != nil {
		return journal.Record{}, statement.Reason(err)
	}
	if p.Locker != f.Locker.ID {
		return journal.Record{}, "locker"
	}
	i := slices.IndexFunc(f.Compartments, func(c Compartment) bool {
		return c.Parcel == p.Barcode && (c.Occupancy == Occupied || c.Occupancy == Quarantine)
	})
	switch {
	case i < 0:
		return journal.Record{}, "not here"
	case !f.Compartments[i].unpaid():
		return journal.Record{}, "not due"
	}
	sum := sha256.Sum256(envelope)
	return journal.Record{Kind: journal.Paid, Compartment: f.Compartments[i].Number, Parcel: p.Barcode, Statement: sum[:]}, ""
}

// receipt sets the clock where two agree. Receipts that change little are believed and not written.
func (f *Facts) receipt(h Heard, e FromLink) (Heard, []journal.Entry, Verdict) {
	r, key, err := statement.Verify[statement.Receipt](e.Envelopes[0], f.Network.Time.Lookup)
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
	sum := sha256.Sum256(e.Envelopes[0])
	entry := f.entry(journal.Record{Kind: journal.TimeSet, Low: low, High: max(low, high), Statement: sum[:]}, e.At, &entropy{})
	return h, []journal.Entry{entry}, Verdict{Accepted: true}
}
