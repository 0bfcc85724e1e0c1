package courier

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/courier/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// Revocation says that a device is no courier's any more. Lockers that have not heard of it go by its certificate's end.
type Revocation struct {
	Carrier string
	Key     statement.KeyID // the device's
	Made    int64           // µs UTC
}

// revokedTerm is how long a revocation matters: no certificate made before it holds longer.
const revokedTerm = statement.MaxCourierTerm * time.Microsecond

// maxRevoked bounds what a carrier may ask others to remember at a time.
const maxRevoked = 500

// Revoke ends a courier's device and a link that is not used yet: no certificate is made from here on, and a revocation waits for
// Tell. Expecting the courier again makes a new link.
func (c *Couriers) Revoke(ctx context.Context, id string) error {
	return c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		row, err := q.Courier(ctx, id)
		if row, err = db.One(row, err, "unknown_courier", "there is no such courier"); err != nil {
			return err
		}
		rows, err := q.Release(ctx, store.ReleaseParams{ID: id, Nothing: []byte{}, Was: append([]byte{}, row.DeviceKey...)}) // an empty column is read as nil
		if err == nil && rows == 0 {
			err = fmt.Errorf("courier: revoke %s: %w", id, db.ErrRaced)
		}
		if err != nil {
			return err
		}
		was, err := courier(row)
		if err != nil {
			return err
		}
		return c.end(ctx, q, was)
	})
}

// end writes the revocation of a courier's device, if there is one whose certificate could still hold.
func (c *Couriers) end(ctx context.Context, q *store.Queries, was Courier) error {
	if len(was.Certificate) == 0 {
		return nil
	}
	id := was.Key.ID()
	_, err := q.Revoke(ctx, store.RevokeParams{Carrier: was.Carrier, KeyID: id[:], Made: c.now()})
	return err
}

// RevokeKey takes a revocation from a carrier with a service of its own. Twice is no error; Conflict when more wait than lockers
// should be asked to remember.
func (c *Couriers) RevokeKey(ctx context.Context, carrier string, key statement.KeyID) error {
	return c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		rows, err := q.Revoke(ctx, store.RevokeParams{Carrier: carrier, KeyID: key[:], Made: c.now()})
		if err != nil || rows == 0 {
			return err
		}
		n, err := q.CountRevoked(ctx, carrier)
		if err == nil && n > maxRevoked {
			err = fault.New(fault.Conflict, "too_many_revocations", "at most %d revocations in 14 days", maxRevoked)
		}
		if err != nil {
			return err
		}
		return c.Audit(ctx, tx, "carrier "+carrier, "revoked a device", key.String())
	})
}

// Waiting lists the revocations that nobody was told of yet, oldest first.
func (c *Couriers) Waiting(ctx context.Context) ([]Revocation, error) {
	rows, err := store.New(c.DB.Reads()).Untold(ctx)
	var list []Revocation
	for _, row := range rows {
		if len(row.KeyID) != len(statement.KeyID{}) {
			return nil, fmt.Errorf("courier: a stored revocation of carrier %s is no key's", row.Carrier)
		}
		list = append(list, Revocation{row.Carrier, statement.KeyID(row.KeyID), row.Made})
	}
	return list, err
}

// Tell hands on every revocation that waits; what fails goes on waiting. It may tell one twice, after a crash or beside another
// node. Those that matter no longer are dropped.
func (c *Couriers) Tell(ctx context.Context, tell func(context.Context, Revocation) error) error {
	if err := c.write(ctx, func(q *store.Queries) error { return q.DropRevoked(ctx, c.Now().Add(-revokedTerm).UnixMicro()) }); err != nil {
		return err
	}
	list, err := c.Waiting(ctx)
	for _, r := range list {
		failed := tell(ctx, r)
		if failed == nil {
			failed = c.write(ctx, func(q *store.Queries) error {
				return q.Told(ctx, store.ToldParams{Carrier: r.Carrier, KeyID: r.Key[:], Told: c.now()})
			})
		}
		err = errors.Join(err, failed)
	}
	return err
}

func (c *Couriers) write(ctx context.Context, do func(q *store.Queries) error) error {
	return c.DB.Tx(ctx, func(tx *sql.Tx) error { return do(store.New(tx)) })
}
