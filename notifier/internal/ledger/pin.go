package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/contact"
)

// Announced is a contact as the hub hands it over: sealed, with what may be shown beside it.
type Announced struct {
	Barcode            string
	Sealed             []byte
	Merchant, Shipment string
	Shown              string // the locker it is announced for, as people know it
	Tracking           string // URL
}

// Pin keeps a parcel's contact at first sight; whoever came first stays. It returns whether this contact is the one now
// kept. One that cannot be opened for this barcode (a swapped blob), is none, or differs from the pinned one is refused with
// an alarm and changes nothing. In every case the hub need not keep it.
func (l *Ledger) Pin(ctx context.Context, a Announced, now time.Time) (pinned bool, err error) {
	plain, kind := l.judge(a)
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		if kind == "" {
			pinned, kind, err = l.pin(ctx, tx, a, plain, now)
		}
		if err != nil || kind == "" {
			return err
		}
		return raise(ctx, tx, Alarm{At: now, Kind: kind, Barcode: barcodeOrNone(a.Barcode)})
	})
	return pinned, err
}

func (l *Ledger) judge(a Announced) (plain []byte, alarm string) {
	if statement.CheckBarcode(a.Barcode) != nil {
		return nil, "contact for no barcode"
	}
	plain, err := statement.OpenContact(l.key, a.Sealed, a.Barcode)
	if err != nil {
		return nil, "contact unreadable"
	}
	if _, err := contact.Decode(plain); err != nil {
		return nil, "contact unusable"
	}
	return plain, ""
}

func (l *Ledger) pin(ctx context.Context, tx *sql.Tx, a Announced, plain []byte, now time.Time) (bool, string, error) {
	result, err := tx.ExecContext(ctx, `INSERT INTO parcel (barcode, merchant, shipment, shown, tracking, contact, pinned_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (barcode) DO NOTHING`,
		a.Barcode, a.Merchant, a.Shipment, a.Shown, a.Tracking, a.Sealed, micros(now))
	if err != nil {
		return false, "", err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return n == 1, "", err
	}
	var sealed []byte
	if err := tx.QueryRowContext(ctx, `SELECT contact FROM parcel WHERE barcode = $1`, a.Barcode).Scan(&sealed); err != nil {
		return false, "", err
	}
	if sealed == nil {
		return false, "contact after erasure", nil
	}
	known, err := statement.OpenContact(l.key, sealed, a.Barcode)
	if err != nil {
		return false, "", err
	}
	if !bytes.Equal(known, plain) {
		return false, "contact changed", nil
	}
	return true, "", nil
}

// barcodeOrNone keeps strange texts of the hub's out of the ledger.
func barcodeOrNone(s string) string {
	if statement.CheckBarcode(s) != nil {
		return ""
	}
	return s
}
