package custody_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/guardtest"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// at puts a locker on the map, so many kilometres north of 55.75° N 37.62° E.
func (h *hub) at(id string, north float64) {
	h.t.Helper()
	place := fleet.NewLocker{ID: id, Name: "Locker " + id, Address: "Main street 1", Zone: "Europe/Moscow", Latitude: 55.75 + north/111.19, Longitude: 37.62}
	if _, _, err := h.fleet.Add(h.t.Context(), place); err != nil {
		h.t.Fatal(err)
	}
}

var anna = courier.Courier{ID: "anna", Carrier: "house", Lockers: []string{"*"}, Deposit: true}

// noRoom is where a courier at a locker is told to take a parcel; else the fault.
func (h *hub) noRoom(by courier.Courier, locker, barcode string) string {
	h.t.Helper()
	stop, err := h.custody.NoRoom(h.t.Context(), by, locker, barcode)
	if err != nil {
		return code(err)
	}
	return stop.ID + ", " + stop.Name
}

// The nearest locker that has room takes what does not fit, within the merchant's distance, and what was said once holds.
func TestNoRoomForAParcel(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		for id, north := range map[string]float64{"l2": 2.9, "l3": 1.1, "l4": -3.2, "l5": 0.4} {
			h.second(id)
			h.at(id, north)
		}
		h.at("l1", 0)
		h.addLocker("new") // nobody has heard of its guard
		h.at("new", 0.1)
		s := h.create(shipment("k1", 1, 3))
		one, three := s.Parcels[0].Barcode, s.Parcels[1].Barcode
		h.take()

		if got := h.noRoom(anna, "l1", one); got != "not_allowed" {
			t.Errorf("without a rule: %s", got)
		}
		h.reach = 3
		for name, row := range map[string]struct {
			by              courier.Courier
			locker, barcode string
			want            string
		}{
			"another carrier":     {courier.Courier{ID: "boris", Carrier: "swift", Lockers: []string{"*"}, Deposit: true}, "l1", one, "unknown_parcel"},
			"another locker":      {courier.Courier{ID: "anna", Carrier: "house", Lockers: []string{"l2"}, Deposit: true}, "l1", one, "not_sent_here"},
			"one who only takes":  {courier.Courier{ID: "anna", Carrier: "house", Lockers: []string{"*"}}, "l1", one, "not_sent_here"},
			"no barcode":          {anna, "l1", "x\x00", "unknown_parcel"},
			"nobody's barcode":    {anna, "l1", "299990000018", "unknown_parcel"},
			"nobody's locker":     {anna, "\xff", one, "l1, Locker l1"}, // it is meant for another than where the courier says they stand
			"where it is not for": {anna, "l5", one, "l1, Locker l1"},
		} {
			if got := h.noRoom(row.by, row.locker, row.barcode); got != row.want {
				t.Errorf("%s: %s, want %s", name, got, row.want)
			}
		}

		full := shipment("k2", slices.Repeat([]parcel.Size{1}, 5)...)
		full.Locker = "l5"
		h.create(full)
		if got := h.noRoom(anna, "l1", one); got != "l3, Locker l3" {
			t.Fatalf("the nearest with room: %s", got)
		}
		for _, barcode := range []string{one, three} {
			if p := h.state(barcode); p.Locker != "l3" || p.State != parcel.Announced {
				t.Errorf("the shipment goes together: %+v", p)
			}
			if got := h.noRoom(anna, "l1", barcode); got != "l3, Locker l3" {
				t.Errorf("asked again: %s", got)
			}
		}
		events, err := h.custody.Events(t.Context(), "m1", one)
		if last := events[len(events)-1]; err != nil || last.What != parcel.WasRedirected || last.Actor != "courier house/anna" || last.Reason != "no room" {
			t.Errorf("%+v, %v", last, err)
		}
		if got := h.noRoom(anna, "l3", one); got != "l2, Locker l2" { // 1.8 km; not back to l1, l5 is full, l4 is 4.3 km away
			t.Errorf("further: %s", got)
		}
		if got := h.noRoom(anna, "l2", one); got != "nowhere" {
			t.Errorf("at the end: %s", got)
		}
		if l, err := h.custody.Shipment(t.Context(), "m1", s.ID); err != nil || l.Locker != "l2" {
			t.Errorf("%+v, %v", l, err)
		}
	})
}

