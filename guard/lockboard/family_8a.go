package lockboard

import (
	"fmt"

	"lockstep/guard/statement"
)

// Family 8a: "485 lock boards" of 8 to 50 channels, 9600 8N1, addresses 1–32, locks 1-based, last byte the xor of all before.
// reference/hardware.md §1.2, after the makers' "24-way protocol 2021".
//
//	open one    8A bb ll 11 cc
//	its answer  8A bb ll st cc            st 00 or 11; which of them means open depends on the lock's switch
//	read all    80 bb 00 33 cc
//	its answer  80 bb s1 … sn 33 cc       n = 3 up to 24 channels, else 7
//
// Some boards send stray bytes before an answer: the frame is what stands at the end of what was heard.
func init() {
	register("8a", &family{
		baud: 9600, channels: 50, minAddress: 1, maxAddress: 32, openAnswers: []uint8{0x00, 0x11}, answersOpen: true,
		open:        open8A,
		readAll:     func(b statement.Board) []byte { return sealXor(0x80, b.Address, 0x00, 0x33) },
		stateLength: func(b statement.Board) int { return 4 + stateBytes8A(b) },
		answerBytes: func(statement.Board) int { return 5 },
		parseState:  parseState8A, parseOpened: parseOpened8A, speaker: speaker8A, answerLengths: []int{5, 7, 11},
	})
}

func open8A(b statement.Board, c Channel) []byte { return sealXor(0x8A, b.Address, c.Number(), 0x11) }

func stateBytes8A(b statement.Board) int {
	if b.Channels <= 24 {
		return 3
	}
	return 7
}

func parseState8A(b statement.Board, heard []byte) (r Reading, err error) {
	frame, err := tail8A(b, heard, 4+stateBytes8A(b))
	if err != nil {
		return r, err
	}
	if frame[0] != 0x80 || frame[len(frame)-2] != 0x33 {
		return r, fmt.Errorf("%w: not an answer to read all", ErrGarbled)
	}
	r.setContacts(b, frame[2:len(frame)-2])
	return r, nil
}

// parseOpened8A reads the answer to an open. An answer that equals the request is Unknown: it may be our own echo.
func parseOpened8A(b statement.Board, c Channel, heard []byte) (Contact, error) {
	frame, err := tail8A(b, heard, 5)
	if err != nil {
		return Unknown, err
	}
	if frame[0] != 0x8A || frame[2] != c.Number() || (frame[3] != 0x00 && frame[3] != 0x11) {
		return Unknown, fmt.Errorf("%w: not an answer to open", ErrGarbled)
	}
	switch {
	case frame[3] == 0x11:
		return Unknown, nil
	case b.OpenAnswer == 0x00:
		return Open, nil
	}
	return Closed, nil
}

// tail8A is the last n bytes of what was heard, if they are a sound frame of this board.
func tail8A(b statement.Board, heard []byte, n int) ([]byte, error) {
	if len(heard) < n {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrGarbled, len(heard), n)
	}
	frame := heard[len(heard)-n:]
	if xor(frame) != 0 {
		return nil, fmt.Errorf("%w: check byte", ErrGarbled)
	}
	if frame[1] != b.Address {
		return nil, fmt.Errorf("%w: address %d", ErrGarbled, frame[1])
	}
	return frame, nil
}

func speaker8A(frame []byte) (uint8, bool) {
	known := frame[0] == 0x80 || frame[0] == 0x81 || frame[0] == 0x82 || frame[0] == 0x8A
	return frame[1], known && xor(frame) == 0 && frame[1] >= 1 && frame[1] <= 32
}

func sealXor(frame ...byte) []byte { return append(frame, xor(frame)) }

func xor(frame []byte) (x byte) {
	for _, b := range frame {
		x ^= b
	}
	return x
}
