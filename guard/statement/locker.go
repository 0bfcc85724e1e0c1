package statement

import "regexp"

// Board is one lock board on one serial line, with everything about it on which boards of its family differ.
type Board struct {
	Line          string `cbor:"1,keyasint"`           // a name; the guard's own start-up says which device it is
	Family        string `cbor:"2,keyasint"`           // a driver in lockboard: "8a", "cu16", "cu48"
	Address       uint8  `cbor:"3,keyasint"`           // as set on the board's switches
	Channels      uint8  `cbor:"4,keyasint"`           // how many of the family's channels this board has
	LastByteFirst bool   `cbor:"5,keyasint,omitempty"` // the last state byte holds channels 1–8
	OpenBit       uint8  `cbor:"6,keyasint"`           // the value of a state bit that means open: 0 or 1
	OpenAnswer    uint8  `cbor:"7,keyasint,omitempty"` // 8a: the state byte that means open in a single answer, 00 or 11 hex
	Echo          bool   `cbor:"8,keyasint,omitempty"` // the adapter echoes our own bytes
	Sensors       bool   `cbor:"9,keyasint,omitempty"` // the board also reports whether something is inside
}

func (b Board) check() error {
	if !name(b.Line) || !name(b.Family) || b.OpenBit > 1 || b.Channels == 0 {
		return refuse("locker", "a board without line, family, channels or polarity")
	}
	return nil
}

// Compartment is one door and the space behind it.
type Compartment struct {
	Number  uint16 `cbor:"1,keyasint"`           // as painted on the door
	Size    uint8  `cbor:"2,keyasint"`           // rank, 1 is the smallest; the parcel room says which is which
	Low     bool   `cbor:"3,keyasint,omitempty"` // within reach from a wheelchair
	Board   uint8  `cbor:"4,keyasint"`           // index into Boards
	Channel uint8  `cbor:"5,keyasint"`           // 1-based
}

// Point is a channel used as an input: a switch and no coil. Closed contact means pressed, case shut, jumper set.
type Point struct {
	Board   uint8 `cbor:"1,keyasint"`
	Channel uint8 `cbor:"2,keyasint"`
}

// Inputs are the switches that are not doors.
type Inputs struct {
	Gate   *Point `cbor:"1,keyasint,omitempty"` // the button
	Case   *Point `cbor:"2,keyasint,omitempty"`
	Jumper *Point `cbor:"3,keyasint,omitempty"`
}

// Locker is the locker certificate: what one machine is made of. Two provisioning persons sign it on site, over the guard's
// key read there.
type Locker struct {
	Network      string        `cbor:"1,keyasint"`
	ID           string        `cbor:"2,keyasint"`
	Zone         string        `cbor:"3,keyasint"` // IANA time zone
	Guard        Key           `cbor:"4,keyasint"`
	Boards       []Board       `cbor:"5,keyasint"`
	Compartments []Compartment `cbor:"6,keyasint"` // by rising number
	Inputs       Inputs        `cbor:"7,keyasint"`
	Interlock    bool          `cbor:"8,keyasint"` // the button gates the solenoids' power
}

// TypeLocker is the typ header of a locker certificate.
const TypeLocker Type = "lockstep/locker"

func (Locker) Type() Type { return TypeLocker }

var zone = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+/-]{0,63}$`)

// MaxCompartments bounds one locker.
const MaxCompartments = 240

// Check holds the bounds of a locker certificate: every board has an address of its own on its line, every door one channel of its
// own, every input too.
func (l Locker) Check() error {
	if !name(l.Network) || !name(l.ID) {
		return refuse("locker", "the network or the locker has no proper name")
	}
	if !zone.MatchString(l.Zone) {
		return refuse("locker", "not the name of a time zone")
	}
	if l.Guard.Alg != EdDSA || l.Guard.Check() != nil {
		return refuse("locker", "the guard's key is not Ed25519")
	}
	if len(l.Boards) == 0 || len(l.Boards) > 32 || len(l.Compartments) == 0 || len(l.Compartments) > MaxCompartments {
		return refuse("locker", "1 to 32 boards and 1 to %d compartments", MaxCompartments)
	}
	return l.checkWiring()
}

func (l Locker) checkWiring() error {
	type place struct {
		line    string
		address uint8
	}
	boards := map[place]bool{}
	for _, b := range l.Boards {
		if err := b.check(); err != nil {
			return err
		}
		if boards[place{b.Line, b.Address}] {
			return refuse("locker", "two boards on line %s have address %d", b.Line, b.Address)
		}
		boards[place{b.Line, b.Address}] = true
	}
	used := map[Point]bool{}
	take := func(p Point) error {
		if int(p.Board) >= len(l.Boards) || p.Channel == 0 || p.Channel > l.Boards[p.Board].Channels {
			return refuse("locker", "board %d has no channel %d", p.Board, p.Channel)
		}
		if used[p] {
			return refuse("locker", "channel %d of board %d is used twice", p.Channel, p.Board)
		}
		used[p] = true
		return nil
	}
	last := uint16(0)
	for _, c := range l.Compartments {
		if c.Number <= last {
			return refuse("locker", "compartment numbers do not rise")
		}
		last = c.Number
		if c.Size == 0 || c.Size > MaxSizeRank {
			return refuse("locker", "compartment %d has no size", c.Number)
		}
		if err := take(Point{c.Board, c.Channel}); err != nil {
			return err
		}
	}
	for _, p := range []*Point{l.Inputs.Gate, l.Inputs.Case, l.Inputs.Jumper} {
		if p == nil {
			continue
		}
		if err := take(*p); err != nil {
			return err
		}
	}
	if l.Inputs.Gate == nil {
		return refuse("locker", "no button: nothing would ever open")
	}
	return nil
}

// MaxSizeRank is the largest size.
const MaxSizeRank = 9
