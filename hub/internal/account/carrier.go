package account

import (
	"context"
	"database/sql"

	"lockstep/hub/internal/account/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

// Carrier checks a carrier's name against the charter and fills in the one that is meant when none is named: the house carrier,
// or the charter's only one.
func (a *Accounts) Carrier(name string) (string, error) {
	carriers := a.Charter.Carriers
	if name == "" {
		for _, c := range carriers {
			if c.KeyAtHub || len(carriers) == 1 {
				return c.ID, nil
			}
		}
	}
	if _, ok := a.Charter.Carrier(name); !ok {
		return "", fault.New(fault.Invalid, "unknown_carrier", "the charter knows no carrier %q", name)
	}
	return name, nil
}

// NewCarrierToken makes the bearer token with which a carrier's own service asks the hub, and ends the one before. A house carrier
// has no such service: the hub itself acts for it.
func (a *Accounts) NewCarrierToken(ctx context.Context, carrier string) (secret.Text, error) {
	known, ok := a.Charter.Carrier(carrier)
	if !ok {
		return secret.Text{}, fault.New(fault.Invalid, "unknown_carrier", "the charter knows no carrier %q", carrier)
	}
	if known.KeyAtHub {
		return secret.Text{}, fault.New(fault.Invalid, "house_carrier", "the charter says that the hub keeps the key of carrier %q and acts for it", carrier)
	}
	token, stored := secret.New("lsc_")
	err := a.DB.Tx(ctx, func(tx *sql.Tx) error {
		return store.New(tx).SetCarrierToken(ctx, store.SetCarrierTokenParams{Carrier: carrier, Digest: stored, Created: a.now()})
	})
	return token, err
}

// CarrierOfToken finds whose token this is; Denied for a token of nobody.
func (a *Accounts) CarrierOfToken(ctx context.Context, token string) (string, error) {
	carrier, err := store.New(a.DB.Reads()).CarrierOfToken(ctx, secret.Digest(token))
	if carrier, err = db.One(carrier, err, "", ""); fault.KindOf(err) == fault.NotFound && err != nil {
		return "", fault.New(fault.Denied, "unauthorized", "this token is no carrier's")
	}
	return carrier, err
}
