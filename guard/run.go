// Package guard is the door guard: the only process that reaches the lock boards, and the only one that decides. Its rules are
// in package rules; this package wires them to the journal, the boards and the two sockets.
package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"lockstep/guard/clock"
	"lockstep/guard/journal"
	"lockstep/guard/lockboard"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// Config is what a guard is started with.
type Config struct {
	Dir    string            // guard.key and the journal
	Lines  map[string]string // serial devices by the line names in the locker certificate
	Kiosk  Socket
	Link   Socket
	Clock  *clock.Clock
	Log    *slog.Logger
	OnOpen func() // called once the guard is confined and both sockets are served; may be nil

	Unconfined bool // development builds only, others are always confined; such a guard drives only pseudo-terminals
}

// Run is a guard from start to end of ctx, or to a fault that only a restart can mend.
func Run(ctx context.Context, c Config) error {
	if err := c.surroundings(); err != nil {
		return err
	}
	unlock, err := lock(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	keys, facts, log, err := openJournal(c.Dir)
	if err != nil {
		return fmt.Errorf("guard: nothing will be opened: %w", err)
	}
	defer log.Close()
	if log.End().Number == 0 {
		return errors.New("guard: not provisioned")
	}
	c.Log.Info("journal read", "locker", facts.Locker.ID, "record", log.End().Number)
	g := newLoop(c, keys, facts, log)
	if err := g.openLines(); err != nil {
		return err
	}
	defer g.closeLines()
	kiosk, link, err := openSockets(c.Kiosk, c.Link)
	if err != nil {
		return err
	}
	defer kiosk.Close()
	defer link.Close()
	if err := g.confine(c); err != nil {
		return err
	}
	go g.accept(kiosk, c.Kiosk.UID, g.serveKiosk)
	go g.accept(link, c.Link.UID, g.serveLink)
	c.Log.Info("guard is up", "compartments", len(facts.Compartments), "confined", !g.free)
	if c.OnOpen != nil {
		c.OnOpen()
	}
	return g.run(ctx)
}

// openJournal reads a guard's keys and journal. A journal of another guard's key is refused.
func openJournal(dir string) (keys secrets, facts rules.Facts, log *journal.Log, err error) {
	if keys, err = readSecrets(dir); err != nil {
		return keys, facts, nil, fmt.Errorf("no keys; run init first: %w", err)
	}
	log, err = journal.Open(journalDir(dir), func(e journal.Entry) (err error) {
		facts, err = facts.Fold(e)
		return err
	})
	if err != nil {
		return keys, facts, nil, err
	}
	if log.End().Number > 0 && !facts.Locker.Guard.Equal(keys.signer.Key()) {
		return keys, facts, nil, errors.Join(errors.New("this journal belongs to another guard's key"), log.Close())
	}
	return keys, facts, log, nil
}

func newRules(keys secrets) *rules.Rules {
	return &rules.Rules{
		Key:    keys.mac,
		Seal:   statement.SealCode,
		Sign:   func(s statement.Statement) ([]byte, error) { return statement.Sign(keys.signer, s) },
		Drives: lockboard.Check,
	}
}
