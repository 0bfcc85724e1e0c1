package account

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/big"
	"strings"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

const (
	tokenTerm   = 7 * 24 * time.Hour // how long an enrolment token is good
	renewalTerm = 7 * 24 * time.Hour // the last week, in which a certificate is renewed
	proofAge    = 5 * time.Minute    // how far a renewal's time may be from ours
	backdate    = 12 * time.Hour     // a guard judges by its lower bound of the time, which may be behind
)

// AddCourier expects a courier and makes the one-time enrolment token, good for 7 days. Adding one who is there already, with
// the same carrier, changes the scope and makes a new token: the next enrolment replaces the device.
func (a *Accounts) AddCourier(ctx context.Context, n NewCourier) (Courier, secret.Text, error) {
	carrier, err := a.carrier(n.Carrier)
	if err != nil {
		return Courier{}, secret.Text{}, err
	}
	c := Courier{ID: n.ID, Carrier: carrier, Lockers: n.Lockers, Deposit: n.Deposit, Withdraw: n.Withdraw, Created: a.now()}
	if err := a.certificate(c, a.anyHouseKey()).Check(); err != nil {
		return Courier{}, secret.Text{}, fault.Wrap(err, fault.Invalid, "invalid_courier",
			"a courier has an id of a–z, 0–9, '.', '_' and '-', and 1 to 64 lockers or \"*\"")
	}
	token, stored := secret.New("")
	err = a.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).ExpectCourier(ctx, store.ExpectCourierParams{
			ID: c.ID, Carrier: c.Carrier, Lockers: strings.Join(c.Lockers, " "), Deposit: c.Deposit, Withdraw: c.Withdraw,
			TokenDigest: stored, TokenUntil: a.Now().Add(tokenTerm).UnixMicro(), DeviceKey: []byte{}, Certificate: []byte{}, Created: c.Created,
		})
		if err == nil && rows == 0 {
			return fault.New(fault.Conflict, "courier_exists", "another carrier has a courier of that name")
		}
		return err
	})
	return c, token, err
}

// anyHouseKey stands in for a device's key while only a courier's other fields are checked.
func (a *Accounts) anyHouseKey() statement.Key {
	for _, role := range [][]statement.Holder{a.Charter.Dispatch.Holders, a.Charter.Roots.Holders} {
		if len(role) > 0 {
			return role[0].Key
		}
	}
	return statement.Key{}
}

// Couriers are all couriers, by id.
func (a *Accounts) Couriers(ctx context.Context) ([]Courier, error) {
	rows, err := store.New(a.DB.Reads()).Couriers(ctx)
	if err != nil {
		return nil, err
	}
	var list []Courier
	for _, row := range rows {
		c, err := courier(row)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// Courier finds one by id.
func (a *Accounts) Courier(ctx context.Context, id string) (Courier, error) {
	row, err := store.New(a.DB.Reads()).Courier(ctx, id)
	if row, err = db.One(row, err, "unknown_courier", "there is no such courier"); err != nil {
		return Courier{}, err
	}
	return courier(row)
}

func courier(row store.Courier) (Courier, error) {
	c := Courier{ID: row.ID, Carrier: row.Carrier, Lockers: strings.Fields(row.Lockers), Deposit: row.Deposit, Withdraw: row.Withdraw,
		Certificate: row.Certificate, Until: row.CertifiedUntil, Created: row.Created}
	if len(row.DeviceKey) == 0 {
		return c, nil
	}
	if err := statement.Decode(row.DeviceKey, &c.Key); err != nil {
		return c, fmt.Errorf("account: the stored key of courier %s: %w", row.ID, err)
	}
	return c, nil
}

// EnrolmentMessage is what a device signs to enrol with a token: "lockstep courier enrolment" and the token, nothing between.
func EnrolmentMessage(token string) []byte { return []byte("lockstep courier enrolment" + token) }

// EnrolCourier takes a one-time token, the device's key and its signature over EnrolmentMessage, and issues the certificate.
// Denied when the token is unknown, used or too old, or the proof does not verify; then the token stays as it was.
func (a *Accounts) EnrolCourier(ctx context.Context, token string, key statement.Key, proof []byte) (Courier, error) {
	if err := VerifyDevice(key, EnrolmentMessage(token), proof); err != nil {
		return Courier{}, err
	}
	row, err := store.New(a.DB.Reads()).CourierOfToken(ctx, store.CourierOfTokenParams{TokenDigest: secret.Digest(token), Now: a.now()})
	if row, err = db.One(row, err, "", ""); err != nil {
		return Courier{}, asDenied(err, "unknown_token", "this enrolment link is not known, was used, or is too old")
	}
	c, err := courier(row)
	if err != nil {
		return Courier{}, err
	}
	if c, err = a.certify(c, key); err != nil {
		return Courier{}, err
	}
	err = a.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).Enrol(ctx, store.EnrolParams{ID: c.ID, TokenDigest: []byte{}, DeviceKey: statement.Encode(key),
			Certificate: c.Certificate, CertifiedUntil: c.Until, Used: secret.Digest(token)})
		if err == nil && rows == 0 {
			return fault.New(fault.Denied, "unknown_token", "this enrolment link was used just now")
		}
		return err
	})
	return c, err
}

