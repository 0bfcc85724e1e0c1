package cabinet_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"lockstep/cabinet"
	"lockstep/guard/lockboard"
	"lockstep/guard/statement"
)

// demoConfig is a locker of two lines: a 24-channel 8a board whose last channel is the button, and a CU16 with sensors.
func demoConfig() cabinet.Config {
	c := cabinet.Config{
		Name: "L1", Interlock: true,
		Boards: []statement.Board{
			{Line: "bus0", Family: "8a", Address: 1, Channels: 24, LastByteFirst: true},
			{Line: "bus1", Family: "cu16", Address: 2, Channels: 16, Sensors: true},
		},
		Inputs: statement.Inputs{Gate: &statement.Point{Board: 0, Channel: 24}, Case: &statement.Point{Board: 1, Channel: 16}},
	}
	for n := uint8(1); n <= 12; n++ {
		c.Compartments = append(c.Compartments, statement.Compartment{Number: uint16(n), Size: 1 + n%3, Channel: n})
		c.Compartments = append(c.Compartments, statement.Compartment{Number: uint16(n + 12), Size: 1 + n%3, Board: 1, Channel: n})
	}
	return c
}

// rig is a running cabinet, the driver on its lines, and the control client.
type rig struct {
	*testing.T
	*cabinet.Client
	running *cabinet.Running
	lines   map[string]*lockboard.Line
	events  chan lockboard.Event
	ctx     context.Context
}

