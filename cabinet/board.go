package cabinet

import (
	"time"

	"lockstep/guard/statement"
)

// board is the emulated electronics of one lock board, hearing its bus byte by byte. One file per family.
type board interface {
	// hear takes one byte and returns what the board does about it, nil for nothing.
	hear(byte) *reaction
	// silence says that the bus has been quiet: a frame begun before is over.
	silence()
}

// reaction is what a board does after a whole frame for it.
type reaction struct {
	pulses []uint8       // 1-based channels to energise, one after another
	after  time.Duration // from the last pulse, or the frame's end, to the reply
	reply  func() []byte // nil: the board says nothing
}

// wiring is what a board's channels are connected to.
type wiring interface {
	contactOpen(channel uint8) bool
	inside(channel uint8) bool
}

const (
	thinking    = time.Millisecond       // from a question to its answer
	afterPulse  = 40 * time.Millisecond  // an 8a board looks at the switch before it answers an open
	pulseLength = 300 * time.Millisecond // before the next of several
)

func newBoard(b statement.Board, w wiring) board {
	switch b.Family {
	case "cu16":
		return &boardKerong{Board: b, wires: w, act: actCU16}
	case "cu48":
		return &boardKerong{Board: b, wires: w, act: actCU48}
	}
	return &board8A{Board: b, wires: w}
}

// stateBytes packs a bit per channel into n bytes, in the order of the board.
func stateBytes(b statement.Board, n int, bit func(channel uint8) bool) []byte {
	states := make([]byte, n)
	for i := range b.Channels {
		at := int(i / 8)
		if b.LastByteFirst {
			at = n - 1 - at
		}
		if bit(i + 1) {
			states[at] |= 1 << (i % 8)
		}
	}
	return states
}

// doorBit is the bit of a channel's switch in the polarity of the board.
func doorBit(b statement.Board, w wiring) func(uint8) bool {
	return func(channel uint8) bool { return w.contactOpen(channel) == (b.OpenBit == 1) }
}

func everyChannel(b statement.Board) (all []uint8) {
	for i := range b.Channels {
		all = append(all, i+1)
	}
	return all
}

// Opens is how many locks a board would open on hearing some bytes.
func Opens(b statement.Board, frame []byte) int {
	hears := newBoard(b, nothing{})
	opened := 0
	for _, x := range frame {
		if does := hears.hear(x); does != nil {
			opened += len(does.pulses)
		}
	}
	return opened
}

// nothing is a board on the bench: no wire leads anywhere.
type nothing struct{}

func (nothing) contactOpen(uint8) bool { return false }
func (nothing) inside(uint8) bool      { return false }
