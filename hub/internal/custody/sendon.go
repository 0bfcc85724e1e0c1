package custody

import (
	"context"
	"errors"
	"slices"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

// Why a parcel is sent on by its merchant's rule: the reasons of the events.
const (
	noRoom = "no room"     // a courier found none for it
	dark   = "locker dark" // nobody can count on the locker
)

// maxTried bounds the lockers that are asked for room at one time.
const maxTried = 20

// sendOn sends what waits of a parcel's shipment to the nearest locker that has room, as far as its merchant's rule goes and never to
// one that it was meant for before. Faults: Conflict "too_late"; "not_allowed" where the rule says nowhere; "nowhere" where no
// locker is near enough and has room.
func (c *Custody) sendOn(ctx context.Context, p Parcel, actor, reason string) (fleet.Locker, error) {
	if !p.State.Waits() || p.Outbound {
		return fleet.Locker{}, fault.New(fault.Conflict, "too_late", "this parcel does not wait to be put in by a courier")
	}
	kilometres, err := c.Reach(ctx, p.Merchant)
	if err != nil {
		return fleet.Locker{}, err
	}
	if kilometres == 0 {
		return fleet.Locker{}, fault.New(fault.Conflict, "not_allowed", "the merchant does not let its parcels be sent to another locker")
	}
	near, err1 := c.Fleet.Near(ctx, p.Locker, kilometres)
	before, err2 := store.New(c.DB.Reads()).Plans(ctx, p.Barcode)
	if err := errors.Join(err1, err2); err != nil {
		return fleet.Locker{}, err
	}
	near = slices.DeleteFunc(near, func(l fleet.Locker) bool { return slices.Contains(before, l.ID) })
	for _, l := range near[:min(len(near), maxTried)] {
		_, err := c.redirect(ctx, p.Merchant, p.Shipment, l.ID, happening{actor: actor, reason: reason})
		if code, _ := fault.Public(err); err == nil || code != "locker_full" && code != "locker_not_ready" {
			return l, err
		}
	}
	return fleet.Locker{}, fault.New(fault.Conflict, "nowhere", "no other locker within %d km has room for it", kilometres)
}

// NoRoom takes a courier's word that the locker where they stand has no room for a parcel, and says where to take it. Asked again it
// says the same. Faults as sendOn's; NotFound for another carrier's parcel, and at a locker that the courier is not sent to.
func (c *Custody) NoRoom(ctx context.Context, by courier.Courier, locker, barcode string) (courier.Stop, error) {
	if !by.Deposit || !by.Covers(locker) {
		return courier.Stop{}, fault.New(fault.NotFound, "not_sent_here", "this courier puts no parcels into this locker")
	}
	unknown := fault.New(fault.NotFound, "unknown_parcel", "there is no such parcel")
	if statement.CheckBarcode(barcode) != nil {
		return courier.Stop{}, unknown
	}
	p, err := c.Parcel(ctx, "", barcode)
	if err != nil {
		return courier.Stop{}, err
	}
	if p.Carrier != by.Carrier {
		return courier.Stop{}, unknown
	}
	to := p.Locker // where it is meant for already, if that is not here
	if to == locker || !p.State.Waits() {
		l, err := c.sendOn(ctx, p, "courier "+by.Carrier+"/"+by.ID, noRoom)
		if err != nil {
			return courier.Stop{}, err
		}
		to = l.ID
	}
	stops, err := c.stops(ctx, map[string][]courier.Task{to: {}})
	if err != nil {
		return courier.Stop{}, err
	}
	return stops[0], nil
}

// SendOn sends on what waits for lockers that nobody can count on (fleet.Dark), where merchants' rules allow it.
func (c *Custody) SendOn(ctx context.Context) error {
	lockers, err := c.Fleet.Dark(ctx)
	for _, locker := range lockers {
		err = errors.Join(err, c.sendOnFrom(ctx, locker))
	}
	return err
}

func (c *Custody) sendOnFrom(ctx context.Context, locker string) (failed error) {
	rows, err := store.New(c.DB.Reads()).Awaited(ctx, locker)
	if err != nil {
		return err
	}
	gone := map[string]bool{} // shipments
	for _, row := range rows {
		if gone[row.Shipment] {
			continue
		}
		gone[row.Shipment] = true
		switch to, err := c.sendOn(ctx, item(row), "hub", dark); {
		case err == nil:
			c.Log.Info("shipment sent on", "shipment", row.Shipment, "from", locker, "to", to.ID)
		case fault.KindOf(err) != fault.Conflict:
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
