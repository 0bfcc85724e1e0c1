// Package lockboard speaks to lock boards over serial lines: one file per family of boards, and Line, which owns a port.
//
// Boards know frames that open every door at once, hold a coil, or change an address. Nothing here can build one: a Channel
// is always exactly one lock of one board. What boards of one family disagree about (which bit value means open, which byte
// comes first, whether the adapter echoes) is never code; it comes from the signed statement.Board.
package lockboard

import (
	"errors"
	"fmt"

	"lockstep/guard/statement"
)

// Contact is what a board says about the switch on a channel. At a door, Closed means the door is closed. At an input it
// means pressed, case shut, jumper set.
type Contact uint8

// What is not said for certain is Unknown; never guess it to be one of the others.
const (
	Unknown Contact = iota
	Open
	Closed
)

func (c Contact) String() string { return [...]string{"unknown", "open", "closed"}[c%3] }

// Inside is what a board's sensor says about the space behind a door.
type Inside uint8

// A board without sensors says Unsensed.
const (
	Unsensed Inside = iota
	Empty
	Occupied
)

func (i Inside) String() string { return [...]string{"unsensed", "empty", "occupied"}[i%3] }

// MaxChannels is more than any family has.
const MaxChannels = 56

// Reading is one board's picture at one moment. Its zero value knows nothing. Two readings compare with ==.
type Reading struct {
	contacts [MaxChannels]Contact
	inside   [MaxChannels]Inside
}

// Contact is the state of a 1-based channel; Unknown for channels the board does not have.
func (r Reading) Contact(channel uint8) Contact {
	if channel == 0 || channel > MaxChannels {
		return Unknown
	}
	return r.contacts[channel-1]
}

// Inside is the sensor of a 1-based channel; Unsensed for channels the board does not have.
func (r Reading) Inside(channel uint8) Inside {
	if channel == 0 || channel > MaxChannels {
		return Unsensed
	}
	return r.inside[channel-1]
}

// Channel is exactly one lock. Its zero value is channel 1, so that "lock 0", which several families take as "all", has
// no value of this type.
type Channel struct{ index uint8 }

// NewChannel is the 1-based channel of a board; it fails for one that the board does not have.
func NewChannel(b statement.Board, number uint8) (Channel, error) {
	if number == 0 || number > b.Channels || number > MaxChannels {
		return Channel{}, fmt.Errorf("lockboard: no channel %d on a board of %d", number, b.Channels)
	}
	return Channel{number - 1}, nil
}

// Number is the 1-based number of the channel.
func (c Channel) Number() uint8 { return c.index + 1 }

// A family is what all boards of one kind have in common. Its functions are pure.
type family struct {
	baud                     int
	channels                 uint8 // the most that one board has
	minAddress, maxAddress   uint8
	sensors                  bool
	openAnswers              []uint8 // values allowed in statement.Board.OpenAnswer
	answersOpen              bool    // a board says something after it was told to open
	open                     func(b statement.Board, c Channel) []byte
	readAll                  func(b statement.Board) []byte
	stateLength, answerBytes func(b statement.Board) int
	parseState               func(b statement.Board, frame []byte) (Reading, error)
	parseOpened              func(b statement.Board, c Channel, frame []byte) (Contact, error)
	speaker                  func(frame []byte) (address uint8, ok bool) // whose answer this is, if it is a sound one
	answerLengths            []int                                       // of every answer that boards of the family give
}

var families = map[string]*family{}

func register(name string, f *family) { families[name] = f }

// Check refuses a board that no driver here can speak to as it is described.
func Check(b statement.Board) error {
	f, ok := families[b.Family]
	switch {
	case !ok:
		return fmt.Errorf("lockboard: no driver for family %q", b.Family)
	case b.Channels == 0 || b.Channels > f.channels:
		return fmt.Errorf("lockboard: a %s board has 1 to %d channels, not %d", b.Family, f.channels, b.Channels)
	case b.Address < f.minAddress || b.Address > f.maxAddress:
		return fmt.Errorf("lockboard: a %s board has address %d to %d, not %d", b.Family, f.minAddress, f.maxAddress, b.Address)
	case b.OpenBit > 1:
		return fmt.Errorf("lockboard: a bit cannot be %d", b.OpenBit)
	case b.Sensors && !f.sensors:
		return fmt.Errorf("lockboard: %s boards have no sensors", b.Family)
	}
	for _, a := range f.openAnswers {
		if a == b.OpenAnswer {
			return nil
		}
	}
	return fmt.Errorf("lockboard: a %s board does not answer %#02x for open", b.Family, b.OpenAnswer)
}

// ErrGarbled is an answer that is not exactly what the board should have said. It tells nothing about any door.
var ErrGarbled = errors.New("garbled answer")

// ErrEcho is an answer that is our own question, from an adapter that was said not to echo (or one that was said to,
// and did not).
var ErrEcho = errors.New("the adapter's echo is not as the board's description says")

// ErrSilent is no answer within the time a board has.
var ErrSilent = errors.New("no answer")

// Foreign is a sound answer in the name of an address that was not asked.
type Foreign struct{ Address uint8 }

func (f Foreign) Error() string {
	return fmt.Sprintf("an answer from board %d, which was not asked", f.Address)
}

// stranger is who else than the board that was asked speaks in what was heard: a sound answer at its head or its end.
func (f *family) stranger(asked uint8, heard []byte) (address uint8, ok bool) {
	for _, n := range f.answerLengths {
		if len(heard) < n {
			continue
		}
		for _, frame := range [][]byte{heard[:n], heard[len(heard)-n:]} {
			if address, ok := f.speaker(frame); ok && address != asked {
				return address, true
			}
		}
	}
	return 0, false
}

// contactOf says what a state bit means on this board.
func contactOf(b statement.Board, bit uint8) Contact {
	if bit == b.OpenBit {
		return Open
	}
	return Closed
}

// bitOf reads the bit of a 0-based channel in state bytes, in the order that the board sends them.
func bitOf(b statement.Board, states []byte, index uint8) uint8 {
	at := int(index / 8)
	if b.LastByteFirst {
		at = len(states) - 1 - at
	}
	return states[at] >> (index % 8) & 1
}

// contacts fills a reading's switches from state bytes.
func (r *Reading) setContacts(b statement.Board, states []byte) {
	for i := range b.Channels {
		r.contacts[i] = contactOf(b, bitOf(b, states, i))
	}
}

// setInside fills a reading's sensors from sensor bytes: a set bit means that something is inside.
func (r *Reading) setInside(b statement.Board, states []byte) {
	for i := range b.Channels {
		r.inside[i] = Empty + Inside(bitOf(b, states, i))
	}
}

// OpenFrame is the one frame that the driver of a board sends to open one lock. It is here so that every frame there is can be
// looked at.
func OpenFrame(b statement.Board, c Channel) []byte { return families[b.Family].open(b, c) }
