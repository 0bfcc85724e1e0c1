package rules

import (
	"lockstep/guard/door"
	"lockstep/guard/journal"
)

// see takes in one board's answer: doors first, then the button, so that a press is judged by the newest picture.
func (d *decision) see(s Seen) {
	d.Boards = append([]Bus(nil), d.Boards...)
	b := &d.Boards[s.Board]
	b.Tried = true
	d.Settled = d.Settled || d.allTried()
	if s.Silent {
		d.loseGate(s.Board)
		return
	}
	b.Read, b.Alarmed = d.now, false
	d.Doors = append([]Sight(nil), d.Doors...)
	for i := range d.Compartments {
		c := &d.Compartments[i]
		if c.Board == s.Board && int(c.Channel) <= len(s.Channels) {
			d.seeDoor(i, s)
		}
	}
	d.seeInputs(s)
}

func (d *decision) allTried() bool {
	for _, b := range d.Boards {
		if !b.Tried {
			return false
		}
	}
	return true
}

func (d *decision) seeDoor(i int, s Seen) {
	channel := d.Compartments[i].Channel - 1
	door := &d.Doors[i]
	if int(channel) < len(s.Inside) {
		door.Inside = s.Inside[channel]
	}
	now := s.Channels[channel]
	if now == Unknown {
		return
	}
	if now != door.Switch {
		door.Switch, door.Since = now, d.now
	}
	if now == Closed {
		*door = Sight{Switch: Closed, Since: door.Since, Inside: door.Inside, Unread: door.Unread, Alarmed: door.Alarmed && door.Unread > 0, AskedAt: door.AskedAt}
		door.read(d.now)
	} else {
		if door.OpenReads++; door.OpenFrom == 0 {
			door.OpenFrom = d.now
		}
		door.Unread = 0
	}
	if d.StorageBroken {
		return // what would follow could not be written; it is judged again at the next look
	}
	if d.visit != nil && d.visit.compartment == i {
		d.watch()
	}
	d.judgeOpening(i)
}

// read takes a closed switch for a closed door once the latch has had its time.
func (s *Sight) read(now int64) {
	if s.Unread > 0 && now-s.Unread >= openTime {
		s.Unread = 0
	}
	if s.Unread == 0 {
		s.AskedAt = 0
	}
}

// watch follows the switch of the visit's own door.
func (d *decision) watch() {
	sight := d.Doors[d.visit.compartment]
	switch d.visit.stage {
	case door.Pulsed, door.Jammed:
		if sight.Switch == Open && d.visit.pulses > 0 {
			d.opened()
		}
	case door.ByKey:
		if sight.Switch == Open {
			d.Doors[d.visit.compartment].Excused = true
			d.stage(door.Open, 0)
		}
	case door.Open:
		if sight.Switch == Closed && d.now-sight.Since >= closedFor {
			d.closed()
		}
	}
}

func (d *decision) opened() {
	c := d.at()
	d.Doors[d.visit.compartment].Excused = true
	d.write(journal.Record{Kind: journal.Opened, Compartment: c.Number, Parcel: c.Parcel})
	d.stage(door.Open, 0)
}

// judgeOpening finds a door that opened without a pulse of ours: three valid reads over at least a second.
func (d *decision) judgeOpening(i int) {
	sight := &d.Doors[i]
	if sight.Switch != Open || sight.Excused || !d.Compartments[i].usable() || d.expectsOpening(i) {
		return
	}
	if sight.OpenReads < forcedReads || d.now-sight.OpenFrom < forcedTime {
		return
	}
	sight.Excused = true
	before := d.Forced
	d.quarantine(i, uncommanded)
	d.alarm("uncommanded opening", d.Compartments[i].Number)
	d.judgeForced(i, before)
}

// quarantine takes a compartment out of use until somebody has looked, and ends a visit that was about it. An empty one names
// no parcel: the one whose grace it may still remember has been collected.
func (d *decision) quarantine(i int, reason string) {
	c := d.Compartments[i]
	r := journal.Record{Kind: journal.Quarantined, Compartment: c.Number, Parcel: c.Parcel, Carrier: c.Carrier, Reason: reason}
	if c.Occupancy == Empty {
		r.Parcel = ""
	}
	d.write(r)
	if d.busy() && d.visit.compartment == i {
		d.end(door.Failed, "quarantine")
	}
}

func (d *decision) expectsOpening(i int) bool {
	if d.visit == nil || d.visit.compartment != i {
		return false
	}
	switch d.visit.stage {
	case door.Pulsed, door.Jammed, door.Open, door.ByKey:
		return true
	}
	return false
}

// loseGate forgets how the button stood when its board falls silent: what changes unseen is no press.
func (d *decision) loseGate(board uint8) {
	if p := d.Locker.Inputs.Gate; p != nil && p.Board == board {
		d.Inputs.Gate = Unknown
	}
}

func (d *decision) seeInputs(s Seen) {
	read := func(board, channel uint8) (Switch, bool) {
		if board != s.Board || int(channel) > len(s.Channels) {
			return Unknown, false
		}
		return s.Channels[channel-1], true
	}
	if p := d.Locker.Inputs.Case; p != nil {
		if now, ok := read(p.Board, p.Channel); ok {
			d.seeCase(now)
		}
	}
	if p := d.Locker.Inputs.Jumper; p != nil {
		if now, ok := read(p.Board, p.Channel); ok {
			d.Inputs.Jumper = now
		}
	}
	if p := d.Locker.Inputs.Gate; p != nil {
		if now, ok := read(p.Board, p.Channel); ok {
			edge := d.Inputs.Gate == Open && now == Closed
			d.Inputs.Gate = now
			if edge {
				d.press()
			}
		}
	}
}

func (d *decision) seeCase(now Switch) {
	if d.StorageBroken {
		return
	}
	if now == Open && d.Inputs.Case != Open {
		d.alarm("case open", 0)
		if !d.serving() {
			d.lockdown("the case was opened", 0)
		}
	}
	if now != Unknown {
		d.Inputs.Case = now
	}
}

// tickDoors watches for doors that stay open. A visitor who comes after the alarm is asked to close such a door; a minute
// later it is given up.
func (d *decision) tickDoors() {
	for i := range d.Doors {
		s := d.Doors[i]
		if !s.mayBeOpen() || !d.Compartments[i].usable() {
			continue
		}
		number := d.Compartments[i].Number
		if !s.Alarmed && d.now-s.openSince() >= leftOpenAlarm {
			d.changeDoor(i, func(s *Sight) { s.Alarmed = true })
			d.alarm(leftOpen, number)
		}
		if s.AskedAt > 0 && d.now-s.AskedAt >= leftOpenMore {
			d.giveUpDoor(i)
		}
	}
}

func (d *decision) giveUpDoor(i int) {
	d.quarantine(i, leftOpen)
	d.fault(d.Compartments[i].Number, leftOpen)
	d.changeDoor(i, func(s *Sight) { s.Excused = true })
	if d.visit != nil && d.visit.compartment == i {
		d.end(door.Failed, leftOpen)
	}
}
