package custody_test

import (
	"encoding/json"
	"testing"

	"lockstep/guard/journal"
	"lockstep/hub/internal/fleet"
	"lockstep/parcel"
)

// What its recipient refuses from afar gets the hold of what is declined at the locker; nothing else moves, no locker hears of it, and they
// may change their mind.
func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.create(shipment("k1", 1, 1, 1))
		one, two, waiting := s.Parcels[0].Barcode, s.Parcels[1].Barcode, s.Parcels[2].Barcode
		h.guard.Deposit(1, one)
		h.guard.Deposit(2, two)
		h.up(h.guard)
		before := h.state(one)
		down, err := h.dispatch.Down(t.Context(), "l1", 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := h.custody.Refuse(t.Context(), one); err != nil {
				t.Fatal(err)
			}
		}
		after := h.state(one)
		if after.State != parcel.Stored || after.Hold != parcel.HoldDeclined || after.Due != before.Due || after.Compartment != 1 {
			t.Errorf("%+v, before %+v", after, before)
		}
		if last := h.emitted[len(h.emitted)-1]; last.What != parcel.WasRefused || last.Proof != parcel.Claim || last.Actor != "recipient" || last.Barcode != one {
			t.Errorf("the merchant is told %+v", last)
		}
		if now, err := h.dispatch.Down(t.Context(), "l1", 0); err != nil || len(now) != len(down) {
			t.Errorf("the locker is told something: %d statements after %d, %v", len(now), len(down), err)
		}
		if err := h.custody.Refuse(t.Context(), waiting); code(err) != "not_inside" {
			t.Errorf("before its deposit: %v", err)
		}
		if err := h.custody.Refuse(t.Context(), "200010009999"); code(err) != "unknown_parcel" {
			t.Errorf("an unknown one: %v", err)
		}
		h.guard.Collect(1, one)
		h.up(h.guard)
		if p := h.state(one); p.State != parcel.Collected || p.Hold != "" {
			t.Errorf("collected all the same: %+v", p)
		}
		if err := h.custody.Refuse(t.Context(), one); code(err) != "not_inside" {
			t.Errorf("after its collection: %v", err)
		}
		if err := h.custody.Refuse(t.Context(), two); err != nil {
			t.Fatal(err)
		}
		h.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 2, Parcel: two})
		h.up(h.guard)
		if p := h.state(two); p.State != parcel.Overdue || p.Hold != parcel.HoldDeclined || p.Task() != "withdraw" {
			t.Errorf("overdue: %+v", p)
		}
	})
}

// That something is wrong is one alarm about one parcel at a time, also after it has been collected, with what the hub holds of its door.
func TestReported(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.create(shipment("k1", 1, 1, 1))
		before, one, waiting := s.Parcels[0].Barcode, s.Parcels[1].Barcode, s.Parcels[2].Barcode
		h.guard.Deposit(1, before)
		h.guard.Collect(1, before)
		h.guard.Deposit(1, one)
		h.guard.Collect(1, one)
		h.up(h.guard)
		for _, want := range []string{"", "reported"} {
			if err := h.custody.Report(t.Context(), one, parcel.NothingInside, "nobody there"); want == "" && err != nil || want != "" && code(err) != want {
				t.Fatalf("%v, want %q", err, want)
			}
		}
		if err := h.custody.Report(t.Context(), one, parcel.Damaged, ""); code(err) != "reported" {
			t.Errorf("another trouble of the same parcel: %v", err)
		}
		if err := h.custody.Report(t.Context(), before, parcel.NothingInside, ""); err != nil {
			t.Errorf("another parcel of the same compartment: %v", err)
		}
		if err := h.custody.Report(t.Context(), waiting, parcel.Damaged, ""); code(err) != "never_stored" {
			t.Errorf("before its deposit: %v", err)
		}
		alarms, err := h.fleet.Alarms(t.Context(), "l1", 10)
		if err != nil || len(alarms) != 2 {
			t.Fatalf("%+v, %v", alarms, err)
		}
		a := alarms[1]
		if a.Kind != fleet.Reported || a.Reason != "empty" || a.Parcel != one || a.Note != "nobody there" || a.Compartment != 1 || a.Record != 10 || !a.Proven {
			t.Errorf("%+v", a)
		}
		data, err := h.fleet.Evidence(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		var evidence []struct {
			Record                   uint64
			Kind, Parcel, Credential string
		}
		if err := json.Unmarshal(data, &evidence); err != nil || len(evidence) != 3 || evidence[0].Record != 10 || evidence[0].Kind != "stored" || evidence[2].Kind != "collected" || evidence[1].Credential != "code" {
			t.Errorf("%s, %v", data, err)
		}
		if err := h.fleet.EndAlarm(t.Context(), a.ID, "support eva"); err != nil {
			t.Fatal(err)
		}
		past, err := h.fleet.PastAlarms(t.Context(), 10)
		if err != nil || len(past) != 1 || past[0].Parcel != one || past[0].Note != "" {
			t.Errorf("%+v, %v", past, err)
		}
		if err := h.custody.Report(t.Context(), one, parcel.NothingInside, ""); err != nil {
			t.Errorf("after it was looked after: %v", err)
		}
	})
}
