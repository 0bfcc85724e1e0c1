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
	OnOpen func() // called once both sockets are open; may be nil
}

// Run is a guard from start to end of ctx, or to a fault that only a restart can mend.
func Run(ctx context.Context, c Config) error {
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
	g := newLoop(c, keys, facts, log)
	if err := g.openLines(); err != nil {
		return err
	}
	defer g.closeLines()
	stop, err := g.listen(c.Kiosk, c.Link)
	if err != nil {
		return err
	}
	defer stop()
	c.Log.Info("guard is up", "locker", facts.Locker.ID, "compartments", len(facts.Compartments), "record", log.End().Number)
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
