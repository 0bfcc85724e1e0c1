package custody_test

import (
	"bytes"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/parcel"
)

// A round holds what a carrier's courier can do something about, at the lockers they are sent to, and no more.
func TestRoundSaysWhatThereIsToDo(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := map[string]string{}
		for name, size := range map[string]parcel.Size{"stored": parcel.Small, "uncertain": parcel.Small, "overdue": parcel.Medium, "waiting": parcel.Medium} {
			barcode[name] = h.create(shipment(name, size)).Parcels[0].Barcode
		}
		foreign := shipment("foreign", parcel.Large)
		foreign.Carrier = "swift"
		barcode["foreign"] = h.create(foreign).Parcels[0].Barcode
		h.take()
		h.guard.Deposit(1, barcode["stored"])
		h.guard.Deposit(2, barcode["uncertain"])
		h.guard.Write(journal.Record{Kind: journal.Quarantined, Compartment: 2, Parcel: barcode["uncertain"], Reason: "uncommanded"})
		h.guard.Deposit(3, barcode["overdue"])
		h.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 3, Parcel: barcode["overdue"]})
		h.up(h.guard)

		round := func(carrier string, lockers ...string) map[string]string {
			t.Helper()
			stops, err := h.custody.Round(t.Context(), carrier, lockers)
			if err != nil || len(stops) > 1 {
				t.Fatalf("%+v, %v", stops, err)
			}
			tasks := map[string]string{}
			for _, stop := range stops {
				if stop.ID != "l1" || stop.Address != "Main street 1" || stop.Heard == 0 || !bytes.Equal(stop.Guard, statement.Encode(h.guard.Signer.Key())) {
					t.Errorf("%+v", stop)
				}
				for _, p := range stop.Parcels {
					tasks[p.Barcode] = p.Task
				}
			}
			return tasks
		}
		for _, lockers := range [][]string{{"*"}, {"l1"}, {"l2", "l1", "l1"}} {
			got := round("house", lockers...)
			if len(got) != 3 || got[barcode["waiting"]] != "deposit" || got[barcode["overdue"]] != "withdraw" || got[barcode["uncertain"]] != "look" {
				t.Errorf("at %v: %v", lockers, got)
			}
		}
		if got := round("swift", "*"); len(got) != 1 || got[barcode["foreign"]] != "deposit" {
			t.Errorf("another carrier: %v", got)
		}
		if got := round("house", "l2"); len(got) != 0 {
			t.Errorf("elsewhere: %v", got)
		}
	})
}
