package outbox

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/parcel"
)

func job(delivery string, attempt int) *river.Job[task] {
	return &river.Job[task]{JobRow: &rivertype.JobRow{Attempt: attempt, MaxAttempts: len(schedule) + 1}, Args: task{delivery}}
}

// idle is an outbox that sends only when told.
func idle(t *testing.T, d *db.DB) *Outbox {
	t.Helper()
	o, err := New(t.Context(), Config{DB: d, Now: time.Now, Log: slog.New(slog.DiscardHandler), AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestStoppedBetweenAnswerAndMark ends a sender at the moment in which the receiver answers: nothing is marked, and the next
// one sends the same message again.
func TestStoppedBetweenAnswerAndMark(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		o := idle(t, d)
		ctx, stop := context.WithCancel(t.Context())
		var seen []string
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			seen = append(seen, r.Header.Get("Webhook-Id"))
			stop()
		}))
		defer receiver.Close()
		e, _, err := o.AddEndpoint(t.Context(), "m1", receiver.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := Message{ID: "event-1", Merchant: "m1", Type: TypeOf(parcel.WasStored), At: time.Now()}
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return o.Emit(t.Context(), tx, m) }); err != nil {
			t.Fatal(err)
		}
		list, _, err := o.Deliveries(t.Context(), "m1", e.ID, Filter{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d deliveries, %v", len(list), err)
		}
		s := &sender{outbox: o}
		if err := s.Work(ctx, job(list[0].ID, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
		for range 2 { // the second finds it delivered
			if err := s.Work(t.Context(), job(list[0].ID, 2)); err != nil {
				t.Error(err)
			}
		}
		if strings.Join(seen, " ") != "event-1 event-1" {
			t.Errorf("received %v", seen)
		}
		list, _, err = o.Deliveries(t.Context(), "m1", e.ID, Filter{})
		if err != nil || list[0].State != Delivered || len(list[0].Attempts) != 1 || list[0].Attempts[0].Number != 2 {
			t.Errorf("%+v, %v", list, err)
		}
		if now, err := o.Endpoint(t.Context(), "m1", e.ID); err != nil || now.Failing != 0 {
			t.Errorf("our stop was held against the receiver: %+v, %v", now, err)
		}
		if err := o.DropEndpoint(t.Context(), "m1", e.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Work(t.Context(), job(list[0].ID, 3)); err != nil {
			t.Errorf("its endpoint is gone: %v", err)
		}
	})
}

func TestScheduleGrowsOverDays(t *testing.T) {
	s := &sender{outbox: &Outbox{Config: Config{Schedule: schedule}}}
	var all, before time.Duration
	for i, wait := range schedule {
		if wait <= before {
			t.Errorf("wait %d is not longer than the one before", i+1)
		}
		all, before = all+wait, wait
		from := time.Now()
		next := s.NextRetry(job("x", i+1))
		if next.Before(from.Add(wait)) || next.After(time.Now().Add(wait+wait/10)) {
			t.Errorf("attempt %d is tried again at %v, want %v later", i+1, next, wait)
		}
	}
	if all < 3*24*time.Hour || all > giveUpAfter {
		t.Errorf("all waits together are %v", all)
	}
}

// TestFailuresDoNotTellTheURL because it may hold the merchant's secret.
func TestFailuresDoNotTellTheURL(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		o := idle(t, d)
		for _, address := range []string{"http://127.0.0.1:1/hook?token=hidden", "http://nowhere.invalid/hook?token=hidden"} {
			e, _, err := o.AddEndpoint(t.Context(), "m1", address, nil)
			if err != nil {
				t.Fatal(err)
			}
			id, err := o.Test(t.Context(), "m1", e.ID)
			if err != nil {
				t.Fatal(err)
			}
			err = (&sender{outbox: o}).Work(t.Context(), job(id, 1))
			list, _, _ := o.Deliveries(t.Context(), "m1", e.ID, Filter{})
			if err == nil || len(list) != 1 || len(list[0].Attempts) != 1 || strings.Contains(err.Error()+list[0].Attempts[0].Failure, "hidden") {
				t.Errorf("%s: %v, %+v", address, err, list)
			}
		}
	})
}
