package custody

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// Custody is the room.
type Custody struct {
	Config
	intake intake
	news   news
	watch  watch
}

// New opens the room.
func New(c Config) *Custody {
	return &Custody{Config: c, news: news{ring: make(chan struct{})}, watch: watch{folding: map[string]*folding{}}}
}

// intake gathers uploads that wait. While one commit runs the next batch gathers; nothing waits for a timer.
type intake struct {
	mu      sync.Mutex
	waiting []*upload
	busy    bool
}

// atOnce bounds one batch.
const atOnce = 256

// upload is one stretch on its way in.
type upload struct {
	locker  string
	stretch journal.Stretch
	carried bool // by another road than the line, and so of any age
	taken   taken
	err     error
	done    chan struct{}
}

// taken is what became of a stretch, told after the commit.
type taken struct {
	position journal.Position
	kept     bool // there is something new in the feed
	receipt  bool // a new receipt waits for the locker
}

// Ingest takes in a stretch of a locker's journal, or a heartbeat: verified, kept whole, projected, committed when it returns. It
// answers with the position the hub has then. Sending the same again is no error and changes nothing. A stretch that does not
// verify is a fault Invalid that wraps the journal.Break and raises an alarm.
func (c *Custody) Ingest(ctx context.Context, locker string, s journal.Stretch) (journal.Position, error) {
	return c.ingest(ctx, &upload{locker: locker, stretch: s})
}

func (c *Custody) ingest(ctx context.Context, u *upload) (journal.Position, error) {
	u.done = make(chan struct{})
	c.intake.mu.Lock()
	c.intake.waiting = append(c.intake.waiting, u)
	start := !c.intake.busy
	c.intake.busy = true
	c.intake.mu.Unlock()
	if start {
		go c.commitAll(context.WithoutCancel(ctx))
	}
	select {
	case <-u.done:
		return u.taken.position, u.err
	case <-ctx.Done():
		return journal.Position{}, ctx.Err()
	}
}

// commitAll commits batch after batch until nothing waits.
func (c *Custody) commitAll(ctx context.Context) {
	for {
		batch := c.intake.next()
		if len(batch) == 0 {
			return
		}
		c.commit(ctx, batch)
		for _, u := range batch {
			close(u.done)
		}
	}
}

func (i *intake) next() []*upload {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := min(len(i.waiting), atOnce)
	batch := i.waiting[:n:n]
	i.waiting = i.waiting[n:]
	i.busy = n > 0
	return batch
}

// commit takes a batch in, sorted by locker, in one transaction. An upload that fails undoes only itself; when the transaction
// fails, all have failed.
func (c *Custody) commit(ctx context.Context, batch []*upload) {
	slices.SortStableFunc(batch, func(a, b *upload) int { return strings.Compare(a.locker, b.locker) })
	err := c.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, u := range batch {
			u.taken = taken{}
			u.err = db.Part(ctx, tx, func() (err error) {
				u.taken, err = c.take(ctx, tx, u)
				return err
			})
			if db.Lost(u.err) {
				return u.err
			}
		}
		return nil
	})
	for _, u := range batch {
		if err != nil {
			u.taken, u.err = taken{}, err
		}
		c.tell(ctx, u)
	}
}

// tell wakes those whom a committed upload concerns, and raises the alarm for one that did not verify.
func (c *Custody) tell(ctx context.Context, u *upload) {
	if u.taken.kept {
		c.news.tell()
	}
	if u.taken.receipt {
		c.Dispatch.Ring(u.locker)
	}
	broken, ok := errors.AsType[*journal.Break](u.err)
	if !ok {
		return
	}
	alarm := fleet.Alarm{Locker: u.locker, Kind: fleet.Broken, Reason: broken.Reason, Record: broken.Number, Evidence: c.evidence(ctx, u)}
	if err := c.Fleet.Raise(ctx, alarm); err != nil {
		c.Log.Error("alarm was not raised", "locker", u.locker, "alarm", alarm.Kind, "reason", alarm.Reason, "error", err)
	}
	if broken.Reason == "fork" && len(alarm.Evidence) > 0 {
		if err := c.fillNoMore(ctx, u.locker); err != nil {
			c.Log.Error("locker was not blocked", "locker", u.locker, "error", err)
		}
	}
	c.Log.Warn("upload refused", "locker", u.locker, "reason", broken.Reason, "record", broken.Number)
	u.err = fault.Wrap(u.err, fault.Invalid, "broken_journal", "the stretch does not continue the journal: %s at record %d", broken.Reason, broken.Number)
}

// fillNoMore asks a locker, and so whoever else has its guard's key, to take no deposits until an operator unblocks it: two guards tell
// two stories, and a new parcel would be in only one of them. What is inside can be collected.
func (c *Custody) fillNoMore(ctx context.Context, locker string) error {
	compartments, err := c.Fleet.Compartments(ctx, locker)
	if err != nil {
		return err
	}
	r := statement.Restriction{Locker: locker, Kind: statement.Block}
	for _, x := range compartments {
		if !x.Blocked {
			r.Compartments = append(r.Compartments, x.Number)
		}
	}
	if len(r.Compartments) == 0 {
		return nil
	}
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := c.Dispatch.Restrict(ctx, tx, r, "hub")
		return err
	})
	if err == nil {
		c.Dispatch.Ring(locker)
	}
	return err
}

// Evidence is what an upload that does not fit is kept as: signed by the guard, it convicts whoever has its key.
type Evidence struct {
	Stretch journal.Stretch `cbor:"1,keyasint"`           // as it came
	Head    []byte          `cbor:"2,keyasint,omitempty"` // an earlier head that it contradicts; else the uploads hold what it does
}

// evidence is nil where the guard did not sign the stretch: that would be anybody's rubbish.
func (c *Custody) evidence(ctx context.Context, u *upload) []byte {
	var e []byte
	err := c.DB.View(ctx, func(tx *sql.Tx) error {
		place, err := c.Fleet.Place(ctx, tx, u.locker)
		if err != nil {
			return err
		}
		head, _, err := statement.Verify[statement.Head](u.stretch.Head, func(id statement.KeyID) (statement.Key, bool) {
			return place.Guard, place.Position.Number > 0 && place.Guard.ID() == id
		})
		if err != nil || head.Locker != u.locker {
			return nil
		}
		records := readable(u.stretch)
		against, _ := place.Contradicts(head, records)
		e = statement.Encode(Evidence{u.stretch, against})
		return nil
	})
	if err != nil {
		c.Log.Error("no evidence kept", "locker", u.locker, "error", err)
	}
	return e
}

// readable are a stretch's records as far as they can be read.
func readable(s journal.Stretch) (records []journal.Record) {
	for _, encoded := range s.Records {
		if r, err := journal.Decode(encoded); err == nil {
			records = append(records, r)
		}
	}
	return records
}

// Position is the last record of a locker that the hub has.
func (c *Custody) Position(ctx context.Context, locker string) (p journal.Position, err error) {
	err = c.DB.View(ctx, func(tx *sql.Tx) error {
		place, err := c.Fleet.Place(ctx, tx, locker)
		p = place.Position
		return err
	})
	if err != nil {
		return p, fmt.Errorf("custody: position of %s: %w", locker, err)
	}
	return p, nil
}
