package custody

import (
	"context"
	"database/sql"
	"errors"

	"lockstep/hub/internal/custody/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// load reads a shipment with its parcels.
func load(ctx context.Context, q *store.Queries, merchant, id string) (Shipment, error) {
	row, err := q.Shipment(ctx, store.ShipmentParams{ID: id, Merchant: merchant})
	if row, err = db.One(row, err, "unknown_shipment", "there is no such shipment"); err != nil {
		return Shipment{}, err
	}
	s := shipment(row)
	parcels, err := q.ParcelsOf(ctx, id)
	for _, p := range parcels {
		s.Parcels = append(s.Parcels, item(p))
	}
	return s, err
}

func shipment(row store.Shipment) Shipment {
	return Shipment{ID: row.ID, Merchant: row.Merchant, Locker: row.Locker, Carrier: row.Carrier, Reference: row.Reference, ReturnOf: row.ReturnOf,
		Dwell: parcel.DwellTime(row.DwellHours), Created: row.Created, COD: Money{row.CodAmount, row.CodCurrency}, Paid: row.Paid, PaidReference: row.PaidReference, Settled: row.Settled,
		Terms: Terms{Way: Way(row.Way), FromCity: row.FromCity, FromRegion: row.FromRegion, Description: row.Description}}
}

// Shipment finds a merchant's shipment; NotFound also for another merchant's.
func (c *Custody) Shipment(ctx context.Context, merchant, id string) (Shipment, error) {
	return load(ctx, store.New(c.DB.Reads()), merchant, id)
}

// Shipments lists a merchant's shipments, newest first. next is the After of the next page, empty on the last.
func (c *Custody) Shipments(ctx context.Context, merchant string, f Filter) (list []Shipment, next string, err error) {
	limit := f.Limit
	if limit == 0 {
		limit = 50
	}
	limit = min(max(limit, 1), 200)
	err = c.DB.View(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		rows, err := q.Shipments(ctx, store.ShipmentsParams{Merchant: merchant, After: f.After, Reference: f.Reference,
			State: string(f.State), Returns: f.Returns, AtMost: int32(limit + 1)})
		if err != nil || len(rows) == 0 {
			return err
		}
		if len(rows) > limit {
			rows = rows[:limit]
			next = rows[limit-1].ID
		}
		list, err = withParcels(ctx, q, merchant, rows)
		return err
	})
	return list, next, err
}

// withParcels fills a page, newest first, in one query.
func withParcels(ctx context.Context, q *store.Queries, merchant string, rows []store.Shipment) ([]Shipment, error) {
	parcels, err := q.ParcelsBetween(ctx, store.ParcelsBetweenParams{Merchant: merchant, First: rows[len(rows)-1].ID, Last: rows[0].ID})
	of := map[string][]Parcel{}
	for _, p := range parcels {
		of[p.Shipment] = append(of[p.Shipment], item(p))
	}
	var list []Shipment
	for _, row := range rows {
		s := shipment(row)
		s.Parcels = of[row.ID]
		list = append(list, s)
	}
	return list, err
}

// CancelShipment gives a shipment up: parcels not yet put in are cancelled, those inside get a hold and go back when due.
// Conflict "too_late" when no parcel can be given up any more; doing it twice is no error.
func (c *Custody) CancelShipment(ctx context.Context, merchant, id string) (s Shipment, err error) {
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if s, err = load(ctx, q, merchant, id); err != nil {
			return err
		}
		given := 0
		for _, p := range s.Parcels {
			ok, err := c.cancel(ctx, tx, p.Barcode)
			if err != nil {
				return err
			}
			if ok {
				given++
			}
		}
		if given == 0 {
			return fault.New(fault.Conflict, "too_late", "no parcel of this shipment can be cancelled any more")
		}
		s, err = load(ctx, q, merchant, id)
		return err
	})
	return s, err
}

