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
	"time"

	"github.com/google/uuid"

	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/notifier/migrations"
)

// Ledger works on one database under one charter.
type Ledger struct {
	db      *db.DB
	charter statement.Charter
	key     hpke.PrivateKey
}

// Open brings the tables up to date. It refuses a key that is not the charter's: nothing sealed could be opened with it, and
// contacts the hub deletes on our word would be lost.
func Open(ctx context.Context, d *db.DB, charter statement.Charter, sealKey []byte) (*Ledger, error) {
	key, err := statement.ParseSealKey(sealKey)
	if err != nil {
		return nil, errors.New("ledger: the notifier's key cannot be read")
	}
	if !bytes.Equal(key.PublicKey().Bytes(), charter.Notifier) {
		return nil, errors.New("ledger: the notifier's key is not the one in the charter")
	}
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		return nil, err
	}
	return &Ledger{d, charter, key}, nil
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
