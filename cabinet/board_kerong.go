package cabinet

import "lockstep/guard/statement"

// boardKerong is a KERONG board: 02 … 03 and the low byte of the sum of all before. Opens are not answered. Frames:
// guard/lockboard/testdata/cu16.vec, cu48.vec.
type boardKerong struct {
	statement.Board
	wires wiring
	heard []byte
	act   func(b *boardKerong, frame []byte) *reaction
}

const longestKerong = 9 // no question is longer

func (b *boardKerong) silence() { b.heard = nil }

func (b *boardKerong) hear(x byte) *reaction {
	b.heard = append(b.heard, x)
	n := len(b.heard)
	if b.heard[0] != 0x02 || n > longestKerong {
		b.silence()
		return nil
	}
	if n < 5 || b.heard[n-2] != 0x03 || sumOf(b.heard[:n-1]) != x {
		return nil
	}
	frame := b.heard
	b.silence()
	return b.act(b, frame)
}

// actCU16 takes 02 AD CC [data] 03 SS, AD = board<<4 | lock; F0 means every board.
func actCU16(b *boardKerong, frame []byte) *reaction {
	address, lock, everyone := frame[1]>>4, frame[1]&0x0F+1, frame[1] == 0xF0
	if address != b.Address && !everyone {
		return nil
	}
	switch frame[2] {
	case 0x30:
		return &reaction{after: thinking, reply: func() []byte { return b.state([]byte{b.Address << 4, 0x35}, 2) }}
	case 0x32:
		return &reaction{after: thinking, reply: func() []byte { return b.state([]byte{b.Address << 4, 0x36}, 2) }}
	case 0x31:
		return b.openOne(lock)
	case 0x33:
		return &reaction{pulses: everyChannel(b.Board)}
	}
	return nil
}

// actCU48 takes 02 bb ll CC 03 SS.
func actCU48(b *boardKerong, frame []byte) *reaction {
	if len(frame) != 6 || frame[1] != b.Address {
		return nil
	}
	switch frame[3] {
	case 0x60:
		return &reaction{after: thinking, reply: func() []byte { return b.state([]byte{b.Address, 0x00, 0x75}, 6) }}
	case 0x61:
		return b.openOne(frame[2] + 1)
	}
	return nil
}

func (b *boardKerong) openOne(lock uint8) *reaction {
	if lock == 0 || lock > b.Channels {
		return nil
	}
	return &reaction{pulses: []uint8{lock}}
}

// state is the hook switches and then the sensors, n bytes each.
func (b *boardKerong) state(head []byte, n int) []byte {
	frame := append([]byte{0x02}, head...)
	frame = append(frame, stateBytes(b.Board, n, doorBit(b.Board, b.wires))...)
	frame = append(frame, stateBytes(b.Board, n, func(channel uint8) bool { return b.Sensors && b.wires.inside(channel) })...)
	frame = append(frame, 0x03)
	return append(frame, sumOf(frame))
}

func sumOf(frame []byte) (s byte) {
	for _, b := range frame {
		s += b
	}
	return s
}
