package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lockstep/guard/statement"
	"lockstep/internal/contact"
)

func TestAParcelsLife(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		made := b.announce("life", `{"locker":"l1","reference":"ORDER-1",`+to+`,"parcels":[{"size":"S"},{"dimensions_mm":{"l":370,"w":180,"h":600},"low":true,"reference":"BOX-2"}]}`)
		if made.status != 201 || made.header.Get("Location") != "/v1/shipments/"+made.field(t, "id") || made.field(t, "parcels.1.size") != "M" {
			t.Fatalf("%d %s", made.status, made.body)
		}
		id, barcode := made.field(t, "id"), made.field(t, "parcels.0.barcode")
		if statement.CheckBarcode(barcode) != nil || !strings.HasPrefix(made.field(t, "parcels.0.tracking"), "https://hub.example/t/") {
			t.Errorf("%s", made.body)
		}
		b.guard.Deposit(1, barcode)
		b.up(b.guard)
		if got := b.get("/v1/parcels/" + barcode); got.status != 200 || got.field(t, "state") != "stored" || got.field(t, "due") == "" || got.field(t, "due_confirmed") != "false" {
			t.Errorf("%d %s", got.status, got.body)
		}
		events := b.get("/v1/parcels/" + barcode + "/events")
		if events.field(t, "events.0.proof.kind") != "claim" || events.field(t, "events.1.proof.kind") != "record" ||
			events.field(t, "events.1.proof.record") != "5" || events.field(t, "events.1.proof.locker") != "l1" {
			t.Errorf("%s", events.body)
		}
		cancelled := b.do("POST", "/v1/shipments/"+id+"/cancel", b.key, "")
		if cancelled.status != 200 || cancelled.field(t, "parcels.0.hold") != "cancelled" || cancelled.field(t, "parcels.1.state") != "cancelled" {
			t.Errorf("%d %s", cancelled.status, cancelled.body)
		}
		if got := b.get("/v1/shipments/" + id); got.status != 200 || string(got.body) != string(cancelled.body) {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}

// What a customer sends to another is put into one locker by the sender's code, which nobody else is shown, and found in another.
func TestFromLockerToLocker(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.addLocker("l2", 0, 0)
		ask := func(key, from string) answer {
			return b.do("POST", "/v1/shipments", b.key, strings.Replace(small, `"locker":"l1"`, `"from_locker":"`+from+`","locker":"l2"`, 1), "Idempotency-Key", key)
		}
		made := ask("k1", "l1")
		id, barcode, code := made.field(t, "id"), made.field(t, "parcels.0.barcode"), made.field(t, "parcels.0.sender_code")
		if made.status != 201 || !statement.CheckPermitCode(code) || made.field(t, "locker") != "l2" || made.field(t, "parcels.0.locker") != "l1" || made.field(t, "parcels.0.outbound") != "true" {
			t.Fatalf("%d %s", made.status, made.body)
		}
		if again := ask("k1", "l1"); again.field(t, "parcels.0.sender_code") != code || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%d %s", again.status, again.body)
		}
		for _, path := range []string{"/v1/shipments/" + id, "/v1/parcels/" + barcode} {
			if got := b.get(path); strings.Contains(string(got.body), code) {
				t.Errorf("%s shows the sender's code", path)
			}
		}
		contacts := b.do("GET", "/notifier/v1/contacts", b.notifier, "")
		if contacts.field(t, "contacts.0.locker") != "l2" || !strings.HasPrefix(contacts.field(t, "contacts.0.shown"), "Locker l2") {
			t.Errorf("%s", contacts.body)
		}
		for from, want := range map[string]string{"l2": "same_locker", "l9": "unknown_locker", "l 9": "unknown_locker"} {
			if got := ask("k "+from, from); got.status != 422 || got.field(t, "code") != want {
				t.Errorf("from %s: %d %s", from, got.status, got.body)
			}
		}
	})
}

