package custody

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// MaxParcels bounds one shipment.
const MaxParcels = 20

// CreateShipment announces a shipment: barcodes, room by size, its place on the next manifest or, for what a customer puts in, permits; all or
// nothing. replayed is true when
// the merchant sent the same before: then nothing is done and the answer is that shipment as it stands now. Faults: Conflict
// "idempotency_conflict" (same key, another body), Conflict "locker_full" or "locker_not_ready", Invalid "unknown_locker",
// Conflict "contact_key_in_use", "no_contact_key" or "barcode_used"; of what a return is of, NotFound "unknown_shipment" and Conflict
// "not_collected"; Invalid otherwise.
func (c *Custody) CreateShipment(ctx context.Context, n NewShipment) (s Shipment, replayed bool, err error) {
	if err := errors.Join(n.check(), c.mayCharge(n)); err != nil {
		return Shipment{}, false, err
	}
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		id := uuid.Must(uuid.NewV7()).String()
		known, err := c.claim(ctx, tx, n, id)
		if err != nil {
			return err
		}
		if replayed = known != ""; replayed {
			s, err = load(ctx, store.New(tx), n.Merchant, known)
			return err
		}
		if err := c.announce(ctx, tx, n, id); err != nil {
			return err
		}
		s, err = load(ctx, store.New(tx), n.Merchant, id)
		return err
	})
	if err != nil {
		return Shipment{}, false, err
	}
	if !replayed {
		c.Dispatch.Poke()
		c.Dispatch.Ring(n.first())
	}
	return s, replayed, nil
}

// first is the locker that the parcels are put into first.
func (n NewShipment) first() string { return cmp.Or(n.From, n.Locker) }

// byCustomer says whether a customer puts them in there.
func (n NewShipment) byCustomer() bool { return n.Return || n.From != "" }

func (n NewShipment) check() error {
	switch {
	case !plain(n.Key, 1, 255):
		return fault.New(fault.Invalid, "invalid_idempotency_key", "an idempotency key has 1 to 255 characters")
	case !plain(n.Reference, 0, 100):
		return fault.New(fault.Invalid, "invalid_reference", "a reference has at most 100 characters")
	case !plain(n.FromCity, 0, 100), !plain(n.FromRegion, 0, 100), !plain(n.Description, 0, 500):
		return fault.New(fault.Invalid, "invalid_terms", "a city and a region have at most 100 characters, a description 500")
	case !n.Return && n.Dwell.Check() != nil:
		return fault.Wrap(n.Dwell.Check(), fault.Invalid, "invalid_dwell", "the dwell time is out of range")
	case n.From != "" && (n.From == n.Locker || n.Return):
		return fault.New(fault.Invalid, "same_locker", "what a customer sends goes on to another locker than they put it into")
	case len(n.Parcels) == 0 || len(n.Parcels) > MaxParcels:
		return fault.New(fault.Invalid, "invalid_parcels", "a shipment has 1 to %d parcels", MaxParcels)
	}
	sealed := n.sealed()
	for i, p := range n.Parcels {
		if sealed && (p.Contact == nil || p.Barcode == "" || n.Seal != nil) {
			return fault.New(fault.Invalid, "recipient_or_sealed", "parcels[%d]: either the shipment has a recipient, or every parcel its barcode and sealed_contact", i)
		}
		if !p.Size.Valid() || p.WeightG < 0 || p.WeightG > 100_000 || !plain(p.Reference, 0, 100) {
			return fault.New(fault.Invalid, "invalid_parcel", "a parcel has a size, at most 100 kg and a reference of at most 100 characters")
		}
	}
	return nil
}