func start(t *testing.T, config cabinet.Config) *rig {
	t.Helper()
	dir := t.TempDir()
	running, err := cabinet.Start(cabinet.Options{Config: config, Dir: dir, Control: filepath.Join(dir, "control"), Log: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	client, err := cabinet.Dial(running.Ready.Control)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	r := &rig{T: t, Client: client, running: running, lines: map[string]*lockboard.Line{}, events: make(chan lockboard.Event, 100_000)}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	r.ctx = ctx
	return r
}

// drive puts the driver on every line.
func (r *rig) drive(config cabinet.Config) {
	r.Helper()
	for name, path := range r.running.Ready.Lines {
		if is, err := lockboard.IsPseudoTerminal(path); err != nil || !is {
			r.Fatalf("%s: pseudo-terminal %v, %v", path, is, err)
		}
		l, err := lockboard.OpenLine(lockboard.Config{
			Name: name, Boards: config.Boards, Port: lockboard.SerialPort(path), Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Events: func(e lockboard.Event) { r.events <- e },
		})
		if err != nil {
			r.Fatal(err)
		}
		r.Cleanup(func() { l.Close() })
		r.lines[name] = l
	}
}

// until returns the first event that fits.
func (r *rig) until(what string, fits func(lockboard.Event) bool) lockboard.Event {
	r.Helper()
	for {
		select {
		case e := <-r.events:
			if fits(e) {
				return e
			}
		case <-r.ctx.Done():
			r.Fatalf("never: %s", what)
		}
	}
}

func (r *rig) untilContact(board, channel uint8, want lockboard.Contact) {
	r.Helper()
	r.until(want.String(), func(e lockboard.Event) bool {
		return e.Kind == lockboard.Polled && e.Board == board && e.Err == nil && e.Reading.Contact(channel) == want
	})
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) pulse(config cabinet.Config, board, channel uint8) lockboard.Event {
	r.Helper()
	c, err := lockboard.NewChannel(config.Boards[board], channel)
	r.must(err)
	r.must(r.lines[config.Boards[board].Line].Pulse(board, c))
	return r.until("pulse", func(e lockboard.Event) bool { return e.Kind == lockboard.Pulsed })
}

func TestOpenTakesAPressAndMovesTheSwitch(t *testing.T) {
	config := demoConfig()
	r := start(t, config)
	r.drive(config)
	for board, number := range map[uint8]uint16{0: 5, 1: 17} {
		r.untilContact(board, 5, lockboard.Closed)
		if e := r.pulse(config, board, 5); e.Err != nil || e.Answer == lockboard.Open {
			t.Errorf("board %d, without a press: %v, %v", board, e.Answer, e.Err)
		}
		r.must(r.Press(r.ctx, "anna"))
		r.untilContact(0, 24, lockboard.Closed) // the driver sees the press
		if e := r.pulse(config, board, 5); e.Err != nil || (board == 0 && e.Answer != lockboard.Open) {
			t.Errorf("board %d, after a press: %v, %v", board, e.Answer, e.Err)
		}
		r.untilContact(board, 5, lockboard.Open)
		r.must(r.Put(r.ctx, "anna", number, cabinet.Parcel{Barcode: "900000000014", Owner: "anna"}))
		r.must(r.CloseDoor(r.ctx, "anna", number))
		r.untilContact(board, 5, lockboard.Closed)
	}
	r.until("sensor", func(e lockboard.Event) bool { return e.Board == 1 && e.Reading.Inside(5) == lockboard.Occupied })
	state, err := r.State(r.ctx)
	r.must(err)
	want := cabinet.Verdict{Presses: 2, Pulses: 2, Refused: 2}
	if state.Verdict != want {
		t.Errorf("verdict %+v, want %+v", state.Verdict, want)
	}
}

// A press of a quarter of a second is seen several times by a driver that polls both lines.
func TestNoPressIsMissed(t *testing.T) {
	config := demoConfig()
	r := start(t, config)
	r.drive(config)
	r.untilContact(0, 24, lockboard.Open)
	began := time.Now()
	for range 4 {
		r.must(r.Press(r.ctx, "anna"))
		r.untilContact(0, 24, lockboard.Closed)
		r.untilContact(0, 24, lockboard.Closed)
		r.untilContact(0, 24, lockboard.Open)
	}
	t.Logf("4 presses in %v", time.Since(began))
}

func TestDriverAtWireSpeed(t *testing.T) {
	config := demoConfig()
	r := start(t, config)
	r.drive(config)
	r.untilContact(0, 1, lockboard.Closed)
	var first, last time.Time
	for range 20 {
		e := r.until("poll", func(e lockboard.Event) bool { return e.Board == 0 && e.Kind == lockboard.Polled })
		if first.IsZero() {
			first = e.At
		}
		last = e.At
	}
	cycle := last.Sub(first) / 19
	t.Logf("a 24-channel 8a board is read every %v", cycle)
	// 12 bytes at 9600 take 12.5 ms and the quiet gap 5 ms: faster would not be a wire, much slower could miss a press.
	if cycle < 17*time.Millisecond || cycle > 100*time.Millisecond {
		t.Errorf("a poll every %v", cycle)
	}
}

func TestFaultsAsTheDriverSeesThem(t *testing.T) {
	config := demoConfig()
	r := start(t, config)
	r.drive(config)
	r.untilContact(0, 3, lockboard.Closed)

	r.must(r.Fault(r.ctx, cabinet.Fault{Kind: cabinet.StuckOpen, Compartment: 3}))
	r.untilContact(0, 3, lockboard.Open)
	r.must(r.Mend(r.ctx, cabinet.Fault{Kind: cabinet.StuckOpen, Compartment: 3}))
	r.untilContact(0, 3, lockboard.Closed)

	r.must(r.Fault(r.ctx, cabinet.Fault{Kind: cabinet.Flapping, Compartment: 3}))
	r.untilContact(0, 3, lockboard.Open)
	r.untilContact(0, 3, lockboard.Closed)
	r.must(r.Mend(r.ctx, cabinet.Fault{Kind: cabinet.Flapping, Compartment: 3}))

	r.must(r.Fault(r.ctx, cabinet.Fault{Kind: cabinet.Jam, Compartment: 4}))
	r.must(r.Press(r.ctx, "anna"))
	if e := r.pulse(config, 0, 4); e.Answer != lockboard.Unknown { // 8A … 11 equals the request
		t.Errorf("a jammed latch is answered %v", e.Answer)
	}
	r.untilContact(0, 4, lockboard.Closed)

	r.must(r.Fault(r.ctx, cabinet.Fault{Kind: cabinet.BoardMissing, Board: 1}))
	e := r.until("missing", func(e lockboard.Event) bool { return e.Board == 1 && e.Err != nil })
	if e.Reading != (lockboard.Reading{}) {
		t.Error("a missing board has a reading")
	}
	r.must(r.Mend(r.ctx, cabinet.Fault{Kind: cabinet.BoardMissing, Board: 1}))
	r.untilContact(1, 1, lockboard.Closed)

	r.must(r.Fault(r.ctx, cabinet.Fault{Kind: cabinet.Echo, Line: "bus0"}))
	r.until("echo", func(e lockboard.Event) bool { return e.Board == 0 && e.Err != nil })
	r.must(r.Mend(r.ctx, cabinet.Fault{Kind: cabinet.Echo, Line: "bus0"}))
	r.untilContact(0, 1, lockboard.Closed)

	// A strange frame that falls into a board's answer is only a bad answer, asked for again; one between two answers is told apart.
	for told := false; !told; {
		_, err := r.Do(r.ctx, cabinet.Request{Verb: "inject", Line: "bus1", Hex: "023035ffff00000368"})
		r.must(err)
		for range 3 {
			e := r.until("foreign", func(e lockboard.Event) bool { return e.Board == 1 })
			told = told || e.Err != nil && e.Foreign != nil && *e.Foreign == 3
		}
	}
}

// On a noisy line no reading ever shows a door that moved, because none did.
func TestNoiseMovesNoDoor(t *testing.T) {
	config := demoConfig()
	r := start(t, config)
	r.must(r.Fault(r.ctx, cabinet.Fault{Kind: cabinet.Noise, Line: "bus0", Probability: 0.1, Seed: 7}))
	r.drive(config)
	errs, good := 0, 0
	for errs < 3 || good < 20 {
		e := r.until("poll", func(e lockboard.Event) bool { return e.Kind == lockboard.Polled && e.Board == 0 })
		if e.Err != nil {
			errs++
			continue
		}
		good++
		for n := uint8(1); n <= 12; n++ {
			if e.Reading.Contact(n) != lockboard.Closed {
				t.Fatalf("noise opened door %d", n)
			}
		}
	}
}

// However noisy the line, a press of a third of a second is seen: a board whose answer was lost is not left alone for long. A busy
// machine may stall a few polls; a driver that backs off would stall nearly all that follow a lost answer.
func TestNoiseHidesNoPress(t *testing.T) {
	config := demoConfig()
	r := start(t, config)
	r.must(r.Fault(r.ctx, cabinet.Fault{Kind: cabinet.Noise, Line: "bus0", Probability: 0.05, Seed: 7}))
	r.drive(config)
	var last time.Time
	failed, long := 0, []time.Duration(nil)
	for failed < 60 {
		e := r.until("poll", func(e lockboard.Event) bool { return e.Kind == lockboard.Polled && e.Board == 0 })
		if e.Err != nil {
			failed++
			continue
		}
		if gap := e.At.Sub(last); !last.IsZero() && gap > 300*time.Millisecond {
			long = append(long, gap)
		}
		last = e.At
	}
	if len(long) > failed/5 {
		t.Errorf("after %d lost answers there was no valid one for %v", failed, long)
	}
}

func TestAnnouncedEchoOverTheWire(t *testing.T) {
	config := demoConfig()
	config.Boards[0].Echo = true
	r := start(t, config)
	r.drive(config)
	r.untilContact(0, 1, lockboard.Closed)
	r.must(r.Press(r.ctx, "anna"))
	if e := r.pulse(config, 0, 1); e.Err != nil || e.Answer != lockboard.Open {
		t.Errorf("%v, %v", e.Answer, e.Err)
	}
	r.untilContact(0, 1, lockboard.Open)
}
