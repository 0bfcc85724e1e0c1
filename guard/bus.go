package guard

import (
	"fmt"
	"os"
	"time"

	"lockstep/guard/lockboard"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// pulser is a line as the loop needs it: a lockboard.Line, or a bench without wires.
type pulser interface {
	Pulse(board uint8, c lockboard.Channel) error // hands one frame over; must not block
	Close() error
}

func checkBoards(boards []statement.Board) error {
	for i, b := range boards {
		if err := lockboard.Check(b); err != nil {
			return fmt.Errorf("guard: board %d: %w", i, err)
		}
	}
	return nil
}

// openLines starts every line that the certificate names, its boards as they were commissioned. A development charter, and a guard
// that is not confined, drive only pseudo-terminals.
func (g *loop) openLines() error {
	boards := g.state.Wiring
	g.lines = map[string]pulser{}
	for _, b := range boards {
		if g.lines[b.Line] != nil {
			continue
		}
		device, ok := g.names[b.Line]
		if !ok {
			return fmt.Errorf("guard: no device was given for line %q", b.Line)
		}
		if err := mayDrive(g.state.Network.Development || g.free, device); err != nil {
			return err
		}
		line, err := lockboard.OpenLine(lockboard.Config{Name: b.Line, Boards: boards, Port: lockboard.SerialPort(device),
			Events: func(e lockboard.Event) { g.heardBus(e, boards) }, Now: time.Now, Log: g.slog})
		if err != nil {
			return fmt.Errorf("guard: %w", err)
		}
		g.lines[b.Line] = line
	}
	return nil
}

func mayDrive(onlyPseudo bool, device string) error {
	if !onlyPseudo {
		return nil
	}
	pseudo, err := lockboard.IsPseudoTerminal(device)
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	if !pseudo {
		return fmt.Errorf("guard: %s is a real line; a development charter, or a guard that is not confined, drives only pseudo-terminals", device)
	}
	return nil
}

func (g *loop) closeLines() {
	for _, l := range g.lines {
		if err := l.Close(); err != nil {
			g.slog.Warn("a line did not close", "error", err)
		}
	}
}

// heardBus passes a board's picture on to the rules. When they are behind, a picture is left out: the next one comes at once.
func (g *loop) heardBus(e lockboard.Event, boards []statement.Board) {
	if e.Foreign != nil {
		g.offer(rules.Foreign{Board: e.Board})
	}
	switch e.Kind {
	case lockboard.Polled:
		if e.Err != nil && g.replaced(boards[e.Board].Line) {
			g.offer(fmt.Errorf("guard: line %q has another device than at the start; a restart lets the guard use it", boards[e.Board].Line))
		}
		g.offer(seen(e, boards[e.Board].Channels))
	case lockboard.Pulsed:
		if e.Err != nil {
			g.slog.Warn("a pulse may not have been sent", "board", e.Board, "channel", e.Channel.Number(), "error", e.Err)
		}
	}
}

// replaced says that where a line's device was, there is another one now, as after an adapter was pulled out and put in again. The
// confinement does not reach that one; only a restart does.
func (g *loop) replaced(line string) bool {
	now, err := os.Stat(g.names[line])
	return err == nil && !g.free && !os.SameFile(now, g.devices[line])
}

// offer hands the loop an event that may be left out when it is behind.
func (g *loop) offer(event any) {
	select {
	case g.inbox <- event:
	default:
	}
}

// rewire opens the lines again, as the boards are described now. Where it cannot, the boards stay silent and nothing opens.
func (g *loop) rewire() {
	g.closeLines()
	if err := g.openLines(); err != nil {
		g.slog.Error("the lines could not be opened again; a restart tries it anew", "error", err)
	}
}

func seen(e lockboard.Event, channels uint8) rules.Seen {
	s := rules.Seen{Board: e.Board, Silent: e.Err != nil}
	if s.Silent {
		return s
	}
	s.Channels, s.Inside = make([]rules.Switch, channels), make([]rules.Inside, channels)
	for i := range channels {
		s.Channels[i] = switches[e.Reading.Contact(i+1)]
		s.Inside[i] = insides[e.Reading.Inside(i+1)]
	}
	return s
}

var (
	switches = [...]rules.Switch{lockboard.Unknown: rules.Unknown, lockboard.Open: rules.Open, lockboard.Closed: rules.Closed}
	insides  = [...]rules.Inside{lockboard.Unsensed: rules.NoSensor, lockboard.Empty: rules.Nothing, lockboard.Occupied: rules.Something}
)

// pulse hands one frame to its line. The rules have already written why.
func (g *loop) pulse(p rules.Pulse) {
	board := g.state.Wiring[p.Board]
	channel, err := lockboard.NewChannel(board, p.Channel)
	if line := g.lines[board.Line]; err == nil && line != nil {
		err = line.Pulse(p.Board, channel)
	}
	if err != nil {
		g.slog.Error("a pulse was not sent", "board", p.Board, "channel", p.Channel, "error", err)
	}
}
