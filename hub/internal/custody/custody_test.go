package custody_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
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
	guard    *guard

	mu      sync.Mutex
	now     time.Time
	emitted []custody.Event
}

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
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		network, err := ceremony.NewDevelopment("test")
		if err != nil {
			t.Fatal(err)
		}
		h := &hub{t: t, network: network, db: d, now: start}
		h.dispatch = dispatch.New(dispatch.Config{DB: d, Now: h.clock, Log: slog.New(slog.DiscardHandler), Dispatch: network.Dispatch, Time: network.Time[0]})
		h.fleet = fleet.New(fleet.Config{DB: d, Now: h.clock, Charter: network.Charter, Ring: h.dispatch.Ring})
		h.custody = custody.New(custody.Config{DB: d, Now: h.clock, Log: slog.New(slog.DiscardHandler), Charter: network.Charter,
			Fleet: h.fleet, Dispatch: h.dispatch, Emit: h.emit})
		h.addLocker("l1")
		h.guard = newGuard(t, network, "l1", start.UnixMicro())
		h.up(h.guard)
		test(t, h)
		h.check()
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
func (h *hub) up(g *guard) {
	h.t.Helper()
	have, err := h.custody.Position(h.t.Context(), g.locker)
	if err != nil {
		h.t.Fatal(err)
	}
	got, err := h.custody.Ingest(h.t.Context(), g.locker, g.after(have.Number))
	if err != nil || got != g.at {
		h.t.Fatalf("ingest: %v, at %d of %d", err, got.Number, g.at.Number)
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
	statements, err := h.dispatch.Down(h.t.Context(), h.guard.locker, h.guard.down)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range statements {
		m, _, err := statement.Verify[statement.Manifest](s.Envelope, h.network.Charter.Dispatch.Lookup)
		if err != nil || m.Number != h.guard.down+1 {
			h.t.Fatalf("manifest %d: %v", m.Number, err)
		}
		h.guard.down = m.Number
		h.guard.write(journal.Record{Kind: journal.Took, Down: m.Number, Carrier: m.Carrier})
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

func TestAParcelGoesInAndComesOut(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.create(shipment("k1", parcel.Small))
		barcode := s.Parcels[0].Barcode
		if p := s.Parcels[0]; p.State != parcel.Announced || !slices.Equal(h.free(), []int{1, 2, 1}) {
			t.Fatalf("announced: %+v, free %v", p, h.free())
		}
		h.take()
		if p := h.state(barcode); p.State != parcel.Dispatched {
			t.Fatalf("taken: %+v", p)
		}
		h.guard.deposit(2, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.State != parcel.Stored || p.Compartment != 2 || p.Due != h.guard.low+(48*time.Hour).Microseconds() || !slices.Equal(h.free(), []int{1, 2, 1}) {
			t.Fatalf("stored: %+v, free %v", p, h.free())
		}
		h.check()
		h.guard.collect(2, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.State != parcel.Collected || p.Compartment != 0 || !slices.Equal(h.free(), []int{2, 2, 1}) {
			t.Fatalf("collected: %+v, free %v", p, h.free())
		}
		var told []string
		for _, e := range h.emitted {
			told = append(told, string(e.What)+" "+string(e.Proof))
			if e.Parcel.Barcode != barcode || e.Parcel.State != e.After || e.Shipment != s.ID {
				t.Errorf("emitted %+v", e)
			}
		}
		if want := []string{"announced claim", "dispatched record", "stored record", "collected record"}; !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
	})
}

func TestSameUploadAgainChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", parcel.Small)).Parcels[0].Barcode
		h.take()
		h.guard.deposit(1, barcode)
		h.up(h.guard)
		n := len(h.emitted)
		for _, from := range []uint64{0, 1, 3, h.guard.at.Number - 1} {
			again := h.guard.after(from)
			for cut := 1; cut <= len(again.Records); cut++ {
				part := journal.Stretch{Records: again.Records[:cut], Head: again.Head}
				if got, err := h.custody.Ingest(t.Context(), "l1", part); err != nil || got != h.guard.at {
					t.Fatalf("records %d to %d again: %v, %d", from+1, from+uint64(cut), err, got.Number)
				}
			}
		}
		h.guard.collect(1, barcode)
		if _, err := h.custody.Ingest(t.Context(), "l1", h.guard.after(2)); err != nil { // old and new in one
			t.Fatal(err)
		}
		if len(h.emitted) != n+1 || h.state(barcode).State != parcel.Collected {
			t.Errorf("%d events more, %s", len(h.emitted)-n, h.state(barcode).State)
		}
	})
}

