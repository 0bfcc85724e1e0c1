package link

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/line"
)

// fakeHub is a hub's durable store and one session after another over it, as internal/line says. It verifies what comes as a
// hub would and remembers everything it should never have been sent.
type fakeHub struct {
	t       *testing.T
	guard   statement.Key
	session chan struct{} // one token: as the edge, begin no session before all that an older one brought is taken in

	mu       sync.Mutex
	away     bool
	end      journal.Position
	records  int
	beats    int
	breaks   []error
	down     [][]byte
	rung     chan struct{}
	taken    []line.FromLocker
	receipts [][]byte
	persons  [][]byte
	judged   []string
	// refuse, when set, is asked before an upload is taken in.
	refuse func() (reason string, hold int64)
	// slow, when set, says how long taking in lasts.
	slow func() time.Duration
}

func (h *fakeHub) dial(cut func(net.Conn) net.Conn) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.away {
			return nil, errors.New("no route to host")
		}
		near, far := net.Pipe()
		go h.serve(far)
		return cut(near), nil
	}
}

func (h *fakeHub) serve(conn net.Conn) {
	defer conn.Close()
	hello, err := line.ReadFromLocker(conn)
	if err != nil {
		return
	}
	if hello.Kind != line.Hello || hello.Locker != "l1" || hello.Version != line.Version {
		h.t.Errorf("greeted with %+v", hello)
		return
	}
	h.session <- struct{}{}
	defer func() { <-h.session }()
	out, gone := make(chan line.FromHub, 1000), make(chan struct{})
	defer close(gone)
	go write(conn, out, gone)
	out <- line.FromHub{Kind: line.Welcome, Position: h.position().Number}
	taken := make(chan line.FromLocker, 1)
	go h.push(hello.Down, out, taken, gone)
	for {
		frame, err := line.ReadFromLocker(conn)
		if err != nil {
			return
		}
		if frame.Kind == line.Taken {
			taken <- frame
			continue
		}
		if frame.Kind == line.Judged {
			h.mu.Lock()
			h.judged = append(h.judged, frame.Reason)
			h.mu.Unlock()
			continue
		}
		if h.slow != nil {
			time.Sleep(h.slow())
		}
		out <- h.ingest(frame)
	}
}

// write keeps the order of what the hub says without ever making it wait for the wire.
func write(conn net.Conn, out chan line.FromHub, gone chan struct{}) {
	for {
		select {
		case frame := <-out:
			if frame.Write(conn) != nil {
				conn.Close()
				return
			}
		case <-gone:
			return
		}
	}
}

func (h *fakeHub) position() journal.Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.end
}

func (h *fakeHub) ingest(frame line.FromLocker) line.FromHub {
	h.mu.Lock()
	defer h.mu.Unlock()
	answer := line.FromHub{Kind: line.Uploaded, Position: h.end.Number}
	var stretch journal.Stretch
	if err := statement.Decode(frame.Stretch, &stretch); err != nil {
		h.breaks = append(h.breaks, err)
		return answer
	}
	if h.refuse != nil && frame.Kind == line.Upload {
		if answer.Reason, answer.Hold = h.refuse(); answer.Reason != "" {
			return answer
		}
	}
	records, head, err := stretch.Verify(h.end, "l1", h.guard)
	if err != nil {
		h.breaks = append(h.breaks, err)
		return answer
	}
	if frame.Kind == line.Beat {
		h.beats++
		return answer
	}
	h.records += len(records)
	h.end = journal.Position{Number: head.Position, Hash: head.Hash}
	answer.Position = h.end.Number
	return answer
}

// push sends the down stream from where the guard stands, one at a time, and then every receipt there is.
func (h *fakeHub) push(down uint64, out chan line.FromHub, taken chan line.FromLocker, gone chan struct{}) {
	for {
		h.mu.Lock()
		pending := h.down[min(down, uint64(len(h.down))):]
		for _, r := range h.receipts {
			out <- line.FromHub{Kind: line.Receipt, Statement: r}
		}
		for _, b := range h.persons {
			out <- line.FromHub{Kind: line.Persons, Statement: b}
		}
		h.receipts, h.persons = nil, nil
		h.mu.Unlock()
		if len(pending) == 0 {
			select {
			case <-h.rung:
			case <-gone:
				return
			}
			continue
		}
		out <- line.FromHub{Kind: line.Down, Number: down + 1, Statement: pending[0]}
		select {
		case answer := <-taken:
			h.mu.Lock()
			h.taken = append(h.taken, answer)
			h.mu.Unlock()
			down = answer.Down
		case <-gone:
			return
		}
	}
}

func (h *fakeHub) add(envelope []byte) {
	h.mu.Lock()
	h.down = append(h.down, envelope)
	h.mu.Unlock()
	h.ring()
}

func (h *fakeHub) ring() {
	select {
	case h.rung <- struct{}{}:
	default:
	}
}

func (h *fakeHub) setAway(away bool) {
	h.mu.Lock()
	h.away = away
	h.mu.Unlock()
}
