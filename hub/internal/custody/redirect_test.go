package custody_test

import (
	"fmt"
	"slices"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/guardtest"
	"lockstep/parcel"
)

// second brings another locker into service.
func (h *hub) second(id string) *guardtest.Guard {
	h.t.Helper()
	h.addLocker(id)
	g := guardtest.New(h.t, h.network, id, start.UnixMicro())
	h.up(g)
	return g
}

func (h *hub) freeAt(id string) string {
	h.t.Helper()
	l, err := h.fleet.Locker(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	var free []int
	for _, r := range l.Room {
		free = append(free, r.Free)
	}
	return fmt.Sprint(free)
}

func (h *hub) redirect(s custody.Shipment, locker string) (custody.Shipment, error) {
	return h.custody.Redirect(h.t.Context(), s.Merchant, s.ID, locker, "merchant")
}

func TestRedirect(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.second("l2")
		s := h.create(shipment("k1", 1, 3))
		h.take()
		is, err := h.redirect(s, "l2")
		if err != nil || is.Locker != "l2" || h.freeAt("l1") != "[2 2 1]" || h.freeAt("l2") != "[1 2 0]" {
			t.Fatalf("%+v, %v, room %s and %s", is, err, h.freeAt("l1"), h.freeAt("l2"))
		}
		for _, p := range is.Parcels {
			if p.Locker != "l2" || p.State != parcel.Announced {
				t.Errorf("%+v", p)
			}
		}
		events, err := h.custody.Events(t.Context(), "m1", s.Parcels[0].Barcode)
		if last := events[len(events)-1]; err != nil || last.What != parcel.WasRedirected || last.Locker != "l2" || last.Actor != "merchant" {
			t.Errorf("%+v, %v", last, err)
		}
		if again, err := h.redirect(s, "l2"); err != nil || len(again.Parcels) != 2 {
			t.Errorf("again: %v", err)
		}
		if n, _ := h.custody.Events(t.Context(), "m1", s.Parcels[0].Barcode); len(n) != len(events) {
			t.Error("again is not nothing")
		}
		h.take() // of l1: nothing on it any more
		if p := h.state(s.Parcels[0].Barcode); p.State != parcel.Announced {
			t.Errorf("%+v", p)
		}
	})
}

// The guard of the first locker holds its manifest still, and a courier has the parcel with them: it is where it was put in.
func TestRedirectedParcelPutInWhereItWasMeantFor(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.second("l2")
		s := h.create(shipment("k1", 1))
		barcode := s.Parcels[0].Barcode
		h.take()
		if _, err := h.redirect(s, "l2"); err != nil {
			t.Fatal(err)
		}
		h.guard.Deposit(1, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.State != parcel.Stored || p.Locker != "l1" || p.Compartment != 1 || h.freeAt("l2") != "[2 2 1]" || h.freeAt("l1") != "[1 2 1]" {
			t.Errorf("%+v, room %s and %s", p, h.freeAt("l1"), h.freeAt("l2"))
		}
		h.guard.Collect(1, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.State != parcel.Collected {
			t.Errorf("%+v", p)
		}
		if alarms, err := h.fleet.Alarms(t.Context(), "l1", 10); err != nil || len(alarms) > 0 {
			t.Errorf("%+v, %v", alarms, err)
		}
	})
}

// A failed try at the first locker changes no plan; and of two lockers that both say they have it, the second is alarming.
func TestRedirectedParcelInTwoStories(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		other := h.second("l2")
		s := h.create(shipment("k1", 1))
		barcode := s.Parcels[0].Barcode
		h.take()
		if _, err := h.redirect(s, "l2"); err != nil {
			t.Fatal(err)
		}
		other.Deposit(1, barcode)
		h.up(other)
		if p := h.state(barcode); p.State != parcel.Stored || p.Locker != "l2" {
			t.Fatalf("%+v", p)
		}
		h.guard.Deposit(1, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.Locker != "l2" || p.Compartment != 1 {
			t.Errorf("%+v", p)
		}
		alarms, err := h.fleet.Alarms(t.Context(), "l1", 10)
		if err != nil || len(alarms) == 0 {
			t.Errorf("%+v, %v", alarms, err)
		}
	})
}

func TestWhatIsNotRedirected(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.second("l2")
		h.addLocker("silent")
		s := h.create(shipment("k1", 1))
		back := shipment("k2", 2)
		back.Return, back.Code = true, func(string) string { return statement.CompleteCode("123456789") }
		r := h.create(back)
		before := h.freeAt("l1")
		for locker, want := range map[string]string{"nowhere": "unknown_locker", "silent": "locker_not_ready"} {
			if _, err := h.redirect(s, locker); code(err) != want {
				t.Errorf("%s: %v", locker, err)
			}
		}
		if _, err := h.redirect(r, "l2"); code(err) != "return_permit" {
			t.Errorf("a return: %v", err)
		}
		if _, err := h.custody.Redirect(t.Context(), "m2", s.ID, "l2", "merchant"); code(err) != "unknown_shipment" {
			t.Errorf("another merchant's: %v", err)
		}
		full := h.create(custody.NewShipment{Merchant: "m1", Range: "20001", Carrier: "house", Key: "k3", Body: []byte("k3"), Locker: "l2", Dwell: 48, Parcels: slices.Repeat([]custody.NewParcel{{Size: 1}}, 5),
			Seal: shipment("").Seal})
		if _, err := h.redirect(s, "l2"); code(err) != "locker_full" || h.freeAt("l1") != before {
			t.Errorf("full: %v, %s", err, h.freeAt("l1"))
		}
		if _, err := h.custody.CancelShipment(t.Context(), "m1", full.ID); err != nil {
			t.Fatal(err)
		}
		h.guard.Deposit(1, s.Parcels[0].Barcode)
		h.up(h.guard)
		if _, err := h.redirect(s, "l2"); code(err) != "too_late" {
			t.Errorf("inside: %v", err)
		}
	})
}

// A courier's door at the first locker ends in doubt: the parcel is there or in the courier's hands, and the second waits no more.
func TestRedirectedParcelInDoubtWhereItWasMeantFor(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.second("l2")
		s := h.create(shipment("k1", 1))
		barcode := s.Parcels[0].Barcode
		h.take()
		if _, err := h.redirect(s, "l2"); err != nil {
			t.Fatal(err)
		}
		h.guard.Write(journal.Record{Kind: journal.DepositIntent, Compartment: 1, Parcel: barcode, Carrier: "house", Courier: "anna", Dwell: 48})
		h.guard.Write(journal.Record{Kind: journal.Opened, Compartment: 1})
		h.guard.Write(journal.Record{Kind: journal.DepositFailed, Compartment: 1, Parcel: barcode, Carrier: "house", Courier: "anna", To: "QUARANTINE", Reason: "cancelled"})
		h.up(h.guard)
		if p := h.state(barcode); p.State != parcel.Uncertain || p.Locker != "l1" || h.freeAt("l2") != "[2 2 1]" {
			t.Errorf("%+v, room %s and %s", p, h.freeAt("l1"), h.freeAt("l2"))
		}
		h.check()
	})
}
