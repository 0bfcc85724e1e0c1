package rules

import (
	"crypto/sha256"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// overriding is the one challenge that an override may answer. It dies with its pulse, after half an hour, and on a reboot.
type overriding struct {
	challenge statement.Challenge
	envelope  []byte
	made      int64
	alarmed   bool // it came too early for the budget, and an alarm has said so
}

const (
	overrideTime = 30 * Minute
	overrideAge  = 10 * Minute // an older challenge gives way to a new one
	confirmTime  = 3 * Minute  // for the technician to say what is inside

	emptied     = "emptied"
	stillInside = "still inside"
	asBefore    = "as before"
)

// challengeOverride shows the challenge that is outstanding, or draws one. Asking again and again therefore takes nothing away
// from whoever is having it signed.
func (d *decision) challengeOverride() (door.Reason, int64) {
	if d.StorageBroken || !d.Settled {
		return door.OutOfOrder, 0
	}
	if d.override != nil && d.now-d.override.made < overrideAge || d.overrideVisit() {
		return "", 0
	}
	c, envelope, err := d.newChallenge(statement.ForOverride)
	if err != nil {
		return door.OutOfOrder, 0
	}
	d.override = &overriding{challenge: c, envelope: envelope, made: d.now}
	return "", 0
}

func (d *decision) overrideVisit() bool { return d.busy() && d.visit.errand == door.Overriding }

// cosignedHere judges what several persons have signed and somebody shows to the scanner: an override, or a lift.
func (d *decision) cosignedHere(raw []byte) (door.Reason, int64) {
	b, err := statement.DecodeBundle(raw)
	if err != nil {
		return door.Malformed, 0
	}
	if d.StorageBroken {
		return door.OutOfOrder, 0
	}
	if typ, _ := statement.Peek(b.Envelopes[0]); typ == statement.TypeLift {
		r, reason := d.lift(b.Envelopes, d.now)
		switch reason {
		case "":
			d.write(r)
			return "", 0
		case "cause":
			return door.LockedDown, 0
		}
		return door.NotBelieved, 0
	}
	return d.askOverride(b.Envelopes)
}

func (d *decision) askOverride(envelopes [][]byte) (door.Reason, int64) {
	o, persons, err := statement.VerifyOverride(envelopes, d.Network)
	if err != nil || d.override == nil || !o.Answers(d.override.challenge) || d.now-d.override.made > overrideTime {
		return door.NotBelieved, 0
	}
	if d.busy() {
		return door.Busy, 0
	}
	at := d.find(o.Compartment)
	if at < 0 {
		return door.NotHere, 0
	}
	sum := sha256.Sum256(envelopes[0])
	reason, wait := d.begin(visit{errand: door.Overriding, compartment: at, class: ClassOverride, parcel: o.Parcel, persons: persons,
		nonce: o.Nonce, statement: sum[:], reason: o.Reason})
	if reason == door.Budget && !d.override.alarmed {
		again := *d.override
		again.alarmed, d.override = true, &again
		d.alarm("too many overrides", o.Compartment)
	}
	return reason, wait
}

// mayOverride: what is inside is what the operators were told. Behind an empty door there is nothing for them.
func (d *decision) mayOverride(v *visit, c *Compartment) door.Reason {
	if d.override == nil || d.now-d.override.made > overrideTime {
		return door.NotBelieved
	}
	if c.Occupancy != Occupied && c.Occupancy != Quarantine || c.Parcel != v.parcel {
		return door.NotHere
	}
	if c.Untested { // behind an exchanged board the pulse could go to another door
		return door.OutOfOrder
	}
	return ""
}

// closedOverride waits for the technician's word, unless it has been said at the open door.
func (d *decision) closedOverride() {
	inside := d.Doors[d.visit.compartment].Inside
	r := d.result(journal.Overridden, d.visit.reason)
	r.Persons = d.visit.persons
	switch {
	case d.visit.ending == "":
		d.stage(door.Say, confirmTime)
	case d.visit.ending == emptied && inside != Something:
		r.To = string(Empty)
		d.write(r)
		d.end(door.Done, emptied)
	default:
		r.To = string(Occupied)
		if d.at().Occupancy == Intent {
			r.To = string(Quarantine)
		}
		d.write(r)
		d.end(door.Done, asBefore)
	}
}

// confirm takes the technician's word for what an override's compartment holds now: the same person's who signed the override,
// over the same challenge.
func (d *decision) confirm(s statement.Service, person statement.Person) door.Reason {
	v := d.visit
	if v == nil || v.errand != door.Overriding || v.stage != door.Open && v.stage != door.Say {
		return door.NotNow
	}
	if s.Nonce != v.nonce || person != v.persons[len(v.persons)-1] {
		return door.NotBelieved
	}
	ending := stillInside
	if s.Task == statement.TaskEmpty {
		ending = emptied
	}
	d.change(func(v *visit) { v.ending = ending })
	if v.stage == door.Say {
		d.closedOverride()
	}
	return ""
}
