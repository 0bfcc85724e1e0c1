package guard

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"lockstep/guard/clock"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
)

// loop is the one goroutine that owns the state, the journal and the order of things.
type loop struct {
	rules *rules.Rules
	log   *journal.Log
	clock *clock.Clock
	slog  *slog.Logger
	names map[string]string // devices by line name
	lines map[string]pulser

	devices map[string]fs.FileInfo // what each line's device was at the start
	free    bool                   // not confined

	state     rules.State
	heard     rules.Heard
	base      int64 // powered time when this process began
	receipted uint64

	inbox   chan any      // rules events, link requests, and a fault that ends the guard
	done    chan struct{} // closed when the loop has ended
	view    atomic.Pointer[published]
	records atomic.Pointer[waitable]
}

// published is the newest view, and a channel that is closed when there is a newer one.
type published struct {
	view door.View
	next chan struct{}
}

// waitable is the journal's end, and a channel that is closed when it has moved.
type waitable struct {
	end  uint64
	next chan struct{}
}

const (
	tick       = 100 * time.Millisecond
	retryDisk  = time.Second
	keepFor    = 90 * rules.Day
	housekeep  = time.Minute
	headMargin = 2 << 10 // of a journal frame, for the head and the reply around the records
)

func newLoop(c Config, keys secrets, facts rules.Facts, log *journal.Log) *loop {
	g := &loop{rules: newRules(keys), log: log, clock: c.Clock, slog: c.Log, names: c.Lines, free: c.free(),
		devices: map[string]fs.FileInfo{}, state: rules.State{Facts: facts}, base: facts.Powered,
		inbox: make(chan any, 64), done: make(chan struct{})}
	for name, device := range c.Lines {
		g.devices[name], _ = os.Stat(device)
	}
	g.view.Store(&published{next: make(chan struct{})})
	g.records.Store(&waitable{log.End().Number, make(chan struct{})})
	return g
}

// powered is the time this locker has been powered, ever, in µs.
func (g *loop) powered() int64 { return g.base + g.clock.Running().Microseconds() }

// tell hands the loop a message; false means that the loop has ended.
func (g *loop) tell(message any) bool {
	select {
	case g.inbox <- message:
		return true
	case <-g.done:
		return false
	}
}

func (g *loop) run(ctx context.Context) error {
	defer close(g.done)
	ticks, keeping := time.NewTicker(tick), time.NewTicker(housekeep)
	defer ticks.Stop()
	defer keeping.Stop()
	if err := g.do(rules.Boot{}); err != nil {
		return err
	}
	if err := g.housekeep(); err != nil { // a locker may never have power for a minute
		return err
	}
	lastRetry := time.Now()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
			err = g.do(rules.Tick{})
			if g.state.StorageBroken && time.Since(lastRetry) > retryDisk {
				lastRetry = time.Now()
				err = errors.Join(err, g.do(rules.StorageRetry{}))
			}
		case <-keeping.C:
			err = g.housekeep()
		case message := <-g.inbox:
			err = g.take(message)
		}
		if err != nil {
			return err
		}
	}
}

func (g *loop) take(message any) error {
	switch m := message.(type) {
	case linkRequest:
		return g.answerLink(m)
	case error:
		return m
	}
	return g.do(message)
}

// do decides one event and does its effects, in order. It returns an error only when the process must end.
func (g *loop) do(what any) error {
	e := rules.Event{At: g.powered(), What: what}
	rand.Read(e.Entropy[:])
	next, effects := g.rules.Decide(g.state, e)
	for _, effect := range effects {
		switch f := effect.(type) {
		case rules.Write:
			if err := g.append(f.Entries); err != nil {
				refuse(what, next.View(e.At))
				return g.storageFault(err, what)
			}
		case rules.Pulse:
			g.pulse(f)
		case rules.Rewire:
			defer g.rewire()
		case rules.Reply:
			f.To.(chan door.KioskReply) <- f.Reply
		}
	}
	g.state = next
	g.publish(e.At)
	return nil
}

// refuse answers a kiosk whose request could not be written down.
func refuse(what any, view door.View) {
	if asked, ok := what.(rules.Asked); ok {
		asked.To.(chan door.KioskReply) <- door.KioskReply{Reason: door.OutOfOrder, View: view}
	}
}

func (g *loop) append(entries []journal.Entry) error {
	if err := g.log.Append(entries...); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Record.Kind == journal.Alarm || e.Record.Kind == journal.Lockdown {
			g.slog.Warn(string(e.Record.Kind), "reason", e.Record.Reason, "compartment", e.Record.Compartment, "record", e.Record.Number)
		}
	}
	old := g.records.Swap(&waitable{g.log.End().Number, make(chan struct{})})
	close(old.next)
	return nil
}

func (g *loop) storageFault(cause error, what any) error {
	if g.log.Broken() {
		return fmt.Errorf("guard: %w", cause)
	}
	if _, again := what.(rules.StorageRetry); !again {
		g.slog.Error("the journal cannot be written; nothing opens until it can", "error", cause)
	}
	return g.do(rules.StorageFault{})
}

// publish wakes those who watch when what they would see has changed, countdowns aside.
func (g *loop) publish(now int64) {
	view := g.state.View(now)
	view.Alone = g.heard.Alone(&g.state.Facts, now)
	old := g.view.Load()
	view.Version = old.view.Version
	if view.Same(old.view) {
		g.view.Store(&published{view, old.next}) // its countdowns have run on
		return
	}
	view.Version++
	g.view.Store(&published{view, make(chan struct{})})
	close(old.next)
}

// housekeep closes a long segment and lets go of segments that are receipted and old.
func (g *loop) housekeep() error {
	if g.log.WantsCheckpoint() {
		if err := g.do(rules.Housekeeping{}); err != nil {
			return err
		}
	}
	low := g.state.Head(g.powered()).Low
	for _, first := range g.log.Segments()[1:] {
		opening, err := g.log.Public(first-1, 1)
		if err != nil {
			return nil
		}
		checkpoint, err := journal.Decode(opening[0])
		if err != nil || first > g.receipted || low-checkpoint.Low < keepFor {
			return nil
		}
		if checkpoint.Kind != journal.Checkpoint {
			continue // begun on a disk that was full: what it builds on is in the segment before
		}
		if err := g.log.Forget(first); err != nil {
			g.slog.Warn("an old segment could not be removed", "error", err)
		}
	}
	return nil
}
