package lockboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lockstep/guard/statement"
)

// Config is what a Line needs.
type Config struct {
	Name   string                       // the line's name in the certificate
	Boards []statement.Board            // all of the certificate's; the line serves those on it
	Port   func(baud int) (Port, error) // opens the port, now and whenever the line starts afresh
	Events func(Event)                  // called from the line's own goroutine, in order; must not block
	Now    func() time.Time             // stamps events
	Log    *slog.Logger
}

// Line owns one serial port. One exchange is in flight at any time; all boards are asked for their picture in turn,
// without pause; an open jumps the queue and is sent exactly once.
type Line struct {
	config Config
	boards []*asked
	baud   int
	pulses chan pulse
	cancel context.CancelFunc
	done   chan struct{}
	ring   ring

	// Of the goroutine alone:
	port    Port
	turn    int
	closing context.Context
}

// asked is one board as the line sees it.
type asked struct {
	statement.Board
	index  uint8
	family *family
	missed int       // exchanges failed in a row
	next   time.Time // not asked before
}

type pulse struct {
	board   *asked
	channel Channel
}

const (
	// turnaround is how long a board may take before its first byte.
	turnaround = 60 * time.Millisecond
	// openAnswer is how long a board may take to answer an open: it may wait for the latch.
	openAnswer = 150 * time.Millisecond
	// settle is how long a board that does not answer an open is left alone.
	settle = 5 * time.Millisecond
	// shortestGap is the least quiet time that ends a frame, at any speed: USB adapters deliver in lumps.
	shortestGap = 5 * time.Millisecond
	// rest is how often a board that has been silent patience times is still asked.
	rest     = time.Second
	patience = 3
)

// OpenLine starts a line. It opens no port by itself yet: a port that cannot be opened is an Event of every board on it,
// and is tried again each rest.
func OpenLine(config Config) (*Line, error) {
	l := &Line{config: config, pulses: make(chan pulse, 4), done: make(chan struct{})}
	for i, b := range config.Boards {
		if b.Line != config.Name {
			continue
		}
		if err := Check(b); err != nil {
			return nil, err
		}
		l.boards = append(l.boards, &asked{Board: b, index: uint8(i), family: families[b.Family]})
	}
	if err := l.checkBoards(); err != nil {
		return nil, err
	}
	l.closing, l.cancel = context.WithCancel(context.Background())
	go l.run()
	return l, nil
}

// checkBoards refuses boards that cannot share a line.
func (l *Line) checkBoards() error {
	if len(l.boards) == 0 {
		return fmt.Errorf("lockboard: no board on line %q", l.config.Name)
	}
	l.baud = l.boards[0].family.baud
	seen := map[uint8]bool{}
	for _, b := range l.boards {
		switch {
		case b.family.baud != l.baud:
			return fmt.Errorf("lockboard: line %q: %s and %s boards speak at different speeds", l.config.Name, b.Family, l.boards[0].Family)
		case b.Echo != l.boards[0].Echo:
			return fmt.Errorf("lockboard: line %q: an adapter echoes for all of its boards or for none", l.config.Name)
		case seen[b.Address]:
			return fmt.Errorf("lockboard: line %q: address %d twice", l.config.Name, b.Address)
		}
		seen[b.Address] = true
	}
	return nil
}

// ErrClosed is returned once a line has been closed; ErrBusy while its queue of opens is full.
var (
	ErrClosed = errors.New("lockboard: line closed")
	ErrBusy   = errors.New("lockboard: too many opens at once")
)

// Pulse asks for one open. When it returns nil, exactly one Pulsed event follows, unless the line is closed before; when it
// returns an error, nothing was or will be sent.
func (l *Line) Pulse(board uint8, c Channel) error {
	b := l.find(board)
	if b == nil {
		return fmt.Errorf("lockboard: board %d is not on line %q", board, l.config.Name)
	}
	if c.Number() > b.Channels {
		return fmt.Errorf("lockboard: board %d has no channel %d", board, c.Number())
	}
	if l.closing.Err() != nil {
		return ErrClosed
	}
	select {
	case l.pulses <- pulse{b, c}:
		return nil
	default:
		return ErrBusy
	}
}

func (l *Line) find(board uint8) *asked {
	for _, b := range l.boards {
		if b.index == board {
			return b
		}
	}
	return nil
}

// Frames is the last raw bytes in and out, oldest first.
func (l *Line) Frames() []Frame { return l.ring.list() }

// Close ends the exchange in flight, closes the port and returns when both are done. Opens still queued are not sent.
func (l *Line) Close() error {
	l.cancel()
	<-l.done
	return nil
}

func (l *Line) run() {
	defer close(l.done)
	defer l.drop()
	for l.closing.Err() == nil {
		select {
		case p := <-l.pulses:
			l.sendPulse(p)
			continue
		default:
		}
		b, wait := l.nextBoard(time.Now())
		if b != nil {
			l.poll(b)
			continue
		}
		l.idle(wait)
	}
}

