package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lockstep/guard/clock"
	"lockstep/guard/journal"
	"lockstep/internal/line"
)

// rig is a link between a guard and a hub inside a synctest bubble.
type rig struct {
	*testing.T
	guard *fakeGuard
	hub   *fakeHub
	link  *link
	stop  func()
}

func newRig(t *testing.T, random *rand.Rand, cut func(net.Conn) net.Conn) *rig {
	g := newGuard(t)
	h := &fakeHub{t: t, guard: g.signer.Key(), rung: make(chan struct{}, 1), session: make(chan struct{}, 1)}
	now, err := clock.New("")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{
		locker: "l1", log: slog.New(slog.DiscardHandler), clock: now, random: random.Float64,
		guard: g.dial(cut), hub: h.dial(cut),
	}
	return &rig{t, g, h, l, nil}
}

func (r *rig) start() {
	ctx, cancel := context.WithCancel(r.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.link.run(ctx)
	}()
	r.stop = func() {
		cancel()
		<-done
		r.guard.more.Broadcast()
		time.Sleep(time.Minute) // virtual: whatever waits in the guard ends
	}
}

// settle lets virtual time pass until done or, at the latest, a month.
func (r *rig) settle(done func() bool) {
	r.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Second) {
		synctest.Wait() // whatever is on its way at this moment arrives
		if done() {
			return
		}
		if time.Since(began) > 30*24*time.Hour {
			r.hub.mu.Lock()
			defer r.hub.mu.Unlock()
			r.Fatalf("not settled: the hub has %d of %d records, the guard took %d of %d statements",
				r.hub.end.Number, len(r.guard.records), len(r.guard.downs), len(r.hub.down))
		}
	}
}

func (r *rig) settled() bool {
	r.guard.mu.Lock()
	defer r.guard.mu.Unlock()
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	return r.hub.end == r.guard.end && len(r.guard.downs) == len(r.hub.down)
}

// checkStreams says whether each record and each statement arrived exactly once, in order.
func (r *rig) checkStreams() {
	r.Helper()
	if r.hub.records != len(r.guard.records) {
		r.Errorf("the hub took %d records in, the guard wrote %d", r.hub.records, len(r.guard.records))
	}
	for _, err := range r.hub.breaks {
		r.Errorf("the hub was sent what does not follow: %v", err)
	}
	for i, got := range r.guard.taken() {
		if want := string(statementOf(i + 1)); got != want {
			r.Errorf("statement %d taken by the guard is %q", i+1, got)
		}
	}
}

func whole(c net.Conn) net.Conn { return c }

// cutter is a connection that breaks after some bytes, in the middle of whatever is being said.
type cutter struct {
	net.Conn
	left chan int // one token: bytes still to pass, both ways together
}

func (c *cutter) pass(n int) int {
	left := <-c.left
	n = min(n, left)
	c.left <- left - n
	return n
}

func (c *cutter) Write(b []byte) (int, error) {
	n := c.pass(len(b))
	written, err := c.Conn.Write(b[:n])
	if n < len(b) {
		c.Conn.Close()
		return written, net.ErrClosed
	}
	return written, err
}

func (c *cutter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if passed := c.pass(n); passed < n {
		c.Conn.Close()
		return passed, net.ErrClosed
	}
	return n, err
}

func TestNothingLostOrDoubledOverCuts(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { walk(t, seed) })
		})
	}
}