// cancel gives one parcel up, and says whether it is given up now, by this or before. It goes by the row as it is now: another
// transaction may have moved the parcel since the shipment was read.
func (c *Custody) cancel(ctx context.Context, tx *sql.Tx, barcode string) (bool, error) {
	row, err := store.New(tx).Parcel(ctx, barcode)
	if err != nil {
		return false, err
	}
	if state := parcel.State(row.State); state == parcel.Cancelled || row.Hold == parcel.HoldCancelled && state.Inside() {
		return true, nil
	}
	_, err = c.move(ctx, tx, row, happening{what: parcel.WasCancelled, actor: "merchant", happened: c.now()})
	if errors.Is(err, errNoRow) {
		return false, nil
	}
	return err == nil, err
}

// Parcel finds a merchant's parcel; an empty merchant finds anybody's, for operators. NotFound also for another merchant's.
func (c *Custody) Parcel(ctx context.Context, merchant, barcode string) (Parcel, error) {
	row, err := store.New(c.DB.Reads()).Parcel(ctx, barcode)
	if err == nil && merchant != "" && row.Merchant != merchant {
		err = sql.ErrNoRows
	}
	row, err = db.One(row, err, "unknown_parcel", "there is no such parcel")
	if err != nil {
		return Parcel{}, err
	}
	return item(row), nil
}

// Events are a parcel's events, oldest first; as Parcel for merchant.
func (c *Custody) Events(ctx context.Context, merchant, barcode string) ([]Event, error) {
	if _, err := c.Parcel(ctx, merchant, barcode); err != nil {
		return nil, err
	}
	rows, err := store.New(c.DB.Reads()).Events(ctx, barcode)
	return events(rows), err
}

func events(rows []store.CustodyEvent) []Event {
	var list []Event
	for _, row := range rows {
		list = append(list, event(row))
	}
	return list
}

// Live lists the parcels of a carrier that are not finished, at one locker or all (""), at most 1000.
func (c *Custody) Live(ctx context.Context, carrier, locker string) ([]Parcel, error) {
	rows, err := store.New(c.DB.Reads()).LiveParcels(ctx, store.LiveParcelsParams{Carrier: carrier, Limit: 1000, Locker: locker})
	var list []Parcel
	for _, row := range rows {
		list = append(list, item(row))
	}
	return list, err
}

// Counts says how many parcels stand in each state.
func (c *Custody) Counts(ctx context.Context) (map[parcel.State]int, error) {
	rows, err := store.New(c.DB.Reads()).CountStates(ctx)
	counts := map[parcel.State]int{}
	for _, row := range rows {
		counts[parcel.State(row.State)] = int(row.Count)
	}
	return counts, err
}

// Track finds a parcel by the token of its tracking page.
func (c *Custody) Track(ctx context.Context, token string) (Tracking, error) {
	q := store.New(c.DB.Reads())
	row, err := q.ParcelOfToken(ctx, token)
	if row, err = db.One(row, err, "unknown_parcel", "there is no such parcel"); err != nil {
		return Tracking{}, err
	}
	rows, err := q.Events(ctx, row.Barcode)
	if err != nil {
		return Tracking{}, err
	}
	locker, err := c.Fleet.Locker(ctx, row.Locker)
	return Tracking{item(row), locker, events(rows)}, err
}

// Contacts are sealed contacts the notifier has not fetched, oldest first.
func (c *Custody) Contacts(ctx context.Context, limit int) ([]SealedContact, error) {
	rows, err := store.New(c.DB.Reads()).Contacts(ctx, int32(limit))
	var list []SealedContact
	for _, row := range rows {
		list = append(list, SealedContact{item(row.Parcel), row.Locker, row.SealedContact.Sealed})
	}
	return list, err
}

// AckContacts deletes the ciphertexts of these barcodes; unknown ones are no error.
func (c *Custody) AckContacts(ctx context.Context, barcodes []string) error {
	return c.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, barcode := range barcodes {
			if err := store.New(tx).DropContact(ctx, barcode); err != nil {
				return err
			}
		}
		return nil
	})
}
