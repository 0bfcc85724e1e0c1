package tariff_test

import (
	"fmt"
	"strings"
	"testing"

	"lockstep/hub/internal/tariff"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

const (
	lanes = "from_city,to_city,locker,zone,days,priority,coefficient\n" +
		"1726,992,,1,2-4,1,\n" + // Kazan to Moscow, and to one locker there
		"1726,,7701-015,2,3,,1.25\n" +
		",992,,5,5-9,,\n" + // from anywhere
		",2,,6,4-6,,\n"
	prices = "zone,mode,size,max_kg,name,price,vat\n" +
		"1,standard,S,4.2,Small,100.00,20\n1,standard,M,15,Middle,219.50,20\n1,standard,L,30,Large,300,\n1,priority,L,30,Fast,\"500,5\",0\n" +
		"2,standard,M,15,Middle,200,20\n"
)

func each(t *testing.T, do func(t *testing.T, r *tariff.Tariffs)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) { do(t, tariff.New(tariff.Config{DB: d})) })
}

func TestRates(t *testing.T) {
	each(t, func(t *testing.T, r *tariff.Tariffs) {
		ctx := t.Context()
		for range 2 { // a table takes the place of the one before
			if n, err := r.ImportLanes(ctx, strings.NewReader(lanes)); err != nil || n != 4 {
				t.Fatal(n, err)
			}
			if n, err := r.ImportPrices(ctx, strings.NewReader(prices)); err != nil || n != 5 {
				t.Fatal(n, err)
			}
		}
		for _, row := range []struct {
			from, to   int64
			locker     string
			zone       int // -9 for no lane
			days, fast tariff.Days
		}{
			{1726, 992, "", 1, tariff.Days{Min: 2, Max: 4}, tariff.Days{Min: 1, Max: 1}},
			{1726, 992, "7701-001", 1, tariff.Days{Min: 2, Max: 4}, tariff.Days{Min: 1, Max: 1}},
			{1726, 992, "7701-015", 2, tariff.Days{Min: 3, Max: 3}, tariff.Days{}},
			{1, 992, "7701-015", 5, tariff.Days{Min: 5, Max: 9}, tariff.Days{}},
			{1726, 2, "", 6, tariff.Days{Min: 4, Max: 6}, tariff.Days{}},
			{1726, 3, "", -9, tariff.Days{}, tariff.Days{}},
		} {
			rates, err := r.From(ctx, row.from)
			if err != nil {
				t.Fatal(err)
			}
			l, ok := rates.Lane(row.to, row.locker)
			if !ok {
				l.Zone = -9
			}
			if l.Zone != row.zone || l.Standard != row.days || l.Priority != row.fast {
				t.Errorf("%+v: %+v", row, l)
			}
		}
	})
}

func TestPrices(t *testing.T) {
	each(t, func(t *testing.T, r *tariff.Tariffs) {
		ctx := t.Context()
		if _, err := r.ImportLanes(ctx, strings.NewReader(lanes)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ImportPrices(ctx, strings.NewReader(prices)); err != nil {
			t.Fatal(err)
		}
		rates, err := r.From(ctx, 1726)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			locker   string
			priority bool
			size     parcel.Size
			grams    int
			want     string
		}{
			{"", false, parcel.Small, 4200, "{Small 10000 1667 20}"},
			{"", false, parcel.Small, 4201, "{Middle 21950 3658 20}"},
			{"", false, parcel.Large, 0, "{Large 30000 0 -1}"},
			{"", false, parcel.Large, 30001, ""},
			{"", true, parcel.Small, 1, "{Fast 50050 0 0}"},
			{"7701-015", false, parcel.Small, 1, "{Middle 25000 4167 20}"}, // by its coefficient
			{"7701-015", true, parcel.Small, 1, ""},
		} {
			l, _ := rates.Lane(992, row.locker)
			got := ""
			if p, ok := rates.Price(l, row.priority, row.size, row.grams); ok {
				got = fmt.Sprint(p)
			}
			if got != row.want {
				t.Errorf("%+v: %s", row, got)
			}
		}
	})
}

// A table with one wrong row changes nothing, and the fault says which it is.
func TestTablesThatAreWrong(t *testing.T) {
	each(t, func(t *testing.T, r *tariff.Tariffs) {
		ctx := t.Context()
		if _, err := r.ImportLanes(ctx, strings.NewReader(lanes)); err != nil {
			t.Fatal(err)
		}
		for _, row := range []string{"1726,992,,1,2-4,1,", "x,992,,1,2,,", "1,,,1,2,,", "1,2,7701-015,1,2,,", "1,2,,A,2,,", "1,2,,1,4-2,,", "1,2,,1,0,,", "1,2,,1,,,", "1,2,,1,2,fast,", "1,2,,1,2,,0", "1,2,,1,2,,101", "1,2,,1,2,,1.00001", "1,2,,1,2,,NaN", "-1,2,,1,2,,"} {
			if _, err := r.ImportLanes(ctx, strings.NewReader(lanes+row+"\n")); fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "line 6: ") {
				t.Errorf("%s: %v", row, err)
			}
		}
		for _, row := range []string{"1,standard,S,4.2,Again,1,", "x,standard,S,1,N,1,", "1,slow,S,1,N,1,", "1,standard,XS,1,N,1,", "1,standard,S,0,N,1,", "1,standard,S,101,N,1,", "1,standard,S,1,,1,", "1,standard,S,1,N,1.001,", "1,standard,S,1,N,-1,", "1,standard,S,1,N,1,101", "1,standard,S,1,N,1e9,", "1,standard,S,1,N,Inf,"} {
			if _, err := r.ImportPrices(ctx, strings.NewReader(prices+row+"\n")); fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "line 7: ") {
				t.Errorf("%s: %v", row, err)
			}
		}
		if rates, err := r.From(ctx, 1726); err != nil {
			t.Error(err)
		} else if _, ok := rates.Lane(992, ""); !ok {
			t.Error("the lanes before a wrong table are gone")
		}
	})
}