func walk(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	sizes := rand.New(rand.NewPCG(seed, 2))
	lock := make(chan struct{}, 1)
	cut := func(c net.Conn) net.Conn {
		lock <- struct{}{}
		defer func() { <-lock }()
		left := make(chan int, 1)
		left <- sizes.IntN(1 << (4 + sizes.IntN(11))) // 0 bytes to 16 KiB
		return &cutter{c, left}
	}
	r := newRig(t, rand.New(rand.NewPCG(seed, 3)), cut)
	slow := rand.New(rand.NewPCG(seed, 4))
	r.hub.slow = func() time.Duration { return time.Duration(slow.Int64N(int64(3 * time.Second))) }
	r.start()
	for range 200 {
		switch random.IntN(8) {
		case 0, 1, 2, 3:
			for range 1 + random.IntN(5) {
				r.guard.append(journal.Record{Kind: journal.Ticked})
			}
		case 4, 5:
			r.hub.add(statementOf(len(r.hub.down) + 1))
		case 6:
			r.hub.setAway(random.IntN(2) == 0)
		case 7:
			time.Sleep(time.Duration(random.Int64N(int64(10 * time.Minute))))
		}
		time.Sleep(time.Duration(random.Int64N(int64(20 * time.Second))))
	}
	r.hub.setAway(false)
	r.settle(r.settled)
	r.stop()
	r.checkStreams()
}

func TestFourteenDaysApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		r.start()
		r.settle(r.settled)
		r.hub.setAway(true)
		r.stop()
		r.start()
		for range 14 * 24 {
			time.Sleep(time.Hour)
			r.guard.append(journal.Record{Kind: journal.Ticked})
		}
		for n := range 50 {
			r.hub.add(statementOf(n + 1))
		}
		if r.hub.position().Number != 1 {
			t.Fatal("a record crossed the cut")
		}
		r.hub.setAway(false)
		back := time.Now()
		r.settle(r.settled)
		if took := time.Since(back); took > 2*time.Minute {
			t.Errorf("all was there only %v after the line came back", took)
		}
		r.stop()
		r.checkStreams()
	})
}

func TestBeatsAndReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		r.hub.receipts = [][]byte{{1}, {2}}
		r.start()
		time.Sleep(10*time.Minute + time.Second)
		r.stop()
		if r.hub.beats != 10 || r.guard.hellos != 1 {
			t.Errorf("%d beats over %d sessions in ten minutes, want one a minute over one session", r.hub.beats, r.guard.hellos)
		}
		if r.guard.times != 2 {
			t.Errorf("the guard got %d receipts, want 2", r.guard.times)
		}
		r.start()
		time.Sleep(time.Second)
		r.stop()
		if r.hub.beats != 11 {
			t.Errorf("%d beats, want one at once where there is nothing to upload", r.hub.beats)
		}
		r.checkStreams()
	})
}

func TestARefusedStatementIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		r.guard.refuse[1] = "late"
		r.hub.add(statementOf(1))
		r.hub.add(statementOf(2))
		r.start()
		r.settle(r.settled)
		r.stop()
		r.checkStreams()
		want := []line.FromLocker{{Kind: line.Taken, Down: 1, Reason: "refused: late"}, {Kind: line.Taken, Down: 2}}
		if fmt.Sprint(r.hub.taken) != fmt.Sprint(want) {
			t.Errorf("the hub heard %+v", r.hub.taken)
		}
	})
}

// TestASlowGuardGetsEachStatementOnce: the link offers the same number again after a pause, and everything else goes on.
func TestASlowGuardGetsEachStatementOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		r.guard.pace = 25 * time.Second
		for n := range 40 {
			r.hub.add(statementOf(n + 1))
		}
		r.start()
		for range 20 {
			time.Sleep(30 * time.Second)
			r.guard.append(journal.Record{Kind: journal.Ticked})
			time.Sleep(time.Second)
			if r.hub.position() != r.guard.end {
				t.Error("records wait for statements")
			}
		}
		r.settle(r.settled)
		r.stop()
		r.checkStreams()
		if len(r.guard.offered) > 4*40 || len(r.hub.taken) != 40 || r.guard.hellos != 1 {
			t.Errorf("%d offers and %d answers of 40 statements over %d sessions", len(r.guard.offered), len(r.hub.taken), r.guard.hellos)
		}
	})
}

