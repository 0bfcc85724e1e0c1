package lockboard

import (
	"encoding/hex"
	"sync"
	"time"
)

// Kind tells events apart.
type Kind uint8

const (
	Polled Kind = iota + 1 // a board was asked for its picture
	Pulsed                 // a channel was told to open, or should have been
	Heard                  // bytes that nobody asked for
)

// Event is one thing that happened on a line.
type Event struct {
	Kind    Kind
	Board   uint8     // index in the certificate's boards
	At      time.Time // when the exchange ended
	Reading Reading   // Polled: all unknown when Err is set
	Channel Channel   // Pulsed
	Answer  Contact   // Pulsed: what the board said of the lock; no evidence of anything, the next reading is
	// Err is what went wrong. Of a pulse: it may have been sent or not, and will not be sent again.
	Err error
	// Foreign is set when a sound answer came from an address that the certificate does not know on this line. Board is
	// then the board that was being asked, if any was.
	Foreign *uint8
}

// Frame is one run of raw bytes on the wire.
type Frame struct {
	At    time.Time
	Out   bool // sent by us
	Bytes []byte
}

func (f Frame) String() string {
	direction := "< "
	if f.Out {
		direction = "> "
	}
	return f.At.UTC().Format("15:04:05.000000 ") + direction + hex.EncodeToString(f.Bytes)
}

// ring keeps the last frames, for alarms.
type ring struct {
	mu     sync.Mutex
	frames [64]Frame
	next   int
}

func (r *ring) put(f Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.Bytes = append([]byte(nil), f.Bytes...)
	r.frames[r.next%len(r.frames)] = f
	r.next++
}

// list is the kept frames, oldest first.
func (r *ring) list() []Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Frame
	for i := max(0, r.next-len(r.frames)); i < r.next; i++ {
		out = append(out, r.frames[i%len(r.frames)])
	}
	return out
}
