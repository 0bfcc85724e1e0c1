package custody_test

import (
	"slices"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/guardtest"
	"lockstep/internal/courier"
	wire "lockstep/internal/line"
	"lockstep/parcel"
)

// What waits for a locker that is cut off goes with a courier of a carrier that has something to do there, numbered as on the line.
func TestACourierCarriesStatementsDown(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		anna := courier.Courier{ID: "anna", Carrier: "house", Lockers: []string{"l1"}}
		if _, err := h.custody.Down(t.Context(), anna, "l1"); code(err) != "not_sent_here" {
			t.Errorf("nothing to do there: %v", err)
		}
		h.create(shipment("k1", parcel.Small))
		if _, err := h.dispatch.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
		cargo, err := h.custody.Down(t.Context(), anna, "l1")
		if err != nil || cargo.After != h.guard.At.Number {
			t.Fatalf("%+v, %v", cargo, err)
		}
		load, err := wire.ReadLoad(cargo.Load)
		waiting, _ := h.dispatch.Down(t.Context(), "l1", h.guard.Down)
		if err != nil || load.Locker != "l1" || len(waiting) == 0 {
			t.Fatalf("%+v, %v", load, err)
		}
		numbered := slices.DeleteFunc(slices.Clone(load.Items), func(i wire.Item) bool { return i.Kind != wire.Down })
		if len(numbered) != len(waiting) || numbered[0].Number != h.guard.Down+1 || !slices.Equal(numbered[0].Statement, waiting[0].Envelope) {
			t.Errorf("%d of %d statements", len(numbered), len(waiting))
		}
		for name, by := range map[string]courier.Courier{"another locker's": {Carrier: "house", Lockers: []string{"l2"}}, "another carrier's": {Carrier: "swift", Lockers: []string{"*"}}} {
			if _, err := h.custody.Down(t.Context(), by, "l1"); code(err) != "not_sent_here" {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.take()
		if cargo, err = h.custody.Down(t.Context(), anna, "l1"); err != nil || cargo.After != h.guard.At.Number {
			t.Fatal(err)
		}
		if load, _ = wire.ReadLoad(cargo.Load); slices.ContainsFunc(load.Items, func(i wire.Item) bool { return i.Kind == wire.Down }) {
			t.Error("what the locker has taken is carried again")
		}
	})
}

// A journal that comes on phones, in pieces, twice, late and out of its order is the journal; and what no guard has signed is nobody's.
func TestACourierCarriesTheJournalUp(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", parcel.Small)).Parcels[0].Barcode
		h.take()
		have := h.guard.At.Number
		brought := func(s journal.Stretch) error {
			return h.custody.Up(t.Context(), "l1", courier.Haul{Stretch: statement.Encode(s)})
		}
		h.guard.Deposit(1, barcode)
		first := h.guard.After(have)
		middle := h.guard.At.Number
		h.pass(4 * time.Hour)
		h.guard.Collect(1, barcode)
		second := h.guard.After(middle)
		alarms := func() int {
			list, err := h.fleet.Alarms(t.Context(), "l1", 100)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		before := alarms()

		other := guardtest.New(t, h.network, "l1", start.UnixMicro())
		other.Write(journal.Record{Kind: journal.Ticked})
		forged := journal.Stretch{Records: first.Records, Head: other.Head()}
		cut := journal.Stretch{Records: first.Records[:len(first.Records)-1], Head: first.Head}
		changed := journal.Stretch{Records: slices.Clone(first.Records), Head: first.Head}
		changed.Records[0] = slices.Concat(changed.Records[0][:len(changed.Records[0])-1], []byte{1})
		for name, s := range map[string]journal.Stretch{"another guard's": other.After(0), "another guard's head": forged, "cut off": cut, "changed": changed, "a head alone": h.guard.Beat(), "nothing": {}} {
			if err := brought(s); code(err) != "not_the_lockers" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.custody.Up(t.Context(), "l1", courier.Haul{Stretch: []byte("rubbish")}); code(err) != "not_the_lockers" {
			t.Error(err)
		}
		if err := brought(second); code(err) != "not_yet" {
			t.Errorf("the second before the first: %v", err)
		}
		if got := alarms(); got != before {
			t.Errorf("%d alarms more for what anybody could bring", got-before)
		}

		for _, s := range []journal.Stretch{first, first, second, first, second} {
			if err := brought(s); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := h.custody.Position(t.Context(), "l1"); err != nil || got != h.guard.At {
			t.Errorf("the hub has %d of %d records, %v", got.Number, h.guard.At.Number, err)
		}
		if p := h.state(barcode); p.State != parcel.Collected {
			t.Errorf("the parcel is %s", p.State)
		}
		h.pass(time.Hour)
		l, err := h.fleet.Locker(t.Context(), "l1")
		if err != nil || h.clock().UnixMicro()-l.Heard < time.Hour.Microseconds() {
			t.Errorf("what a phone brought is no sign that the line stands: heard %v ago, %v", time.Duration(h.clock().UnixMicro()-l.Heard)*time.Microsecond, err)
		}
	})
}
