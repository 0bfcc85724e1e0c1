package custody

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/dispatch"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// Cash on delivery. That a parcel is to be paid for is said to its guard with the manifest, and holds from the deposit on: then only a
// payment key's word opens it to its code, and the hub has no such key. What the hub does is to say what is due, and to carry that word.

// MaxAmount bounds what a shipment may cost.
const MaxAmount = 1_000_000_000_00

// Money is an amount in its currency's smallest unit.
type Money struct {
	Amount   int64
	Currency string // ISO 4217
}

func (m Money) check() error {
	if m.Amount == 0 && m.Currency == "" {
		return nil
	}
	if m.Amount <= 0 || m.Amount > MaxAmount || !statement.Currency(m.Currency) {
		return fault.New(fault.Invalid, "invalid_amount", "an amount is positive, at most %d, and has a currency of three capital letters", int64(MaxAmount))
	}
	return nil
}

// mayCharge is Invalid "no_payments" where nobody could ever say that an amount was paid.
func (c *Custody) mayCharge(n NewShipment) error {
	if n.COD.Amount > 0 && (n.Return || len(c.charter().Payments.Holders) == 0) {
		return fault.New(fault.Invalid, "no_payments", "payment on collection is not offered")
	}
	return n.COD.check()
}

// policy is what a collection takes beside the code.
func (s Shipment) policy() statement.Policy {
	if s.COD.Amount > 0 && s.Paid == 0 {
		return statement.CodeAndPaid
	}
	return statement.CodeOnly
}

// Reprice changes what is due for a merchant's shipment, as long as it is not paid. That something is due stays as it was announced:
// guards may have been told. Conflict "paid_already" or "fixed".
func (c *Custody) Reprice(ctx context.Context, merchant, id string, to Money) error {
	if err := to.check(); err != nil {
		return err
	}
	return c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		s, err := load(ctx, q, merchant, id)
		switch {
		case err != nil || s.COD == to:
			return err
		case s.COD.Amount == 0 || to.Amount == 0:
			return fault.New(fault.Conflict, "fixed", "whether a shipment is paid for on collection is fixed when it is announced")
		}
		rows, err := q.Reprice(ctx, store.RepriceParams{ID: id, CodAmount: to.Amount, CodCurrency: to.Currency})
		if err == nil && rows == 0 {
			err = fault.New(fault.Conflict, "paid_already", "it is paid already")
		}
		return err
	})
}

// Charged finds the shipment of a parcel, anybody's, for the payment service. NotFound where there is none, Conflict "nothing_due" where
// it costs nothing.
func (c *Custody) Charged(ctx context.Context, barcode string) (s Shipment, err error) {
	err = c.DB.View(ctx, func(tx *sql.Tx) error {
		s, err = charged(ctx, store.New(tx), barcode)
		return err
	})
	return s, err
}

func charged(ctx context.Context, q *store.Queries, barcode string) (Shipment, error) {
	row, err := q.Parcel(ctx, barcode)
	if row, err = db.One(row, err, "unknown_parcel", "there is no such parcel"); err != nil {
		return Shipment{}, err
	}
	s, err := load(ctx, q, row.Merchant, row.Shipment)
	if err == nil && s.COD.Amount == 0 {
		err = fault.New(fault.Conflict, "nothing_due", "nothing is to be paid for this parcel")
	}
	return s, err
}

// Pay takes a payment key's words: one for each parcel of one shipment, each for the locker that the parcel is meant for or lies in.
// Saying it twice is no error. Conflict "nothing_due", "another_amount", "paid_already" (by another payment) or "moved" (the parcels
// are for other lockers now: ask again); Denied where the charter gives the key no such role.
func (c *Custody) Pay(ctx context.Context, envelopes [][]byte) (s Shipment, err error) {
	words, err := c.words(envelopes)
	if err != nil {
		return s, err
	}
	var lockers []string
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if s, err = charged(ctx, q, words[0].Barcode); err != nil {
			return err
		}
		if err := s.settles(words); err != nil {
			return err
		}
		if s.Paid == 0 {
			if err := c.paid(ctx, tx, &s, words[0]); err != nil {
				return err
			}
		}
		lockers, err = c.keepWords(ctx, tx, s, words, envelopes)
		return err
	})
	for _, locker := range lockers {
		c.Dispatch.Ring(locker)
	}
	return s, err
}

