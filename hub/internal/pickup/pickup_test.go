package pickup_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lockstep/hub/internal/pickup"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// desk is a room with a clock.
type desk struct {
	*testing.T
	*pickup.Pickups
	now time.Time
}

var moscow = time.FixedZone("MSK", 3*60*60)

func each(t *testing.T, do func(d *desk)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, database *db.DB) {
		d := &desk{T: t, now: time.Date(2026, 11, 30, 8, 0, 0, 0, moscow)}
		d.Pickups = pickup.New(pickup.Config{DB: database, Now: func() time.Time { return d.now }})
		do(d)
	})
}

// asked is an order that is in order.
func asked(key string) pickup.NewOrder {
	return pickup.NewOrder{Merchant: "m1", Carrier: "house", Key: key, Body: []byte("body"), Reference: "17", Place: pickup.Place{City: "Москва", Region: "Московская обл.", Address: "Земляной Вал, 29"},
		Window: pickup.Window{Day: "2026-12-01", From: 540, To: 1080}, Load: pickup.Load{Places: 3, WeightG: 4500}, Comment: "вход со двора",
		Seal: func(int64, string) ([]byte, error) { return []byte("sealed"), nil }}
}

func (d *desk) make(key string) pickup.Order {
	d.Helper()
	o, _, err := d.Make(d.Context(), asked(key))
	if err != nil {
		d.Fatal(err)
	}
	return o
}

func code(err error) string {
	if err == nil {
		return ""
	}
	code, _ := fault.Public(err)
	return code
}

func TestMake(t *testing.T) {
	each(t, func(d *desk) {
		var number int64
		n := asked("a")
		n.Seal = func(is int64, day string) ([]byte, error) {
			number = is
			return []byte("for " + day), nil
		}
		o, replayed, err := d.Make(d.Context(), n)
		if err != nil || replayed || o.Number != number || o.Number <= 10_000_000 || o.State != pickup.Ordered || string(o.Contact) != "for 2026-12-01" {
			d.Fatalf("%+v, %v, %v", o, replayed, err)
		}
		kept, err := d.Order(d.Context(), "m1", o.Number)
		if err != nil || kept.Place != n.Place || kept.Window != n.Window || kept.Load != n.Load || kept.Comment != n.Comment || kept.Reference != "17" || kept.Created != d.now.UnixMicro() {
			d.Errorf("%+v, %v", kept, err)
		}
		d.now = d.now.Add(30 * 24 * time.Hour) // a repeated request is answered also when the day is over
		again, replayed, err := d.Make(d.Context(), n)
		if err != nil || !replayed || again.Number != o.Number {
			d.Errorf("%+v, %v, %v", again, replayed, err)
		}
		n.Body = []byte("another")
		if _, _, err := d.Make(d.Context(), n); code(err) != "idempotency_conflict" {
			d.Errorf("%v", err)
		}
		if _, err := d.Order(d.Context(), "m2", o.Number); code(err) != "unknown_pickup" {
			d.Errorf("another merchant reads it: %v", err)
		}
	})
}

// TestTextsAreOneLine: what a merchant writes does not steer an operator's terminal.
func TestTextsAreOneLine(t *testing.T) {
	each(t, func(d *desk) {
		n := asked("a")
		n.Comment, n.Address = "вход\n со двора\x1b[2J", "Земляной\tВал,\u202e 29"
		if o, _, err := d.Make(d.Context(), n); err != nil || o.Comment != "вход со двора [2J" || o.Address != "Земляной Вал, 29" {
			d.Errorf("%q %q %v", o.Comment, o.Address, err)
		}
	})
}

func TestASealThatFails(t *testing.T) {
	each(t, func(d *desk) {
		n := asked("a")
		n.Seal = func(int64, string) ([]byte, error) { return nil, errors.New("no key") }
		if _, _, err := d.Make(d.Context(), n); fault.KindOf(err) != fault.Internal {
			d.Errorf("%v", err)
		}
		if list, _, err := d.Orders(d.Context(), "m1", 0, 10); len(list) > 0 || err != nil {
			d.Errorf("%v, %v", list, err)
		}
	})
}

