package outbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/internal/npm"
)

func TestADeliveryIsSentAgainAsItWas(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, nil)
		r := newReceiver(t, 200)
		e, secret := b.endpoint(t, r.URL)
		theirs, _, err := b.AddEndpoint(t.Context(), "m2", r.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.emit(t, stored(b, "event-1"))
		b.wait(t, 1)
		first := b.deliveries(t, e.ID)[0]
		again, err := b.Resend(t.Context(), "m1", e.ID, first.ID)
		if err != nil || again == first.ID {
			t.Fatalf("delivery %s, %v", again, err)
		}
		b.wait(t, 1)
		seen := r.requests()
		if len(seen) != 2 || string(seen[1].body) != string(seen[0].body) || seen[1].header.Get("Webhook-Id") != "event-1" {
			t.Fatalf("received %d requests", len(seen))
		}
		hook, err := webhooks.NewWebhook(secret.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if err := hook.Verify(seen[1].body, seen[1].header); err != nil {
			t.Error(err)
		}
		if list := b.deliveries(t, e.ID); len(list) != 2 || list[0].ID != again || list[0].State != Delivered || list[0].Message != list[1].Message {
			t.Errorf("log %+v", list)
		}
		for what, err := range map[string]error{
			"no such delivery":         second(b.Resend(t.Context(), "m1", e.ID, "nothing")),
			"another merchant's":       second(b.Resend(t.Context(), "m2", e.ID, first.ID)),
			"of another endpoint":      second(b.Resend(t.Context(), "m2", theirs.ID, first.ID)),
			"messages to another's":    second(b.Replay(t.Context(), "m2", e.ID, []Message{stored(b, "x")})),
			"messages to no endpoint":  second(b.Replay(t.Context(), "m1", "nothing", []Message{stored(b, "x")})),
			"a test of another's hook": second(b.Test(t.Context(), "m2", e.ID)),
		} {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestReplay(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, func(c *Config) { c.Schedule = []time.Duration{time.Hour} })
		r := newReceiver(t, 500, 200)
		e, _ := b.endpoint(t, r.URL, "parcel.stored")
		b.emit(t, stored(b, "waits"))
		b.wait(t, 1) // failed, and waits an hour
		waiting := b.deliveries(t, e.ID)[0]
		if next := waiting.Next - b.clock.now().UnixMicro(); waiting.State != Pending || next < time.Hour.Microseconds() || next > 66*time.Minute.Microseconds() {
			t.Errorf("%+v is tried again in %d µs", waiting, next)
		}
		other := stored(b, "of another type")
		other.Type = "parcel.collected"
		messages := []Message{stored(b, "waits"), stored(b, "new"), other}
		if n, err := b.Replay(t.Context(), "m1", e.ID, messages); err != nil || n != 1 {
			t.Fatalf("put in %d, %v", n, err)
		}
		b.wait(t, 1)
		if n, err := b.Replay(t.Context(), "m1", e.ID, messages); err != nil || n != 1 { // what was sent is sent again
			t.Fatalf("put in %d, %v", n, err)
		}
		b.wait(t, 1)
		var ids []string
		for _, s := range r.requests() {
			ids = append(ids, s.header.Get("Webhook-Id"))
		}
		if !slices.Equal(ids, []string{"waits", "new", "new"}) {
			t.Errorf("received %v", ids)
		}
		if again, err := b.Resend(t.Context(), "m1", e.ID, waiting.ID); err != nil || again != waiting.ID {
			t.Errorf("what waits is put in again as %s, %v", again, err)
		}
		if done := b.deliveries(t, e.ID)[0]; done.State != Delivered || done.Next != 0 {
			t.Errorf("%+v", done)
		}
	})
}

func TestTheLogInPages(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, func(c *Config) { c.Schedule = []time.Duration{time.Hour} })
		r := newReceiver(t, 200)
		e, _ := b.endpoint(t, r.URL)
		other, _ := b.endpoint(t, "http://127.0.0.1:1/")
		for i := range 5 {
			b.emit(t, stored(b, fmt.Sprint("event-", i)))
		}
		b.wait(t, 10)
		var got []string
		for f := (Filter{Limit: 2}); ; {
			list, next, err := b.Deliveries(t.Context(), "m1", e.ID, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range list {
				got = append(got, v.Message)
				if len(v.Attempts) != 1 || v.Attempts[0].Status != 200 {
					t.Errorf("%+v", v)
				}
			}
			if f.After = next; next == "" {
				break
			}
		}
		if want := "event-4 event-3 event-2 event-1 event-0"; strings.Join(got, " ") != want {
			t.Errorf("%v, want %s", got, want)
		}
		for state, want := range map[string]int{Pending: 5, Delivered: 0, Failed: 0, "": 5} {
			if list, _, err := b.Deliveries(t.Context(), "m1", other.ID, Filter{State: state}); err != nil || len(list) != want {
				t.Errorf("%q: %d, %v", state, len(list), err)
			}
		}
	})
}

// TestAMerchantsLibraryVerifies holds what is sent against the scheme's own library for JavaScript.
func TestAMerchantsLibraryVerifies(t *testing.T) {
	script := npm.Open(t, "testdata/verify/verify.cjs")
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, func(c *Config) { c.Now = time.Now })
		r := newReceiver(t, 200)
		e, secret := b.endpoint(t, r.URL)
		if _, err := b.Test(t.Context(), "m1", e.ID); err != nil {
			t.Fatal(err)
		}
		b.wait(t, 1)
		seen := r.requests()[0]
		headers := map[string]string{}
		for name := range seen.header {
			headers[strings.ToLower(name)] = seen.header.Get(name)
		}
		check := func(body string) (string, bool) {
			input, err := json.Marshal(map[string]any{"secret": secret.Reveal(), "headers": headers, "body": body})
			if err != nil {
				t.Fatal(err)
			}
			return script.Run(t, input)
		}
		if said, ok := check(string(seen.body)); !ok {
			t.Errorf("refused: %s", said)
		}
		if said, ok := check(string(seen.body) + " "); ok || !strings.Contains(said, "No matching signature found") {
			t.Errorf("another body was taken: %s", said)
		}
	})
}
