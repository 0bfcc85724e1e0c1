package link

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"testing"

	"lockstep/guard/clock"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/line"
)

// carrier is a link without a line, and the kiosk's end of its socket.
func carrier(t *testing.T) (*fakeGuard, func(line.Carry) line.Carried) {
	t.Helper()
	g := newGuard(t)
	now, err := clock.New("")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{locker: "l1", log: slog.New(slog.DiscardHandler), clock: now, guard: g.dial(func(c net.Conn) net.Conn { return c })}
	path := filepath.Join(t.TempDir(), "carry")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	go func() { defer close(ended); l.serveKiosk(ctx, path) }()
	t.Cleanup(func() { cancel(); <-ended })
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return g, func(c line.Carry) line.Carried {
		t.Helper()
		done, err := c.Ask(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
}

func loadOf(locker string, items ...line.Item) []byte {
	return statement.Encode(line.Load{Locker: locker, Items: items})
}

func down(n int) line.Item {
	return line.Item{Kind: line.Down, Number: uint64(n), Statement: statementOf(n)}
}

// What a courier has brought reaches the guard as from the line, each number once, and the journal goes the other way.
func TestACutOffLockersStreamsAreCarried(t *testing.T) {
	g, carry := carrier(t)
	for range 12 {
		g.append(journal.Record{Kind: journal.Ticked})
	}
	receipt := line.Item{Kind: line.Receipt, Statement: []byte("receipt")}
	done := carry(line.Carry{Load: loadOf("l1", receipt, down(1), down(2)), After: 3})
	if !done.Accepted || done.Taken != 3 || done.Reason != "" || len(g.taken()) != 2 || g.times != 1 {
		t.Fatalf("%+v, the guard has %v", done, g.taken())
	}
	if done.Last != 11 || !done.More {
		t.Errorf("records up to %d, more: %v", done.Last, done.More)
	}
	var s journal.Stretch
	if err := statement.Decode(done.Stretch, &s); err != nil {
		t.Fatal(err)
	}
	first, err := journal.Decode(s.Records[0])
	if err != nil || first.Number != 4 || len(s.Records) != 8 {
		t.Errorf("%d records from %d, %v", len(s.Records), first.Number, err)
	}

	g.refuse[4] = "time"
	done = carry(line.Carry{Load: loadOf("l1", down(1), down(2), down(3), down(4), down(6)), After: done.Last})
	if done.Taken != 1 || done.Reason != "time" || len(g.taken()) != 4 || done.Last != 13 || done.More {
		t.Errorf("%+v, the guard has %v", done, g.taken())
	}
	if done = carry(line.Carry{Load: loadOf("l1"), After: 13}); !done.Accepted || len(done.Stretch) != 0 {
		t.Errorf("nothing new: %+v", done)
	}
	if !bytes.Equal(g.offeredStatement(3), statementOf(3)) {
		t.Error("a statement has changed on its way")
	}
}

func (g *fakeGuard) offeredStatement(n int) []byte { return []byte(g.taken()[n-1]) }

// What is for another locker, or no load, does not reach the guard; and gives nobody its journal.
func TestNothingElseIsCarried(t *testing.T) {
	g, carry := carrier(t)
	for name, load := range map[string][]byte{"another locker's": loadOf("l2", down(1)), "rubbish": []byte("x"), "nothing": nil, "no number": loadOf("l1", line.Item{Kind: line.Down, Statement: []byte("x")})} {
		if done := carry(line.Carry{Load: load}); done.Accepted || len(done.Stretch) != 0 || len(g.taken()) != 0 {
			t.Errorf("%s: %+v", name, done)
		}
	}
}
