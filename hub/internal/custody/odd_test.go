package custody_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"lockstep/guard/journal"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// A guard in the wrong hands signs what it likes: each record is taken, or is its guard's fault. Where its records contradict each
// other the check says so; it is not asked here.
func TestOddRecordsAreTakenOrRefused(t *testing.T) {
	eachUnchecked(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k", parcel.Small)).Parcels[0].Barcode
		h.take()
		h.guard.Deposit(1, barcode)
		h.up(h.guard)
		for _, kind := range append([]journal.Kind{"", "unheard of"}, journal.Kinds...) {
			for i, r := range []journal.Record{
				{Compartment: 1, Parcel: barcode},
				{Compartment: math.MaxUint16, Parcel: "300010000017", Down: math.MaxUint64, Compartments: []uint16{1, 9999}},
				{Compartment: 1, Parcel: "\x00", Reason: "\x00", To: "\x00"},
				{Compartment: 1, Parcel: strings.Repeat("9", 500), Reason: strings.Repeat("x", 500), To: strings.Repeat("x", 500)},
				{Compartment: 2, Parcel: barcode, Due: math.MaxInt64, Until: math.MaxInt64, Dwell: math.MaxUint16, High: math.MaxInt64},
				{Compartment: 2, Parcel: barcode, Due: math.MinInt64, Until: math.MinInt64, Key: []byte{1}, Index: 255, Statement: []byte{1}},
			} {
				r.Kind = kind
				have, before := h.guard.At, *h.guard
				before.Records = slices.Clip(before.Records)
				h.guard.Write(r)
				_, err := h.custody.Ingest(t.Context(), "l1", h.guard.After(have.Number))
				if err != nil && fault.KindOf(err) != fault.Invalid {
					t.Errorf("%q, %d: %v", kind, i, err)
				}
				if err != nil {
					*h.guard = before
				}
			}
		}
	})
}
