package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Upload is one stretch of a locker's journal as the hub's feed gives it. Cursor is the feed's number.
type Upload struct {
	Cursor  int64
	Locker  string
	Stretch []byte // canonical CBOR of a journal.Stretch
}

// maxLockerID is the longest name a certificate may give a locker.
const maxLockerID = 32

// Taken is what became of an upload. Head is nil where nothing of it is believed.
type Taken struct {
	Head  *statement.Head
	News  bool // it brought records beside those about time and the down stream
	Alarm string

	Replaced bool // another guard has begun a journal for this locker
}

// Cursor is the number of the last upload taken.
func (l *Ledger) Cursor(ctx context.Context) (int64, error) {
	return count(ctx, l.db.Reads(), `SELECT cursor FROM feed WHERE id = 1`)
}

// Take verifies an upload against what is known of its locker, folds its records and moves the feed's cursor, all in one
// transaction. A stretch that was taken before changes nothing. A journal that forks or does not verify stops its own locker
// only: an alarm is kept, and nothing more of that journal is believed until an operator has looked (FollowAgain).
func (l *Ledger) Take(ctx context.Context, u Upload, now time.Time) (taken Taken, err error) {
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		taken, err = l.take(ctx, tx, u, now)
		if err != nil {
			return err
		}
		return exec(ctx, tx, `UPDATE feed SET cursor = $1 WHERE id = 1 AND cursor < $1`, u.Cursor)
	})
	return taken, err
}

func (l *Ledger) take(ctx context.Context, tx *sql.Tx, u Upload, now time.Time) (Taken, error) {
	if len(u.Locker) > maxLockerID || printable(u.Locker) != u.Locker {
		return Taken{Alarm: "locker"}, raiseOnce(ctx, tx, Alarm{At: now, Kind: "locker", Detail: "an upload of a locker that cannot be"})
	}
	f, records, head, err := l.examine(ctx, tx, u)
	if broken := (*journal.Break)(nil); errors.As(err, &broken) {
		return l.doubt(ctx, tx, f, broken, now)
	}
	if errors.Is(err, errNothing) {
		return Taken{}, nil
	}
	if err != nil {
		return Taken{}, err
	}
	taken := Taken{Head: &head}
	if taken.Replaced = f.replaces != nil; taken.Replaced {
		if err := f.replace(ctx, tx, now); err != nil {
			return Taken{}, err
		}
	}
	for _, r := range records {
		taken.News = taken.News || news(r.Kind)
		if err := l.apply(ctx, tx, f, r, now); err != nil {
			return Taken{}, err
		}
	}
	return taken, f.advance(ctx, tx, records, head, now)
}

// examine finds out which guard's journal an upload is of, and verifies it as that one's.
func (l *Ledger) examine(ctx context.Context, tx *sql.Tx, u Upload) (f *follow, records []journal.Record, head statement.Head, err error) {
	if f, err = l.follow(ctx, tx, u.Locker); err != nil {
		return f, nil, head, err
	}
	var s journal.Stretch
	if statement.Decode(u.Stretch, &s) != nil {
		return f, nil, head, &journal.Break{Number: f.position.Number + 1, Reason: "chain"}
	}
	if f, err = l.whose(ctx, tx, f, s); err == nil {
		records, head, err = f.verify(s)
	}
	return f, records, head, err
}

// doubt keeps what was found. A gap may still be filled by the hub; everything else ends belief in a journal that is followed.
func (l *Ledger) doubt(ctx context.Context, tx *sql.Tx, f *follow, broken *journal.Break, now time.Time) (Taken, error) {
	if f.stopped != "" {
		return Taken{}, nil
	}
	// Our own texts only: the rest of a Break quotes what was sent.
	alarm := Alarm{At: now, Kind: broken.Reason, Locker: f.id, Detail: "at record " + number(broken.Number)}
	if f.former {
		alarm.Kind, alarm.Detail = "former guard", broken.Reason+" "+alarm.Detail+" of a guard that was replaced"
	}
	if f.known && broken.Reason != "gap" {
		if err := exec(ctx, tx, `UPDATE locker SET stopped = $1 WHERE id = $2`, broken.Reason, f.id); err != nil {
			return Taken{}, err
		}
	}
	return Taken{Alarm: alarm.Kind}, raiseOnce(ctx, tx, alarm)
}

// news says whether a record is worth a new receipt soon.
func news(k journal.Kind) bool {
	switch k {
	case journal.Took, journal.TimeSet, journal.Ticked, journal.Refused:
		return false
	}
	return true
}
