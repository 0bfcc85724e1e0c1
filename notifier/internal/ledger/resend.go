package ledger

import (
	"context"
	"database/sql"
	"time"

	"lockstep/internal/fault"
	"lockstep/notifier/internal/text"
)

// resendPause is how long a recipient has peace after a code was sent again.
const resendPause = 10 * time.Minute

// Resend tells a parcel's pinned contact its code once more: the same code, no new one. Faults: NotFound where no parcel of this
// barcode waits in a locker, Conflict where its contact is erased or this was done a moment ago.
func (l *Ledger) Resend(ctx context.Context, barcode string, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		stays, err := rows(ctx, tx, scanDeposit, `SELECT `+depositColumns+` FROM deposit d WHERE d.barcode = $1 AND d.ended = ''`, barcode)
		if err != nil {
			return err
		}
		if len(stays) == 0 {
			return fault.New(fault.NotFound, "not_waiting", "no parcel with this barcode waits in a locker")
		}
		if err := mayResend(ctx, tx, barcode, now); err != nil {
			return err
		}
		for _, d := range stays {
			if err := d.tell(ctx, tx, notice{Kind: text.Stored, Fact: micros(now), At: micros(now), NotBefore: micros(now)}); err != nil {
				return err
			}
		}
		return audit(ctx, tx, now, "sent again", barcode)
	})
}

func mayResend(ctx context.Context, tx *sql.Tx, barcode string, now time.Time) error {
	contacts, err := count(ctx, tx, `SELECT COUNT(*) FROM parcel WHERE barcode = $1 AND contact IS NOT NULL`, barcode)
	if err != nil {
		return err
	}
	if contacts == 0 {
		return fault.New(fault.Conflict, "no_contact", "there is no contact for this parcel")
	}
	recent, err := count(ctx, tx, `SELECT COUNT(*) FROM audit WHERE barcode = $1 AND act = 'sent again' AND at > $2`, barcode, micros(now.Add(-resendPause)))
	if err == nil && recent > 0 {
		err = fault.New(fault.Conflict, "too_soon", "this code was sent again less than 10 minutes ago")
	}
	return err
}