func TestABrokenUploadIsRefusedAndAlarms(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		fork := *h.guard
		fork.records = slices.Clone(h.guard.records)
		h.guard.write(journal.Record{Kind: journal.Ticked})
		h.up(h.guard)
		fork.write(journal.Record{Kind: journal.WrongCode})
		other := newGuard(t, h.network, "l1", start.UnixMicro())
		ahead := *h.guard
		ahead.write(journal.Record{Kind: journal.Ticked})
		ahead.write(journal.Record{Kind: journal.Ticked})
		tests := []struct {
			name, reason string
			stretch      journal.Stretch
		}{
			{"another history", "fork", fork.after(2)},
			{"another history under another head", "fork", fork.beat()},
			{"another guard", "head", other.beat()},
			{"another guard's history", "fork", other.after(0)},
			{"a hole", "gap", ahead.after(h.guard.at.Number + 1)},
			{"no head", "head", journal.Stretch{}},
			{"rubbish", "chain", journal.Stretch{Records: [][]byte{{1, 2, 3}}, Head: h.guard.head()}},
		}
		for _, tt := range tests {
			_, err := h.custody.Ingest(t.Context(), "l1", tt.stretch)
			broken, ok := errors.AsType[*journal.Break](err)
			if !ok || broken.Reason != tt.reason || fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		alarms, err := h.fleet.Alarms(t.Context(), "l1", 10)
		var reasons []string
		for _, a := range alarms {
			reasons = append(reasons, a.Reason)
		}
		slices.Sort(reasons)
		if err != nil || !slices.Equal(reasons, []string{"chain", "fork", "gap", "head"}) {
			t.Errorf("alarms %q, %v", reasons, err)
		}
		h.guard.write(journal.Record{Kind: journal.Ticked})
		h.up(h.guard) // the honest journal goes on
	})
}

func TestAStrangersFirstRecordIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		stranger, err := ceremony.NewDevelopment("test")
		if err != nil {
			t.Fatal(err)
		}
		h.addLocker("l2")
		for name, g := range map[string]*guard{
			"another network's": newGuard(t, stranger, "l2", 1),
			"another locker's":  newGuard(t, h.network, "l3", 1),
		} {
			if _, err := h.custody.Ingest(t.Context(), "l2", g.after(0)); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		unknown := newGuard(t, h.network, "l9", 1)
		if _, err := h.custody.Ingest(t.Context(), "l9", unknown.after(0)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("unknown locker: %v", err)
		}
		late := newGuard(t, h.network, "l2", 1)
		if _, err := h.custody.Ingest(t.Context(), "l2", late.beat()); fault.KindOf(err) != fault.Conflict {
			t.Errorf("heartbeat first: %v", err)
		}
		h.up(late)
	})
}

func TestConcurrentUploadsFailAlone(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		var guards []*guard
		for _, id := range []string{"g1", "g2", "g3", "g4", "g5", "g6"} {
			h.addLocker(id)
			guards = append(guards, newGuard(t, h.network, id, start.UnixMicro()))
		}
		var all sync.WaitGroup
		for i, g := range guards {
			stretch := g.after(0)
			if i%3 == 0 {
				stretch.Head = guards[1].head()
			}
			all.Go(func() {
				_, err := h.custody.Ingest(context.Background(), g.locker, stretch)
				if (err != nil) != (i%3 == 0) {
					t.Errorf("%s: %v", g.locker, err)
				}
			})
		}
		all.Wait()
		list, next, err := h.custody.Uploads(t.Context(), 0, 100, 0)
		if err != nil || len(list) != 5 || next != list[4].Cursor {
			t.Errorf("%d uploads, next %d, %v", len(list), next, err)
		}
	})
}

