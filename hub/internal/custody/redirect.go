package custody

import (
	"context"
	"database/sql"
	"slices"

	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// Redirect sends a merchant's shipment to another locker: all its parcels that are still to be put in, or that its carrier has taken out
// again, by actor's word. The locker that it was for may have been told of them already, and may take them until its manifest ends; wherever a parcel is put in, there
// it is. Conflict "too_late" where no parcel waits any more, "return_permit" for one that a customer brings; otherwise as CreateShipment.
func (c *Custody) Redirect(ctx context.Context, merchant, id, locker, actor string) (Shipment, error) {
	return c.redirect(ctx, merchant, id, locker, happening{actor: actor})
}

func (c *Custody) redirect(ctx context.Context, merchant, id, locker string, why happening) (Shipment, error) {
	return c.planAnew(ctx, merchant, id, why, func(s Shipment) (string, []fleet.Want, error) {
		if s.Locker == locker {
			return locker, nil, nil
		}
		var wants []fleet.Want
		for _, p := range s.Parcels {
			taken := p.State == parcel.Withdrawn
			if p.Outbound && !(taken && p.Onward) {
				return "", nil, fault.New(fault.Conflict, "return_permit", "a customer brings this parcel to the locker that was named")
			}
			if p.State.Waits() || taken {
				wants = append(wants, fleet.Want{Barcode: p.Barcode, Size: p.Size})
			}
		}
		if len(wants) == 0 {
			return "", nil, fault.New(fault.Conflict, "too_late", "no parcel of this shipment waits to be put in any more")
		}
		return locker, wants, nil
	})
}

// planAnew plans those parcels of a shipment that choose names for the locker that it names, and tells that. No other node plans the
// shipment meanwhile; where none are named nothing is done.
func (c *Custody) planAnew(ctx context.Context, merchant, id string, why happening, choose func(Shipment) (locker string, wants []fleet.Want, err error)) (s Shipment, err error) {
	var locker string
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if err := q.HoldShipment(ctx, store.HoldShipmentParams{ID: id, Merchant: merchant}); err != nil {
			return err
		}
		if s, err = load(ctx, q, merchant, id); err != nil {
			return err
		}
		var wants []fleet.Want
		if locker, wants, err = choose(s); err != nil || len(wants) == 0 {
			return err
		}
		if err := c.replan(ctx, tx, s, wants, locker, why); err != nil {
			return err
		}
		s, err = load(ctx, q, merchant, id)
		return err
	})
	if err == nil {
		c.Dispatch.Poke()
		c.Dispatch.Ring(locker)
	}
	return s, err
}

// replan moves parcels, which gives up what was planned for them, and plans them anew.
func (c *Custody) replan(ctx context.Context, tx *sql.Tx, s Shipment, wants []fleet.Want, locker string, why happening) error {
	q := store.New(tx)
	for _, w := range wants {
		row, err := q.Parcel(ctx, w.Barcode)
		if err != nil {
			return err
		}
		why.what, why.happened, why.locker = parcel.WasRedirected, c.now(), locker
		if row, err = c.move(ctx, tx, row, why); err != nil {
			return err
		}
		e := dispatch.Expected{Barcode: row.Barcode, Locker: locker, Carrier: row.Carrier, Size: parcel.Size(row.Size), Policy: s.policy(), Dwell: s.Dwell, Low: row.Low}
		if err := c.Dispatch.Expect(ctx, tx, e); err != nil {
			return err
		}
	}
	if err := c.Fleet.Reserve(ctx, tx, locker, wants); err != nil {
		return err
	}
	return q.MoveShipment(ctx, store.MoveShipmentParams{ID: s.ID, Locker: locker})
}

// planned says whether a parcel was ever meant for a locker: then its guard may have taken it, wherever it was sent since.
func planned(ctx context.Context, tx *sql.Tx, row store.Parcel, locker string) (bool, error) {
	if row.Locker == locker {
		return true, nil
	}
	if parcel.State(row.State).Inside() {
		return false, nil // it cannot be in two
	}
	lockers, err := store.New(tx).Plans(ctx, row.Barcode)
	return slices.Contains(lockers, locker), err
}

// Forward plans what carriers have taken out of the lockers that customers put it into for the lockers that it is for. What finds no
// room there is tried again; what its merchant has given up goes back.
func (c *Custody) Forward(ctx context.Context) error {
	for after := ""; ; {
		rows, err := store.New(c.DB.Reads()).OnTheWay(ctx, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			if err := c.forward(ctx, row); err != nil && fault.KindOf(err) != fault.Conflict {
				return err
			}
			after = row.Barcode
		}
	}
}

func (c *Custody) forward(ctx context.Context, row store.Parcel) error {
	_, err := c.planAnew(ctx, row.Merchant, row.Shipment, happening{actor: "hub", reason: "onward"}, func(s Shipment) (string, []fleet.Want, error) {
		var wants []fleet.Want
		for _, p := range s.Parcels {
			if p.Barcode == row.Barcode && p.Outbound && p.State == parcel.Withdrawn { // else another node was faster
				wants = append(wants, fleet.Want{Barcode: p.Barcode, Size: p.Size})
			}
		}
		return s.Locker, wants, nil
	})
	return err
}