func TestRedirect(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.addLocker("l2", 0, 0)
		id, barcode := b.one().field(t, "id"), b.get("/v1/shipments").field(t, "shipments.0.parcels.0.barcode")
		send := func(key, id, body string) answer { return b.do("POST", "/v1/shipments/"+id+"/redirect", key, body) }
		for range 2 {
			got := send(b.key, id, `{"locker":"l2"}`)
			if got.status != 200 || got.field(t, "locker") != "l2" || got.field(t, "parcels.0.locker") != "l2" || got.field(t, "parcels.0.state") != "announced" {
				t.Fatalf("%d %s", got.status, got.body)
			}
		}
		for what, c := range map[string]struct {
			answer
			status int
			code   string
		}{
			"another merchant's": {send(b.other, id, `{"locker":"l1"}`), 404, "unknown_shipment"},
			"no shipment":        {send(b.key, "0199f3a2", `{"locker":"l1"}`), 404, "unknown_shipment"},
			"no locker":          {send(b.key, id, `{"locker":"l9"}`), 422, "unknown_locker"},
			"an odd locker":      {send(b.key, id, `{"locker":"l 9"}`), 422, "unknown_locker"},
			"nothing":            {send(b.key, id, `{}`), 422, ""},
		} {
			if c.answer.status != c.status || c.code != "" && c.field(t, "code") != c.code {
				t.Errorf("%s: %d %s", what, c.answer.status, c.body)
			}
		}
		b.guard.Deposit(1, barcode) // at l1, which had been told of it
		b.up(b.guard)
		if got := send(b.key, id, `{"locker":"l1"}`); got.status != 409 || got.field(t, "code") != "too_late" {
			t.Errorf("put in: %d %s", got.status, got.body)
		}
		if got := b.get("/v1/parcels/" + barcode); got.field(t, "locker") != "l1" || got.field(t, "state") != "stored" {
			t.Errorf("%s", got.body)
		}
	})
}

func TestIdempotency(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		first := b.one()
		again := b.announce("one", strings.Replace(small, ",", " ,\n", 1)) // the same, written another way
		if again.status != 201 || string(again.body) != string(first.body) || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("again: %d %s", again.status, again.body)
		}
		for _, other := range []string{strings.Replace(small, "ORDER-1", "ORDER-2", 1), strings.Replace(small, phone, "+79161234568", 1)} {
			if got := b.announce("one", other); got.status != 409 || got.field(t, "code") != "idempotency_conflict" {
				t.Errorf("other body: %d %s", got.status, got.body)
			}
		}
		if got := b.do("POST", "/v1/shipments", b.other, small, "Idempotency-Key", "one"); got.status != 201 || got.field(t, "id") == first.field(t, "id") {
			t.Errorf("another merchant's key: %d %s", got.status, got.body)
		}
	})
}

func TestConcurrentDuplicatesMakeOneShipment(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		answers := make([]answer, 8)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = b.announce("same", small) })
		}
		all.Wait()
		for _, a := range answers {
			if a.status != 201 || a.field(t, "id") != answers[0].field(t, "id") {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if got := b.get("/v1/lockers/l1"); got.field(t, "room.0.free") != "1" {
			t.Errorf("room was taken more than once: %s", got.body)
		}
	})
}

