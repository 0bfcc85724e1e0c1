package lockboard

import (
	"bytes"
	"errors"
	"testing"

	"lockstep/guard/statement"
)

// FuzzParseState: an answer of any bytes is a picture of the whole board or none at all; one bit that changed on the line makes it
// none; and nobody is taken for a stranger who is not.
func FuzzParseState(f *testing.F) {
	f.Add(uint8(24), uint8(1), false, []byte{0x80, 0x01, 0x00, 0x00, 0x02, 0x33, 0xB0})
	f.Add(uint8(48), uint8(1), true, sealXor(0x80, 0x01, 1, 2, 3, 4, 5, 6, 7, 0x33))
	f.Add(uint8(16), uint8(9), true, sealSum(0x02, 0x90, 0x35, 0xff, 0x00, 0x0f, 0x00))
	f.Add(uint8(48), uint8(0), false, sealSum(0x02, 0, 0, 0x75, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
	f.Add(uint8(24), uint8(2), false, []byte{0x00, 0xff, 0x80, 0x02, 0x00, 0x00, 0x02, 0x33, 0xB3}) // stray bytes before it
	f.Fuzz(func(t *testing.T, channels, address uint8, last bool, heard []byte) {
		for name, family := range families {
			b := statement.Board{Line: "bus0", Family: name, Address: address, Channels: channels, LastByteFirst: last, Sensors: family.sensors}
			if Check(b) != nil {
				continue
			}
			if who, ok := family.stranger(b.Address, heard); ok && who == b.Address {
				t.Fatalf("%s: board %d is a stranger to itself: % X", name, who, heard)
			}
			r, err := family.parseState(b, heard)
			if err != nil {
				if r != (Reading{}) || !errors.Is(err, ErrGarbled) {
					t.Fatalf("%s: a reading beside %v", name, err)
				}
				continue
			}
			for channel := range uint8(MaxChannels) {
				if known := r.Contact(channel+1) != Unknown; known != (channel < channels) {
					t.Fatalf("%s: channel %d of %d is %s", name, channel+1, channels, r.Contact(channel+1))
				}
			}
			eachBit(heard, family.stateLength(b), func(spoilt []byte) {
				if _, err := family.parseState(b, spoilt); err == nil {
					t.Fatalf("%s: % X and % X are both believed", name, heard, spoilt)
				}
			})
		}
	})
}

// eachBit changes every bit of the last n bytes, one at a time.
func eachBit(data []byte, n int, do func(spoilt []byte)) {
	for i := len(data) - n; i < len(data); i++ {
		for bit := range 8 {
			spoilt := bytes.Clone(data)
			spoilt[i] ^= 1 << bit
			do(spoilt)
		}
	}
}

// FuzzParseOpened: what a board says after it was told to open is about the channel that was told, or nothing.
func FuzzParseOpened(f *testing.F) {
	f.Add(uint8(1), uint8(1), false, sealXor(0x8A, 1, 1, 0x00))
	f.Add(uint8(1), uint8(24), true, sealXor(0x8A, 1, 24, 0x11))
	f.Add(uint8(2), uint8(3), true, append([]byte{0xff, 0x00}, sealXor(0x8A, 2, 3, 0x00)...))
	f.Fuzz(func(t *testing.T, address, number uint8, answer bool, heard []byte) {
		for name, family := range families {
			b := statement.Board{Line: "bus0", Family: name, Address: address, Channels: 16}
			if answer && name == "8a" {
				b.OpenAnswer = 0x11
			}
			c, err := NewChannel(b, number)
			if Check(b) != nil || err != nil {
				continue
			}
			said, err := family.parseOpened(b, c, heard)
			if said == Unknown {
				continue
			}
			if err != nil {
				t.Fatalf("%s: %s beside %v", name, said, err)
			}
			eachBit(heard, family.answerBytes(b), func(spoilt []byte) {
				if other, err := family.parseOpened(b, c, spoilt); err == nil && other != Unknown {
					t.Fatalf("%s: % X and % X both say something", name, heard, spoilt)
				}
			})
		}
	})
}

// FuzzEcho: what is left of what was heard is its end, and never begins with an echo that was announced.
func FuzzEcho(f *testing.F) {
	question, answer := sealXor(0x80, 1, 0, 0x33), sealXor(0x80, 1, 0, 0, 2, 0x33)
	f.Add(question, append(bytes.Clone(question), answer...), uint8(7), true)
	f.Add(question, append(bytes.Clone(question), answer...), uint8(7), false)
	f.Add(question, question, uint8(7), false)
	f.Add(question, answer, uint8(7), true)
	f.Fuzz(func(t *testing.T, question, heard []byte, want uint8, announced bool) {
		left, err := stripEcho(question, heard, int(want), announced)
		switch {
		case err != nil && (left != nil || !errors.Is(err, ErrEcho)):
			t.Fatalf("% X beside %v", left, err)
		case err == nil && !bytes.HasSuffix(heard, left):
			t.Fatalf("% X was never heard in % X", left, heard)
		case err == nil && announced && len(heard) > 0 && len(left) != len(heard)-len(question):
			t.Fatalf("% X is left of % X", left, heard)
		}
	})
}
