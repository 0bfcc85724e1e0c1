package custody_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/guardtest"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

func TestSameUploadAgainChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", parcel.Small)).Parcels[0].Barcode
		h.take()
		h.guard.Deposit(1, barcode)
		h.up(h.guard)
		n := len(h.emitted)
		for _, from := range []uint64{0, 1, 3, h.guard.At.Number - 1} {
			again := h.guard.After(from)
			for cut := 1; cut <= len(again.Records); cut++ {
				part := journal.Stretch{Records: again.Records[:cut], Head: again.Head}
				if got, err := h.custody.Ingest(t.Context(), "l1", part); err != nil || got != h.guard.At {
					t.Fatalf("records %d to %d again: %v, %d", from+1, from+uint64(cut), err, got.Number)
				}
			}
		}
		h.guard.Collect(1, barcode)
		if _, err := h.custody.Ingest(t.Context(), "l1", h.guard.After(2)); err != nil { // old and new in one
			t.Fatal(err)
		}
		if len(h.emitted) != n+1 || h.state(barcode).State != parcel.Collected {
			t.Errorf("%d events more, %s", len(h.emitted)-n, h.state(barcode).State)
		}
	})
}

func TestABrokenUploadIsRefusedAndAlarms(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		fork := *h.guard
		fork.Records = slices.Clone(h.guard.Records)
		h.guard.Write(journal.Record{Kind: journal.Ticked})
		h.up(h.guard)
		fork.Write(journal.Record{Kind: journal.WrongCode})
		other := guardtest.New(t, h.network, "l1", start.UnixMicro())
		ahead := *h.guard
		ahead.Write(journal.Record{Kind: journal.Ticked})
		ahead.Write(journal.Record{Kind: journal.Ticked})
		tests := []struct {
			name, reason string
			stretch      journal.Stretch
		}{
			{"another history", "fork", fork.After(2)},
			{"another history under another head", "fork", fork.Beat()},
			{"another guard", "head", other.Beat()},
			{"another guard's history", "fork", other.After(0)},
			{"a hole", "gap", ahead.After(h.guard.At.Number + 1)},
			{"no head", "head", journal.Stretch{}},
			{"rubbish", "chain", journal.Stretch{Records: [][]byte{{1, 2, 3}}, Head: h.guard.Head()}},
		}
		for _, tt := range tests {
			_, err := h.custody.Ingest(t.Context(), "l1", tt.stretch)
			broken, ok := errors.AsType[*journal.Break](err)
			if !ok || broken.Reason != tt.reason || fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		alarms, err := h.fleet.Alarms(t.Context(), "l1", 10)
		var reasons []string
		for _, a := range alarms {
			reasons = append(reasons, a.Reason)
		}
		slices.Sort(reasons)
		if err != nil || !slices.Equal(reasons, []string{"chain", "fork", "gap", "head"}) {
			t.Errorf("alarms %q, %v", reasons, err)
		}
		h.guard.Write(journal.Record{Kind: journal.Ticked})
		h.up(h.guard) // the honest journal goes on
	})
}

func TestAStrangersFirstRecordIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		stranger, err := ceremony.NewDevelopment("test")
		if err != nil {
			t.Fatal(err)
		}
		h.addLocker("l2")
		for name, g := range map[string]*guardtest.Guard{
			"another network's": guardtest.New(t, stranger, "l2", 1),
			"another locker's":  guardtest.New(t, h.network, "l3", 1),
		} {
			if _, err := h.custody.Ingest(t.Context(), "l2", g.After(0)); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		unknown := guardtest.New(t, h.network, "l9", 1)
		if _, err := h.custody.Ingest(t.Context(), "l9", unknown.After(0)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("unknown locker: %v", err)
		}
		late := guardtest.New(t, h.network, "l2", 1)
		if _, err := h.custody.Ingest(t.Context(), "l2", late.Beat()); fault.KindOf(err) != fault.Conflict {
			t.Errorf("heartbeat first: %v", err)
		}
		h.up(late)
	})
}

