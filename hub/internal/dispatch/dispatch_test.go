package dispatch_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type room struct {
	*dispatch.Dispatch
	t       *testing.T
	db      *db.DB
	network *ceremony.Development
	now     time.Time
}

func each(t *testing.T, test func(t *testing.T, r *room)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		network, err := ceremony.NewDevelopment("test")
		if err != nil {
			t.Fatal(err)
		}
		r := &room{t: t, db: d, network: network, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
		r.Dispatch = dispatch.New(dispatch.Config{DB: d, Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler),
			Dispatch: network.Dispatch, Time: network.Time[0]})
		test(t, r)
	})
}

func (r *room) tx(do func(tx *sql.Tx) error) {
	r.t.Helper()
	if err := r.db.Tx(r.t.Context(), do); err != nil {
		r.t.Fatal(err)
	}
}

// expect puts parcels with serials from first on.
func (r *room) expect(locker, carrier string, first, count int) (barcodes []string) {
	r.t.Helper()
	r.tx(func(tx *sql.Tx) error {
		for serial := first; serial < first+count; serial++ {
			barcode, err := parcel.MakeBarcode("20001", int64(serial))
			if err != nil {
				return err
			}
			barcodes = append(barcodes, barcode)
			e := dispatch.Expected{Barcode: barcode, Locker: locker, Carrier: carrier, Size: parcel.Medium, Dwell: 48}
			if err := r.Expect(r.t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	return barcodes
}

func (r *room) make(want int) {
	r.t.Helper()
	if made, err := r.Make(r.t.Context()); err != nil || made != want {
		r.t.Fatalf("%d manifests, want %d: %v", made, want, err)
	}
}

// manifests reads a locker's down stream from the beginning, as a guard does.
func (r *room) manifests(locker string) (list []statement.Manifest) {
	r.t.Helper()
	for after := uint64(0); ; {
		page, err := r.Down(r.t.Context(), locker, after)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(page) == 0 {
			return list
		}
		for _, s := range page {
			m, _, err := statement.Verify[statement.Manifest](s.Envelope, r.network.Charter.Dispatch.Lookup)
			if err != nil || m.Locker != locker || m.Number != s.Number || m.Number != after+1 {
				r.t.Fatalf("statement %d: %+v, %v", s.Number, m, err)
			}
			after = m.Number
			list = append(list, m)
		}
	}
}

func TestManifestsNameEveryParcelOnce(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.expect("l1", "house", 0, 450)
		other := r.expect("l1", "other", 450, 1)
		r.expect("l2", "house", 451, 1)
		r.make(5)
		r.make(0)
		seen := map[string]bool{}
		for _, m := range append(r.manifests("l1"), r.manifests("l2")...) {
			if until := time.UnixMicro(m.Until); until.Before(r.now.Add(24*time.Hour)) || m.From > r.now.UnixMicro() {
				t.Errorf("manifest %d holds from %d until %v", m.Number, m.From, until)
			}
			for _, p := range m.Parcels {
				if seen[p.Barcode] {
					t.Errorf("%s twice", p.Barcode)
				}
				if others := p.Barcode == other[0]; others != (m.Carrier == "other") || !others && m.Carrier != "house" {
					t.Errorf("%s is on a manifest of %s", p.Barcode, m.Carrier)
				}
				seen[p.Barcode] = true
			}
		}
		if len(seen) != 452 {
			t.Errorf("%d parcels", len(seen))
		}
	})
}

func TestManifestsAreRenewedWhileAParcelIsAwaited(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		barcodes := r.expect("l1", "house", 0, 3)
		r.make(1)
		r.now = r.now.Add(17 * time.Hour)
		r.make(0)
		r.tx(func(tx *sql.Tx) error { return r.Forget(t.Context(), tx, barcodes[1]) })
		r.now = r.now.Add(2 * time.Hour)
		r.make(1)
		list := r.manifests("l1")
		if last := list[len(list)-1]; len(list) != 2 || len(last.Parcels) != 2 || last.Parcels[0].Barcode != barcodes[0] || last.Parcels[1].Barcode != barcodes[2] {
			t.Errorf("%+v", list)
		}
	})
}