// TestAStatementThatUsesNoNumberUpDoesNotSpin: this hub sends it again as soon as it hears that nothing was used up.
func TestAStatementThatUsesNoNumberUpDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		r.guard.unbelieved = 1
		r.hub.add(statementOf(1))
		r.start()
		time.Sleep(time.Hour)
		r.stop()
		r.guard.mu.Lock()
		if n := len(r.guard.offered); n < 300 || n > 361 {
			t.Errorf("%d offers in an hour", n)
		}
		r.guard.unbelieved = 0
		r.guard.mu.Unlock()
		r.hub.mu.Lock()
		if want := (line.FromLocker{Kind: line.Taken, Reason: "refused: signature"}); len(r.hub.taken) == 0 || fmt.Sprint(r.hub.taken[0]) != fmt.Sprint(want) {
			t.Errorf("the hub heard %+v", r.hub.taken)
		}
		r.hub.mu.Unlock()
		r.start()
		r.settle(r.settled)
		r.stop()
		r.checkStreams()
	})
}

func TestWhatPersonsHaveSignedIsJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		r.hub.persons = [][]byte{[]byte("lift"), []byte("charter")}
		r.start()
		time.Sleep(time.Minute)
		r.stop()
		r.guard.mu.Lock()
		defer r.guard.mu.Unlock()
		r.hub.mu.Lock()
		defer r.hub.mu.Unlock()
		if fmt.Sprint(r.guard.bundles) != "[lift charter]" || fmt.Sprintf("%q", r.hub.judged) != `["cause" ""]` {
			t.Errorf("the guard got %q, the hub heard %q", r.guard.bundles, r.hub.judged)
		}
	})
}

func TestARefusedUploadWaitsAndHoldsNothingElseUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		asked := 0
		r.hub.refuse = func() (string, int64) {
			if asked++; asked <= 3 {
				return "fork", (10 * time.Minute).Milliseconds()
			}
			return "", 0
		}
		r.start()
		time.Sleep(29 * time.Minute)
		r.hub.add(statementOf(1))
		time.Sleep(time.Second)
		if asked != 3 || len(r.guard.taken()) != 1 || r.guard.hellos != 1 {
			t.Errorf("%d uploads, %d statements, %d sessions in 29 minutes, want 3, 1 and 1", asked, len(r.guard.taken()), r.guard.hellos)
		}
		r.settle(r.settled)
		r.stop()
		r.checkStreams()
	})
}

func TestAHubCannotHoldUploadsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		asked := 0
		r.hub.refuse = func() (string, int64) {
			if asked++; asked == 1 {
				return "fork", (365 * 24 * time.Hour).Milliseconds()
			}
			return "", 0
		}
		r.start()
		time.Sleep(longestHold + time.Second)
		synctest.Wait()
		if asked != 2 {
			t.Errorf("%d uploads", asked)
		}
		r.settle(r.settled)
		r.stop()
		r.checkStreams()
	})
}

func TestBackOffIsSlowAndSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		r.hub.setAway(true)
		r.start()
		time.Sleep(time.Hour)
		r.stop()
		if n := r.guard.hellos; n < 60 || n > 240 {
			t.Errorf("%d attempts in an hour without a hub", n)
		}
	})
}

func TestAnotherLockersGuardIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		r.link.locker = "l2"
		r.start()
		time.Sleep(10 * time.Minute)
		r.stop()
		if r.hub.records+r.hub.beats > 0 {
			t.Error("the hub was sent another locker's journal")
		}
	})
}

// TestARestartedGuardIsWaitedForAtOnce: the hub is spared when it is away, not when the guard was.
func TestARestartedGuardIsWaitedForAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rand.New(rand.NewPCG(1, 1)), whole)
		guard := r.link.guard
		var away atomic.Bool
		away.Store(true)
		r.link.guard = func(ctx context.Context) (net.Conn, error) {
			if away.Load() {
				return nil, errors.New("no guard")
			}
			return guard(ctx)
		}
		r.start()
		time.Sleep(10 * time.Minute)
		away.Store(false)
		time.Sleep(2 * shortestWait)
		r.stop()
		if r.guard.hellos != 1 {
			t.Errorf("%d hellos two seconds after the guard's return", r.guard.hellos)
		}
	})
}
