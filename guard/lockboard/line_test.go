package lockboard

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lockstep/guard/statement"
)

// wireRig stands for the serial device: it hands each question to answer and gives back what that says.
type wireRig struct {
	mu      sync.Mutex
	opens   int
	refuse  error // of the next opening of the port
	asked   [][]byte
	answer  func(question []byte) []byte
	unasked []byte // stands in the buffer before anything is asked
}

type rigPort struct {
	rig     *wireRig
	timeout time.Duration
	buffer  chan []byte
}

func (w *wireRig) open(baud int) (Port, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil {
		return nil, w.refuse
	}
	w.opens++
	p := &rigPort{rig: w, buffer: make(chan []byte, 16)}
	if w.unasked != nil {
		p.buffer <- w.unasked
		w.unasked = nil
	}
	return p, nil
}

func (p *rigPort) SetReadTimeout(d time.Duration) error { p.timeout = d; return nil }
func (p *rigPort) Close() error                         { return nil }

func (p *rigPort) Read(buffer []byte) (int, error) {
	timer := time.NewTimer(p.timeout)
	defer timer.Stop()
	select {
	case b := <-p.buffer:
		return copy(buffer, b), nil
	default:
	}
	select {
	case b := <-p.buffer:
		return copy(buffer, b), nil
	case <-timer.C:
		return 0, nil
	}
}

func (p *rigPort) Write(question []byte) (int, error) {
	p.rig.mu.Lock()
	defer p.rig.mu.Unlock()
	p.rig.asked = append(p.rig.asked, bytes.Clone(question))
	answer := p.rig.answer(question)
	go func() { // a byte at a time, as a wire does
		for _, b := range answer {
			time.Sleep(time.Millisecond)
			p.buffer <- []byte{b}
		}
	}()
	return len(question), nil
}

func (w *wireRig) count(frame []byte) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, q := range w.asked {
		if bytes.Equal(q, frame) {
			n++
		}
	}
	return n
}

// gather collects a line's events.
type gather struct {
	mu     sync.Mutex
	events []Event
}

func (g *gather) add(e Event) { g.mu.Lock(); defer g.mu.Unlock(); g.events = append(g.events, e) }

