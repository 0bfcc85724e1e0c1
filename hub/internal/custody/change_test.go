package custody_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/parcel"
)

func of(merchant string, n custody.NewShipment) custody.NewShipment {
	n.Merchant, n.Range = merchant, map[string]string{"m1": "20001", "m2": "20002", "m3": "20003"}[merchant]
	return n
}

// feed reads all of a merchant's changes in pages of a limit, and sees that their positions have no gap.
func (h *hub) feed(node *custody.Custody, merchant string, limit int) (all []custody.Change) {
	h.t.Helper()
	for after := int64(0); ; {
		list, next, err := node.Changes(h.t.Context(), merchant, after, limit)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, c := range list {
			if after++; c.Position != after {
				h.t.Fatalf("position %d where %d is next", c.Position, after)
			}
		}
		if next != after {
			h.t.Fatalf("next %d after %d", next, after)
		}
		if all = append(all, list...); len(list) == 0 {
			return all
		}
	}
}

// wantFeed holds a merchant's feed against what was emitted: the same events with the same parcels, none of another's, each
// parcel's in their order.
func (h *hub) wantFeed(merchant string, got []custody.Change) {
	h.t.Helper()
	left := map[string]custody.Event{}
	for _, e := range h.emitted {
		if e.Parcel.Merchant == merchant {
			left[e.ID] = e
		}
	}
	number, before := map[string]int{}, int64(0)
	for _, c := range got {
		if left[c.ID] != c.Event {
			h.t.Errorf("%s at %d: %+v\nemitted %+v", merchant, c.Position, c.Event, left[c.ID])
		}
		delete(left, c.ID)
		if number[c.Barcode]++; c.Number != number[c.Barcode] || c.Told < before {
			h.t.Errorf("%s at %d: event %d of its parcel after %d, told %d after %d", merchant, c.Position, c.Number, number[c.Barcode]-1, c.Told, before)
		}
		before = c.Told
	}
	if len(left) > 0 {
		h.t.Errorf("%s: missing %+v", merchant, left)
	}
}

func TestTheFeedHasEveryEventOfItsMerchant(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		if list, next, err := h.custody.Changes(t.Context(), "m1", 0, 10); err != nil || len(list) != 0 || next != 0 {
			t.Fatalf("before anything: %d changes, next %d, %v", len(list), next, err)
		}
		s := h.create(of("m1", shipment("k1", parcel.Small, parcel.Medium)))
		theirs := h.create(of("m2", shipment("k1", parcel.Small)))
		h.take()
		h.wantFeed("m1", h.feed(h.custody, "m1", 3))
		h.guard.Deposit(1, s.Parcels[0].Barcode)
		h.guard.Deposit(2, theirs.Parcels[0].Barcode)
		h.up(h.guard)
		h.pass(time.Hour)
		if _, err := h.custody.CancelShipment(t.Context(), "m1", s.ID); err != nil {
			t.Fatal(err)
		}
		h.guard.Collect(1, s.Parcels[0].Barcode)
		h.up(h.guard)
		first := h.feed(h.custody, "m1", 2)
		h.wantFeed("m1", first)
		h.wantFeed("m2", h.feed(h.custody, "m2", 1))
		if again := h.feed(custody.New(h.custody.Config), "m1", 500); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("read again it is another:\n%v\n%v", again, first)
		}
		if list := h.feed(h.custody, "m3", 10); len(list) != 0 {
			t.Errorf("a merchant without parcels is told %+v", list)
		}
	})
}

// held is a second node that stops inside the transaction of a stored parcel until it is let go. Only PostgreSQL lets others
// commit meanwhile.
func (h *hub) held() (node *custody.Custody, inside, letGo chan struct{}) {
	inside, letGo = make(chan struct{}), make(chan struct{})
	config := h.custody.Config
	config.Emit = func(ctx context.Context, tx *sql.Tx, e custody.Event) error {
		if e.What == parcel.WasStored {
			close(inside)
			<-letGo
		}
		return h.emit(ctx, tx, e)
	}
	return custody.New(config), inside, letGo
}

func TestWhatCommitsLateComesAfterWhatWasRead(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		if h.db.Engine() == db.SQLite {
			return // its transactions do not overlap
		}
		barcode := h.create(shipment("k1", parcel.Small)).Parcels[0].Barcode
		h.take()
		h.guard.Deposit(1, barcode)
		have, err := h.custody.Position(t.Context(), "l1")
		if err != nil {
			t.Fatal(err)
		}
		node, inside, letGo := h.held()
		ended := make(chan error, 1)
		go func() {
			_, err := node.Ingest(context.Background(), "l1", h.guard.After(have.Number))
			ended <- err
		}()
		<-inside
		h.addLocker("l2")
		h.exec("INSERT INTO room (locker, size, total, empty, reserved) VALUES ('l2', 1, 9, 9, 0)")
		h.exec("UPDATE locker SET state = 'provisioned' WHERE id = 'l2'")
		n := shipment("k2", parcel.Small)
		n.Locker = "l2"
		h.create(n)
		read := h.feed(h.custody, "m1", 10)
		from := h.clock().UnixMicro()
		h.pass(time.Second)
		passed := h.between(h.custody, "m1", 0, h.clock().UnixMicro())
		close(letGo)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		after := h.feed(h.custody, "m1", 10)
		if len(read) != 3 || len(after) != 4 || fmt.Sprint(after[:3]) != fmt.Sprint(read) || after[3].Barcode != barcode {
			t.Errorf("read %v, then %v", read, after)
		}
		h.wantFeed("m1", after)
		if again := h.between(h.custody, "m1", 0, from+time.Second.Microseconds()); fmt.Sprint(again) != fmt.Sprint(passed) {
			t.Errorf("a span that had passed was %v and is %v", passed, again)
		}
		h.exec("DELETE FROM room WHERE locker = 'l2'")
		h.exec("UPDATE locker SET state = 'new' WHERE id = 'l2'")
		h.exec("DELETE FROM reservation WHERE locker = 'l2'")
		h.exec("DELETE FROM expected WHERE locker = 'l2'")
		h.exec("UPDATE parcel SET locker = 'l0' WHERE locker = 'l2'")
		h.exec("UPDATE custody_event SET locker = 'l0' WHERE locker = 'l2'")
	})
}

