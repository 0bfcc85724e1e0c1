package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/notifier/internal/text"
)

// Seen is what the hub says of a locker. Nothing depends on it but words in messages, and when to say that contact is lost.
type Seen struct {
	ID, Name, Address string
	Line              string // online · offline
	Since             int64  // µs UTC
}

const (
	// darkAfter is how long a locker may be silent before recipients are told.
	darkAfter = 6 * time.Hour
	// darkLooks is how long our own looks must have found it offline without a break: a hub that was down itself finds every
	// locker offline for a moment. lookBreak is a pause between looks that breaks the row.
	darkLooks, lookBreak = 30 * time.Minute, 10 * time.Minute
)

// See takes the hub's list of lockers and makes the notices that follow: contact lost for more than six hours while a parcel
// is inside, and contact again for those who were told.
func (l *Ledger) See(ctx context.Context, lockers []Seen, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, s := range lockers {
			darkFrom, err := s.save(ctx, tx, now)
			if err != nil {
				return err
			}
			if err := s.tell(ctx, tx, darkFrom, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// save returns since when our looks have found the locker offline, µs UTC, 0 while it is not.
func (s Seen) save(ctx context.Context, tx *sql.Tx, now time.Time) (darkFrom int64, err error) {
	var lookedAt int64
	err = tx.QueryRowContext(ctx, `SELECT looked_at, dark_from FROM locker WHERE id = $1`, s.ID).Scan(&lookedAt, &darkFrom)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	switch {
	case s.Line != "offline":
		darkFrom = 0
	case darkFrom == 0 || now.Sub(moment(lookedAt)) > lookBreak:
		darkFrom = micros(now)
	}
	return darkFrom, exec(ctx, tx, `INSERT INTO locker (id, name, address, line, line_since, looked_at, dark_from) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address, line = excluded.line, line_since = excluded.line_since,
		looked_at = excluded.looked_at, dark_from = excluded.dark_from`, s.ID, s.Name, s.Address, s.Line, s.Since, micros(now), darkFrom)
}

func (s Seen) tell(ctx context.Context, tx *sql.Tx, darkFrom int64, now time.Time) error {
	switch {
	case s.Line == "online":
		return s.tellBack(ctx, tx, now)
	case darkFrom > 0 && now.Sub(moment(darkFrom)) >= darkLooks && s.Since > 0 && now.Sub(moment(s.Since)) > darkAfter:
		return s.tellDark(ctx, tx, now)
	}
	return nil
}

func (s Seen) tellDark(ctx context.Context, tx *sql.Tx, now time.Time) error {
	waiting, err := rows(ctx, tx, scanDeposit, `SELECT `+depositColumns+` FROM deposit d WHERE d.locker = $1 AND d.ended = ''`, s.ID)
	if err != nil {
		return err
	}
	for _, d := range waiting {
		if err := d.tell(ctx, tx, notice{Kind: text.Dark, Fact: s.Since, At: s.Since, NotBefore: micros(now)}); err != nil {
			return err
		}
	}
	return nil
}

// tellBack tells those who were told of the loss; for those who were not yet, the loss is no news any more.
func (s Seen) tellBack(ctx context.Context, tx *sql.Tx, now time.Time) error {
	if err := exec(ctx, tx, `UPDATE notice SET state = 'dropped' WHERE locker = $1 AND kind = 'dark' AND state = 'waiting'`, s.ID); err != nil {
		return err
	}
	type told struct {
		deposit deposit
		fact    int64
	}
	all, err := rows(ctx, tx, func(r *sql.Rows) (t told, err error) {
		err = r.Scan(append([]any{&t.fact}, t.deposit.fields()...)...)
		return t, err
	}, `SELECT n.fact, `+depositColumns+` FROM notice n JOIN deposit d ON d.locker = n.locker AND d.record = n.deposit
		WHERE n.locker = $1 AND n.kind = 'dark' AND n.state = 'planned' AND d.ended = ''
		AND NOT EXISTS (SELECT 1 FROM notice b WHERE b.locker = n.locker AND b.deposit = n.deposit AND b.kind = 'back' AND b.fact = n.fact)`, s.ID)
	if err != nil {
		return err
	}
	for _, t := range all {
		if err := t.deposit.tell(ctx, tx, notice{Kind: text.Back, Fact: t.fact, At: micros(now), NotBefore: micros(now)}); err != nil {
			return err
		}
	}
	return nil
}

func scanDeposit(r *sql.Rows) (d deposit, err error) {
	err = r.Scan(d.fields()...)
	return d, err
}
