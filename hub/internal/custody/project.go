package custody

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/parcel"
)

// facts says what a record tells about a parcel; a failed deposit and an override tell it by their To and Reason.
var facts = map[journal.Kind]parcel.Fact{
	journal.Stored:         parcel.WasStored,
	journal.Collected:      parcel.WasCollected,
	journal.CollectFailed:  parcel.CollectFailed,
	journal.Overdue:        parcel.BecameOverdue,
	journal.Withdrawn:      parcel.WasWithdrawn,
	journal.WithdrawFailed: parcel.WithdrawFailed,
	journal.Quarantined:    parcel.WasQuarantined,
	journal.TakenOut:       parcel.WasTakenOut,
	journal.Extended:       parcel.WasExtended,
	journal.Reissued:       parcel.WasReissued,
	journal.Declined:       parcel.WasDeclined,
	journal.Paid:           parcel.WasPaid,
	journal.Permitted:      parcel.WasDispatched,
	journal.OverrideFailed: parcel.OverrideFailed,
}

func factOf(r journal.Record) (parcel.Fact, bool) {
	switch r.Kind {
	case journal.DepositFailed:
		if r.To == string(fleet.Empty) || fleet.StillInHand(r.Reason) {
			return parcel.DepositFailed, true
		}
		return parcel.DepositUncertain, true
	case journal.Overridden:
		if r.To == string(fleet.Empty) {
			return parcel.WasOverridden, true
		}
		return parcel.OverrideFailed, true
	}
	what, ok := facts[r.Kind]
	return what, ok
}

// project folds records into compartments and parcels. Where the guard was provisioned again, everything after that is about
// the locker as it is from then on.
func (c *Custody) project(ctx context.Context, tx *sql.Tx, place fleet.Place, records []journal.Record) error {
	again := slices.IndexFunc(records, func(r journal.Record) bool { return r.Kind == journal.Provisioned && r.Number > 1 })
	if again < 0 {
		return c.fold(ctx, tx, place, records)
	}
	if err := c.fold(ctx, tx, place, records[:again]); err != nil {
		return err
	}
	r := records[again]
	certificate, err := c.certificate(r, place.Locker)
	if err == nil && !certificate.Guard.Equal(place.Guard) {
		err = refused(nil, "the locker certificate names another guard")
	}
	if err != nil {
		return err
	}
	if err := c.Fleet.Provision(ctx, tx, certificate, statement.Bundle{Envelopes: r.Certificate}); err != nil {
		return err
	}
	return errors.Join(c.fold(ctx, tx, place, records[again:again+1]), c.project(ctx, tx, place, records[again+1:]))
}

func (c *Custody) fold(ctx context.Context, tx *sql.Tx, place fleet.Place, records []journal.Record) error {
	inside, err := c.Fleet.Project(ctx, tx, place.Locker, records)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := errors.Join(c.answers(ctx, tx, place.Locker, r), c.moves(ctx, tx, place, r, inside[r.Number])); err != nil {
			return fmt.Errorf("custody: record %d of %s: %w", r.Number, place.Locker, err)
		}
	}
	return nil
}

// answers tells dispatch what became of what it sent.
func (c *Custody) answers(ctx context.Context, tx *sql.Tx, locker string, r journal.Record) error {
	switch {
	case r.Kind == journal.Chartered:
		return c.chartered(ctx, tx, locker, r)
	case r.Kind == journal.Lifted:
		return c.Dispatch.Proved(ctx, tx, locker, dispatch.Lift, r.Number)
	case r.Kind == journal.Paid:
		mark, err := paymentMark(r.Parcel)
		if err != nil {
			return c.Fleet.Contradict(ctx, tx, locker, "unknown parcel", r.Compartment, r.Number)
		}
		return c.Dispatch.Proved(ctx, tx, locker, dispatch.Payment, mark)
	case r.Kind == journal.Refused:
		return c.Dispatch.Refused(ctx, tx, locker, r.Down, r.Reason)
	case r.Down > 0 && r.Kind != journal.Took:
		return c.Dispatch.Followed(ctx, tx, locker, r.Down)
	}
	return nil
}

// chartered notes which charter a guard goes by now. One that this hub does not have is alarming: somebody else made it, or it was
// not put into the key folder.
func (c *Custody) chartered(ctx context.Context, tx *sql.Tx, locker string, r journal.Record) error {
	if err := c.Dispatch.Proved(ctx, tx, locker, dispatch.Charter, fleet.Epoch(r)); err != nil {
		return err
	}
	if _, err := c.knownCharter(r.Charter); err != nil {
		return c.Fleet.Contradict(ctx, tx, locker, "unknown charter", 0, r.Number)
	}
	return nil
}

