package console_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/console"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

const token = "AAAABBBBCCCCDDDDEEEEFFFFGG"

// rig is a console over real accounts, with a handful of parcels.
type rig struct {
	network  *ceremony.Development
	accounts *account.Accounts
	custody  *fakeCustody
	now      time.Time
	server   *httptest.Server
}

func newRig(t *testing.T, frameAncestor string) *rig {
	t.Helper()
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context(), migrations.Files); err != nil {
		t.Fatal(err)
	}
	r := &rig{network: network, custody: &fakeCustody{}, now: time.Now()}
	clock := func() time.Time { return r.now }
	r.accounts = account.New(account.Config{DB: d, Now: clock, Charter: network.Charter, House: map[string]*statement.Signer{ceremony.HouseCarrier: network.Carrier}})
	r.server = httptest.NewServer(console.New(console.Config{
		Accounts: r.accounts, Custody: r.custody, Fleet: fakeFleet{r}, Now: clock, Log: slog.New(slog.DiscardHandler), FrameAncestor: frameAncestor,
	}))
	t.Cleanup(r.server.Close)
	return r
}

// expect adds a courier and gives the one-time token.
func (r *rig) expect(t *testing.T, id string) string {
	t.Helper()
	_, secret, err := r.accounts.AddCourier(t.Context(), account.NewCourier{ID: id, Carrier: ceremony.HouseCarrier, Lockers: []string{"msk-0042"}, Deposit: true, Withdraw: true})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal()
}

type fakeCustody struct{ parcels []custody.Parcel }

func (f *fakeCustody) Live(_ context.Context, carrier, locker string) ([]custody.Parcel, error) {
	var out []custody.Parcel
	for _, p := range f.parcels {
		if p.Carrier == carrier && (locker == "" || p.Locker == locker) && len(out) < 1000 {
			out = append(out, p)
		}
	}
	return out, nil
}

func (f *fakeCustody) Track(_ context.Context, asked string) (custody.Tracking, error) {
	if asked != token {
		return custody.Tracking{}, fault.New(fault.NotFound, "no_parcel", "no such parcel")
	}
	at := func(hours int64) int64 {
		return time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC).UnixMicro() + hours*3600e6
	}
	event := func(what parcel.Fact, hours int64, proof parcel.Proof) custody.Event {
		return custody.Event{What: what, Happened: at(hours), Received: at(hours), Proof: proof, Compartment: 17, Actor: "courier house/c-17", Reason: "hidden reason"}
	}
	return custody.Tracking{
		Parcel: custody.Parcel{Barcode: barcode(1), State: parcel.Stored, Compartment: 17, Due: at(96), Reference: "order of Anna"},
		Locker: fleet.Locker{ID: "msk-0042", Name: "Постамат у метро «Сокол»", Address: "Ленинградский пр., 71Г", Zone: "Europe/Moscow", Heard: at(70)},
		Events: []custody.Event{event(parcel.WasAnnounced, 0, parcel.Claim), event(parcel.WasDispatched, 2, parcel.Record), event(parcel.WasStored, 24, parcel.Record)},
	}, nil
}

type fakeFleet struct{ r *rig }

func (f fakeFleet) Locker(_ context.Context, id string) (fleet.Locker, error) {
	return fleet.Locker{ID: id, Name: "Сокол", Address: "Ленинградский пр., 71Г", Line: fleet.Online, Heard: f.r.now.UnixMicro()}, nil
}

func barcode(n int) string {
	eleven := "4600100000" + string(rune('0'+n))
	return eleven + string(statement.GS1CheckDigit(eleven))
}

func someParcels() []custody.Parcel {
	one := func(n int, locker, carrier string, state parcel.State) custody.Parcel {
		return custody.Parcel{Barcode: barcode(n), Locker: locker, Carrier: carrier, Size: parcel.Medium, State: state}
	}
	held := one(7, "msk-0042", ceremony.HouseCarrier, parcel.Announced)
	held.Hold = "cancelled"
	return []custody.Parcel{
		one(1, "msk-0042", ceremony.HouseCarrier, parcel.Dispatched), one(2, "msk-0042", ceremony.HouseCarrier, parcel.Announced),
		one(3, "msk-0042", ceremony.HouseCarrier, parcel.Overdue), one(4, "msk-0042", ceremony.HouseCarrier, parcel.Uncertain),
		one(5, "spb-0001", ceremony.HouseCarrier, parcel.Announced), one(6, "msk-0042", "other", parcel.Announced), held,
		one(8, "msk-0042", ceremony.HouseCarrier, parcel.Stored),
	}
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
