package rules

import (
	"crypto/sha256"
	"fmt"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// service is a technician's session, from the challenge on. It opens empty compartments only, by a press each; for every other
// door the technician has the mechanical key, and the guard watches.
type service struct {
	challenge []byte
	nonce     statement.Nonce
	made      int64
	last      int64 // of the last answer or tested door
	begun     int64 // of the first answer, 0 before it
	person    statement.Person
	number    uint32
	lastSeen  string
	lastSaid  door.Reason // to the answer last seen
	walking   bool
	next      int // index of the next door of the walk-test
	tested    uint16
	ended     bool
	lapsed    bool // its charter has been replaced
	receipt   []byte
}

const (
	serviceIdle = 10 * Minute
	byKeyTime   = 2 * Minute // to open a door with the mechanical key
)

// serving says that a technician's session goes on.
func (d *decision) serving() bool {
	return d.service != nil && d.service.begun > 0 && !d.service.ended
}

func (d *decision) changeService(do func(*service)) {
	s := *d.service
	do(&s)
	d.service = &s
}

func (d *decision) challengeService() (door.Reason, int64) {
	if d.StorageBroken || !d.Settled {
		return door.OutOfOrder, 0
	}
	if d.busy() || d.serving() || d.session != nil && d.session.begun > 0 && d.session.receipt == nil {
		return door.Busy, 0
	}
	c, envelope, err := d.newChallenge(statement.ForService)
	if err != nil {
		return door.OutOfOrder, 0
	}
	d.visit, d.session, d.service = nil, nil, &service{challenge: envelope, nonce: c.Nonce, made: d.now}
	return "", 0
}

// serve judges what a technician's device shows, in the order of doors.md.
func (d *decision) serve(p statement.Presentation) (door.Reason, int64) {
	s, key, err := statement.Verify[statement.Service](p.Answer, d.Network.Technicians.Lookup)
	if err != nil || s.Locker != d.Locker.ID {
		return door.NotBelieved, 0
	}
	person := d.Network.Technicians.Person(key.ID())
	if s.Task == statement.TaskEmpty || s.Task == statement.TaskNotEmpty {
		return d.confirm(s, person), 0
	}
	sum := sha256.Sum256(p.Answer)
	if d.service != nil && d.service.lastSeen == string(sum[:]) {
		return d.service.lastSaid, 0 // the scanner read the same screen twice
	}
	if reason := d.believeService(s, person); reason != "" {
		return reason, 0
	}
	first := d.service.begun == 0
	d.changeService(func(v *service) {
		v.person, v.number, v.last, v.lastSeen = person, s.Number, d.now, string(sum[:])
		if first {
			v.begun = d.now
		}
	})
	if first {
		d.write(journal.Record{Kind: journal.Serviced, Reason: "begun", Persons: []statement.Person{person}})
	}
	reason := d.task(s)
	d.changeService(func(v *service) { v.lastSaid = reason })
	return reason, 0
}

func (d *decision) believeService(s statement.Service, person statement.Person) door.Reason {
	v := d.service
	switch {
	case v == nil || v.ended || s.Nonce != v.nonce || s.Number != v.number+1:
		return door.NotBelieved
	case v.begun == 0 && d.now-v.made > challengeTime, v.begun > 0 && person != v.person:
		return door.NotBelieved
	case d.StorageBroken:
		return door.OutOfOrder
	case d.busy():
		return door.Busy // it has not counted: shown again once the door is shut, it does
	}
	return ""
}

func (d *decision) task(s statement.Service) door.Reason {
	switch s.Task {
	case statement.TaskCommission:
		return d.commission(s)
	case statement.TaskWalk:
		d.changeService(func(v *service) { v.walking, v.next = true, 0 })
		d.walk()
		return ""
	}
	head, err := d.rules.Sign(d.Head(d.now))
	if err != nil {
		return door.OutOfOrder
	}
	d.endService()
	d.changeService(func(v *service) { v.receipt = head })
	return ""
}

// endService is the end of the technician's time. A case that stands open from then on has no reason.
func (d *decision) endService() {
	d.write(journal.Record{Kind: journal.Serviced, Reason: "ended", Persons: []statement.Person{d.service.person}})
	if d.Inputs.Case == Open {
		d.lockdown("the case was left open", 0)
	}
	d.changeService(func(v *service) { v.ended, v.walking = true, false })
}

// tickService goes on with a walk-test and ends a session that nobody goes on with.
func (d *decision) tickService() {
	v := d.service
	if v == nil || d.busy() {
		return
	}
	switch {
	case v.begun == 0 && (v.lapsed || d.now-v.made > challengeTime), v.ended && d.now-v.last > serviceIdle:
		d.service = nil
	case d.serving() && (v.lapsed || d.now-v.last > serviceIdle):
		d.endService()
	case d.serving() && v.walking:
		d.walk()
	}
}

// walk asks for the next door of a walk-test. What is in the way for a while (an open door, a budget) is waited for.
func (d *decision) walk() {
	if d.service.next == len(d.Compartments) {
		d.changeService(func(s *service) { s.walking = false })
		return
	}
	switch d.test(d.service.next) {
	case "", door.OutOfOrder:
		d.changeService(func(s *service) { s.next, s.last = s.next+1, d.now })
	}
}

// test asks for one door: an empty compartment opens with a press, every other door with the mechanical key. Behind an
// exchanged board the key comes first: a pulse could go to another door.
func (d *decision) test(at int) door.Reason {
	c := &d.Compartments[at]
	switch {
	case len(d.openDoors()) > 0:
		return door.CloseDoor
	case d.Doors[at].Switch != Closed:
		return door.OutOfOrder
	}
	v := visit{errand: door.Testing, compartment: at, class: ClassDeposit, parcel: c.holds(), persons: []statement.Person{d.service.person}}
	if d.mayTest(at) && !c.Untested {
		reason, _ := d.begin(v)
		return reason
	}
	d.visit = &v
	d.stage(door.ByKey, byKeyTime)
	return ""
}

// mayTest says that nothing is behind a door, for all the guard knows: a technician's press may open it.
func (d *decision) mayTest(at int) bool {
	return d.Compartments[at].Occupancy == Empty && d.Doors[at].Inside != Something
}

// passed is a door of the walk-test that opened and closed.
func (d *decision) passed() {
	r := d.result(journal.Tested, "")
	r.Persons = d.visit.persons
	d.write(r)
	d.changeService(func(s *service) { s.tested, s.last = s.tested+1, d.now })
	d.end(door.Done, "tested")
}

// skip goes on with the next door of a walk-test.
func (d *decision) skip() {
	if d.visit.stage == door.Press || d.visit.stage == door.ByKey {
		d.end(door.Failed, "skipped")
	}
}

// commission takes a technician's description of an exchanged board. Its doors open for nobody until each has been tried.
func (d *decision) commission(s statement.Service) door.Reason {
	if d.Inputs.Jumper != Closed {
		return door.Jumper
	}
	if !d.mayCommission(s) {
		return door.NotExpected
	}
	d.write(journal.Record{Kind: journal.Commissioned, Index: s.Index, Board: s.Board, Persons: []statement.Person{d.service.person}})
	d.flush()
	d.effects = append(d.effects, Rewire{})
	d.Settled, d.Boards = false, make([]Bus, len(d.Wiring))
	d.Doors = make([]Sight, len(d.Compartments))
	return ""
}

func (d *decision) mayCommission(s statement.Service) bool {
	if int(s.Index) >= len(d.Wiring) || s.Board.Line != d.Wiring[s.Index].Line || d.rules.Drives(*s.Board) != nil {
		return false
	}
	wired := d.Locker
	wired.Boards = append([]statement.Board(nil), d.Wiring...)
	wired.Boards[s.Index] = *s.Board
	return wired.Check() == nil
}

// commission makes the doors of an exchanged board wait for a walk-test.
func (f *Facts) commission(r journal.Record) error {
	if r.Board == nil || int(r.Index) >= len(f.Wiring) {
		return fmt.Errorf("record %d: there is no board %d", r.Number, r.Index)
	}
	f.Wiring = append([]statement.Board(nil), f.Wiring...)
	f.Wiring[r.Index] = *r.Board
	f.Compartments = append([]Compartment(nil), f.Compartments...)
	for i := range f.Compartments {
		if c := &f.Compartments[i]; c.Board == r.Index {
			c.Untested = true
		}
	}
	return nil
}

func (s *State) viewService(now int64) *door.Service {
	v := s.service
	if v == nil {
		return nil
	}
	ends := v.made + challengeTime
	if v.begun > 0 {
		ends = v.last + serviceIdle
	}
	return &door.Service{Challenge: v.challenge, Technician: string(v.person), Number: v.number, Walking: v.walking, Tested: v.tested,
		Receipt: v.receipt, Left: left(ends, now)}
}
