package door

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"lockstep/guard/statement"
)

// ErrFrame is a frame whose length is zero or beyond its bound. The stream cannot be read any further.
var ErrFrame = errors.New("door: a frame of no or too great length")

// ReadFrame reads one frame's payload of 1 to limit bytes. The end of the stream between two frames is io.EOF, within one
// io.ErrUnexpectedEOF. Nothing is allocated for a length that is out of bounds.
func ReadFrame(r io.Reader, limit int) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n == 0 || int64(n) > int64(limit) {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrFrame, n, limit)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return payload, nil
}

// WriteFrame writes one frame with a single Write. It refuses what ReadFrame would refuse.
func WriteFrame(w io.Writer, payload []byte, limit int) error {
	if len(payload) == 0 || len(payload) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrFrame, len(payload), limit)
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(payload)), uint32(len(payload)))
	_, err := w.Write(append(frame, payload...))
	return err
}

// Receive reads one frame of at most limit bytes as strict CBOR into v, a pointer.
func Receive(r io.Reader, limit int, v any) error {
	payload, err := ReadFrame(r, limit)
	if err != nil {
		return err
	}
	return statement.Decode(payload, v)
}

// Send writes v as one frame of at most limit bytes.
func Send(w io.Writer, limit int, v any) error {
	return WriteFrame(w, statement.Encode(v), limit)
}