func TestTakenTellsOnceAndRefusedWaits(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		barcodes := r.expect("l1", "house", 0, 2)
		r.make(1)
		taken := func(number uint64) (list []string) {
			r.tx(func(tx *sql.Tx) (err error) {
				list, err = r.Taken(t.Context(), tx, "l1", number)
				return err
			})
			return list
		}
		if list := taken(1); len(list) != 2 || list[0] != barcodes[0] {
			t.Errorf("%q", list)
		}
		if list := append(taken(1), taken(7)...); len(list) != 0 {
			t.Errorf("told again: %q", list)
		}
		r.tx(func(tx *sql.Tx) error { return r.Refused(t.Context(), tx, "l1", 1, "late") })
		r.make(0)
		r.now = r.now.Add(6 * time.Minute)
		r.make(1)
	})
}

func TestTwoNodesMakeOneManifest(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.expect("l1", "house", 0, 3)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := r.Make(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if list := r.manifests("l1"); len(list) != 1 {
			t.Errorf("%d manifests", len(list))
		}
	})
}

func TestRunMakesAndRings(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ring, stop := r.Listen("l1")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		r.expect("l1", "house", 0, 1)
		r.Poke()
		<-ring
		if len(r.manifests("l1")) != 1 {
			t.Error("rang for nothing")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		stop()
		r.Ring("l1")
		select {
		case <-ring:
			t.Error("rang after stop")
		default:
		}
	})
}

func TestReceiptDue(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMicro() }
	tests := []struct {
		utc  int64
		boot uint64
		news bool
		due  bool
	}{
		{0, 0, false, true},
		{ago(time.Second), 3, false, false},
		{ago(time.Second), 2, false, true},
		{ago(59 * time.Second), 3, true, false},
		{ago(61 * time.Second), 3, true, true},
		{ago(61 * time.Second), 3, false, false},
		{ago(14 * time.Minute), 3, false, false},
		{ago(16 * time.Minute), 3, false, true},
	}
	for _, tt := range tests {
		if due := dispatch.ReceiptDue(tt.utc, tt.boot, statement.Head{Boot: 3}, tt.news, now); due != tt.due {
			t.Errorf("%+v: due %v", tt, due)
		}
	}
}

// ask queues a restriction.
func (r *room) ask(s statement.Restriction) (asked dispatch.Request, err error) {
	r.t.Helper()
	s.Locker = "l1"
	return asked, r.db.Tx(r.t.Context(), func(tx *sql.Tx) (err error) {
		asked, err = r.Restrict(r.t.Context(), tx, s, "operator olga")
		return err
	})
}

// code is a fault's, empty for none.
func code(err error) string {
	if err == nil {
		return ""
	}
	c, _ := fault.Public(err)
	return c
}

func TestRestrictionsAreNumberedLikeManifests(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.expect("l1", "house", 0, 1)
		r.make(1)
		barcode, _ := parcel.MakeBarcode("20001", 7)
		asked := []statement.Restriction{{Kind: statement.Pause, Minutes: 240}, {Kind: statement.Pause}, {Kind: statement.Block, Compartments: []uint16{1, 4}},
			{Kind: statement.Unblock, Compartments: []uint16{4}}, {Kind: statement.Extend, Barcode: barcode, DwellHours: 100}}
		for i, s := range asked {
			if got, err := r.ask(s); err != nil || got.Number != uint64(i+2) || got.State() != "waiting" || got.Actor != "operator olga" {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if again, err := r.ask(asked[0]); err != nil || again.Number != 2 {
			t.Errorf("what waits already is queued again: %+v, %v", again, err)
		}
		list, err := r.Down(t.Context(), "l1", 1)
		if err != nil || len(list) != len(asked) {
			t.Fatalf("%d statements, %v", len(list), err)
		}
		for i, s := range list {
			got, _, err := statement.Verify[statement.Restriction](s.Envelope, r.network.Charter.Dispatch.Lookup)
			if err != nil || got.Kind != asked[i].Kind || got.Number != s.Number || got.Locker != "l1" {
				t.Errorf("%+v, %v", got, err)
			}
		}
		for _, s := range []statement.Restriction{{Kind: statement.Pause, Minutes: 241}, {Kind: statement.Block}, {Kind: "open", Barcode: barcode},
			{Kind: statement.Extend, Barcode: barcode, DwellHours: 23}, {Kind: statement.Reissue, Barcode: barcode, Minutes: 1}} {
			if _, err := r.ask(s); code(err) != "invalid_restriction" {
				t.Errorf("%+v: %v", s, err)
			}
		}
		r.tx(func(tx *sql.Tx) error {
			return errors.Join(r.Refused(t.Context(), tx, "l1", 2, "too long"), r.Followed(t.Context(), tx, "l1", 3))
		})
		all, err := r.RequestsAt(t.Context(), "l1", 10)
		if err != nil || len(all) != len(asked) || all[4].Refused != "too long" || all[3].State() != "taken" || all[0].State() != "waiting" {
			t.Errorf("%+v, %v", all, err)
		}
		if again, err := r.ask(asked[0]); err != nil || again.Number != 7 {
			t.Errorf("a refused pause cannot be asked for again: %+v, %v", again, err)
		}
	})
}

