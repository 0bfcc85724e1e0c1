package handover

import (
	"context"
	"database/sql"
	"regexp"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// MoneyAct is what was paid for a merchant's shipments and transferred to it at a time.
type MoneyAct struct {
	Number          int64 // no act of goods has the same
	Merchant, Order string
	Currency        string // ISO 4217
	Created         int64  // µs UTC
	Actor           string // who said so
	Settled         []Settled
}

// Settled is what was paid for one shipment, in the currency's smallest unit; Returned is all of it where the goods came back, else 0.
type Settled struct {
	Shipment       string
	Paid, Returned int64
}

var payOrder = regexp.MustCompile(`^[^\pC\s](?:[^\pC]{0,48}[^\pC\s])?$`)

// Settle is the operator's word, by actor, that it has transferred to a merchant, by a payment order with that number, all that is paid
// for its shipments in a currency and was not transferred before. NotFound "nothing_paid" where there is nothing; Conflict "order_used"
// where an act of this merchant has the order already.
func (h *Handovers) Settle(ctx context.Context, merchant, order, currency, actor string) (a MoneyAct, err error) {
	if !payOrder.MatchString(order) {
		return a, fault.New(fault.Invalid, "invalid_order", "a payment order's number has 1 to 50 characters")
	}
	err = h.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		number, err := q.NextNumber(ctx)
		if err != nil {
			return err
		}
		a = MoneyAct{Number: number, Merchant: merchant, Order: order, Currency: currency, Created: h.now(), Actor: actor}
		rows, err := q.AddMoneyAct(ctx, store.AddMoneyActParams{Number: a.Number, Merchant: a.Merchant, PayOrder: a.Order, Currency: a.Currency, Created: a.Created, Actor: a.Actor})
		if err == nil && rows == 0 {
			err = fault.New(fault.Conflict, "order_used", "this payment order has an act already")
		}
		if err != nil {
			return err
		}
		shipments, err := h.Custody.Settle(ctx, tx, merchant, currency, a.Number)
		if err == nil && len(shipments) == 0 {
			err = fault.New(fault.NotFound, "nothing_paid", "nothing is paid that was not settled before")
		}
		if err != nil {
			return err
		}
		return a.enter(ctx, q, shipments)
	})
	return a, err
}

// enter puts shipments into an act.
func (a *MoneyAct) enter(ctx context.Context, q *store.Queries, shipments []custody.Shipment) error {
	for i, s := range shipments {
		is := Settled{Shipment: s.ID, Paid: s.COD.Amount}
		if s.CameBack() {
			is.Returned = is.Paid
		}
		a.Settled = append(a.Settled, is)
		if err := q.AddSettled(ctx, store.AddSettledParams{Shipment: is.Shipment, Act: a.Number, Place: int64(i + 1), Paid: is.Paid, Returned: is.Returned}); err != nil {
			return err
		}
	}
	return nil
}

// Shipments are the ids of those that an act settled, in its order.
func (a MoneyAct) Shipments() (ids []string) {
	for _, is := range a.Settled {
		ids = append(ids, is.Shipment)
	}
	return ids
}

// Sums are what was paid for each shipment of an act, in its order.
func (h *Handovers) Sums(ctx context.Context, a MoneyAct) (sums []custody.Sum, err error) {
	named, err := h.Custody.ShipmentsNamed(ctx, a.Merchant, a.Shipments())
	for _, is := range a.Settled {
		sums = append(sums, custody.Sum{Of: named[is.Shipment], Paid: is.Paid, Returned: is.Returned})
	}
	return sums, err
}

// Summed is an act with what it comes to.
func (a MoneyAct) Summed() MoneyTotal {
	total := a.Total()
	return MoneyTotal{MoneyAct: a, Shipments: len(a.Settled), Paid: total.Paid, Returned: total.Returned}
}

