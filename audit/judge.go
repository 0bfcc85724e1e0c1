package audit

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// reign is a charter and the record from which on the guard went by it.
type reign struct {
	from    uint64
	charter statement.Charter
}

// judge goes through the journal from its first record as the guard's rules would, up to the first that is wrong: what follows on
// that nobody can judge. Each record must follow from those before, and whoever it names must hold the role it takes.
func (a *audit) judge() {
	sound := a.firstWrong()
	var facts rules.Facts
	teller := newTeller()
	a.moments = moments(a.lines, a.location)
	for i, l := range a.lines {
		if l.bad != nil {
			continue
		}
		if l.place < sound && a.judged+1 == l.place {
			facts = a.step(facts, l)
		}
		if l.place > a.judged && l.record.Kind == journal.Chartered {
			a.reign(l) // not judged, but the guard says that it went by it
		}
		a.tell(teller, i)
	}
	a.openings = teller.all
}

// firstWrong is the first record that is wrong or under no signature.
func (a *audit) firstWrong() uint64 {
	first := uint64(math.MaxUint64)
	for _, f := range a.found {
		if f.Kind != Receipt {
			first = min(first, f.Record)
		}
	}
	for _, l := range a.lines {
		if !l.signed {
			return min(first, l.place)
		}
	}
	return first
}

// step judges one record and gives the facts after it.
func (a *audit) step(before rules.Facts, l line) rules.Facts {
	reason := follows(before, l.record)
	after, err := fold(before, l.record)
	if err != nil {
		a.find(Follows, l.place, l.file, "Record %d (%s) does not follow: %v.", l.place, l.record.Kind, err)
		return before // and nothing after it is judged
	}
	a.judged = l.place
	if reason == nil {
		reason = authority(before, l.record)
	}
	if reason != nil {
		a.find(Follows, l.place, l.file, "Record %d (%s) does not follow: %v.", l.place, l.record.Kind, reason)
	}
	if after.Network.Epoch != before.Network.Epoch {
		a.reign(l)
	}
	return after
}

// reign takes note of a charter that the guard goes by from a record on. It must be one of those given, or be signed by the roots of
// the one before.
func (a *audit) reign(l line) {
	if len(l.record.Charter) == 0 {
		return
	}
	c, err := statement.ReadUnverified[statement.Charter](l.record.Charter[0])
	if err != nil {
		return
	}
	a.reigns = append(a.reigns, reign{l.place, c})
	for _, given := range a.charters {
		switch {
		case given.Epoch != c.Epoch:
		case bytes.Equal(statement.Encode(given), statement.Encode(c)):
			return
		default:
			a.find(Charter, l.place, l.file, "Record %d holds another charter of epoch %d than the one given: the roots have signed two.", l.place, c.Epoch)
			return
		}
	}
	if l.record.Kind == journal.Provisioned {
		a.find(Charter, l.place, l.file, "Record %d rests on the charter of epoch %d, which is not among those given.", l.place, c.Epoch)
	}
}

// charterAt is what the guard went by when it wrote a record.
func (a *audit) charterAt(record uint64) (c statement.Charter) {
	for _, r := range a.reigns {
		if r.from <= record {
			c = r.charter
		}
	}
	return c
}

// fold is the guard's own fold. Auditors have no private parts; what they would bring (codes, what a manifest lists) does not
// decide what a record may follow.
func fold(f rules.Facts, r journal.Record) (rules.Facts, error) {
	return f.Fold(journal.Entry{Record: r, Private: append(make([]byte, 16), private(f, r)...)})
}

func private(f rules.Facts, r journal.Record) []byte {
	switch r.Kind {
	case journal.Took:
		return statement.Encode([]rules.Expected{})
	case journal.Stored, journal.Reissued:
		return statement.Encode(struct{}{})
	case journal.Permitted:
		return statement.Encode(rules.Permit{Barcode: r.Parcel, Carrier: r.Carrier, From: r.Low, Until: r.Until})
	case journal.Checkpoint:
		f.Network, f.Locker = statement.Charter{}, statement.Locker{}
		return statement.Encode(f)
	}
	return nil
}

// follows says why a record cannot be the next as far as numbers and clocks go.
func follows(f rules.Facts, r journal.Record) error {
	boot := f.Boot
	if r.Kind == journal.Booted {
		boot++
	}
	switch {
	case r.Number != f.Position.Number+1:
		return fmt.Errorf("it calls itself record %d", r.Number)
	case r.Prev != f.Position.Hash:
		return errors.New("it does not hold the hash of the record before")
	case r.Boot != boot:
		return fmt.Errorf("boot %d after boot %d", r.Boot, f.Boot)
	case r.Powered < f.Powered:
		return errors.New("the powered clock went back")
	case r.High > 0 && r.High < r.Low:
		return errors.New("its bounds of the time contradict each other")
	}
	low := f.Head(r.Powered).Low
	switch r.Kind {
	case journal.Booted:
		if r.Low != f.Low || r.High != 0 {
			return errors.New("after a power cut the time is known from below only, and no better than before")
		}
	case journal.TimeSet:
		if r.Low < low {
			return errors.New("the lower bound of the time went back")
		}
	default:
		if r.Low != low {
			return errors.New("its lower bound of the time is not that of the record before and the powered time since")
		}
	}
	return nil
}
