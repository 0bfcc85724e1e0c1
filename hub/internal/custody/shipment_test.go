package custody_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

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
		h.guard.Deposit(2, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.State != parcel.Stored || p.Compartment != 2 || p.Due != h.guard.Low+(48*time.Hour).Microseconds() || !slices.Equal(h.free(), []int{1, 2, 1}) {
			t.Fatalf("stored: %+v, free %v", p, h.free())
		}
		h.check()
		h.guard.Collect(2, barcode)
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
		h.guard.Deposit(3, late.Parcels[0].Barcode)
		h.guard.Deposit(5, gone.Parcels[0].Barcode)
		h.guard.Collect(5, gone.Parcels[0].Barcode)
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
		h.guard.Deposit(1, early.Parcels[0].Barcode)
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
		h.guard.Deposit(4, barcode)
		h.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 4, Parcel: barcode})
		h.up(h.guard)
		if _, err := h.returned(barcode); h.state(barcode).State != parcel.Overdue || code(err) != "not_withdrawn" {
			t.Fatalf("%s, %v", h.state(barcode).State, err)
		}
		h.guard.Write(journal.Record{Kind: journal.WithdrawIntent, Compartment: 4, Parcel: barcode, Carrier: "house", Courier: "anna"})
		h.guard.Write(journal.Record{Kind: journal.Withdrawn, Compartment: 4, Parcel: barcode, Carrier: "house", Courier: "anna"})
		h.up(h.guard)
		if p, err := h.returned(barcode); err != nil || p.State != parcel.Returned {
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
		for _, step := range []struct {
			online bool
			want   parcel.State
		}{{true, parcel.Announced}, {false, parcel.Announced}, {true, parcel.Cancelled}} {
			if step.online {
				h.guard.Write(journal.Record{Kind: journal.Ticked})
				h.up(h.guard)
			}
			if err := errors.Join(h.custody.Lapse(t.Context()), h.custody.Clean(t.Context())); err != nil || h.state(barcode).State != step.want {
				t.Errorf("%v: %s, want %s", err, h.state(barcode).State, step.want)
			}
			h.pass(2 * 24 * time.Hour)
		}
		if !slices.Equal(h.free(), []int{2, 2, 1}) {
			t.Errorf("free %v", h.free())
		}
	})
}
