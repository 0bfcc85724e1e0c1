// Package line is what a locker's link and the hub say to each other, and nothing else: no frame of either kind opens a door.
//
// The link dials the hub's edge with TLS 1.3 and its client certificate, sends GET /line with "Connection: Upgrade" and
// "Upgrade: lockstep-line/1" (RFC 9110 §7.8) and waits for status 101. From then on both ends send frames: a 4-byte
// big-endian length and that many bytes of strict deterministic CBOR (see statement.Decode), a map with small integer keys.
// The locker's frames have at most MaxFromLocker bytes, the hub's at most MaxFromHub.
//
//	locker                                          hub
//	hello {version, locker, position, first, down}  →
//	                                                ←  welcome {position}
//	upload {stretch}                                →
//	                                                ←  uploaded {position, reason, hold}
//	beat {stretch without records}                  →
//	                                                ←  uploaded {position, reason, hold}
//	                                                ←  down {number, statement}
//	taken {down, reason}                            →
//	                                                ←  receipt {statement}
//	                                                ←  persons {statement}
//	judged {reason}                                 →
//	bye {reason}                                    ↔  bye {reason}
//
// Up: the link has one upload or beat under way and sends the next after its uploaded, which says the last record the hub has
// committed; the link goes on after that one, whatever it sent. A reason says that the stretch was not taken; nothing is
// uploaded again before hold has passed. A beat is sent at least every BeatEvery; a hub that hears nothing for Silence hangs up.
//
// Down: the hub has one numbered statement under way and sends the next after its taken, which says the last number the guard
// has used up; the hub goes on after that one. Receipts are not numbered and not answered.
//
// Either end may be cut off at any byte. Nothing is lost or doubled, because each connection starts from what the other end
// durably has: welcome's position and hello's down.
package line

import (
	"fmt"
	"io"
	"time"

	"lockstep/guard/door"
	"lockstep/guard/statement"
)

const (
	// Version is what hello says. A hub that does not speak it says bye.
	Version = 1
	// Protocol and Path are what the link asks the edge to upgrade to, and where.
	Protocol = "lockstep-line/1"
	Path     = "/line"

	// MaxStatement bounds an envelope or a bundle that travels down: with its number it must fit one frame of the guard's socket.
	MaxStatement = door.MaxFrame - 64
	// MaxFromLocker and MaxFromHub bound a frame's payload, in bytes.
	MaxFromLocker = door.MaxJournalFrame + 64
	MaxFromHub    = door.MaxFrame

	// BeatEvery is the longest time between two heads from a locker; Silence is when the hub gives a connection up.
	BeatEvery = 60 * time.Second
	Silence   = 3 * BeatEvery

	maxReason = 64
)

// Kind names a frame.
type Kind string

const (
	Hello  Kind = "hello"  // Version, Locker, Position, First, Down: the locker's first frame
	Upload Kind = "upload" // Stretch, with records
	Beat   Kind = "beat"   // Stretch, without records
	Taken  Kind = "taken"  // Down, and Reason where the guard refused
	Judged Kind = "judged" // Reason where the guard refused what persons have signed

	Welcome  Kind = "welcome"  // Position: the hub's first frame
	Uploaded Kind = "uploaded" // Position, and Reason and Hold where the stretch was not taken
	Down     Kind = "down"     // Number, Statement
	Receipt  Kind = "receipt"  // Statement
	Persons  Kind = "persons"  // Statement: a bundle

	Bye Kind = "bye" // Reason: either end's last frame
)

// FromLocker is one frame of the locker's. Only the fields of its kind may be set.
type FromLocker struct {
	Kind     Kind   `cbor:"1,keyasint"`
	Version  uint8  `cbor:"2,keyasint,omitempty"`
	Locker   string `cbor:"3,keyasint,omitempty"`
	Position uint64 `cbor:"4,keyasint,omitempty"` // the guard's last record
	First    uint64 `cbor:"5,keyasint,omitempty"` // the oldest record the guard still has
	Down     uint64 `cbor:"6,keyasint,omitempty"` // the last number of the down stream that the guard has used up
	Stretch  []byte `cbor:"7,keyasint,omitempty"` // CBOR of a journal.Stretch
	Reason   string `cbor:"8,keyasint,omitempty"`
}

// FromHub is one frame of the hub's. Only the fields of its kind may be set.
type FromHub struct {
	Kind      Kind   `cbor:"1,keyasint"`
	Position  uint64 `cbor:"2,keyasint,omitempty"` // the last record the hub has committed, 0 for none
	Number    uint64 `cbor:"3,keyasint,omitempty"` // place in the locker's down stream
	Statement []byte `cbor:"4,keyasint,omitempty"` // an envelope, or of persons a bundle
	Reason    string `cbor:"5,keyasint,omitempty"` // one of the Reason constants, or in a bye words for the log
	Hold      int64  `cbor:"6,keyasint,omitempty"` // ms before the next upload
}

