package notifier

import (
	"context"
	"log/slog"
	"time"

	"lockstep/notifier/internal/feed"
	"lockstep/notifier/internal/ledger"
)

// keeper does what is due by the clock alone: lockers out of contact, records withheld, personal data that expires.
type keeper struct {
	hub   *feed.Client
	book  *ledger.Ledger
	keep  time.Duration
	clock now
	log   *slog.Logger
}

// lockers takes the hub's list of lockers.
func (k *keeper) lockers(ctx context.Context) error {
	list, err := k.hub.Lockers(ctx)
	if err != nil {
		return err
	}
	seen := make([]ledger.Seen, 0, len(list))
	for _, l := range list {
		seen = append(seen, ledger.Seen{ID: l.ID, Name: l.Name, Address: l.Address, Line: l.Line, Since: l.Since})
	}
	return k.book.See(ctx, seen, k.clock.Now())
}

// tidy erases what has expired, deletes old history and raises alarms for records that a hub withholds.
func (k *keeper) tidy(ctx context.Context) error {
	erased, err := k.book.Expire(ctx, k.keep, k.clock.Now())
	if err != nil {
		return err
	}
	if erased > 0 {
		k.log.Info("contacts erased", "count", erased)
	}
	if err := k.book.Purge(ctx, k.clock.Now()); err != nil {
		return err
	}
	withheld, err := k.book.Withheld(ctx, k.clock.Now())
	if withheld > 0 {
		k.log.Error("records are withheld; see the alarms", "lockers", withheld)
	}
	return err
}
