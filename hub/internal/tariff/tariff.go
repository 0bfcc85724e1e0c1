// Package tariff knows what the network asks for carrying a parcel, and how long it takes: lanes from cities to cities or single
// lockers, each in a zone, and prices by zone, size and weight. Both are the operator's tables.
package tariff

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"lockstep/hub/internal/tariff/store"
	"lockstep/internal/db"
	"lockstep/parcel"
)

// Config is what the room stands on.
type Config struct {
	DB *db.DB
}

// Tariffs is the room.
type Tariffs struct{ Config }

// New opens the room.
func New(c Config) *Tariffs { return &Tariffs{c} }

// Lane is one way that parcels go. Cities are fleet's, by number.
type Lane struct {
	From        int64  // 0: wherever it comes from
	To          int64  // 0 where Locker says it
	Locker      string // empty for all of To
	Zone        int
	Coefficient int64 // thousandths; prices are multiplied by it
	Standard    Days
	Priority    Days // zero where there is no faster way
}

// Days are working days on the way, from and to.
type Days struct{ Min, Max int }

// Price is what one parcel costs.
type Price struct {
	Name       string // of the service
	Gross, VAT int64  // in hundredths of the network's currency; the VAT is within the gross
	VATPercent int64  // -1 where there is none
}

// Row is a line of the price list: what a parcel up to a size and weight costs in a zone, before a lane's coefficient.
type Row struct {
	Zone       int
	Priority   bool
	Size       parcel.Size
	MaxG       int64
	Name       string
	Gross      int64 // in hundredths of the network's currency
	VATPercent int64 // -1 where there is none
}

// Mode is a row's as tables have it.
func (r Row) Mode() string {
	if r.Priority {
		return "priority"
	}
	return "standard"
}

// Prices are the whole price list, by zone, mode, size and weight.
func (t *Tariffs) Prices(ctx context.Context) (list []Row, err error) {
	rows, err := store.New(t.DB.Reads()).Prices(ctx)
	for _, p := range rows {
		list = append(list, Row{int(p.Zone), p.Priority, parcel.Size(p.Size), p.MaxG, p.Name, p.Price, p.Vat})
	}
	return list, err
}

// Lanes are all lanes, by where they begin and end.
func (t *Tariffs) Lanes(ctx context.Context) (list []Lane, err error) {
	rows, err := store.New(t.DB.Reads()).Lanes(ctx)
	for _, l := range rows {
		list = append(list, readLane(l))
	}
	return list, err
}

func readLane(l store.TariffLane) Lane {
	return Lane{From: l.FromCity, To: l.ToCity, Locker: l.Locker, Zone: int(l.Zone), Coefficient: l.Coefficient,
		Standard: Days{int(l.DaysMin), int(l.DaysMax)}, Priority: Days{int(l.PriorityMin), int(l.PriorityMax)}}
}

// Rates are what holds for parcels from one city.
type Rates struct {
	lanes  []Lane // the more particular first
	prices []store.TariffPrice
}

// From reads the rates from a city.
func (t *Tariffs) From(ctx context.Context, city int64) (r Rates, err error) {
	err = t.DB.View(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		lanes, err := q.LanesFrom(ctx, city)
		if err != nil {
			return err
		}
		for _, l := range lanes {
			r.lanes = append(r.lanes, readLane(l))
		}
		r.prices, err = q.Prices(ctx)
		return err
	})
	slices.SortFunc(r.lanes, func(a, b Lane) int { return cmp.Compare(b.rank(), a.rank()) })
	return r, err
}

// rank orders lanes: one to a single locker goes before one to its city, one from a named city before one from anywhere.
func (l Lane) rank() (n int) {
	if l.Locker != "" {
		n += 2
	}
	if l.From != 0 {
		n++
	}
	return n
}

// Lane is the way to a locker in a city, or (where locker is empty) to that city.
func (r Rates) Lane(city int64, locker string) (Lane, bool) {
	i := slices.IndexFunc(r.lanes, func(l Lane) bool {
		if l.Locker != "" {
			return l.Locker == locker
		}
		return l.To == city
	})
	if i < 0 {
		return Lane{}, false
	}
	return r.lanes[i], true
}

// Price is that of the smallest class which a parcel of this size and weight fits. There is none for a lane that is not offered, a
// parcel that is too large or too heavy, or a faster way that the lane does not have.
func (r Rates) Price(l Lane, priority bool, size parcel.Size, grams int) (Price, bool) {
	if priority && l.Priority == (Days{}) {
		return Price{}, false
	}
	for _, p := range r.prices { // by size and weight
		if int(p.Zone) == l.Zone && p.Priority == priority && parcel.Size(p.Size) >= size && p.MaxG >= int64(grams) {
			gross := (p.Price*l.Coefficient + 500) / 1000
			price := Price{Name: p.Name, Gross: gross, VATPercent: p.Vat}
			if p.Vat > 0 {
				price.VAT = (gross*p.Vat + (100+p.Vat)/2) / (100 + p.Vat)
			}
			return price, true
		}
	}
	return Price{}, false
}
