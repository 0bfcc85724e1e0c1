package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// follow is how far one guard's journal is verified: that of the locker's guard of today, or of one before it.
type follow struct {
	id          string  // of the locker
	guards      uint64  // which of its guards this is, from 1
	former      bool    // another has replaced it: nothing new of it is believed
	replaces    *follow // the guard before, where this stretch is the first of the one after it
	known       bool    // its first record was believed
	stopped     string
	position    journal.Position
	powered     int64  // of the last head, µs
	ahead       uint64 // a record that a head spoke of and that has not come, 0 for none
	aheadSince  int64
	certificate statement.Locker // of the locker, once known
	bundle      []byte           // its envelopes
	lockdown    uint64           // the record that began the one that holds; 0 for none
}

// errNothing is a stretch that brings nothing: it is from before what is known, because the feed was replayed, or of a journal that
// is not believed any more.
var errNothing = errors.New("ledger: nothing new")

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func (l *Ledger) follow(ctx context.Context, tx *sql.Tx, id string) (*follow, error) {
	f := &follow{id: id, guards: 1}
	var hash []byte
	err := tx.QueryRowContext(ctx, `SELECT certificate, guards, position, hash, powered, ahead, ahead_since, stopped, lockdown FROM locker WHERE id = $1`, id).
		Scan(&f.bundle, &f.guards, &f.position.Number, &hash, &f.powered, &f.ahead, &f.aheadSince, &f.stopped, &f.lockdown)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && f.bundle == nil) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f.known = true
	copy(f.position.Hash[:], hash)
	return f, l.certify(f)
}

// certify reads the certificate that is kept. Where its charter is not among ours any more the journal is stopped: an operator has
// to look.
func (l *Ledger) certify(f *follow) error {
	bundle, err := statement.DecodeBundle(f.bundle)
	if err != nil {
		return err
	}
	if f.certificate, err = l.certificate(bundle.Envelopes); err != nil {
		f.stopped = "certificate"
		f.certificate, err = statement.ReadUnverified[statement.Locker](bundle.Envelopes[0]) // whose it is stays known
	}
	return err
}

// verify reads a stretch that continues the journal. Its error is a *journal.Break where the journal cannot be believed, and
// errNothing where nothing in it is new.
func (f *follow) verify(s journal.Stretch) ([]journal.Record, statement.Head, error) {
	if f.stopped != "" {
		return nil, statement.Head{}, errNothing
	}
	fresh, err := f.fresh(s)
	if err != nil {
		return nil, statement.Head{}, err
	}
	records, head, err := fresh.Verify(f.position, f.id, f.certificate.Guard)
	if err == nil && f.former {
		err = errNothing
		if head.Position > f.position.Number {
			err = &journal.Break{Number: f.position.Number + 1, Reason: "goes on"}
		}
	}
	return records, head, err
}

// meet reads the certificate in a journal's first record, under the charter that stands there if it is one of ours. A guard's key is
// one guard's at one locker, for ever.
func (l *Ledger) meet(ctx context.Context, tx *sql.Tx, f *follow, s journal.Stretch) error {
	records, _, err := journal.Chain(journal.Position{}, s.Records)
	if err != nil {
		return err
	}
	refused := &journal.Break{Number: 1, Reason: "certificate"}
	if len(records) == 0 {
		return &journal.Break{Number: 1, Reason: "gap"}
	}
	first := records[0]
	charter, ours := l.charterOf(first.Charter)
	if first.Kind != journal.Provisioned || !ours {
		return refused
	}
	certificate, err := statement.VerifyAll[statement.Locker](first.Certificate, charter.Provisioning)
	if err != nil || certificate.ID != f.id || certificate.Network != charter.Network {
		return refused
	}
	if _, err := time.LoadLocation(certificate.Zone); err != nil {
		return refused
	}
	if used, err := keyUsed(ctx, tx, certificate.Guard); err != nil || used {
		return cmp.Or[error](err, refused)
	}
	f.certificate = certificate
	f.bundle, err = statement.Bundle{Envelopes: first.Certificate}.Encode()
	return err
}

