package custody

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
	"lockstep/parcel"
)

// Extend asks the locker to let a parcel wait for so many hours from its deposit on; as Parcel for merchant. Conflict "not_stored"
// where it waits for no recipient, Conflict "not_longer" where it may wait as long already. What waits already is not asked again.
func (c *Custody) Extend(ctx context.Context, merchant, barcode string, dwell parcel.DwellTime, actor string) (dispatch.Request, error) {
	if dwell.Check() != nil {
		return dispatch.Request{}, fault.Wrap(dwell.Check(), fault.Invalid, "invalid_dwell", "the dwell time is out of range")
	}
	r := statement.Restriction{Kind: statement.Extend, DwellHours: uint16(dwell)}
	return c.ask(ctx, merchant, barcode, r, actor, func(p Parcel) error {
		if p.Stored+dwell.Duration().Microseconds() <= p.Due {
			return fault.New(fault.Conflict, "not_longer", "the parcel may wait as long already; a dwell time only gets longer")
		}
		return nil
	})
}

// Reissue asks the locker for a new code, which kills the old one and goes to the same recipient; as Parcel for merchant.
// Conflict "not_stored", "too_many_codes" (three a parcel) or "too_soon" (ten minutes apart).
func (c *Custody) Reissue(ctx context.Context, merchant, barcode, actor string) (dispatch.Request, error) {
	return c.ask(ctx, merchant, barcode, statement.Restriction{Kind: statement.Reissue}, actor, func(Parcel) error { return nil })
}

// Restrict asks a locker to stop something, or to go on: a pause, a block and its end. Invalid "unknown_compartment" for one that it
// does not have, Conflict "locker_not_ready" before it is in service.
func (c *Custody) Restrict(ctx context.Context, r statement.Restriction, actor string) (asked dispatch.Request, err error) {
	known, err := c.Fleet.Compartments(ctx, r.Locker)
	if err != nil {
		return asked, err
	}
	for _, number := range r.Compartments {
		if !slices.ContainsFunc(known, func(one fleet.Compartment) bool { return one.Number == number }) {
			return asked, fault.New(fault.Invalid, "unknown_compartment", "locker %s has no compartment %d", r.Locker, number)
		}
	}
	if len(known) == 0 {
		return asked, fault.New(fault.Conflict, "locker_not_ready", "there is no such locker, or it is not in service yet")
	}
	err = c.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		asked, err = c.Dispatch.Restrict(ctx, tx, r, actor)
		return err
	})
	if err == nil {
		c.Dispatch.Ring(r.Locker)
	}
	return asked, err
}

func (c *Custody) ask(ctx context.Context, merchant, barcode string, r statement.Restriction, actor string, may func(Parcel) error) (asked dispatch.Request, err error) {
	p, err := c.Parcel(ctx, merchant, barcode)
	if err != nil {
		return asked, err
	}
	if p.Outbound || p.State != parcel.Stored && p.State != parcel.Overdue {
		return asked, fault.New(fault.Conflict, "not_stored", "the parcel is %s; this is for one that waits in a locker for its recipient", p.State)
	}
	if err := may(p); err != nil {
		return asked, err
	}
	r.Locker, r.Barcode = p.Locker, p.Barcode
	err = c.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		asked, err = c.Dispatch.Restrict(ctx, tx, r, actor)
		return err
	})
	if err == nil {
		c.Dispatch.Ring(p.Locker)
	}
	return asked, err
}

// Requests are what was asked of a parcel's locker about it, newest first; as Parcel for merchant.
func (c *Custody) Requests(ctx context.Context, merchant, barcode string) ([]dispatch.Request, error) {
	if _, err := c.Parcel(ctx, merchant, barcode); err != nil {
		return nil, err
	}
	return c.Dispatch.Requests(ctx, barcode)
}

