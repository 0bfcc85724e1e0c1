package courier

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/courier/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

const (
	tokenTerm   = 7 * 24 * time.Hour // how long an enrolment token is good
	renewalTerm = 7 * 24 * time.Hour // the last week, in which a certificate is renewed
	backdate    = 12 * time.Hour     // a guard judges by its lower bound of the time, which may be behind
)

// Expect expects a courier and makes the one-time enrolment token, good for 7 days. Expecting one who is there already, with the
// same carrier, changes the scope and makes a new token: the next enrolment replaces the device.
func (c *Couriers) Expect(ctx context.Context, n NewCourier) (Courier, secret.Text, error) {
	key, ok := c.Keys[n.Carrier]
	if !ok {
		return Courier{}, secret.Text{}, fault.New(fault.Invalid, "no_carrier_key",
			"carrier %q keeps its own key and certifies its couriers itself, with its own service", n.Carrier)
	}
	expected := Courier{ID: n.ID, Carrier: n.Carrier, Lockers: n.Lockers, Deposit: n.Deposit, Withdraw: n.Withdraw, Created: c.now()}
	if err := c.certificate(expected, key.Key()).Check(); err != nil {
		return Courier{}, secret.Text{}, fault.Wrap(err, fault.Invalid, "invalid_courier",
			"a courier has an id of a–z, 0–9, '.', '_' and '-', and 1 to 64 lockers or \"*\"")
	}
	token, stored := secret.New("")
	err := c.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).ExpectCourier(ctx, store.ExpectCourierParams{ID: expected.ID, Carrier: expected.Carrier,
			Lockers: strings.Join(expected.Lockers, " "), Deposit: expected.Deposit, Withdraw: expected.Withdraw, TokenDigest: stored,
			TokenUntil: c.Now().Add(tokenTerm).UnixMicro(), DeviceKey: []byte{}, Certificate: []byte{}, Created: expected.Created})
		if err == nil && rows == 0 {
			return fault.New(fault.Conflict, "courier_exists", "another carrier has a courier of that name")
		}
		return err
	})
	return expected, token, err
}

// All are all couriers, by id.
func (c *Couriers) All(ctx context.Context) ([]Courier, error) {
	rows, err := store.New(c.DB.Reads()).Couriers(ctx)
	if err != nil {
		return nil, err
	}
	var list []Courier
	for _, row := range rows {
		one, err := courier(row)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// Courier finds one by id.
func (c *Couriers) Courier(ctx context.Context, id string) (Courier, error) {
	row, err := store.New(c.DB.Reads()).Courier(ctx, id)
	if row, err = db.One(row, err, "unknown_courier", "there is no such courier"); err != nil {
		return Courier{}, err
	}
	return courier(row)
}

// enrolled finds a courier whose device is enrolled now; Denied where there is none, whether revoked or never there.
func (c *Couriers) enrolled(ctx context.Context, id string) (Courier, error) {
	found, err := c.Courier(ctx, id)
	if fault.KindOf(err) == fault.NotFound && err != nil || err == nil && len(found.Certificate) == 0 {
		return Courier{}, fault.New(fault.Denied, "not_enrolled", "no device of this courier is enrolled; ask the carrier for a new link")
	}
	return found, err
}

func courier(row store.Courier) (Courier, error) {
	c := Courier{ID: row.ID, Carrier: row.Carrier, Lockers: strings.Fields(row.Lockers), Deposit: row.Deposit, Withdraw: row.Withdraw,
		Certificate: row.Certificate, Until: row.CertifiedUntil, Created: row.Created}
	if len(row.DeviceKey) == 0 {
		return c, nil
	}
	if err := statement.Decode(row.DeviceKey, &c.Key); err != nil {
		return c, fmt.Errorf("courier: the stored key of %s: %w", row.ID, err)
	}
	return c, nil
}

// Enrol takes a one-time token, the device's key and its signature over EnrolmentMessage, and issues the certificate. The device
// before it, if there was one, is revoked. Denied when the token is unknown, used or too old, or the proof does not verify; then
// the token stays as it was.
func (c *Couriers) Enrol(ctx context.Context, token string, key statement.Key, proof []byte) (Courier, error) {
	if err := verify(key, EnrolmentMessage(token), proof); err != nil {
		return Courier{}, err
	}
	before, err := c.invited(ctx, token)
	if err != nil {
		return Courier{}, err
	}
	after, err := c.certify(before, key)
	if err != nil {
		return Courier{}, err
	}
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		rows, err := q.Enrol(ctx, store.EnrolParams{ID: after.ID, TokenDigest: []byte{}, DeviceKey: statement.Encode(key),
			Certificate: after.Certificate, CertifiedUntil: after.Until, Used: secret.Digest(token)})
		if err == nil && rows == 0 {
			err = fault.New(fault.Denied, "unknown_token", "this enrolment link was used just now")
		}
		if err == nil && !before.Key.Equal(key) {
			err = c.end(ctx, q, before)
		}
		if err != nil {
			return err
		}
		return c.Audit(ctx, tx, actor(after), "enrolled a device", key.ID().String())
	})
	if err != nil {
		return Courier{}, err
	}
	return after, nil
}

