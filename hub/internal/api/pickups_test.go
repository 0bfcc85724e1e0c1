package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// inThreeDays is when couriers come to the tests' shops.
func inThreeDays() string { return time.Now().Add(72 * time.Hour).UTC().Format(time.DateOnly) }

// pickupBody is a pickup that is in order but for what is changed in it.
func pickupBody(changes ...string) string {
	text := `{"city":"Казань","region":"Татарстан респ.","address":"ул. Баумана, 7","contact":{"name":"` + name + `","phone":"` + phone + `"},"day":"` + inThreeDays() + `",` +
		`"from":"10:00","to":"16:30","places":12,"weight_g":34000,"comment":"Entrance from the yard","reference":"DAY-1"}`
	for i := 0; i < len(changes); i += 2 {
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

func (b *bench) pickup(key, body string) answer {
	b.t.Helper()
	return b.do("POST", "/v1/pickups", b.key, body, "Idempotency-Key", key)
}

func TestAPickupsLife(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		made := b.pickup("1", pickupBody())
		path := "/v1/pickups/" + made.field(t, "number")
		if made.status != 201 || made.header.Get("Location") != path || made.field(t, "state") != "ordered" || made.field(t, "from") != "10:00" || made.field(t, "to") != "16:30" ||
			made.field(t, "places") != "12" || made.field(t, "day") != inThreeDays() {
			t.Fatalf("%d %s", made.status, made.body)
		}
		if got := b.get(path); got.status != 200 || string(got.body) != string(made.body) {
			t.Errorf("%d %s", got.status, got.body)
		}
		again := b.pickup("1", strings.Replace(pickupBody(), ",", " ,\n", 1)) // the same, written another way
		if again.status != 201 || string(again.body) != string(made.body) || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%d %s", again.status, again.body)
		}
		for _, other := range []string{pickupBody("DAY-1", "DAY-2"), pickupBody(phone, "+79031112234")} {
			if got := b.pickup("1", other); got.status != 409 || got.field(t, "code") != "idempotency_conflict" {
				t.Errorf("%d %s", got.status, got.body)
			}
		}
		for range 2 {
			if got := b.do("POST", path+"/cancel", b.key, ""); got.status != 200 || got.field(t, "state") != "cancelled" {
				t.Errorf("%d %s", got.status, got.body)
			}
		}
		if got := b.do("GET", path, b.other, ""); got.status != 404 || got.field(t, "code") != "unknown_pickup" {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}

func TestPickupsRefused(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for i, tt := range []struct {
			body   string
			status int
			code   string
		}{
			{pickupBody(`"from":"10:00","to":"16:30",`, ``), 201, ""},
			{pickupBody(`"city":"Казань",`, ``), 422, "invalid_request"},
			{pickupBody(`10:00`, `13:00`), 422, "invalid_window"},
			{pickupBody(`10:00`, `29:00`), 422, "invalid_window"},
			{pickupBody(`10:00`, `ten`), 422, "invalid_request"},
			{pickupBody(inThreeDays(), `2020-12-04`), 422, "day_over"},
			{pickupBody(inThreeDays(), `today`), 422, "invalid_request"},
			{pickupBody(phone, `call me`), 422, "invalid_person_phone"},
			{pickupBody(name, ` `), 422, "invalid_person"},
			{pickupBody(`"contact":{"name":"`+name+`","phone":"`+phone+`"},`, ``), 422, "invalid_request"},
			{pickupBody(`"places":12`, `"places":0`), 422, "invalid_request"},
			{pickupBody(`DAY-1`, `a\u0000b`), 422, "invalid_reference"},
			{pickupBody(`Баумана`, `a\u0000b`), 422, "invalid_address"},
		} {
			if got := b.pickup(fmt.Sprint("bad", i), tt.body); got.status != tt.status || tt.code != "" && got.field(t, "code") != tt.code {
				t.Errorf("%s: %d %s", tt.body, got.status, got.body)
			}
		}
	})
}

func TestPickupPages(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for i := range 3 {
			b.pickup(fmt.Sprint(i), pickupBody("DAY-1", fmt.Sprint("R", i)))
		}
		first := b.get("/v1/pickups?limit=2")
		second := b.get("/v1/pickups?limit=2&cursor=" + first.field(t, "next_cursor"))
		if order := first.field(t, "pickups.0.reference") + first.field(t, "pickups.1.reference") + second.field(t, "pickups.0.reference"); order != "R2R1R0" || second.field(t, "next_cursor") != "" {
			t.Errorf("%s, then %s", first.body, second.body)
		}
		for _, cursor := range []string{"xyz", "cGlja3Vwczp4", "cGlja3Vwczow"} { // pickups:x, pickups:0
			if got := b.get("/v1/pickups?cursor=" + cursor); got.status != 422 {
				t.Errorf("%s: %d %s", cursor, got.status, got.body)
			}
		}
		if got := b.do("GET", "/v1/pickups", b.other, ""); got.field(t, "pickups") != "[]" {
			t.Errorf("%s", got.body)
		}
	})
}
