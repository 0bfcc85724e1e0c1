package fleet

import (
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/parcel"
)

// Front is a locker's compartments by number: the fold of its records. It is pure.
type Front map[uint16]Compartment

// NewFront is the front of a locker that was just provisioned: everything is empty.
func NewFront(certificate statement.Locker) Front {
	f := Front{}
	for _, c := range certificate.Compartments {
		f[c.Number] = Compartment{Number: c.Number, Size: parcel.Size(c.Size), Low: c.Low, State: Empty}
	}
	return f
}

// moves says where a record leads a compartment. The record's To goes before it.
var moves = map[journal.Kind]CompartmentState{
	journal.DepositIntent:  Intent,
	journal.Stored:         Occupied,
	journal.DepositFailed:  Quarantine,
	journal.CollectIntent:  Collecting,
	journal.Collected:      Empty,
	journal.CollectFailed:  Occupied,
	journal.WithdrawIntent: Collecting,
	journal.Withdrawn:      Empty,
	journal.WithdrawFailed: Occupied,
	journal.TakenOut:       Empty,
	journal.Quarantined:    Quarantine,
}

// Apply folds one record and gives the compartments it changed. known is false when the record names a compartment that the
// locker does not have.
func (f Front) Apply(r journal.Record) (changed []Compartment, known bool) {
	if r.Kind == journal.Booted {
		return f.boot(r), true
	}
	if r.Compartment == 0 {
		return nil, true
	}
	before, known := f[r.Compartment]
	if !known {
		return nil, false
	}
	after := before.apply(r)
	if after == before {
		return nil, true
	}
	after.Record = r.Number
	f[r.Compartment] = after
	return []Compartment{after}, true
}

// boot is what a guard makes of work that a power cut interrupted (doors.md R4).
func (f Front) boot(r journal.Record) (changed []Compartment) {
	for number, c := range f {
		switch c.State {
		case Intent:
			c.State = Quarantine
		case Collecting:
			c.State = Occupied
		default:
			continue
		}
		c.Record = r.Number
		f[number] = c
		changed = append(changed, c)
	}
	return changed
}

func (c Compartment) apply(r journal.Record) Compartment {
	if r.Kind == journal.Faulted {
		c.Faulted = true
		return c
	}
	to, moved := moves[r.Kind]
	if !moved || c.again(r) {
		return c
	}
	if state := CompartmentState(r.To); state.valid() {
		to = state
	}
	c.State = to
	switch {
	case to == Empty:
		c.Parcel = ""
	case r.Parcel != "":
		c.Parcel = r.Parcel
	}
	return c
}

// again says whether the record is about an empty compartment that a credential opens once more within its grace.
func (c Compartment) again(r journal.Record) bool {
	return c.State == Empty && (r.Kind == journal.CollectIntent || r.Kind == journal.CollectFailed)
}

func (c Compartment) usable() bool { return c.State == Empty && !c.Faulted }

func (s CompartmentState) valid() bool {
	switch s {
	case Empty, Intent, Occupied, Collecting, Quarantine:
		return true
	}
	return false
}
