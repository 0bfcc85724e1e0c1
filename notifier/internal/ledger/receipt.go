package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/guard/statement"
)

const (
	receiptEvery = 15 * time.Minute
	receiptNews  = time.Minute
)

// ReceiptDue says whether a verified head deserves a receipt: the locker has booted since the last one, or that is 15 min old,
// or news came and it is 60 s old.
func (l *Ledger) ReceiptDue(ctx context.Context, head statement.Head, news bool, now time.Time) (bool, error) {
	var boot, at int64
	err := l.db.Reads().QueryRowContext(ctx, `SELECT receipt_boot, receipt_at FROM locker WHERE id = $1`, head.Locker).Scan(&boot, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	age := now.Sub(time.UnixMicro(at))
	return uint64(boot) != head.Boot || age >= receiptEvery || age < 0 || (news && age >= receiptNews), err
}

// ReceiptSent notes that the hub has taken a receipt for this head.
func (l *Ledger) ReceiptSent(ctx context.Context, head statement.Head, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, `UPDATE locker SET receipt_boot = $1, receipt_at = $2 WHERE id = $3`, int64(head.Boot), micros(now), head.Locker)
	})
}
