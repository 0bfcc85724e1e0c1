package cabinet

import "lockstep/guard/statement"

// board8A is a board of the 8a family, with the dangerous commands that real ones have too: open all (lock 0), open many (90),
// hold a coil (9A). Frames: guard/lockboard/testdata/8a.vec.
type board8A struct {
	statement.Board
	wires wiring
	heard []byte
}

func (b *board8A) silence() { b.heard = nil }

func (b *board8A) hear(x byte) *reaction {
	b.heard = append(b.heard, x)
	need := b.length(b.heard[0])
	if need == 0 {
		b.silence()
		return nil
	}
	if len(b.heard) < need {
		return nil
	}
	frame, sum := b.heard, byte(0)
	for _, x := range frame {
		sum ^= x
	}
	if sum != 0 && len(frame) == 5 && frame[0] == 0x8A && frame[3] == 0x11 {
		return nil // perhaps the long open: 8A bb ll 11 seconds cc
	}
	b.silence()
	if sum != 0 || frame[1] != b.Address {
		return nil
	}
	return b.act(frame)
}

// length is that of a frame by its first byte, 0 when it is none.
func (b *board8A) length(first byte) int {
	switch first {
	case 0x80, 0x82, 0x8A, 0x9A, 0x9B:
		return 5
	case 0x90:
		return 3 + b.states()
	}
	return 0
}

func (b *board8A) states() int {
	if b.Channels <= 24 {
		return 3
	}
	return 7
}

func (b *board8A) act(frame []byte) *reaction {
	lock := frame[2]
	switch {
	case frame[0] == 0x80 && frame[3] == 0x33 && lock == 0:
		return &reaction{after: thinking, reply: b.stateOfAll}
	case frame[0] == 0x80 && frame[3] == 0x33 && lock <= b.Channels:
		return &reaction{after: thinking, reply: func() []byte { return b.stateOf(0x80, lock, 0x11*b.OpenBit) }}
	case frame[0] == 0x8A && frame[3] == 0x11 && lock == 0:
		return &reaction{pulses: everyChannel(b.Board), after: afterPulse, reply: func() []byte { return sealXor(0x8A, b.Address, 0, b.OpenAnswer) }}
	case frame[0] == 0x8A && frame[3] == 0x11 && lock <= b.Channels:
		return &reaction{pulses: []uint8{lock}, after: afterPulse, reply: func() []byte { return b.stateOf(0x8A, lock, b.OpenAnswer) }}
	case frame[0] == 0x9A && lock != 0 && lock <= b.Channels:
		return &reaction{pulses: []uint8{lock}}
	case frame[0] == 0x90:
		return &reaction{pulses: b.masked(frame[2 : len(frame)-1])}
	}
	return nil
}

func (b *board8A) stateOfAll() []byte {
	frame := append([]byte{0x80, b.Address}, stateBytes(b.Board, b.states(), doorBit(b.Board, b.wires))...)
	return sealXor(append(frame, 0x33)...)
}

// stateOf answers about one lock; open is the byte that means open.
func (b *board8A) stateOf(head, lock, open byte) []byte {
	if b.wires.contactOpen(lock) {
		return sealXor(head, b.Address, lock, open)
	}
	return sealXor(head, b.Address, lock, 0x11-open)
}

// masked is the locks of an open-many: the first byte is locks 1–8.
func (b *board8A) masked(masks []byte) (locks []uint8) {
	for _, lock := range everyChannel(b.Board) {
		if masks[(lock-1)/8]>>((lock-1)%8)&1 == 1 {
			locks = append(locks, lock)
		}
	}
	return locks
}

func sealXor(frame ...byte) []byte {
	x := byte(0)
	for _, b := range frame {
		x ^= b
	}
	return append(frame, x)
}
