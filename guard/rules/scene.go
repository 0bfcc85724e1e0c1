package rules

import (
	"slices"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Scene is what is only true until the power goes.
type Scene struct {
	Doors  []Sight // one per compartment, in the order of Facts.Compartments
	Boards []Bus   // one per board
	Inputs Inputs

	StorageBroken bool
	booted        bool // the boot is written: what a crash left half done has been read
	Settled       bool // every board has been read or has been silent since the boot
	Challenges    uint64
	epoch         uint64 // of the charter that sessions and prompts were judged under
	visit         *visit
	session       *session
	service       *service
	override      *overriding
	pulsed        pulsed
	courierAt     int64 // when a courier last asked for a challenge or was heard, 0 for never
	foreignAt     int64 // when a foreign address was last heard, 0 for never
	refusals      []journal.Count
	refusedSince  int64 // when the first of them was counted
	secretAt      int64 // when the last wrong QR secret was judged
	capAlarm      int64 // when the last alarm about the recipients' cap was written
	unpressed     int   // prompts in a row that ended without a press
}

// Sight is one door as its switch has been seen.
type Sight struct {
	Switch    Switch
	Inside    Inside
	Since     int64 // of Switch
	OpenReads int   // consecutive
	OpenFrom  int64 // when it was first seen open, 0 when it is not
	Excused   bool  // this opening has its reason: a pulse of ours, or it has been judged
	Alarmed   bool  // it has been reported as left open
	AskedAt   int64 // when a visitor was first asked to close it
	Unread    int64 // since when it may stand open unseen: its latch was pulsed, or it stood open before a power cut; 0 when it is known
}

// Bus is one board as it answers.
type Bus struct {
	Read    int64 // when it last answered
	Tried   bool
	Alarmed bool
}

// Inputs are the switches that are no doors. Pressed edges are judged in see.
type Inputs struct {
	Gate, Case, Jumper Switch
}

// pulsed is the last pulse; its window is open for as long as a latch may take.
type pulsed struct {
	at          int64
	compartment int
}

// visit is one errand at one door, from the decision to the closed door.
type visit struct {
	errand      door.Errand
	compartment int // index
	stage       door.Stage
	since       int64 // of the stage
	until       int64 // when the stage ends by itself, 0 for never
	pulses      int
	class       Class
	credential  string // collect: code or qr
	mac         MAC    // collect: what was presented
	parcel      string
	expected    Expected           // deposit, return
	courier     statement.Courier  // deposit, withdraw, reopen
	persons     []statement.Person // override, test: who signed
	statement   []byte             // override: its hash
	nonce       statement.Nonce    // override: the challenge's
	reason      string             // override: the operators'
	ending      string             // what was said about the open compartment: tooSmall, notEmpty, cancelled, declined, takenOut, stored, emptied, stillInside
	larger      uint8              // after tooSmall
	outcome     string
}

const (
	tooSmall  = "too small"
	notEmpty  = "not empty"
	notTaken  = "not taken"
	cancelled = "cancelled"
	declined  = "declined"
	jam       = "jam"
	crash     = "crash"
	unsaid    = "unsaid"
	takenOut  = "taken out"
	isStored  = "stored"
	leftOpen  = "left open"
)

// session is a courier's, from the challenge on.
type session struct {
	challenge []byte
	nonce     statement.Nonce
	made      int64
	last      int64 // of the last answer
	begun     int64 // of the first answer, 0 before it
	courier   statement.Courier
	number    uint32
	lastSeen  string            // the last presentation, so that a scanner may read it twice
	waits     *statement.Answer // the last answer, where it was refused for a while only
	stored    uint32
	takenBack uint32
	receipt   []byte
}

const (
	pressTime     = 20 * Second
	openTime      = 3 * Second // from the pulse to the switch
	jamPulses     = 3          // the first and at most two more in a jam
	closedFor     = 300 * Second / 1000
	sayTime       = 60 * Second // for the courier to say what is in a reopened compartment
	outcomeTime   = 10 * Second
	challengeTime = 60 * Second
	sessionTime   = 30 * Minute
	sessionIdle   = 3 * Minute
	boardSilence  = 2 * Second
	leftOpenAlarm = 180 * Second
	leftOpenMore  = 60 * Second
	forcedReads   = 3
	forcedTime    = 1 * Second
)

// busy says that a visit is going on which a new one may not disturb.
func (d *decision) busy() bool {
	if d.visit == nil {
		return false
	}
	return d.visit.stage != door.Done && d.visit.stage != door.Failed
}

// maxPulses is how often one visit may pulse: an override and a test have one pulse and no more.
func (v *visit) maxPulses() int {
	if v.errand == door.Overriding || v.errand == door.Testing {
		return 1
	}
	return jamPulses
}

// ofCourier says that the visit goes on with the word of a courier's device.
func (v *visit) ofCourier() bool {
	return v.errand == door.Depositing || v.errand == door.Withdrawing || v.errand == door.Reopening
}

// openDoors are the doors that count for the one-door rule: seen open, or not seen shut since they may have opened. What is faulted
// or untested has been given up.
func (s *State) openDoors() []uint16 {
	var out []uint16
	for i := range s.Doors {
		if s.Doors[i].mayBeOpen() && s.Compartments[i].usable() {
			out = append(out, s.Compartments[i].Number)
		}
	}
	return out
}

func (s Sight) mayBeOpen() bool { return s.Switch == Open || s.Unread > 0 }

// openSince is when a door that may be open was first seen so, or could have opened.
func (s Sight) openSince() int64 {
	if s.Switch == Open {
		return s.OpenFrom
	}
	return s.Unread
}

// othersOpen are the doors, other than the visit's own, that may be open. To a further press in a jam its own door does not count:
// it is the one that has not opened.
func (d *decision) othersOpen() bool {
	open := d.openDoors()
	return len(open) > 1 || len(open) == 1 && (d.visit.pulses == 0 || open[0] != d.at().Number)
}

func (d *decision) boardHealthy(board uint8) bool { return d.Boards[board].healthy(d.now) }

func (b Bus) healthy(now int64) bool { return b.Read > 0 && now-b.Read < boardSilence }

// buttonSeen says that a press would be noticed: while the button's board is silent nobody is asked for one.
func (s *State) buttonSeen(now int64) bool {
	p := s.Locker.Inputs.Gate
	return p == nil || s.Boards[p.Board].healthy(now)
}

// at is the compartment of the visit, for reading.
func (d *decision) at() *Compartment { return &d.Compartments[d.visit.compartment] }

// change gives the visit a copy of its own, so that the state from before this decision stays as it was.
func (d *decision) change(do func(*visit)) {
	v := *d.visit
	do(&v)
	d.visit = &v
}

func (d *decision) changeSession(do func(*session)) {
	s := *d.session
	do(&s)
	d.session = &s
}

func (d *decision) stage(stage door.Stage, for_ int64) {
	d.change(func(v *visit) {
		v.stage, v.since, v.until = stage, d.now, 0
		if for_ > 0 {
			v.until = d.now + for_
		}
	})
}

// changeDoor is change for a door's sight.
func (d *decision) changeDoor(i int, do func(*Sight)) {
	d.Doors = slices.Clone(d.Doors)
	do(&d.Doors[i])
}
