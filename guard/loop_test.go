package guard

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/clock"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// fullDisk is a disk that takes nothing while it is full.
type fullDisk struct{ full bool }

type fullFile struct {
	*os.File
	disk *fullDisk
}

func (f fullFile) Write(p []byte) (int, error) {
	if f.disk.full {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, syscall.ENOSPC
	}
	return f.File.Write(p)
}

func (d *fullDisk) open(path string, flag int) (journal.File, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	return fullFile{f, d}, err
}

func onDisk(t *testing.T, disk *fullDisk) (*loop, string) {
	t.Helper()
	network, err := ceremony.NewDevelopment("bench")
	check(t, err)
	dir := t.TempDir()
	key, err := Init(dir)
	check(t, err)
	certificate, err := network.SignLocker(statement.Locker{Network: "bench", ID: "l1", Zone: "UTC", Guard: key, Interlock: true,
		Boards:       []statement.Board{{Line: "bus0", Family: "cu48", Address: 0, Channels: 48}},
		Compartments: []statement.Compartment{{Number: 1, Size: 1, Channel: 1}},
		Inputs:       statement.Inputs{Gate: &statement.Point{Channel: 48}}})
	check(t, err)
	check(t, Provision(dir, network.Bundle, certificate, func(statement.Charter, statement.Locker) error { return nil }))
	return reopened(t, dir, disk), dir
}

func reopened(t *testing.T, dir string, disk *fullDisk) *loop {
	t.Helper()
	keys, err := readSecrets(dir)
	check(t, err)
	var facts rules.Facts
	log, err := journal.OpenWith(journalDir(dir), disk.open, func(e journal.Entry) (err error) { facts, err = facts.Fold(e); return err })
	check(t, err)
	t.Cleanup(func() { log.Close() })
	c, err := clock.New("")
	check(t, err)
	g := newLoop(Config{Clock: c, Log: slog.New(slog.DiscardHandler)}, keys, facts, log)
	g.lines = map[string]pulser{"bus0": noWire{}}
	return g
}

// TestASegmentWithoutItsCheckpointKeepsTheOneBefore: the disk was full just when a checkpoint began a new segment. What the
// segment builds on must not be let go, or the guard could never start again.
func TestASegmentWithoutItsCheckpointKeepsTheOneBefore(t *testing.T) {
	disk := &fullDisk{}
	g, dir := onDisk(t, disk)
	check(t, g.do(rules.Boot{}))
	disk.full = true
	check(t, g.do(rules.Housekeeping{}))
	disk.full = false
	check(t, g.do(rules.StorageRetry{}))
	if n := len(g.log.Segments()); n != 2 || g.state.StorageBroken {
		t.Fatalf("%d segments, storage broken %v", n, g.state.StorageBroken)
	}
	g.receipted = g.log.End().Number
	g.state.Low = 100 * rules.Day // the first time it hears of the time, long after
	check(t, g.housekeep())
	if g.log.First() != 1 {
		t.Fatalf("the journal now begins at record %d", g.log.First())
	}
	check(t, g.do(rules.Housekeeping{}))
	g.receipted = g.log.End().Number
	g.state.Low = 300 * rules.Day
	check(t, g.housekeep())
	if segments := g.log.Segments(); len(segments) != 1 {
		t.Fatalf("after a good checkpoint, segments %v", segments)
	}
	check(t, g.log.Close())
	if again := reopened(t, dir, disk); again.state.Position != g.state.Position {
		t.Fatalf("read again: %+v, not %+v", again.state.Position, g.state.Position)
	}
}

// TestACountdownRunsOn: whoever looks at a view in which nothing else has changed is told how much is left now, and is not woken for it.
func TestACountdownRunsOn(t *testing.T) {
	g, _ := onDisk(t, &fullDisk{})
	check(t, g.do(rules.Boot{}))
	g.state.Pauses = []rules.Span{{From: 0, Until: g.powered() + rules.Hour}}
	g.publish(g.powered())
	seen := g.view.Load()
	g.publish(g.powered() + 10*rules.Minute)
	now := g.view.Load()
	if d := seen.view.PausedFor - now.view.PausedFor; d < 599_000 || d > 601_000 || now.view.Version != seen.view.Version || now.next != seen.next {
		t.Errorf("%d ms less, version %d after %d", d, now.view.Version, seen.view.Version)
	}
}

// TestADiskThatIsFullAtTheStart: the guard says that it is out of order, whatever comes meanwhile, and boots when there is room.
func TestADiskThatIsFullAtTheStart(t *testing.T) {
	disk := &fullDisk{}
	g, _ := onDisk(t, disk)
	disk.full = true
	check(t, g.do(rules.Boot{}))
	to := make(chan door.KioskReply, 1)
	for _, what := range []any{rules.Tick{}, rules.Seen{Channels: make([]rules.Switch, 48), Inside: make([]rules.Inside, 48)}, rules.Foreign{}, rules.Refused{What: "x"},
		rules.StorageRetry{}, rules.Tick{}, rules.Asked{To: to, Request: door.KioskRequest{Verb: door.Courier}}} {
		check(t, g.do(what))
	}
	if reply := <-to; reply.Accepted || reply.View.OutOfOrder != "storage" {
		t.Fatalf("on a full disk: %+v", reply)
	}
	reply, err := g.fromLink(door.LinkRequest{Verb: door.Down, Number: 1})
	if err != nil || reply.Reason != "storage" {
		t.Fatalf("the link is told %q, %v", reply.Reason, err)
	}
	disk.full = false
	check(t, g.do(rules.StorageRetry{}))
	if g.state.StorageBroken || g.state.Boot != 1 {
		t.Fatalf("when there is room: storage broken %v, boot %d", g.state.StorageBroken, g.state.Boot)
	}
}

// TestASegmentIsClosedAtTheStart: a locker may never have power for as long as a minute.
func TestASegmentIsClosedAtTheStart(t *testing.T) {
	g, _ := onDisk(t, &fullDisk{})
	check(t, g.do(rules.Boot{}))
	for !g.log.WantsCheckpoint() {
		end := g.log.End()
		r := journal.Record{Number: end.Number + 1, Prev: end.Hash, Boot: 1, Kind: journal.Alarm, Reason: strings.Repeat("x", 100_000)}
		check(t, g.log.Append(journal.Entry{Record: r}))
		facts, err := g.state.Fold(journal.Entry{Record: r})
		check(t, err)
		g.state.Facts = facts
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, g.run(ctx))
	if n := len(g.log.Segments()); n != 2 {
		t.Fatalf("%d segments", n)
	}
}