func TestBadShipments(t *testing.T) {
	body := func(recipient, parcels string) string {
		return `{"locker":"l1","recipient":` + recipient + `,"parcels":` + parcels + `}`
	}
	good := `{"phone":"` + phone + `","name":"` + name + `"}`
	tests := []struct {
		what, body string
		status     int
		code       string
	}{
		{"malformed", `{"locker":"l1",` + to + `,`, 400, "malformed"},
		{"not an object", `[1]`, 422, "invalid_request"},
		{"nothing", ``, 400, "malformed"},
		{"two values", small + small, 400, "malformed"},
		{"too large", `{"reference":"` + strings.Repeat("x", 70_000) + `"}`, 413, "too_large"},
		{"ten megabytes", `{"reference":"` + strings.Repeat("x", 10<<20) + `"}`, 413, "too_large"},
		{"another code page", strings.Replace(small, "ORDER-1", "\xc7\xe0\xea\xe0\xe7", 1), 400, "malformed"},
		{"unknown field", strings.Replace(small, `"locker"`, `"urgent":true,"locker"`, 1), 422, "invalid_request"},
		{"unknown field deep", body(`{"phone":"`+phone+`","fax":"1"}`, `[{"size":"S"}]`), 422, "invalid_request"},
		{"a value as a name", body(`{"`+phone+`":1,"`+email+`":2}`, `[{"size":"S"}]`), 422, "invalid_request"},
		{"a field of another case", strings.Replace(small, `"locker"`, `"Locker"`, 1), 422, "invalid_request"},
		{"wrong types", body(`{"phone":9031112233,"email":["`+email+`"]}`, `[{"size":"S"}]`), 422, "invalid_request"},
		{"recipient as text", body(`"`+name+`"`, `[{"size":"S"}]`), 422, "invalid_request"},
		{"impossible phone", body(`{"phone":"+7916123456","name":"`+name+`"}`, `[{"size":"S"}]`), 422, "invalid_phone"},
		{"no phone", body(`{"phone":"`+name+`"}`, `[{"size":"S"}]`), 422, "invalid_phone"},
		{"impossible e-mail", body(`{"email":"ann.secret@@example.org"}`, `[{"size":"S"}]`), 422, "invalid_email"},
		{"too long name", body(`{"phone":"`+phone+`","name":"`+strings.Repeat(name, 10)+`"}`, `[{"size":"S"}]`), 422, "invalid_request"},
		{"a name of two lines", body(`{"phone":"`+phone+`","name":"`+name+`\nx"}`, `[{"size":"S"}]`), 422, "invalid_name"},
		{"unknown language", body(`{"phone":"`+phone+`","language":"de"}`, `[{"size":"S"}]`), 422, "invalid_request"},
		{"no contact", body(`{"name":"`+name+`"}`, `[{"size":"S"}]`), 422, "no_contact"},
		{"no parcels", body(good, `[]`), 422, "invalid_request"},
		{"too many parcels", body(good, `[`+strings.Repeat(`{"size":"S"},`, 20)+`{"size":"S"}]`), 422, "invalid_request"},
		{"unknown size", body(good, `[{"size":"XL"}]`), 422, "invalid_request"},
		{"neither size nor dimensions", body(good, `[{}]`), 422, "size_or_dimensions"},
		{"both", body(good, `[{"size":"S","dimensions_mm":{"l":1,"w":1,"h":1}}]`), 422, "size_or_dimensions"},
		{"fits nothing", body(good, `[{"dimensions_mm":{"l":700,"w":100,"h":100}}]`), 422, "does_not_fit"},
		{"no dimension", body(good, `[{"dimensions_mm":{"l":0,"w":100,"h":100}}]`), 422, "invalid_request"},
		{"huge number", body(good, `[{"size":"S","weight_g":1e300}]`), 422, "invalid_request"},
		{"dwell too short", strings.Replace(small, `"locker"`, `"dwell_hours":1,"locker"`, 1), 422, "invalid_request"},
		{"unknown locker", strings.Replace(small, `"l1"`, `"l9"`, 1), 422, "unknown_locker"},
		{"no locker's name", strings.Replace(small, `"l1"`, `"l\u00001"`, 1), 422, "unknown_locker"},
		{"zero in a reference", strings.Replace(small, `ORDER-1`, `a\u0000b`, 1), 422, "invalid_reference"},
		{"no room", body(good, `[`+strings.Repeat(`{"size":"M"},`, 3)+`{"size":"M"}]`), 409, "locker_full"},
	}
	each(t, func(t *testing.T, b *bench) {
		for i, tt := range tests {
			got := b.announce(fmt.Sprintf("bad-%d", i), tt.body)
			if got.status != tt.status || got.field(t, "code") != tt.code || got.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %d %s %s", tt.what, got.status, got.header.Get("Content-Type"), got.body)
			}
		}
		if got := b.get("/v1/shipments"); got.field(t, "shipments") != "[]" {
			t.Errorf("something was made of them: %s", got.body)
		}
		if got := b.get("/v1/lockers/l1"); got.field(t, "room.1.free") != "2" {
			t.Errorf("room was lost to them: %s", got.body)
		}
		if got := b.do("POST", "/v1/shipments", b.key, small); got.status != 422 || got.field(t, "errors.0.location") != "header.Idempotency-Key" {
			t.Errorf("no idempotency key: %d %s", got.status, got.body)
		}
		if got := b.announce("kind", small+" "); got.status != 201 {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := b.do("POST", "/v1/shipments", b.key, "locker=l1", "Idempotency-Key", "x", "Content-Type", "application/x-www-form-urlencoded"); got.status != 415 {
			t.Errorf("a form: %d %s", got.status, got.body)
		}
	})
}

