package fleet

import (
	"context"
	"errors"
	"fmt"

	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/db"
)

// Glance is a locker as a map of the whole network shows it: four facts that say nothing of each other, each with its age.
type Glance struct {
	ID, Name, Address   string
	Latitude, Longitude float64
	State               State
	Line                Line
	Since               int64 // since when Line holds, µs UTC
	Heard               int64 // when its last head came: how old the line's state is; 0 for never
	Moved               int64 // when its last records came: how old all that its guard says is
	Behind              bool  // its heads are ahead of its records
	Paused              int64 // until when; 0 or past where it is not
	LockedDown          bool
	Technician          string // whose session goes on
	Total, Empty        int    // compartments, and those that are empty and take deposits
	Reserved            int
	Care                int // compartments that somebody has to see to: faulted, untested or in quarantine
	Alarms              int // open
}

// Glance is what a map would show of a locker, given its compartments and how many alarms are open.
func (l Locker) Glance(compartments []Compartment, alarms int) Glance {
	g := Glance{ID: l.ID, Name: l.Name, Address: l.Address, Latitude: l.Latitude, Longitude: l.Longitude, State: l.State, Line: l.Line, Since: l.Since, Heard: l.Heard, Moved: l.Moved,
		Behind: l.Behind, Paused: l.Standing.Paused, LockedDown: l.Standing.Lockdown.Record > 0, Technician: l.Standing.Technician, Alarms: alarms}
	for _, r := range l.Room {
		g.Total, g.Empty, g.Reserved = g.Total+r.Total, g.Empty+r.Empty, g.Reserved+r.Reserved
	}
	for _, c := range compartments {
		if c.Faulted || c.Untested || c.State == Quarantine {
			g.Care++
		}
	}
	return g
}

// Mark changes whenever something changes of what is known of a locker.
func (f *Fleet) Mark(ctx context.Context, locker string) (string, error) {
	m, err := store.New(f.DB.Reads()).Mark(ctx, locker)
	m, err = db.One(m, err, "unknown_locker", "there is no such locker")
	line, _ := lineOf(store.LockerLine{Heard: m.Heard, Since: m.Since}, f.now())
	return fmt.Sprint(m.Position, " ", m.BehindSince, " ", line, " ", m.Alarms, " ", m.Reserved), err
}

// Glances are all lockers, by id. It is made for networks of ten thousand: nothing of a locker's certificate is read.
func (f *Fleet) Glances(ctx context.Context) ([]Glance, error) {
	q, now := store.New(f.DB.Reads()), f.now()
	rows, err1 := q.Glances(ctx)
	rooms, err2 := q.RoomSums(ctx)
	care, err3 := q.CareCounts(ctx)
	alarms, err4 := q.AlarmCounts(ctx)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	list, at := make([]Glance, 0, len(rows)), make(map[string]int, len(rows))
	for i, r := range rows {
		g := Glance{ID: r.ID, Name: r.Name, Address: r.Address, Latitude: r.Latitude, Longitude: r.Longitude, State: State(r.State), Heard: r.Heard, Moved: r.Moved,
			Behind: r.BehindSince > 0, Paused: r.Paused, LockedDown: r.Lockdown > 0, Technician: r.Technician}
		g.Line, g.Since = lineOf(store.LockerLine{Heard: r.Heard, Since: r.Since}, now)
		list, at[r.ID] = append(list, g), i
	}
	for _, r := range rooms {
		if i, ok := at[r.Locker]; ok {
			list[i].Total, list[i].Empty, list[i].Reserved = int(r.Total), int(r.Empty), int(r.Reserved)
		}
	}
	for _, r := range care {
		if i, ok := at[r.Locker]; ok {
			list[i].Care = int(r.Count)
		}
	}
	for _, r := range alarms {
		if i, ok := at[r.Locker]; ok {
			list[i].Alarms = int(r.Count)
		}
	}
	return list, nil
}
