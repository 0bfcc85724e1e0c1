package kiosk

import (
	"encoding/hex"
	"time"

	"lockstep/guard/door"
)

// state is what the page is sent with every change. Durations are in ms from now.
type state struct {
	Guard       bool        `json:"guard"` // false: the guard does not answer, and nothing below is current
	Locker      string      `json:"locker"`
	Support     string      `json:"support,omitempty"`     // whom to call
	ScannerAway bool        `json:"scannerAway,omitempty"` // no QR code can be read
	Alone       int64       `json:"alone,omitempty"`       // how long the guard has heard nothing from outside
	Stage       door.Stage  `json:"stage"`
	Errand      door.Errand `json:"errand,omitempty"`
	Compartment uint16      `json:"compartment,omitempty"`
	Left        int64       `json:"left,omitempty"`
	Outcome     string      `json:"outcome,omitempty"`
	OpenDoors   []uint16    `json:"openDoors,omitempty"`
	LeftOpen    bool        `json:"leftOpen,omitempty"`
	KeypadWait  int64       `json:"keypadWait,omitempty"`
	OutOfOrder  string      `json:"outOfOrder,omitempty"`
	PausedFor   int64       `json:"pausedFor,omitempty"`
	LockedDown  uint64      `json:"lockedDown,omitempty"` // the record that began the lockdown
	Session     *session    `json:"session,omitempty"`
	Service     *service    `json:"service,omitempty"`
	Override    *override   `json:"override,omitempty"`
	Doors       []doorShown `json:"doors"`
	QR          *picture    `json:"qr,omitempty"` // of the session or the service
	Scan        answer      `json:"scan"`
	Several     *several    `json:"several,omitempty"`
	Carried     *carried    `json:"carried,omitempty"`
}

// several is a QR code of several parcels, while somebody is led from door to door.
type several struct {
	Step   step        `json:"step"`
	At     int         `json:"at"` // which of them is led to, from 1
	Of     int         `json:"of"`
	Taken  int         `json:"taken"`
	Passed int         `json:"passed"`           // not here, or taken before
	Reason door.Reason `json:"reason,omitempty"` // waiting, held, over: what the guard said
	Left   int64       `json:"left,omitempty"`   // waiting: until the guard is asked again; held, over: until that ends
	Again  int64       `json:"again,omitempty"`  // over: until it is worth another try
}

type doorShown struct {
	Number uint16 `json:"number"`
	Size   uint8  `json:"size"`
	Low    bool   `json:"low,omitempty"`
	Broken bool   `json:"broken,omitempty"`
}

type session struct {
	Courier   string   `json:"courier,omitempty"`
	Number    uint32   `json:"number"`
	Parcel    string   `json:"parcel,omitempty"`
	Stored    uint32   `json:"stored"`
	TakenBack uint32   `json:"takenBack"`
	Overdue   []string `json:"overdue,omitempty"`
	Uncertain []string `json:"uncertain,omitempty"`
	Over      bool     `json:"over,omitempty"` // the receipt is on the screen
	Left      int64    `json:"left,omitempty"`
}

// service is a technician's session.
type service struct {
	Technician string `json:"technician,omitempty"`
	Number     uint32 `json:"number"`
	Walking    bool   `json:"walking,omitempty"`
	Tested     uint16 `json:"tested"`
	Over       bool   `json:"over,omitempty"` // the receipt is on the screen
	Left       int64  `json:"left,omitempty"`
}

// override is the challenge that an override has to answer: as a picture, and in hexadecimal for whoever has no camera.
type override struct {
	QR   *picture `json:"qr"`
	Text string   `json:"text"`
	Left int64    `json:"left"` // 0: it is not taken any more
}

// state is the desk as the page shows it now, and a channel that closes when that changes.
func (d *desk) state() (state, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, age := d.view, d.clock.Running()-d.at
	s := state{
		Guard: d.here, Locker: v.Locker, Support: d.support, ScannerAway: d.deaf, Alone: (age + time.Duration(v.Alone)*time.Millisecond).Milliseconds(), Stage: v.Stage, Errand: v.Errand, Compartment: v.Compartment, Left: left(v.Left, age),
		Outcome: v.Outcome, OpenDoors: v.OpenDoors, LeftOpen: v.LeftOpen, KeypadWait: left(v.KeypadWait, age),
		OutOfOrder: v.OutOfOrder, PausedFor: left(v.PausedFor, age), LockedDown: v.LockedDown,
		Doors: shownDoors(v.Doors), QR: d.session.shown(), Scan: d.scan, Several: d.queue.shown(d.clock.Running()), Carried: d.carrying.shown(d.clock.Running()),
	}
	if v.Session != nil {
		s.Session = shownSession(*v.Session, age)
	}
	if v.Service != nil {
		s.Service = shownService(*v.Service, age)
	}
	if len(v.Override) > 0 {
		s.Override = &override{d.order.shown(), hex.EncodeToString(v.Override), left(v.OverrideLeft, age)}
	}
	return s, d.changed
}

func (q queue) shown(now time.Duration) *several {
	if q.step == "" {
		return nil
	}
	return &several{Step: q.step, At: q.at(), Of: q.of, Taken: q.taken, Passed: q.passed, Reason: q.reason, Left: max(0, (q.until - now).Milliseconds()), Again: max(0, (q.again - now).Milliseconds())}
}

func left(ms int64, age time.Duration) int64 { return max(0, ms-age.Milliseconds()) }

func shownDoors(doors []door.Door) []doorShown {
	out := make([]doorShown, len(doors))
	for i, one := range doors {
		out[i] = doorShown(one)
	}
	return out
}

func shownSession(s door.Session, age time.Duration) *session {
	return &session{
		Courier: s.Courier, Number: s.Number, Parcel: s.Parcel, Stored: s.Stored, TakenBack: s.TakenBack, Overdue: s.Overdue,
		Uncertain: s.Uncertain, Over: len(s.Receipt) > 0, Left: left(s.Left, age),
	}
}

func shownService(s door.Service, age time.Duration) *service {
	return &service{
		Technician: s.Technician, Number: s.Number, Walking: s.Walking, Tested: s.Tested, Over: len(s.Receipt) > 0, Left: left(s.Left, age),
	}
}