func TestIdempotency(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		n := shipment("k1", parcel.Small, parcel.Medium)
		var (
			all    sync.WaitGroup
			mu     sync.Mutex
			ids    = map[string]int{}
			replay int
		)
		for range 8 {
			all.Go(func() {
				s, replayed, err := h.custody.CreateShipment(context.Background(), n)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				ids[s.ID]++
				if replayed {
					replay++
				}
			})
		}
		all.Wait()
		if len(ids) != 1 || replay != 7 || !slices.Equal(h.free(), []int{1, 1, 1}) {
			t.Errorf("ids %v, %d replays, free %v", ids, replay, h.free())
		}
		other := n
		other.Body = []byte("another body")
		if _, _, err := h.custody.CreateShipment(t.Context(), other); code(err) != "idempotency_conflict" {
			t.Errorf("another body: %v", err)
		}
		other.Merchant, other.Range = "m2", "20002"
		if s := h.create(other); len(s.Parcels) != 2 || parcel.RangeOf(s.Parcels[0].Barcode) != "20002" {
			t.Errorf("another merchant's: %+v", s)
		}
	})
}

func code(err error) string {
	c, _ := fault.Public(err)
	return c
}

func TestCreateRefusesAndKeepsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.addLocker("empty")
		with := func(change func(*custody.NewShipment)) custody.NewShipment {
			n := shipment("k1", parcel.Small)
			change(&n)
			return n
		}
		tests := []struct {
			code string
			n    custody.NewShipment
		}{
			{"unknown_locker", with(func(n *custody.NewShipment) { n.Locker = "nowhere" })},
			{"locker_not_ready", with(func(n *custody.NewShipment) { n.Locker = "empty" })},
			{"locker_full", shipment("k1", parcel.Large, parcel.Large)},
			{"locker_full", shipment("k1", 1, 1, 1, 1, 1, 1)},
			{"invalid_parcels", shipment("k1")},
			{"invalid_parcel", shipment("k1", 4)},
			{"invalid_dwell", with(func(n *custody.NewShipment) { n.Dwell = 23 })},
			{"invalid_reference", with(func(n *custody.NewShipment) { n.Reference = "nul \x00" })},
			{"invalid_idempotency_key", with(func(n *custody.NewShipment) { n.Key = "" })},
			{"internal", with(func(n *custody.NewShipment) {
				n.Seal = func(string) ([]byte, error) { return nil, errors.New("no key") }
			})},
		}
		for _, tt := range tests {
			if _, _, err := h.custody.CreateShipment(t.Context(), tt.n); code(err) != tt.code {
				t.Errorf("want %s, got %v", tt.code, err)
			}
		}
		list, _, err := h.custody.Shipments(t.Context(), "m1", custody.Filter{})
		if err != nil || len(list) != 0 || !slices.Equal(h.free(), []int{2, 2, 1}) {
			t.Errorf("something was kept: %v, free %v, %v", list, h.free(), err)
		}
		s := h.create(shipment("k1", 1, 1, 1, 1, 1)) // the key is free still; small ones go up to the large
		if !slices.Equal(h.free(), []int{0, 0, 0}) || len(s.Parcels) != 5 {
			t.Errorf("free %v", h.free())
		}
	})
}

func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		early, late, gone := h.create(shipment("k1", 1)), h.create(shipment("k2", 2)), h.create(shipment("k3", 3))
		h.take()
		h.guard.deposit(3, late.Parcels[0].Barcode)
		h.guard.deposit(5, gone.Parcels[0].Barcode)
		h.guard.collect(5, gone.Parcels[0].Barcode)
		h.up(h.guard)
		tests := []struct {
			s     custody.Shipment
			state parcel.State
			hold  string
			code  string
		}{
			{early, parcel.Cancelled, "", ""}, {early, parcel.Cancelled, "", ""},
			{late, parcel.Stored, parcel.HoldCancelled, ""}, {late, parcel.Stored, parcel.HoldCancelled, ""},
			{gone, parcel.Collected, "", "too_late"},
		}
		for _, tt := range tests {
			_, err := h.custody.CancelShipment(t.Context(), "m1", tt.s.ID)
			p := h.state(tt.s.Parcels[0].Barcode)
			if tt.code == "" && err != nil || tt.code != "" && code(err) != tt.code || p.State != tt.state || p.Hold != tt.hold {
				t.Errorf("%v: %s, hold %q", err, p.State, p.Hold)
			}
		}
		if _, err := h.custody.CancelShipment(t.Context(), "m2", early.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another merchant cancelled: %v", err)
		}
		// The courier had the parcel in hand already: the guard takes it, and it is held.
		h.guard.deposit(1, early.Parcels[0].Barcode)
		h.up(h.guard)
		if p := h.state(early.Parcels[0].Barcode); p.State != parcel.Stored || p.Hold != parcel.HoldCancelled {
			t.Errorf("%s, hold %q", p.State, p.Hold)
		}
	})
}

