package ledger

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/fault"
)

// wishPrefix is what a wish for more time is a digest of, before the QR secret: the secret itself goes to no server.
const wishPrefix = "lockstep more time\n"

// WishOf is what somebody shows who has a parcel's code and asks for more time.
func WishOf(secret [16]byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(wishPrefix), secret[:]...))
}

// MayWish says whether this wish is of somebody who has the code that opens the parcel's door now, and the parcel's merchant lets its
// recipients ask. NotFound, one answer for all, where not.
func (l *Ledger) MayWish(ctx context.Context, barcode string, wish []byte) error {
	refused := fault.New(fault.NotFound, "not_waiting", "no parcel waits for which this can be asked")
	if statement.CheckBarcode(barcode) != nil {
		return refused
	}
	items, err := rows(ctx, l.db.Reads(), func(r *sql.Rows) (i item, err error) {
		err = r.Scan(append([]any{&i.sealed}, i.deposit.fields()...)...)
		return i, err
	}, `SELECT d.sealed, `+depositColumns+` FROM deposit d JOIN parcel p ON p.barcode = d.barcode
		WHERE d.barcode = $1 AND d.ended = '' AND d.sealed IS NOT NULL AND p.more_time = 1`, barcode)
	if err != nil {
		return err
	}
	for _, i := range items {
		code, err := l.openCode(i.sealed, i.deposit.Locker, i.deposit.CodeRecord, barcode)
		if err != nil {
			continue
		}
		if want := WishOf(code.Secret); subtle.ConstantTimeCompare(want[:], wish) == 1 {
			return nil
		}
	}
	return refused
}

// Wished notes a wish that the hub has taken.
func (l *Ledger) Wished(ctx context.Context, barcode string, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error { return audit(ctx, tx, now, "more time asked for", barcode) })
}
