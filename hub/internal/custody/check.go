package custody

import (
	"context"
	"database/sql"
	"fmt"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/fleet"
	"lockstep/parcel"
)

// VerifyFold checks that every cached column equals the fold of what it was made from: parcels of their events, events of the
// uploads' records, compartments and room of the records, reservations. Each string is one difference.
func (c *Custody) VerifyFold(ctx context.Context) (differences []string, err error) {
	err = c.DB.View(ctx, func(tx *sql.Tx) error {
		ck := &check{c: c, tx: tx, q: store.New(tx)}
		if err := ck.parcels(ctx); err != nil {
			return err
		}
		err := c.Fleet.Each(ctx, tx, func(locker string) error { return ck.locker(ctx, locker) })
		differences = ck.found
		return err
	})
	return differences, err
}

type check struct {
	c     *Custody
	tx    *sql.Tx
	q     *store.Queries
	found []string
}

func (ck *check) differ(format string, args ...any) {
	ck.found = append(ck.found, fmt.Sprintf(format, args...))
}

func (ck *check) parcels(ctx context.Context) error {
	for after := ""; ; {
		page, err := ck.q.ParcelsFrom(ctx, store.ParcelsFromParams{Barcode: after, Limit: 500})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, p := range page {
			if err := ck.parcel(ctx, p); err != nil {
				return err
			}
		}
		after = page[len(page)-1].Barcode
	}
}

// parcel folds a parcel's events from the beginning, each by a row of the lifecycle.
func (ck *check) parcel(ctx context.Context, p store.Parcel) error {
	rows, err := ck.q.Events(ctx, p.Barcode)
	if err != nil {
		return err
	}
	fold := p
	fold.State, fold.Hold, fold.Compartment, fold.Stored, fold.Due, fold.Events, fold.Live = "", "", 0, 0, 0, 0, true
	for i, e := range rows {
		row, ok := parcel.Next(parcel.State(fold.State), parcel.Fact(e.What))
		if !ok || e.Number != int64(i+1) || e.Before != fold.State || e.After != string(row.To) || e.Proof != string(row.Proof) {
			ck.differ("parcel %s: event %d does not follow", p.Barcode, e.Number)
		}
		fold = apply(fold, e)
	}
	if fold != p {
		ck.differ("parcel %s is %s, its events say %s", p.Barcode, p.State, fold.State)
	}
	return nil
}

// locker folds a locker's uploads from the first: the chain must hold, and compartments and events must be what its records say.
func (ck *check) locker(ctx context.Context, locker string) error {
	events, err := ck.q.RecordEvents(ctx, locker)
	if err != nil {
		return err
	}
	told := map[uint64][]store.CustodyEvent{}
	for _, e := range events {
		told[uint64(e.Record)] = append(told[uint64(e.Record)], e)
	}
	front, position, err := ck.journal(ctx, locker, told)
	if err != nil {
		return err
	}
	for record := range told {
		ck.differ("locker %s: events rest on record %d, which is not in the uploads", locker, record)
	}
	found, err := ck.c.Fleet.Differences(ctx, ck.tx, locker, position, front)
	ck.found = append(ck.found, found...)
	if err != nil {
		return err
	}
	return ck.awaited(ctx, locker)
}

// awaited holds reservations and what dispatch expects against the parcels: each that is still to be put in has both, and none
// other has either. An uncertain one may.
func (ck *check) awaited(ctx context.Context, locker string) error {
	reserved, err := ck.c.Fleet.Reserved(ctx, ck.tx, locker)
	if err != nil {
		return err
	}
	expected, err := ck.c.Dispatch.Awaited(ctx, ck.tx, locker)
	if err != nil {
		return err
	}
	parcels, err := ck.q.AwaitedAt(ctx, locker)
	if err != nil {
		return err
	}
	ck.compare("reserved room", locker, reserved, parcels)
	ck.compare("a place on manifests", locker, expected, parcels)
	return nil
}

func (ck *check) compare(what, locker string, have []string, parcels []store.AwaitedAtRow) {
	left := map[string]bool{}
	for _, barcode := range have {
		left[barcode] = true
	}
	for _, p := range parcels {
		if !left[p.Barcode] && parcel.State(p.State) != parcel.Uncertain {
			ck.differ("parcel %s is %s and has not %s", p.Barcode, p.State, what)
		}
		delete(left, p.Barcode)
	}
	for barcode := range left {
		ck.differ("parcel %s has %s at locker %s and is not awaited there", barcode, what, locker)
	}
}

// journal walks the uploads; it takes out of told the events that a record proves.
func (ck *check) journal(ctx context.Context, locker string, told map[uint64][]store.CustodyEvent) (front fleet.Front, at journal.Position, err error) {
	front = fleet.Front{}
	for after := int64(0); ; {
		page, err := ck.q.UploadsOf(ctx, store.UploadsOfParams{Locker: locker, Cursor: after, Limit: 100})
		if err != nil || len(page) == 0 {
			return front, at, err
		}
		for _, u := range page {
			after = u.Cursor
			var s journal.Stretch
			if err := statement.Decode(u.Stretch, &s); err != nil {
				return front, at, fmt.Errorf("custody: upload %d: %w", u.Cursor, err)
			}
			records, end, err := journal.Chain(at, s.Records)
			if err != nil {
				ck.differ("locker %s: upload %d: %v", locker, u.Cursor, err)
				return front, at, nil
			}
			at = end
			for _, r := range records {
				front = ck.record(locker, r, front, told)
			}
		}
	}
}

func (ck *check) record(locker string, r journal.Record, front fleet.Front, told map[uint64][]store.CustodyEvent) fleet.Front {
	if r.Kind == journal.Provisioned {
		certificate, err := ck.c.certificate(r, locker)
		if err != nil {
			ck.differ("locker %s: record 1: %v", locker, err)
			return front
		}
		front = fleet.NewFront(certificate)
	}
	front.Apply(r)
	for _, e := range told[r.Number] {
		what, ok := factOf(r)
		if r.Kind == journal.Took {
			what, ok = parcel.WasDispatched, true
		}
		if !ok || string(what) != e.What || (r.Parcel != "" && r.Parcel != e.Barcode) {
			ck.differ("parcel %s: event %d says %q, record %d of %s says %q", e.Barcode, e.Number, e.What, r.Number, locker, r.Kind)
		}
	}
	delete(told, r.Number)
	return front
}