func TestConcurrentUploadsFailAlone(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		var guards []*guardtest.Guard
		for _, id := range []string{"g1", "g2", "g3", "g4", "g5", "g6"} {
			h.addLocker(id)
			guards = append(guards, guardtest.New(t, h.network, id, start.UnixMicro()))
		}
		var all sync.WaitGroup
		for i, g := range guards {
			stretch := g.After(0)
			if i%3 == 0 {
				stretch.Head = guards[1].Head()
			}
			all.Go(func() {
				_, err := h.custody.Ingest(context.Background(), g.Locker, stretch)
				if (err != nil) != (i%3 == 0) {
					t.Errorf("%s: %v", g.Locker, err)
				}
			})
		}
		all.Wait()
		list, next, err := h.custody.Uploads(t.Context(), 0, 100, 0)
		if err != nil || len(list) != 5 || next != list[4].Cursor {
			t.Errorf("%d uploads, next %d, %v", len(list), next, err)
		}
	})
}

func TestUncertain(t *testing.T) {
	intent := func(c uint16, barcode string) journal.Record {
		return journal.Record{Kind: journal.DepositIntent, Compartment: c, Parcel: barcode, Carrier: "house", Courier: "anna"}
	}
	failed := func(c uint16, barcode, reason, to string) journal.Record {
		return journal.Record{Kind: journal.DepositFailed, Compartment: c, Parcel: barcode, Reason: reason, To: to}
	}
	tests := []struct {
		name   string
		write  func(g *guardtest.Guard, barcode string)
		state  parcel.State
		inside string // in compartment 1: "parcel" or nothing
		free   []int
	}{
		{"too small", func(g *guardtest.Guard, b string) {
			g.Write(intent(1, b))
			g.Write(failed(1, b, "too small", "QUARANTINE"))
		}, parcel.Dispatched, "", []int{0, 2, 1}},
		{"sensor says empty", func(g *guardtest.Guard, b string) { g.Write(intent(1, b)); g.Write(failed(1, b, "cancelled", "EMPTY")) }, parcel.Dispatched, "", []int{1, 2, 1}},
		{"jam", func(g *guardtest.Guard, b string) { g.Write(intent(1, b)); g.Write(failed(1, b, "jam", "QUARANTINE")) }, parcel.Uncertain, "parcel", []int{0, 2, 1}},
		{"jam, then another door", func(g *guardtest.Guard, b string) {
			g.Write(intent(1, b))
			g.Write(failed(1, b, "jam", "QUARANTINE"))
			g.Deposit(2, b)
		}, parcel.Stored, "", []int{0, 2, 1}},
		{"jam, then taken out", func(g *guardtest.Guard, b string) {
			g.Write(intent(1, b))
			g.Write(failed(1, b, "jam", "QUARANTINE"))
			g.Write(journal.Record{Kind: journal.ReopenIntent, Compartment: 1, Parcel: b, Carrier: "house", Courier: "anna"})
			g.Write(journal.Record{Kind: journal.TakenOut, Compartment: 1, Parcel: b, Carrier: "house", Courier: "anna"})
		}, parcel.Withdrawn, "", []int{2, 2, 1}},
		{"opened by itself", func(g *guardtest.Guard, b string) {
			g.Deposit(1, b)
			g.Write(journal.Record{Kind: journal.Quarantined, Compartment: 1, Parcel: b, Reason: "uncommanded"})
		}, parcel.Uncertain, "parcel", []int{1, 2, 1}},
		{"its empty door opened by itself", func(g *guardtest.Guard, b string) {
			g.Deposit(1, b)
			g.Collect(1, b)
			g.Write(journal.Record{Kind: journal.Quarantined, Compartment: 1, Parcel: b, Reason: "uncommanded"})
		}, parcel.Collected, "", []int{1, 2, 1}},
	}
	each(t, func(t *testing.T, h *hub) {
		for i, tt := range tests {
			id := "u" + string(rune('a'+i))
			h.addLocker(id)
			g := guardtest.New(t, h.network, id, start.UnixMicro())
			h.up(g)
			n := shipment(id, 1)
			n.Locker = id
			barcode := h.create(n).Parcels[0].Barcode
			h.guard = g
			h.take()
			tt.write(g, barcode)
			h.up(g)
			compartments, err := h.fleet.Compartments(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			l, err := h.fleet.Locker(t.Context(), id)
			var free []int
			for _, r := range l.Room {
				free = append(free, r.Free)
			}
			if p := h.state(barcode); p.State != tt.state || (compartments[0].Parcel != "") != (tt.inside != "") || !slices.Equal(free, tt.free) {
				t.Errorf("%s: %s, compartment %+v, free %v, %v", tt.name, p.State, compartments[0], free, err)
			}
			if alarms, _ := h.fleet.Alarms(t.Context(), id, 10); slices.ContainsFunc(alarms, func(a fleet.Alarm) bool { return a.Kind == fleet.Contradiction }) {
				t.Errorf("%s: %+v", tt.name, alarms)
			}
		}
	})
}

func TestContradictionsAlarmAndMoveNothing(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.guard.Collect(1, barcode)
		h.guard.Deposit(3, "999999000006")
		h.guard.Write(journal.Record{Kind: journal.Alarm, Reason: "case open"})
		h.up(h.guard)
		alarms, err := h.fleet.Alarms(t.Context(), "l1", 10)
		if err != nil || len(alarms) != 3 || h.state(barcode).State != parcel.Announced {
			t.Errorf("%s, %v, %+v", h.state(barcode).State, err, alarms)
		}
	})
}

