package rules

import (
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// foldDoor applies a record about one compartment: its occupancy by the table of moves, and what goes with it.
func (f Facts) foldDoor(e journal.Entry) (Facts, error) {
	r := e.Record
	i := f.find(r.Compartment)
	if i < 0 {
		return f, fmt.Errorf("record %d: there is no compartment %d", r.Number, r.Compartment)
	}
	f.Compartments = slices.Clone(f.Compartments)
	c := &f.Compartments[i]
	if r.Kind == journal.Faulted {
		c.Faulted = true
		return f, nil
	}
	next, ok := Next(c.Occupancy, r.Kind, r.To)
	if !ok {
		return f, fmt.Errorf("record %d: %q does not follow from %s", r.Number, r.Kind, c.Occupancy)
	}
	f.countOpening(r, c)
	err := f.foldCompartment(c, e, next)
	c.Occupancy = next
	return f, err
}

func (f *Facts) foldCompartment(c *Compartment, e journal.Entry, next Occupancy) error {
	r := e.Record
	switch r.Kind {
	case journal.DepositIntent:
		f.bury(c)
		c.clear()
		c.Parcel, c.Carrier, c.Courier, c.Dwell, c.Outbound = r.Parcel, r.Carrier, r.Courier, r.Dwell, r.Credential == permit
		c.Policy = statement.Policy(r.Policy)
		f.tryPermit(r)
	case journal.ReopenIntent:
		c.Via, c.OpenedSeen, c.Courier = ViaReopen, false, r.Courier
	case journal.OverrideIntent:
		c.Via, c.OpenedSeen = ViaOverride, false
	case journal.Stored:
		return f.store(c, e)
	case journal.Reissued:
		return f.reissue(c, e)
	case journal.Paid:
		c.Paid = true
	case journal.DepositFailed:
		f.failDeposit(c, r)
	case journal.CollectIntent:
		c.Via, c.OpenedSeen = ViaCode, false
		if c.Occupancy == Empty {
			c.Via, c.GraceLeft = ViaGrace, c.GraceLeft-1
		}
	case journal.WithdrawIntent:
		c.Via, c.OpenedSeen = ViaCarrier, false
	case journal.Opened:
		c.OpenedSeen, c.Unclosed = true, false
	case journal.Collected:
		if c.Via != ViaGrace {
			c.GraceLeft = graceOpenings
		}
		c.GraceUntil, c.Overdue, c.Unclosed = r.Powered+graceTime, false, false
	case journal.CollectFailed, journal.WithdrawFailed, journal.OverrideFailed:
		c.Unclosed = r.Reason == crash || c.OpenedSeen && r.Reason != notTaken && r.Reason != declined
	case journal.Withdrawn, journal.TakenOut:
		f.bury(c)
		c.clear()
	case journal.Overridden:
		if next == Empty {
			f.bury(c)
			c.clear()
		}
	case journal.Tested:
		c.Faulted, c.Untested = false, false
	case journal.Extended:
		c.Dwell, c.Due, c.Overdue = r.Dwell, r.Due, false
		c.DuePowered = c.StoredPowered + int64(r.Dwell)*Hour
	case journal.Overdue:
		c.Overdue = true
	case journal.Declined:
		c.Declined = true
	case journal.Quarantined:
		f.quarantine(c, r)
	}
	return nil
}

func (f *Facts) quarantine(c *Compartment, r journal.Record) {
	f.bury(c)
	if c.Occupancy == Empty {
		carrier := c.Carrier
		c.clear()
		c.Carrier = carrier
	}
	c.Overdue = false
	if r.Reason == uncommanded {
		f.Forced = Forced{r.Compartment, r.Powered}
	}
}

func (f *Facts) store(c *Compartment, e journal.Entry) error {
	codes, err := codesOf(e)
	if err != nil {
		return err
	}
	r := e.Record
	f.bury(c)
	f.Expected = slices.DeleteFunc(slices.Clone(f.Expected), func(x Expected) bool { return x.Barcode == r.Parcel })
	f.Permits = slices.DeleteFunc(slices.Clone(f.Permits), func(p Permit) bool { return p.Barcode == r.Parcel })
	for i := range f.Compartments { // where this parcel was thought to be, it is not
		if o := &f.Compartments[i]; o != c && o.Occupancy == Quarantine && o.Parcel == r.Parcel {
			o.Parcel = ""
		}
	}
	c.Code, c.Secret = codes.Code, codes.Secret
	c.Parcel, c.Dwell, c.Due, c.StoredLow, c.StoredPowered = r.Parcel, r.Dwell, r.Due, r.Low, r.Powered
	c.DuePowered = r.Powered + int64(r.Dwell)*Hour
	c.Overdue, c.Unclosed, c.Declined, c.Via, c.GraceLeft = false, false, false, "", 0
	return nil
}

// codesOf is the private part of a record in which a code is born; a customer's deposit has none.
func codesOf(e journal.Entry) (codes codeMACs, err error) {
	if e.Record.Credential == permit {
		return codes, nil
	}
	return codes, cbor.Unmarshal(e.Data(), &codes)
}

// failDeposit keeps the barcode only where the parcel may be inside: after "too small" and "not empty" its bearer still has it.
func (f *Facts) failDeposit(c *Compartment, r journal.Record) {
	before := *c
	c.clear()
	if r.To == string(Empty) {
		return
	}
	c.Carrier, c.Courier, c.Dwell, c.Outbound = before.Carrier, before.Courier, before.Dwell, before.Outbound
	if r.Reason != tooSmall && r.Reason != notEmpty {
		c.Parcel, c.Policy = before.Parcel, before.Policy
	}
}

// bury remembers a compartment's code as dead.
func (f *Facts) bury(c *Compartment) {
	if c.Code == (MAC{}) {
		return
	}
	live := slices.DeleteFunc(slices.Clone(f.DeadCodes), func(d DeadCode) bool { return d.Powered < f.Powered-30*Day })
	f.DeadCodes = append(live, DeadCode{c.Code, f.Powered})
	c.Code, c.Secret = MAC{}, MAC{}
}

func (f *Facts) countOpening(r journal.Record, c *Compartment) {
	class, ok := classOf(r.Kind, c)
	if !ok {
		return
	}
	over := func(o Opening) bool {
		return o.Powered <= r.Powered-Day || o.Class != ClassOverride && o.Powered <= r.Powered-Hour
	}
	f.Openings = append(slices.DeleteFunc(slices.Clone(f.Openings), over), Opening{r.Powered, class})
	f.Paces[class] = f.paceAfter(class, r.Powered)
}
