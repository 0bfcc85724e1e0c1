// Package handover knows what merchants hand to their carriers: acts, each a list of shipments that go together, from when the merchant
// makes it until the carrier says that it has them all; and what carriers hand back.
package handover

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// MaxShipments bounds one act.
const MaxShipments = 1000

// Config is what the room stands on.
type Config struct {
	DB       *db.DB
	Now      func() time.Time
	Custody  *custody.Custody
	Charters []statement.Charter                                        // every charter this network has had, oldest first
	Name     func(ctx context.Context, merchant string) (string, error) // what people call it
}

// Handovers is the room.
type Handovers struct{ Config }

// New opens the room.
func New(c Config) *Handovers { return &Handovers{c} }

// Act is one.
type Act struct {
	Number            int64 // eight digits and more
	Merchant, Carrier string
	Way               custody.Way
	City, Region      string // where it is handed over
	Point             string // the locker where it is; empty elsewhere
	Reference         string // the merchant's own number for it
	Created           int64  // µs UTC
	Accepted          int64  // when the carrier said that it has all of it; 0 before
	Actor             string // who said so
	Word              string // a courier.Word in JSON, where a courier's phone said so
	Shipments         []string
}

// NewAct is what a merchant says of one. An empty City is where the shipments were announced from.
type NewAct struct {
	City, Region, Point, Reference string
}

// Make makes acts of a merchant's shipments, in their order: one for each way and city. All are in acts then, or none. Conflict
// "handed_over" where one is in an act already or has gone further; a Refused within the fault names it.
func (h *Handovers) Make(ctx context.Context, n NewAct, shipments []custody.Shipment) (acts []Act, err error) {
	if len(shipments) == 0 || len(shipments) > MaxShipments {
		return nil, fault.New(fault.Invalid, "invalid_act", "an act has 1 to %d shipments", MaxShipments)
	}
	err = h.DB.Tx(ctx, func(tx *sql.Tx) error {
		acts = nil
		q := store.New(tx)
		for _, s := range shipments {
			if !waits(s) {
				return &Refused{s}
			}
			at, err := h.actFor(ctx, q, &acts, n, s)
			if err != nil {
				return err
			}
			at.Shipments = append(at.Shipments, s.ID)
			rows, err := q.AddShipment(ctx, store.AddShipmentParams{Shipment: s.ID, Handover: at.Number, Place: int64(len(at.Shipments))})
			if err != nil {
				return err
			}
			if rows == 0 {
				return &Refused{s}
			}
		}
		return nil
	})
	if refused, ok := errors.AsType[*Refused](err); ok {
		err = fault.Wrap(refused, fault.Conflict, "handed_over", "a shipment is in an act already, or has gone further")
	}
	return acts, err
}

// Refused names the shipment that cannot be handed over, within the fault of Make.
type Refused struct{ Shipment custody.Shipment }

func (r *Refused) Error() string { return "shipment " + r.Shipment.ID }

// waits says whether no parcel of a shipment has moved yet. A customer's return is not the merchant's to hand over.
func waits(s custody.Shipment) bool {
	for _, p := range s.Parcels {
		if !p.State.Waits() || p.Outbound {
			return false
		}
	}
	return true
}

// actFor finds the act that a shipment belongs into, or begins it.
func (h *Handovers) actFor(ctx context.Context, q *store.Queries, acts *[]Act, n NewAct, s custody.Shipment) (*Act, error) {
	city, region := n.City, n.Region
	if city == "" {
		city, region = s.FromCity, s.FromRegion
	}
	for i := range *acts {
		if a := &(*acts)[i]; a.Way == s.Way && a.City == city && a.Region == region && a.Carrier == s.Carrier {
			return a, nil
		}
	}
	number, err := q.NextNumber(ctx)
	if err != nil {
		return nil, err
	}
	a := Act{Number: number, Merchant: s.Merchant, Carrier: s.Carrier, Way: s.Way, City: city, Region: region, Point: n.Point, Reference: n.Reference, Created: h.now()}
	*acts = append(*acts, a)
	return &(*acts)[len(*acts)-1], q.AddAct(ctx, store.AddActParams{Number: a.Number, Merchant: a.Merchant, Carrier: a.Carrier, Way: string(a.Way), City: a.City,
		Region: a.Region, Point: a.Point, Reference: a.Reference, Created: a.Created})
}

// Act finds a merchant's by its number; NotFound also for another merchant's. An empty merchant finds anybody's.
func (h *Handovers) Act(ctx context.Context, merchant string, number int64) (Act, error) {
	q := store.New(h.DB.Reads())
	row, err := q.Act(ctx, number)
	if err == nil && merchant != "" && row.Merchant != merchant {
		err = sql.ErrNoRows
	}
	if row, err = db.One(row, err, "unknown_act", "there is no such act"); err != nil {
		return Act{}, err
	}
	a := act(row)
	a.Shipments, err = q.ShipmentsOf(ctx, number)
	return a, err
}

// Of is the act that a shipment is in, without its list; found is false where it is in none.
func (h *Handovers) Of(ctx context.Context, shipment string) (a Act, found bool, err error) {
	row, err := store.New(h.DB.Reads()).ActOf(ctx, shipment)
	if errors.Is(err, sql.ErrNoRows) {
		return Act{}, false, nil
	}
	return act(row), err == nil, err
}

// Changed are a merchant's shipments whose acts were made or accepted from one moment on and before another, at most so many.
func (h *Handovers) Changed(ctx context.Context, merchant string, from, to int64, most int) ([]string, error) {
	return store.New(h.DB.Reads()).ChangedBetween(ctx, store.ChangedBetweenParams{Merchant: merchant, Since: from, Until: to, AtMost: int32(most)})
}

// Remove takes a shipment out of its act; an act without shipments is gone. Conflict "accepted" once the carrier has it.
func (h *Handovers) Remove(ctx context.Context, merchant, shipment string) error {
	a, found, err := h.Of(ctx, shipment)
	if err != nil {
		return err
	}
	if !found || a.Merchant != merchant {
		return fault.New(fault.NotFound, "in_no_act", "the shipment is in no act")
	}
	return h.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		rows, err := q.DropShipment(ctx, store.DropShipmentParams{Shipment: shipment, Merchant: merchant})
		if err != nil {
			return err
		}
		if rows == 0 {
			return fault.New(fault.Conflict, "accepted", "the carrier has the act's shipments already")
		}
		return q.DropEmpty(ctx, a.Number)
	})
}

// Accept is the carrier's word, by actor, that it has everything of an act; Conflict "accepted" where it was said before.
func (h *Handovers) Accept(ctx context.Context, number int64, actor string) (Act, error) {
	if _, err := h.Act(ctx, "", number); err != nil {
		return Act{}, err
	}
	err := h.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).Accept(ctx, store.AcceptParams{Number: number, Accepted: h.now(), Actor: actor, Word: ""})
		if err == nil && rows == 0 {
			return fault.New(fault.Conflict, "accepted", "the act was accepted before")
		}
		return err
	})
	if err != nil {
		return Act{}, err
	}
	return h.Act(ctx, "", number)
}

func act(row store.Handover) Act {
	return Act{Number: row.Number, Merchant: row.Merchant, Carrier: row.Carrier, Way: custody.Way(row.Way), City: row.City, Region: row.Region, Point: row.Point,
		Reference: row.Reference, Created: row.Created, Accepted: row.Accepted, Actor: row.Actor, Word: row.Word}
}

func (h *Handovers) now() int64 { return h.Now().UnixMicro() }