// TestEveryRouteNeedsAKey and what is another's does not exist: a sweep over every operation in the document, so that a new one
// cannot be forgotten.
func TestEveryRouteNeedsAKeyAndKeepsMerchantsApart(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		made := b.one()
		hook := b.do("POST", "/v1/webhooks", b.key, `{"url":"http://127.0.0.1:1/x"}`)
		fill := strings.NewReplacer("/v1/shipments/{id}", "/v1/shipments/"+made.field(t, "id"), "{barcode}", made.field(t, "parcels.0.barcode"),
			"/v1/webhooks/{id}", "/v1/webhooks/"+hook.field(t, "id"), "/v1/pickups/{id}", "/v1/pickups/"+b.pickup("sweep", pickupBody()).field(t, "number"), "/v1/lockers/{id}", "/v1/lockers/l1")
		var document struct {
			Paths map[string]map[string]json.RawMessage `json:"paths"`
		}
		must(t, json.Unmarshal(b.get("/v1/openapi.json").body, &document))
		operations := 0
		for pattern, methods := range document.Paths {
			for method := range methods {
				operations++
				path, method := fill.Replace(pattern), strings.ToUpper(method)
				for _, key := range []string{"", "lsk_wrong", b.key + "x", b.notifier} {
					if got := b.do(method, path, key, "{}"); got.status != 401 || got.field(t, "code") != "unauthorized" || got.header.Get("WWW-Authenticate") == "" {
						t.Errorf("%s %s with a wrong key: %d %s", method, pattern, got.status, got.body)
					}
				}
				if !strings.Contains(pattern, "{") || strings.HasPrefix(pattern, "/v1/lockers") {
					continue
				}
				body := ""
				switch path[strings.LastIndex(path, "/"):] {
				case "/extend":
					body = `{"dwell_hours":100}`
				case "/redirect":
					body = `{"locker":"l1"}`
				case "/replay":
					body = `{"since":"2026-01-01T00:00:00Z"}`
				}
				theirs := b.do(method, path, b.other, body)
				nobodys := b.do(method, strings.NewReplacer("{id}", "0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f", "{barcode}", "299999999997").Replace(pattern), b.other, body)
				if theirs.status != 404 || string(theirs.body) != string(nobodys.body) {
					t.Errorf("%s %s with another's key: %d %s, but nobody's: %s", method, pattern, theirs.status, theirs.body, nobodys.body)
				}
				if strange := b.do(method, strings.NewReplacer("{id}", "%00%ff", "{barcode}", "%00").Replace(pattern), b.key, body); strange.status != 404 && strange.status != 422 {
					t.Errorf("%s %s with no id: %d %s", method, pattern, strange.status, strange.body)
				}
			}
		}
		if operations < 16 {
			t.Errorf("only %d operations in the document", operations)
		}
		for _, list := range []string{"/v1/shipments", "/v1/webhooks", "/v1/pickups"} {
			if got := b.do("GET", list, b.other, ""); got.status != 200 || strings.Contains(string(got.body), made.field(t, "id")) || strings.Contains(string(got.body), hook.field(t, "id")) {
				t.Errorf("%s shows another's: %s", list, got.body)
			}
		}
		if got := b.get("/v1/webhooks/" + hook.field(t, "id")); got.status != 200 || got.field(t, "secret") != "" {
			t.Errorf("its own: %d, secret %q", got.status, got.field(t, "secret"))
		}
	})
}

