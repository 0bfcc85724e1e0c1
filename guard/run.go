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

	Unconfined bool // development builds only; such a guard drives only pseudo-terminals
}

// Run is a guard from start to end of ctx, or to a fault that only a restart can mend.
func Run(ctx context.Context, c Config) error {
	if err := c.surroundings(); err != nil {
		return err
	}
	keys, err := readSecrets(c.Dir)
	if err != nil {
		return fmt.Errorf("guard: no keys; run init first: %w", err)
	}
	var facts rules.Facts
	log, err := journal.Open(journalDir(c.Dir), func(e journal.Entry) (err error) {
		facts, err = facts.Fold(e)
		return err
	})
	if err != nil {
		return fmt.Errorf("guard: nothing will be opened: %w", err)
	}
	defer log.Close()
	if log.End().Number == 0 {
		return errors.New("guard: not provisioned")
	}
	if !facts.Locker.Guard.Equal(keys.signer.Key()) {
		return errors.New("guard: this journal belongs to another guard's key")
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
	c.Log.Info("guard is up", "compartments", len(facts.Compartments), "confined", !c.Unconfined)
	if c.OnOpen != nil {
		c.OnOpen()
	}
	return g.run(ctx)
}

func newRules(keys secrets, notifier []byte) *rules.Rules {
	return &rules.Rules{
		Key: keys.mac,
		Seal: func(code statement.SealedCode, locker string, record uint64, barcode string) ([]byte, error) {
			return statement.SealCode(notifier, code, locker, record, barcode)
		},
		Sign: func(s statement.Statement) ([]byte, error) { return statement.Sign(keys.signer, s) },
	}
}
