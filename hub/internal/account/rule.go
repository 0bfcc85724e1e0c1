package account

import (
	"context"
	"database/sql"

	"lockstep/hub/internal/account/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// Rule is what a merchant leaves to others about its parcels.
type Rule struct {
	Extension  parcel.DwellTime // how long recipients may let them wait by their own word, from the deposit on; 0: no longer than the merchant said
	RedirectKM int              // how far away the next locker may be where one cannot take a parcel, as the crow flies; 0: it goes nowhere else
}

// maxRedirectKM bounds a rule: further away is no locker that a recipient chose.
const maxRedirectKM = 50

// SetExtension changes that part of a merchant's rule. NotFound for a merchant that is none, Invalid for a time that no parcel may have.
func (a *Accounts) SetExtension(ctx context.Context, merchant string, dwell parcel.DwellTime) error {
	if err := dwell.Check(); dwell != 0 && err != nil {
		return fault.Wrap(err, fault.Invalid, "invalid_dwell", "the dwell time is out of range")
	}
	return a.setRule(ctx, merchant, func(q *store.Queries) error {
		return q.SetExtension(ctx, store.SetExtensionParams{Merchant: merchant, DwellHours: int64(dwell)})
	})
}

// SetRedirect likewise.
func (a *Accounts) SetRedirect(ctx context.Context, merchant string, kilometres int) error {
	if kilometres < 0 || kilometres > maxRedirectKM {
		return fault.New(fault.Invalid, "invalid_distance", "a parcel may go to another locker at most %d km away", maxRedirectKM)
	}
	return a.setRule(ctx, merchant, func(q *store.Queries) error {
		return q.SetRedirect(ctx, store.SetRedirectParams{Merchant: merchant, RedirectKm: int64(kilometres)})
	})
}

func (a *Accounts) setRule(ctx context.Context, merchant string, set func(*store.Queries) error) error {
	if _, err := a.Merchant(ctx, merchant); err != nil {
		return err
	}
	return a.DB.Tx(ctx, func(tx *sql.Tx) error { return set(store.New(tx)) })
}

// Rule is a merchant's; the zero Rule where nothing was said.
func (a *Accounts) Rule(ctx context.Context, merchant string) (Rule, error) {
	row, err := store.New(a.DB.Reads()).Rule(ctx, merchant)
	if row, err = db.One(row, err, "", ""); fault.KindOf(err) == fault.NotFound {
		return Rule{}, nil
	}
	return Rule{parcel.DwellTime(row.DwellHours), int(row.RedirectKm)}, err
}

// Reach is that part of a merchant's rule.
func (a *Accounts) Reach(ctx context.Context, merchant string) (kilometres int, err error) {
	r, err := a.Rule(ctx, merchant)
	return r.RedirectKM, err
}
