package tracking_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/tracking"
	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/parcel"
)

const token = "AAAABBBBCCCCDDDDEEEEFFFFGG"

// rig is a page with one parcel to track.
type rig struct {
	now     time.Time
	custody *fakeCustody
	server  *httptest.Server
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{now: time.Now(), custody: newCustody()}
	r.server = httptest.NewServer(pages(tracking.New(tracking.Config{Custody: r.custody, Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler)})))
	t.Cleanup(r.server.Close)
	return r
}

// pages has what all pages share beside this one.
func pages(own http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", own)
	mux.Handle("GET /assets/", web.AssetsHandler())
	return mux
}

// fakeCustody has one parcel.
type fakeCustody struct{ tracking custody.Tracking }

func (c *fakeCustody) Track(_ context.Context, asked string) (custody.Tracking, error) {
	if asked != token {
		return custody.Tracking{}, fault.New(fault.NotFound, "no_parcel", "no such parcel")
	}
	return c.tracking, nil
}

func newCustody() *fakeCustody {
	at := func(hours int64) int64 {
		return time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC).UnixMicro() + hours*3600e6
	}
	event := func(what parcel.Fact, hours int64, proof parcel.Proof) custody.Event {
		return custody.Event{What: what, Happened: at(hours), Received: at(hours), Proof: proof, Compartment: 17, Actor: "courier house/c-17", Reason: "hidden reason"}
	}
	return &fakeCustody{custody.Tracking{
		Parcel: custody.Parcel{Barcode: barcode(1), State: parcel.Stored, Compartment: 17, Due: at(96), Reference: "order of Anna"},
		Locker: fleet.Locker{ID: "msk-0042", Name: "Постамат у метро «Сокол»", Address: "Ленинградский пр., 71Г", Zone: "Europe/Moscow", Heard: at(70)},
		Events: []custody.Event{event(parcel.WasAnnounced, 0, parcel.Claim), event(parcel.WasDispatched, 2, parcel.Record), event(parcel.WasStored, 24, parcel.Record)},
	}}
}

func barcode(n int) string {
	eleven := "4600100000" + string(rune('0'+n))
	return eleven + string(statement.GS1CheckDigit(eleven))
}

func get(t *testing.T, url string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	return do(t, request)
}
