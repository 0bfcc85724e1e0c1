package custody

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"lockstep/hub/internal/custody/store"
	"lockstep/parcel"
)

// news wakes everybody who waits for the feed.
type news struct {
	mu   sync.Mutex
	ring chan struct{}
}

func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ring
}

func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.ring)
	n.ring = make(chan struct{})
}

// lookAgain is how often a waiting feed looks for what other nodes took in.
const lookAgain = 2 * time.Second

// Uploads gives uploads after a cursor, at most limit, waiting up to wait for a first one. next is the cursor of the last.
func (c *Custody) Uploads(ctx context.Context, after int64, limit int, wait time.Duration) (list []Upload, next int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, max(wait, time.Millisecond))
	defer cancel()
	for {
		ring := c.news.wait()
		rows, err := store.New(c.DB.Reads()).Uploads(context.WithoutCancel(ctx), store.UploadsParams{Cursor: after, Limit: int32(limit)})
		if err != nil {
			return nil, after, err
		}
		for _, r := range rows {
			list, after = append(list, Upload{r.Cursor, r.Locker, r.Received, r.Stretch}), r.Cursor
		}
		if len(list) > 0 || wait <= 0 {
			return list, after, nil
		}
		select {
		case <-ctx.Done():
			return nil, after, nil
		case <-ring:
		case <-time.After(lookAgain):
		}
	}
}

const (
	lapseAfter = 14 * 24 * time.Hour // an announced parcel that nobody brings gives its room back
	claimTerm  = 30 * 24 * time.Hour // how long an idempotency key is remembered
	beatTerm   = 7 * 24 * time.Hour  // how long kept heartbeats stay; records stay
)

// Lapse gives up parcels that were announced long ago and never put in. A parcel waits for its locker's word: it may have been
// put in while the line was down.
func (c *Custody) Lapse(ctx context.Context) error {
	for after := ""; ; {
		var stale []store.Parcel
		err := c.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			stale, err = store.New(tx).Stale(ctx, store.StaleParams{Before: c.ago(lapseAfter), After: after})
			for _, row := range stale {
				err = errors.Join(err, c.lapse(ctx, tx, row))
			}
			return err
		})
		if err != nil || len(stale) == 0 {
			return err
		}
		after = stale[len(stale)-1].Barcode
	}
}

func (c *Custody) lapse(ctx context.Context, tx *sql.Tx, row store.Parcel) error {
	place, err := c.Fleet.Place(ctx, tx, row.Locker)
	if err != nil || !c.Fleet.Current(place) {
		return err
	}
	_, err = c.move(ctx, tx, row, happening{what: parcel.Lapsed, actor: "hub", happened: c.now()})
	return err
}

// Clean drops idempotency keys and kept heartbeats that have had their time.
func (c *Custody) Clean(ctx context.Context) error {
	return c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		_, claims := q.DropClaims(ctx, c.ago(claimTerm))
		_, beats := q.DropBeats(ctx, c.ago(beatTerm))
		return errors.Join(claims, beats)
	})
}

func (c *Custody) ago(d time.Duration) int64 { return c.Now().Add(-d).UnixMicro() }
