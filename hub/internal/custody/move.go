package custody

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"lockstep/hub/internal/custody/store"
	"lockstep/internal/db"
	"lockstep/parcel"
)

// happening is a fact on its way to become an event.
type happening struct {
	what        parcel.Fact
	actor       string
	reason      string
	happened    int64
	locker      string
	record      uint64
	guard       uint64 // which of the locker's guards wrote the record
	compartment uint16
	due         int64
}

// errNoRow says that the lifecycle has no row for a fact in the parcel's state.
var errNoRow = errors.New("the lifecycle has no such row")

// move is the only way a parcel changes: the lifecycle's row, the event, the cached columns and what follows from them for room,
// manifests and webhooks, all in tx.
func (c *Custody) move(ctx context.Context, tx *sql.Tx, was store.Parcel, h happening) (store.Parcel, error) {
	row, ok := parcel.Next(parcel.State(was.State), h.what)
	if !ok {
		return was, errNoRow
	}
	if h.locker == "" {
		h.locker = was.Locker
	}
	e := store.AddEventParams{Barcode: was.Barcode, Number: was.Events + 1, ID: uuid.Must(uuid.NewV7()).String(), What: string(h.what),
		Actor: h.actor, Reason: h.reason, Before: was.State, After: string(row.To), Happened: h.happened, Received: c.now(),
		Proof: string(row.Proof), Locker: h.locker, Record: int64(h.record), Guard: int64(max(h.guard, 1)), Compartment: int64(h.compartment), Due: h.due}
	is := apply(was, store.CustodyEvent(e))
	if err := c.write(ctx, tx, was, is, e); err != nil {
		return was, err
	}
	if !awaited(row.To) || is.Locker != was.Locker {
		if err := errors.Join(c.Fleet.Release(ctx, tx, was.Barcode), c.Dispatch.Forget(ctx, tx, was.Barcode)); err != nil {
			return was, err
		}
	}
	return is, c.emit(ctx, tx, is, store.CustodyEvent(e))
}

func (c *Custody) write(ctx context.Context, tx *sql.Tx, was, is store.Parcel, e store.AddEventParams) error {
	q := store.New(tx)
	rows, err := q.MoveParcel(ctx, store.MoveParcelParams{State: is.State, Hold: is.Hold, Compartment: is.Compartment, Stored: is.Stored,
		Due: is.Due, Changed: is.Changed, Live: is.Live, Locker: is.Locker, Outbound: is.Outbound, Barcode: is.Barcode, Was: was.Events})
	if err != nil {
		return fmt.Errorf("custody: parcel %s: %w", is.Barcode, err)
	}
	if rows == 0 {
		return fmt.Errorf("custody: parcel %s: %w", is.Barcode, db.ErrRaced)
	}
	if err := q.AddEvent(ctx, e); err != nil {
		return err
	}
	return q.AddUnpublished(ctx, store.AddUnpublishedParams{Barcode: e.Barcode, Number: e.Number, Merchant: is.Merchant, Received: e.Received})
}

func (c *Custody) emit(ctx context.Context, tx *sql.Tx, is store.Parcel, e store.CustodyEvent) error {
	if c.Emit == nil {
		return nil
	}
	out := event(e)
	out.Parcel, out.Shipment = item(is), is.Shipment
	return c.Emit(ctx, tx, out)
}

// apply folds one event into a parcel's cached columns. It is pure; VerifyFold holds the columns against it.
func apply(p store.Parcel, e store.CustodyEvent) store.Parcel {
	before, after := parcel.State(p.State), parcel.State(e.After)
	row := parcel.Row{From: before, What: parcel.Fact(e.What), To: after}
	p.State, p.Hold, p.Live = e.After, row.Hold(p.Hold), after.Live()
	switch {
	case !after.Inside():
		p.Compartment = 0
	case e.Compartment != 0:
		p.Compartment = e.Compartment
	}
	if row.What == parcel.WasRedirected || after.Inside() {
		p.Locker = e.Locker
	}
	if row.What == parcel.WasStored {
		p.Stored = e.Happened
	}
	if row.What == parcel.WasRedirected && before == parcel.Withdrawn { // it begins anew
		p.Outbound, p.Stored, p.Due = false, 0, 0
	}
	if e.Due != 0 {
		p.Due = e.Due
	}
	p.Events, p.Changed = e.Number, e.Received
	return p
}

// awaited says whether a parcel in this state may still be put in, so that its room and its place on manifests are kept.
func awaited(s parcel.State) bool {
	return s.Waits() || s == parcel.Uncertain
}

func item(p store.Parcel) Parcel {
	return Parcel{Barcode: p.Barcode, Shipment: p.Shipment, Merchant: p.Merchant, Locker: p.Locker, Carrier: p.Carrier, Place: int(p.Place),
		Size: parcel.Size(p.Size), Low: p.Low, Outbound: p.Outbound, Onward: p.Onward, WeightG: int(p.WeightG), Reference: p.Reference, Token: p.Token,
		State: parcel.State(p.State), Hold: p.Hold, Compartment: uint16(p.Compartment), Stored: p.Stored, Due: p.Due,
		Created: p.Created, Changed: p.Changed}
}

func event(e store.CustodyEvent) Event {
	return Event{ID: e.ID, Barcode: e.Barcode, Number: int(e.Number), What: parcel.Fact(e.What), Actor: e.Actor, Reason: e.Reason,
		Before: parcel.State(e.Before), After: parcel.State(e.After), Happened: e.Happened, Received: e.Received,
		Proof: parcel.Proof(e.Proof), Locker: e.Locker, Record: uint64(e.Record), Guard: uint64(e.Guard), Compartment: uint16(e.Compartment)}
}

func (c *Custody) now() int64 { return c.Now().UnixMicro() }
