package fleet

import (
	"context"
	"errors"
)

var errNotYet = errors.New("fleet: not built yet")

// Add adds a locker and makes the secret of its enrolment code, good for 30 days. Adding one that is not provisioned yet again
// renews the secret.
func (f *Fleet) Add(ctx context.Context, n NewLocker) (Locker, Secret, error) {
	return Locker{}, Secret{}, errNotYet
}

// Locker finds one by id; NotFound ("unknown_locker") where there is none.
func (f *Fleet) Locker(ctx context.Context, id string) (Locker, error) { return Locker{}, errNotYet }

// Lockers are all lockers by id, after the id of the last one seen ("" for the first page); limit ≤ 1000.
func (f *Fleet) Lockers(ctx context.Context, after string, limit int) ([]Locker, error) {
	return nil, errNotYet
}

// Compartments of a locker, by number; none until it is provisioned.
func (f *Fleet) Compartments(ctx context.Context, locker string) ([]Compartment, error) {
	return nil, errNotYet
}

// Enrol takes the secret of an enrolment code and binds the link's certificate (hexadecimal SHA-256 of its DER) to the locker.
// Denied when the secret is wrong, used or too old.
func (f *Fleet) Enrol(ctx context.Context, locker, secret, fingerprint string) error {
	return errNotYet
}

// CheckEnrol says whether Enrol would take the secret, so that a certificate can be made before it is used up.
func (f *Fleet) CheckEnrol(ctx context.Context, locker, secret string) error { return errNotYet }

// Renew replaces the link's certificate; Conflict unless old is the one that held.
func (f *Fleet) Renew(ctx context.Context, locker, old, fingerprint string) error { return errNotYet }

// Fingerprint is the link certificate that holds for a locker.
func (f *Fleet) Fingerprint(ctx context.Context, locker string) (string, error) {
	return "", errNotYet
}

// Raise opens an alarm, unless the same is open.
func (f *Fleet) Raise(ctx context.Context, a Alarm) error { return errNotYet }

// Alarms are the open alarms of a locker, or of all lockers for ""; newest first, at most limit.
func (f *Fleet) Alarms(ctx context.Context, locker string, limit int) ([]Alarm, error) {
	return nil, errNotYet
}

// Receipts are the latest receipts for a locker, one of each time key.
func (f *Fleet) Receipts(ctx context.Context, locker string) ([][]byte, error) {
	return nil, errNotYet
}

// TakeReceipts verifies envelopes of statement.Receipt under the charter's time keys, keeps the latest of each locker and key
// and rings for the lockers. Invalid when one does not verify; then none is kept.
func (f *Fleet) TakeReceipts(ctx context.Context, envelopes [][]byte) error { return errNotYet }