func TestRefused(t *testing.T) {
	each(t, func(d *desk) {
		for _, row := range []struct {
			what   string
			change func(n *pickup.NewOrder)
			code   string
		}{
			{"no key", func(n *pickup.NewOrder) { n.Key = "" }, "invalid_idempotency_key"},
			{"no city", func(n *pickup.NewOrder) { n.City = "" }, "invalid_address"},
			{"no address", func(n *pickup.NewOrder) { n.Address = "" }, "invalid_address"},
			{"a long address", func(n *pickup.NewOrder) { n.Address = strings.Repeat("я", 301) }, "invalid_address"},
			{"a zero in it", func(n *pickup.NewOrder) { n.Address = "a\x00" }, "invalid_address"},
			{"a long comment", func(n *pickup.NewOrder) { n.Comment = strings.Repeat("я", 501) }, "invalid_comment"},
			{"a long reference", func(n *pickup.NewOrder) { n.Reference = strings.Repeat("я", 101) }, "invalid_reference"},
			{"no places", func(n *pickup.NewOrder) { n.Places = 0 }, "invalid_places"},
			{"many places", func(n *pickup.NewOrder) { n.Places = 10_001 }, "invalid_places"},
			{"less than nothing", func(n *pickup.NewOrder) { n.WeightG = -1 }, "invalid_weight"},
			{"a ship", func(n *pickup.NewOrder) { n.WeightG = 20_000_001 }, "invalid_weight"},
			{"no day", func(n *pickup.NewOrder) { n.Day = "" }, "invalid_day"},
			{"a day that never was", func(n *pickup.NewOrder) { n.Day = "2026-11-31" }, "invalid_day"},
			{"before nine", func(n *pickup.NewOrder) { n.From = 539 }, "invalid_window"},
			{"after six", func(n *pickup.NewOrder) { n.To = 1081 }, "invalid_window"},
			{"less than four hours", func(n *pickup.NewOrder) { n.From, n.To = 600, 839 }, "invalid_window"},
			{"four hours", func(n *pickup.NewOrder) { n.From, n.To = 600, 840 }, ""},
			{"backwards", func(n *pickup.NewOrder) { n.From, n.To = 1080, 540 }, "invalid_window"},
			{"yesterday", func(n *pickup.NewOrder) { n.Day = "2026-11-29" }, "day_over"},
			{"in sixty days", func(n *pickup.NewOrder) { n.Day = "2027-01-29" }, ""},
			{"in a year", func(n *pickup.NewOrder) { n.Day = "2027-11-30" }, "too_far"},
		} {
			n := asked(row.what)
			row.change(&n)
			if _, _, err := d.Make(d.Context(), n); code(err) != row.code {
				d.Errorf("%s: %v, want %q", row.what, err, row.code)
			}
		}
	})
}

// TestCutOff: for the same day one orders early, in Moscow and its region earlier, by Moscow's clock.
func TestCutOff(t *testing.T) {
	each(t, func(d *desk) {
		moscowCity, region, kazan, other := pickup.Place{City: "Москва"}, pickup.Place{City: "Химки", Region: "Московская обл."}, pickup.Place{City: "Казань", Region: "Татарстан респ."}, pickup.Place{City: "Москаленки", Region: "Омская обл."}
		for _, row := range []struct {
			at   string
			to   pickup.Place
			day  string
			till int
			code string
		}{
			{"10:29:59", moscowCity, "2026-11-30", 1080, ""},
			{"10:30:00", moscowCity, "2026-11-30", 1080, "too_late_today"},
			{"10:30:00", region, "2026-11-30", 1080, "too_late_today"},
			{"10:30:00", moscowCity, "2026-12-01", 1080, ""},
			{"10:30:00", kazan, "2026-11-30", 1080, ""},
			{"13:59:59", kazan, "2026-11-30", 1080, ""},
			{"13:59:59", other, "2026-11-30", 1080, ""},
			{"14:00:00", kazan, "2026-11-30", 1080, "too_late_today"},
			{"13:00:00", kazan, "2026-11-30", 780, "too_late_today"}, // its window is over
			{"23:59:59", kazan, "2026-12-01", 1080, ""},
		} {
			at, err := time.ParseInLocation(time.DateTime, "2026-11-30 "+row.at, moscow)
			if err != nil {
				d.Fatal(err)
			}
			d.now = at.UTC()
			n := asked(row.at + row.to.City + row.day)
			row.to.Address = "1"
			n.Place, n.Day, n.To = row.to, row.day, row.till
			if _, _, err := d.Make(d.Context(), n); code(err) != row.code {
				d.Errorf("%s %s for %s: %v, want %q", row.at, row.to.City, row.day, err, row.code)
			}
		}
	})
}