// What is in a locker already, or is a customer's to bring, goes nowhere.
func TestWhatIsNotSentOn(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.reach = 50
		h.second("l2")
		h.at("l1", 0)
		h.at("l2", 1)
		inside := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.take()
		h.guard.Deposit(1, inside)
		h.up(h.guard)
		back := shipment("k2", 2)
		back.Return, back.Code = true, func(string) string { return statement.CompleteCode("123456789") }
		permit := h.create(back).Parcels[0].Barcode
		for _, barcode := range []string{inside, permit} {
			if got := h.noRoom(anna, "l1", barcode); got != "too_late" {
				t.Errorf("%s: %s", barcode, got)
			}
		}
	})
}

// beat is a guard's head alone: its locker is heard of.
func (h *hub) beat(g *guardtest.Guard) {
	h.t.Helper()
	if _, err := h.custody.Ingest(h.t.Context(), g.Locker, g.Beat()); err != nil {
		h.t.Fatal(err)
	}
}

// Lockers that nobody can count on take nothing more, and lose what waits for them to one that can be counted on.
func TestSendingOnFromADarkLocker(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.reach = 5
		other := h.second("l2")
		third := h.second("l3")
		h.at("l1", 0)
		h.at("l2", 1)
		h.at("l3", 2)
		s := h.create(shipment("k1", 1, 2))
		alone := h.create(shipment("k2", 1))
		sendOn := func() string {
			t.Helper()
			if err := h.custody.SendOn(t.Context()); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(h.state(s.Parcels[0].Barcode).Locker, " ", h.state(s.Parcels[1].Barcode).Locker, " ", h.state(alone.Parcels[0].Barcode).Locker)
		}
		h.pass(fleet.DarkAfter - time.Minute)
		h.beat(other)
		h.beat(third)
		if got := sendOn(); got != "l1 l1 l1" {
			t.Errorf("too early: %s", got)
		}
		h.pass(2 * time.Minute)
		if got := sendOn(); got != "l2 l2 l2" { // heard of two minutes ago
			t.Errorf("after %s: %s", fleet.DarkAfter, got)
		}
		events, err := h.custody.Events(t.Context(), "m1", s.Parcels[0].Barcode)
		if last := events[len(events)-1]; err != nil || last.Actor != "hub" || last.Reason != "locker dark" {
			t.Errorf("%+v, %v", last, err)
		}
		h.pass(fleet.DarkAfter)
		if got := sendOn(); got != "l2 l2 l2" { // all are dark
			t.Errorf("nowhere to go: %s", got)
		}
		h.beat(third)
		h.reach = 0
		if got := sendOn(); got != "l2 l2 l2" {
			t.Errorf("without a rule: %s", got)
		}
	})
}

// Two nodes that send the same on at once do it once.
func TestTwoNodesSendOn(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.reach = 5
		h.second("l2")
		h.at("l1", 0)
		h.at("l2", 1)
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		done := make(chan string, 4)
		for range cap(done) {
			go func() {
				stop, err := custody.New(h.custody.Config).NoRoom(t.Context(), anna, "l1", barcode)
				if fault.KindOf(err) == fault.Conflict {
					stop.ID = code(err)
				} else if err != nil {
					stop.ID = err.Error()
				}
				done <- stop.ID
			}()
		}
		for range cap(done) {
			if got := <-done; got != "l2" && got != "nowhere" {
				t.Errorf("got %s", got)
			}
		}
		if events, err := h.custody.Events(t.Context(), "m1", barcode); err != nil || len(events) != 2 {
			t.Errorf("%d events, %v", len(events), err)
		}
	})
}