// moves moves the parcels that a record is about.
func (c *Custody) moves(ctx context.Context, tx *sql.Tx, place fleet.Place, r journal.Record, inside string) error {
	switch r.Kind {
	case journal.Took:
		barcodes, err := c.Dispatch.Taken(ctx, tx, place.Locker, r.Down)
		if err != nil {
			return err
		}
		return c.dispatched(ctx, tx, place, r, barcodes...)
	case journal.Permitted:
		return c.dispatched(ctx, tx, place, r, r.Parcel)
	}
	return c.tells(ctx, tx, place, r, inside)
}

// dispatched moves parcels that the guard expects now.
func (c *Custody) dispatched(ctx context.Context, tx *sql.Tx, place fleet.Place, r journal.Record, barcodes ...string) error {
	for _, barcode := range barcodes {
		row, err := store.New(tx).Parcel(ctx, barcode)
		if errors.Is(err, sql.ErrNoRows) {
			return c.Fleet.Contradict(ctx, tx, place.Locker, "unknown parcel", 0, r.Number)
		}
		if err != nil {
			return err
		}
		if parcel.State(row.State) != parcel.Announced || row.Locker != place.Locker {
			continue // a renewed manifest, or one that a cancellation or a redirection overtook
		}
		h := happening{what: parcel.WasDispatched, actor: "guard", happened: when(r, row), record: r.Number, guard: place.Guards}
		if _, err := c.move(ctx, tx, row, h); err != nil {
			return err
		}
	}
	return nil
}

// tells moves the parcel that a record is about. inside is the parcel known in the record's compartment before it.
func (c *Custody) tells(ctx context.Context, tx *sql.Tx, place fleet.Place, r journal.Record, inside string) error {
	locker := place.Locker
	what, ok := factOf(r)
	barcode := about(r, inside)
	if !ok || barcode == "" {
		return nil
	}
	row, err := store.New(tx).Parcel(ctx, barcode)
	known := false
	if err == nil {
		known, err = planned(ctx, tx, row, locker)
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && !known {
		return c.Fleet.Contradict(ctx, tx, locker, "unknown parcel", r.Compartment, r.Number)
	}
	if err != nil {
		return err
	}
	h, err := c.happeningOf(ctx, tx, what, r, row)
	if err != nil {
		return err
	}
	h.guard, h.locker = place.Guards, locker
	if _, err = c.move(ctx, tx, row, h); errors.Is(err, errNoRow) {
		return c.Fleet.Contradict(ctx, tx, locker, string(what)+" while "+row.State, r.Compartment, r.Number)
	}
	if err != nil || what != parcel.WasStored || statement.Policy(r.Policy) != statement.CodeAndPaid {
		return err
	}
	return c.handWord(ctx, tx, barcode, locker) // it may have been paid for on its way
}

// about is the parcel that a record is about. A quarantined compartment's record may name a parcel that has left it.
func about(r journal.Record, inside string) string {
	if r.Parcel == "" || r.Kind == journal.Quarantined {
		return inside
	}
	return r.Parcel
}

func (c *Custody) happeningOf(ctx context.Context, tx *sql.Tx, what parcel.Fact, r journal.Record, row store.Parcel) (happening, error) {
	h := happening{what: what, actor: actor(what, r), reason: r.Reason, happened: when(r, row), record: r.Number, compartment: r.Compartment, due: r.Due}
	if h.due != 0 || row.Outbound || what != parcel.WasStored && what != parcel.WasExtended {
		return h, nil
	}
	s, err := store.New(tx).Shipment(ctx, store.ShipmentParams{ID: row.Shipment, Merchant: row.Merchant})
	dwell := parcel.DwellTime(s.DwellHours)
	if r.Dwell != 0 {
		dwell = parcel.DwellTime(r.Dwell)
	}
	stored := h.happened
	if what == parcel.WasExtended {
		stored = row.Stored
	}
	h.due = stored + dwell.Duration().Microseconds() // the guard did not know the time well enough to say
	return h, err
}

// when is the latest time that a record surely does not come before: the guard's lower bound, which may be far behind after a
// power cut, or the parcel's announcement.
func when(r journal.Record, row store.Parcel) int64 { return max(r.Low, row.Created) }

// actor is whose hands did it.
func actor(what parcel.Fact, r journal.Record) string {
	switch {
	case r.Courier != "":
		return "courier " + r.Carrier + "/" + r.Courier
	case r.Credential == "permit":
		return "customer"
	case len(r.Persons) > 0:
		return "operator " + string(r.Persons[0])
	case what == parcel.WasCollected:
		return "recipient"
	}
	return "guard"
}