func TestStrangePathsAndMethods(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, tt := range []struct {
			method, path string
			status       int
			allow        string
		}{
			{"GET", "/v1/nothing", 404, ""}, {"GET", "/v1/", 404, ""}, {"PUT", "/v1/shipments", 405, "GET, POST"},
			{"DELETE", "/v1/lockers", 405, "GET"}, {"GET", "/v1/shipments?colour=red", 422, ""}, {"GET", "/v1/shipments?limit=0", 422, ""},
			{"GET", "/v1/shipments?limit=x", 422, ""}, {"GET", "/v1/shipments?cursor=xyz", 422, ""}, {"GET", "/v1/shipments?reference=%00", 422, ""},
			{"GET", "/v1/shipments?reference=%ff", 422, ""}, {"GET", "/v1/shipments?state=eaten", 422, ""}, {"GET", "/v1/lockers?near=here", 422, ""},
			{"GET", "/v1/lockers?near=NaN,0", 422, ""}, {"GET", "/v1/lockers?near=91,0", 422, ""}, {"GET", "/v1/lockers/l9", 404, ""},
			{"GET", "/notifier/v1/nothing", 404, ""}, {"GET", "/notifier/v1/receipts", 405, "POST"},
		} {
			got := b.do(tt.method, tt.path, b.key, "")
			if got.status != tt.status || got.header.Get("Content-Type") != "application/problem+json" || got.field(t, "code") == "" || got.header.Get("Allow") != tt.allow {
				t.Errorf("%s %s: %d %v %s", tt.method, tt.path, got.status, got.header, got.body)
			}
		}
	})
}

func TestPaging(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for i := range 3 {
			if got := b.announce(fmt.Sprint(i), strings.Replace(small, "ORDER-1", fmt.Sprint("R", i), 1)); got.status != 201 {
				t.Fatalf("%s", got.body)
			}
		}
		first := b.get("/v1/shipments?limit=2")
		second := b.get("/v1/shipments?limit=2&cursor=" + first.field(t, "next_cursor"))
		order := first.field(t, "shipments.0.reference") + first.field(t, "shipments.1.reference") + second.field(t, "shipments.0.reference")
		if order != "R2R1R0" || second.field(t, "next_cursor") != "" {
			t.Errorf("%s, then %s", first.body, second.body)
		}
		if got := b.get("/v1/shipments?reference=R1&state=announced"); got.field(t, "shipments.0.reference") != "R1" || strings.Contains(string(got.body), `"R2"`) {
			t.Errorf("%s", got.body)
		}
		if got := b.get("/v1/shipments?state=stored"); got.field(t, "shipments") != "[]" {
			t.Errorf("%s", got.body)
		}
	})
}