func (h *hub) between(node *custody.Custody, merchant string, from, to int64) (all []custody.Change) {
	h.t.Helper()
	for after := int64(0); ; {
		list, next, err := node.ChangesBetween(h.t.Context(), merchant, from, to, after, 2)
		if err != nil {
			h.t.Fatal(err)
		}
		if all, after = append(all, list...), next; len(list) == 0 {
			return all
		}
	}
}

func TestSpansThatFollowEachOtherHaveEverythingOnce(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		late := h.custody.Config
		late.Now = func() time.Time { return h.clock().Add(-20 * time.Second) }
		slow := custody.New(late) // a node whose clock is behind
		var told []custody.Change
		from := h.clock().UnixMicro()
		for i := range 6 {
			node := []*custody.Custody{h.custody, slow}[i%2]
			s, _, err := node.CreateShipment(t.Context(), shipment(fmt.Sprint("k", i), parcel.Small))
			if err != nil {
				t.Fatal(err)
			}
			if err := node.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.pass(7 * time.Second)
			to := h.clock().UnixMicro()
			span := h.between(h.custody, "m1", from, to)
			if _, err := node.CancelShipment(t.Context(), "m1", s.ID); err != nil {
				t.Fatal(err)
			}
			if err := slow.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
			if again := h.between(h.custody, "m1", from, to); fmt.Sprint(again) != fmt.Sprint(span) {
				t.Errorf("span %d was %v and is %v", i, span, again)
			}
			told, from = append(told, span...), to
		}
		h.pass(time.Second)
		told = append(told, h.between(h.custody, "m1", from, h.clock().UnixMicro())...)
		h.wantFeed("m1", told)
		if all := h.feed(h.custody, "m1", 500); fmt.Sprint(all) != fmt.Sprint(told) || len(all) != 12 {
			t.Errorf("spans told %v, the feed %v", told, all)
		}
	})
}

func TestAParcelsEventsKeepTheirOrderWhateverClocksSay(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		late := h.custody.Config
		late.Now = func() time.Time { return h.clock().Add(-20 * time.Second) }
		s := h.create(shipment("k1", parcel.Small, parcel.Small))
		if _, err := custody.New(late).CancelShipment(t.Context(), "m1", s.ID); err != nil {
			t.Fatal(err)
		}
		h.wantFeed("m1", h.feed(h.custody, "m1", 500))
	})
}

func TestSeveralNodesPublishAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		nodes := []*custody.Custody{h.custody, custody.New(h.custody.Config), custody.New(h.custody.Config)}
		done := make(chan struct{})
		var writers, readers sync.WaitGroup
		for i, merchant := range []string{"m1", "m2", "m3"} {
			writers.Go(func() {
				for k := range 8 {
					s, _, err := nodes[i].CreateShipment(context.Background(), of(merchant, shipment(fmt.Sprint("k", k), parcel.Small)))
					if err == nil {
						_, err = nodes[(i+1)%3].CancelShipment(context.Background(), merchant, s.ID)
					}
					if err != nil && code(err) != "locker_full" {
						t.Error(err)
					}
				}
			})
			readers.Go(func() {
				for after := int64(0); ; {
					list, next, err := nodes[(i+2)%3].Changes(context.Background(), merchant, after, 3)
					if err != nil || next != after+int64(len(list)) {
						t.Errorf("%s: %d changes after %d, next %d, %v", merchant, len(list), after, next, err)
						return
					}
					after = next
					select {
					case <-done:
						if len(list) == 0 {
							return
						}
					default:
					}
				}
			})
		}
		writers.Wait()
		close(done)
		readers.Wait()
		for _, merchant := range []string{"m1", "m2", "m3"} {
			h.wantFeed(merchant, h.feed(h.custody, merchant, 500))
		}
	})
}

// TestTheFeedBeginsWithWhatIsThere runs the migration over events that were there before it.
func TestTheFeedBeginsWithWhatIsThere(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.create(shipment("k1", parcel.Small, parcel.Small))
		h.create(of("m2", shipment("k1", parcel.Medium)))
		h.take()
		h.guard.Deposit(1, s.Parcels[0].Barcode)
		h.up(h.guard)
		h.exec("UPDATE custody_event SET received = received - 5000000 WHERE what = 'stored'") // by a node whose clock was behind
		h.exec("UPDATE parcel SET changed = changed - 5000000 WHERE state = 'stored'")
		file, err := fs.ReadFile(migrations.Files, string(h.db.Engine())+"/0018_change.sql")
		if err != nil {
			t.Fatal(err)
		}
		up, down, _ := strings.Cut(string(file), "-- +goose Down")
		for _, statement := range strings.SplitAfter(down+up, ";\n") {
			h.exec(statement)
		}
		for i := range h.emitted {
			if e := &h.emitted[i]; e.What == parcel.WasStored {
				e.Received, e.Parcel.Changed = e.Received-5000000, e.Parcel.Changed-5000000
			}
		}
		h.check()
		h.wantFeed("m1", h.feed(h.custody, "m1", 500))
		h.wantFeed("m2", h.feed(h.custody, "m2", 500))
		h.create(shipment("k2", parcel.Large))
		h.wantFeed("m1", h.feed(h.custody, "m1", 500))
	})
}
