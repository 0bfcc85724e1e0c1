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
	"lockstep/hub/internal/fleet"
	"lockstep/parcel"
)

// VerifyFold checks that every cached column equals the fold of what it was made from: parcels of their events, events of the
// uploads' records, compartments and room of the records, reservations. Each string is one difference.
func (c *Custody) VerifyFold(ctx context.Context) (differences []string, err error) {
	err = c.DB.View(ctx, func(tx *sql.Tx) error {
		ck := &check{c: c, tx: tx, q: store.New(tx)}
		if err := errors.Join(ck.parcels(ctx), ck.feeds(ctx)); err != nil {
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
	fold := stood(p, rows, 0)
	for i, e := range rows {
		row, ok := parcel.Next(parcel.State(fold.State), parcel.Fact(e.What))
		if !ok || e.Number != int64(i+1) || e.Before != fold.State || e.After != string(row.To) || e.Proof != string(row.Proof) {
			ck.differ("parcel %s: event %d does not follow", p.Barcode, e.Number)
		}
		if e.Proof == string(parcel.Scan) {
			ck.scan(ctx, e)
		}
		fold = apply(fold, e)
	}
	if fold != p {
		ck.differ("parcel %s is %s, its events say %s", p.Barcode, p.State, fold.State)
	}
	return nil
}

// feeds holds merchants' feeds against the events: each has its position in the feed of its parcel's merchant, or waits for one,
// and no feed has a gap.
func (ck *check) feeds(ctx context.Context) error {
	gaps, err := ck.q.FeedGaps(ctx)
	if err != nil {
		return err
	}
	for _, merchant := range gaps {
		ck.differ("merchant %s: the feed of its events has a gap", merchant)
	}
	untold, err := ck.q.Untold(ctx)
	for _, e := range untold {
		ck.differ("parcel %s: event %d is in no feed of its merchant", e.Barcode, e.Number)
	}
	return err
}

// scan holds an event against the signed scan that it rests on.
func (ck *check) scan(ctx context.Context, e store.CustodyEvent) {
	envelope, err := ck.q.Scan(ctx, store.ScanParams{Barcode: e.Barcode, Number: e.Number})
	if err == nil {
		var r statement.Recovered
		if r, _, err = readScan(envelope, ck.c.Charters...); err == nil && (r.Barcode != e.Barcode || r.Locker != e.Locker) {
			err = errors.New("it is another parcel's")
		}
	}
	if err != nil {
		ck.differ("parcel %s: event %d rests on a scan that does not hold: %v", e.Barcode, e.Number, err)
	}
}

// locker folds a locker's uploads from the first: the chain must hold, and compartments and events must be what its records say.
func (ck *check) locker(ctx context.Context, locker string) error {
	events, err := ck.q.RecordEvents(ctx, locker)
	if err != nil {
		return err
	}
	told := map[line][]store.CustodyEvent{}
	for _, e := range events {
		at := line{e.Guard, e.Record}
		told[at] = append(told[at], e)
	}
	f := newFolding()
	if err := ck.follow(ctx, locker, f, told); err != nil {
		return err
	}
	for at := range told {
		ck.differ("locker %s: events rest on record %d of guard %d, which is not in the uploads", locker, at.record, at.guard)
	}
	return ck.stored(ctx, locker, f)
}

// stored holds what is stored of a locker and of the parcels there against the fold of its records.
func (ck *check) stored(ctx context.Context, locker string, f *folding) error {
	found, err := ck.c.Fleet.Differences(ctx, ck.tx, locker, f.Folded)
	ck.found = append(ck.found, found...)
	return errors.Join(err, ck.inside(ctx, locker, f.Front), ck.awaited(ctx, locker))
}

// inside holds parcels against the compartments that hold them: what is in an occupied compartment has not been collected,
// returned or put into another one, whatever is written about it.
func (ck *check) inside(ctx context.Context, locker string, front fleet.Front) error {
	rows, err := ck.q.InsideAt(ctx, locker)
	if err != nil {
		return err
	}
	at := map[string]uint16{}
	for _, p := range rows {
		at[p.Barcode] = uint16(p.Compartment)
	}
	for _, c := range front {
		if c.State != fleet.Occupied || c.Parcel == "" || at[c.Parcel] == c.Number {
			continue
		}
		p, err := ck.q.Parcel(ctx, c.Parcel)
		if errors.Is(err, sql.ErrNoRows) || err == nil && p.Locker != locker {
			continue // no parcel of ours here: that was an alarm when the record came
		}
		if err != nil {
			return err
		}
		if parcel.State(p.State) != parcel.Recovered { // by the mechanical key, of which no record knows
			ck.differ("parcel %s is %s, the records of %s say that it is in compartment %d", p.Barcode, p.State, locker, c.Number)
		}
	}
	return nil
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
	inbound := slices.DeleteFunc(parcels, func(p store.AwaitedAtRow) bool { return p.Outbound }) // a permit stands on no manifest
	ck.compare("a place on manifests", locker, expected, inbound)
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

// line is one record of one of a locker's guards.
type line struct{ guard, record int64 }

// folding is how far a locker's uploads are folded.
type folding struct {
	cursor int64 // of the last upload
	guard  int64 // whose it is
	key    statement.Key
	broken bool // the chain does not hold: nothing after it can be folded
	fleet.Folded
}

func newFolding() *folding {
	return &folding{guard: 1, Folded: fleet.Folded{Front: fleet.Front{}, Refusals: fleet.Refusals{}}}
}

// begin is another guard's journal: it starts from nothing.
func (f *folding) begin(guard int64) {
	f.guard, f.Position, f.Front, f.Standing = guard, journal.Position{}, fleet.Front{}, fleet.Standing{}
}

// follow folds the uploads after the last; it takes out of told the events that a record proves.
func (ck *check) follow(ctx context.Context, locker string, f *folding, told map[line][]store.CustodyEvent) error {
	for {
		page, err := ck.q.UploadsOf(ctx, store.UploadsOfParams{Locker: locker, Cursor: f.cursor, Limit: 100})
		if err != nil {
			return err
		}
		for _, u := range page {
			if err := ck.upload(u, f, told); err != nil || f.broken {
				return err
			}
		}
		if len(page) == 0 {
			return ck.newest(ctx, locker, f)
		}
	}
}

// newest begins anew where the locker waits for another guard's first record.
func (ck *check) newest(ctx context.Context, locker string, f *folding) error {
	place, err := ck.c.Fleet.Place(ctx, ck.tx, locker)
	if err == nil && f.guard != int64(place.Guards) {
		f.begin(int64(place.Guards))
	}
	return err
}

func (ck *check) upload(u store.Upload, f *folding, told map[line][]store.CustodyEvent) error {
	if u.Guard != f.guard {
		f.begin(u.Guard)
	}
	var s journal.Stretch
	if err := statement.Decode(u.Stretch, &s); err != nil {
		return fmt.Errorf("custody: upload %d: %w", u.Cursor, err)
	}
	records, err := ck.verify(u.Locker, s, f)
	if err != nil {
		ck.differ("locker %s: upload %d: %v", u.Locker, u.Cursor, err)
		f.broken = true
		return nil
	}
	f.cursor = u.Cursor
	for _, r := range records {
		ck.record(u.Locker, r, f, told)
	}
	return nil
}

// verify holds a stretch against the chain so far and against the signature of its guard, whose key the journal's first record brings:
// whoever rewrites history can compute every hash anew, but signs no head.
func (ck *check) verify(locker string, s journal.Stretch, f *folding) ([]journal.Record, error) {
	if f.Position.Number == 0 && len(s.Records) > 0 {
		first, err := journal.Decode(s.Records[0])
		if err != nil {
			return nil, err
		}
		certificate, err := ck.c.certificate(first, locker)
		if err != nil {
			return nil, err
		}
		f.key = certificate.Guard
	}
	records, head, err := s.Verify(f.Position, locker, f.key)
	if len(records) > 0 {
		f.Position = journal.Position{Number: head.Position, Hash: head.Hash}
	}
	return records, err
}

func (ck *check) record(locker string, r journal.Record, f *folding, told map[line][]store.CustodyEvent) {
	if r.Kind == journal.Provisioned {
		certificate, err := ck.c.certificate(r, locker)
		if err != nil {
			ck.differ("locker %s: record %d: %v", locker, r.Number, err)
			return
		}
		f.Front = fleet.NewFront(certificate)
	}
	f.Front.Apply(r)
	f.Standing.Apply(r)
	f.Refusals.Apply(r)
	at := line{f.guard, int64(r.Number)}
	for _, e := range told[at] {
		what, ok := factOf(r)
		if r.Kind == journal.Took {
			what, ok = parcel.WasDispatched, true
		}
		if !ok || string(what) != e.What || (r.Parcel != "" && r.Parcel != e.Barcode) {
			ck.differ("parcel %s: event %d says %q, record %d of %s says %q", e.Barcode, e.Number, e.What, r.Number, locker, r.Kind)
		}
	}
	delete(told, at)
}