func (g *gather) of(kind Kind) (out []Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.events {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

var (
	board1    = statement.Board{Line: "bus0", Family: "8a", Address: 1, Channels: 24}
	board2    = statement.Board{Line: "bus0", Family: "8a", Address: 2, Channels: 24}
	elsewhere = statement.Board{Line: "bus1", Family: "cu16", Channels: 16}
)

// answers8A behaves like boards with the given addresses, all doors closed.
func answers8A(addresses ...byte) func([]byte) []byte {
	return func(q []byte) []byte {
		if !bytes.Contains(addresses, q[1:2]) {
			return nil
		}
		if q[0] == 0x8A {
			return sealXor(0x8A, q[1], q[2], 0x00)
		}
		return sealXor(0x80, q[1], 0xFF, 0xFF, 0xFF, 0x33)
	}
}

// within runs a line over the rig for a while of bubble time.
func within(t *testing.T, w *wireRig, d time.Duration, boards []statement.Board, during func(*Line)) *gather {
	t.Helper()
	g := &gather{}
	synctest.Test(t, func(t *testing.T) {
		l, err := OpenLine(Config{Name: "bus0", Boards: boards, Port: w.open, Events: g.add, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		time.Sleep(d / 2)
		if during != nil {
			during(l)
		}
		time.Sleep(d / 2)
	})
	return g
}

func TestBoardsAreAskedInTurn(t *testing.T) {
	w := &wireRig{answer: answers8A(1, 2)}
	g := within(t, w, time.Second, []statement.Board{elsewhere, board1, board2}, nil)
	polls := g.of(Polled)
	for i, e := range polls {
		if e.Err != nil || e.Board != uint8(1+i%2) || e.Reading.Contact(24) != Closed {
			t.Fatalf("poll %d: board %d, %v, channel 24 %v", i, e.Board, e.Err, e.Reading.Contact(24))
		}
	}
	if len(polls) < 60 {
		t.Errorf("%d polls in a second: a button press could be missed", len(polls))
	}
	if w.opens != 1 {
		t.Errorf("port opened %d times", w.opens)
	}
}

func TestPulseIsSentOnceAndFollowedByAPicture(t *testing.T) {
	w := &wireRig{answer: answers8A(1, 2)}
	boards := []statement.Board{board1, board2}
	ch, _ := NewChannel(board2, 12)
	g := within(t, w, time.Second, boards, func(l *Line) {
		if err := l.Pulse(1, ch); err != nil {
			t.Error(err)
		}
	})
	if n := w.count([]byte{0x8A, 0x02, 0x0C, 0x11, 0x95}); n != 1 {
		t.Fatalf("sent %d times", n)
	}
	p := g.of(Pulsed)
	if len(p) != 1 || p[0].Err != nil || p[0].Channel != ch || p[0].Board != 1 || p[0].Answer != Open {
		t.Fatalf("%+v", p)
	}
	for i, e := range g.events {
		if e.Kind == Pulsed && g.events[i+1].Board != 1 {
			t.Error("another board was asked first after the pulse")
		}
	}
}

// An open whose answer is lost or spoilt may have opened the door: it is not sent again, and says nothing.
func TestPulseIsNeverRetried(t *testing.T) {
	spoilt := map[string]func([]byte) []byte{
		"silence": func(q []byte) []byte { return nil },
		"noise":   func(q []byte) []byte { return []byte{1, 2, 3, 4, 5} },
		"echo":    func(q []byte) []byte { return append(bytes.Clone(q), answers8A(1)(q)...) },
		"itself":  func(q []byte) []byte { return bytes.Clone(q) },
	}
	for name, answer := range spoilt {
		w := &wireRig{answer: func(q []byte) []byte {
			if q[0] == 0x8A {
				return answer(q)
			}
			return answers8A(1)(q)
		}}
		ch, _ := NewChannel(board1, 1)
		g := within(t, w, time.Second, []statement.Board{board1}, func(l *Line) {
			if err := l.Pulse(0, ch); err != nil {
				t.Error(err)
			}
		})
		if n := w.count([]byte{0x8A, 0x01, 0x01, 0x11, 0x9B}); n != 1 {
			t.Errorf("%s: sent %d times", name, n)
		}
		if p := g.of(Pulsed); len(p) != 1 || p[0].Answer != Unknown {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestPulseRefused(t *testing.T) {
	w := &wireRig{answer: answers8A(1)}
	small := board1
	small.Channels = 8
	ch, _ := NewChannel(board1, 9)
	within(t, w, time.Second, []statement.Board{small, elsewhere}, func(l *Line) {
		if l.Pulse(0, ch) == nil || l.Pulse(1, Channel{}) == nil || l.Pulse(7, Channel{}) == nil {
			t.Error("a channel that is not there was accepted")
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Pulse(0, Channel{}); !errors.Is(err, ErrClosed) {
			t.Errorf("after closing: %v", err)
		}
	})
	if n := w.count([]byte{0x8A, 0x01, 0x01, 0x11, 0x9B}); n != 0 {
		t.Error("sent all the same")
	}
}

func TestReadIsRetriedOnceOverAFreshPort(t *testing.T) {
	bad := 1
	w := &wireRig{}
	w.answer = func(q []byte) []byte {
		if bad > 0 {
			bad--
			return []byte{0x80, 0x01, 0xFF, 0xFF, 0xFE, 0x33, 0x4D}
		}
		return answers8A(1)(q)
	}
	g := within(t, w, 200*time.Millisecond, []statement.Board{board1}, nil)
	if e := g.of(Polled)[0]; e.Err != nil || e.Reading.Contact(1) != Closed {
		t.Errorf("after one spoilt answer: %v", e.Err)
	}
	if w.opens != 2 {
		t.Errorf("port opened %d times, want a second time after the spoilt answer", w.opens)
	}
}

func TestMissingBoardIsUnknownAndAskedSeldom(t *testing.T) {
	w := &wireRig{answer: answers8A(1)}
	g := within(t, w, 4*time.Second, []statement.Board{board1, board2}, nil)
	here, missing := 0, 0
	for _, e := range g.of(Polled) {
		if e.Board == 0 {
			here++
			continue
		}
		missing++
		if !errors.Is(e.Err, ErrSilent) || e.Reading != (Reading{}) {
			t.Fatalf("missing board: %v", e.Err)
		}
	}
	if missing < 4 || missing > 8 || here < 100 {
		t.Errorf("the missing board was asked %d times, the other %d times", missing, here)
	}
}

func TestEcho(t *testing.T) {
	echoing := func(q []byte) []byte { return append(bytes.Clone(q), answers8A(1)(q)...) }
	announced := board1
	announced.Echo = true
	cases := []struct {
		name   string
		board  statement.Board
		answer func([]byte) []byte
		want   error
	}{
		{"announced and there", announced, echoing, nil},
		{"announced and missing", announced, answers8A(1), ErrEcho},
		{"not announced", board1, echoing, ErrEcho},
		{"nothing but echo", board1, bytes.Clone, ErrEcho},
		{"an answer that begins like the question", statement.Board{Line: "bus0", Family: "8a", Address: 1, Channels: 24},
			func([]byte) []byte { return sealXor(0x80, 0x01, 0x00, 0x33, 0xB2, 0x33) }, nil},
	}
	for _, c := range cases {
		g := within(t, &wireRig{answer: c.answer}, 300*time.Millisecond, []statement.Board{c.board}, nil)
		if e := g.of(Polled)[0]; !errors.Is(e.Err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, e.Err, c.want)
		}
	}
}

func TestForeignAddress(t *testing.T) {
	imposter := func([]byte) []byte { return sealXor(0x80, 9, 0, 0, 0, 0x33) }
	g := within(t, &wireRig{answer: imposter}, 200*time.Millisecond, []statement.Board{board1}, nil)
	if e := g.of(Polled)[0]; len(g.of(Heard)) == 0 || e.Foreign == nil || *e.Foreign != 9 || e.Reading != (Reading{}) {
		t.Errorf("in an answer: %+v", e)
	}
	w := &wireRig{answer: answers8A(1), unasked: sealXor(0x8A, 17, 3, 0x11)}
	g = within(t, w, 200*time.Millisecond, []statement.Board{board1}, nil)
	if e := g.of(Heard); len(e) != 1 || e[0].Foreign == nil || *e[0].Foreign != 17 {
		t.Errorf("unasked: %+v", e)
	}
	neighbour := func([]byte) []byte { return sealXor(0x80, 2, 0, 0, 0, 0x33) }
	g = within(t, &wireRig{answer: neighbour}, 200*time.Millisecond, []statement.Board{board1, board2}, nil)
	if e := g.of(Polled)[0]; e.Foreign != nil || e.Err == nil {
		t.Errorf("a neighbour's late answer: %+v", e)
	}
}

func TestPortThatCannotBeOpened(t *testing.T) {
	w := &wireRig{answer: answers8A(1), refuse: io.ErrClosedPipe}
	g := within(t, w, 3*time.Second, []statement.Board{board1}, func(*Line) {
		w.mu.Lock()
		w.refuse = nil
		w.mu.Unlock()
	})
	polls := g.of(Polled)
	if first, last := polls[0], polls[len(polls)-1]; !errors.Is(first.Err, io.ErrClosedPipe) || last.Err != nil {
		t.Errorf("first %v, last %v", first.Err, last.Err)
	}
}

func TestFramesAreKept(t *testing.T) {
	within(t, &wireRig{answer: answers8A(1)}, 2*time.Second, []statement.Board{board1}, func(l *Line) {
		frames := l.Frames()
		if len(frames) != 64 {
			t.Fatalf("%d frames kept", len(frames))
		}
		for i := 1; i < len(frames); i++ {
			if frames[i].Out == frames[i-1].Out || frames[i].At.Before(frames[i-1].At) {
				t.Fatalf("frames out of order: %v, %v", frames[i-1], frames[i])
			}
		}
	})
}

func TestBoardsThatCannotShareALine(t *testing.T) {
	slow := board2
	slow.Family, slow.Channels = "cu16", 16
	echoing := board2
	echoing.Echo = true
	unfit := board2
	unfit.Channels = 51
	for name, boards := range map[string][]statement.Board{
		"none": {elsewhere}, "speeds": {board1, slow}, "echo": {board1, echoing}, "address": {board1, board1}, "unfit": {unfit},
	} {
		if l, err := OpenLine(Config{Name: "bus0", Boards: boards}); err == nil {
			l.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestIsPseudoTerminal(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{file: false, "/dev/null": false} {
		if got, err := IsPseudoTerminal(path); err != nil || got != want {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
	if _, err := IsPseudoTerminal(file + ".none"); err == nil {
		t.Error("a missing device is no error")
	}
}