func TestNewCodesAreFewAndApart(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		barcode, _ := parcel.MakeBarcode("20001", 7)
		again := func() (uint64, string) {
			got, err := r.ask(statement.Restriction{Kind: statement.Reissue, Barcode: barcode})
			return got.Number, code(err)
		}
		decide := func(number uint64, refused string) {
			r.tx(func(tx *sql.Tx) error {
				if refused != "" {
					return r.Refused(t.Context(), tx, "l1", number, refused)
				}
				return r.Followed(t.Context(), tx, "l1", number)
			})
		}
		for i, step := range []struct {
			pass   time.Duration
			number uint64
			code   string
			then   string // what the guard makes of it: "-" is nothing yet
		}{
			{0, 1, "", "-"},
			{time.Minute, 1, "", "too many"}, // it waits; then it is refused, and counts for nothing
			{time.Second, 2, "", ""},
			{9 * time.Minute, 0, "too_soon", "-"},
			{2 * time.Minute, 3, "", ""},
			{11 * time.Minute, 4, "", ""},
			{24 * time.Hour, 0, "too_many_codes", "-"},
		} {
			r.now = r.now.Add(step.pass)
			number, code := again()
			if number != step.number || code != step.code {
				t.Errorf("step %d: number %d, %q", i, number, code)
			}
			if step.then != "-" {
				decide(number, step.then)
			}
		}
		if list, err := r.Down(t.Context(), "l1", 0); err != nil || len(list) != 4 {
			t.Errorf("%d statements, %v", len(list), err) // a refused request takes no number
		}
	})
}

func TestAPermitsEnvelopeGoesWhenItIsDecided(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		for serial, refused := range []string{"", "late"} {
			barcode, _ := parcel.MakeBarcode("20001", int64(serial))
			var asked dispatch.Request
			r.tx(func(tx *sql.Tx) (err error) {
				asked, err = r.Permit(t.Context(), tx, statement.Permit{Locker: "l1", Barcode: barcode, Size: 1, Carrier: "house",
					Code: statement.CompleteCode("123456789")}, "merchant m1")
				return err
			})
			list, err := r.Down(t.Context(), "l1", asked.Number-1)
			if err != nil || len(list) != 1 {
				t.Fatalf("%d, %v", len(list), err)
			}
			p, _, err := statement.Verify[statement.Permit](list[0].Envelope, r.network.Charter.Dispatch.Lookup)
			if until := time.UnixMicro(p.Until); err != nil || until.Before(r.now.Add(13*24*time.Hour)) || p.From > r.now.UnixMicro() {
				t.Errorf("%+v, %v", p, err)
			}
			r.tx(func(tx *sql.Tx) error {
				if refused != "" {
					return r.Refused(t.Context(), tx, "l1", asked.Number, refused)
				}
				return r.Followed(t.Context(), tx, "l1", asked.Number)
			})
			if list, err := r.Down(t.Context(), "l1", 0); err != nil || len(list) != 0 {
				t.Errorf("%d statements are still there, %v", len(list), err)
			}
			if all, err := r.Requests(t.Context(), barcode); err != nil || len(all) != 1 || all[0].Refused != refused || all[0].Decided == 0 {
				t.Errorf("%+v, %v", all, err)
			}
		}
	})
}

