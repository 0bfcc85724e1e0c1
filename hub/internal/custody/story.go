package custody

import (
	"context"
	"math"
	"slices"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// Told is a record of a locker's journal, and when the hub got it.
type Told struct {
	journal.Record
	Received int64 // µs UTC
}

const (
	storyUploads = 400 // how far back a story goes, in uploads
	storyRecords = 100 // and at most so many records of a door
)

// Story is what a locker's guard has written about one compartment, newest first: not more than its last few hundred uploads tell. A
// compartment of 0 is the locker itself: what is about no door.
func (c *Custody) Story(ctx context.Context, locker string, guard uint64, compartment uint16) (story []Told, err error) {
	rows, err := store.New(c.DB.Reads()).UploadsBack(ctx, store.UploadsBackParams{Locker: locker, Guard: int64(guard), Upto: math.MaxInt64, Limit: storyUploads})
	for _, row := range rows {
		var s journal.Stretch
		if err := statement.Decode(row.Stretch, &s); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "unreadable", "an upload that was kept cannot be read")
		}
		for _, data := range slices.Backward(s.Records) {
			r, err := journal.Decode(data)
			if err != nil {
				return nil, fault.Wrap(err, fault.Internal, "unreadable", "a record that was kept cannot be read")
			}
			if tellsOf(r, compartment) {
				story = append(story, Told{r, row.Received})
			}
		}
		if len(story) >= storyRecords {
			return story[:storyRecords], nil
		}
	}
	return story, err
}

func tellsOf(r journal.Record, compartment uint16) bool {
	return r.Compartment == compartment && (compartment != 0 || len(r.Compartments) == 0) || compartment != 0 && slices.Contains(r.Compartments, compartment)
}

// Referred finds parcels by a merchant's own number, of the shipment or of the parcel, newest first, at most limit.
func (c *Custody) Referred(ctx context.Context, reference string, limit int) (list []Parcel, err error) {
	rows, err := store.New(c.DB.Reads()).ReferredTo(ctx, store.ReferredToParams{Reference: reference, Limit: int32(limit)})
	for _, row := range rows {
		list = append(list, item(row))
	}
	return list, err
}

// Day is what came and went at a locker on one day, and how long what went had waited.
type Day struct {
	Day    string    `json:"day"` // 2026-12-31, in the locker's zone
	Stored int       `json:"stored"`
	Left   int       `json:"left"`
	Waits  []float64 `json:"waits"`  // hours
	Inside int       `json:"inside"` // at the day's end
}

// Days are a locker's last days, oldest first, as its present guard's records tell; inside is how many parcels it holds now.
func (c *Custody) Days(ctx context.Context, locker string, guard uint64, zone *time.Location, days, inside int) ([]Day, error) {
	now := c.Now().In(zone)
	first := time.Date(now.Year(), now.Month(), now.Day()-days+1, 0, 0, 0, 0, zone)
	rows, err := store.New(c.DB.Reads()).EventsAt(ctx, store.EventsAtParams{Locker: locker, Guard: int64(guard), Since: first.AddDate(0, 0, -30).UnixMicro()})
	if err != nil {
		return nil, err
	}
	list, at := make([]Day, days), map[string]int{}
	for i := range list {
		list[i].Day = first.AddDate(0, 0, i).Format(time.DateOnly)
		at[list[i].Day] = i
	}
	since := map[string]int64{} // when what is inside was stored
	for _, e := range rows {
		i, known := at[time.UnixMicro(e.Happened).In(zone).Format(time.DateOnly)]
		switch parcel.Fact(e.What) {
		case parcel.WasStored:
			since[e.Barcode] = e.Happened
			if known {
				list[i].Stored++
			}
		case parcel.WasCollected, parcel.WasWithdrawn, parcel.WasTakenOut, parcel.WasRecovered, parcel.WasOverridden:
			if known {
				list[i].Left++
				if stored, seen := since[e.Barcode]; seen {
					list[i].Waits = append(list[i].Waits, float64(e.Happened-stored)/3600e6)
				}
			}
			delete(since, e.Barcode)
		}
	}
	for i := range slices.Backward(list) {
		list[i].Inside = inside
		inside += list[i].Left - list[i].Stored
	}
	return list, nil
}