func TestReceiptsAndTheFeed(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		receipt := func() statement.Receipt {
			t.Helper()
			envelopes, err := h.fleet.Receipts(t.Context(), "l1")
			if err != nil || len(envelopes) == 0 {
				t.Fatalf("%d receipts, %v", len(envelopes), err)
			}
			r, _, err := statement.Verify[statement.Receipt](envelopes[0], h.network.Charter.Time.Lookup)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		beat := func() {
			t.Helper()
			if _, err := h.custody.Ingest(t.Context(), "l1", h.guard.Beat()); err != nil {
				t.Fatal(err)
			}
		}
		kept := func() int {
			list, _, err := h.custody.Uploads(t.Context(), 0, 100, 0)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if r := receipt(); r.UTC != start.UnixMicro() || r.Position != 2 {
			t.Errorf("%+v", r)
		}
		h.pass(61 * time.Second)
		h.guard.Write(journal.Record{Kind: journal.Ticked})
		h.up(h.guard)
		if r := receipt(); r.UTC != start.UnixMicro() {
			t.Errorf("a tick is no news: %+v", r)
		}
		h.guard.Write(journal.Record{Kind: journal.WrongCode})
		h.up(h.guard)
		if r := receipt(); r.UTC != start.Add(61*time.Second).UnixMicro() || r.Position != 4 {
			t.Errorf("news: %+v", r)
		}
		n := kept()
		beat()
		if kept() != n {
			t.Error("a heartbeat was kept for nothing")
		}
		h.pass(16 * time.Minute)
		beat()
		if r := receipt(); r.UTC != h.clock().UnixMicro() || kept() != n+1 {
			t.Errorf("after 16 minutes: %+v, %d kept", r, kept()-n)
		}
		h.guard.Boot++
		h.pass(time.Second)
		beat()
		if r := receipt(); r.Boot != 2 || kept() != n+2 {
			t.Errorf("after a reboot: %+v, %d kept", r, kept()-n)
		}
	})
}