// fresh is the part of a stretch behind what is known; a fork before it shows in the chain or in the head. A head that the guard
// signed before the last one known proves nothing and gets no receipt; only one signed later can prove a rollback.
func (f *follow) fresh(s journal.Stretch) (journal.Stretch, error) {
	for len(s.Records) > 0 {
		r, err := journal.Decode(s.Records[0])
		if err != nil {
			return s, &journal.Break{Number: f.position.Number + 1, Reason: "chain"}
		}
		if r.Number > f.position.Number {
			return s, nil
		}
		s.Records = s.Records[1:]
	}
	head, _, err := statement.Verify[statement.Head](s.Head, func(id statement.KeyID) (statement.Key, bool) {
		return f.certificate.Guard, f.certificate.Guard.ID() == id
	})
	if err != nil || head.Locker != f.id || head.Powered > f.powered {
		return s, nil // Verify judges it
	}
	if head.Position < f.position.Number || (head.Position == f.position.Number && head.Hash == f.position.Hash) {
		return s, errNothing
	}
	return s, nil
}

// advance writes down how far the journal is verified now, and whether its guard speaks of records we have not got.
func (f *follow) advance(ctx context.Context, tx *sql.Tx, records []journal.Record, head statement.Head, now time.Time) error {
	if len(records) > 0 {
		last := records[len(records)-1]
		f.position = journal.Position{Number: last.Number, Hash: last.Hash()}
	}
	ahead, since := int64(0), int64(0)
	if head.Position > f.position.Number {
		ahead, since = int64(head.Position), f.aheadSince
		if since == 0 {
			since = micros(now)
		}
	}
	return exec(ctx, tx, `INSERT INTO locker (id, certificate, guard, guards, position, hash, powered, ahead, ahead_since, lockdown)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET certificate = excluded.certificate,
		guard = excluded.guard, guards = excluded.guards, position = excluded.position, hash = excluded.hash, powered = excluded.powered, ahead = excluded.ahead, ahead_since = excluded.ahead_since, lockdown = excluded.lockdown`,
		f.id, f.bundle, f.certificate.Guard.ID().String(), int64(f.guards), int64(f.position.Number), f.position.Hash[:], max(f.powered, head.Powered), ahead, since, int64(f.lockdown))
}

// FollowAgain believes a stopped journal again from where it was last verified, and reads the hub's feed from the start:
// everything known is skipped.
func (l *Ledger) FollowAgain(ctx context.Context, locker string) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := exec(ctx, tx, `UPDATE locker SET stopped = '' WHERE id = $1`, locker); err != nil {
			return err
		}
		return exec(ctx, tx, `UPDATE feed SET cursor = 0 WHERE id = 1`)
	})
}

// withheld is how long a head may speak of records that do not come before it is an alarm: with the minute between heads and
// the keeper's, it comes within the five of doors.md R15.
const withheld = 3 * time.Minute

// Withheld raises an alarm for every locker whose guard has long spoken of records the hub does not show. It returns how many.
func (l *Ledger) Withheld(ctx context.Context, now time.Time) (n int, err error) {
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		ids, err := rows(ctx, tx, scanText, `SELECT id FROM locker WHERE ahead_since > 0 AND ahead_since <= $1`, micros(now.Add(-withheld)))
		if err != nil {
			return err
		}
		n = len(ids)
		for _, id := range ids {
			if err := raiseOnce(ctx, tx, Alarm{At: now, Kind: "withheld", Locker: id, Detail: "a signed head is ahead of the records"}); err != nil {
				return err
			}
			if err := exec(ctx, tx, `UPDATE locker SET ahead = 0, ahead_since = 0 WHERE id = $1`, id); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