func TestLockers(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.addLocker("a-far", 59.94, 30.31)
		near := b.get("/v1/lockers?near=55.751,37.611&limit=2")
		if near.field(t, "lockers.0.id") != "l1" || near.field(t, "lockers.1.id") != "a-far" || len(near.field(t, "lockers.0.distance_m")) != 3 ||
			len(near.field(t, "lockers.1.distance_m")) != 6 {
			t.Errorf("%s", near.body)
		}
		first := b.get("/v1/lockers?limit=1")
		second := b.get("/v1/lockers?limit=1&cursor=" + first.field(t, "next_cursor"))
		if first.field(t, "lockers.0.id") != "a-far" || second.field(t, "lockers.0.id") != "l1" {
			t.Errorf("%s, then %s", first.body, second.body)
		}
		b.one()
		l := b.get("/v1/lockers/l1")
		if l.field(t, "room.0.size") != "S" || l.field(t, "room.0.total") != "2" || l.field(t, "room.0.free") != "1" || l.field(t, "line") != "online" || l.field(t, "age_seconds") == "" {
			t.Errorf("%s", l.body)
		}
	})
}

func TestWebhookIsToldOfAParcel(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		type got struct {
			header http.Header
			body   []byte
		}
		seen := make(chan got, 10)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			b.Write(body)
			seen <- got{r.Header, body}
		}))
		defer receiver.Close()
		made := b.do("POST", "/v1/webhooks", b.key, `{"url":"`+receiver.URL+`","types":["parcel.stored"]}`)
		if made.status != 201 {
			t.Fatalf("%s", made.body)
		}
		hook, err := webhooks.NewWebhook(made.field(t, "secret"))
		must(t, err)
		barcode := b.one().field(t, "parcels.0.barcode")
		b.guard.Deposit(1, barcode)
		b.up(b.guard)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.outbox.Run(ctx) }()
		first := <-seen
		if tested := b.do("POST", "/v1/webhooks/"+made.field(t, "id")+"/test", b.key, ""); tested.status != 202 {
			t.Errorf("%s", tested.body)
		}
		second := <-seen
		stop()
		must(t, <-ended)
		if err := hook.Verify(first.body, first.header); err != nil {
			t.Error(err)
		}
		told := answer{body: first.body}
		if told.field(t, "type") != "parcel.stored" || told.field(t, "data.parcel.barcode") != barcode || told.field(t, "data.event.proof.record") != "5" ||
			told.field(t, "data.parcel.state") != "stored" || told.field(t, "data.event.by") != "courier" {
			t.Errorf("%s", first.body)
		}
		if (answer{body: second.body}).field(t, "type") != "webhook.test" {
			t.Errorf("%s", second.body)
		}
		log := b.get("/v1/webhooks/" + made.field(t, "id") + "/deliveries")
		if log.field(t, "deliveries.1.state") != "delivered" || log.field(t, "deliveries.1.attempts.0.status") != "200" {
			t.Errorf("%s", log.body)
		}
		if gone := b.do("DELETE", "/v1/webhooks/"+made.field(t, "id"), b.key, ""); gone.status != 204 {
			t.Errorf("%d %s", gone.status, gone.body)
		}
		for _, url := range []string{"ftp://example.org", "x", ""} {
			if got := b.do("POST", "/v1/webhooks", b.key, `{"url":"`+url+`"}`); got.status != 422 {
				t.Errorf("%q: %d %s", url, got.status, got.body)
			}
		}
	})
}

