package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/fault"
)

// AddContactKey believes a contact key: the next of its range, or the first of a range that overlaps no other's. It says which
// key holds afterwards. The one that holds already is no error; everything else is refused with the reason and changes nothing.
func (l *Ledger) AddContactKey(ctx context.Context, bundle []byte) (key statement.ContactKey, err error) {
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		key, err = l.addContactKey(ctx, tx, bundle)
		return err
	})
	return key, err
}

// ReadContactKey takes a contact key as the hub's feed gives it and moves the feed's place behind it. One that is refused leaves
// an alarm. It returns whether its key holds now.
func (l *Ledger) ReadContactKey(ctx context.Context, number int64, bundle []byte, now time.Time) (taken bool, err error) {
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		_, refused := l.addContactKey(ctx, tx, bundle)
		if refused != nil && fault.KindOf(refused) == fault.Internal {
			return refused
		}
		if taken = refused == nil; !taken {
			code, _ := fault.Public(refused)
			if err := raiseOnce(ctx, tx, Alarm{At: now, Kind: "contact key refused", Detail: code}); err != nil {
				return err
			}
		}
		return exec(ctx, tx, `UPDATE feed SET contact_keys = $1 WHERE id = 1 AND contact_keys < $1`, number)
	})
	return taken, err
}

// ContactKeysRead is the feed's number of the last contact key read.
func (l *Ledger) ContactKeysRead(ctx context.Context) (int64, error) {
	return count(ctx, l.db.Reads(), `SELECT contact_keys FROM feed WHERE id = 1`)
}

func (l *Ledger) addContactKey(ctx context.Context, tx *sql.Tx, bundle []byte) (statement.ContactKey, error) {
	b, err := statement.DecodeBundle(bundle)
	if err != nil {
		return statement.ContactKey{}, refusedKey(err)
	}
	claimed, err := statement.ReadUnverified[statement.ContactKey](b.Envelopes[0])
	if err != nil {
		return statement.ContactKey{}, refusedKey(err)
	}
	held, err := heldKey(ctx, tx, claimed.Prefix)
	if err != nil {
		return statement.ContactKey{}, err
	}
	if held != nil && held.Serial == claimed.Serial && held.Key.Equal(claimed.Key) && held.Merchant == claimed.Merchant {
		return *held, nil
	}
	key, err := statement.VerifyContactKey(b.Envelopes, l.charters[0], held)
	if err != nil {
		return statement.ContactKey{}, refusedKey(err)
	}
	if held == nil {
		if err := checkOverlap(ctx, tx, key.Prefix); err != nil {
			return statement.ContactKey{}, err
		}
	}
	return key, exec(ctx, tx, `INSERT INTO contact_key (prefix, statement) VALUES ($1, $2)
		ON CONFLICT (prefix) DO UPDATE SET statement = excluded.statement`, key.Prefix, statement.Encode(key))
}

// refusedKey says why, in the statement's own words, which hold nothing of what was sent but numbers and key ids.
func refusedKey(err error) error {
	return fault.New(fault.Invalid, statement.Reason(err), "%v", err)
}

func checkOverlap(ctx context.Context, tx *sql.Tx, prefix string) error {
	n, err := count(ctx, tx, `SELECT COUNT(*) FROM contact_key WHERE prefix = substr(CAST($1 AS TEXT), 1, length(prefix))
		OR CAST($1 AS TEXT) = substr(prefix, 1, length(CAST($1 AS TEXT)))`, prefix)
	if err == nil && n > 0 {
		err = fault.New(fault.Conflict, "overlap", "the number range overlaps another's, which has a contact key")
	}
	return err
}

// heldKey is the contact key of exactly this range; nil where it has none.
func heldKey(ctx context.Context, tx *sql.Tx, prefix string) (*statement.ContactKey, error) {
	return scanKey(tx.QueryRowContext(ctx, `SELECT statement FROM contact_key WHERE prefix = $1`, prefix))
}

// keyFor is the contact key of the range a barcode is of; nil where it has none.
func keyFor(ctx context.Context, tx *sql.Tx, barcode string) (*statement.ContactKey, error) {
	return scanKey(tx.QueryRowContext(ctx, `SELECT statement FROM contact_key WHERE prefix = substr(CAST($1 AS TEXT), 1, length(prefix))`, barcode))
}

func scanKey(row *sql.Row) (*statement.ContactKey, error) {
	var data []byte
	err := row.Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	key := &statement.ContactKey{}
	return key, statement.Decode(data, key)
}