// idle waits for an open, or until a board is to be asked again.
func (l *Line) idle(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case p := <-l.pulses:
		l.sendPulse(p)
	case <-timer.C:
	case <-l.closing.Done():
	}
}

// nextBoard is the next one whose turn it is, or how long until one is.
func (l *Line) nextBoard(now time.Time) (*asked, time.Duration) {
	wait := rest
	for range l.boards {
		b := l.boards[l.turn%len(l.boards)]
		l.turn++
		if !b.next.After(now) {
			return b, 0
		}
		wait = min(wait, b.next.Sub(now))
	}
	return nil, wait
}

// poll asks one board for its picture; a board that answered last time is asked a second time before it counts as failed. Only
// silence earns a rest: a garbled answer says that somebody is there, and a hand may be on the button.
func (l *Line) poll(b *asked) {
	reading, err := l.readAll(b)
	if err != nil && b.missed == 0 && !errors.Is(err, errPort) && l.closing.Err() == nil {
		l.noteStranger(b, err)
		reading, err = l.readAll(b)
	}
	b.missed++
	if err == nil {
		b.missed = 0
	}
	if b.missed >= patience && errors.Is(err, ErrSilent) || errors.Is(err, errPort) {
		b.next = time.Now().Add(rest)
	}
	l.report(Event{Kind: Polled, Board: b.index, Reading: reading, Err: err}, b)
}

func (l *Line) readAll(b *asked) (Reading, error) {
	if err := l.ready(); err != nil {
		return Reading{}, err
	}
	answer, err := l.exchange(b, b.family.readAll(b.Board), b.family.stateLength(b.Board), turnaround)
	if err == nil && len(answer) == 0 {
		err = ErrSilent
	}
	var reading Reading
	if err == nil {
		reading, err = b.family.parseState(b.Board, answer)
		err = l.explain(b, answer, err)
	}
	if err != nil {
		l.drop()
		return Reading{}, err
	}
	return reading, nil
}

// sendPulse sends one open, once. The board is asked for its picture right after.
func (l *Line) sendPulse(p pulse) {
	b := p.board
	event := Event{Kind: Pulsed, Board: b.index, Channel: p.channel}
	event.Answer, event.Err = l.open(b, p.channel)
	b.next = time.Time{}
	for i := range l.boards {
		if l.boards[i] == b {
			l.turn = i
		}
	}
	l.report(event, b)
}

func (l *Line) open(b *asked, c Channel) (Contact, error) {
	if err := l.ready(); err != nil {
		return Unknown, err
	}
	wait := settle
	if b.family.answersOpen {
		wait = openAnswer
	}
	answer, err := l.exchange(b, b.family.open(b.Board, c), b.family.answerBytes(b.Board), wait)
	if err != nil {
		l.drop()
		return Unknown, err
	}
	if len(answer) == 0 {
		return Unknown, nil
	}
	said, err := b.family.parseOpened(b.Board, c, answer)
	return said, l.explain(b, answer, err)
}

// explain turns a refused answer into the more telling error, where there is one.
func (l *Line) explain(b *asked, answer []byte, err error) error {
	if err == nil {
		return nil
	}
	if address, ok := b.family.stranger(b.Address, answer); ok {
		return Foreign{address}
	}
	return err
}

// report tells of an event; of a board that goes on failing only the first failure is logged.
func (l *Line) report(e Event, b *asked) {
	e.At = l.config.Now()
	var foreign Foreign
	if errors.As(e.Err, &foreign) && !l.knows(foreign.Address) {
		e.Foreign = &foreign.Address
	}
	if e.Err != nil && (e.Kind != Polled || b.missed == 1) {
		l.config.Log.Warn("lock board", "line", l.config.Name, "board", e.Board, "error", e.Err)
	}
	l.config.Events(e)
}

// noteStranger reports a foreign address even where a second question is answered well.
func (l *Line) noteStranger(b *asked, err error) {
	var foreign Foreign
	if errors.As(err, &foreign) && !l.knows(foreign.Address) {
		l.report(Event{Kind: Heard, Board: b.index, Err: foreign}, b)
	}
}

func (l *Line) knows(address uint8) bool {
	for _, b := range l.boards {
		if b.Address == address {
			return true
		}
	}
	return false
}

var errPort = errors.New("lockboard: no port")

func (l *Line) ready() error {
	if l.port != nil {
		return nil
	}
	port, err := l.config.Port(l.baud)
	if err != nil {
		return fmt.Errorf("%w: %w", errPort, err)
	}
	l.port = port
	return nil
}

// drop closes the port; the next exchange opens it afresh.
func (l *Line) drop() {
	if l.port == nil {
		return
	}
	if err := l.port.Close(); err != nil {
		l.config.Log.Warn("lock board: close", "line", l.config.Name, "error", err)
	}
	l.port = nil
}
