// Package ledger is what the notifier knows: pinned contacts, how far each locker's journal is verified, the deposits that
// follow from it, and who has to be told what. It believes signatures, not the hub.
//
// Contacts and codes rest in its tables only as they came: sealed to the notifier's key. They are opened in memory for as
// long as a message takes. One notifier works on one database.
package ledger

import (
	"bytes"
	"context"
	"crypto/hpke"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/notifier/migrations"
)

// Ledger works on one database under the charter of today and those before it.
type Ledger struct {
	db       *db.DB
	charters []statement.Charter // newest first; a journal may have begun under any of them
	keys     []hpke.PrivateKey   // newest first; something sealed may be to any of them
	persons  *persons
	phones   *phones
}

// Open brings the tables up to date. Charters and the notifier's private keys come newest first. It refuses a newest key that is
// not the newest charter's: nothing sealed from now on could be opened, and contacts the hub deletes on our word would be lost.
func Open(ctx context.Context, d *db.DB, charters []statement.Charter, sealKeys [][]byte) (*Ledger, error) {
	l := &Ledger{db: d, charters: charters, persons: newPersons(), phones: newPhones()}
	for _, private := range sealKeys {
		key, err := statement.ParseSealKey(private)
		if err != nil {
			return nil, errors.New("ledger: a key of the notifier's cannot be read")
		}
		l.keys = append(l.keys, key)
	}
	if len(charters) == 0 || len(l.keys) == 0 || !bytes.Equal(l.keys[0].PublicKey().Bytes(), charters[0].Notifier) {
		return nil, errors.New("ledger: the notifier's key is not the one in the charter")
	}
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		return nil, err
	}
	return l, l.nameHolders(ctx)
}

// openContact opens a contact with whichever of our keys it is sealed to.
func (l *Ledger) openContact(sealed []byte, barcode string) (plain []byte, err error) {
	for _, key := range l.keys {
		if plain, err = statement.OpenContact(key, sealed, barcode); err == nil {
			return plain, nil
		}
	}
	return nil, err
}

// openCode opens the code that one record of a locker sealed, with whichever of our keys it is sealed to.
func (l *Ledger) openCode(sealed []byte, locker string, record uint64, barcode string) (code statement.SealedCode, err error) {
	for _, key := range l.keys {
		if code, err = statement.OpenCode(key, sealed, locker, record, barcode); err == nil {
			return code, nil
		}
	}
	return code, err
}

// certificate reads a locker's certificate under the charter of today or one before it.
func (l *Ledger) certificate(envelopes [][]byte) (certificate statement.Locker, err error) {
	for _, charter := range l.charters {
		if certificate, err = statement.VerifyAll[statement.Locker](envelopes, charter.Provisioning); err == nil {
			return certificate, nil
		}
	}
	return certificate, err
}

// charterOf finds which of our charters a record holds; false for one that we do not know.
func (l *Ledger) charterOf(envelopes [][]byte) (statement.Charter, bool) {
	if len(envelopes) == 0 {
		return statement.Charter{}, false
	}
	claimed, err := statement.ReadUnverified[statement.Charter](envelopes[0])
	if err != nil {
		return statement.Charter{}, false
	}
	said := statement.Encode(claimed)
	i := slices.IndexFunc(l.charters, func(c statement.Charter) bool { return bytes.Equal(statement.Encode(c), said) })
	if i < 0 {
		return statement.Charter{}, false
	}
	return l.charters[i], true
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return id.String(), nil
}

func micros(t time.Time) int64 { return t.UnixMicro() }

// moment is the time of µs UTC, and the zero time of 0.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// exec is a write whose result nobody asks for.
func exec(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

// count is a query for one number.
func count(ctx context.Context, q db.Queryer, query string, args ...any) (n int64, err error) {
	err = q.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// rows reads every row of a query.
func rows[T any](ctx context.Context, q db.Queryer, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	found, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var all []T
	for found.Next() {
		one, err := scan(found)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, found.Err()
}
