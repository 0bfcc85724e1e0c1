package ledger

import (
	"context"
	"database/sql"
	"time"

	"lockstep/internal/fault"
)

// neverDeposited is how long a contact is kept for a parcel that never came to a locker.
const neverDeposited = 180 * 24 * time.Hour

// Forget erases a parcel's contact and codes at once and drops what was still to be told. The barcode stays as erased: a
// contact that comes for it later is refused. Unavailable where it is erased but not out of the database's log yet: doing it again
// is no error.
func (l *Ledger) Forget(ctx context.Context, barcode string, now time.Time) error {
	err := l.db.Tx(ctx, func(tx *sql.Tx) error {
		known, err := count(ctx, tx, `SELECT COUNT(*) FROM parcel WHERE barcode = $1`, barcode)
		if err != nil {
			return err
		}
		if known == 0 {
			return fault.New(fault.NotFound, "no_parcel", "no contact was ever kept for this barcode")
		}
		return erase(ctx, tx, barcode, "forgotten on demand", now)
	})
	if err != nil {
		return err
	}
	return l.db.Scrub(ctx)
}

func erase(ctx context.Context, tx *sql.Tx, barcode, act string, now time.Time) error {
	if err := exec(ctx, tx, `UPDATE parcel SET contact = NULL, tracking = '', erased_at = $1 WHERE barcode = $2`, micros(now), barcode); err != nil {
		return err
	}
	if err := exec(ctx, tx, `UPDATE deposit SET sealed = NULL, holder = NULL WHERE barcode = $1`, barcode); err != nil {
		return err
	}
	if err := exec(ctx, tx, `UPDATE notice SET state = 'dropped' WHERE barcode = $1 AND state = 'waiting'`, barcode); err != nil {
		return err
	}
	return audit(ctx, tx, now, act, barcode)
}

// forgetErased keeps no code that has come for a recipient who was erased before.
func (d deposit) forgetErased(ctx context.Context, tx *sql.Tx) error {
	return exec(ctx, tx, `UPDATE deposit SET sealed = NULL, holder = NULL WHERE locker = $1 AND guard = $2 AND record = $3
		AND EXISTS (SELECT 1 FROM parcel p WHERE p.barcode = deposit.barcode AND p.contact IS NULL)`, d.Locker, int64(d.Guard), int64(d.Record))
}

// Expire erases the contacts of parcels whose last stay in a locker ended longer than keep ago, and of those that never came
// to one. It returns how many.
func (l *Ledger) Expire(ctx context.Context, keep time.Duration, now time.Time) (n int, err error) {
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		barcodes, err := rows(ctx, tx, scanText, `SELECT barcode FROM parcel p WHERE contact IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM deposit d WHERE d.barcode = p.barcode AND (d.ended = '' OR d.ended_at > $1))
			AND (pinned_at < $2 OR EXISTS (SELECT 1 FROM deposit d WHERE d.barcode = p.barcode)) LIMIT 500`,
			micros(now.Add(-keep)), micros(now.Add(-neverDeposited)))
		if err != nil {
			return err
		}
		n = len(barcodes)
		for _, barcode := range barcodes {
			if err := erase(ctx, tx, barcode, "expired", now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || n == 0 {
		return n, err
	}
	return n, l.db.Scrub(ctx)
}

// keepHistory is how long what is over stays in the tables: stays in lockers, what was told of them, alarms. Nothing of it is
// personal. Barcodes stay, so that an erased one is not pinned again.
const keepHistory = 180 * 24 * time.Hour

// Purge deletes history that is old enough.
func (l *Ledger) Purge(ctx context.Context, now time.Time) error {
	before := micros(now.Add(-keepHistory))
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			`DELETE FROM delivery_notice WHERE delivery IN (SELECT id FROM delivery WHERE state <> 'waiting' AND ended_at < $1)`,
			`DELETE FROM delivery WHERE state <> 'waiting' AND ended_at < $1`,
			`DELETE FROM notice WHERE not_before < $1 AND NOT EXISTS (SELECT 1 FROM delivery_notice dn WHERE dn.notice = notice.id)
				AND EXISTS (SELECT 1 FROM deposit d WHERE d.locker = notice.locker AND d.guard = notice.guard AND d.record = notice.deposit AND d.ended <> '' AND d.ended_at < $1)`,
			`DELETE FROM door_record WHERE EXISTS (SELECT 1 FROM deposit d WHERE d.locker = door_record.locker AND d.guard = door_record.guard AND d.record = door_record.deposit
				AND d.ended <> '' AND d.ended_at < $1)`,
			`DELETE FROM deposit WHERE ended <> '' AND ended_at < $1 AND NOT EXISTS
				(SELECT 1 FROM notice n WHERE n.locker = deposit.locker AND n.guard = deposit.guard AND n.deposit = deposit.record)`,
			`DELETE FROM alarm WHERE at < $1`,
		} {
			if err := exec(ctx, tx, query, before); err != nil {
				return err
			}
		}
		return exec(ctx, tx, `DELETE FROM asked WHERE day < $1`, dayOf(now.Add(-keepHistory)))
	})
}

func scanText(r *sql.Rows) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}
