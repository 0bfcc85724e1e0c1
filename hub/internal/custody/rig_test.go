package custody_test

import (
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/guardtest"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// hub is the rooms over one database, with one locker that has been heard of.
type hub struct {
	t        *testing.T
	network  *ceremony.Development
	db       *db.DB
	fleet    *fleet.Fleet
	dispatch *dispatch.Dispatch
	custody  *custody.Custody
	guard    *guardtest.Guard

	mu      sync.Mutex
	now     time.Time
	emitted []custody.Event
	reach   int // how far parcels may be sent on, km
	number  int // of the last event that a test has written itself
}

func (h *hub) reaches(context.Context, string) (int, error) { return h.reach, nil }

func (h *hub) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hub) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func each(t *testing.T, test func(t *testing.T, h *hub)) {
	eachUnchecked(t, func(t *testing.T, h *hub) {
		test(t, h)
		h.check()
	})
}

func eachUnchecked(t *testing.T, test func(t *testing.T, h *hub)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		network, err := ceremony.NewDevelopment("test")
		if err != nil {
			t.Fatal(err)
		}
		h := &hub{t: t, network: network, db: d, now: start}
		h.dispatch = dispatch.New(dispatch.Config{DB: d, Now: h.clock, Log: slog.New(slog.DiscardHandler), Dispatch: network.Dispatch, Time: network.Time[0]})
		h.fleet = fleet.New(fleet.Config{DB: d, Now: h.clock, Charter: network.Charter, Ring: h.dispatch.Ring})
		h.custody = custody.New(custody.Config{DB: d, Now: h.clock, Log: slog.New(slog.DiscardHandler), Charters: []statement.Charter{network.Charter},
			Fleet: h.fleet, Dispatch: h.dispatch, Emit: h.emit, Reach: h.reaches})
		h.addLocker("l1")
		h.guard = guardtest.New(t, network, "l1", start.UnixMicro())
		h.up(h.guard)
		test(t, h)
	})
}

func (h *hub) emit(_ context.Context, _ *sql.Tx, e custody.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.emitted = append(h.emitted, e)
	return nil
}

func (h *hub) addLocker(id string) {
	h.t.Helper()
	if _, _, err := h.fleet.Add(h.t.Context(), fleet.NewLocker{ID: id, Name: "Locker", Address: "Main street 1", Zone: "Europe/Moscow"}); err != nil {
		h.t.Fatal(err)
	}
}

// up brings everything of a guard's journal that the hub lacks.
func (h *hub) up(g *guardtest.Guard) {
	h.t.Helper()
	have, err := h.custody.Position(h.t.Context(), g.Locker)
	if err != nil {
		h.t.Fatal(err)
	}
	got, err := h.custody.Ingest(h.t.Context(), g.Locker, g.After(have.Number))
	if err != nil || got != g.At {
		h.t.Fatalf("ingest: %v, at %d of %d", err, got.Number, g.At.Number)
	}
}

// check holds every cached column against its facts.
func (h *hub) check() {
	h.t.Helper()
	differences, err := h.custody.VerifyFold(h.t.Context())
	if err != nil || len(differences) > 0 {
		h.t.Errorf("%v\n%s", err, strings.Join(differences, "\n"))
	}
}

func shipment(key string, sizes ...parcel.Size) custody.NewShipment {
	n := custody.NewShipment{Merchant: "m1", Range: "20001", Carrier: "house", Key: key, Body: []byte(key), Locker: "l1", Dwell: 48,
		Seal: func(barcode string) ([]byte, error) { return []byte("sealed for " + barcode), nil }}
	for _, s := range sizes {
		n.Parcels = append(n.Parcels, custody.NewParcel{Size: s})
	}
	return n
}

func (h *hub) create(n custody.NewShipment) custody.Shipment {
	h.t.Helper()
	s, replayed, err := h.custody.CreateShipment(h.t.Context(), n)
	if err != nil || replayed {
		h.t.Fatalf("create: %v, replayed %v", err, replayed)
	}
	return s
}

// take lets the guard take the manifests that dispatch makes now.
func (h *hub) take() {
	h.t.Helper()
	if _, err := h.dispatch.Make(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	statements, err := h.dispatch.Down(h.t.Context(), h.guard.Locker, h.guard.Down)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range statements {
		m, _, err := statement.Verify[statement.Manifest](s.Envelope, h.network.Charter.Dispatch.Lookup)
		if err != nil || m.Number != h.guard.Down+1 {
			h.t.Fatalf("manifest %d: %v", m.Number, err)
		}
		h.guard.Down = m.Number
		h.guard.Write(journal.Record{Kind: journal.Took, Down: m.Number, Carrier: m.Carrier})
	}
	h.up(h.guard)
}

func (h *hub) state(barcode string) custody.Parcel {
	h.t.Helper()
	p, err := h.custody.Parcel(h.t.Context(), "", barcode)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// returned is an operator's word that the merchant has a parcel again.
func (h *hub) returned(barcode string) (p custody.Parcel, err error) {
	err = h.db.Tx(h.t.Context(), func(tx *sql.Tx) error {
		p, err = h.custody.Returned(h.t.Context(), tx, barcode, "operator")
		return err
	})
	return p, err
}

func (h *hub) free() (free []int) {
	h.t.Helper()
	l, err := h.fleet.Locker(h.t.Context(), "l1")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range l.Room {
		free = append(free, r.Free)
	}
	return free
}

func code(err error) string {
	c, _ := fault.Public(err)
	return c
}

func (h *hub) exec(query string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Writer().Exec(query, args...); err != nil {
		h.t.Fatal(err)
	}
}
