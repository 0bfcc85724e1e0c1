package account

import (
	"context"
	"errors"

	"lockstep/guard/statement"
)

var errNotYet = errors.New("account: not built yet")

// AddMerchant makes a merchant with a number range of its own. An empty carrier is the charter's house carrier, or its only one.
func (a *Accounts) AddMerchant(ctx context.Context, name, carrier string) (Merchant, error) {
	return Merchant{}, errNotYet
}

// Merchants are all merchants, by name.
func (a *Accounts) Merchants(ctx context.Context) ([]Merchant, error) { return nil, errNotYet }

// Merchant finds one by id.
func (a *Accounts) Merchant(ctx context.Context, id string) (Merchant, error) {
	return Merchant{}, errNotYet
}

// NewKey makes an API key for a merchant; the key is shown here and never again.
func (a *Accounts) NewKey(ctx context.Context, merchant string) (Secret, error) {
	return Secret{}, errNotYet
}

// Authenticate finds whose API key this is; Denied for a key of nobody.
func (a *Accounts) Authenticate(ctx context.Context, key string) (Merchant, error) {
	return Merchant{}, errNotYet
}

// AddCourier expects a courier and makes the one-time enrolment token, good for 7 days. Adding a courier who is there already,
// with the same carrier, gives a new token: the next enrolment replaces the device.
func (a *Accounts) AddCourier(ctx context.Context, n NewCourier) (Courier, Secret, error) {
	return Courier{}, Secret{}, errNotYet
}

// Couriers are all couriers, by id.
func (a *Accounts) Couriers(ctx context.Context) ([]Courier, error) { return nil, errNotYet }

// Courier finds one by id.
func (a *Accounts) Courier(ctx context.Context, id string) (Courier, error) {
	return Courier{}, errNotYet
}

// EnrolmentMessage is what a device signs to enrol with a token, with ES256 or EdDSA as its key says.
func EnrolmentMessage(token string) []byte { return []byte("lockstep courier enrolment" + token) }

// EnrolCourier takes a one-time token, the device's key and its signature over EnrolmentMessage, and issues the certificate.
// Denied when the token is unknown, used or too old, or the proof does not verify; then the token stays as it was.
func (a *Accounts) EnrolCourier(ctx context.Context, token string, key statement.Key, proof []byte) (Courier, error) {
	return Courier{}, errNotYet
}

// RenewalMessage is what a device signs to renew its courier's certificate; at is µs UTC.
func RenewalMessage(courier string, at int64) []byte { return nil }

// RenewCourier issues the next certificate in the last week of the one before, to the same device. at must be within five
// minutes of now. Before that week it answers with the certificate that holds.
func (a *Accounts) RenewCourier(ctx context.Context, id string, at int64, proof []byte) (Courier, error) {
	return Courier{}, errNotYet
}

// VerifyDevice checks a device's signature over a message; Denied when it does not hold. ES256 signatures are r‖s.
func VerifyDevice(key statement.Key, message, signature []byte) error { return errNotYet }

// NewNotifierToken makes the notifier's bearer token and ends the one before.
func (a *Accounts) NewNotifierToken(ctx context.Context) (Secret, error) { return Secret{}, errNotYet }

// CheckNotifier is Denied unless token is the notifier's.
func (a *Accounts) CheckNotifier(ctx context.Context, token string) error { return errNotYet }

// Audit writes one line: who did what to whom. Ids only.
func (a *Accounts) Audit(ctx context.Context, actor, act, subject string) error { return errNotYet }