func TestARevocationGoesToEveryLockerOnce(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.Dispatch.Lockers = func(context.Context) ([]string, error) { return []string{"l1", "l2", "l3"}, nil }
		key := r.network.Carrier.Key().ID()
		for range 2 {
			if err := r.Revoke(t.Context(), "house", key); err != nil {
				t.Fatal(err)
			}
			r.now = r.now.Add(time.Hour)
		}
		for _, locker := range []string{"l1", "l2", "l3"} {
			list, err := r.Down(t.Context(), locker, 0)
			if err != nil || len(list) != 1 {
				t.Fatalf("%s: %d, %v", locker, len(list), err)
			}
			s, _, err := statement.Verify[statement.Restriction](list[0].Envelope, r.network.Charter.Dispatch.Lookup)
			if err != nil || s.Kind != statement.Revoke || *s.Courier != key || s.Locker != locker {
				t.Errorf("%+v, %v", s, err)
			}
		}
		r.now = r.now.Add(15 * 24 * time.Hour)
		if err := r.Revoke(t.Context(), "house", key); err != nil {
			t.Fatal(err)
		}
		if list, err := r.Down(t.Context(), "l1", 0); err != nil || len(list) != 2 {
			t.Errorf("a revocation of today is taken for last month's: %d, %v", len(list), err)
		}
	})
}

func TestBundlesWaitForTheirRecord(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		queue := func(kind string, mark uint64, bundle string) {
			t.Helper()
			if err := r.Queue(t.Context(), dispatch.Cosigned{Locker: "l1", Kind: kind, Mark: mark, Bundle: []byte(bundle), Actor: "operator olga"}); err != nil {
				t.Fatal(err)
			}
		}
		next := func() string {
			t.Helper()
			c, err := r.Persons(t.Context(), "l1")
			if err != nil {
				t.Fatal(err)
			}
			if c == nil {
				return ""
			}
			return string(c.Bundle)
		}
		judge := func(reason string) bool {
			t.Helper()
			c, err := r.Persons(t.Context(), "l1")
			if err != nil || c == nil {
				t.Fatal(err)
			}
			final, err := r.Judged(t.Context(), *c, reason)
			if err != nil {
				t.Fatal(err)
			}
			return final
		}
		queue(dispatch.Lift, 40, "lift")
		queue(dispatch.Charter, 3, "three")
		queue(dispatch.Charter, 2, "two")
		queue(dispatch.Charter, 2, "two again")
		if got := next(); got != "two" {
			t.Errorf("first %q", got)
		}
		if !judge("key") || next() != "three" {
			t.Errorf("after a refusal: %q", next())
		}
		queue(dispatch.Charter, 2, "two, better signed")
		if next() != "two, better signed" {
			t.Errorf("a refused one cannot be sent again: %q", next())
		}
		prove := func(kind string, mark uint64) {
			r.tx(func(tx *sql.Tx) error { return r.Proved(t.Context(), tx, "l1", kind, mark) })
		}
		prove(dispatch.Charter, 3)
		if next() != "lift" {
			t.Errorf("after the charters: %q", next())
		}
		if judge("cause") || next() != "lift" {
			t.Error("a lift does not wait for the cause to go")
		}
		r.now = r.now.Add(25 * time.Hour)
		if !judge("cause") || next() != "" {
			t.Error("a lift waits for ever")
		}
		list, err := r.CosignedAt(t.Context(), "l1")
		refused := map[uint64]string{}
		for _, c := range list {
			refused[c.Mark] = c.Refused
		}
		if err != nil || len(list) != 3 || refused[40] != "cause" || refused[2] != "" || refused[3] != "" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestADownStreamBeginsAnewForAnotherGuard(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.expect("l1", "house", 0, 2)
		r.make(1)
		if _, err := r.ask(statement.Restriction{Kind: statement.Pause, Minutes: 10}); err != nil {
			t.Fatal(err)
		}
		r.tx(func(tx *sql.Tx) error { return r.Restart(t.Context(), tx, "l1") })
		r.make(1)
		if list := r.manifests("l1"); len(list) != 1 || len(list[0].Parcels) != 2 {
			t.Errorf("%+v", list)
		}
		if all, err := r.RequestsAt(t.Context(), "l1", 10); err != nil || len(all) != 1 || all[0].Refused != "guard replaced" {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
