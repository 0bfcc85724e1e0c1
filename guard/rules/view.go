package rules

import (
	"slices"

	"lockstep/guard/door"
)

// View is what the kiosk may know.
func (s *State) View(now int64) door.View {
	v := door.View{Locker: s.Locker.ID, Stage: door.Idle, KeypadWait: millis(s.keypadWait(now)), OutOfOrder: s.outOfOrder(now)}
	v.Doors = make([]door.Door, 0, len(s.Compartments))
	for i := range s.Compartments {
		c := &s.Compartments[i]
		v.Doors = append(v.Doors, door.Door{Number: c.Number, Size: c.Size, Low: c.Low, Broken: !c.usable()})
		if i < len(s.Doors) && s.Doors[i].mayBeOpen() && c.usable() && !s.pulsing(i) {
			v.OpenDoors = append(v.OpenDoors, c.Number)
			v.LeftOpen = v.LeftOpen || s.Doors[i].Alarmed
		}
	}
	if s.visit != nil {
		v.Stage, v.Errand, v.Compartment = s.visit.stage, s.visit.errand, s.Compartments[s.visit.compartment].Number
		v.Outcome, v.Left = s.visit.outcome, left(s.visit.until, now)
		if v.Stage == door.Open {
			v.Left = left(s.Doors[s.visit.compartment].openSince()+leftOpenAlarm, now)
		}
	}
	v.PausedFor, v.LockedDown = millis(s.pauseLeft(now)), s.Lockdown.Record
	if s.override != nil {
		v.Override, v.OverrideLeft = s.override.envelope, left(s.override.made+overrideTime, now)
	}
	v.Session, v.Service = s.viewSession(now), s.viewService(now)
	return v
}

// pulsing says that a door's latch has just been pulsed for the visit that goes on: whether it opens will soon be seen.
func (s *State) pulsing(i int) bool {
	return s.visit != nil && s.visit.compartment == i && s.Doors[i].Switch != Open && (s.visit.stage == door.Pulsed || s.visit.stage == door.Jammed)
}

func (s *State) outOfOrder(now int64) string {
	if s.StorageBroken {
		return "storage"
	}
	healthy := slices.ContainsFunc(s.Boards, func(b Bus) bool { return b.healthy(now) })
	if !healthy || !s.Settled || !s.buttonSeen(now) {
		return "bus"
	}
	return ""
}

func (s *State) viewSession(now int64) *door.Session {
	if s.session == nil {
		return nil
	}
	ends := s.session.made + challengeTime
	if s.session.begun > 0 {
		ends = min(s.session.begun+sessionTime, s.session.last+sessionIdle)
	}
	view := &door.Session{Challenge: s.session.challenge, Courier: s.session.courier.ID, Number: s.session.number,
		Stored: s.session.stored, TakenBack: s.session.takenBack, Receipt: s.session.receipt, Left: left(ends, now)}
	if s.session.begun == 0 {
		return view
	}
	if s.visit != nil && s.visit.courier.ID != "" {
		view.Parcel = s.visit.parcel
	}
	for i := range s.Compartments {
		c := &s.Compartments[i]
		if c.Carrier != s.session.courier.Carrier {
			continue
		}
		if c.Occupancy == Occupied && (c.Overdue || c.Outbound) {
			view.Overdue = append(view.Overdue, c.Parcel)
		}
		if c.Occupancy == Quarantine && c.usable() {
			view.Uncertain = append(view.Uncertain, c.Parcel)
		}
	}
	return view
}

func left(until, now int64) int64 {
	if until == 0 {
		return 0
	}
	return millis(max(0, until-now))
}

func millis(micros int64) int64 { return (micros + 999) / 1000 }
