package rules

import (
	"crypto/sha256"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

const (
	// One numbered statement in ten seconds, after a burst: more than any honest hub sends, and a bound on what a hostile one
	// can make the journal grow by.
	downBurst    = 60
	downInterval = 10 * Second

	maxExpected = 1000 // parcels a guard expects at a time, whatever dispatch signs
	maxPermits  = 200
	maxRevoked  = 256

	pauseWindow     = 72 * Hour
	maxPaused       = 12 * Hour // in any window
	maxReissues     = 3         // of one parcel
	reissueInterval = 10 * Minute
	maxReissuesHour = 5 // of one locker
)

// Span is a pause, in powered time.
type Span struct{ From, Until int64 }

// Revocation is a courier's key that is not believed until every certificate it can have has ended.
type Revocation struct {
	Carrier string
	Key     statement.KeyID
	Until   int64 // µs UTC
}

// downWait is how long (µs) until the next numbered statement is looked at.
func (f *Facts) downWait(now int64) int64 { return max(0, f.DownPace-now-(downBurst-1)*downInterval) }

// addressed is a statement with a place in one locker's down stream.
type addressed interface {
	Addressed() (locker string, number uint64)
}

// reader is statement.Verify of one type, or VerifyUnknown.
type reader[T addressed] func(envelope []byte, lookup func(statement.KeyID) (statement.Key, bool)) (T, statement.Key, error)

// numbered judges the next statement of the down stream up to what its type decides. A genuine one uses up its number even
// when it cannot be followed, so that the stream goes on.
func numbered[T addressed](f *Facts, e FromLink, read reader[T], follow func(T) (r journal.Record, private []byte, reason string)) ([]journal.Entry, Verdict) {
	if f.downWait(e.At) > 0 {
		return nil, Verdict{Reason: "slow"}
	}
	s, _, err := read(e.Envelopes[0], f.Network.Dispatch.Lookup)
	if err != nil {
		return nil, Verdict{Reason: statement.Reason(err)}
	}
	locker, number := s.Addressed()
	switch {
	case locker != f.Locker.ID:
		return nil, Verdict{Reason: "locker"}
	case number != e.Number || number != f.Down+1:
		return nil, Verdict{Reason: "number"}
	}
	r, private, reason := follow(s)
	if reason != "" {
		r, private = journal.Record{Kind: journal.Refused, Reason: reason}, nil
	}
	sum := sha256.Sum256(e.Envelopes[0])
	r.Down, r.Statement = number, sum[:]
	random := &entropy{seed: e.Entropy}
	if private == nil {
		return []journal.Entry{f.entry(r, e.At, random)}, Verdict{Accepted: reason == "", Reason: reason}
	}
	return []journal.Entry{f.entry(r, e.At, random, private)}, Verdict{Accepted: true}
}

// unknown is a statement that a later version would follow: refused here, so that a newer hub does not hold up an older guard.
func unknown(statement.Unknown) (r journal.Record, private []byte, reason string) {
	return r, nil, "typ"
}

// timely is why a statement cannot be followed at this time, if it cannot.
func (f *Facts) timely(from, until, now int64) string {
	if low, _ := f.time(now); low > until {
		return "late"
	}
	if f.outside(from, until, now) {
		return "early"
	}
	return ""
}

func (f *Facts) manifest(e FromLink) func(statement.Manifest) (journal.Record, []byte, string) {
	return func(m statement.Manifest) (r journal.Record, private []byte, reason string) {
		if reason := f.timely(m.From, m.Until, e.At); reason != "" {
			return r, nil, reason
		}
		if _, ok := f.Network.Carrier(m.Carrier); !ok {
			return r, nil, "carrier"
		}
		low, _ := f.time(e.At)
		more := f.expectMore(m)
		if len(f.expectedWith(more, low)) > maxExpected {
			return r, nil, "too many"
		}
		return journal.Record{Kind: journal.Took, Carrier: m.Carrier}, statement.Encode(more), ""
	}
}

// expectMore leaves out parcels that are inside already.
func (f *Facts) expectMore(m statement.Manifest) []Expected {
	more := []Expected{}
	for _, p := range m.Parcels {
		if f.stored(p.Barcode) < 0 {
			more = append(more, Expected{p, m.Carrier, m.Until})
		}
	}
	return more
}

// stored is the compartment that holds a parcel, as far as the guard knows.
func (f *Facts) stored(barcode string) int {
	return slices.IndexFunc(f.Compartments, func(c Compartment) bool {
		return c.Parcel == barcode && (c.Occupancy == Occupied || c.Occupancy == Collecting)
	})
}

func (r *Rules) restriction(f *Facts, e FromLink) func(statement.Restriction) (journal.Record, []byte, string) {
	return func(s statement.Restriction) (journal.Record, []byte, string) {
		switch s.Kind {
		case statement.Pause:
			until := e.At + int64(s.Minutes)*Minute
			if f.pausedWith(e.At, until) > maxPaused {
				return journal.Record{}, nil, "too long"
			}
			return journal.Record{Kind: journal.Paused, Until: until}, nil, ""
		case statement.Block, statement.Unblock:
			return f.blocking(s)
		case statement.Extend:
			return f.extend(s)
		case statement.Reissue:
			return r.reissue(f, e, s.Barcode)
		}
		return f.revoke(s, e.At)
	}
}

func (f *Facts) blocking(s statement.Restriction) (journal.Record, []byte, string) {
	for _, number := range s.Compartments {
		if f.find(number) < 0 {
			return journal.Record{}, nil, "compartment"
		}
	}
	kind := journal.Blocked
	if s.Kind == statement.Unblock {
		kind = journal.Unblocked
	}
	return journal.Record{Kind: kind, Compartments: s.Compartments}, nil, ""
}

func (f *Facts) block(r journal.Record) {
	f.Compartments = slices.Clone(f.Compartments)
	for i := range f.Compartments {
		if c := &f.Compartments[i]; slices.Contains(r.Compartments, c.Number) {
			c.Blocked = r.Kind == journal.Blocked
		}
	}
}

// extend only ever moves a deadline away.
func (f *Facts) extend(s statement.Restriction) (journal.Record, []byte, string) {
	i := f.stored(s.Barcode)
	if i < 0 || f.Compartments[i].Occupancy != Occupied || f.Compartments[i].Outbound {
		return journal.Record{}, nil, "not here"
	}
	c := f.Compartments[i]
	if s.DwellHours <= c.Dwell {
		return journal.Record{}, nil, "not longer"
	}
	r := journal.Record{Kind: journal.Extended, Compartment: c.Number, Parcel: c.Parcel, Dwell: s.DwellHours}
	if c.Due > 0 {
		r.Due = c.Due + int64(s.DwellHours-c.Dwell)*Hour
	}
	return r, nil, ""
}

// reissue draws a new code for the same parcel; the old one dies in the same write. It is sealed to the notifier, which has
// the contact pinned.
func (r *Rules) reissue(f *Facts, e FromLink, barcode string) (journal.Record, []byte, string) {
	i := f.stored(barcode)
	if i < 0 || f.Compartments[i].Occupancy != Occupied || f.Compartments[i].Outbound {
		return journal.Record{}, nil, "not here"
	}
	c := f.Compartments[i]
	if c.Reissues >= maxReissues || c.Reissues > 0 && e.At-c.ReissuedAt < reissueInterval ||
		len(since(f.Reissues, e.At-Hour)) >= maxReissuesHour {
		return journal.Record{}, nil, "too many"
	}
	random := &entropy{seed: e.Entropy, used: 1 << 32} // its own stretch of it: the record's salt is drawn from the beginning
	code, macs := r.newCode(f, random)
	sealed, err := r.Seal(f.Network.Notifier, code, f.Locker.ID, f.Position.Number+1, barcode)
	if err != nil {
		return journal.Record{}, nil, "seal"
	}
	return journal.Record{Kind: journal.Reissued, Compartment: c.Number, Parcel: barcode, Sealed: sealed}, statement.Encode(macs), ""
}

func (f *Facts) reissue(c *Compartment, e journal.Entry) error {
	codes, err := codesOf(e)
	f.bury(c)
	c.Code, c.Secret = codes.Code, codes.Secret
	c.Reissues, c.ReissuedAt = c.Reissues+1, e.Record.Powered
	f.Reissues = append(since(f.Reissues, e.Record.Powered-Hour), e.Record.Powered)
	return err
}

// revoke remembers a courier's key until every certificate made for it before has ended.
func (f *Facts) revoke(s statement.Restriction, now int64) (journal.Record, []byte, string) {
	low, high := f.time(now)
	if high > 0 && s.At > high+earlySlack {
		return journal.Record{}, nil, "early"
	}
	if len(f.revoked(low)) >= maxRevoked {
		return journal.Record{}, nil, "too many"
	}
	return journal.Record{Kind: journal.Revoked, Carrier: s.Carrier, Key: s.Courier[:], Until: s.At + statement.MaxCourierTerm}, nil, ""
}

func (f *Facts) revoked(low int64) []Revocation {
	return slices.DeleteFunc(slices.Clone(f.Revoked), func(r Revocation) bool { return r.Until < low })
}

// isRevoked says that no certificate made for this key is believed now.
func (f *Facts) isRevoked(c statement.Courier, now int64) bool {
	low, _ := f.time(now)
	return slices.ContainsFunc(f.revoked(low), func(r Revocation) bool { return r.Carrier == c.Carrier && r.Key == c.Key.ID() })
}

// pausesWith ends the pause that goes on and begins one that ends at until; until = now only ends it. What has no length, or
// ended before any window that is still judged, is not kept.
func (f *Facts) pausesWith(now, until int64) (kept []Span) {
	keep := func(from, until int64) {
		if until > max(from, now-pauseWindow) {
			kept = append(kept, Span{from, until})
		}
	}
	for _, p := range f.Pauses {
		keep(p.From, min(p.Until, now))
	}
	keep(now, until)
	return kept
}

// pausedWith is how much of the 72 hours before until would be paused.
func (f *Facts) pausedWith(now, until int64) (sum int64) {
	for _, p := range f.pausesWith(now, until) {
		sum += max(0, p.Until-max(p.From, until-pauseWindow))
	}
	return sum
}

// pauseLeft is how long (µs) nothing opens, 0 when nothing is paused.
func (f *Facts) pauseLeft(now int64) int64 {
	if len(f.Pauses) == 0 {
		return 0
	}
	return max(0, f.Pauses[len(f.Pauses)-1].Until-now)
}

// Permit is a return permit that was believed: its code opens an empty compartment for one parcel.
type Permit struct {
	Barcode     string
	Size        uint8
	Low         bool
	Carrier     string
	From, Until int64 // µs UTC
	Code        MAC
	Tries       uint8
}

const (
	permit   = "permit" // as a record's credential
	maxTries = 3        // openings on one permit
)

func (r *Rules) permit(f *Facts, e FromLink) func(statement.Permit) (journal.Record, []byte, string) {
	return func(s statement.Permit) (none journal.Record, private []byte, reason string) {
		if reason := f.timely(s.From, s.Until, e.At); reason != "" {
			return none, nil, reason
		}
		if _, ok := f.Network.Carrier(s.Carrier); !ok {
			return none, nil, "carrier"
		}
		if f.stored(s.Barcode) >= 0 {
			return none, nil, "inside"
		}
		low, _ := f.time(e.At)
		if len(f.permits(low, s.Barcode)) >= maxPermits {
			return none, nil, "too many"
		}
		p := Permit{Barcode: s.Barcode, Size: s.Size, Low: s.Low, Carrier: s.Carrier, From: s.From, Until: s.Until, Code: r.mac(permit, []byte(s.Code))}
		return journal.Record{Kind: journal.Permitted, Parcel: s.Barcode, Carrier: s.Carrier, Until: s.Until}, statement.Encode(p), ""
	}
}

// permits are those that hold by the lower bound of the time, without the one for a barcode.
func (f *Facts) permits(low int64, without string) []Permit {
	return slices.DeleteFunc(slices.Clone(f.Permits), func(p Permit) bool { return p.Until < low || p.Barcode == without })
}

func (f Facts) permit(e journal.Entry) (Facts, error) {
	var p Permit
	if err := cbor.Unmarshal(e.Data(), &p); err != nil {
		return f, err
	}
	f.Permits = append(f.permits(f.Low, p.Barcode), p)
	return f, nil
}

// tryPermit counts an opening on a permit; after the last it is gone.
func (f *Facts) tryPermit(r journal.Record) {
	if r.Credential != permit {
		return
	}
	f.Permits = slices.Clone(f.Permits)
	for i := range f.Permits {
		if f.Permits[i].Barcode == r.Parcel {
			f.Permits[i].Tries++
		}
	}
	f.Permits = slices.DeleteFunc(f.Permits, func(p Permit) bool { return p.Tries >= maxTries })
}