func TestAHeadThatIsRepeatedIsNoSignOfLife(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		last := h.guard.After(h.guard.At.Number - 1)
		beat := h.guard.Beat()
		for _, s := range []journal.Stretch{beat, last, beat} {
			if got, err := h.custody.Ingest(t.Context(), "l1", s); err != nil || got != h.guard.At {
				t.Fatalf("at %d, %v", got.Number, err)
			}
			h.pass(2 * time.Minute)
		}
		if l, err := h.fleet.Locker(t.Context(), "l1"); err != nil || l.Line != fleet.Offline || l.Heard != start.UnixMicro() {
			t.Errorf("%s, heard %v, %v", l.Line, time.UnixMicro(l.Heard).UTC(), err)
		}
		h.guard.Boot, h.guard.Powered = 2, 1 // after a power cut it counts on from its last record
		if _, err := h.custody.Ingest(t.Context(), "l1", h.guard.Beat()); err != nil {
			t.Fatal(err)
		}
		if l, err := h.fleet.Locker(t.Context(), "l1"); err != nil || l.Line != fleet.Online {
			t.Errorf("%s after a reboot, %v", l.Line, err)
		}
	})
}

// The notifier reads of records that do not come in the feed, without waiting for a receipt to be due.
func TestTheFirstHeadAheadOfTheRecordsIsKept(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		both := statement.ReceiptFor(statement.Head{Locker: "l1", Boot: 1, Position: h.guard.At.Number, Hash: h.guard.At.Hash}, start.UnixMicro())
		envelope, err := statement.Sign(h.network.Time[1], both)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.fleet.TakeReceipts(t.Context(), [][]byte{envelope}); err != nil {
			t.Fatal(err)
		}
		beat := func() int {
			t.Helper()
			if _, err := h.custody.Ingest(t.Context(), "l1", h.guard.Beat()); err != nil {
				t.Fatal(err)
			}
			list, _, err := h.custody.Uploads(t.Context(), 0, 100, 0)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		n := beat()
		h.guard.Write(journal.Record{Kind: journal.WrongCode})
		if got := []int{beat(), beat()}; got[0] != n+1 || got[1] != n+1 {
			t.Errorf("kept %d, then %v", n, got)
		}
		h.up(h.guard)
	})
}

func TestTheFeedWakes(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		_, after, err := h.custody.Uploads(t.Context(), 0, 100, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan int64)
		go func() {
			_, next, _ := h.custody.Uploads(context.Background(), after, 100, time.Minute)
			got <- next
		}()
		h.guard.Write(journal.Record{Kind: journal.WrongCode})
		h.up(h.guard)
		if next := <-got; next != after+1 {
			t.Errorf("next %d after %d", next, after)
		}
	})
}

func TestTwoNodesTakeTheSameIn(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		other := custody.New(h.custody.Config)
		s := h.create(shipment("k1", 1, 1))
		h.take()
		h.guard.Deposit(1, s.Parcels[0].Barcode)
		h.guard.Deposit(2, s.Parcels[1].Barcode)
		stretch := h.guard.After(3)
		var all sync.WaitGroup
		for _, node := range []*custody.Custody{h.custody, other, h.custody, other} {
			all.Go(func() {
				if got, err := node.Ingest(context.Background(), "l1", stretch); err != nil || got != h.guard.At {
					t.Errorf("%v, at %d", err, got.Number)
				}
			})
			all.Go(func() {
				if _, err := node.CancelShipment(context.Background(), "m1", s.ID); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, p := range s.Parcels {
			if p := h.state(p.Barcode); p.State != parcel.Stored || p.Hold != parcel.HoldCancelled {
				t.Errorf("%s, hold %q", p.State, p.Hold)
			}
		}
		list, _, err := h.custody.Uploads(t.Context(), 0, 100, 0)
		if err != nil || len(list) != 3 {
			t.Errorf("%d uploads, %v", len(list), err)
		}
	})
}

func TestAGuardWhoseClockIsBehind(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.guard.Low = 0 // after a power cut, before its first receipts
		h.take()
		h.guard.Deposit(1, barcode)
		h.up(h.guard)
		if p := h.state(barcode); p.Stored != p.Created || p.Due != p.Created+(48*time.Hour).Microseconds() {
			t.Errorf("stored %v, due %v", time.UnixMicro(p.Stored).UTC(), time.UnixMicro(p.Due).UTC())
		}
	})
}