func TestOverdueWithdrawnReturned(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 2)).Parcels[0].Barcode
		h.take()
		h.guard.deposit(4, barcode)
		h.guard.write(journal.Record{Kind: journal.Overdue, Compartment: 4, Parcel: barcode})
		h.up(h.guard)
		if _, err := h.custody.Returned(t.Context(), barcode, "operator"); h.state(barcode).State != parcel.Overdue || code(err) != "not_withdrawn" {
			t.Fatalf("%s, %v", h.state(barcode).State, err)
		}
		h.guard.write(journal.Record{Kind: journal.WithdrawIntent, Compartment: 4, Parcel: barcode, Carrier: "house", Courier: "anna"})
		h.guard.write(journal.Record{Kind: journal.Withdrawn, Compartment: 4, Parcel: barcode, Carrier: "house", Courier: "anna"})
		h.up(h.guard)
		if p, err := h.custody.Returned(t.Context(), barcode, "operator"); err != nil || p.State != parcel.Returned {
			t.Fatalf("%s, %v", p.State, err)
		}
		events, err := h.custody.Events(t.Context(), "m1", barcode)
		if err != nil || len(events) != 6 || events[4].Actor != "courier house/anna" || events[5].Proof != parcel.Claim {
			t.Errorf("%v, %+v", err, events)
		}
		if !slices.Equal(h.free(), []int{2, 2, 1}) {
			t.Errorf("free %v", h.free())
		}
	})
}

