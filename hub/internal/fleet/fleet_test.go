package fleet_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type room struct {
	*fleet.Fleet
	t       *testing.T
	db      *db.DB
	network *ceremony.Development
	now     time.Time
	rung    []string
}

func each(t *testing.T, test func(t *testing.T, r *room)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		network, err := ceremony.NewDevelopment("test")
		if err != nil {
			t.Fatal(err)
		}
		r := &room{t: t, db: d, network: network, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
		r.Fleet = fleet.New(fleet.Config{DB: d, Now: func() time.Time { return r.now }, Charter: network.Charter,
			Ring: func(locker string) { r.rung = append(r.rung, locker) }})
		test(t, r)
	})
}

func newLocker(id string) fleet.NewLocker {
	return fleet.NewLocker{ID: id, Name: "Locker " + id, Address: "Main street 1", Zone: "Europe/Moscow", Latitude: 55.7, Longitude: 37.6}
}

func (r *room) tx(do func(tx *sql.Tx) error) error {
	r.t.Helper()
	return r.db.Tx(r.t.Context(), do)
}

// provision gives a locker two small compartments, one medium and one large.
func (r *room) provision(id string) {
	r.t.Helper()
	if _, _, err := r.Add(r.t.Context(), newLocker(id)); err != nil {
		r.t.Fatal(err)
	}
	certificate := statement.Locker{Network: "test", ID: id, Zone: "Europe/Moscow", Guard: r.network.Dispatch.Key(),
		Boards: []statement.Board{{Line: "a", Family: "8a", Channels: 8, OpenBit: 1}}, Inputs: statement.Inputs{Gate: &statement.Point{Channel: 8}},
		Compartments: []statement.Compartment{{Number: 1, Size: 1, Channel: 1}, {Number: 2, Size: 1, Channel: 2}, {Number: 3, Size: 2, Channel: 3},
			{Number: 4, Size: 3, Channel: 4}}}
	bundle, err := r.network.SignLocker(certificate)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.tx(func(tx *sql.Tx) error { return r.Provision(r.t.Context(), tx, certificate, bundle) }); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) free(id string) (free []int) {
	r.t.Helper()
	l, err := r.Locker(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, room := range l.Room {
		free = append(free, room.Free)
	}
	return free
}

func (r *room) reserve(locker string, wants ...fleet.Want) error {
	return r.db.Tx(context.Background(), func(tx *sql.Tx) error { return r.Reserve(context.Background(), tx, locker, wants) })
}

func TestAddAndList(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		for _, id := range []string{"c", "a", "b"} {
			r.provision(id)
		}
		var ids []string
		for after := ""; ; {
			page, err := r.Lockers(t.Context(), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, l := range page {
				if len(l.Room) != 3 || l.Room[0].Free != 2 || l.State != fleet.Provisioned || l.Line != fleet.Never || len(l.Certificate) != 2 {
					t.Errorf("%+v", l)
				}
				ids = append(ids, l.ID)
			}
			after = page[len(page)-1].ID
		}
		if !slices.Equal(ids, []string{"a", "b", "c"}) {
			t.Errorf("%q", ids)
		}
		if _, err := r.Locker(t.Context(), "d"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%v", err)
		}
	})
}