// invited finds whose token this is. Enrolling spends it, so that nothing of its courier's device changes while it is good.
func (c *Couriers) invited(ctx context.Context, token string) (Courier, error) {
	row, err := store.New(c.DB.Reads()).CourierOfToken(ctx, store.CourierOfTokenParams{TokenDigest: secret.Digest(token), Now: c.now()})
	if row, err = db.One(row, err, "", ""); fault.KindOf(err) == fault.NotFound && err != nil {
		return Courier{}, fault.New(fault.Denied, "unknown_token", "this enrolment link is not known, was used, or is too old")
	}
	if err != nil {
		return Courier{}, err
	}
	return courier(row)
}

// Renew issues the next certificate in the last week of the one before, to the same device. at must be within five minutes of
// now. Before that week it answers with the certificate that holds, after it with Denied.
func (c *Couriers) Renew(ctx context.Context, id string, at int64, proof []byte) (Courier, error) {
	held, err := c.proven(ctx, id, at, RenewalMessage(id, at), proof)
	if err != nil || time.UnixMicro(held.Until).Sub(c.Now()) > renewalTerm {
		return held, err
	}
	next, err := c.certify(held, held.Key)
	if err != nil {
		return Courier{}, err
	}
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).Certify(ctx, store.CertifyParams{ID: id, Certificate: next.Certificate, CertifiedUntil: next.Until,
			DeviceKey: statement.Encode(next.Key)})
		if err == nil && rows == 0 {
			err = fault.New(fault.Conflict, "device_replaced", "the device was replaced or revoked just now")
		}
		if err != nil {
			return err
		}
		return c.Audit(ctx, tx, actor(next), "renewed a certificate", next.Key.ID().String())
	})
	if err != nil {
		return Courier{}, err
	}
	return next, nil
}

// actor is a courier as the audit log names them.
func actor(c Courier) string { return "courier " + c.Carrier + "/" + c.ID }

func (c *Couriers) certificate(of Courier, key statement.Key) statement.Courier {
	from := c.Now().Add(-backdate).UnixMicro()
	return statement.Courier{Carrier: of.Carrier, ID: of.ID, Key: key, Lockers: of.Lockers, Deposit: of.Deposit, Withdraw: of.Withdraw,
		From: from, Until: from + statement.MaxCourierTerm}
}

// certify signs a certificate for a device, with the key of its carrier.
func (c *Couriers) certify(of Courier, key statement.Key) (Courier, error) {
	carrier, ok := c.Keys[of.Carrier]
	if !ok {
		return of, fault.New(fault.Unavailable, "no_carrier_key", "the key of carrier %s is not here any more", of.Carrier)
	}
	certificate := c.certificate(of, key)
	envelope, err := statement.Sign(carrier, certificate)
	if err != nil {
		return of, fmt.Errorf("courier: certify %s: %w", of.ID, err)
	}
	of.Key, of.Certificate, of.Until = key, envelope, certificate.Until
	return of, nil
}