func TestUncertain(t *testing.T) {
	intent := func(c uint16, barcode string) journal.Record {
		return journal.Record{Kind: journal.DepositIntent, Compartment: c, Parcel: barcode, Carrier: "house", Courier: "anna"}
	}
	failed := func(c uint16, barcode, reason, to string) journal.Record {
		return journal.Record{Kind: journal.DepositFailed, Compartment: c, Parcel: barcode, Reason: reason, To: to}
	}
	tests := []struct {
		name   string
		write  func(g *guard, barcode string)
		state  parcel.State
		inside string // in compartment 1: "parcel" or nothing
		free   []int
	}{
		{"too small", func(g *guard, b string) { g.write(intent(1, b)); g.write(failed(1, b, "too small", "QUARANTINE")) }, parcel.Dispatched, "", []int{0, 2, 1}},
		{"sensor says empty", func(g *guard, b string) { g.write(intent(1, b)); g.write(failed(1, b, "cancelled", "EMPTY")) }, parcel.Dispatched, "", []int{1, 2, 1}},
		{"jam", func(g *guard, b string) { g.write(intent(1, b)); g.write(failed(1, b, "jam", "QUARANTINE")) }, parcel.Uncertain, "parcel", []int{0, 2, 1}},
		{"jam, then another door", func(g *guard, b string) {
			g.write(intent(1, b))
			g.write(failed(1, b, "jam", "QUARANTINE"))
			g.deposit(2, b)
		}, parcel.Stored, "", []int{0, 2, 1}},
		{"jam, then taken out", func(g *guard, b string) {
			g.write(intent(1, b))
			g.write(failed(1, b, "jam", "QUARANTINE"))
			g.write(journal.Record{Kind: journal.ReopenIntent, Compartment: 1, Parcel: b, Carrier: "house", Courier: "anna"})
			g.write(journal.Record{Kind: journal.TakenOut, Compartment: 1, Parcel: b, Carrier: "house", Courier: "anna"})
		}, parcel.Withdrawn, "", []int{2, 2, 1}},
		{"opened by itself", func(g *guard, b string) {
			g.deposit(1, b)
			g.write(journal.Record{Kind: journal.Quarantined, Compartment: 1, Parcel: b, Reason: "uncommanded"})
		}, parcel.Uncertain, "parcel", []int{1, 2, 1}},
		{"its empty door opened by itself", func(g *guard, b string) {
			g.deposit(1, b)
			g.collect(1, b)
			g.write(journal.Record{Kind: journal.Quarantined, Compartment: 1, Parcel: b, Reason: "uncommanded"})
		}, parcel.Collected, "", []int{1, 2, 1}},
	}
	each(t, func(t *testing.T, h *hub) {
		for i, tt := range tests {
			id := "u" + string(rune('a'+i))
			h.addLocker(id)
			g := newGuard(t, h.network, id, start.UnixMicro())
			h.up(g)
			n := shipment(id, 1)
			n.Locker = id
			barcode := h.create(n).Parcels[0].Barcode
			h.guard = g
			h.take()
			tt.write(g, barcode)
			h.up(g)
			compartments, err := h.fleet.Compartments(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			l, err := h.fleet.Locker(t.Context(), id)
			var free []int
			for _, r := range l.Room {
				free = append(free, r.Free)
			}
			if p := h.state(barcode); p.State != tt.state || (compartments[0].Parcel != "") != (tt.inside != "") || !slices.Equal(free, tt.free) {
				t.Errorf("%s: %s, compartment %+v, free %v, %v", tt.name, p.State, compartments[0], free, err)
			}
			if alarms, _ := h.fleet.Alarms(t.Context(), id, 10); slices.ContainsFunc(alarms, func(a fleet.Alarm) bool { return a.Kind == fleet.Contradiction }) {
				t.Errorf("%s: %+v", tt.name, alarms)
			}
		}
	})
}

func TestContradictionsAlarmAndMoveNothing(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.guard.collect(1, barcode)
		h.guard.deposit(3, "999999000006")
		h.guard.write(journal.Record{Kind: journal.Alarm, Reason: "case open"})
		h.up(h.guard)
		alarms, err := h.fleet.Alarms(t.Context(), "l1", 10)
		if err != nil || len(alarms) != 3 || h.state(barcode).State != parcel.Announced {
			t.Errorf("%s, %v, %+v", h.state(barcode).State, err, alarms)
		}
	})
}

func TestListsAndPages(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		var ids []string
		for _, key := range []string{"a", "b", "c", "d", "e"} {
			n := shipment(key, 1)
			n.Reference = "order " + key
			ids = append([]string{h.create(n).ID}, ids...)
		}
		var seen []string
		for after := ""; ; {
			list, next, err := h.custody.Shipments(t.Context(), "m1", custody.Filter{After: after, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				seen = append(seen, s.ID)
				if len(s.Parcels) != 1 {
					t.Errorf("%+v", s)
				}
			}
			if after = next; next == "" {
				break
			}
		}
		if !slices.Equal(seen, ids) {
			t.Errorf("pages %q, want %q", seen, ids)
		}
		for name, f := range map[string]custody.Filter{"reference": {Reference: "order c"}, "state": {State: parcel.Cancelled}} {
			if name == "state" {
				if _, err := h.custody.CancelShipment(t.Context(), "m1", ids[0]); err != nil {
					t.Fatal(err)
				}
			}
			if list, _, err := h.custody.Shipments(t.Context(), "m1", f); err != nil || len(list) != 1 {
				t.Errorf("%s: %d, %v", name, len(list), err)
			}
		}
		if list, _, err := h.custody.Shipments(t.Context(), "m2", custody.Filter{}); err != nil || len(list) != 0 {
			t.Errorf("another merchant sees %d, %v", len(list), err)
		}
		s, err := h.custody.Shipment(t.Context(), "m1", ids[1])
		if err != nil {
			t.Fatal(err)
		}
		if track, err := h.custody.Track(t.Context(), s.Parcels[0].Token); err != nil || track.Parcel.Barcode != s.Parcels[0].Barcode || track.Locker.ID != "l1" || len(track.Events) != 1 {
			t.Errorf("%+v, %v", track, err)
		}
		if _, err := h.custody.Track(t.Context(), "guess"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a guessed token: %v", err)
		}
		if live, err := h.custody.Live(t.Context(), "house", "l1"); err != nil || len(live) != 4 {
			t.Errorf("%d live, %v", len(live), err)
		}
	})
}

