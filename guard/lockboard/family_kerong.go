package lockboard

import (
	"fmt"

	"lockstep/guard/statement"
)

// KERONG boards: 19200 8N1, first byte 02, last two 03 and the low byte of the sum of all before. reference/hardware.md §1.3,
// after kerong-lib, KR-CU16_locker (seen on a board) and KerongConsole (captures of a board). Boards 0–9, locks 0-based.
//
// An open may be answered or not, depending on the firmware: whatever comes is heard and means nothing.

// sealSum closes a KERONG frame.
func sealSum(frame ...byte) []byte {
	frame = append(frame, 0x03)
	return append(frame, sum(frame))
}

func sum(frame []byte) (s byte) {
	for _, b := range frame {
		s += b
	}
	return s
}

// sound says whether the bytes are one whole KERONG frame of n bytes.
func sound(frame []byte, n int) error {
	switch {
	case len(frame) != n:
		return fmt.Errorf("%w: %d bytes, want %d", ErrGarbled, len(frame), n)
	case frame[0] != 0x02 || frame[n-2] != 0x03:
		return fmt.Errorf("%w: no frame", ErrGarbled)
	case sum(frame[:n-1]) != frame[n-1]:
		return fmt.Errorf("%w: check byte", ErrGarbled)
	}
	return nil
}

func openedUnsaid(statement.Board, Channel, []byte) (Contact, error) { return Unknown, nil }

func noAnswer(statement.Board) int { return 0 }
