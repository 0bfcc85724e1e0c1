package fleet

import (
	"context"
	"database/sql"
	"fmt"

	"lockstep/guard/journal"
	"lockstep/hub/internal/fleet/store"
	"lockstep/parcel"
)

// Each calls do for every locker, by id.
func (f *Fleet) Each(ctx context.Context, tx *sql.Tx, do func(locker string) error) error {
	for after := ""; ; {
		rows, err := store.New(tx).Lockers(ctx, store.LockersParams{Limit: 500, After: after})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			after = row.Locker.ID
			if err := do(after); err != nil {
				return err
			}
		}
	}
}

// Differences holds what is stored of a locker against the fold of its records: each string is one difference.
func (f *Fleet) Differences(ctx context.Context, tx *sql.Tx, locker string, at journal.Position, front Front) (found []string, err error) {
	differ := func(format string, args ...any) {
		found = append(found, "locker "+locker+": "+fmt.Sprintf(format, args...))
	}
	place, err := f.Place(ctx, tx, locker)
	if err != nil {
		return nil, err
	}
	if place.Position != at {
		differ("the stored position is record %d, the uploads end at %d", place.Position.Number, at.Number)
	}
	q := store.New(tx)
	rows, err := q.Compartments(ctx, locker)
	if err != nil {
		return nil, err
	}
	if len(rows) != len(front) {
		differ("%d compartments are stored, its records say %d", len(rows), len(front))
	}
	for _, row := range rows {
		if c := compartment(row); c != front[c.Number] {
			differ("compartment %d is stored as %s, its records say %s", c.Number, c.State, front[c.Number].State)
		}
	}
	return found, roomDiffers(ctx, q, locker, front, differ)
}

func roomDiffers(ctx context.Context, q *store.Queries, locker string, front Front, differ func(string, ...any)) error {
	rooms, err := q.Rooms(ctx, locker)
	if err != nil {
		return err
	}
	counts, err := q.CountReservations(ctx, locker)
	if err != nil {
		return err
	}
	reserved := map[parcel.Size]int64{}
	for _, c := range counts {
		reserved[parcel.Size(c.Size)] = c.Count
	}
	real := count(sorted(front))
	for _, r := range rooms {
		size := parcel.Size(r.Size)
		if is := real[size]; int(r.Total) != is.Total || int(r.Empty) != is.Empty || r.Reserved != reserved[size] {
			differ("room of size %v is stored as %d, %d empty, %d reserved; its records and reservations say %d, %d, %d",
				size, r.Total, r.Empty, r.Reserved, is.Total, is.Empty, reserved[size])
		}
	}
	return nil
}