// Settle is the word of the hub's operator that a merchant gets what was paid for its shipments, of all that are paid for in a currency and
// were settled by no act before: they are now, by the one with that number. The first that was paid comes first. It joins tx.
func (c *Custody) Settle(ctx context.Context, tx *sql.Tx, merchant, currency string, act int64) (list []Shipment, err error) {
	q := store.New(tx)
	ids, err := q.Settle(ctx, store.SettleParams{Act: act, Merchant: merchant, Currency: currency})
	if err != nil {
		return nil, err
	}
	for _, some := range db.Lists(IDWidth, ids) {
		rows, err := q.ShipmentsWithIDs(ctx, store.ShipmentsWithIDsParams{Merchant: merchant, Ids: some})
		if err != nil {
			return nil, err
		}
		list = append(list, gathered(rows)...)
	}
	slices.SortFunc(list, func(a, b Shipment) int { return cmp.Or(cmp.Compare(a.Paid, b.Paid), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// Unsettled is what was paid for a merchant's shipments and not transferred to it yet, in one currency.
type Unsettled struct {
	Money
	Shipments int64
}

// Unsettled are a merchant's sums, by currency.
func (c *Custody) Unsettled(ctx context.Context, merchant string) (list []Unsettled, err error) {
	rows, err := store.New(c.DB.Reads()).Unsettled(ctx, merchant)
	for _, row := range rows {
		list = append(list, Unsettled{Money{row.Amount, row.CodCurrency}, row.Shipments})
	}
	return list, err
}

// Sum is what was paid for a shipment, and what of that is for goods that came back, in the currency's smallest unit.
type Sum struct {
	Of             Shipment
	Paid, Returned int64
}

// CountSettled is how many shipments were settled by acts up to a number.
func (c *Custody) CountSettled(ctx context.Context, upTo int64) (int64, error) {
	return store.New(c.DB.Reads()).CountSettled(ctx, upTo)
}

// CameBack says whether all parcels of a shipment are with its carrier or its merchant again, after they were meant for somebody.
func (s Shipment) CameBack() bool {
	return !slices.ContainsFunc(s.Parcels, func(p Parcel) bool {
		return p.State != parcel.Withdrawn && p.State != parcel.Recovered && p.State != parcel.Returned
	})
}

// words reads what a payment key has signed, in the order of its envelopes.
func (c *Custody) words(envelopes [][]byte) (words []statement.Paid, err error) {
	if len(envelopes) == 0 || len(envelopes) > MaxParcels {
		return nil, fault.New(fault.Invalid, "invalid_payment", "a payment has 1 to %d statements", MaxParcels)
	}
	for _, envelope := range envelopes {
		w, _, err := statement.Verify[statement.Paid](envelope, c.charter().Payments.Lookup)
		if err != nil {
			return nil, fault.Wrap(err, fault.Denied, "not_a_payment", "this is not signed by a payment key of the charter")
		}
		words = append(words, w)
	}
	return words, nil
}

// settles says whether words are about all parcels of a shipment and what it costs.
func (s Shipment) settles(words []statement.Paid) error {
	at := map[string]string{}
	for _, p := range s.Parcels {
		at[p.Barcode] = p.Locker
	}
	for _, w := range words {
		locker, ours := at[w.Barcode]
		switch {
		case !ours:
			return fault.New(fault.Invalid, "invalid_payment", "a payment names each parcel of one shipment once")
		case w.Amount != s.COD.Amount || w.Currency != s.COD.Currency:
			return fault.New(fault.Conflict, "another_amount", "another amount is due")
		case w.Locker != locker:
			return fault.New(fault.Conflict, "moved", "a parcel is for another locker now")
		case s.Paid != 0 && w.Reference != s.PaidReference:
			return fault.New(fault.Conflict, "paid_already", "another payment was made for this shipment")
		}
		delete(at, w.Barcode)
	}
	if len(at) > 0 && s.Paid == 0 {
		return fault.New(fault.Invalid, "invalid_payment", "a payment names each parcel of one shipment once")
	}
	return nil
}

// paid notes that a shipment is paid for. Manifests to come ask for the code only.
func (c *Custody) paid(ctx context.Context, tx *sql.Tx, s *Shipment, w statement.Paid) error {
	s.Paid, s.PaidReference = w.At, w.Reference
	rows, err := store.New(tx).Pay(ctx, store.PayParams{ID: s.ID, Paid: s.Paid, Reference: s.PaidReference})
	if err == nil && rows == 0 {
		err = db.ErrRaced
	}
	for _, p := range s.Parcels {
		err = errors.Join(err, c.Dispatch.ExpectPaid(ctx, tx, p.Barcode))
	}
	return err
}

// keepWords keeps words, and hands on those whose guards have the parcel. It names the lockers that are to be told.
func (c *Custody) keepWords(ctx context.Context, tx *sql.Tx, s Shipment, words []statement.Paid, envelopes [][]byte) (lockers []string, err error) {
	inside := map[string]bool{}
	for _, p := range s.Parcels {
		inside[p.Barcode] = p.State.Inside()
	}
	for i, w := range words {
		if err := store.New(tx).KeepWord(ctx, store.KeepWordParams{Barcode: w.Barcode, Locker: w.Locker, Envelope: envelopes[i]}); err != nil {
			return nil, err
		}
		if !inside[w.Barcode] {
			continue
		}
		lockers = append(lockers, w.Locker)
		if err := c.handWord(ctx, tx, w.Barcode, w.Locker); err != nil {
			return nil, err
		}
	}
	return lockers, nil
}

// handWord sends a guard the word that it needs for a parcel that it has, if there is one.
func (c *Custody) handWord(ctx context.Context, tx *sql.Tx, barcode, locker string) error {
	row, err := store.New(tx).Word(ctx, barcode)
	if errors.Is(err, sql.ErrNoRows) || err == nil && row.Locker != locker {
		return nil
	}
	if err != nil {
		return err
	}
	bundle, err := statement.Bundle{Envelopes: [][]byte{row.Envelope}}.Encode()
	if err != nil {
		return fmt.Errorf("custody: the payment for %s: %w", barcode, err)
	}
	mark, err := paymentMark(barcode)
	if err != nil {
		return err
	}
	return c.Dispatch.QueueIn(ctx, tx, dispatch.Cosigned{Locker: locker, Kind: dispatch.Payment, Mark: mark, Bundle: bundle, Actor: "payments"})
}

// paymentMark is a barcode as the number that dispatch knows a payment by.
func paymentMark(barcode string) (uint64, error) { return strconv.ParseUint(barcode, 10, 63) }

// Misaddressed is a payment's word for a locker where its parcel is not: it was paid for before it was sent, or put in, elsewhere.
type Misaddressed struct {
	Barcode, Locker string // where it is, or is meant for
	Envelope        []byte
}

// MisaddressedWords are those that a payment key has to sign anew, at most a hundred.
func (c *Custody) MisaddressedWords(ctx context.Context) (list []Misaddressed, err error) {
	rows, err := store.New(c.DB.Reads()).MisaddressedWords(ctx)
	for _, row := range rows {
		list = append(list, Misaddressed{row.Barcode, row.Locker, row.Envelope})
	}
	return list, err
}
