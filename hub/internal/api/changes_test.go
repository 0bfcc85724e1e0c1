package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

// page is an answer of GET /v1/events.
type page struct {
	Events []json.RawMessage
	Next   string
}

func (b *bench) events(key, query string) (p page) {
	b.t.Helper()
	got := b.do("GET", "/v1/events?"+query, key, "")
	if got.status != 200 {
		b.t.Fatalf("%s: %d %s", query, got.status, got.body)
	}
	must(b.t, json.Unmarshal(got.body, &p))
	return p
}

// bodies are what was put in for webhooks, oldest first.
func (b *bench) bodies(endpoint string) (list []string) {
	b.t.Helper()
	rows, err := b.db.Reads().Query("SELECT body FROM webhook_delivery WHERE endpoint = $1 ORDER BY id", endpoint)
	must(b.t, err)
	defer rows.Close()
	for rows.Next() {
		var body string
		must(b.t, rows.Scan(&body))
		list = append(list, body)
	}
	return list
}

func TestEventsAreWhatWebhooksAreTold(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		if empty := b.events(b.key, ""); len(empty.Events) != 0 || empty.Next == "" || len(b.events(b.key, "after="+empty.Next).Events) != 0 {
			t.Errorf("before anything: %+v", empty)
		}
		hook := b.do("POST", "/v1/webhooks", b.key, `{"url":"http://127.0.0.1:1/x"}`).field(t, "id")
		made := b.one()
		b.guard.Deposit(1, made.field(t, "parcels.0.barcode"))
		b.up(b.guard)
		b.do("POST", "/v1/shipments/"+made.field(t, "id")+"/cancel", b.key, "")
		b.do("POST", "/v1/shipments", b.other, small, "Idempotency-Key", "theirs")
		var read []string
		for after := ""; ; {
			p := b.events(b.key, "limit=1&after="+after)
			if after = p.Next; len(p.Events) == 0 {
				break
			}
			read = append(read, string(p.Events[0]))
		}
		if told := b.bodies(hook); strings.Join(read, "\n") != strings.Join(told, "\n") || len(read) != 3 {
			t.Errorf("read\n%s\ntold\n%s", strings.Join(read, "\n"), strings.Join(told, "\n"))
		}
		if theirs := b.events(b.other, ""); len(theirs.Events) != 1 || strings.Contains(string(theirs.Events[0]), made.field(t, "id")) {
			t.Errorf("another merchant reads %s", theirs.Events)
		}
		for since, want := range map[time.Time]int{time.Now().Add(-time.Hour): 3, time.Now().Add(time.Minute): 0} {
			if got := b.events(b.key, "since="+url.QueryEscape(since.Format(time.RFC3339Nano))); len(got.Events) != want {
				t.Errorf("since %v: %d events, want %d", since, len(got.Events), want)
			}
		}
		next := b.events(b.key, "").Next
		for _, query := range []string{"after=x", "after=ZXZlbnRzOjAx", "after=ZXZlbnRzOi0x", "limit=0", "limit=501", "since=yesterday", "after=" + next + "&since=2026-01-01T00:00:00Z",
			"after=ZXZlbnRzOjk5OTk5OTk5OTk5OTk5OTk5OTk5"} {
			if got := b.get("/v1/events?" + query); got.status != 422 {
				t.Errorf("%s: %d %s", query, got.status, got.body)
			}
		}
	})
}