// Total is what an act is about: all that was paid, and of it what is for goods that came back.
func (a MoneyAct) Total() (total Settled) {
	for _, s := range a.Settled {
		total.Paid, total.Returned = total.Paid+s.Paid, total.Returned+s.Returned
	}
	return total
}

// MoneyAct finds a merchant's by its number; NotFound also for another merchant's. An empty merchant finds anybody's.
func (h *Handovers) MoneyAct(ctx context.Context, merchant string, number int64) (MoneyAct, error) {
	rows, err := store.New(h.DB.Reads()).MoneyActs(ctx, store.MoneyActsParams{Merchant: merchant, Number: number})
	if err != nil {
		return MoneyAct{}, err
	}
	if len(rows) == 0 {
		return MoneyAct{}, fault.New(fault.NotFound, "unknown_money_act", "there is no such act")
	}
	return moneyActs(rows)[0], nil
}

// MoneyActs are a merchant's from one moment on and before another, oldest first; Invalid "too_much" where they have more than so many shipments.
func (h *Handovers) MoneyActs(ctx context.Context, merchant string, from, to int64, most int) ([]MoneyAct, error) {
	rows, err := store.New(h.DB.Reads()).MoneyActsBetween(ctx, store.MoneyActsBetweenParams{Merchant: merchant, Since: from, Until: to, AtMost: int32(most + 1)})
	if err == nil && len(rows) > most {
		err = fault.New(fault.Invalid, "too_much", "more than %d shipments were settled; ask for a shorter period", most)
	}
	return moneyActs(rows), err
}

// MoneyTotal is an act without its list.
type MoneyTotal struct {
	MoneyAct
	Shipments      int
	Paid, Returned int64
}

// MoneyTotals are all acts of a merchant, or of everybody, oldest first.
func (h *Handovers) MoneyTotals(ctx context.Context, merchant string) (list []MoneyTotal, err error) {
	rows, err := store.New(h.DB.Reads()).MoneyTotals(ctx, merchant)
	for _, r := range rows {
		list = append(list, MoneyTotal{moneyAct(r.MoneyAct), int(r.Shipments), r.Paid, r.Returned})
	}
	return list, err
}

// MoneyActsOf are the acts by which shipments were settled, by those shipments' ids; each lists that one alone.
func (h *Handovers) MoneyActsOf(ctx context.Context, shipments ...custody.Shipment) (map[string]MoneyAct, error) {
	var ids []string
	for _, s := range shipments {
		ids = append(ids, s.ID)
	}
	of := map[string]MoneyAct{}
	for _, list := range db.Lists(custody.IDWidth, ids) {
		rows, err := store.New(h.DB.Reads()).MoneyActsOf(ctx, list)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			a := moneyAct(row.MoneyAct)
			a.Settled = []Settled{settled(row.MoneyActShipment)}
			of[row.MoneyActShipment.Shipment] = a
		}
	}
	return of, nil
}

func moneyAct(row store.MoneyAct) MoneyAct {
	return MoneyAct{Number: row.Number, Merchant: row.Merchant, Order: row.PayOrder, Currency: row.Currency, Created: row.Created, Actor: row.Actor}
}

func settled(row store.MoneyActShipment) Settled {
	return Settled{row.Shipment, row.Paid, row.Returned}
}

// moneyActs puts the shipments of acts, in their order, together.
func moneyActs[R ~struct {
	MoneyAct         store.MoneyAct
	MoneyActShipment store.MoneyActShipment
}](rows []R) (list []MoneyAct) {
	for _, r := range rows {
		row := struct {
			MoneyAct         store.MoneyAct
			MoneyActShipment store.MoneyActShipment
		}(r)
		if n := len(list); n == 0 || list[n-1].Number != row.MoneyAct.Number {
			list = append(list, moneyAct(row.MoneyAct))
		}
		a := &list[len(list)-1]
		a.Settled = append(a.Settled, settled(row.MoneyActShipment))
	}
	return list
}
