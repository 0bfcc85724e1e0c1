package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/guard/journal"
	"lockstep/notifier/internal/text"
)

// apply folds one verified record into the tables.
func (l *Ledger) apply(ctx context.Context, tx *sql.Tx, f *follow, r journal.Record, now time.Time) error {
	at := r.Low
	if at == 0 {
		at = micros(now)
	}
	if r.Kind == journal.Stored {
		return l.store(ctx, tx, f, r, now)
	}
	if _, concerns := meanings[r.Kind]; !concerns || r.Compartment == 0 {
		return nil
	}
	before, err := living(ctx, tx, f.id, r.Compartment)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // a door without a parcel that anybody waits for
	}
	if err != nil {
		return err
	}
	after, tells := before.fold(r, at)
	if err := after.save(ctx, tx); err != nil || tells == "" {
		return err
	}
	return after.tell(ctx, tx, notice{Kind: tells, Fact: int64(r.Number), At: r.Low, NotBefore: micros(now)})
}

// store begins a stay. Where one was still open behind that door, a courier has put the parcel in anew (doors.md R4): its old
// code is dead, and its recipient hears of the opening beside getting the new code.
func (l *Ledger) store(ctx context.Context, tx *sql.Tx, f *follow, r journal.Record, now time.Time) error {
	old, err := living(ctx, tx, f.id, r.Compartment)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err == nil {
		old.Ended, old.EndedAt = "replaced", micros(now)
		if err := old.save(ctx, tx); err != nil {
			return err
		}
		if err := old.tell(ctx, tx, notice{Kind: text.Staff, Fact: int64(r.Number), At: r.Low, NotBefore: micros(now)}); err != nil {
			return err
		}
	}
	d := begin(f.id, r)
	err = exec(ctx, tx, `INSERT INTO deposit (locker, record, barcode, compartment, sealed, stored_at, due) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		d.Locker, int64(d.Record), d.Barcode, int64(d.Compartment), r.Sealed, d.StoredAt, d.Due)
	if err != nil {
		return err
	}
	if err := d.tell(ctx, tx, notice{Kind: text.Stored, Fact: int64(r.Number), At: r.Low, NotBefore: micros(now)}); err != nil {
		return err
	}
	zone, err := time.LoadLocation(f.certificate.Zone)
	if err != nil {
		return err
	}
	return d.remind(ctx, tx, zone, now)
}

func (d deposit) remind(ctx context.Context, tx *sql.Tx, zone *time.Location, now time.Time) error {
	stored := moment(d.StoredAt)
	if stored.IsZero() {
		stored = now
	}
	for _, r := range reminders(stored, moment(d.Due), zone) {
		n := notice{Kind: r.Kind, Fact: micros(r.At), At: micros(r.At), NotBefore: micros(r.At), Until: micros(r.Until)}
		if err := d.tell(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

const depositColumns = `d.locker, d.record, d.barcode, d.compartment, d.stored_at, d.due, d.door, d.opened, d.unsure, d.overdue, d.ended, d.ended_at`

// fields are where a row of depositColumns is read to.
func (d *deposit) fields() []any {
	return []any{&d.Locker, &d.Record, &d.Barcode, &d.Compartment, &d.StoredAt, &d.Due, &d.Door, (*flag)(&d.Opened), (*flag)(&d.Unsure),
		(*flag)(&d.Overdue), &d.Ended, &d.EndedAt}
}

func living(ctx context.Context, tx *sql.Tx, locker string, compartment uint16) (d deposit, err error) {
	err = tx.QueryRowContext(ctx, `SELECT `+depositColumns+` FROM deposit d WHERE d.locker = $1 AND d.compartment = $2 AND d.ended = ''`,
		locker, int64(compartment)).Scan(d.fields()...)
	return d, err
}

// save writes what fold may change. A code that opens nothing any more is not kept.
func (d deposit) save(ctx context.Context, tx *sql.Tx) error {
	return exec(ctx, tx, `UPDATE deposit SET door = $1, opened = $2, unsure = $3, overdue = $4, ended = $5, ended_at = $6,
		sealed = CASE WHEN $5 = '' THEN sealed END WHERE locker = $7 AND record = $8`,
		string(d.Door), flag(d.Opened), flag(d.Unsure), flag(d.Overdue), d.Ended, d.EndedAt, d.Locker, int64(d.Record))
}
