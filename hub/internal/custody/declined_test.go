package custody_test

import (
	"testing"

	"lockstep/guard/journal"
	"lockstep/parcel"
)

// What its recipient does not want is held for its merchant; it moves nothing else, and they may change their mind.
func TestDeclined(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.create(shipment("k1", 1, 1, 1))
		var barcodes []string
		for i, p := range s.Parcels {
			barcodes = append(barcodes, p.Barcode)
			h.guard.Deposit(uint16(i+1), p.Barcode)
		}
		h.up(h.guard)
		before := h.state(barcodes[0])
		for i, barcode := range barcodes {
			h.guard.Write(journal.Record{Kind: journal.Declined, Compartment: uint16(i + 1), Parcel: barcode, Credential: "code"})
		}
		h.up(h.guard)
		after := h.state(barcodes[0])
		if after.State != parcel.Stored || after.Hold != parcel.HoldDeclined || after.Due != before.Due || after.Compartment != 1 {
			t.Errorf("%+v, before %+v", after, before)
		}
		if last := h.emitted[len(h.emitted)-1]; last.What != parcel.WasDeclined || last.Proof != parcel.Record || last.Actor != "guard" {
			t.Errorf("the merchant is told %+v", last)
		}
		h.guard.Collect(1, barcodes[0])
		h.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 2, Parcel: barcodes[1]})
		h.up(h.guard)
		if p := h.state(barcodes[0]); p.State != parcel.Collected || p.Hold != "" {
			t.Errorf("collected all the same: %+v", p)
		}
		if p := h.state(barcodes[1]); p.State != parcel.Overdue || p.Hold != parcel.HoldDeclined || p.Task() != "withdraw" {
			t.Errorf("overdue: %+v", p)
		}
		if _, err := h.custody.CancelShipment(t.Context(), "m1", s.ID); err != nil {
			t.Fatal(err)
		}
		if p := h.state(barcodes[2]); p.Hold != parcel.HoldCancelled {
			t.Errorf("cancelled then: %+v", p)
		}
	})
}
