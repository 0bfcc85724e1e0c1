package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestReplay(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		from := b.events(b.key, "").Next
		made := b.one()
		b.do("POST", "/v1/shipments", b.other, small, "Idempotency-Key", "theirs")
		b.guard.Deposit(1, made.field(t, "parcels.0.barcode"))
		b.up(b.guard)
		hook := b.do("POST", "/v1/webhooks", b.key, `{"url":"http://127.0.0.1:1/x"}`).field(t, "id") // after it all
		picky := b.do("POST", "/v1/webhooks", b.key, `{"url":"http://127.0.0.1:1/x","types":["parcel.stored"]}`).field(t, "id")
		replay := func(hook, body string) answer {
			t.Helper()
			return b.do("POST", "/v1/webhooks/"+hook+"/replay", b.key, body)
		}
		for _, tt := range []struct {
			hook, body string
			count      string
		}{
			{hook, `{"since":"2020-01-01T00:00:00Z"}`, "2"},
			{hook, `{"after":"` + from + `"}`, "0"}, // they wait
			{picky, `{"after":"` + from + `"}`, "1"},
			{hook, `{"since":"2100-01-01T00:00:00Z"}`, "0"},
		} {
			if got := replay(tt.hook, tt.body); got.status != 202 || got.field(t, "count") != tt.count || got.field(t, "next") != "" {
				t.Errorf("%s: %d %s", tt.body, got.status, got.body)
			}
		}
		var events []string
		for _, e := range b.events(b.key, "").Events {
			events = append(events, string(e))
		}
		if told := b.bodies(hook); strings.Join(told, "\n") != strings.Join(events, "\n") {
			t.Errorf("replayed\n%s\nfeed\n%s", told, events)
		}
		if told := b.bodies(picky); len(told) != 1 || told[0] != events[1] {
			t.Errorf("replayed\n%s\nfeed\n%s", told, events)
		}
		log := b.get("/v1/webhooks/" + hook + "/deliveries?state=pending&limit=1")
		if log.field(t, "deliveries.0.type") != "parcel.stored" || log.field(t, "next_cursor") == "" || log.field(t, "deliveries.0.next_attempt") == "" {
			t.Errorf("%s", log.body)
		}
		waits := log.field(t, "deliveries.0.id")
		if got := replay(hook, `{"delivery":"`+waits+`"}`); got.status != 202 || got.field(t, "count") != "0" || got.field(t, "delivery") != waits {
			t.Errorf("what waits: %d %s", got.status, got.body)
		}
		if got := b.get("/v1/webhooks/" + hook + "/deliveries?cursor=" + log.field(t, "next_cursor")); got.field(t, "deliveries.0.type") != "parcel.announced" || got.field(t, "next_cursor") != "" {
			t.Errorf("%s", got.body)
		}
		for body, status := range map[string]int{
			`{}`: 422, `{"after":"x"}`: 422, `{"since":"now"}`: 422, `{"since":"2020-01-01T00:00:00Z","after":"` + from + `"}`: 422, `{"delivery":"nothing"}`: 404,
			`{"delivery":"\u0000"}`: 404, `{"delivery":"` + waits + `","after":"` + from + `"}`: 422, `{"all":true}`: 422, ``: 400,
		} {
			if got := replay(hook, body); got.status != status {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
		}
	})
}

func TestReplayOfMoreThanOneRequestTakes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		_, err := b.db.Writer().Exec("UPDATE room SET total = total + 600, empty = empty + 600 WHERE locker = 'l1' AND size = 1")
		must(t, err)
		parcels := `[{"size":"S"}` + strings.Repeat(`,{"size":"S"}`, 19) + `]`
		for i := range 26 { // 40 events each
			made := b.announce(fmt.Sprint("many-", i), `{"locker":"l1",`+to+`,"parcels":`+parcels+`}`)
			if made.status != 201 {
				t.Fatalf("%s", made.body)
			}
			b.do("POST", "/v1/shipments/"+made.field(t, "id")+"/cancel", b.key, "")
		}
		hook := b.do("POST", "/v1/webhooks", b.key, `{"url":"http://127.0.0.1:1/x"}`).field(t, "id")
		first := b.do("POST", "/v1/webhooks/"+hook+"/replay", b.key, `{"since":"2020-01-01T00:00:00Z"}`)
		rest := b.do("POST", "/v1/webhooks/"+hook+"/replay", b.key, `{"after":"`+first.field(t, "next")+`"}`)
		if first.field(t, "count") != "1000" || rest.field(t, "count") != "40" || rest.field(t, "next") != "" {
			t.Errorf("%s, then %s", first.body, rest.body)
		}
		read := b.events(b.key, "limit=500")
		told := b.bodies(hook)
		seen := map[string]bool{}
		for _, body := range told {
			var n struct {
				Data struct{ Event struct{ ID string } }
			}
			must(t, json.Unmarshal([]byte(body), &n))
			seen[n.Data.Event.ID] = true
		}
		if len(told) != 1040 || len(seen) != 1040 || len(read.Events) != 500 || told[499] != string(read.Events[499]) {
			t.Errorf("%d messages, %d different, %d read", len(told), len(seen), len(read.Events))
		}
	})
}
