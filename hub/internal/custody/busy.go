package custody

import (
	"context"
	"time"

	"lockstep/hub/internal/custody/store"
	"lockstep/parcel"
)

// Busy is how busy a locker is, of working days and of weekends, for each hour of the day by its own clock: 0 quiet, 1 middling, 2 busy.
// It is coarse on purpose: nobody is to read from it when somebody comes.
type Busy [2][24]int

const (
	busyFor     = 8 * 7 * 24 * time.Hour // what is counted
	busyAtLeast = 2 * 7 * 24 * time.Hour // less than that tells nothing
	busyVisits  = 300                    // fewer than that neither
	busyHour    = 10                     // an hour with fewer visits in all that time is quiet, whatever the others are
	busyEvents  = 20_000                 // as far back as is looked
)

// Busy counts deposits and collections; nil where there are too few to tell anything.
func (c *Custody) Busy(ctx context.Context, locker string, zone *time.Location) (*Busy, error) {
	rows, err := store.New(c.DB.Reads()).LastMoments(ctx, store.LastMomentsParams{Locker: locker, Limit: busyEvents})
	if err != nil {
		return nil, err
	}
	now := c.Now()
	first, visits := now, []time.Time{}
	for _, row := range rows {
		at := time.UnixMicro(row.Happened).In(zone)
		if fact := parcel.Fact(row.What); fact != parcel.WasStored && fact != parcel.WasCollected || now.Sub(at) > busyFor || at.After(now) {
			continue
		}
		visits = append(visits, at)
		if at.Before(first) {
			first = at
		}
	}
	if len(visits) < busyVisits || now.Sub(first) < busyAtLeast {
		return nil, nil
	}
	return classes(visits, daysOf(first, now.In(zone))), nil
}

// daysOf counts working days and days of weekends from one day to another.
func daysOf(from, to time.Time) (days [2]float64) {
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		days[kindOfDay(day)]++
	}
	return days
}

func kindOfDay(t time.Time) int {
	if t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		return 1
	}
	return 0
}

// classes puts each hour into a third of the busiest one.
func classes(visits []time.Time, days [2]float64) *Busy {
	var count, rate [2][24]float64
	peak := 0.0
	for _, at := range visits {
		count[kindOfDay(at)][at.Hour()]++
	}
	for kind := range count {
		for hour, n := range count[kind] {
			if n >= busyHour {
				rate[kind][hour] = n / max(days[kind], 1)
			}
			peak = max(peak, rate[kind][hour])
		}
	}
	busy := &Busy{}
	for kind := range rate {
		for hour, r := range rate[kind] {
			if peak > 0 {
				busy[kind][hour] = min(2, int(3*r/peak))
			}
		}
	}
	return busy
}