func TestFeed(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ask := func(method, path, body string) answer {
			t.Helper()
			return b.do(method, "/notifier/v1/"+path, b.notifier, body)
		}
		for _, key := range []string{"", b.key, "lsn_wrong"} {
			if got := b.do("GET", "/notifier/v1/contacts", key, ""); got.status != 401 {
				t.Errorf("with %q: %d", key, got.status)
			}
		}
		made := b.one()
		barcode := made.field(t, "parcels.0.barcode")
		var contacts struct {
			Contacts []struct {
				Barcode, Merchant, Shipment, Shown, Tracking string
				Sealed                                       []byte
			}
		}
		must(t, json.Unmarshal(ask("GET", "contacts?limit=10", "").body, &contacts))
		if len(contacts.Contacts) != 1 {
			t.Fatalf("%d contacts", len(contacts.Contacts))
		}
		c := contacts.Contacts[0]
		private, err := statement.ParseSealKey(b.network.SealKey)
		must(t, err)
		plain, err := statement.OpenContact(private, c.Sealed, barcode)
		must(t, err)
		opened, err := contact.Decode(plain)
		if err != nil || opened.Phone != phone || opened.Email != email || opened.Name != name || opened.Language != "ru" {
			t.Errorf("another contact was sealed: %v", err)
		}
		if c.Barcode != barcode || c.Merchant != "Book shop" || c.Shown != "Locker l1, Main street 1" || c.Tracking != made.field(t, "parcels.0.tracking") || c.Shipment != made.field(t, "id") {
			t.Errorf("%+v", c)
		}
		if got := ask("POST", "contacts/ack", `{"barcodes":["`+barcode+`","299999999997"]}`); got.status != 204 {
			t.Errorf("ack: %d %s", got.status, got.body)
		}
		if got := ask("GET", "contacts", ""); got.field(t, "contacts") != "[]" {
			t.Errorf("kept after the ack: %d bytes", len(got.body))
		}
		uploads := ask("GET", "uploads?after=0&limit=5", "")
		if uploads.field(t, "uploads.0.locker") != "l1" || uploads.field(t, "next") != uploads.field(t, "uploads.0.cursor") {
			t.Errorf("%.300s", uploads.body)
		}
		if got := ask("GET", "lockers", ""); got.field(t, "lockers.0.line") != "online" || len(got.field(t, "lockers.0.certificate")) < 100 {
			t.Errorf("%.300s", got.body)
		}
	})
}

func TestFeedTakesReceipts(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sign := func(by *statement.Signer, locker string) string {
			envelope, err := statement.Sign(by, statement.Receipt{Locker: locker, Boot: 1, Position: b.guard.At.Number, Hash: b.guard.At.Hash, Powered: 1, UTC: 1})
			must(t, err)
			body, err := json.Marshal(map[string]any{"receipts": [][]byte{envelope}})
			must(t, err)
			return string(body)
		}
		before, err := b.fleet.Receipts(t.Context(), "l1") // the hub's own
		must(t, err)
		for _, tt := range []struct {
			what, body string
			status     int
		}{
			{"a time key's", sign(b.network.Time[1], "l1"), 204},
			{"a dispatch key's", sign(b.network.Dispatch, "l1"), 422},
			{"for a locker of nobody", sign(b.network.Time[1], "l9"), 422},
			{"noise", `{"receipts":["AAAA"]}`, 422},
			{"unknown fields", `{"receipts":[],"x":1}`, 422},
			{"two values", `{"receipts":[]}{}`, 422},
			{"malformed", `{`, 422},
			{"too large", `{"receipts":["` + strings.Repeat("A", 1<<20) + `"]}`, 422},
		} {
			if got := b.do("POST", "/notifier/v1/receipts", b.notifier, tt.body); got.status != tt.status {
				t.Errorf("%s: %d %s", tt.what, got.status, got.body)
			}
		}
		kept, err := b.fleet.Receipts(t.Context(), "l1")
		if err != nil || len(kept) != len(before)+1 {
			t.Errorf("%d receipts after %d, %v", len(kept), len(before), err)
		}
		for _, path := range []string{"uploads?after=x", "uploads?after=-1", "uploads?limit=0", "contacts?limit=1001"} {
			if got := b.do("GET", "/notifier/v1/"+path, b.notifier, ""); got.status != 422 {
				t.Errorf("%s: %d", path, got.status)
			}
		}
		if got := b.do("POST", "/notifier/v1/contacts/ack", b.notifier, `{"barcodes":["\u0000"]}`); got.status != 404 {
			t.Errorf("no barcode: %d", got.status)
		}
	})
}
