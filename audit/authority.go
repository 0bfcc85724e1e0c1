package audit

import (
	"errors"
	"fmt"
	"slices"

	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

const (
	quorum   = 2 // operators, whatever a charter says
	digest   = 32
	byPermit = "permit"
)

// authority says what is wrong with the right on which a record rests: whoever it names held no such role in the charter that was
// in force, or what it takes had not been fixed before. The journal keeps of a courier's certificate and answers, and of
// operators' envelopes, who they were and a digest; that they were genuine is the guard's word.
func authority(f rules.Facts, r journal.Record) error {
	if numbered[r.Kind] && (r.Down != f.Down+1 || len(r.Statement) != digest) {
		return fmt.Errorf("it takes statement %d of the down stream after statement %d", r.Down, f.Down)
	}
	if judge := rights[r.Kind]; judge != nil {
		return judge(f, r)
	}
	return nil
}

var numbered = map[journal.Kind]bool{journal.Took: true, journal.Refused: true, journal.Paused: true, journal.Blocked: true, journal.Unblocked: true,
	journal.Extended: true, journal.Reissued: true, journal.Revoked: true, journal.Permitted: true}

// rights is what each kind of record must rest on.
var rights = map[journal.Kind]func(rules.Facts, journal.Record) error{
	journal.DepositIntent:  all(unpaused, ofCarrier, deposit),
	journal.CollectIntent:  all(unpaused, unlocked, sameParcel, collection),
	journal.WithdrawIntent: all(unpaused, unlocked, ofCarrier, sameParcel, fixedCarrier, withdrawal),
	journal.ReopenIntent:   all(unpaused, unlocked, ofCarrier, sameParcel, fixedCarrier),
	journal.OverrideIntent: all(unpaused, unlocked, sameParcel, override),
	journal.TestIntent:     all(unpaused, technician),
	journal.PulseAgain:     all(unpaused, unlockedBut),
	journal.Commissioned:   technician,
	journal.Overdue:        overdue,
	journal.Extended:       extension,
	journal.Took:           ofCarrier,
	journal.Permitted:      ofCarrier,
	journal.Lifted:         lift,
	journal.Paid:           all(sameParcel, payment),
	journal.Declined:       sameParcel,
	journal.Serviced: func(f rules.Facts, r journal.Record) error {
		if r.Reason == "ended" {
			return nil // a session ends also because its technician is in the charter no more
		}
		return technician(f, r)
	},
}

func all(rights ...func(rules.Facts, journal.Record) error) func(rules.Facts, journal.Record) error {
	return func(f rules.Facts, r journal.Record) error {
		for _, right := range rights {
			if err := right(f, r); err != nil {
				return err
			}
		}
		return nil
	}
}

func compartment(f rules.Facts, r journal.Record) (c rules.Compartment) {
	if i := slices.IndexFunc(f.Compartments, func(c rules.Compartment) bool { return c.Number == r.Compartment }); i >= 0 {
		c = f.Compartments[i]
	}
	return c
}

func unpaused(f rules.Facts, r journal.Record) error {
	if n := len(f.Pauses); n > 0 && f.Pauses[n-1].Until > r.Powered {
		return errors.New("the locker was paused")
	}
	return nil
}

func unlocked(f rules.Facts, r journal.Record) error {
	if f.Lockdown.Record > 0 {
		return fmt.Errorf("a lockdown stood since record %d", f.Lockdown.Record)
	}
	return nil
}

// unlockedBut is unlocked for a door behind which a parcel may be: a deposit's may jam and be pulsed again.
func unlockedBut(f rules.Facts, r journal.Record) error {
	if c := compartment(f, r); c.Occupancy == rules.Collecting || c.Via != "" {
		return unlocked(f, r)
	}
	return nil
}

func ofCarrier(f rules.Facts, r journal.Record) error {
	if _, ok := f.Network.Carrier(r.Carrier); !ok {
		return fmt.Errorf("the charter in force knows no carrier %q", r.Carrier)
	}
	return nil
}

func sameParcel(f rules.Facts, r journal.Record) error {
	if c := compartment(f, r); c.Parcel != r.Parcel {
		return fmt.Errorf("parcel %s was inside, not %s", orNone(c.Parcel), orNone(r.Parcel))
	}
	return nil
}

func fixedCarrier(f rules.Facts, r journal.Record) error {
	if c := compartment(f, r); c.Carrier != r.Carrier {
		return fmt.Errorf("at its deposit carrier %s was fixed, not %s", c.Carrier, r.Carrier)
	}
	return nil
}

func deposit(f rules.Facts, r journal.Record) error {
	c := compartment(f, r)
	permitted := slices.ContainsFunc(f.Permits, func(p rules.Permit) bool { return p.Barcode == r.Parcel && p.Carrier == r.Carrier })
	switch {
	case c.Blocked || c.Faulted || c.Untested:
		return errors.New("the compartment was out of use")
	case r.Credential == byPermit && !permitted:
		return errors.New("there was no return permit for this parcel")
	case r.Credential != byPermit && (r.Courier == "" || r.Dwell < statement.MinDwellHours):
		return errors.New("no courier, or a dwell time below the least")
	}
	return nil
}

func collection(f rules.Facts, r journal.Record) error {
	c := compartment(f, r)
	grace := c.Occupancy == rules.Empty
	switch {
	case c.Untested:
		return errors.New("its board had been exchanged and the door not tried")
	case grace != (r.Credential == "grace"):
		return fmt.Errorf("%q does not open a compartment that is %s", r.Credential, c.Occupancy)
	case grace && (c.GraceLeft == 0 || r.Powered >= c.GraceUntil):
		return errors.New("the recipient's three minutes were over, or both reopenings used")
	case c.Outbound:
		return errors.New("a customer's return has no code")
	case c.Policy == statement.CodeAndPaid && !c.Paid:
		return errors.New("what was due for the parcel had not been paid")
	}
	return nil
}

func payment(f rules.Facts, r journal.Record) error {
	if len(f.Network.Payments.Holders) == 0 || len(r.Statement) != digest {
		return errors.New("the charter in force names nobody who could have signed it")
	}
	return nil
}

func withdrawal(f rules.Facts, r journal.Record) error {
	c := compartment(f, r)
	switch {
	case !c.Overdue && !c.Outbound:
		return errors.New("the parcel was not overdue")
	case c.Untested:
		return errors.New("its board had been exchanged and the door not tried")
	}
	return nil
}

func override(f rules.Facts, r journal.Record) error {
	n := len(r.Persons) - 1
	if n < 0 || len(r.Statement) != digest || compartment(f, r).Untested {
		return errors.New("nobody signed it, or the door had not been tried since its board was exchanged")
	}
	if err := operators(f, r.Persons[:n]); err != nil {
		return err
	}
	if slices.Contains(r.Persons[:n], r.Persons[n]) || !holds(f.Network.Technicians, r.Persons[n]) {
		return fmt.Errorf("%s is no technician in the charter in force, or signed as an operator too", r.Persons[n])
	}
	return nil
}

func lift(f rules.Facts, r journal.Record) error {
	if f.Lockdown.Record == 0 || len(r.Statement) != digest {
		return errors.New("no lockdown stood")
	}
	return operators(f, r.Persons)
}

func operators(f rules.Facts, persons []statement.Person) error {
	distinct := slices.Compact(slices.Sorted(slices.Values(persons)))
	if want := max(quorum, int(f.Network.Operators.Threshold)); len(distinct) < want {
		return fmt.Errorf("%d operators signed, it takes %d", len(distinct), want)
	}
	for _, p := range distinct {
		if !holds(f.Network.Operators, p) {
			return fmt.Errorf("%s is no operator in the charter in force", p)
		}
	}
	return nil
}

func technician(f rules.Facts, r journal.Record) error {
	if len(r.Persons) != 1 || !holds(f.Network.Technicians, r.Persons[0]) {
		return fmt.Errorf("%v is no technician in the charter in force", r.Persons)
	}
	return nil
}

func holds(role statement.Role, person statement.Person) bool {
	return slices.ContainsFunc(role.Holders, func(h statement.Holder) bool { return h.Person == person })
}

func overdue(f rules.Facts, r journal.Record) error {
	c := compartment(f, r)
	due := c.Due
	if due == 0 {
		due = c.StoredLow + int64(c.Dwell)*rules.Hour
	}
	if c.Outbound || r.Low < due || r.Powered < c.DuePowered {
		return errors.New("its dwell time had not passed by the clock's lower bound and in powered hours")
	}
	return nil
}

func extension(f rules.Facts, r journal.Record) error {
	if c := compartment(f, r); r.Dwell <= c.Dwell || r.Due < c.Due {
		return errors.New("it brings the deadline nearer")
	}
	return nil
}

func orNone(parcel string) string {
	if parcel == "" {
		return "none that is known"
	}
	return parcel
}
