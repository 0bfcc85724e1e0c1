package custody

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/fleet"
)

// watch remembers how far each locker's uploads are folded, so that looking again costs only what came since.
type watch struct {
	mu      sync.Mutex
	folding map[string]*folding
}

// Watch holds what is stored of every locker, and of the parcels inside it, against the fold of its signed records, and raises an
// alarm where they differ: somebody else writes into the database. The first time it folds everything there is; after that only
// what is new.
func (c *Custody) Watch(ctx context.Context) error {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	var lockers []string
	err := c.DB.View(ctx, func(tx *sql.Tx) error {
		return c.Fleet.Each(ctx, tx, func(locker string) error {
			lockers = append(lockers, locker)
			return nil
		})
	})
	for _, locker := range lockers {
		err = errors.Join(err, c.watchOne(ctx, locker))
	}
	return err
}

func (c *Custody) watchOne(ctx context.Context, locker string) error {
	f := c.watch.folding[locker]
	if f == nil {
		f = newFolding()
		c.watch.folding[locker] = f
	}
	var found []string
	err := c.DB.View(ctx, func(tx *sql.Tx) error {
		ck := &check{c: c, tx: tx, q: store.New(tx)}
		err := errors.Join(ck.follow(ctx, locker, f, nil), ck.stored(ctx, locker, f))
		found = ck.found
		return err
	})
	if err != nil || f.broken {
		delete(c.watch.folding, locker) // from the beginning, next time
	}
	if err != nil || len(found) == 0 {
		return err
	}
	for _, difference := range found {
		c.Log.Error("what is stored is not what the records say", "locker", locker, "difference", difference)
	}
	return c.Fleet.Raise(ctx, fleet.Alarm{Locker: locker, Kind: fleet.Altered, Evidence: []byte(found[0])})
}