func TestAddRefuses(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		for name, change := range map[string]func(*fleet.NewLocker){
			"id":        func(n *fleet.NewLocker) { n.ID = "Locker 1" },
			"no name":   func(n *fleet.NewLocker) { n.Name = " " },
			"zone":      func(n *fleet.NewLocker) { n.Zone = "Mars/Olympus" },
			"this zone": func(n *fleet.NewLocker) { n.Zone = "Local" },
			"latitude":  func(n *fleet.NewLocker) { n.Latitude = 91 },
			"address":   func(n *fleet.NewLocker) { n.Address = "a\x00b" },
		} {
			n := newLocker("l1")
			change(&n)
			if _, _, err := r.Add(t.Context(), n); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestEnrolment(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		_, old, err := r.Add(t.Context(), newLocker("l1"))
		if err != nil {
			t.Fatal(err)
		}
		_, secret, err := r.Add(t.Context(), newLocker("l1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Fingerprint(t.Context(), "l1"); fault.KindOf(err) != fault.Denied {
			t.Errorf("before enrolment: %v", err)
		}
		for _, wrong := range []string{old.Reveal(), "", "x"} {
			if err := r.Enrol(t.Context(), "l1", wrong, "print"); fault.KindOf(err) != fault.Denied {
				t.Errorf("%v", err)
			}
			if err := r.CheckEnrol(t.Context(), "l1", wrong); fault.KindOf(err) != fault.Denied {
				t.Errorf("%v", err)
			}
		}
		if err := r.CheckEnrol(t.Context(), "l1", secret.Reveal()); err != nil {
			t.Error(err)
		}
		if err := r.Enrol(t.Context(), "l1", secret.Reveal(), "print"); err != nil {
			t.Fatal(err)
		}
		if err := r.Enrol(t.Context(), "l1", secret.Reveal(), "other"); fault.KindOf(err) != fault.Denied {
			t.Errorf("twice: %v", err)
		}
		if print, err := r.Fingerprint(t.Context(), "l1"); err != nil || print != "print" {
			t.Errorf("%q, %v", print, err)
		}
		if l, err := r.Locker(t.Context(), "l1"); err != nil || l.State != fleet.Enrolled {
			t.Errorf("%+v, %v", l, err)
		}
		_, late, err := r.Add(t.Context(), newLocker("l2"))
		r.now = r.now.Add(31 * 24 * time.Hour)
		if e := r.Enrol(t.Context(), "l2", late.Reveal(), "print"); err != nil || fault.KindOf(e) != fault.Denied {
			t.Errorf("a code of last month: %v", e)
		}
	})
}

func TestReserveGoesUpAndNeverOver(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.provision("l1")
		if err := r.reserve("l1", fleet.Want{Barcode: "a", Size: parcel.Medium}, fleet.Want{Barcode: "b", Size: parcel.Large},
			fleet.Want{Barcode: "c", Size: parcel.Medium}); fault.KindOf(err) != fault.Conflict || !slices.Equal(r.free("l1"), []int{2, 1, 1}) {
			t.Errorf("%v, free %v", err, r.free("l1"))
		}
		var (
			all  sync.WaitGroup
			mu   sync.Mutex
			full int
		)
		for _, barcode := range []string{"1", "2", "3", "4", "5", "6", "7"} {
			all.Go(func() {
				err := r.reserve("l1", fleet.Want{Barcode: barcode, Size: parcel.Small})
				mu.Lock()
				defer mu.Unlock()
				if fault.KindOf(err) == fault.Conflict {
					full++
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if full != 3 || !slices.Equal(r.free("l1"), []int{0, 0, 0}) {
			t.Errorf("%d found it full, free %v", full, r.free("l1"))
		}
		err := r.tx(func(tx *sql.Tx) error {
			for _, barcode := range []string{"1", "1", "2", "3", "4", "5", "6", "7", "unknown"} {
				if err := r.Release(t.Context(), tx, barcode); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || !slices.Equal(r.free("l1"), []int{2, 1, 1}) {
			t.Errorf("%v, free %v", err, r.free("l1"))
		}
	})
}

// hear advances a locker's line by a head.
func (r *room) hear(id string, to, head uint64) {
	r.t.Helper()
	err := r.tx(func(tx *sql.Tx) error {
		place, err := r.Place(r.t.Context(), tx, id)
		if err != nil {
			return err
		}
		return r.Advance(r.t.Context(), tx, place, journal.Position{Number: to}, statement.Head{Boot: 1, Position: head}, nil, r.Now().UnixMicro(), false)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestLinesAndTheirAlarms(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.provision("l1")
		kinds := func() (kinds []fleet.AlarmKind) {
			t.Helper()
			for range 2 { // sweeping twice raises nothing twice
				if err := r.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			alarms, err := r.Alarms(t.Context(), "", 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range alarms {
				kinds = append(kinds, a.Kind)
			}
			slices.Sort(kinds)
			return kinds
		}
		steps := []struct {
			pass       time.Duration
			hear       bool
			to, head   uint64
			line       fleet.Line
			sinceStart time.Duration
			alarms     []fleet.AlarmKind
		}{
			{0, false, 0, 0, fleet.Never, 0, nil},
			{0, true, 5, 5, fleet.Online, 0, nil},
			{2 * time.Minute, true, 5, 6, fleet.Online, 0, nil},
			{2 * time.Minute, true, 5, 6, fleet.Online, 0, nil},
			{2 * time.Minute, true, 5, 6, fleet.Online, 0, []fleet.AlarmKind{fleet.Withheld}},
			{time.Minute, true, 6, 6, fleet.Online, 0, nil},
			{4 * time.Minute, false, 0, 0, fleet.Offline, 7 * time.Minute, []fleet.AlarmKind{fleet.Silent}},
			{time.Minute, true, 6, 6, fleet.Online, 12 * time.Minute, nil},
		}
		start := r.now
		for i, s := range steps {
			r.now = r.now.Add(s.pass)
			if s.hear {
				r.hear("l1", s.to, s.head)
			}
			l, err := r.Locker(t.Context(), "l1")
			if err != nil || l.Line != s.line || l.Line != fleet.Never && l.Since != start.Add(s.sinceStart).UnixMicro() {
				t.Errorf("step %d: %v, %s since %v", i, err, l.Line, time.UnixMicro(l.Since).Sub(start))
			}
			if got := kinds(); !slices.Equal(got, s.alarms) {
				t.Errorf("step %d: alarms %q, want %q", i, got, s.alarms)
			}
		}
	})
}

// TestHeadsWithoutRecordsAreAnAlarm: a guard that has nothing to say writes a record every ten minutes.
func TestHeadsWithoutRecordsAreAnAlarm(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.provision("l1")
		r.hear("l1", 5, 5)
		stalled := func(to uint64) bool {
			t.Helper()
			r.now = r.now.Add(2 * time.Minute)
			r.hear("l1", to, to)
			if err := r.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			alarms, err := r.Alarms(t.Context(), "l1", 10)
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(alarms, func(a fleet.Alarm) bool { return a.Kind == fleet.Stalled })
		}
		for minutes := 2; minutes <= 20; minutes += 2 {
			if got, want := stalled(5), minutes > 15; got != want {
				t.Errorf("after %d minutes: %v", minutes, got)
			}
		}
		if stalled(6) {
			t.Error("it goes on after a record has come")
		}
	})
}

func TestTwoNodesCannotBothAdvance(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.provision("l1")
		var old fleet.Place
		if err := r.tx(func(tx *sql.Tx) (err error) { old, err = r.Place(t.Context(), tx, "l1"); return err }); err != nil {
			t.Fatal(err)
		}
		r.hear("l1", 3, 3)
		err := r.tx(func(tx *sql.Tx) error {
			return r.Advance(t.Context(), tx, old, journal.Position{Number: 4}, statement.Head{Position: 4}, nil, r.Now().UnixMicro(), false)
		})
		if !errors.Is(err, db.ErrRaced) || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%v", err)
		}
	})
}

func TestAlarmsAreOpenOnce(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		for _, c := range []uint16{1, 1, 2} {
			if err := r.Raise(t.Context(), fleet.Alarm{Locker: "l1", Kind: fleet.FromGuard, Reason: "left open", Compartment: c}); err != nil {
				t.Fatal(err)
			}
		}
		alarms, err := r.Alarms(t.Context(), "l1", 10)
		if err != nil || len(alarms) != 2 {
			t.Fatalf("%+v, %v", alarms, err)
		}
		if err := r.EndAlarm(t.Context(), alarms[0].ID, "operator anna"); err != nil {
			t.Error(err)
		}
		if err := r.EndAlarm(t.Context(), alarms[0].ID, "operator anna"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("twice: %v", err)
		}
		if err := r.Raise(t.Context(), fleet.Alarm{Locker: "l1", Kind: fleet.FromGuard, Reason: "left open", Compartment: alarms[0].Compartment}); err != nil {
			t.Error(err)
		}
		if alarms, err = r.Alarms(t.Context(), "", 10); err != nil || len(alarms) != 2 {
			t.Errorf("%+v, %v", alarms, err)
		}
	})
}

func TestTakeReceipts(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.provision("l1")
		sign := func(signer *statement.Signer, locker string, utc int64) []byte {
			t.Helper()
			envelope, err := statement.Sign(signer, statement.Receipt{Locker: locker, Boot: 1, Position: 1, UTC: utc})
			if err != nil {
				t.Fatal(err)
			}
			return envelope
		}
		notifier := r.network.Time[1]
		for name, envelopes := range map[string][][]byte{
			"a stranger's":      {sign(notifier, "l1", 5), sign(r.network.Dispatch, "l1", 5)},
			"no locker of ours": {sign(notifier, "l1", 5), sign(notifier, "l2", 5)},
			"rubbish":           {{1, 2}},
		} {
			if err := r.TakeReceipts(t.Context(), envelopes); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if kept, err := r.Receipts(t.Context(), "l1"); err != nil || len(kept) != 0 || len(r.rung) != 0 {
			t.Errorf("kept %d, %v, rang %q", len(kept), err, r.rung)
		}
		newest := sign(notifier, "l1", 9)
		if err := r.TakeReceipts(t.Context(), [][]byte{newest, sign(notifier, "l1", 7), sign(r.network.Time[0], "l1", 8)}); err != nil {
			t.Fatal(err)
		}
		kept, err := r.Receipts(t.Context(), "l1")
		if err != nil || len(kept) != 2 || !slices.ContainsFunc(kept, func(e []byte) bool { return slices.Equal(e, newest) }) || !slices.Equal(r.rung, []string{"l1"}) {
			t.Errorf("kept %d, %v, rang %q", len(kept), err, r.rung)
		}
	})
}

func TestFrontFollowsTheGuardsTable(t *testing.T) {
	certificate := statement.Locker{Compartments: []statement.Compartment{{Number: 1, Size: 1}, {Number: 2, Size: 2}}}
	rec := func(kind journal.Kind, to, reason string) journal.Record {
		return journal.Record{Kind: kind, Compartment: 1, Parcel: "p", To: to, Reason: reason}
	}
	tests := []struct {
		records []journal.Record
		state   fleet.CompartmentState
		parcel  string
		faulted bool
	}{
		{[]journal.Record{rec(journal.DepositIntent, "", "")}, fleet.Intent, "p", false},
		{[]journal.Record{rec(journal.DepositIntent, "", ""), rec(journal.Stored, "", "")}, fleet.Occupied, "p", false},
		{[]journal.Record{rec(journal.DepositIntent, "", ""), rec(journal.DepositFailed, "QUARANTINE", "jam"), rec(journal.Faulted, "", "")}, fleet.Quarantine, "p", true},
		{[]journal.Record{rec(journal.DepositIntent, "", ""), rec(journal.DepositFailed, "QUARANTINE", "not empty")}, fleet.Quarantine, "", false},
		{[]journal.Record{rec(journal.Stored, "", ""), rec(journal.CollectIntent, "", "")}, fleet.Collecting, "p", false},
		{[]journal.Record{rec(journal.Stored, "", ""), rec(journal.CollectIntent, "", ""), rec(journal.CollectFailed, "", "crash")}, fleet.Occupied, "p", false},
		{[]journal.Record{rec(journal.Stored, "", ""), rec(journal.CollectIntent, "", ""), rec(journal.Collected, "", "")}, fleet.Empty, "", false},
		{[]journal.Record{rec(journal.Stored, "", ""), rec(journal.Withdrawn, "", "")}, fleet.Empty, "", false},
		{[]journal.Record{rec(journal.Quarantined, "", "uncommanded")}, fleet.Quarantine, "", false},
		{[]journal.Record{rec(journal.Stored, "", ""), rec(journal.Quarantined, "", "left open")}, fleet.Quarantine, "p", false},
		{[]journal.Record{rec(journal.Stored, "", ""), rec(journal.Opened, "", ""), rec(journal.Overdue, "", "")}, fleet.Occupied, "p", false},
	}
	for i, tt := range tests {
		front := fleet.NewFront(certificate)
		for n, r := range tt.records {
			r.Number = uint64(n + 1)
			if !front.Apply(r) {
				t.Errorf("case %d: unknown compartment", i)
			}
		}
		if c := front[1]; c.State != tt.state || c.Parcel != tt.parcel || c.Faulted != tt.faulted || front[2].State != fleet.Empty {
			t.Errorf("case %d: %+v", i, c)
		}
	}
	if fleet.NewFront(certificate).Apply(journal.Record{Kind: journal.Stored, Compartment: 9}) {
		t.Error("a compartment that is not there was moved")
	}
}
