package account

import (
	"context"
	"database/sql"

	"lockstep/hub/internal/account/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// SetExtension says how long recipients may let a merchant's parcels wait by their own word, from the deposit on; 0 ends that. NotFound
// for a merchant that is none, Invalid for a time that no parcel may have.
func (a *Accounts) SetExtension(ctx context.Context, merchant string, dwell parcel.DwellTime) error {
	if err := dwell.Check(); dwell != 0 && err != nil {
		return fault.Wrap(err, fault.Invalid, "invalid_dwell", "the dwell time is out of range")
	}
	if _, err := a.Merchant(ctx, merchant); err != nil {
		return err
	}
	return a.DB.Tx(ctx, func(tx *sql.Tx) error {
		if dwell == 0 {
			return store.New(tx).DropExtension(ctx, merchant)
		}
		return store.New(tx).SetExtension(ctx, store.SetExtensionParams{Merchant: merchant, DwellHours: int64(dwell)})
	})
}

// Extension is what SetExtension said of a merchant; 0 where recipients may not ask for more time.
func (a *Accounts) Extension(ctx context.Context, merchant string) (parcel.DwellTime, error) {
	hours, err := store.New(a.DB.Reads()).Extension(ctx, merchant)
	if hours, err = db.One(hours, err, "", ""); fault.KindOf(err) == fault.NotFound {
		return 0, nil
	}
	return parcel.DwellTime(hours), err
}