// Recover takes a technician's signed scan of a parcel that was taken out of a dead locker by the mechanical key. Invalid where no
// technician of the charter that holds signed it, Conflict "not_inside" where the parcel is not known to be in that locker. The same scan
// again is no error.
func (c *Custody) Recover(ctx context.Context, envelope []byte) (p Parcel, err error) {
	scan, person, err := readScan(envelope, c.charter())
	if err != nil {
		return p, err
	}
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		row, err := q.Parcel(ctx, scan.Barcode)
		if row, err = db.One(row, err, "unknown_parcel", "there is no such parcel"); err != nil {
			return err
		}
		known, err := q.KnownScans(ctx, store.KnownScansParams{Barcode: row.Barcode, Envelope: envelope})
		if err != nil || known > 0 {
			p = item(row)
			return err
		}
		if row.Locker != scan.Locker {
			return fault.New(fault.Conflict, "not_inside", "the parcel belongs to locker %s, the scan was made at %s", row.Locker, scan.Locker)
		}
		if row, err = c.recover(ctx, tx, row, scan, person); err != nil {
			return err
		}
		p = item(row)
		return q.AddScan(ctx, store.AddScanParams{Barcode: row.Barcode, Number: row.Events, Envelope: envelope})
	})
	return p, err
}

func (c *Custody) recover(ctx context.Context, tx *sql.Tx, row store.Parcel, scan statement.Recovered, person statement.Person) (store.Parcel, error) {
	if scan.UTC > c.now()+scanAhead || scan.UTC < row.Stored {
		return row, fault.New(fault.Conflict, "not_inside", "the scan was not made while the parcel was in the locker: check the clock of the device")
	}
	is, err := c.move(ctx, tx, row, happening{what: parcel.WasRecovered, actor: "technician " + string(person), happened: scan.UTC})
	if errors.Is(err, errNoRow) {
		return row, fault.New(fault.Conflict, "not_inside", "the parcel is %s: it is not in a locker", row.State)
	}
	return is, err
}

// scanAhead is how far (µs) a technician's clock may be before ours.
const scanAhead = 10 * 60 * 1e6

// readScan reads a scan that a technician of one of these charters has signed.
func readScan(envelope []byte, charters ...statement.Charter) (scan statement.Recovered, person statement.Person, err error) {
	for _, charter := range charters {
		var key statement.Key
		if scan, key, err = statement.Verify[statement.Recovered](envelope, charter.Technicians.Lookup); err == nil {
			return scan, charter.Technicians.Person(key.ID()), nil
		}
	}
	return scan, "", fault.Wrap(err, fault.Invalid, "bad_scan", "this is not a scan that a technician of this network has signed")
}

// Replace prepares a locker for another guard where the one before is dead. Its journal stays as evidence, its down stream begins
// anew, and a new enrolment code is made. Conflict "parcels_inside" while parcels are inside that nobody has scanned; with
// abandon they become uncertain and are flagged by an alarm each.
func (c *Custody) Replace(ctx context.Context, locker string, abandon bool, actor string) (code secret.Text, abandoned []string, err error) {
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		abandoned = nil
		rows, err := store.New(tx).InsideAt(ctx, locker)
		if err != nil {
			return err
		}
		for _, row := range rows {
			abandoned = append(abandoned, row.Barcode)
		}
		if len(abandoned) > 0 && !abandon {
			return fault.New(fault.Conflict, "parcels_inside", "%d parcels are inside that no technician has scanned: %s", len(abandoned), strings.Join(abandoned, " "))
		}
		for _, barcode := range abandoned {
			if err := c.abandon(ctx, tx, locker, barcode, actor); err != nil {
				return err
			}
		}
		code, err = c.Fleet.Replace(ctx, tx, locker)
		return errors.Join(err, c.Dispatch.Restart(ctx, tx, locker))
	})
	if err == nil {
		c.Dispatch.Poke()
	}
	return code, abandoned, err
}

func (c *Custody) abandon(ctx context.Context, tx *sql.Tx, locker, barcode, actor string) error {
	row, err := store.New(tx).Parcel(ctx, barcode)
	if err != nil {
		return err
	}
	if _, err := c.move(ctx, tx, row, happening{what: parcel.WasLost, actor: actor, happened: c.now()}); err != nil {
		return fmt.Errorf("custody: parcel %s: %w", barcode, err)
	}
	return c.Fleet.Contradict(ctx, tx, locker, "parcel "+barcode+" was inside when the guard was replaced", uint16(row.Compartment), 0)
}
