package fleet

import (
	"context"
	"database/sql"
	"errors"

	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/fault"
)

// Receipts are the latest receipts for a locker, one of each time key.
func (f *Fleet) Receipts(ctx context.Context, locker string) ([][]byte, error) {
	rows, err := store.New(f.DB.Reads()).Receipts(ctx, locker)
	var list [][]byte
	for _, r := range rows {
		list = append(list, r.Envelope)
	}
	return list, err
}

// Issued is when a time key last gave a receipt for a locker, and over which boot.
type Issued struct {
	TimeKey string // statement.KeyID in hexadecimal
	Boot    uint64
	UTC     int64
}

// Issued tells it for all time keys that ever gave one.
func (f *Fleet) Issued(ctx context.Context, tx *sql.Tx, locker string) ([]Issued, error) {
	rows, err := store.New(tx).Receipts(ctx, locker)
	var list []Issued
	for _, r := range rows {
		list = append(list, Issued{r.TimeKey, uint64(r.Boot), r.Utc})
	}
	return list, err
}

// SaveReceipt keeps a receipt, unless a later one of the same key is kept. The caller has verified or made it.
func (f *Fleet) SaveReceipt(ctx context.Context, tx *sql.Tx, key statement.Key, r statement.Receipt, envelope []byte) error {
	return store.New(tx).SaveReceipt(ctx, store.SaveReceiptParams{Locker: r.Locker, TimeKey: key.ID().String(), Envelope: envelope,
		Boot: int64(r.Boot), Utc: r.UTC})
}

// TakeReceipts verifies envelopes of statement.Receipt under the charter's time keys, keeps the latest of each locker and key
// and rings for the lockers. Invalid when one does not verify or is for a locker that is not ours; then none is kept.
func (f *Fleet) TakeReceipts(ctx context.Context, envelopes [][]byte) error {
	lockers := map[string]bool{}
	err := f.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, envelope := range envelopes {
			r, key, err := statement.Verify[statement.Receipt](envelope, f.Charter.Time.Lookup)
			if err != nil {
				return fault.Wrap(err, fault.Invalid, "bad_receipt", "a receipt does not verify")
			}
			if _, err := store.New(tx).Locker(ctx, r.Locker); errors.Is(err, sql.ErrNoRows) {
				return fault.New(fault.Invalid, "unknown_locker", "a receipt is for a locker that is not ours")
			}
			if err := f.SaveReceipt(ctx, tx, key, r, envelope); err != nil {
				return err
			}
			lockers[r.Locker] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for locker := range lockers {
		f.Ring(locker)
	}
	return nil
}