func TestMoves(t *testing.T) {
	each(t, func(d *desk) {
		for _, row := range []struct {
			acts []pickup.Act
			then pickup.Act
			by   string // a merchant; "" the operator
			to   pickup.State
			code string
		}{
			{nil, pickup.Cancel, "m1", pickup.Cancelled, ""},
			{nil, pickup.Cancel, "m2", pickup.Ordered, "unknown_pickup"},
			{nil, pickup.Finish, "m1", pickup.Ordered, "pickup_too_late"},
			{nil, pickup.Assign, "", pickup.Assigned, ""},
			{nil, pickup.Finish, "", pickup.Done, ""},
			{[]pickup.Act{pickup.Assign}, pickup.Cancel, "m1", pickup.Assigned, "pickup_too_late"},
			{[]pickup.Act{pickup.Assign}, pickup.Cancel, "", pickup.Cancelled, ""},
			{[]pickup.Act{pickup.Finish}, pickup.Cancel, "m1", pickup.Done, "pickup_too_late"},
			{[]pickup.Act{pickup.Finish}, pickup.Finish, "", pickup.Done, ""},
			{[]pickup.Act{pickup.Cancel}, pickup.Cancel, "m1", pickup.Cancelled, ""},
			{[]pickup.Act{pickup.Cancel}, pickup.Finish, "", pickup.Cancelled, "pickup_too_late"},
		} {
			o := d.make(string(row.then) + row.by + string(row.to) + strings.Repeat("+", len(row.acts)) + row.code)
			for _, act := range row.acts {
				if _, err := d.Move(d.Context(), "", o.Number, act, "operator"); err != nil {
					d.Fatal(err)
				}
			}
			_, err := d.Move(d.Context(), row.by, o.Number, row.then, "somebody")
			is, _ := d.Order(d.Context(), "", o.Number)
			if code(err) != row.code || is.State != row.to || (is.Contact != nil) != is.State.Waits() {
				d.Errorf("%v then %s by %q: %v, %s with contact %q; want %s %q", row.acts, row.then, row.by, err, is.State, is.Contact, row.to, row.code)
			}
		}
	})
}

func TestLists(t *testing.T) {
	each(t, func(d *desk) {
		first, second, third := d.make("1"), d.make("2"), d.make("3")
		n := asked("4")
		n.Merchant, n.Day = "m2", "2026-12-02"
		if _, _, err := d.Make(d.Context(), n); err != nil {
			d.Fatal(err)
		}
		page, next, err := d.Orders(d.Context(), "m1", 0, 2)
		if err != nil || len(page) != 2 || page[0].Number != third.Number || next != second.Number {
			d.Errorf("%v, %d, %v", page, next, err)
		}
		if page, next, err = d.Orders(d.Context(), "m1", next, 2); err != nil || len(page) != 1 || page[0].Number != first.Number || next != 0 {
			d.Errorf("%v, %d, %v", page, next, err)
		}
		if _, err := d.Move(d.Context(), "", second.Number, pickup.Finish, "operator"); err != nil {
			d.Fatal(err)
		}
		for day, want := range map[string]int{"": 3, "2026-12-01": 2, "2026-12-02": 1, "2026-12-03": 0} {
			if list, err := d.Waiting(d.Context(), day); err != nil || len(list) != want {
				d.Errorf("%q: %v, %v", day, list, err)
			}
		}
		if _, err := d.Waiting(d.Context(), "tomorrow"); code(err) != "invalid_day" {
			d.Errorf("%v", err)
		}
	})
}

// TestContactsGo: an order that nobody has ended keeps its contact for a week after its day.
func TestContactsGo(t *testing.T) {
	each(t, func(d *desk) {
		o := d.make("1")
		for _, row := range []struct {
			at   string
			kept bool
		}{{"2026-12-08", true}, {"2026-12-09", false}} {
			d.now, _ = time.ParseInLocation(time.DateOnly, row.at, moscow)
			if err := d.Clean(d.Context()); err != nil {
				d.Fatal(err)
			}
			if is, err := d.Order(d.Context(), "", o.Number); err != nil || (is.Contact != nil) != row.kept {
				d.Errorf("%s: %q, %v", row.at, is.Contact, err)
			}
		}
	})
}
