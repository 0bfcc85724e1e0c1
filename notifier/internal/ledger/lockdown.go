package ledger

import (
	"context"
	"database/sql"
	"time"

	"lockstep/guard/journal"
	"lockstep/notifier/internal/text"
)

// lock begins a lockdown: no door with a parcel behind it opens until it is lifted, and everybody who waits for one hears of it
// once.
func (f *follow) lock(ctx context.Context, tx *sql.Tx, r journal.Record, now time.Time) error {
	f.lockdown = r.Number
	waiting, err := rows(ctx, tx, scanDeposit, `SELECT `+depositColumns+` FROM deposit d WHERE d.locker = $1 AND d.ended = ''`, f.id)
	if err != nil {
		return err
	}
	for _, d := range waiting {
		if err := d.tell(ctx, tx, of(text.Locked, r, now)); err != nil {
			return err
		}
	}
	return nil
}

// lift ends a lockdown for those who were told of it; for those who were not yet, it is no news any more.
func (f *follow) lift(ctx context.Context, tx *sql.Tx, r journal.Record, now time.Time) error {
	began := int64(f.lockdown)
	f.lockdown = 0
	err := exec(ctx, tx, `UPDATE notice SET state = 'dropped' WHERE locker = $1 AND guard = $2 AND kind = 'locked' AND fact = $3 AND state = 'waiting'`,
		f.id, int64(f.guards), began)
	if err != nil {
		return err
	}
	told, err := rows(ctx, tx, scanDeposit, `SELECT `+depositColumns+` FROM notice n JOIN deposit d ON d.locker = n.locker AND d.guard = n.guard AND d.record = n.deposit
		WHERE n.locker = $1 AND n.kind = 'locked' AND n.fact = $2 AND n.state = 'planned' AND d.ended = ''`, f.id, began)
	if err != nil {
		return err
	}
	for _, d := range told {
		if err := d.tell(ctx, tx, of(text.Unlocked, r, now)); err != nil {
			return err
		}
	}
	return nil
}
