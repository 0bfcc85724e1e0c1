package lockboard

import (
	"fmt"

	"lockstep/guard/statement"
)

// Family cu16: KR-CU16, NCU16L. AD = board<<4 | lock; F0 would be all boards, so addresses end at 9.
//
//	open one    02 AD 31 03 SS
//	read all    02 AD 30 03 SS                        with lock 0
//	its answer  02 AD 35 L1-8 L9-16 I1-8 I9-16 03 SS  L the hook switches, I the sensors
func init() {
	register("cu16", &family{
		baud: 19200, channels: 16, maxAddress: 9, sensors: true, openAnswers: []uint8{0},
		open: func(b statement.Board, c Channel) []byte {
			return sealSum(0x02, b.Address<<4|c.index&0x0F, 0x31)
		},
		readAll:     func(b statement.Board) []byte { return sealSum(0x02, b.Address<<4, 0x30) },
		stateLength: func(statement.Board) int { return stateCU16 },
		answerBytes: noAnswer,
		parseState:  parseStateCU16, parseOpened: openedUnsaid, speaker: speakerCU16, answerLengths: []int{stateCU16},
	})
}

const stateCU16 = 9

func parseStateCU16(b statement.Board, frame []byte) (r Reading, err error) {
	if err := sound(frame, stateCU16); err != nil {
		return r, err
	}
	if frame[1] != b.Address<<4 || frame[2] != 0x35 {
		return r, fmt.Errorf("%w: not this board's state", ErrGarbled)
	}
	r.setContacts(b, frame[3:5])
	if b.Sensors {
		r.setInside(b, frame[5:7])
	}
	return r, nil
}

func speakerCU16(frame []byte) (uint8, bool) {
	if sound(frame, stateCU16) != nil || (frame[2] != 0x35 && frame[2] != 0x36) {
		return 0, false
	}
	return frame[1] >> 4, true
}
