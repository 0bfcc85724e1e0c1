package custody_test

import (
	"strings"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/parcel"
)

// aReturn is one of a shipment; of "" of nothing of ours.
func aReturn(key, of string, sizes ...parcel.Size) custody.NewShipment {
	n := shipment(key, sizes...)
	n.Return, n.ReturnOf, n.Dwell, n.Seal = true, of, 0, nil
	n.Code = func(barcode string) string { return custody.ReturnCode([]byte("key"), barcode) }
	return n
}

// The codes that customers were given stay good.
func TestReturnCode(t *testing.T) {
	code := custody.ReturnCode([]byte("key"), "200010000018")
	if code != custody.ReturnCode([]byte("key"), "200010000018") || !statement.CheckPermitCode(code) {
		t.Error(code)
	}
	if code == custody.ReturnCode([]byte("key"), "200010000025") || code == custody.ReturnCode([]byte("yek"), "200010000018") {
		t.Error("a code of another barcode or key")
	}
}

func TestAReturnKnowsWhatItReturns(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.create(shipment("k1", 1))
		barcode := s.Parcels[0].Barcode
		h.take()
		for of, want := range map[string]string{s.ID: "not_collected", "0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f": "unknown_shipment"} {
			if _, _, err := h.custody.CreateShipment(t.Context(), aReturn("early", of, 1)); code(err) != want {
				t.Errorf("%s: %v", want, err)
			}
		}
		h.guard.Deposit(1, barcode)
		h.guard.Collect(1, barcode)
		h.up(h.guard)
		foreign := aReturn("r0", s.ID, 1)
		foreign.Merchant, foreign.Range = "m2", "20002"
		if _, _, err := h.custody.CreateShipment(t.Context(), foreign); code(err) != "unknown_shipment" {
			t.Errorf("another merchant's: %v", err)
		}
		back, none := h.create(aReturn("r1", s.ID, 1)), h.create(aReturn("r2", "", 1))
		if back.ReturnOf != s.ID || !back.Outbound() || none.ReturnOf != "" || !none.Outbound() || s.Outbound() {
			t.Errorf("%+v, %+v", back, none)
		}
		of, err := h.custody.ReturnsOf(t.Context(), "m1", s.ID, back.ID, "", "x")
		if err != nil || len(of) != 1 || len(of[s.ID]) != 1 || of[s.ID][0].ID != back.ID || len(of[s.ID][0].Parcels) != 1 {
			t.Errorf("%+v, %v", of, err)
		}
		if of, err := h.custody.ReturnsOf(t.Context(), "m2", s.ID); err != nil || len(of) != 0 {
			t.Errorf("another merchant's: %+v, %v", of, err)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		n := shipment("k1", 1, 1)
		n.Reference = "заказ 1"
		two := h.create(n)
		n = shipment("k2", 2)
		n.Reference = "заказ 1"
		one := h.create(n)
		a, b, c := two.Parcels[0].Barcode, two.Parcels[1].Barcode, one.Parcels[0].Barcode
		h.take()
		with, err := h.custody.ShipmentsWith(t.Context(), "m1", []string{b, c, "200010009993", "1", "", c})
		if err != nil || len(with) != 3 || with[a].ID != two.ID || with[b].ID != two.ID || len(with[b].Parcels) != 2 || with[b].Parcels[1].Barcode != b || with[c].ID != one.ID {
			t.Errorf("%+v, %v", with, err)
		}
		named, err := h.custody.ShipmentsNamed(t.Context(), "m1", []string{one.ID, "x", one.ID, strings.Repeat("x", 40)})
		if err != nil || len(named) != 1 || named[one.ID].Reference != "заказ 1" || len(named[one.ID].Parcels) != 1 {
			t.Errorf("%+v, %v", named, err)
		}
		referred, err := h.custody.ShipmentsReferred(t.Context(), "m1", []string{"заказ 1", "заказ", "", strings.Repeat("ж", 101)})
		if err != nil || len(referred) != 1 || len(referred["заказ 1"]) != 2 || referred["заказ 1"][0].ID != one.ID || len(referred["заказ 1"][1].Parcels) != 2 {
			t.Errorf("%+v, %v", referred, err)
		}
		events, err := h.custody.EventsOf(t.Context(), one, two)
		if err != nil || len(events) != 3 || len(events[a]) != 2 || events[a][0].What != parcel.WasAnnounced || events[a][1].What != parcel.WasDispatched {
			t.Errorf("%+v, %v", events, err)
		}
		with, err1 := h.custody.ShipmentsWith(t.Context(), "m2", []string{a})
		named, err2 := h.custody.ShipmentsNamed(t.Context(), "m2", []string{one.ID})
		referred, err3 := h.custody.ShipmentsReferred(t.Context(), "m2", []string{"заказ 1"})
		if len(with)+len(named)+len(referred) > 0 || err1 != nil || err2 != nil || err3 != nil {
			t.Errorf("another merchant's: %v %v %v", err1, err2, err3)
		}
	})
}

func TestWhatTurnsBack(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.create(shipment("k1", 1, 1))
		first, second := s.Parcels[0].Barcode, s.Parcels[1].Barcode
		h.take()
		h.guard.Deposit(1, first)
		h.guard.Deposit(2, second)
		h.guard.Collect(1, first)
		h.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 2, Parcel: second})
		for _, kind := range []journal.Kind{journal.WithdrawIntent, journal.Withdrawn} {
			h.guard.Write(journal.Record{Kind: kind, Compartment: 2, Parcel: second, Carrier: "house", Courier: "anna"})
		}
		h.up(h.guard)
		back := h.create(aReturn("r1", s.ID, 1))
		if err := h.custody.Publish(t.Context()); err != nil { // as the hub does all the time
			t.Fatal(err)
		}
		h.pass(time.Second)
		from, to := start.UnixMicro(), h.clock().UnixMicro()
		list, err := h.custody.TurnedBackBetween(t.Context(), "m1", from, to, 10)
		if err != nil || len(list) != 2 || list[0].Parcel.Barcode != second || list[0].Before != parcel.Overdue || list[0].Happened == 0 ||
			list[1].Parcel.Barcode != back.Parcels[0].Barcode || list[1].Before != parcel.Nowhere {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := h.custody.TurnedBackBetween(t.Context(), "m1", from, to, 1); err != nil || len(list) != 1 {
			t.Errorf("at most one: %d, %v", len(list), err)
		}
		for _, row := range []struct {
			merchant string
			from, to int64
		}{{"m2", from, to}, {"m1", to, to + 1}, {"m1", from - 1, from}} {
			if list, err := h.custody.TurnedBackBetween(t.Context(), row.merchant, row.from, row.to, 10); err != nil || len(list) != 0 {
				t.Errorf("%+v: %+v, %v", row, list, err)
			}
		}
	})
}
