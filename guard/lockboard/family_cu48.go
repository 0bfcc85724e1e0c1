package lockboard

import (
	"fmt"

	"lockstep/guard/statement"
)

// Family cu48: KR-CU48, the dialect with board and lock in bytes of their own.
//
//	open one    02 bb ll 61 03 SS
//	read all    02 bb 00 60 03 SS
//	its answer  02 bb 00 75 H1-8 … H41-48 I1-8 … I41-48 03 SS   H the hook switches, I the sensors
func init() {
	register("cu48", &family{
		baud: 19200, channels: 48, maxAddress: 9, sensors: true, openAnswers: []uint8{0},
		open: func(b statement.Board, c Channel) []byte {
			return sealSum(0x02, b.Address, c.index, 0x61)
		},
		readAll:     func(b statement.Board) []byte { return sealSum(0x02, b.Address, 0x00, 0x60) },
		stateLength: func(statement.Board) int { return stateCU48 },
		answerBytes: noAnswer,
		parseState:  parseStateCU48, parseOpened: openedUnsaid, speaker: speakerCU48, answerLengths: []int{stateCU48},
	})
}

const stateCU48 = 18

func parseStateCU48(b statement.Board, frame []byte) (r Reading, err error) {
	if err := sound(frame, stateCU48); err != nil {
		return r, err
	}
	if frame[1] != b.Address || frame[2] != 0 || frame[3] != 0x75 {
		return r, fmt.Errorf("%w: not this board's state", ErrGarbled)
	}
	r.setContacts(b, frame[4:10])
	if b.Sensors {
		r.setInside(b, frame[10:16])
	}
	return r, nil
}

func speakerCU48(frame []byte) (uint8, bool) {
	if sound(frame, stateCU48) != nil || frame[3] != 0x75 {
		return 0, false
	}
	return frame[1], true
}
