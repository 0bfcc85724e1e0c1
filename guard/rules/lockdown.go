package rules

import (
	"crypto/sha256"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Lockdown is the record that began one. While it stands no occupied compartment opens.
type Lockdown struct {
	Record uint64 // 0 for none
	Hash   statement.Hash
	Reason string
}

// Forced is the last opening that nobody commanded.
type Forced struct {
	Compartment uint16
	Powered     int64
}

const (
	uncommanded = "uncommanded"

	forcedAgain = 10 * Minute // a second forced door within it is a lockdown
	foreignNear = 10 * Minute // for how long after a foreign address was heard its cause stands
	maxFaulted  = 2
)

// lockdown is raised by what the guard itself sees, never by a message.
func (d *decision) lockdown(reason string, compartment uint16) {
	if d.Lockdown.Record == 0 {
		d.write(journal.Record{Kind: journal.Lockdown, Reason: reason, Compartment: compartment})
	}
}

// judgeForced raises a lockdown where a forced door is not the only one: a second within ten minutes, or one that moved within
// the window of a pulse that was meant for another.
func (d *decision) judgeForced(i int, before Forced) {
	number := d.Compartments[i].Number
	switch {
	case d.pulsed.at > 0 && d.pulsed.compartment != i && d.inWindow(d.Doors[i].OpenFrom):
		d.lockdown("a second door moved with a pulse", number)
	case before.Powered > 0 && before.Compartment != number && d.now-before.Powered < forcedAgain:
		d.lockdown("a second uncommanded door", number)
	}
}

func (d *decision) inWindow(at int64) bool { return at >= d.pulsed.at && at <= d.pulsed.at+openTime }

// foreign is a board on the bus that the certificate does not know.
func (d *decision) foreign(f Foreign) {
	if d.StorageBroken {
		return
	}
	if d.foreignAt == 0 || d.now-d.foreignAt > foreignNear {
		d.alarm("a foreign address on the bus", 0)
	}
	d.foreignAt = d.now
	d.lockdown("a foreign address on the bus", 0)
}

// fault takes a door out of use until a technician has tried it. A third one is a lockdown: the one-door rule ignores them.
func (d *decision) fault(number uint16, reason string) {
	d.write(journal.Record{Kind: journal.Faulted, Compartment: number, Reason: reason})
	if d.faulted() > maxFaulted {
		d.lockdown("a third faulted door", number)
	}
}

func (f *Facts) faulted() (n int) {
	for _, c := range f.Compartments {
		if c.Faulted {
			n++
		}
	}
	return n
}

// causeStands says that what may have raised a lockdown can still be seen.
func (s *State) causeStands(now int64) bool {
	if !s.Settled || s.Locker.Inputs.Case != nil && s.Inputs.Case != Closed {
		return true
	}
	if s.foreignAt > 0 && now-s.foreignAt < foreignNear || s.faulted() > maxFaulted {
		return true
	}
	for i, door := range s.Doors {
		if door.Switch != Closed && s.Compartments[i].usable() && (s.visit == nil || s.visit.compartment != i) {
			return true
		}
	}
	return false
}

// lift judges two operators' word that a lockdown is over. It may come by the link or by the scanner; it opens nothing.
func (s *State) lift(envelopes [][]byte, now int64) (journal.Record, string) {
	l, persons, err := statement.VerifyLift(envelopes, s.Network)
	switch {
	case err != nil:
		return journal.Record{}, statement.Reason(err)
	case l.Locker != s.Locker.ID:
		return journal.Record{}, "locker"
	case s.Lockdown.Record == 0 || l.Record != s.Lockdown.Record || l.Hash != s.Lockdown.Hash:
		return journal.Record{}, "record"
	case s.causeStands(now):
		return journal.Record{}, "cause"
	}
	sum := sha256.Sum256(envelopes[0])
	return journal.Record{Kind: journal.Lifted, Reason: s.Lockdown.Reason, Persons: persons, Statement: sum[:]}, ""
}
