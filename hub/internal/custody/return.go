package custody

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
	"lockstep/parcel"
)

// ReturnCode is a return's code, drawn from its barcode under a key that lies outside the database: whoever asks again gets the same
// answer, and the database holds the code only inside the permit, until the locker has that.
func ReturnCode(key []byte, barcode string) string {
	mac := secret.Keyed(key, []byte("return code"), []byte(barcode))
	return statement.CompleteCode(fmt.Sprintf("%09d", binary.BigEndian.Uint64(mac)%1e9))
}

// Number is a shipment's as older software has it: eleven digits, its first barcode without the check digit.
func (s Shipment) Number() string {
	if len(s.Parcels) == 0 {
		return ""
	}
	return s.Parcels[0].Barcode[:11]
}

// Outbound says whether a shipment is a return: a customer puts it in, and its carrier takes it away.
func (s Shipment) Outbound() bool { return len(s.Parcels) > 0 && s.Parcels[0].Outbound }

// Some says whether some parcel of a shipment stands in a state.
func (s Shipment) Some(state parcel.State) bool {
	return slices.ContainsFunc(s.Parcels, func(p Parcel) bool { return p.State == state })
}

// checkReturn wants what comes back to be the merchant's, and a recipient to have it.
func (n NewShipment) checkReturn(ctx context.Context, q *store.Queries) error {
	if n.ReturnOf == "" {
		return nil
	}
	of, err := load(ctx, q, n.Merchant, n.ReturnOf)
	if err == nil && !of.Some(parcel.Collected) {
		err = fault.New(fault.Conflict, "not_collected", "nobody has collected this shipment, so nobody can return it")
	}
	return err
}

// ReturnsOf are a merchant's returns of shipments by those shipments' ids, newest first.
func (c *Custody) ReturnsOf(ctx context.Context, merchant string, ids ...string) (map[string][]Shipment, error) {
	of := map[string][]Shipment{}
	for _, list := range db.Lists(IDWidth, ids) {
		rows, err := store.New(c.DB.Reads()).ReturnsOfShipments(ctx, store.ReturnsOfShipmentsParams{Merchant: merchant, Ids: list})
		if err != nil {
			return nil, err
		}
		for _, s := range gathered(rows) {
			of[s.ReturnOf] = append(of[s.ReturnOf], s)
		}
	}
	return of, nil
}

// TurnedBack is an event with which a parcel began to come back to its merchant: a return was announced, or a carrier has taken out
// what was for a recipient.
type TurnedBack struct {
	Parcel   Parcel // as it stands now
	Before   parcel.State
	Happened int64 // µs UTC
}

// TurnedBackBetween are a merchant's that were told from one moment on and before another, oldest first and at most so many. Spans are
// those of ChangesBetween.
func (c *Custody) TurnedBackBetween(ctx context.Context, merchant string, from, to int64, most int) (list []TurnedBack, err error) {
	first, err := c.PositionAt(ctx, merchant, from)
	if err != nil {
		return nil, err
	}
	last, err := c.PositionAt(ctx, merchant, to)
	if err != nil {
		return nil, err
	}
	rows, err := store.New(c.DB.Reads()).TurnedBack(ctx, store.TurnedBackParams{Merchant: merchant, After: first, Last: last, AtMost: int32(most)})
	for _, row := range rows {
		list = append(list, TurnedBack{item(row.Parcel), parcel.State(row.Before), row.Happened})
	}
	return list, err
}

// Returned says in tx that the merchant has a withdrawn parcel again, by actor's word; Conflict when it is not withdrawn.
func (c *Custody) Returned(ctx context.Context, tx *sql.Tx, barcode, actor string) (Parcel, error) {
	row, err := store.New(tx).Parcel(ctx, barcode)
	if row, err = db.One(row, err, "unknown_parcel", "there is no parcel "+barcode); err != nil {
		return Parcel{}, err
	}
	row, err = c.move(ctx, tx, row, happening{what: parcel.WasReturned, actor: actor, happened: c.now()})
	if errors.Is(err, errNoRow) {
		return Parcel{}, fault.New(fault.Conflict, "not_withdrawn", "parcel %s is %s; only a withdrawn parcel can be returned", barcode, row.State)
	}
	return item(row), err
}
