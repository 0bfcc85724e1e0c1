package guard

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"lockstep/guard/clock"
	"lockstep/guard/door"
	"lockstep/guard/lockboard"
	"lockstep/guard/statement"
)

// Provision makes this guard a locker's, or describes its locker anew while every compartment is empty: it writes the record
// that says so. The certificate must name this guard's key, and jumper must find the jumper set.
func Provision(dir string, charter, certificate statement.Bundle, jumper func(statement.Charter, statement.Locker) error) error {
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	keys, facts, log, err := openJournal(dir)
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	defer log.Close()
	entry, facts, err := facts.Provision(charter.Envelopes, certificate.Envelopes)
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	if !facts.Locker.Guard.Equal(keys.signer.Key()) {
		return errors.New("guard: the certificate was made for another guard's key")
	}
	if err := checkBoards(facts.Wiring); err != nil {
		return err
	}
	if err := jumper(facts.Network, facts.Locker); err != nil {
		return err
	}
	return log.Append(entry)
}

// Export writes the public part of a guard's journal as stretches under heads signed now. It is for a guard that does not run any
// more: what a running one wrote, the hub has.
func Export(dir string, to io.Writer) error {
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	keys, facts, log, err := openJournal(dir)
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	defer log.Close()
	now, err := clock.New("")
	if err != nil {
		return err
	}
	g := newLoop(Config{Clock: now}, keys, facts, log)
	for after := log.First() - 1; after < log.End().Number; {
		reply := g.stretch(after, door.MaxJournalFrame-headMargin)
		if !reply.Accepted {
			return fmt.Errorf("guard: the journal cannot be read after record %d: %s", after, reply.Reason)
		}
		if _, err := to.Write(reply.Stretch); err != nil {
			return err
		}
		after = reply.Position
	}
	return nil
}

// jumperTime is how long a board may take to show its jumper.
const jumperTime = 5 * time.Second

// ReadJumper is a jumper for Provision that reads the one the certificate names from its board, on one of the given devices.
func ReadJumper(devices map[string]string, log *slog.Logger) func(statement.Charter, statement.Locker) error {
	return func(charter statement.Charter, l statement.Locker) error {
		p := l.Inputs.Jumper
		if p == nil {
			return errors.New("guard: the certificate names no jumper: who stands at the locker could not be told from who does not")
		}
		board := l.Boards[p.Board]
		device, ok := devices[board.Line]
		if !ok {
			return fmt.Errorf("guard: no device was given for line %q", board.Line)
		}
		if err := mayDrive(charter.Development, device); err != nil {
			return err
		}
		return awaitJumper(*p, l.Boards, device, log)
	}
}

func awaitJumper(p statement.Point, boards []statement.Board, device string, log *slog.Logger) error {
	contacts := make(chan lockboard.Contact, 1)
	line, err := lockboard.OpenLine(lockboard.Config{Name: boards[p.Board].Line, Boards: boards, Port: lockboard.SerialPort(device), Now: time.Now, Log: log,
		Events: func(e lockboard.Event) {
			if contact := e.Reading.Contact(p.Channel); e.Kind == lockboard.Polled && e.Board == p.Board && contact != lockboard.Unknown {
				select {
				case contacts <- contact:
				default:
				}
			}
		}})
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	defer line.Close()
	select {
	case contact := <-contacts:
		if contact != lockboard.Closed {
			return errors.New("guard: the jumper is not set")
		}
		return nil
	case <-time.After(jumperTime):
		return fmt.Errorf("guard: the board with the jumper (%s, address %d) does not answer", boards[p.Board].Family, boards[p.Board].Address)
	}
}