func TestContactsLeaveWithTheAck(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.create(shipment("k1", 1, 2))
		list, err := h.custody.Contacts(t.Context(), 10)
		if err != nil || len(list) != 2 || string(list[0].Sealed) != "sealed for "+list[0].Parcel.Barcode {
			t.Fatalf("%+v, %v", list, err)
		}
		if err := h.custody.AckContacts(t.Context(), []string{s.Parcels[0].Barcode, "unknown"}); err != nil {
			t.Fatal(err)
		}
		if list, err = h.custody.Contacts(t.Context(), 10); err != nil || len(list) != 1 || list[0].Parcel.Barcode != s.Parcels[1].Barcode {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestLapse(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.pass(13 * 24 * time.Hour)
		for _, want := range []parcel.State{parcel.Announced, parcel.Cancelled} {
			if err := errors.Join(h.custody.Lapse(t.Context()), h.custody.Clean(t.Context())); err != nil || h.state(barcode).State != want {
				t.Errorf("%v: %s, want %s", err, h.state(barcode).State, want)
			}
			h.pass(2 * 24 * time.Hour)
		}
		if !slices.Equal(h.free(), []int{2, 2, 1}) {
			t.Errorf("free %v", h.free())
		}
	})
}

func TestReceiptsAndTheFeed(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		receipt := func() statement.Receipt {
			t.Helper()
			envelopes, err := h.fleet.Receipts(t.Context(), "l1")
			if err != nil || len(envelopes) == 0 {
				t.Fatalf("%d receipts, %v", len(envelopes), err)
			}
			r, _, err := statement.Verify[statement.Receipt](envelopes[0], h.network.Charter.Time.Lookup)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		beat := func() {
			t.Helper()
			if _, err := h.custody.Ingest(t.Context(), "l1", h.guard.beat()); err != nil {
				t.Fatal(err)
			}
		}
		kept := func() int {
			list, _, err := h.custody.Uploads(t.Context(), 0, 100, 0)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if r := receipt(); r.UTC != start.UnixMicro() || r.Position != 2 {
			t.Errorf("%+v", r)
		}
		h.pass(61 * time.Second)
		h.guard.write(journal.Record{Kind: journal.Ticked})
		h.up(h.guard)
		if r := receipt(); r.UTC != start.UnixMicro() {
			t.Errorf("a tick is no news: %+v", r)
		}
		h.guard.write(journal.Record{Kind: journal.WrongCode})
		h.up(h.guard)
		if r := receipt(); r.UTC != start.Add(61*time.Second).UnixMicro() || r.Position != 4 {
			t.Errorf("news: %+v", r)
		}
		n := kept()
		beat()
		if kept() != n {
			t.Error("a heartbeat was kept for nothing")
		}
		h.pass(16 * time.Minute)
		beat()
		if r := receipt(); r.UTC != h.clock().UnixMicro() || kept() != n+1 {
			t.Errorf("after 16 minutes: %+v, %d kept", r, kept()-n)
		}
		h.guard.boot++
		h.pass(time.Second)
		beat()
		if r := receipt(); r.Boot != 2 || kept() != n+2 {
			t.Errorf("after a reboot: %+v, %d kept", r, kept()-n)
		}
	})
}

func TestTheFeedWakes(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		_, after, err := h.custody.Uploads(t.Context(), 0, 100, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan int64)
		go func() {
			_, next, _ := h.custody.Uploads(context.Background(), after, 100, time.Minute)
			got <- next
		}()
		h.guard.write(journal.Record{Kind: journal.WrongCode})
		h.up(h.guard)
		if next := <-got; next != after+1 {
			t.Errorf("next %d after %d", next, after)
		}
	})
}

