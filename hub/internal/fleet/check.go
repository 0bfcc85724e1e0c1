package fleet

import (
	"context"
	"database/sql"
	"fmt"
	"maps"

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

// Folded is what a locker's records say: the fold of its uploads.
type Folded struct {
	Position journal.Position
	Front    Front
	Standing Standing
	Refusals Refusals // of all its guards
}

// Differences holds what is stored of a locker against the fold of its records: each string is one difference.
func (f *Fleet) Differences(ctx context.Context, tx *sql.Tx, locker string, is Folded) (found []string, err error) {
	differ := func(format string, args ...any) {
		found = append(found, "locker "+locker+": "+fmt.Sprintf(format, args...))
	}
	place, err := f.Place(ctx, tx, locker)
	if err != nil {
		return nil, err
	}
	if place.Position != is.Position {
		differ("the stored position is record %d, the uploads end at %d", place.Position.Number, is.Position.Number)
	}
	q := store.New(tx)
	if err := wholeDiffers(ctx, q, locker, is, differ); err != nil {
		return nil, err
	}
	stored, err := front(ctx, q, locker)
	if err != nil {
		return nil, err
	}
	if len(stored) != len(is.Front) {
		differ("%d compartments are stored, its records say %d", len(stored), len(is.Front))
	}
	for _, c := range sorted(stored) {
		if say := is.Front[c.Number]; c != say {
			differ("compartment %d is stored as %+v, its records say %+v", c.Number, c, say)
		}
	}
	return found, roomDiffers(ctx, q, locker, is.Front, differ)
}

func wholeDiffers(ctx context.Context, q *store.Queries, locker string, is Folded, differ func(string, ...any)) error {
	row, err := q.Locker(ctx, locker)
	if err != nil {
		return err
	}
	if s := standing(row.Locker); s != is.Standing {
		differ("it is stored as %+v, its records say %+v", s, is.Standing)
	}
	counts, err := refusalsOf(ctx, q, locker)
	if err == nil && !maps.Equal(counts, is.Refusals) {
		differ("its refusals are stored as %v, its records say %v", counts, is.Refusals)
	}
	return err
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