// RenewalMessage is what a device signs to renew its courier's certificate; at is µs UTC, written in decimal.
func RenewalMessage(courier string, at int64) []byte {
	return fmt.Appendf(nil, "lockstep courier renewal %s %d", courier, at)
}

// RenewCourier issues the next certificate in the last week of the one before, to the same device. at must be within five
// minutes of now. Before that week it answers with the certificate that holds, after it with Denied.
func (a *Accounts) RenewCourier(ctx context.Context, id string, at int64, proof []byte) (Courier, error) {
	c, err := a.Courier(ctx, id)
	if err != nil {
		return Courier{}, asDenied(err, "unknown_courier", "no device of this courier is enrolled")
	}
	if age := a.Now().Sub(time.UnixMicro(at)); age > proofAge || age < -proofAge {
		return Courier{}, fault.New(fault.Denied, "stale_proof", "the proof is not of the last five minutes; check the device's clock")
	}
	if err := VerifyDevice(c.Key, RenewalMessage(id, at), proof); err != nil {
		return Courier{}, err
	}
	switch left := time.UnixMicro(c.Until).Sub(a.Now()); {
	case left < 0:
		return Courier{}, fault.New(fault.Denied, "certificate_ended", "the courier's certificate has ended; ask the carrier for a new enrolment")
	case left > renewalTerm:
		return c, nil
	}
	if c, err = a.certify(c, c.Key); err != nil {
		return Courier{}, err
	}
	err = a.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).Certify(ctx, store.CertifyParams{ID: id, Certificate: c.Certificate, CertifiedUntil: c.Until,
			DeviceKey: statement.Encode(c.Key)})
		if err == nil && rows == 0 {
			return fault.New(fault.Conflict, "device_replaced", "another device was enrolled just now")
		}
		return err
	})
	return c, err
}

func asDenied(err error, code, message string) error {
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Denied, code, "%s", message)
	}
	return err
}

func (a *Accounts) certificate(c Courier, key statement.Key) statement.Courier {
	from := a.Now().Add(-backdate).UnixMicro()
	return statement.Courier{Carrier: c.Carrier, ID: c.ID, Key: key, Lockers: c.Lockers, Deposit: c.Deposit, Withdraw: c.Withdraw,
		From: from, Until: from + statement.MaxCourierTerm}
}

// certify signs a certificate for a device, with the key of a house carrier.
func (a *Accounts) certify(c Courier, key statement.Key) (Courier, error) {
	house, ok := a.House[c.Carrier]
	if !ok {
		return c, fault.New(fault.Unavailable, "no_carrier_key", "the carrier %s signs its couriers' certificates itself", c.Carrier)
	}
	certificate := a.certificate(c, key)
	envelope, err := statement.Sign(house, certificate)
	if err != nil {
		return c, fmt.Errorf("account: certify %s: %w", c.ID, err)
	}
	c.Key, c.Certificate, c.Until = key, envelope, certificate.Until
	return c, nil
}

// VerifyDevice checks a device's signature over a message; Denied when it does not hold. ES256 is ECDSA on P-256 over SHA-256,
// signature r‖s, as WebCrypto writes it.
func VerifyDevice(key statement.Key, message, signature []byte) error {
	if key.Check() == nil && signed(key, message, signature) {
		return nil
	}
	return fault.New(fault.Denied, "bad_proof", "the device's signature does not verify")
}

func signed(key statement.Key, message, signature []byte) bool {
	switch key.Alg {
	case statement.EdDSA:
		return ed25519.Verify(key.Public, message, signature)
	case statement.ES256:
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key.Public)
		if err != nil || len(signature) != 64 {
			return false
		}
		sum := sha256.Sum256(message)
		return ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	return false
}