func TestVerifyFoldFindsWhatWasTamperedWith(t *testing.T) {
	changes := []struct{ do, undo string }{
		{"UPDATE parcel SET state = 'collected'", "UPDATE parcel SET state = 'stored'"},
		{"UPDATE parcel SET due = due + 1", "UPDATE parcel SET due = due - 1"},
		{"UPDATE parcel SET hold = 'x'", "UPDATE parcel SET hold = ''"},
		{"UPDATE compartment SET parcel = '' WHERE number = 1", "UPDATE compartment SET parcel = (SELECT barcode FROM parcel) WHERE number = 1"},
		{"UPDATE compartment SET state = 'EMPTY' WHERE number = 1", "UPDATE compartment SET state = 'OCCUPIED' WHERE number = 1"},
		{"UPDATE room SET reserved = reserved + 1", "UPDATE room SET reserved = reserved - 1"},
		{"UPDATE room SET empty = empty + 1", "UPDATE room SET empty = empty - 1"},
		{"UPDATE custody_event SET record = record + 1000 WHERE record > 0", "UPDATE custody_event SET record = record - 1000 WHERE record > 0"},
		{"UPDATE custody_event SET record = record - 1 WHERE what = 'stored'", "UPDATE custody_event SET record = record + 1 WHERE what = 'stored'"},
		{"UPDATE custody_event SET after = 'overdue' WHERE what = 'stored'", "UPDATE custody_event SET after = 'stored' WHERE what = 'stored'"},
		{"UPDATE locker_line SET position = position + 1", "UPDATE locker_line SET position = position - 1"},
		{"DELETE FROM upload WHERE first > 1", ""},
	}
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.take()
		h.guard.deposit(1, barcode)
		h.up(h.guard)
		saved := h.dump()
		for _, change := range changes {
			h.exec(change.do)
			if differences, err := h.custody.VerifyFold(t.Context()); err != nil || len(differences) == 0 {
				t.Errorf("not found: %s (%v)", change.do, err)
			}
			if change.undo != "" {
				h.exec(change.undo)
				h.check()
			}
		}
		h.restore(saved)
	})
}

func (h *hub) exec(query string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Writer().Exec(query, args...); err != nil {
		h.t.Fatal(err)
	}
}

// dump and restore keep the uploads over a test that deletes them.
func (h *hub) dump() []custody.Upload {
	h.t.Helper()
	list, _, err := h.custody.Uploads(h.t.Context(), 0, 1000, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func (h *hub) restore(uploads []custody.Upload) {
	h.t.Helper()
	h.exec("DELETE FROM upload")
	next := int64(1)
	for _, u := range uploads {
		var s journal.Stretch
		if err := statement.Decode(u.Stretch, &s); err != nil {
			h.t.Fatal(err)
		}
		h.exec("INSERT INTO upload (cursor, locker, first, last, received, stretch) VALUES ($1, $2, $3, $4, $5, $6)",
			u.Cursor, u.Locker, next, next+int64(len(s.Records))-1, u.Received, u.Stretch)
		next += int64(len(s.Records))
	}
}

func TestTwoNodesTakeTheSameIn(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		other := custody.New(h.custody.Config)
		s := h.create(shipment("k1", 1, 1))
		h.take()
		h.guard.deposit(1, s.Parcels[0].Barcode)
		h.guard.deposit(2, s.Parcels[1].Barcode)
		stretch := h.guard.after(3)
		var all sync.WaitGroup
		for _, node := range []*custody.Custody{h.custody, other, h.custody, other} {
			all.Go(func() {
				if got, err := node.Ingest(context.Background(), "l1", stretch); err != nil || got != h.guard.at {
					t.Errorf("%v, at %d", err, got.Number)
				}
			})
			all.Go(func() {
				if _, err := node.CancelShipment(context.Background(), "m1", s.ID); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, p := range s.Parcels {
			if p := h.state(p.Barcode); p.State != parcel.Stored || p.Hold != parcel.HoldCancelled {
				t.Errorf("%s, hold %q", p.State, p.Hold)
			}
		}
		list, _, err := h.custody.Uploads(t.Context(), 0, 100, 0)
		if err != nil || len(list) != 3 {
			t.Errorf("%d uploads, %v", len(list), err)
		}
	})
}

func TestAGuardWhoseClockIsBehind(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.guard.low = 0 // after a power cut, before its first receipts
		h.take()
		h.guard.deposit(1, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.Stored != p.Created || p.Due != p.Created+(48*time.Hour).Microseconds() {
			t.Errorf("stored %v, due %v", time.UnixMicro(p.Stored).UTC(), time.UnixMicro(p.Due).UTC())
		}
	})
}
