package custody

import (
	"context"
	"database/sql"
	"errors"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/internal/fault"
)

// ContactKey is a contact key as it was handed in.
type ContactKey struct {
	Number    int64 // rises in the order of commits
	Statement []byte
}

// TakeContactKey takes the next contact key of a merchant's number range and keeps it for the notifier, which believes only what
// it has verified itself. The one in use again is no error. Faults: Invalid "not_your_range", Invalid "contact_key_refused",
// Unavailable "contacts_pending".
func (c *Custody) TakeContactKey(ctx context.Context, merchant, numberRange string, bundle []byte) (key statement.ContactKey, err error) {
	b, err := statement.DecodeBundle(bundle)
	if err != nil {
		return key, refusedContactKey(err)
	}
	claimed, err := statement.ReadUnverified[statement.ContactKey](b.Envelopes[0])
	if err != nil {
		return key, refusedContactKey(err)
	}
	if claimed.Prefix != numberRange {
		return key, fault.New(fault.Invalid, "not_your_range", "the contact key is for another number range than yours")
	}
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if err := lockRange(ctx, q, numberRange); err != nil {
			return err
		}
		key, err = c.nextContactKey(ctx, q, merchant, b, claimed)
		return err
	})
	return key, err
}

func (c *Custody) nextContactKey(ctx context.Context, q *store.Queries, merchant string, b statement.Bundle, claimed statement.ContactKey) (statement.ContactKey, error) {
	held, err := contactKey(ctx, q, merchant)
	if err != nil || held != nil && held.Serial == claimed.Serial && held.Key.Equal(claimed.Key) {
		return claimed, err
	}
	key, err := statement.VerifyContactKey(b.Envelopes, c.charter(), held)
	if err != nil {
		return key, refusedContactKey(err)
	}
	if err := nonePending(ctx, q, merchant); err != nil {
		return key, err
	}
	data, err := b.Encode()
	if err != nil {
		return key, err
	}
	number, err := q.NextCursor(ctx)
	if err != nil {
		return key, err
	}
	return key, q.AddContactKey(ctx, store.AddContactKeyParams{Number: number, Merchant: merchant, Statement: data, Created: c.now()})
}

// nonePending waits for the notifier to have the merchant's contacts of before: under the next key it would refuse them.
func nonePending(ctx context.Context, q *store.Queries, merchant string) error {
	n, err := q.CountContacts(ctx, merchant)
	if err == nil && n > 0 {
		err = fault.New(fault.Unavailable, "contacts_pending", "the notifier has not fetched all contacts of your shipments yet; try again in a minute")
	}
	return err
}

func refusedContactKey(err error) error {
	return fault.New(fault.Invalid, "contact_key_refused", "the contact key is not believed: %v", err)
}

// contactKey is the one in use; nil for a merchant that has none.
func contactKey(ctx context.Context, q *store.Queries, merchant string) (*statement.ContactKey, error) {
	row, err := q.LastContactKey(ctx, merchant)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := statement.DecodeBundle(row.Statement)
	if err != nil {
		return nil, err
	}
	key, err := statement.ReadUnverified[statement.ContactKey](b.Envelopes[0]) // verified when it was taken
	return &key, err
}

// ContactKey is the contact key a merchant uses; nil where it has none.
func (c *Custody) ContactKey(ctx context.Context, merchant string) (*statement.ContactKey, error) {
	return contactKey(ctx, store.New(c.DB.Reads()), merchant)
}

// ContactKeys are those handed in after a number, in order.
func (c *Custody) ContactKeys(ctx context.Context, after int64, limit int) (list []ContactKey, err error) {
	rows, err := store.New(c.DB.Reads()).ContactKeys(ctx, store.ContactKeysParams{Number: after, Limit: int32(limit)})
	for _, row := range rows {
		list = append(list, ContactKey{row.Number, row.Statement})
	}
	return list, err
}

// checkContacts holds a shipment to its merchant's contact key: with one, every contact comes sealed and signed by it; without,
// none does.
func checkContacts(ctx context.Context, q *store.Queries, n NewShipment) error {
	key, err := contactKey(ctx, q, n.Merchant)
	switch {
	case err != nil:
		return err
	case key != nil && !n.sealed() && n.Seal != nil:
		return fault.New(fault.Conflict, "contact_key_in_use", "your number range has a contact key: give each parcel its barcode and its sealed_contact instead of a recipient")
	case key == nil && n.sealed():
		return fault.New(fault.Conflict, "no_contact_key", "your number range has no contact key yet; hand one in first")
	case key == nil || !n.sealed():
		return nil
	}
	for i, p := range n.Parcels {
		if err := checkContact(p, key.Key, i); err != nil {
			return err
		}
	}
	return nil
}

func checkContact(p NewParcel, key statement.Key, place int) error {
	c, err := statement.VerifyContact(p.Contact, key)
	if err != nil {
		return fault.New(fault.Invalid, "contact_refused", "parcels[%d]: the sealed contact is not one that your contact key has signed (%s)", place, statement.Reason(err))
	}
	if c.Barcode != p.Barcode {
		return fault.New(fault.Invalid, "contact_of_another_barcode", "parcels[%d]: the contact is signed for another barcode", place)
	}
	return nil
}
