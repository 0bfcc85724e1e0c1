package custody

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lockstep/guard/journal"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/fleet"
	"lockstep/parcel"
)

// facts says what a record tells about a parcel; a failed deposit tells it by its To and Reason.
var facts = map[journal.Kind]parcel.Fact{
	journal.Stored:         parcel.WasStored,
	journal.Collected:      parcel.WasCollected,
	journal.CollectFailed:  parcel.CollectFailed,
	journal.Overdue:        parcel.BecameOverdue,
	journal.Withdrawn:      parcel.WasWithdrawn,
	journal.WithdrawFailed: parcel.WithdrawFailed,
	journal.Quarantined:    parcel.WasQuarantined,
	journal.TakenOut:       parcel.WasTakenOut,
}

func factOf(r journal.Record) (parcel.Fact, bool) {
	if r.Kind == journal.DepositFailed {
		if r.To == string(fleet.Empty) || fleet.StillInHand(r.Reason) {
			return parcel.DepositFailed, true
		}
		return parcel.DepositUncertain, true
	}
	what, ok := facts[r.Kind]
	return what, ok
}

// project folds records into compartments and parcels.
func (c *Custody) project(ctx context.Context, tx *sql.Tx, locker string, records []journal.Record) error {
	inside, err := c.Fleet.Project(ctx, tx, locker, records)
	if err != nil {
		return err
	}
	for _, r := range records {
		switch r.Kind {
		case journal.Took:
			err = c.took(ctx, tx, locker, r)
		case journal.Refused:
			err = c.Dispatch.Refused(ctx, tx, locker, r.Down)
		default:
			err = c.tells(ctx, tx, locker, r, inside[r.Number])
		}
		if err != nil {
			return fmt.Errorf("custody: record %d of %s: %w", r.Number, locker, err)
		}
	}
	return nil
}

// took moves the parcels of a manifest that the guard has taken.
func (c *Custody) took(ctx context.Context, tx *sql.Tx, locker string, r journal.Record) error {
	barcodes, err := c.Dispatch.Taken(ctx, tx, locker, r.Down)
	if err != nil {
		return err
	}
	for _, barcode := range barcodes {
		row, err := store.New(tx).Parcel(ctx, barcode)
		if err != nil {
			return err
		}
		if parcel.State(row.State) != parcel.Announced {
			continue // a renewed manifest, or one that a cancellation overtook
		}
		if _, err := c.move(ctx, tx, row, happening{what: parcel.WasDispatched, actor: "guard", happened: when(r, row), record: r.Number}); err != nil {
			return err
		}
	}
	return nil
}

// tells moves the parcel that a record is about. inside is the parcel known in the record's compartment before it.
func (c *Custody) tells(ctx context.Context, tx *sql.Tx, locker string, r journal.Record, inside string) error {
	what, ok := factOf(r)
	barcode := about(r, inside)
	if !ok || barcode == "" {
		return nil
	}
	row, err := store.New(tx).Parcel(ctx, barcode)
	if errors.Is(err, sql.ErrNoRows) || err == nil && row.Locker != locker {
		return c.Fleet.Contradict(ctx, tx, locker, "unknown parcel", r.Compartment, r.Number)
	}
	if err != nil {
		return err
	}
	h, err := c.happeningOf(ctx, tx, what, r, row)
	if err != nil {
		return err
	}
	if _, err = c.move(ctx, tx, row, h); errors.Is(err, errNoRow) {
		return c.Fleet.Contradict(ctx, tx, locker, string(what)+" while "+row.State, r.Compartment, r.Number)
	}
	return err
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
	if what != parcel.WasStored || h.due != 0 {
		return h, nil
	}
	s, err := store.New(tx).Shipment(ctx, store.ShipmentParams{ID: row.Shipment, Merchant: row.Merchant})
	dwell := parcel.DwellTime(s.DwellHours)
	if r.Dwell != 0 {
		dwell = parcel.DwellTime(r.Dwell)
	}
	h.due = h.happened + dwell.Duration().Microseconds() // the guard did not know the time well enough to say
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
	case what == parcel.WasCollected:
		return "recipient"
	}
	return "guard"
}
