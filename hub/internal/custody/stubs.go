package custody

import (
	"context"
	"errors"
	"time"

	"lockstep/guard/journal"
)

var errNotYet = errors.New("custody: not built yet")

// Custody is the room.
type Custody struct{ Config }

// New opens the room.
func New(c Config) *Custody { return &Custody{c} }

// CreateShipment announces a shipment: barcodes, room by size, its place on the next manifest, all or nothing. replayed is true when
// the merchant sent the same before: then nothing is done and the answer is the first one's. Faults: Conflict
// "idempotency_conflict" (same key, another body), Conflict "locker_full", Invalid "unknown_locker", Invalid otherwise.
func (c *Custody) CreateShipment(ctx context.Context, n NewShipment) (s Shipment, replayed bool, err error) {
	return Shipment{}, false, errNotYet
}

// Shipment finds a merchant's shipment; NotFound also for another merchant's.
func (c *Custody) Shipment(ctx context.Context, merchant, id string) (Shipment, error) {
	return Shipment{}, errNotYet
}

// Shipments lists a merchant's shipments, newest first. next is the After of the next page, empty on the last.
func (c *Custody) Shipments(ctx context.Context, merchant string, f Filter) (list []Shipment, next string, err error) {
	return nil, "", errNotYet
}

// CancelShipment gives a shipment up: parcels not yet put in are cancelled, those inside get a hold and go back when due.
// Conflict "too_late" when no parcel can be given up any more; doing it twice is no error.
func (c *Custody) CancelShipment(ctx context.Context, merchant, id string) (Shipment, error) {
	return Shipment{}, errNotYet
}

// Parcel finds a merchant's parcel; an empty merchant finds anybody's, for operators. NotFound also for another merchant's.
func (c *Custody) Parcel(ctx context.Context, merchant, barcode string) (Parcel, error) {
	return Parcel{}, errNotYet
}

// Events are a parcel's events, oldest first; as Parcel for merchant.
func (c *Custody) Events(ctx context.Context, merchant, barcode string) ([]Event, error) {
	return nil, errNotYet
}

// Live lists the parcels of a carrier that are not finished, at one locker or all ("" ), at most 1000.
func (c *Custody) Live(ctx context.Context, carrier, locker string) ([]Parcel, error) {
	return nil, errNotYet
}

// Track finds a parcel by the token of its tracking page.
func (c *Custody) Track(ctx context.Context, token string) (Tracking, error) {
	return Tracking{}, errNotYet
}

// Returned says that the merchant has a withdrawn parcel again; actor's word.
func (c *Custody) Returned(ctx context.Context, barcode, actor string) (Parcel, error) {
	return Parcel{}, errNotYet
}

// Contacts are sealed contacts the notifier has not fetched, oldest first.
func (c *Custody) Contacts(ctx context.Context, limit int) ([]SealedContact, error) {
	return nil, errNotYet
}

// AckContacts deletes the ciphertexts of these barcodes; unknown ones are no error.
func (c *Custody) AckContacts(ctx context.Context, barcodes []string) error { return errNotYet }

// Uploads gives uploads after a cursor, at most limit, waiting up to wait for a first one. next is the cursor of the last.
func (c *Custody) Uploads(ctx context.Context, after int64, limit int, wait time.Duration) (list []Upload, next int64, err error) {
	return nil, after, errNotYet
}

// Ingest takes in a stretch of a locker's journal, or a heartbeat: verified, kept whole, projected, committed when it returns. It
// answers with the position the hub has then. Sending the same again is no error and changes nothing. A stretch that does not
// verify is a fault Invalid that wraps the journal.Break and raises an alarm.
func (c *Custody) Ingest(ctx context.Context, locker string, s journal.Stretch) (journal.Position, error) {
	return journal.Position{}, errNotYet
}

// Position is the last record of a locker that the hub has.
func (c *Custody) Position(ctx context.Context, locker string) (journal.Position, error) {
	return journal.Position{}, errNotYet
}

// VerifyFold checks that every cached column equals the fold of what it was made from: parcels of their events, events of the
// uploads' records, compartments and room of the records, reservations. Each string is one difference.
func (c *Custody) VerifyFold(ctx context.Context) ([]string, error) { return nil, errNotYet }
