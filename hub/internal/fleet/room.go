package fleet

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// Reserve keeps room at a locker for parcels: of their size, or of a larger one where that is all promised. All get room or
// the caller must undo tx. Conflict "locker_full" where there is none, Invalid "unknown_locker", Conflict "locker_not_ready" for one whose
// guard has not been heard of.
func (f *Fleet) Reserve(ctx context.Context, tx *sql.Tx, locker string, wants []Want) error {
	q := store.New(tx)
	rooms, err := q.Rooms(ctx, locker)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(rooms, func(r store.Room) bool { return r.Total > 0 }) {
		return f.whyNoRoom(ctx, q, locker)
	}
	wants = slices.Clone(wants)
	slices.SortFunc(wants, func(a, b Want) int { return int(b.Size) - int(a.Size) }) // the large ones have fewer places to go
	for _, w := range wants {
		if err := reserve(ctx, q, locker, w); err != nil {
			return err
		}
	}
	return nil
}

func reserve(ctx context.Context, q *store.Queries, locker string, w Want) error {
	for size := w.Size; size.Valid(); size++ {
		rows, err := q.TakeRoom(ctx, store.TakeRoomParams{Locker: locker, Size: int64(size)})
		if err != nil {
			return err
		}
		if rows == 1 {
			return q.AddReservation(ctx, store.AddReservationParams{Barcode: w.Barcode, Locker: locker, Size: int64(size)})
		}
	}
	return fault.New(fault.Conflict, "locker_full", "the locker has no free compartment of size %v or larger", w.Size)
}

func (f *Fleet) whyNoRoom(ctx context.Context, q *store.Queries, locker string) error {
	if _, err := q.Locker(ctx, locker); errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.Invalid, "unknown_locker", "there is no such locker")
	}
	return fault.New(fault.Conflict, "locker_not_ready", "the locker is not in service yet")
}

// Release gives a parcel's reserved room back; nothing happens where it has none.
func (f *Fleet) Release(ctx context.Context, tx *sql.Tx, barcode string) error {
	q := store.New(tx)
	row, err := q.DropReservation(ctx, barcode)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return q.GiveRoom(ctx, store.GiveRoomParams{Locker: row.Locker, Size: row.Size})
}

// Reserved lists the parcels that have room at a locker.
func (f *Fleet) Reserved(ctx context.Context, tx *sql.Tx, locker string) ([]string, error) {
	return store.New(tx).ReservedAt(ctx, locker)
}

// count is the room of one locker as its compartments and reservations say.
func count(compartments []Compartment) map[parcel.Size]Room {
	rooms := map[parcel.Size]Room{}
	for _, c := range compartments {
		r := rooms[c.Size]
		r.Size = c.Size
		r.Total++
		if c.usable() {
			r.Empty++
		}
		rooms[c.Size] = r
	}
	return rooms
}
