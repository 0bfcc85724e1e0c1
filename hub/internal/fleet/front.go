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

// moves says where a record leads a compartment, as the guard's own table does. The record's To goes before it.
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
	journal.ReopenIntent:   Intent,
	journal.ReopenFailed:   Quarantine,
	journal.TakenOut:       Empty,
	journal.Quarantined:    Quarantine,
}

// Apply folds one record. It is false when the record names a compartment that the locker does not have.
func (f Front) Apply(r journal.Record) (known bool) {
	if r.Compartment == 0 {
		return true
	}
	before, known := f[r.Compartment]
	if !known {
		return false
	}
	if r.Kind == journal.Stored {
		f.forget(r)
	}
	if after := before.apply(r); after != before {
		after.Record = r.Number
		f[r.Compartment] = after
	}
	return true
}

// forget takes a parcel that was just stored out of the quarantined compartments where it was thought to be.
func (f Front) forget(r journal.Record) {
	for number, c := range f {
		if c.State == Quarantine && c.Parcel == r.Parcel && number != r.Compartment {
			c.Parcel, c.Record = "", r.Number
			f[number] = c
		}
	}
}

func (c Compartment) apply(r journal.Record) Compartment {
	if r.Kind == journal.Faulted {
		c.Faulted = true
		return c
	}
	to, moved := moves[r.Kind]
	if !moved {
		return c
	}
	if state := CompartmentState(r.To); state.valid() {
		to = state
	}
	c.Parcel = c.holds(r, to)
	c.State = to
	return c
}

// holds says which parcel is known inside after a record: none where the courier has it still, or where nothing was inside.
func (c Compartment) holds(r journal.Record, to CompartmentState) string {
	switch {
	case to == Empty, r.Kind == journal.DepositFailed && StillInHand(r.Reason), r.Kind == journal.Quarantined && c.State == Empty:
		return ""
	case r.Parcel != "":
		return r.Parcel
	}
	return c.Parcel
}

// StillInHand says whether a deposit failed for a reason that leaves the parcel in the courier's hands: the compartment was too
// small for it, or not empty.
func StillInHand(reason string) bool { return reason == "too small" || reason == "not empty" }

func (c Compartment) usable() bool { return c.State == Empty && !c.Faulted }

func (s CompartmentState) valid() bool {
	switch s {
	case Empty, Intent, Occupied, Collecting, Quarantine:
		return true
	}
	return false
}