// Why a stretch was not taken, and why the hub hangs up.
const (
	Unavailable = "unavailable" // the hub could not commit it just now
	Malformed   = "malformed"   // not a stretch at all; the other reasons are journal.Break's
	Superseded  = "superseded"  // bye: a newer connection of this locker has come
	Stopping    = "stopping"    // bye: the hub is shutting down
	Expired     = "expired"     // bye: the link's certificate is no longer valid
)

// ErrFrame is a frame that is well-formed CBOR but not one of the two tables above.
type ErrFrame struct{ text string }

func (e *ErrFrame) Error() string { return "line: " + e.text }

func refuse(format string, args ...any) error { return &ErrFrame{fmt.Sprintf(format, args...)} }

// Check says whether exactly the fields of the frame's kind are set.
func (f FromLocker) Check() error {
	rest := f
	rest.Kind, rest.Reason = "", ""
	switch f.Kind {
	case Hello:
		if f.Version == 0 || f.Locker == "" || len(f.Locker) > 32 || f.Reason != "" {
			return refuse("a hello without version or locker")
		}
		rest.Version, rest.Locker, rest.Position, rest.First, rest.Down = 0, "", 0, 0, 0
	case Upload, Beat:
		if len(f.Stretch) == 0 || f.Reason != "" {
			return refuse("a stretch is missing")
		}
		rest.Stretch = nil
	case Taken:
		rest.Down = 0
	case Judged, Bye:
	default:
		return refuse("no such frame of a locker's")
	}
	if rest.Version != 0 || rest.Locker != "" || rest.Position != 0 || rest.First != 0 || rest.Down != 0 || rest.Stretch != nil {
		return refuse("a field that does not belong to a %s", f.Kind)
	}
	return checkReason(f.Reason)
}

// Check says whether exactly the fields of the frame's kind are set.
func (f FromHub) Check() error {
	rest := f
	switch f.Kind {
	case Welcome:
		rest.Position = 0
	case Uploaded:
		if f.Hold < 0 || (f.Hold > 0 && f.Reason == "") {
			return refuse("a hold without a reason")
		}
		rest.Position, rest.Reason, rest.Hold = 0, "", 0
	case Down, Receipt, Persons:
		if len(f.Statement) == 0 || len(f.Statement) > MaxStatement || (f.Kind == Down) != (f.Number > 0) {
			return refuse("a %s without a statement or number", f.Kind)
		}
		rest.Number, rest.Statement = 0, nil
	case Bye:
		rest.Reason = ""
	default:
		return refuse("no such frame of the hub's")
	}
	if rest.Position != 0 || rest.Number != 0 || rest.Statement != nil || rest.Reason != "" || rest.Hold != 0 {
		return refuse("a field that does not belong to a %s", f.Kind)
	}
	return checkReason(f.Reason)
}

func checkReason(reason string) error {
	if len(reason) > maxReason {
		return refuse("a reason of %d bytes, at most %d", len(reason), maxReason)
	}
	for _, r := range reason {
		if r < ' ' || r > '~' {
			return refuse("a reason that is not plain text")
		}
	}
	return nil
}

// DecodeFromLocker reads the payload of a locker's frame.
func DecodeFromLocker(payload []byte) (FromLocker, error) {
	var f FromLocker
	if err := statement.Decode(payload, &f); err != nil {
		return FromLocker{}, err
	}
	return f, f.Check()
}

// DecodeFromHub reads the payload of a hub's frame.
func DecodeFromHub(payload []byte) (FromHub, error) {
	var f FromHub
	if err := statement.Decode(payload, &f); err != nil {
		return FromHub{}, err
	}
	return f, f.Check()
}

// Write sends the frame with a single Write. What Check refuses is not sent.
func (f FromLocker) Write(w io.Writer) error { return write(w, f, f.Check(), MaxFromLocker) }

// Write sends the frame with a single Write. What Check refuses is not sent.
func (f FromHub) Write(w io.Writer) error { return write(w, f, f.Check(), MaxFromHub) }

func write(w io.Writer, frame any, invalid error, limit int) error {
	if invalid != nil {
		return invalid
	}
	return door.Send(w, limit, frame)
}

// ReadFromHub reads the hub's next frame.
func ReadFromHub(r io.Reader) (FromHub, error) {
	payload, err := door.ReadFrame(r, MaxFromHub)
	if err != nil {
		return FromHub{}, err
	}
	return DecodeFromHub(payload)
}

// ReadFromLocker reads the locker's next frame.
func ReadFromLocker(r io.Reader) (FromLocker, error) {
	payload, err := door.ReadFrame(r, MaxFromLocker)
	if err != nil {
		return FromLocker{}, err
	}
	return DecodeFromLocker(payload)
}

// Word makes any text fit to be a frame's reason.
func Word(text string) string {
	out := make([]byte, 0, maxReason)
	for i := 0; i < len(text) && len(out) < maxReason; i++ {
		if text[i] >= ' ' && text[i] <= '~' {
			out = append(out, text[i])
		}
	}
	return string(out)
}
