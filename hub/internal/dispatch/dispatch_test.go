package dispatch_test

import (
	"context"
	"database/sql"
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
		r.expect("l1", "other", 450, 1)
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
