package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier/internal/text"
)

// A locker may outlive its guard (doors.md R14). The next one has a key and a journal of its own, and only the two provisioning
// persons' certificate in that journal's first record says that it replaces the one before; the hub's word is not asked.

// whose is what is known of the guard that a stretch is of: the one that is followed, one before it, or one that proves to come after
// it, which replaces it if its stretch holds.
func (l *Ledger) whose(ctx context.Context, tx *sql.Tx, f *follow, s journal.Stretch) (*follow, error) {
	by := signer(s)
	if f.known && by == f.certificate.Guard.ID() {
		return f, nil
	}
	if former, err := l.former(ctx, tx, f.id, by); err != nil || former != nil {
		return former, err
	}
	if !f.known {
		return f, l.meet(ctx, tx, f, s)
	}
	if !begins(s) {
		return f, nil
	}
	next := &follow{id: f.id, guards: f.guards + 1, replaces: f}
	return next, l.meet(ctx, tx, next, s)
}

// signer is the key that a head says it is signed with. Nothing of it is believed yet.
func signer(s journal.Stretch) (id statement.KeyID) {
	_, _, _ = statement.Verify[statement.Head](s.Head, func(said statement.KeyID) (statement.Key, bool) {
		id = said
		return statement.Key{}, false
	})
	return id
}

// begins says whether a stretch holds a journal's first record.
func begins(s journal.Stretch) bool {
	if len(s.Records) == 0 {
		return false
	}
	first, err := journal.Decode(s.Records[0])
	return err == nil && first.Number == 1
}

// former is the guard of a locker that had this key until another replaced it; nil where none had.
func (l *Ledger) former(ctx context.Context, tx *sql.Tx, locker string, key statement.KeyID) (*follow, error) {
	f := &follow{id: locker, former: true}
	var hash []byte
	err := tx.QueryRowContext(ctx, `SELECT certificate, guard, position, hash, powered FROM former_guard WHERE key = $1 AND locker = $2`, key.String(), locker).
		Scan(&f.bundle, &f.guards, &f.position.Number, &hash, &f.powered)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	copy(f.position.Hash[:], hash)
	return f, l.certify(f)
}

// keyUsed says whether some guard of some locker has or had this key.
func keyUsed(ctx context.Context, tx *sql.Tx, key statement.Key) (bool, error) {
	n, err := count(ctx, tx, `SELECT (SELECT COUNT(*) FROM locker WHERE guard = $1) + (SELECT COUNT(*) FROM former_guard WHERE key = $1)`, key.ID().String())
	return n > 0, err
}

// replace ends the journal of the guard before: its key is kept, so that its stretches are known when they are shown again and the
// key never comes back; what lay in its compartments has been taken out by hand, and its codes open nothing.
func (f *follow) replace(ctx context.Context, tx *sql.Tx, now time.Time) error {
	old := f.replaces
	err := exec(ctx, tx, `INSERT INTO former_guard (key, locker, guard, certificate, position, hash, powered, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		old.certificate.Guard.ID().String(), old.id, int64(old.guards), old.bundle, int64(old.position.Number), old.position.Hash[:], old.powered, micros(now))
	if err != nil {
		return err
	}
	if err := exec(ctx, tx, `UPDATE locker SET stopped = '', receipt_boot = 0, receipt_at = 0 WHERE id = $1`, old.id); err != nil {
		return err
	}
	if old.ahead > 0 {
		detail := fmt.Sprintf("the guard that was replaced spoke of record %d; %d is the last that came", old.ahead, old.position.Number)
		if err := raise(ctx, tx, Alarm{At: now, Kind: "withheld", Locker: old.id, Detail: detail}); err != nil {
			return err
		}
	}
	detail := fmt.Sprintf("guard %d follows guard %d, of which record %d is the last that came", f.guards, old.guards, old.position.Number)
	if err := raise(ctx, tx, Alarm{At: now, Kind: "guard replaced", Locker: old.id, Detail: detail}); err != nil {
		return err
	}
	return old.endStays(ctx, tx, now)
}

// endStays ends every stay in the compartments of a guard that is replaced, and tells its recipient once.
func (f *follow) endStays(ctx context.Context, tx *sql.Tx, now time.Time) error {
	stays, err := rows(ctx, tx, scanDeposit, `SELECT `+depositColumns+` FROM deposit d WHERE d.locker = $1 AND d.ended = ''`, f.id)
	if err != nil {
		return err
	}
	for _, d := range stays {
		d.Ended, d.EndedAt = "guard replaced", micros(now)
		if err := d.save(ctx, tx); err != nil {
			return err
		}
		if err := d.tell(ctx, tx, notice{Kind: text.Repaired, Fact: int64(d.Record), NotBefore: micros(now)}); err != nil {
			return err
		}
	}
	return nil
}
