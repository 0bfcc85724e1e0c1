package fleet

import (
	"fmt"
	"slices"

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
		f[c.Number] = Compartment{Number: c.Number, Size: parcel.Size(c.Size), Low: c.Low, Board: c.Board, State: Empty}
	}
	return f
}

// move is one row of a compartment's life.
type move struct {
	kind journal.Kind
	from CompartmentState
	to   CompartmentState
}

// moves says where a record leads a compartment, as the guard's own table does. The record's To goes before it.
var moves = []move{
	{journal.DepositIntent, Empty, Intent},
	{journal.Stored, Intent, Occupied},
	{journal.DepositFailed, Intent, Quarantine},
	{journal.CollectIntent, Occupied, Collecting},
	{journal.CollectIntent, Empty, Collecting}, // grace
	{journal.Collected, Collecting, Empty},
	{journal.CollectFailed, Collecting, Occupied},
	{journal.WithdrawIntent, Occupied, Collecting},
	{journal.Withdrawn, Collecting, Empty},
	{journal.WithdrawFailed, Collecting, Occupied},
	{journal.ReopenIntent, Quarantine, Intent},
	{journal.ReopenFailed, Intent, Quarantine},
	{journal.TakenOut, Intent, Empty},
	{journal.Quarantined, Empty, Quarantine},
	{journal.Quarantined, Intent, Quarantine},
	{journal.Quarantined, Occupied, Quarantine},
	{journal.Quarantined, Collecting, Quarantine},
	{journal.Quarantined, Quarantine, Quarantine},
	{journal.OverrideIntent, Occupied, Collecting},
	{journal.OverrideIntent, Quarantine, Intent},
	{journal.Overridden, Collecting, Occupied}, // or EMPTY, which its To says
	{journal.Overridden, Intent, Quarantine},   // likewise
	{journal.OverrideFailed, Collecting, Occupied},
	{journal.OverrideFailed, Intent, Quarantine},
	{journal.TestIntent, Empty, Empty},
	{journal.Tested, Empty, Empty},
	{journal.Tested, Occupied, Occupied},
	{journal.Tested, Quarantine, Quarantine},
	{journal.Opened, Empty, Empty}, // a walk-test
	{journal.Opened, Intent, Intent},
	{journal.Opened, Collecting, Collecting},
	{journal.PulseAgain, Intent, Intent},
	{journal.PulseAgain, Collecting, Collecting},
	{journal.Extended, Occupied, Occupied},
	{journal.Reissued, Occupied, Occupied},
	{journal.Overdue, Occupied, Occupied},
	{journal.Declined, Occupied, Occupied},
	{journal.Paid, Occupied, Occupied},
	{journal.Paid, Quarantine, Quarantine},
}

// leads is where a record takes a compartment. It follows where the guard's table has such a row; what does not follow is
// taken by the kind's first row, for the guard's word is all there is.
func (c Compartment) leads(r journal.Record) (to CompartmentState, moved, follows bool) {
	for _, m := range moves {
		if m.kind == r.Kind && (!moved || m.from == c.State) {
			to, moved, follows = m.to, true, m.from == c.State
		}
		if follows {
			break
		}
	}
	if state := CompartmentState(r.To); moved && state.valid() {
		to = state
	}
	return to, moved, follows
}

// Contradicts says what is wrong with a record, given the front before it: a compartment that the locker does not have, or a move
// that does not follow, such as a door that opens without an intent. Empty where nothing is.
func (f Front) Contradicts(r journal.Record) string {
	for _, number := range slices.Concat(r.Compartments, []uint16{r.Compartment}) {
		if _, known := f[number]; !known && number != 0 {
			return "unknown compartment"
		}
	}
	c := f[r.Compartment]
	if _, moved, follows := c.leads(r); moved && !follows {
		return fmt.Sprintf("%s while %s", r.Kind, c.State)
	}
	return ""
}

// Apply folds one record. It is false when the record names a compartment that the locker does not have.
func (f Front) Apply(r journal.Record) (known bool) {
	switch r.Kind {
	case journal.Blocked, journal.Unblocked:
		return f.block(r)
	case journal.Commissioned:
		f.change(r, func(c *Compartment) { c.Untested = c.Untested || c.Board == r.Index })
		return true
	}
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
	f.put(r, before, before.apply(r))
	return true
}

func (f Front) block(r journal.Record) (known bool) {
	for _, number := range r.Compartments {
		if _, known := f[number]; !known {
			return false
		}
	}
	f.change(r, func(c *Compartment) {
		if slices.Contains(r.Compartments, c.Number) {
			c.Blocked = r.Kind == journal.Blocked
		}
	})
	return true
}

// change does something to every compartment.
func (f Front) change(r journal.Record, do func(*Compartment)) {
	for _, before := range f {
		after := before
		do(&after)
		f.put(r, before, after)
	}
}

func (f Front) put(r journal.Record, before, after Compartment) {
	if after != before {
		after.Record = r.Number
		f[after.Number] = after
	}
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
	switch r.Kind {
	case journal.Faulted:
		c.Faulted = true
		return c
	case journal.Tested:
		c.Faulted, c.Untested = false, false
		return c
	}
	to, moved, _ := c.leads(r)
	if !moved {
		return c
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

func (c Compartment) usable() bool {
	return c.State == Empty && !c.Faulted && !c.Blocked && !c.Untested
}

func (s CompartmentState) valid() bool {
	switch s {
	case Empty, Intent, Occupied, Collecting, Quarantine:
		return true
	}
	return false
}
