package tariff

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"lockstep/hub/internal/tariff/store"
	"lockstep/internal/sheet"
	"lockstep/parcel"
)

// The columns of the operator's tables. In lanes, days is like "2-4", priority likewise or empty, coefficient like "1.25" or empty; an
// empty from_city is everywhere; where a locker is named, to_city stays empty. In prices, mode is standard or priority, max_kg like
// "4.2", price like "219.50" with the VAT in it, vat a percentage or empty for none.
var (
	laneColumns  = []string{"from_city", "to_city", "locker", "zone", "days", "priority", "coefficient"}
	priceColumns = []string{"zone", "mode", "size", "max_kg", "name", "price", "vat"}
)

const (
	maxDays  = 365
	maxPrice = 1_000_000_00
)

// ImportLanes puts a table (package sheet) in the place of all lanes, or changes nothing.
func (t *Tariffs) ImportLanes(ctx context.Context, file io.Reader) (int, error) {
	return t.replace(ctx, file, laneColumns, (*store.Queries).DropLanes, func(ctx context.Context, q *store.Queries, row sheet.Row) (int64, error) {
		l, err := lane(row)
		if err != nil {
			return 0, row.Wrong("%v", err)
		}
		return q.AddLane(ctx, l)
	})
}

// ImportPrices does the same with all prices.
func (t *Tariffs) ImportPrices(ctx context.Context, file io.Reader) (int, error) {
	return t.replace(ctx, file, priceColumns, (*store.Queries).DropPrices, func(ctx context.Context, q *store.Queries, row sheet.Row) (int64, error) {
		p, err := price(row)
		if err != nil {
			return 0, row.Wrong("%v", err)
		}
		return q.AddPrice(ctx, p)
	})
}

func (t *Tariffs) replace(ctx context.Context, file io.Reader, columns []string, drop func(*store.Queries, context.Context) error,
	add func(context.Context, *store.Queries, sheet.Row) (int64, error)) (int, error) {
	rows, err := sheet.Table(file, columns...)
	if err != nil {
		return 0, err
	}
	return len(rows), t.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if err := drop(q, ctx); err != nil {
			return err
		}
		for _, row := range rows {
			added, err := add(ctx, q, row)
			if err != nil {
				return err
			}
			if added == 0 {
				return row.Wrong("there is one like this before it")
			}
		}
		return nil
	})
}

func lane(row sheet.Row) (l store.AddLaneParams, err error) {
	for column, into := range map[string]*int64{"from_city": &l.FromCity, "to_city": &l.ToCity} {
		if text := row.Text(column); text != "" {
			if *into, err = strconv.ParseInt(text, 10, 32); err != nil || *into <= 0 {
				return l, errors.New(column + " is a city's id")
			}
		}
	}
	if l.Locker = row.Text("locker"); (l.Locker != "") == (l.ToCity != 0) {
		return l, errors.New("a lane leads to a city or to a locker")
	}
	if l.Zone, err = strconv.ParseInt(row.Text("zone"), 10, 16); err != nil {
		return l, errors.New("zone is a whole number")
	}
	if l.DaysMin, l.DaysMax, err = days(row.Text("days")); err != nil {
		return l, err
	}
	if text := row.Text("priority"); text != "" {
		if l.PriorityMin, l.PriorityMax, err = days(text); err != nil {
			return l, err
		}
	}
	if l.Coefficient = 1000; row.Text("coefficient") != "" {
		l.Coefficient, err = scaled(row.Text("coefficient"), 1000, 100_000)
		if err != nil || l.Coefficient == 0 {
			return l, errors.New("coefficient is a number above 0 and at most 100")
		}
	}
	return l, nil
}

func price(row sheet.Row) (p store.AddPriceParams, err error) {
	if p.Zone, err = strconv.ParseInt(row.Text("zone"), 10, 16); err != nil {
		return p, errors.New("zone is a whole number")
	}
	switch row.Text("mode") {
	case "standard", "priority":
		p.Priority = row.Text("mode") == "priority"
	default:
		return p, errors.New("mode is standard or priority")
	}
	size, err := parcel.ParseSize(row.Text("size"))
	if err != nil {
		return p, err
	}
	p.Size = int64(size)
	if p.MaxG, err = scaled(row.Text("max_kg"), 1000, 100_000); err != nil || p.MaxG == 0 {
		return p, errors.New("max_kg is a number above 0 and at most 100")
	}
	if p.Price, err = scaled(row.Text("price"), 100, maxPrice); err != nil {
		return p, errors.New("price is an amount with at most two decimals")
	}
	if p.Name = row.Text("name"); p.Name == "" {
		return p, errors.New("name is the service's, as shops see it")
	}
	if p.Vat = -1; row.Text("vat") != "" {
		if p.Vat, err = strconv.ParseInt(row.Text("vat"), 10, 16); err != nil || p.Vat < 0 || p.Vat > 100 {
			return p, errors.New("vat is a whole percentage, or empty for none")
		}
	}
	return p, nil
}

// days reads "2-4" or "3".
func days(text string) (least, most int64, err error) {
	from, to, two := strings.Cut(text, "-")
	if !two {
		to = from
	}
	least, err1 := strconv.ParseInt(from, 10, 16)
	most, err2 := strconv.ParseInt(to, 10, 16)
	if err1 != nil || err2 != nil || least < 0 || most < max(least, 1) || most > maxDays {
		return 0, 0, errors.New("days are like 2-4 or 3")
	}
	return least, most, nil
}

// scaled reads a decimal number as a whole one of its parts.
func scaled(text string, parts, most int64) (int64, error) {
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	scaled := math.Round(n * float64(parts))
	if err != nil || !(n >= 0) || scaled > float64(most) || math.Abs(n*float64(parts)-scaled) > 1e-6*max(1, scaled) {
		return 0, errors.New("not such a number")
	}
	return int64(scaled), nil
}
