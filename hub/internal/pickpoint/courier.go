package pickpoint

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/pickup"
	"lockstep/internal/contact"
	"lockstep/internal/fault"
)

// A courier is ordered by a pickup.

// orderCourier takes an order for a courier. Clients look at the flag first, then at the text.
func (d *door) orderCourier(ctx context.Context, c *call) (any, error) {
	answer := struct {
		CourierRequestRegistred bool // as the API writes it
		OrderNumber             string
		failure
	}{}
	n, err := d.pickupOf(ctx, c)
	if err == nil {
		var o pickup.Order
		if o, _, err = d.Pickups.Make(ctx, n); err == nil {
			answer.CourierRequestRegistred, answer.OrderNumber = true, strconv.FormatInt(o.Number, 10)
		}
	}
	if err != nil {
		answer.failure = d.failure(ctx, err)
	}
	return answer, nil
}

// pickupOf is a request as the room takes it. It has no idempotency key, like a sending.
func (d *door) pickupOf(ctx context.Context, c *call) (n pickup.NewOrder, err error) {
	if err := c.underContract(c.text("ikn")); err != nil {
		return n, err
	}
	city, err := d.cityOf(ctx, c)
	if err != nil {
		return n, err
	}
	person, err := contact.NewPerson(cut(c.text("fio"), 100), cut(c.text("phone"), 100))
	if err != nil {
		return n, err
	}
	window, err := windowOf(c.object)
	if err != nil {
		return n, err
	}
	load, err := loadOf(c.object)
	if err != nil {
		return n, err
	}
	plain := person.Encode()
	return pickup.NewOrder{Merchant: c.merchant.ID, Carrier: c.merchant.Carrier, Key: uuid.NewString(), Body: []byte{}, Reference: cut(c.text("sendercode"), 100),
		Place: pickup.Place{City: city.Name, Region: city.Region, Address: c.text("address")}, Window: window, Load: load, Comment: cut(c.text("comment"), 500),
		Seal: func(number int64, day string) ([]byte, error) {
			return statement.SealPickup(d.Notifier, plain, number, day)
		}}, nil
}

// cityOf is the city that a request names: by its number, where that is one of ours, or else by its name.
func (d *door) cityOf(ctx context.Context, c *call) (fleet.City, error) {
	id, _ := c.whole("city_id", "cityid")
	owner, owned := c.whole("city_owner_id", "cityownerid")
	if id > 0 {
		cities, err := d.Fleet.Cities(ctx)
		if err != nil {
			return fleet.City{}, err
		}
		i := slices.IndexFunc(cities, func(c fleet.City) bool { return c.ID == int64(id) && (!owned || c.Owner == int64(owner)) })
		if i >= 0 {
			return cities[i], nil
		}
	}
	name := c.text("city", "cityname")
	switch {
	case name == "" && id > 0:
		return fleet.City{}, fault.New(fault.NotFound, "unknown_city", "there is no such city")
	case name == "":
		return fleet.City{}, fault.New(fault.Invalid, "needs_city", "a city is needed")
	}
	return d.Fleet.CityNamed(ctx, name, c.text("region", "regionname"))
}

// windowOf is the day and the minutes of it; the whole day where no minutes are given.
func windowOf(o object) (pickup.Window, error) {
	day, _, ok := when(o.text("date"))
	if !ok {
		return pickup.Window{}, fault.New(fault.Invalid, "invalid_day", "a day is needed")
	}
	w := pickup.Window{Day: day.Format(time.DateOnly), From: pickup.Opens, To: pickup.Closes}
	for key, minute := range map[string]*int{"timestart": &w.From, "timeend": &w.To} {
		if o.any(key) == nil {
			continue
		}
		if *minute, ok = o.whole(key); !ok {
			return w, fault.New(fault.Invalid, "invalid_window", "a window is in minutes of the day")
		}
	}
	return w, nil
}

func loadOf(o object) (l pickup.Load, err error) {
	l.Places, _ = o.whole("number")
	kilograms, given := o.decimal("weight")
	if !given {
		return l, nil
	}
	if kilograms < 0 || kilograms > math.MaxInt32 {
		return l, fault.New(fault.Invalid, "invalid_weight", "a weight is in kilograms")
	}
	l.WeightG = int(math.Round(kilograms * 1000))
	return l, nil
}

// cancelCourier takes an order back, as long as no courier is assigned to it. Another shop's order is nobody's.
func (d *door) cancelCourier(ctx context.Context, c *call) (any, error) {
	answer := struct {
		OrderNumber string
		Canceled    bool
		failure
	}{OrderNumber: cut(c.text("ordernumber"), 50)}
	number, err := strconv.ParseInt(answer.OrderNumber, 10, 64)
	if err != nil {
		number = 0 // nobody's
	}
	if _, err = d.Pickups.Move(ctx, c.merchant.ID, number, pickup.Cancel, "merchant "+c.merchant.ID); err != nil {
		answer.failure = d.failure(ctx, err)
	}
	answer.Canceled = err == nil
	return answer, nil
}
