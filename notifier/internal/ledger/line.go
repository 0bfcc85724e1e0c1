package ledger

import (
	"context"
	"database/sql"
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
// is inside, and contact again for those who were told. It writes only what has changed.
func (l *Ledger) See(ctx context.Context, lockers []Seen, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		lookedAt, err := count(ctx, tx, `SELECT looked_at FROM feed WHERE id = 1`)
		if err != nil {
			return err
		}
		known, err := knownLines(ctx, tx)
		if err != nil {
			return err
		}
		unbroken := now.Sub(moment(lookedAt)) <= lookBreak
		for _, s := range lockers {
			s.ID, s.Name, s.Address, s.Line = printable(s.ID), printable(s.Name), printable(s.Address), printable(s.Line)
			if err := s.compare(ctx, tx, known[s.ID], unbroken, now); err != nil {
				return err
			}
		}
		return exec(ctx, tx, `UPDATE feed SET looked_at = $1 WHERE id = 1`, micros(now))
	})
}

// line is what was seen of a locker at the last look. dark is since when looks have found it offline in an unbroken row,
// µs UTC, 0 while it is not.
type line struct {
	Seen
	dark int64
}

func knownLines(ctx context.Context, tx *sql.Tx) (map[string]line, error) {
	all, err := rows(ctx, tx, func(r *sql.Rows) (k line, err error) {
		err = r.Scan(&k.ID, &k.Name, &k.Address, &k.Line, &k.Since, &k.dark)
		return k, err
	}, `SELECT id, name, address, line, line_since, dark_from FROM locker`)
	known := make(map[string]line, len(all))
	for _, k := range all {
		known[k.ID] = k
	}
	return known, err
}

func (s Seen) compare(ctx context.Context, tx *sql.Tx, before line, unbroken bool, now time.Time) error {
	after := line{s, before.dark}
	switch {
	case s.Line != "offline":
		after.dark = 0
	case after.dark == 0 || !unbroken:
		after.dark = micros(now)
	}
	if after != before {
		if err := after.save(ctx, tx); err != nil {
			return err
		}
	}
	switch {
	case s.Line == "online" && before.Line != "online":
		return s.tellBack(ctx, tx, now)
	case after.dark > 0 && now.Sub(moment(after.dark)) >= darkLooks && s.Since > 0 && now.Sub(moment(s.Since)) > darkAfter:
		return s.tellDark(ctx, tx, now)
	}
	return nil
}

func (k line) save(ctx context.Context, tx *sql.Tx) error {
	return exec(ctx, tx, `INSERT INTO locker (id, name, address, line, line_since, dark_from) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address, line = excluded.line, line_since = excluded.line_since,
		dark_from = excluded.dark_from`, k.ID, k.Name, k.Address, k.Line, k.Since, k.dark)
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
	}, `SELECT n.fact, `+depositColumns+` FROM notice n JOIN deposit d ON d.locker = n.locker AND d.guard = n.guard AND d.record = n.deposit
		WHERE n.locker = $1 AND n.kind = 'dark' AND n.state = 'planned' AND d.ended = ''
		AND NOT EXISTS (SELECT 1 FROM notice b WHERE b.locker = n.locker AND b.guard = n.guard AND b.deposit = n.deposit AND b.kind = 'back' AND b.fact = n.fact)`, s.ID)
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
