package ledger

import (
	"context"
	"database/sql"

	"lockstep/notifier/internal/text"
)

// notice is one thing that one recipient is to be told about one deposit. (locker, guard, deposit, kind, fact) is told once, however
// often the feed is replayed.
type notice struct {
	ID        string
	Kind      text.Kind
	Fact      int64 // the record's number, or the time, that is told of
	At        int64 // when it happened, µs UTC, 0 where unknown
	NotBefore int64
	Until     int64 // pointless from then on; 0 for never
	Reason    string
}

func (d deposit) tell(ctx context.Context, tx *sql.Tx, n notice) error {
	id, err := newID()
	if err != nil {
		return err
	}
	return exec(ctx, tx, `INSERT INTO notice (id, locker, guard, deposit, barcode, kind, fact, at, not_before, until, reason, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting') ON CONFLICT (locker, guard, deposit, kind, fact) DO NOTHING`,
		id, d.Locker, int64(d.Guard), int64(d.Record), d.Barcode, string(n.Kind), n.Fact, n.At, n.NotBefore, n.Until, n.reasonOf(d))
}

// reasonOf is what operators said why they opened the door, for a notice of it.
func (n notice) reasonOf(d deposit) string {
	if n.Kind == text.Override || n.Kind == text.Removed {
		return d.Reason
	}
	return ""
}

// stale says that nobody needs to hear this any more.
func (n notice) stale(d deposit, now int64) bool {
	if n.Until > 0 && now >= n.Until {
		return true
	}
	switch n.Kind {
	case text.Reminder, text.Last:
		return d.quiet()
	case text.Stored, text.Extended, text.Dark, text.Back, text.Locked, text.Unlocked:
		return d.Ended != ""
	case text.Reissued: // a later one has its own
		return d.Ended != "" || n.Fact != int64(d.CodeRecord)
	}
	return false
}
