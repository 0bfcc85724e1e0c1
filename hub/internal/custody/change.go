package custody

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"lockstep/hub/internal/custody/store"
)

// Change is an event as its merchant reads it: at a position that it keeps for ever.
type Change struct {
	Position int64 // within the merchant, from 1 without a gap
	Told     int64 // µs UTC by the hub's clock: when it got its position; never falls as positions rise
	Event          // with Parcel as it stood after the event, and Shipment
}

// MaxChanges bounds one page of changes.
const MaxChanges = 500

// publishAtOnce bounds the events that get their positions in one transaction.
const publishAtOnce = 1000

// Publish gives each event that waits its position in its merchant's feed. Positions are given after the commit of what they
// stand for, by one transaction at a time, whichever node runs it: whoever reads a position reads all before it, and nothing
// comes between them later. Nothing else waits for that transaction. Doing it twice, or on two nodes at once, is no error.
func (c *Custody) Publish(ctx context.Context) error { return c.publish(ctx, 0) }

// publish sees to it, too, that no event will be told before a moment that has passed, of those that have no position yet.
func (c *Custody) publish(ctx context.Context, moment int64) error {
	for {
		is, err := store.New(c.DB.Reads()).Waiting(ctx)
		if err != nil || !is.Waiting && is.Told >= min(moment, c.now()) {
			return err
		}
		published, err := c.publishSome(ctx)
		if err != nil || published < publishAtOnce {
			return err
		}
	}
}

// publishSome holds the clock's row first: what another node has given is then seen.
func (c *Custody) publishSome(ctx context.Context) (published int64, err error) {
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		told, err := q.HoldClock(ctx, c.now())
		if err != nil {
			return err
		}
		if published, err = q.Publish(ctx, store.PublishParams{Told: told, AtMost: publishAtOnce}); err != nil || published == 0 {
			return err
		}
		_, err = q.DropPublished(ctx)
		return err
	})
	return published, err
}

// Changes are a merchant's events after a position (0 for the first), oldest first, at most limit and MaxChanges; next is the
// position of the last, or after where there is none. What was committed before the call is among them or follows them. Events
// stay for ever, and so do their positions.
func (c *Custody) Changes(ctx context.Context, merchant string, after int64, limit int) (list []Change, next int64, err error) {
	if err := c.publish(ctx, 0); err != nil {
		return nil, after, err
	}
	return c.changes(ctx, merchant, after, math.MaxInt64, limit)
}

// ChangesBetween are as Changes those that were told from one moment on and before another, µs UTC. A span that has passed by the
// hub's clock when it is asked for has the same events whenever it is asked for again: spans that follow each other lose nothing
// and tell nothing twice.
func (c *Custody) ChangesBetween(ctx context.Context, merchant string, from, to, after int64, limit int) (list []Change, next int64, err error) {
	first, err := c.PositionAt(ctx, merchant, from)
	if err != nil {
		return nil, after, err
	}
	last, err := c.PositionAt(ctx, merchant, to)
	if err != nil {
		return nil, after, err
	}
	return c.changes(ctx, merchant, max(after, first), last, limit)
}

// PositionAt is the last position of a merchant that was given before a moment, µs UTC; 0 for none. Changes after it are those
// that were told from then on.
func (c *Custody) PositionAt(ctx context.Context, merchant string, moment int64) (int64, error) {
	if err := c.publish(ctx, moment); err != nil {
		return 0, err
	}
	position, err := store.New(c.DB.Reads()).PositionBefore(ctx, store.PositionBeforeParams{Merchant: merchant, Moment: moment})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return position, err
}

func (c *Custody) changes(ctx context.Context, merchant string, after, last int64, limit int) (list []Change, next int64, err error) {
	err = c.DB.View(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		rows, err := q.Changes(ctx, store.ChangesParams{Merchant: merchant, After: after, Last: last, AtMost: int32(min(limit, MaxChanges))})
		if err != nil || len(rows) == 0 {
			return err
		}
		events, err := q.EventsOfChanges(ctx, store.EventsOfChangesParams{Merchant: merchant, First: rows[0].Position, Last: rows[len(rows)-1].Position})
		list = told(rows, events)
		return err
	})
	next = after
	if len(list) > 0 {
		next = list[len(list)-1].Position
	}
	return list, next, err
}

// told puts each event together with its parcel as it stood then, folded from the parcel's events.
func told(rows []store.ChangesRow, events []store.CustodyEvent) (list []Change) {
	of := map[string][]store.CustodyEvent{}
	for _, e := range events {
		of[e.Barcode] = append(of[e.Barcode], e)
	}
	for _, r := range rows {
		ch := Change{Position: r.Position, Told: r.Told, Event: event(r.CustodyEvent)}
		ch.Parcel, ch.Shipment = item(stood(r.Parcel, of[r.Parcel.Barcode], r.CustodyEvent.Number)), r.Parcel.Shipment
		list = append(list, ch)
	}
	return list
}

// stood is a parcel as it was after the event with a number; after 0 it is as before the first.
func stood(p store.Parcel, events []store.CustodyEvent, number int64) store.Parcel {
	p.State, p.Hold, p.Compartment, p.Stored, p.Due, p.Events, p.Live = "", "", 0, 0, 0, 0, true
	p.Outbound = p.Outbound || p.Onward
	if len(events) > 0 {
		p.Locker = events[0].Locker
	}
	for _, e := range events {
		if e.Number <= number {
			p = apply(p, e)
		}
	}
	return p
}
