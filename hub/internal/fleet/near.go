package fleet

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"lockstep/hub/internal/fleet/store"
)

// DarkAfter is how long a locker is silent until parcels on their way to it had better go elsewhere.
const DarkAfter = 12 * time.Hour

// kmPerDegree is a degree of latitude on a sphere of the Earth's mean radius, 6371 km.
const kmPerDegree = 6371 * math.Pi / 180

// Near are the lockers within so many kilometres of one, as the crow flies, that can be expected to take parcels: in service, heard of
// lately, neither paused nor locked down. The nearest come first, the locker itself not at all; none where nobody has said where it
// stands (0° N 0° E).
func (f *Fleet) Near(ctx context.Context, locker string, kilometres int) ([]Locker, error) {
	from, err := f.Locker(ctx, locker)
	if err != nil || !from.placed() {
		return nil, err
	}
	band := float64(kilometres) / kmPerDegree
	rows, err := store.New(f.DB.Reads()).LockersBetween(ctx, store.LockersBetweenParams{South: from.Latitude - band, North: from.Latitude + band, Heard: f.ago(SilentAfter)})
	if err != nil {
		return nil, err
	}
	var near []Locker
	for _, row := range rows {
		l, err := f.locker(row.Locker, row.LockerLine, nil)
		if err != nil {
			return nil, err
		}
		if l.ID != locker && l.placed() && from.kilometresTo(l) <= float64(kilometres) && l.Standing.Paused <= f.now() && l.Standing.Lockdown.Record == 0 {
			near = append(near, l)
		}
	}
	slices.SortFunc(near, func(a, b Locker) int {
		return cmp.Or(cmp.Compare(from.kilometresTo(a), from.kilometresTo(b)), cmp.Compare(a.ID, b.ID))
	})
	return near, nil
}

// Dark are the lockers that nobody can count on: silent for DarkAfter, or locked down.
func (f *Fleet) Dark(ctx context.Context) ([]string, error) {
	return store.New(f.DB.Reads()).LockersDark(ctx, f.ago(DarkAfter))
}

func (l Locker) placed() bool { return l.Latitude != 0 || l.Longitude != 0 }

// kilometresTo is the way to another locker as the crow flies, by the haversine formula.
func (l Locker) kilometresTo(other Locker) float64 {
	const rad = math.Pi / 180
	up, across := math.Sin((other.Latitude-l.Latitude)*rad/2), math.Sin((other.Longitude-l.Longitude)*rad/2)
	h := up*up + math.Cos(l.Latitude*rad)*math.Cos(other.Latitude*rad)*across*across
	return 2 * kmPerDegree / rad * math.Asin(math.Sqrt(min(h, 1)))
}
