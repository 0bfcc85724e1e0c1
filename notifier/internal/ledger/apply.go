package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/guard/journal"
	"lockstep/notifier/internal/text"
)

// apply folds one verified record into the tables. TestEveryKind sees that no kind is forgotten.
func (l *Ledger) apply(ctx context.Context, tx *sql.Tx, f *follow, r journal.Record, now time.Time) error {
	switch r.Kind {
	case journal.Stored:
		return l.store(ctx, tx, f, r, now)
	case journal.Reissued:
		return l.reissue(ctx, tx, f, r, now)
	case journal.Extended:
		return l.extend(ctx, tx, f, r, now)
	case journal.Lockdown:
		return f.lock(ctx, tx, r, now)
	case journal.Lifted:
		return f.lift(ctx, tx, r, now)
	case journal.Chartered:
		return l.follows(ctx, tx, f, r, now)
	}
	return l.atDoor(ctx, tx, f, r, now)
}

// atDoor folds a record about one door.
func (l *Ledger) atDoor(ctx context.Context, tx *sql.Tx, f *follow, r journal.Record, now time.Time) error {
	if _, concerns := meanings[r.Kind]; !concerns {
		return nil
	}
	before, err := living(ctx, tx, f.id, r.Compartment)
	if errors.Is(err, sql.ErrNoRows) {
		return f.keepLate(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	at := r.Low
	if at == 0 {
		at = micros(now)
	}
	after, tells := before.fold(r, at)
	if err := errors.Join(after.save(ctx, tx), after.keep(ctx, tx, r)); err != nil || tells == "" {
		return err
	}
	return after.tell(ctx, tx, of(tells, r, now))
}

// of is what there is to tell of a record, at once.
func of(kind text.Kind, r journal.Record, now time.Time) notice {
	return notice{Kind: kind, Fact: int64(r.Number), At: r.Low, NotBefore: micros(now)}
}

// store begins a stay. Where one was still open behind that door, a courier has put the parcel in anew (doors.md R4): its old
// code is dead, and its recipient hears of the opening beside getting the new code. What a customer sends back (a permit's) has
// no code and nobody to tell.
func (l *Ledger) store(ctx context.Context, tx *sql.Tx, f *follow, r journal.Record, now time.Time) error {
	if err := replace(ctx, tx, f.id, r, now); err != nil || r.Credential == "permit" {
		return err
	}
	d := begin(f, r)
	err := exec(ctx, tx, `INSERT INTO deposit (locker, guard, record, barcode, compartment, sealed, stored_at, due, code_record, unpaid, holder) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $3, $9, $10)`,
		d.Locker, int64(d.Guard), int64(d.Record), d.Barcode, int64(d.Compartment), r.Sealed, d.StoredAt, d.Due, flag(d.Unpaid), l.holder(d, r.Sealed))
	if err != nil {
		return err
	}
	if err := errors.Join(d.keep(ctx, tx, r), d.forgetErased(ctx, tx)); err != nil {
		return err
	}
	if err := d.tell(ctx, tx, of(text.Stored, r, now)); err != nil {
		return err
	}
	if f.lockdown > 0 {
		if err := d.tell(ctx, tx, notice{Kind: text.Locked, Fact: int64(f.lockdown), At: r.Low, NotBefore: micros(now)}); err != nil {
			return err
		}
	}
	return d.remind(ctx, tx, f, now)
}

// replace ends a stay that is still open behind the door of a new one.
func replace(ctx context.Context, tx *sql.Tx, locker string, r journal.Record, now time.Time) error {
	old, err := living(ctx, tx, locker, r.Compartment)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	old.Ended, old.EndedAt = "replaced", micros(now)
	if err := old.save(ctx, tx); err != nil {
		return err
	}
	return old.tell(ctx, tx, of(text.Staff, r, now))
}

// follows notes a guard that follows a charter which is none of ours: what it seals from now on may not open here.
func (l *Ledger) follows(ctx context.Context, tx *sql.Tx, f *follow, r journal.Record, now time.Time) error {
	if _, ours := l.charterOf(r.Charter); ours {
		return nil
	}
	return raise(ctx, tx, Alarm{At: now, Kind: "charter unknown", Locker: f.id, Detail: "at record " + number(r.Number)})
}

func (d deposit) remind(ctx context.Context, tx *sql.Tx, f *follow, now time.Time) error {
	zone, err := time.LoadLocation(f.certificate.Zone)
	if err != nil {
		return err
	}
	stored := moment(d.StoredAt)
	if stored.IsZero() {
		stored = now
	}
	for _, r := range reminders(stored, moment(d.Due), zone) {
		n := notice{Kind: r.Kind, Fact: d.Due, At: micros(r.At), NotBefore: micros(r.At), Until: micros(r.Until)}
		if err := d.tell(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

const depositColumns = `d.locker, d.guard, d.record, d.barcode, d.compartment, d.stored_at, d.due, d.door, d.opened, d.unsure, d.overdue,
	d.declined, d.unpaid, d.code_record, d.reissues, d.reason, d.ended, d.ended_at`

// fields are where a row of depositColumns is read to.
func (d *deposit) fields() []any {
	return []any{&d.Locker, &d.Guard, &d.Record, &d.Barcode, &d.Compartment, &d.StoredAt, &d.Due, &d.Door, (*flag)(&d.Opened), (*flag)(&d.Unsure),
		(*flag)(&d.Overdue), (*flag)(&d.Declined), (*flag)(&d.Unpaid), &d.CodeRecord, &d.Reissues, &d.Reason, &d.Ended, &d.EndedAt}
}

func living(ctx context.Context, tx *sql.Tx, locker string, compartment uint16) (d deposit, err error) {
	err = tx.QueryRowContext(ctx, `SELECT `+depositColumns+` FROM deposit d WHERE d.locker = $1 AND d.compartment = $2 AND d.ended = ''`,
		locker, int64(compartment)).Scan(d.fields()...)
	return d, err
}

// save writes what fold may change. A code that opens nothing any more is not kept.
func (d deposit) save(ctx context.Context, tx *sql.Tx) error {
	return exec(ctx, tx, `UPDATE deposit SET door = $1, opened = $2, unsure = $3, overdue = $4, ended = $5, ended_at = $6,
		due = $7, reason = $8, unpaid = $9, declined = $10, sealed = CASE WHEN $5 = '' THEN sealed END WHERE locker = $11 AND guard = $12 AND record = $13`,
		string(d.Door), flag(d.Opened), flag(d.Unsure), flag(d.Overdue), d.Ended, d.EndedAt, d.Due, d.Reason, flag(d.Unpaid), flag(d.Declined), d.Locker, int64(d.Guard), int64(d.Record))
}
