// Package pickup knows what merchants ask couriers to fetch from them: orders, each for one address, day and window of hours, from when
// the merchant makes it until the courier has been there. Whom to ask for at the address is kept sealed to the notifier, and only until the
// order is over.
package pickup

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"lockstep/hub/internal/pickup/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// Config is what the room stands on.
type Config struct {
	DB  *db.DB
	Now func() time.Time
}

// Pickups is the room.
type Pickups struct{ Config }

// New opens the room.
func New(c Config) *Pickups { return &Pickups{c} }

// Order is one pickup.
type Order struct {
	Number            int64 // eight digits and more
	Merchant, Carrier string
	Reference         string // the merchant's own number for it
	Place
	Window
	Load
	Comment string
	Contact []byte // whom to ask for, sealed to the notifier; nil once the order is over
	State   State
	Created int64  // µs UTC
	Changed int64  // µs UTC
	Actor   string // who changed it last
}

// Place is where a courier comes.
type Place struct{ City, Region, Address string }

// Load is what waits there.
type Load struct {
	Places  int
	WeightG int // of all together; 0 for unknown
}

// NewOrder is what a merchant asks for.
type NewOrder struct {
	Merchant, Carrier string
	Key               string // idempotency key
	Body              []byte // digest of the request that comes with it
	Reference         string
	Place
	Window
	Load
	Comment string
	Seal    func(number int64, day string) ([]byte, error) // seals the contact for the order that it makes
}

// Make takes an order. replayed is true when the merchant sent the same before: then the answer is that order as it stands now. Faults:
// Conflict "idempotency_conflict" (same key, another body); Invalid otherwise, see Window.
func (p *Pickups) Make(ctx context.Context, n NewOrder) (o Order, replayed bool, err error) {
	if err := n.check(); err != nil {
		return Order{}, false, err
	}
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if _, err := q.TakeNumbers(ctx, 0); err != nil { // others wait until this transaction ends
			return err
		}
		known, err := q.OrderOfKey(ctx, store.OrderOfKeyParams{Merchant: n.Merchant, Key: n.Key})
		if replayed = err == nil; replayed {
			if !bytes.Equal(known.Body, n.Body) {
				return fault.New(fault.Conflict, "idempotency_conflict", "this idempotency key was used with another body")
			}
			o = order(known)
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := n.Window.comes(n.Place, p.Now()); err != nil {
			return err
		}
		o, err = p.add(ctx, q, n)
		return err
	})
	return o, replayed, err
}

func (p *Pickups) add(ctx context.Context, q *store.Queries, n NewOrder) (Order, error) {
	number, err := q.TakeNumbers(ctx, 1)
	if err != nil {
		return Order{}, err
	}
	sealed, err := n.Seal(number, n.Day)
	if err != nil {
		return Order{}, fmt.Errorf("pickup: seal the contact of order %d: %w", number, err)
	}
	row := store.AddOrderParams{Number: number, Merchant: n.Merchant, Carrier: n.Carrier, Key: n.Key, Body: n.Body, Reference: line(n.Reference), City: line(n.City), Region: line(n.Region),
		Address: line(n.Address), Day: n.Day, FromMinute: int64(n.From), ToMinute: int64(n.To), Places: int64(n.Places), WeightG: int64(n.WeightG), Comment: line(n.Comment),
		Contact: sealed, State: string(Ordered), Created: p.now(), Changed: p.now(), Actor: "merchant " + n.Merchant}
	return order(store.Pickup(row)), q.AddOrder(ctx, row)
}

// Order finds a merchant's by its number; NotFound also for another merchant's. An empty merchant finds anybody's.
func (p *Pickups) Order(ctx context.Context, merchant string, number int64) (Order, error) {
	return find(ctx, store.New(p.DB.Reads()), merchant, number)
}

func find(ctx context.Context, q *store.Queries, merchant string, number int64) (Order, error) {
	row, err := q.OrderNumbered(ctx, number)
	if err == nil && merchant != "" && row.Merchant != merchant {
		err = sql.ErrNoRows
	}
	row, err = db.One(row, err, "unknown_pickup", "there is no such pickup")
	return order(row), err
}

// Orders lists a merchant's, newest first. next is the before of the next page, 0 on the last; the first page is before 0.
func (p *Pickups) Orders(ctx context.Context, merchant string, before int64, limit int) (list []Order, next int64, err error) {
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := store.New(p.DB.Reads()).OrdersBefore(ctx, store.OrdersBeforeParams{Merchant: merchant, Before: before, AtMost: int32(limit + 1)})
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].Number
	}
	return orders(rows), next, err
}

// maxWaiting bounds a list of what is to be fetched.
const maxWaiting = 1000

// Waiting lists what is still to be fetched, on one day or all (""), the earliest first.
func (p *Pickups) Waiting(ctx context.Context, day string) ([]Order, error) {
	if day != "" {
		if _, err := dayOf(day); err != nil {
			return nil, err
		}
	}
	rows, err := store.New(p.DB.Reads()).OrdersOn(ctx, store.OrdersOnParams{OnDay: day, AtMost: maxWaiting})
	return orders(rows), err
}

// Move does an act to an order, by actor. A merchant finds only its own; an empty merchant is the operator. What was done before is no error. Conflict
// "pickup_too_late" where the order's state does not allow it.
func (p *Pickups) Move(ctx context.Context, merchant string, number int64, act Act, actor string) (o Order, err error) {
	by := byMerchant
	if merchant == "" {
		by = byOperator
	}
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if o, err = find(ctx, q, merchant, number); err != nil {
			return err
		}
		after, ok := Next(o.State, act, by)
		if !ok {
			return fault.New(fault.Conflict, "pickup_too_late", "the pickup is %s", o.State)
		}
		if after == o.State {
			return nil
		}
		moved, err := q.Move(ctx, store.MoveParams{Number: number, Before: string(o.State), After: string(after), Changed: p.now(), Actor: actor})
		if err != nil {
			return err
		}
		if moved == 0 {
			return fault.New(fault.Unavailable, "busy", "somebody else is changing the pickup; try again")
		}
		if !after.Waits() {
			if err := q.DropContact(ctx, number); err != nil {
				return err
			}
		}
		o, err = find(ctx, q, merchant, number)
		return err
	})
	return o, err
}

// keepContact is how long after its day an order that nobody has ended keeps its contact.
const keepContact = 7 * 24 * time.Hour

// Clean drops the contacts of orders whose day is long over.
func (p *Pickups) Clean(ctx context.Context) error {
	before := p.Now().In(moscow).Add(-keepContact).Format(time.DateOnly)
	return p.DB.Tx(ctx, func(tx *sql.Tx) error { return store.New(tx).DropContactsBefore(ctx, before) })
}

func orders(rows []store.Pickup) (list []Order) {
	for _, row := range rows {
		list = append(list, order(row))
	}
	return list
}

func order(row store.Pickup) Order {
	return Order{Number: row.Number, Merchant: row.Merchant, Carrier: row.Carrier, Reference: row.Reference, Place: Place{row.City, row.Region, row.Address},
		Window: Window{row.Day, int(row.FromMinute), int(row.ToMinute)}, Load: Load{int(row.Places), int(row.WeightG)}, Comment: row.Comment,
		Contact: row.Contact, State: State(row.State), Created: row.Created, Changed: row.Changed, Actor: row.Actor}
}

func (p *Pickups) now() int64 { return p.Now().UnixMicro() }

// Clock is a minute of the day as a window of hours is written: "09:30".
func Clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
