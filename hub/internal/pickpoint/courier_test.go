package pickpoint_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/pickup"
	"lockstep/internal/contact"
)

// courierCall is a call for a courier that is in order but for what is changed in it. The desk's clock is at noon in Moscow on 23 November.
func courierCall(changes ...string) string {
	text := `"IKN":"9990003041","SenderCode":"17","City":"Москва","Address":"Земляной Вал, 29","FIO":"Тестов Тест","Phone":"+79274269594","Date":"2026.11.24",` +
		`"TimeStart":720,"TimeEnd":1020,"Number":3,"Weight":4.5,"Comment":"вход со двора"`
	for i := 0; i < len(changes); i += 2 {
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

// call orders a courier and gives the number.
func (d *desk) call(body string) string {
	d.Helper()
	r := d.post("/api/courier", d.with(body))
	if r["CourierRequestRegistred"] != true || r.code() != 0 || r["ErrorMessage"] != nil || r.text("OrderNumber") == "" {
		d.Fatalf("%s: %v", body, r)
	}
	return r.text("OrderNumber")
}

func (d *desk) order(number string) pickup.Order {
	d.Helper()
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		d.Fatal(err)
	}
	o, err := d.pickups.Order(d.Context(), "", n)
	if err != nil {
		d.Fatal(err)
	}
	return o
}

func TestCourier(t *testing.T) {
	each(t, func(d *desk) {
		number := d.call(courierCall())
		o := d.order(number)
		if o.Merchant != d.merchant.ID || o.City != "Москва" || o.Region != "Московская обл." || o.Address != "Земляной Вал, 29" || o.Day != "2026-11-24" || o.From != 720 || o.To != 1020 ||
			o.Places != 3 || o.WeightG != 4500 || o.Comment != "вход со двора" || o.Reference != "17" || o.State != pickup.Ordered {
			d.Errorf("%+v", o)
		}
		key, err := statement.ParseSealKey(d.network.SealKey)
		if err != nil {
			d.Fatal(err)
		}
		plain, err := statement.OpenPickup(key, o.Contact, o.Number, o.Day)
		if err != nil {
			d.Fatal(err)
		}
		if p, err := contact.DecodePerson(plain); err != nil || p.Name != "Тестов Тест" || p.Phone != "+79274269594" {
			d.Errorf("%s, %v", plain, err)
		}
		if again := d.call(courierCall()); again == number {
			d.Error("a second call is the first")
		}
	})
}

func TestWhatCourierCallsAreLike(t *testing.T) {
	each(t, func(d *desk) {
		for name, row := range map[string]struct {
			body string
			want pickup.Order
		}{
			"numbers as strings":    {courierCall(`720`, `"720"`, `1020`, `"1020"`, `:3`, `:"3"`, `4.5`, `"4,5"`), pickup.Order{Window: pickup.Window{From: 720, To: 1020}, Load: pickup.Load{Places: 3, WeightG: 4500}}},
			"no times":              {courierCall(`"TimeStart":720,"TimeEnd":1020,`, ``), pickup.Order{Window: pickup.Window{From: 540, To: 1080}, Load: pickup.Load{Places: 3, WeightG: 4500}}},
			"empty times":           {courierCall(`720`, `""`, `1020`, `null`), pickup.Order{Window: pickup.Window{From: 540, To: 1080}, Load: pickup.Load{Places: 3, WeightG: 4500}}},
			"no weight":             {courierCall(`4.5`, `""`, `"SenderCode":"17",`, ``), pickup.Order{Window: pickup.Window{From: 720, To: 1020}, Load: pickup.Load{Places: 3}}},
			"another way of a date": {courierCall(`2026.11.24`, `24.11.26`), pickup.Order{Window: pickup.Window{From: 720, To: 1020}, Load: pickup.Load{Places: 3, WeightG: 4500}}},
		} {
			o := d.order(d.call(row.body))
			if o.From != row.want.From || o.To != row.want.To || o.Load != row.want.Load || o.Day != "2026-11-24" {
				d.Errorf("%s: %+v", name, o)
			}
		}
		for name, row := range map[string]struct{ body, city string }{
			"the number wins":         {courierCall(`"City":"Москва"`, `"City":"Москва","City_id":1726,"City_owner_id":1`), "Казань"},
			"the number alone":        {courierCall(`"City":"Москва"`, `"City_id":"1726"`), "Казань"},
			"a number of others":      {courierCall(`"City":"Москва"`, `"City":"Москва","City_id":1726,"City_owner_id":2`), "Москва"},
			"a number nobody has":     {courierCall(`"City":"Москва"`, `"City":"г. Москва","City_id":4711`), "Москва"},
			"no number but a nothing": {courierCall(`"City":"Москва"`, `"City":"Казань","City_id":0,"City_owner_id":0`), "Казань"},
		} {
			if o := d.order(d.call(row.body)); o.City != row.city {
				d.Errorf("%s: %s", name, o.City)
			}
		}
	})
}

func TestCourierRefused(t *testing.T) {
	each(t, func(d *desk) {
		for name, row := range map[string]struct {
			body string
			code int
			text string
		}{
			"yesterday":       {courierCall(`2026.11.24`, `2026.11.22`), 20, "прошла"},
			"no date":         {courierCall(`"Date":"2026.11.24",`, ``), 20, "дата"},
			"too late today":  {courierCall(`2026.11.24`, `2026.11.23`), 20, "до 10:30"},
			"three hours":     {courierCall(`720`, `840`), 20, "4 часов"},
			"at night":        {courierCall(`720`, `0`), 20, "540"},
			"no minutes":      {courierCall(`720`, `"noon"`), 20, "540"},
			"no places":       {courierCall(`"Number":3,`, ``), 20, "мест"},
			"half a place":    {courierCall(`:3`, `:2.5`), 20, "мест"},
			"a heavy lot":     {courierCall(`4.5`, `1e9`), 20, "вес"},
			"no city":         {courierCall(`"City":"Москва",`, ``), 20, "город"},
			"another city":    {courierCall(`Москва`, `Китеж`), 21, "Город не найден"},
			"no such number":  {courierCall(`"City":"Москва"`, `"City_id":4711`), 21, "Город не найден"},
			"no address":      {courierCall(`Земляной Вал, 29`, ``), 20, "адрес"},
			"nobody":          {courierCall(`Тестов Тест`, ``), 20, "FIO"},
			"no phone":        {courierCall(`+79274269594`, ``), 20, "Phone"},
			"not ours":        {courierCall(`9990003041`, `9990003042`), 30, "ИКН"},
			"of other shapes": {courierCall(`"Москва"`, `["Москва"]`, `:3`, `:{}`), 20, "город"},
		} {
			r := d.post("/api/courier", d.with(row.body))
			if r["CourierRequestRegistred"] != false || r["OrderNumber"] != "" || r.code() != row.code || !strings.Contains(r.text("ErrorMessage"), row.text) || r.text("ErrorMessage") != r.text("Error") {
				d.Errorf("%s: %v, want %d %s", name, r, row.code, row.text)
			}
		}
		if list, _, err := d.pickups.Orders(d.Context(), d.merchant.ID, 0, 10); err != nil || len(list) > 0 {
			d.Errorf("%v, %v", list, err)
		}
		d.now = time.Date(2026, 11, 24, 7, 29, 0, 0, time.UTC) // 10:29 in Moscow
		d.call(courierCall())
		d.now = time.Date(2026, 11, 24, 7, 31, 0, 0, time.UTC)
		d.call(courierCall(`Москва`, `Казань`))
		if r := d.post("/api/courier", d.with(courierCall())); r.code() != 20 {
			d.Errorf("at 10:31: %v", r)
		}
	})
}

func TestCourierCancel(t *testing.T) {
	each(t, func(d *desk) {
		cancel := func(number string) reply {
			d.Helper()
			r := d.post("/api/couriercancel", d.with(`"OrderNumber":`+number))
			if _, ok := r["OrderNumber"].(string); !ok {
				d.Errorf("%s: %v", number, r)
			}
			return r
		}
		first, second := d.call(courierCall()), d.call(courierCall())
		for _, number := range []string{`"` + first + `"`, first} { // twice is no error
			if r := cancel(number); r.text("OrderNumber") != first || r["Canceled"] != true || r.code() != 0 {
				d.Errorf("%v", r)
			}
		}
		if o := d.order(first); o.State != pickup.Cancelled || o.Contact != nil {
			d.Errorf("%+v", o)
		}
		if _, err := d.pickups.Move(d.Context(), "", d.order(second).Number, pickup.Assign, "operator"); err != nil {
			d.Fatal(err)
		}
		if r := cancel(second); r["Canceled"] != false || r.code() != -1 || !strings.Contains(r.text("Error"), "курьера уже нельзя") {
			d.Errorf("%v", r)
		}
		nobodys := cancel(`"29999999"`)
		for _, number := range []string{`""`, `{}`, `"x"`, `1e3`, `"99999999999999999999"`} {
			if r := cancel(number); r["Canceled"] != false || r.code() != nobodys.code() || r.code() != 21 || r["Error"] != nobodys["Error"] {
				d.Errorf("%s: %v", number, r)
			}
		}
		d.asAnother()
		if r := cancel(first); r["Canceled"] != false || r.code() != nobodys.code() || r["Error"] != nobodys["Error"] {
			d.Errorf("another shop's: %v, nobody's: %v", r, nobodys)
		}
	})
}