// plain says whether text has from least to most characters that both engines can keep.
func plain(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return n >= least && n <= most && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// claim takes the idempotency key for a new shipment, or finds the one that has it.
func (c *Custody) claim(ctx context.Context, tx *sql.Tx, n NewShipment, id string) (known string, err error) {
	q := store.New(tx)
	rows, err := q.Claim(ctx, store.ClaimParams{Merchant: n.Merchant, Key: n.Key, Body: n.Body, Shipment: id, Created: c.now()})
	if err != nil || rows == 1 {
		return "", err
	}
	claimed, err := q.Claimed(ctx, store.ClaimedParams{Merchant: n.Merchant, Key: n.Key})
	if err != nil {
		return "", err
	}
	if !bytes.Equal(claimed.Body, n.Body) {
		return "", fault.New(fault.Conflict, "idempotency_conflict", "this idempotency key was used with another body")
	}
	return claimed.Shipment, nil
}

func (c *Custody) announce(ctx context.Context, tx *sql.Tx, n NewShipment, id string) error {
	q := store.New(tx)
	if err := n.checkReturn(ctx, q); err != nil {
		return err
	}
	err := q.AddShipment(ctx, store.AddShipmentParams{ID: id, Merchant: n.Merchant, Locker: n.Locker, Carrier: n.Carrier,
		Reference: n.Reference, DwellHours: int64(n.Dwell), Created: c.now(), Way: string(n.Way), FromCity: n.FromCity, FromRegion: n.FromRegion, Description: n.Description,
		CodAmount: n.COD.Amount, CodCurrency: n.COD.Currency, ReturnOf: n.ReturnOf})
	if err != nil {
		return err
	}
	barcodes, err := n.barcodes(ctx, q)
	if err != nil {
		return err
	}
	var wants []fleet.Want
	for i, p := range n.Parcels {
		wants = append(wants, fleet.Want{Barcode: barcodes[i], Size: p.Size})
	}
	if err := c.Fleet.Reserve(ctx, tx, n.first(), wants); err != nil {
		return err
	}
	for i, p := range n.Parcels {
		if err := c.addParcel(ctx, tx, n, p, store.AddParcelParams{Barcode: barcodes[i], Shipment: id, Place: int64(i + 1)}); err != nil {
			return err
		}
	}
	return nil
}

// barcodes are those that the merchant names, or the next of its range, once its contacts are found in order.
func (n NewShipment) barcodes(ctx context.Context, q *store.Queries) ([]string, error) {
	if err := checkContacts(ctx, q, n); err != nil {
		return nil, err
	}
	if n.sealed() {
		return takeNamed(ctx, q, n)
	}
	return takeBarcodes(ctx, q, n.Range, len(n.Parcels))
}

// takeBarcodes draws the next barcodes of a number range.
func takeBarcodes(ctx context.Context, q *store.Queries, numberRange string, count int) ([]string, error) {
	next, err := q.TakeSerials(ctx, store.TakeSerialsParams{NumberRange: numberRange, Count: int64(count)})
	if err != nil {
		return nil, err
	}
	if next > parcel.SerialsPerRange {
		return nil, fault.New(fault.Unavailable, "range_exhausted", "the merchant's number range is used up")
	}
	return serials(numberRange, next-int64(count), count)
}

func (c *Custody) addParcel(ctx context.Context, tx *sql.Tx, n NewShipment, p NewParcel, row store.AddParcelParams) error {
	row.Merchant, row.Locker, row.Carrier = n.Merchant, n.first(), n.Carrier
	row.Size, row.Low, row.WeightG, row.Reference = int64(p.Size), p.Low, int64(p.WeightG), p.Reference
	row.Token, row.Created, row.Outbound = rand.Text(), c.now(), n.byCustomer()
	row.Onward = n.From != ""
	q := store.New(tx)
	if err := q.AddParcel(ctx, row); err != nil {
		return err
	}
	added, err := q.Parcel(ctx, row.Barcode)
	if err != nil {
		return err
	}
	if _, err := c.move(ctx, tx, added, happening{what: parcel.WasAnnounced, actor: "merchant", happened: c.now()}); err != nil {
		return err
	}
	if err := c.addContact(ctx, q, n, p, row.Barcode); err != nil {
		return err
	}
	if n.byCustomer() {
		permit := statement.Permit{Locker: n.first(), Barcode: row.Barcode, Size: uint8(p.Size), Low: p.Low, Carrier: n.Carrier, Code: n.Code(row.Barcode)}
		_, err := c.Dispatch.Permit(ctx, tx, permit, "merchant "+n.Merchant)
		return err
	}
	return c.Dispatch.Expect(ctx, tx, dispatch.Expected{Barcode: row.Barcode, Locker: n.Locker, Carrier: n.Carrier, Size: p.Size, Policy: Shipment{COD: n.COD}.policy(), Dwell: n.Dwell, Low: p.Low})
}

// addContact keeps a contact for the notifier: as the merchant has sealed it, or sealed now.
func (c *Custody) addContact(ctx context.Context, q *store.Queries, n NewShipment, p NewParcel, barcode string) error {
	sealed := p.Contact
	if n.Seal != nil {
		var err error
		if sealed, err = n.Seal(barcode); err != nil {
			return fmt.Errorf("custody: seal the contact of %s: %w", barcode, err)
		}
	}
	if sealed == nil {
		return nil
	}
	return q.AddContact(ctx, store.AddContactParams{Barcode: barcode, Sealed: sealed, Created: c.now()})
}
