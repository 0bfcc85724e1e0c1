package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/guard/journal"
	"lockstep/notifier/internal/text"
)

// maxReissues is how many new codes one stay may have (doors.md R7). The guard makes no more; one that did would get no help
// from here.
const maxReissues = 3

// reissue takes the new code of a stay, sealed for this record; the old one is dead.
func (l *Ledger) reissue(ctx context.Context, tx *sql.Tx, f *follow, r journal.Record, now time.Time) error {
	d, err := living(ctx, tx, f.id, r.Compartment)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	sealed, tells := r.Sealed, d.Reissues < maxReissues
	if !tells {
		sealed = nil // the code we have is dead
		if err := raise(ctx, tx, Alarm{At: now, Kind: "too many codes", Locker: f.id, Barcode: d.Barcode, Detail: "at record " + number(r.Number)}); err != nil {
			return err
		}
	}
	d.CodeRecord, d.Reissues = r.Number, d.Reissues+1
	err = exec(ctx, tx, `UPDATE deposit SET sealed = $1, code_record = $2, reissues = $3, holder = $4 WHERE locker = $5 AND guard = $6 AND record = $7`,
		sealed, int64(d.CodeRecord), d.Reissues, l.holder(d, sealed), d.Locker, int64(d.Guard), int64(d.Record))
	if err != nil || !tells {
		return err
	}
	if err := d.forgetErased(ctx, tx); err != nil {
		return err
	}
	return d.tell(ctx, tx, of(text.Reissued, r, now))
}

// extend takes a later deadline: its recipient hears of it, and is reminded of that one only.
func (l *Ledger) extend(ctx context.Context, tx *sql.Tx, f *follow, r journal.Record, now time.Time) error {
	d, err := living(ctx, tx, f.id, r.Compartment)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	d.Due, d.Overdue = d.dueBy(r), false
	if err := d.save(ctx, tx); err != nil {
		return err
	}
	err = exec(ctx, tx, `UPDATE notice SET state = 'dropped' WHERE locker = $1 AND guard = $2 AND deposit = $3 AND kind IN ('reminder', 'last')`,
		d.Locker, int64(d.Guard), int64(d.Record))
	if err != nil || d.Due == 0 {
		return err
	}
	if err := d.tell(ctx, tx, of(text.Extended, r, now)); err != nil {
		return err
	}
	return d.remind(ctx, tx, f, now)
}
