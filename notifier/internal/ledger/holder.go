package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"lockstep/internal/fault"
	"lockstep/notifier/internal/text"
)

// wishPrefix is what a wish is a digest of, before the QR secret: the secret itself goes to no server.
const wishPrefix = "lockstep wish\n"

// WishOf is what somebody shows who has a parcel's code and wants to know or to ask something about it.
func WishOf(secret [16]byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(wishPrefix), secret[:]...))
}

// holderOf is what the tables know the holder of a code by: a digest of their wish, so that a copy of the tables lets nobody ask.
func holderOf(wish []byte) []byte {
	digest := sha256.Sum256(wish)
	return digest[:]
}

// holder is the holder of the code that the stay's CodeRecord sealed; nil where it does not open here.
func (l *Ledger) holder(d deposit, sealed []byte) []byte {
	code, err := l.openCode(sealed, d.Locker, d.CodeRecord, d.Barcode)
	if err != nil {
		return nil
	}
	wish := WishOf(code.Secret)
	return holderOf(wish[:])
}

// nameHolders names those of codes that came before holders were named.
func (l *Ledger) nameHolders(ctx context.Context) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		items, err := rows(ctx, tx, func(r *sql.Rows) (i item, err error) {
			err = r.Scan(append([]any{&i.sealed}, i.deposit.fields()...)...)
			return i, err
		}, `SELECT d.sealed, `+depositColumns+` FROM deposit d WHERE d.ended = '' AND d.holder IS NULL AND d.sealed IS NOT NULL`)
		if err != nil {
			return err
		}
		for _, i := range items {
			d := i.deposit
			if err := exec(ctx, tx, `UPDATE deposit SET holder = $1 WHERE locker = $2 AND guard = $3 AND record = $4`, l.holder(d, i.sealed), d.Locker, int64(d.Guard), int64(d.Record)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Stay is what whoever has a parcel's code may know of it. Times are µs UTC, 0 where unknown.
type Stay struct {
	Barcode  string
	Locker   string
	Door     uint16
	Due      int64
	Ended    string // collected · withdrawn · taken out · overridden · replaced · guard replaced; empty while the code opens
	EndedAt  int64
	Overdue  bool
	Unsure   bool // nobody knows what is behind the door
	Unpaid   bool
	Declined bool
	MoreTime bool      // its merchant lets its recipients ask for more time
	Stopped  bool      // its locker's journal cannot be verified any more: what came later is not known here
	DarkFrom int64     // since when there is no contact with the locker; 0 while there is
	Openings []Opening // oldest first

	deposit deposit
}

// Stay finds the stay of whose code this is the wish. It is known as long as the recipient's contact is, whatever became of the code,
// but for a new code, which takes the place of the old. NotFound, one answer for all, where there is none.
func (l *Ledger) Stay(ctx context.Context, wish []byte) (s Stay, err error) {
	d := &s.deposit
	err = l.db.Reads().QueryRowContext(ctx, `SELECT p.more_time, CASE WHEN l.stopped <> '' THEN 1 ELSE 0 END, CASE WHEN l.line = 'offline' THEN l.line_since ELSE 0 END, `+depositColumns+`
		FROM deposit d JOIN parcel p ON p.barcode = d.barcode JOIN locker l ON l.id = d.locker WHERE d.holder = $1`, holderOf(wish)).
		Scan(append([]any{(*flag)(&s.MoreTime), (*flag)(&s.Stopped), &s.DarkFrom}, d.fields()...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.New(fault.NotFound, "unknown_code", "no parcel is known here for this")
	}
	if err != nil {
		return s, err
	}
	s.Barcode, s.Locker, s.Door, s.Due, s.Ended, s.EndedAt = d.Barcode, d.Locker, d.Compartment, d.Due, d.Ended, d.EndedAt
	s.Overdue, s.Unsure, s.Unpaid, s.Declined = d.Overdue, d.Unsure, d.Unpaid, d.Declined
	s.Openings, err = l.openings(ctx, *d)
	return s, err
}

// Asked notes what the holder of a code asked for and the hub has taken.
func (l *Ledger) Asked(ctx context.Context, s Stay, what string, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error { return audit(ctx, tx, now, what, s.Barcode) })
}

// Refused notes that a parcel's recipient does not want it: nobody reminds them any more, and the pinned contact is told, in case it was
// somebody else who has the code.
func (l *Ledger) Refused(ctx context.Context, s Stay, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		d := s.deposit
		err := exec(ctx, tx, `UPDATE deposit SET declined = 1 WHERE locker = $1 AND guard = $2 AND record = $3`, d.Locker, int64(d.Guard), int64(d.Record))
		if err != nil {
			return err
		}
		if err := d.tell(ctx, tx, notice{Kind: text.Refused, Fact: int64(d.Record), At: micros(now), NotBefore: micros(now)}); err != nil {
			return err
		}
		return audit(ctx, tx, now, "refused", d.Barcode)
	})
}
