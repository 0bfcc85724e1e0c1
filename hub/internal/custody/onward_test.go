package custody_test

import (
	"slices"
	"testing"

	"lockstep/guard/journal"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/guardtest"
	"lockstep/parcel"
)

// toL2 is one that a customer puts into l1, and its carrier takes on to l2.
func toL2(key string, sizes ...parcel.Size) custody.NewShipment {
	n := shipment(key, sizes...)
	n.From, n.Locker = "l1", "l2"
	n.Code = func(barcode string) string { return custody.ReturnCode([]byte("key"), barcode) }
	return n
}

// putIn is a customer's deposit by a permit that the guard has, and takenOut its carrier's withdrawal.
func putIn(g *guardtest.Guard, compartment uint16, barcode string) {
	g.Write(journal.Record{Kind: journal.DepositIntent, Compartment: compartment, Parcel: barcode, Carrier: "house", Credential: "permit"})
	g.Write(journal.Record{Kind: journal.Opened, Compartment: compartment})
	g.Write(journal.Record{Kind: journal.Stored, Compartment: compartment, Parcel: barcode, Carrier: "house", Credential: "permit"})
}

func takenOut(g *guardtest.Guard, compartment uint16, barcode string) {
	g.Write(journal.Record{Kind: journal.WithdrawIntent, Compartment: compartment, Parcel: barcode, Carrier: "house", Courier: "anna"})
	g.Write(journal.Record{Kind: journal.Opened, Compartment: compartment})
	g.Write(journal.Record{Kind: journal.Withdrawn, Compartment: compartment, Parcel: barcode, Carrier: "house", Courier: "anna"})
}

func (h *hub) forward() {
	h.t.Helper()
	if err := h.custody.Forward(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func TestFromLockerToLocker(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		other := h.second("l2")
		s := h.create(toL2("k1", 2))
		barcode := s.Parcels[0].Barcode
		if p := h.state(barcode); s.Locker != "l2" || p.Locker != "l1" || !p.Outbound || !p.Onward || h.freeAt("l1") != "[2 1 1]" || h.freeAt("l2") != "[2 2 1]" {
			t.Fatalf("%+v, room %s and %s", p, h.freeAt("l1"), h.freeAt("l2"))
		}
		contacts, err := h.custody.Contacts(t.Context(), 10)
		if err != nil || len(contacts) != 1 || contacts[0].Locker != "l2" {
			t.Errorf("the recipient is told of %+v, %v", contacts, err)
		}
		if _, err := h.redirect(s, "l1"); code(err) != "return_permit" {
			t.Errorf("redirected while a customer has it: %v", err)
		}
		h.guard.Write(journal.Record{Kind: journal.Permitted, Parcel: barcode, Carrier: "house", Down: 1})
		putIn(h.guard, 3, barcode)
		h.up(h.guard)
		h.forward()
		if p := h.state(barcode); p.State != parcel.Stored || p.Locker != "l1" || p.Task() != "withdraw" {
			t.Errorf("in the first locker: %+v", p)
		}
		takenOut(h.guard, 3, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.State != parcel.Withdrawn {
			t.Errorf("taken out: %+v", p)
		}
		full := shipment("k2", slices.Repeat([]parcel.Size{2}, 3)...)
		full.Locker = "l2"
		filler := h.create(full)
		h.forward()
		if p := h.state(barcode); p.State != parcel.Withdrawn {
			t.Errorf("no room at the other: %+v", p)
		}
		if _, err := h.custody.CancelShipment(t.Context(), "m1", filler.ID); err != nil {
			t.Fatal(err)
		}
		h.forward()
		h.forward()
		if p := h.state(barcode); p.State != parcel.Announced || p.Locker != "l2" || p.Outbound || p.Due != 0 || p.Task() != "deposit" || h.freeAt("l2") != "[2 1 1]" {
			t.Errorf("on its way: %+v, room %s", p, h.freeAt("l2"))
		}
		h.guard = other
		h.take()
		other.Deposit(4, barcode)
		h.up(other)
		if p := h.state(barcode); p.State != parcel.Stored || p.Locker != "l2" || p.Task() != "" || p.Due == 0 {
			t.Errorf("in the other: %+v", p)
		}
		other.Collect(4, barcode)
		h.up(other)
		if p := h.state(barcode); p.State != parcel.Collected {
			t.Errorf("at the end: %+v", p)
		}
		for _, locker := range []string{"l1", "l2"} {
			if alarms, err := h.fleet.Alarms(t.Context(), locker, 10); err != nil || len(alarms) > 0 {
				t.Errorf("%+v, %v", alarms, err)
			}
		}
	})
}

func TestWhatIsNotSentFromLockerToLocker(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.second("l2")
		same, back, nowhere, full := toL2("k1", 1), toL2("k2", 1), toL2("k3", 1), toL2("k4", 3, 3)
		same.Locker, back.Return, nowhere.From = "l1", true, "nowhere"
		for want, n := range map[string]custody.NewShipment{"same_locker": same, "unknown_locker": nowhere, "locker_full": full} {
			if _, _, err := h.custody.CreateShipment(t.Context(), n); code(err) != want {
				t.Errorf("%s: %v", want, err)
			}
		}
		if _, _, err := h.custody.CreateShipment(t.Context(), back); code(err) != "same_locker" {
			t.Errorf("a return: %v", err)
		}
	})
}

// What nobody has collected may be tried at another locker instead of going back.
func TestWithdrawnParcelGoesToAnotherLocker(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.second("l2")
		s := h.create(shipment("k1", 1))
		barcode := s.Parcels[0].Barcode
		h.take()
		h.guard.Deposit(1, barcode)
		h.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 1, Parcel: barcode})
		takenOut(h.guard, 1, barcode)
		h.up(h.guard)
		h.forward() // that is for what customers have put in
		if p := h.state(barcode); p.State != parcel.Withdrawn {
			t.Errorf("%+v", p)
		}
		if is, err := h.redirect(s, "l2"); err != nil || is.Parcels[0].State != parcel.Announced || is.Parcels[0].Locker != "l2" || is.Parcels[0].Due != 0 {
			t.Errorf("%+v, %v", is, err)
		}
		if _, err := h.returned(barcode); code(err) != "not_withdrawn" {
			t.Errorf("returned then: %v", err)
		}
	})
}

// What its merchant gives up while a customer has put it in goes back; a merchant that changes its mind tries another locker.
func TestGivenUpBetweenLockers(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.second("l2")
		h.second("l3")
		s := h.create(toL2("k1", 1))
		barcode := s.Parcels[0].Barcode
		h.guard.Write(journal.Record{Kind: journal.Permitted, Parcel: barcode, Carrier: "house", Down: 1})
		putIn(h.guard, 1, barcode)
		h.up(h.guard)
		if _, err := h.custody.CancelShipment(t.Context(), "m1", s.ID); err != nil {
			t.Fatal(err)
		}
		takenOut(h.guard, 1, barcode)
		h.up(h.guard)
		h.forward()
		if p := h.state(barcode); p.State != parcel.Withdrawn || p.Hold != parcel.HoldCancelled {
			t.Errorf("given up: %+v", p)
		}
		if _, err := h.redirect(s, "l3"); err != nil {
			t.Fatal(err)
		}
		if p := h.state(barcode); p.State != parcel.Announced || p.Hold != "" || p.Locker != "l3" || p.Outbound {
			t.Errorf("another try: %+v", p)
		}
	})
}
