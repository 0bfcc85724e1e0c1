package custody

import (
	"context"
	"database/sql"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
	wire "lockstep/internal/line"
)

// Down is what waits for a locker, for one of a carrier's couriers to carry there: receipts, what persons have signed, and as many numbered
// statements as go into a load. Nothing is counted as sent: the locker's records say what it took, whatever road that came by. NotFound
// "not_sent_here" where the courier's carrier has nothing to do.
func (c *Custody) Down(ctx context.Context, by courier.Courier, locker string) (courier.Cargo, error) {
	if err := c.sentTo(ctx, by, locker); err != nil {
		return courier.Cargo{}, err
	}
	l, err := c.Fleet.Locker(ctx, locker)
	if err != nil {
		return courier.Cargo{}, err
	}
	load := wire.Load{Locker: locker}
	if err := c.fill(ctx, &load, l); err != nil {
		return courier.Cargo{}, err
	}
	return courier.Cargo{After: l.Position, Load: statement.Encode(load)}, nil
}

// sentTo says whether a courier goes to a locker: they are sent there, and there is something of their carrier's.
func (c *Custody) sentTo(ctx context.Context, by courier.Courier, locker string) error {
	if by.Covers(locker) {
		if live, err := c.Live(ctx, by.Carrier, locker); err != nil || len(live) > 0 {
			return err
		}
	}
	return fault.New(fault.NotFound, "not_sent_here", "there is nothing for this courier to do at this locker")
}

// fill puts into a load what waits, in the order in which it goes down the line.
func (c *Custody) fill(ctx context.Context, load *wire.Load, l fleet.Locker) error {
	receipts, err := c.Fleet.Receipts(ctx, l.ID)
	if err != nil {
		return err
	}
	for _, envelope := range receipts {
		load.Add(wire.Item{Kind: wire.Receipt, Statement: envelope})
	}
	persons, err := c.Dispatch.Persons(ctx, l.ID)
	if err != nil {
		return err
	}
	if persons != nil {
		load.Add(wire.Item{Kind: wire.Persons, Statement: persons.Bundle})
	}
	list, err := c.Dispatch.Down(ctx, l.ID, l.Down)
	for _, s := range list {
		if !load.Add(wire.Item{Kind: wire.Down, Number: s.Number, Statement: s.Envelope}) {
			break
		}
	}
	return err
}

// Up takes in a stretch that a courier's phone has brought, as Ingest does; the locker was heard of when its guard signed it, not now. Anybody may hold a phone: what the locker's guard has not signed
// is refused and raises no alarm, and so is what does not follow yet.
func (c *Custody) Up(ctx context.Context, locker string, h courier.Haul) error {
	var s journal.Stretch
	if err := statement.Decode(h.Stretch, &s); err != nil || len(s.Records) == 0 {
		return notTheLockers
	}
	first, err := journal.Decode(s.Records[0])
	if err != nil {
		return notTheLockers
	}
	var place fleet.Place
	err = c.DB.View(ctx, func(tx *sql.Tx) (err error) {
		place, err = c.Fleet.Place(ctx, tx, locker)
		return err
	})
	switch {
	case err != nil:
		return err
	case place.Position.Number == 0 || first.Number > place.Position.Number+1:
		return fault.New(fault.Conflict, "not_yet", "records before these have not come yet")
	}
	if _, _, err := s.Verify(journal.Position{Number: first.Number - 1, Hash: first.Prev}, locker, place.Guard); err != nil {
		return notTheLockers
	}
	_, err = c.ingest(ctx, &upload{locker: locker, stretch: s, carried: true})
	return err
}

var notTheLockers = fault.New(fault.Invalid, "not_the_lockers", "this locker's guard has not signed these records")
