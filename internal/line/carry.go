package line

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
)

// Both streams may go by another road than the line: on a courier's phone, between hub and a locker that is cut off. To the phone and to
// the kiosk, between which it goes as QR codes, what is carried is bytes; the guard and the hub verify it as if it had come by the line.
//
//	hub → phone → kiosk → link → guard      a Load: statements that the locker has not taken, for all the hub knows
//	guard → link → kiosk → phone → hub      a stretch of the journal, from a record on that the phone says
//
// The link listens nowhere: it dials a socket of the kiosk's and waits there for a frame (package door) with a Carry, which it answers with one
// that says what came of it, and waits for the next.

// Load is what the hub gives a phone for one locker.
type Load struct {
	Locker string `cbor:"1,keyasint"`
	Items  []Item `cbor:"2,keyasint"`
}

// Item is one statement of a load; Kind is Down, Persons or Receipt, and only the first has a number.
type Item struct {
	Kind      Kind   `cbor:"1,keyasint"`
	Number    uint64 `cbor:"2,keyasint,omitempty"`
	Statement []byte `cbor:"3,keyasint"`
}

// MaxLoad bounds a load, in bytes, and MaxItems the statements in it.
const (
	MaxLoad  = 24 << 10
	MaxItems = 32
)

// ErrLoad is what is no load.
var ErrLoad = errors.New("line: not a load")

// ReadLoad reads what a phone has brought.
func ReadLoad(data []byte) (l Load, err error) {
	if len(data) > MaxLoad || statement.Decode(data, &l) != nil || len(l.Items) > MaxItems {
		return Load{}, ErrLoad
	}
	for _, item := range l.Items {
		if len(item.Statement) > MaxStatement || (item.Kind == Down) != (item.Number > 0) || item.Kind != Down && item.Kind != Persons && item.Kind != Receipt {
			return Load{}, ErrLoad
		}
	}
	return l, nil
}

// Add puts an item into a load, and says whether there was room for it.
func (l *Load) Add(item Item) bool {
	more := Load{l.Locker, append(l.Items[:len(l.Items):len(l.Items)], item)}
	if len(more.Items) > MaxItems || len(item.Statement) > MaxStatement || len(statement.Encode(more)) > MaxLoad {
		return false
	}
	*l = more
	return true
}

// Carry is what the kiosk asks of the link: hand this load on, and give what the journal has after a record.
type Carry struct {
	Load  []byte `cbor:"1,keyasint,omitempty"`
	After uint64 `cbor:"2,keyasint,omitempty"`
}

// Carried is what came of it. Reason, in one word, is why nothing was done, or what the guard said of the first statement that it refused.
type Carried struct {
	Accepted bool   `cbor:"1,keyasint"`
	Reason   string `cbor:"2,keyasint,omitempty"`
	Taken    uint64 `cbor:"3,keyasint,omitempty"` // statements that the guard took now
	Last     uint64 `cbor:"4,keyasint,omitempty"` // the last record of Stretch
	More     bool   `cbor:"5,keyasint,omitempty"` // there are records after it
	Stretch  []byte `cbor:"6,keyasint,omitempty"` // none where there is nothing new
}

// MaxCarry and MaxCarried bound the two frames.
const (
	MaxCarry   = MaxLoad + 64
	MaxCarried = door.MaxJournalFrame + 128
)

// Ask is the kiosk's end of a connection with the link: one exchange. After an error the connection is of no more use.
func (c Carry) Ask(ctx context.Context, conn net.Conn) (done Carried, err error) {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := door.Send(conn, MaxCarry, c); err != nil {
		return done, fmt.Errorf("line: %w", err)
	}
	if err := door.Receive(conn, MaxCarried, &done); err != nil {
		return done, fmt.Errorf("line: %w", err)
	}
	return done, nil
}

// Prefixes of the QR codes with parts of what is carried.
const (
	PrefixDown = "LSD:" // the phone to the locker's scanner: a number, and a load
	PrefixUp   = "LSU:" // the screen to the phone: a number, and a stretch
)

// Cargo is what goes as QR codes: eight bytes, big-endian, of a record's number (down: the last one that the hub or the phone has; up:
// the last one of the stretch), and what is carried.
func Cargo(number uint64, carried []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, number), carried...)
}

// Unpack reads what Cargo wrote.
func Unpack(cargo []byte) (number uint64, carried []byte, err error) {
	if len(cargo) < 8 {
		return 0, nil, ErrPart
	}
	return binary.BigEndian.Uint64(cargo), cargo[8:], nil
}

// A part is ten bytes, and a piece of the cargo: the first eight of the cargo's SHA-256, the part's place from 0, and the last place.
const (
	partHead = 10
	maxPiece = 1200
)

// ErrPart is what is no part of a cargo. It does not repeat the text.
var ErrPart = errors.New("line: not a part of what is carried")

// Parts are the texts of the QR codes of a cargo, with so many bytes of it in each.
func Parts(prefix string, cargo []byte, piece int) (texts []string) {
	sum := sha256.Sum256(cargo)
	count := max(1, (len(cargo)+piece-1)/piece)
	for i := range count {
		head := append(sum[:8:8], byte(i), byte(count-1))
		texts = append(texts, prefix+base45.Encode(append(head, cargo[min(i*piece, len(cargo)):min((i+1)*piece, len(cargo))]...)))
	}
	return texts
}

// Gathering puts parts together, in whatever order and however often they come. One of another cargo begins anew.
type Gathering struct {
	id     [8]byte
	pieces [][]byte
	Have   int // parts
}

// Of is how many parts there are; 0 before the first.
func (g *Gathering) Of() int { return len(g.pieces) }

// Whole says whether all parts are there.
func (g *Gathering) Whole() bool { return g.Of() > 0 && g.Have == g.Of() }

// Add takes a text, and gives the cargo once all of it is there.
func (g *Gathering) Add(prefix, text string) (cargo []byte, err error) {
	coded, ok := strings.CutPrefix(text, prefix)
	part, err := base45.Decode(coded)
	if !ok || err != nil || len(part) < partHead || len(part) > partHead+maxPiece || part[8] > part[9] {
		return nil, ErrPart
	}
	if id := [8]byte(part); id != g.id || g.Of() != int(part[9])+1 {
		*g = Gathering{id: id, pieces: make([][]byte, int(part[9])+1)}
	}
	if at := part[8]; g.pieces[at] == nil {
		g.pieces[at] = part[partHead:]
		g.Have++
	}
	if !g.Whole() {
		return nil, nil
	}
	cargo = bytes.Join(g.pieces, nil)
	if sum := sha256.Sum256(cargo); [8]byte(sum[:8]) != g.id {
		*g = Gathering{}
		return nil, ErrPart
	}
	return cargo, nil
}
