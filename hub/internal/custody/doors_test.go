package custody_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/guardtest"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// stored announces a small parcel and lets the guard store it in a compartment.
func (h *hub) stored(key string, compartment uint16) string {
	h.t.Helper()
	barcode := h.create(shipment(key, 1)).Parcels[0].Barcode
	h.take()
	h.guard.Deposit(compartment, barcode)
	h.up(h.guard)
	return barcode
}

// alarms are the open ones of l1 as "kind reason".
func (h *hub) alarms() (list []string) {
	h.t.Helper()
	alarms, err := h.fleet.Alarms(h.t.Context(), "l1", 100)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, a := range alarms {
		list = append(list, strings.TrimSpace(string(a.Kind)+" "+a.Reason))
	}
	slices.Sort(list)
	return list
}

func (h *hub) locker() fleet.Locker {
	h.t.Helper()
	l, err := h.fleet.Locker(h.t.Context(), "l1")
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

func (h *hub) door(number uint16) fleet.Compartment {
	h.t.Helper()
	list, err := h.fleet.Compartments(h.t.Context(), "l1")
	if err != nil {
		h.t.Fatal(err)
	}
	return list[slices.IndexFunc(list, func(c fleet.Compartment) bool { return c.Number == number })]
}

func TestAnOverrideRecoversAParcelOrLeavesItWhereItWas(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.stored("k1", 1)
		h.guard.Override(1, barcode, journal.Record{Kind: journal.OverrideFailed, Reason: "unsaid"})
		h.guard.Override(1, barcode, journal.Record{Kind: journal.Overridden, To: "OCCUPIED"})
		h.up(h.guard)
		if p, c := h.state(barcode), h.door(1); p.State != parcel.Stored || c.State != fleet.Occupied || c.Parcel != barcode {
			t.Errorf("%s, %+v", p.State, c)
		}
		h.guard.Override(1, barcode, journal.Record{Kind: journal.Overridden, To: "EMPTY"})
		h.up(h.guard)
		if p, c := h.state(barcode), h.door(1); p.State != parcel.Recovered || p.Compartment != 0 || c.State != fleet.Empty || c.Parcel != "" {
			t.Errorf("%s, %+v", p.State, c)
		}
		if got := h.alarms(); !slices.Equal(got, []string{"override recipient is stuck"}) {
			t.Errorf("alarms %q", got)
		}
		if p, err := h.returned(barcode); err != nil || p.State != parcel.Returned || !p.State.Claimed() {
			t.Errorf("%s, %v", p.State, err)
		}
	})
}

func TestALongerDwellTimeAndANewCodeAreOnTheTimeline(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.stored("k1", 1)
		before := h.state(barcode)
		if _, err := h.custody.Extend(t.Context(), "m1", barcode, 48, "merchant m1"); code(err) != "not_longer" {
			t.Errorf("%v", err)
		}
		if _, err := h.custody.Extend(t.Context(), "m2", barcode, 96, "merchant m2"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another's parcel: %v", err)
		}
		asked, err := h.custody.Extend(t.Context(), "m1", barcode, 96, "merchant m1")
		if err != nil || asked.State() != "waiting" {
			t.Fatalf("%+v, %v", asked, err)
		}
		h.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 1, Parcel: barcode})
		h.guard.Write(journal.Record{Kind: journal.Extended, Compartment: 1, Parcel: barcode, Dwell: 96, Down: asked.Number})
		h.guard.Write(journal.Record{Kind: journal.Reissued, Compartment: 1, Parcel: barcode, Down: asked.Number + 1})
		h.up(h.guard)
		if p := h.state(barcode); p.State != parcel.Stored || p.Due != before.Stored+(96*time.Hour).Microseconds() {
			t.Errorf("%s, due %v", p.State, time.UnixMicro(p.Due).UTC())
		}
		list, err := h.custody.Events(t.Context(), "m1", barcode)
		if n := len(list); err != nil || list[n-1].What != parcel.WasReissued || list[n-2].What != parcel.WasExtended || list[n-2].Proof != parcel.Record {
			t.Errorf("%+v, %v", list, err)
		}
		if all, err := h.custody.Requests(t.Context(), "m1", barcode); err != nil || len(all) != 1 || all[0].State() != "taken" {
			t.Errorf("%+v, %v", all, err)
		}
		h.guard.Collect(1, barcode)
		h.up(h.guard)
		if _, err := h.custody.Reissue(t.Context(), "m1", barcode, "merchant m1"); code(err) != "not_stored" {
			t.Errorf("%v", err)
		}
	})
}

func TestALockersStandingFollowsItsRecords(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		if s := h.locker().Standing; s != (fleet.Standing{Epoch: 1}) {
			t.Errorf("%+v", s)
		}
		h.guard.Write(journal.Record{Kind: journal.Paused, Until: h.guard.Powered + 1e6 + int64(time.Hour/time.Microsecond)})
		h.up(h.guard)
		if got := time.UnixMicro(h.locker().Standing.Paused).Sub(time.UnixMicro(h.guard.Low)); got != time.Hour {
			t.Errorf("paused for %v", got)
		}
		h.guard.Write(journal.Record{Kind: journal.Paused, Until: h.guard.Powered + 1e6})
		h.guard.Write(journal.Record{Kind: journal.Serviced, Reason: "begun", Persons: []statement.Person{"tanya"}})
		h.guard.Write(journal.Record{Kind: journal.Lockdown, Reason: "a third faulted door", Compartment: 2})
		lockdown := h.guard.At
		h.up(h.guard)
		want := fleet.Standing{Epoch: 1, Technician: "tanya", Lockdown: fleet.Lockdown{Record: lockdown.Number, Hash: lockdown.Hash, Reason: "a third faulted door"}}
		if s := h.locker().Standing; s != want {
			t.Errorf("%+v", s)
		}
		if got := h.alarms(); !slices.Equal(got, []string{"lockdown a third faulted door"}) {
			t.Errorf("alarms %q", got)
		}
		err := h.dispatch.Queue(t.Context(), dispatch.Cosigned{Locker: "l1", Kind: dispatch.Lift, Mark: lockdown.Number, Bundle: []byte("lift")})
		if err != nil {
			t.Fatal(err)
		}
		h.guard.Write(journal.Record{Kind: journal.Lifted, Reason: "a third faulted door", Persons: []statement.Person{"olga", "ivan"}})
		h.guard.Boot++
		h.guard.Write(journal.Record{Kind: journal.Booted})
		h.up(h.guard)
		if s := h.locker().Standing; s != (fleet.Standing{Epoch: 1}) || len(h.alarms()) != 0 {
			t.Errorf("%+v, alarms %q", s, h.alarms())
		}
		if waits, err := h.dispatch.Persons(t.Context(), "l1"); err != nil || waits != nil {
			t.Errorf("the lift waits on: %+v, %v", waits, err)
		}
	})
}

func TestDoorsThatTakeNoDepositsMakeNoRoom(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		steps := []struct {
			record journal.Record
			free   []int
		}{
			{journal.Record{Kind: journal.Blocked, Compartments: []uint16{1, 3}, Down: 1}, []int{1, 1, 1}},
			{journal.Record{Kind: journal.Faulted, Compartment: 1, Reason: "jam"}, []int{1, 1, 1}},
			{journal.Record{Kind: journal.Unblocked, Compartments: []uint16{1, 3}, Down: 2}, []int{1, 2, 1}},
			{journal.Record{Kind: journal.TestIntent, Compartment: 1}, []int{1, 2, 1}},
			{journal.Record{Kind: journal.Tested, Compartment: 1}, []int{2, 2, 1}},
			{journal.Record{Kind: journal.Commissioned, Index: 0}, []int{0, 0, 0}},
			{journal.Record{Kind: journal.Tested, Compartment: 5}, []int{0, 0, 1}},
		}
		for _, s := range steps {
			h.guard.Write(s.record)
			h.up(h.guard)
			if got := h.free(); !slices.Equal(got, s.free) {
				t.Errorf("after %s: free %v, want %v", s.record.Kind, got, s.free)
			}
		}
		if c := h.door(2); !c.Untested || c.Blocked || c.Faulted {
			t.Errorf("%+v", c)
		}
	})
}

func TestRefusalsAreSummedByDay(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.guard.Write(journal.Record{Kind: journal.Refusals, Counts: []journal.Count{{What: "kiosk: not believed", N: 40}, {What: "link down: signature", N: 2}}})
		h.guard.Write(journal.Record{Kind: journal.Refusals, Counts: []journal.Count{{What: "kiosk: not believed", N: 59}}})
		h.up(h.guard)
		if got := h.alarms(); len(got) != 0 {
			t.Errorf("alarms %q", got)
		}
		h.guard.Low += (24 * time.Hour).Microseconds()
		h.guard.Write(journal.Record{Kind: journal.Refusals, Counts: []journal.Count{{What: "link down: typ", N: 100}}})
		h.up(h.guard)
		today := start.UnixMicro() / (24 * 3600 * 1e6)
		counts, err := h.fleet.Refused(t.Context(), "l1")
		if err != nil || counts[fleet.Refusal{Day: today, What: "kiosk: not believed"}] != 99 || counts[fleet.Refusal{Day: today + 1, What: "link down: typ"}] != 100 || len(counts) != 3 {
			t.Errorf("%v, %v", counts, err)
		}
		if got := h.alarms(); !slices.Equal(got, []string{"refusals"}) {
			t.Errorf("alarms %q", got)
		}
	})
}

// certify makes a certificate for a guard with compartments of these sizes.
func (h *hub) certify(g *guardtest.Guard, sizes ...uint8) [][]byte {
	h.t.Helper()
	l := statement.Locker{Network: "test", ID: g.Locker, Zone: "Europe/Moscow", Guard: g.Signer.Key(),
		Boards: []statement.Board{{Line: "a", Family: "8a", Channels: 8, OpenBit: 1}}, Inputs: statement.Inputs{Gate: &statement.Point{Channel: 8}}}
	for i, size := range sizes {
		l.Compartments = append(l.Compartments, statement.Compartment{Number: uint16(i + 1), Size: size, Channel: uint8(i + 1)})
	}
	bundle, err := h.network.SignLocker(l)
	if err != nil {
		h.t.Fatal(err)
	}
	return bundle.Envelopes
}

func TestALockerIsDescribedAnew(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.stored("k1", 1)
		h.guard.Collect(1, barcode)
		h.guard.Write(journal.Record{Kind: journal.Provisioned, Charter: h.network.Bundle.Envelopes, Certificate: h.certify(h.guard, 1, 3, 3)})
		other := h.create(shipment("k2", 1)).Parcels[0].Barcode // its room is reserved before the hub hears of it
		h.guard.Write(journal.Record{Kind: journal.Blocked, Compartments: []uint16{3}})
		h.up(h.guard)
		if got := h.free(); !slices.Equal(got, []int{0, 0, 1}) {
			t.Errorf("free %v", got)
		}
		h.take()
		h.guard.Deposit(2, other)
		h.up(h.guard)
		if got := h.free(); !slices.Equal(got, []int{1, 0, 0}) || h.state(other).State != parcel.Stored {
			t.Errorf("free %v, %s", got, h.state(other).State)
		}
		if got := h.alarms(); len(got) != 0 {
			t.Errorf("alarms %q", got)
		}
	})
}

// rotate makes the network's next charter, signed by old and new roots.
func (h *hub) rotate(change func(*statement.Charter)) statement.Bundle {
	h.t.Helper()
	h.network.Charter.Epoch++
	change(&h.network.Charter)
	bundle, err := ceremony.SignAll(h.network.Charter, h.network.Roots...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.network.Bundle = bundle
	return bundle
}

func TestLockersOfAnOlderCharterAreBelieved(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		first := h.network.Bundle
		next := h.rotate(func(c *statement.Charter) { c.Dispatch, c.Operators = c.Operators, c.Dispatch })
		h.custody.Charters = append(h.custody.Charters, h.network.Charter)
		for id, charter := range map[string]statement.Bundle{"l2": first, "l3": next} {
			h.addLocker(id)
			h.network.Bundle = charter
			h.up(guardtest.New(t, h.network, id, start.UnixMicro()))
		}
		if err := h.dispatch.Queue(t.Context(), dispatch.Cosigned{Locker: "l1", Kind: dispatch.Charter, Mark: 2, Bundle: []byte("charter")}); err != nil {
			t.Fatal(err)
		}
		h.guard.Write(journal.Record{Kind: journal.Chartered, Charter: next.Envelopes})
		h.up(h.guard)
		if waits, err := h.dispatch.Persons(t.Context(), "l1"); err != nil || waits != nil || h.locker().Standing.Epoch != 2 {
			t.Errorf("waits %+v, epoch %d, %v", waits, h.locker().Standing.Epoch, err)
		}
		foreign := h.rotate(func(c *statement.Charter) { c.Dispatch, c.Operators = c.Operators, c.Dispatch })
		if err := h.dispatch.Queue(t.Context(), dispatch.Cosigned{Locker: "l1", Kind: dispatch.Charter, Mark: 3, Bundle: []byte("charter")}); err != nil {
			t.Fatal(err)
		}
		h.guard.Write(journal.Record{Kind: journal.Chartered, Charter: foreign.Envelopes})
		h.up(h.guard)
		if got := h.alarms(); !slices.Equal(got, []string{"contradiction unknown charter"}) || h.locker().Standing.Epoch != 3 {
			t.Errorf("alarms %q, epoch %d", got, h.locker().Standing.Epoch)
		}
		if waits, err := h.dispatch.Persons(t.Context(), "l1"); err != nil || waits != nil {
			t.Errorf("waits %+v, %v", waits, err)
		}
		h.addLocker("l4")
		if _, err := h.custody.Ingest(t.Context(), "l4", guardtest.New(t, h.network, "l4", 1).After(0)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a charter that is not in the chain: %v", err)
		}
	})
}

// technician puts a technician into the charter.
func (h *hub) technician() *statement.Signer {
	h.t.Helper()
	signer, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		h.t.Fatal(err)
	}
	h.rotate(func(c *statement.Charter) {
		c.Technicians = statement.Role{Threshold: 1, Holders: []statement.Holder{{Key: signer.Key(), Person: "tanya"}}}
	})
	h.custody.Charters = append(h.custody.Charters, h.network.Charter)
	return signer
}

func (h *hub) scan(signer *statement.Signer, locker, barcode string, at time.Time) []byte {
	h.t.Helper()
	envelope, err := statement.Sign(signer, statement.Recovered{Locker: locker, Barcode: barcode, UTC: at.UnixMicro()})
	if err != nil {
		h.t.Fatal(err)
	}
	return envelope
}

func TestATechniciansScanRecoversAParcel(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		tanya := h.technician()
		barcode := h.stored("k1", 1)
		waiting := h.create(shipment("k2", 1)).Parcels[0].Barcode
		unknown, _ := parcel.MakeBarcode("29999", 1)
		h.pass(time.Hour)
		for name, tt := range map[string]struct {
			envelope []byte
			code     string
		}{
			"a stranger's":    {h.scan(h.network.Dispatch, "l1", barcode, h.clock()), "bad_scan"},
			"rubbish":         {[]byte{1, 2}, "bad_scan"},
			"another locker":  {h.scan(tanya, "l2", barcode, h.clock()), "not_inside"},
			"not put in":      {h.scan(tanya, "l1", waiting, h.clock()), "not_inside"},
			"before it was":   {h.scan(tanya, "l1", barcode, start.Add(-time.Hour)), "not_inside"},
			"tomorrow":        {h.scan(tanya, "l1", barcode, h.clock().Add(24*time.Hour)), "not_inside"},
			"unknown parcel":  {h.scan(tanya, "l1", unknown, h.clock()), "unknown_parcel"},
			"another's words": {h.network.Bundle.Envelopes[0], "bad_scan"},
		} {
			if _, err := h.custody.Recover(t.Context(), tt.envelope); code(err) != tt.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		scan := h.scan(tanya, "l1", barcode, h.clock())
		for range 2 {
			if p, err := h.custody.Recover(t.Context(), scan); err != nil || p.State != parcel.Recovered || p.Compartment != 0 {
				t.Errorf("%+v, %v", p, err)
			}
		}
		if _, err := h.custody.Recover(t.Context(), h.scan(tanya, "l1", barcode, h.clock().Add(time.Second))); code(err) != "not_inside" {
			t.Errorf("twice: %v", err)
		}
		list, err := h.custody.Events(t.Context(), "", barcode)
		if last := list[len(list)-1]; err != nil || last.Proof != parcel.Scan || last.Actor != "technician tanya" || last.Record != 0 {
			t.Errorf("%+v, %v", last, err)
		}
		h.exec("UPDATE scan SET envelope = $1", h.scan(tanya, "l1", waiting, h.clock()))
		if found, err := h.custody.VerifyFold(t.Context()); err != nil || len(found) != 1 {
			t.Errorf("a scan of another parcel: %q, %v", found, err)
		}
		h.exec("UPDATE scan SET envelope = $1", scan)
		second := h.stored("k3", 2)
		h.technician() // another one, in the next charter
		if _, err := h.custody.Recover(t.Context(), h.scan(tanya, "l1", second, h.clock().Add(time.Minute))); code(err) != "bad_scan" {
			t.Errorf("somebody who is no technician any more: %v", err)
		}
	})
}

func TestAnotherGuardForADeadOne(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		tanya := h.technician()
		recovered, abandoned := h.stored("k1", 1), h.stored("k2", 2)
		waiting := h.create(shipment("k3", parcel.Medium)).Parcels[0].Barcode
		if _, err := h.custody.Recover(t.Context(), h.scan(tanya, "l1", recovered, h.clock().Add(time.Minute))); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.custody.Replace(t.Context(), "l1", false, "operator olga"); code(err) != "parcels_inside" || !strings.Contains(err.Error(), abandoned) {
			t.Fatalf("%v", err)
		}
		old := h.guard
		secret, lost, err := h.custody.Replace(t.Context(), "l1", true, "operator olga")
		if err != nil || !slices.Equal(lost, []string{abandoned}) {
			t.Fatalf("%q, %v", lost, err)
		}
		if err := h.fleet.CheckEnrol(t.Context(), "l1", secret.Reveal()); err != nil {
			t.Error(err)
		}
		if _, err := h.fleet.Fingerprint(t.Context(), "l1"); fault.KindOf(err) != fault.Denied {
			t.Errorf("the old link may still come: %v", err)
		}
		if p := h.state(abandoned); p.State != parcel.Uncertain || h.state(recovered).State != parcel.Recovered {
			t.Errorf("%s, %s", p.State, h.state(recovered).State)
		}
		if got := h.alarms(); len(got) != 1 || !strings.Contains(got[0], abandoned) {
			t.Errorf("alarms %q", got)
		}
		h.check()
		if l := h.locker(); l.State != fleet.Expected || l.Guards != 2 || l.Position != 0 || len(l.Certificate) != 0 {
			t.Errorf("%+v", l)
		}
		if _, _, err := h.custody.CreateShipment(t.Context(), shipment("k4", 1)); code(err) != "locker_not_ready" {
			t.Errorf("while it waits for another guard: %v", err)
		}
		if _, err := h.custody.Ingest(t.Context(), "l1", old.After(0)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "was replaced") {
			t.Errorf("the dead guard is taken for the next one: %v", err)
		}
		h.guard = guardtest.New(t, h.network, "l1", start.UnixMicro())
		h.up(h.guard)
		h.take() // its down stream begins with 1
		h.guard.Deposit(3, waiting)
		h.up(h.guard)
		if p := h.state(waiting); p.State != parcel.Stored || p.Compartment != 3 {
			t.Errorf("%s in %d", p.State, p.Compartment)
		}
		list, err := h.custody.Events(t.Context(), "", recovered) // the old guard's records prove what they did
		if err != nil || list[2].What != parcel.WasStored || list[2].Record == 0 {
			t.Errorf("%+v, %v", list, err)
		}
		old.Write(journal.Record{Kind: journal.Ticked})
		if _, err := h.custody.Ingest(t.Context(), "l1", old.After(old.At.Number-1)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the dead guard speaks again: %v", err)
		}
		if _, _, err := h.custody.Replace(t.Context(), "l9", false, "operator"); code(err) != "no_guard" {
			t.Errorf("%v", err)
		}
	})
}

// evidence is what the open alarm of a kind and reason was raised over.
func (h *hub) evidence(kind fleet.AlarmKind, reason string) (e custody.Evidence) {
	h.t.Helper()
	alarms, err := h.fleet.Alarms(h.t.Context(), "l1", 100)
	if err != nil {
		h.t.Fatal(err)
	}
	i := slices.IndexFunc(alarms, func(a fleet.Alarm) bool { return a.Kind == kind && a.Reason == reason })
	if i < 0 || !alarms[i].Proven {
		h.t.Fatalf("no evidence of %s %s in %+v", kind, reason, alarms)
	}
	data, err := h.fleet.Evidence(h.t.Context(), alarms[i].ID)
	if err == nil {
		err = statement.Decode(data, &e)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

// wantBlocked wants so many restrictions that stop deposits into all compartments.
func (h *hub) wantBlocked(n int) {
	h.t.Helper()
	requests, err := h.dispatch.RequestsAt(h.t.Context(), "l1", 100)
	if err != nil {
		h.t.Fatal(err)
	}
	compartments, err := h.fleet.Compartments(h.t.Context(), "l1")
	if err != nil {
		h.t.Fatal(err)
	}
	found := 0
	for _, r := range requests {
		if r.Kind == string(statement.Block) && r.Actor == "hub" && len(strings.Fields(r.Subject)) == len(compartments) {
			found++
		}
	}
	if found != n {
		h.t.Errorf("%d restrictions block all %d compartments, want %d: %+v", found, len(compartments), n, requests)
	}
}

// TestDivergenceAlarms breaks a journal in each way that a guard's key allows.
func TestDivergenceAlarms(t *testing.T) {
	clone := func(g *guardtest.Guard) *guardtest.Guard {
		c := *g
		c.Records = slices.Clone(g.Records)
		return &c
	}
	t.Run("a record with two hashes", func(t *testing.T) {
		each(t, func(t *testing.T, h *hub) {
			other := clone(h.guard)
			h.guard.Write(journal.Record{Kind: journal.Ticked})
			h.up(h.guard)
			other.Write(journal.Record{Kind: journal.WrongCode})
			if _, err := h.custody.Ingest(t.Context(), "l1", other.After(2)); err == nil {
				t.Error("taken in")
			}
			e := h.evidence(fleet.Broken, "fork")
			if _, _, err := e.Stretch.Verify(journal.Position{Number: 2, Hash: mustDecode(t, other.Records[2]).Prev}, "l1", h.guard.Signer.Key()); err != nil || len(e.Head) != 0 {
				t.Errorf("the evidence convicts nobody: %v", err)
			}
			h.wantBlocked(1)
			if _, err := h.custody.Ingest(t.Context(), "l1", other.After(2)); err == nil {
				t.Error("taken in")
			}
			h.wantBlocked(1) // which still waits
		})
	})
	t.Run("two heads for records that stay away", func(t *testing.T) {
		each(t, func(t *testing.T, h *hub) {
			other := clone(h.guard)
			h.guard.Write(journal.Record{Kind: journal.Ticked})
			if _, err := h.custody.Ingest(t.Context(), "l1", h.guard.Beat()); err != nil {
				t.Fatal(err)
			}
			other.Write(journal.Record{Kind: journal.WrongCode})
			other.Powered += 5e6
			for _, s := range []journal.Stretch{other.Beat(), other.After(2)} {
				if _, err := h.custody.Ingest(t.Context(), "l1", s); err == nil {
					t.Error("taken in")
				}
			}
			e := h.evidence(fleet.Broken, "fork")
			first, err1 := statement.ReadUnverified[statement.Head](e.Head)
			second, err2 := statement.ReadUnverified[statement.Head](e.Stretch.Head)
			if err1 != nil || err2 != nil || first.Position != second.Position || first.Hash == second.Hash {
				t.Errorf("%+v and %+v, %v, %v", first, second, err1, err2)
			}
			h.up(h.guard) // who comes with the records of the first head is believed
		})
	})
	t.Run("rolled back", func(t *testing.T) {
		each(t, func(t *testing.T, h *hub) {
			back := clone(h.guard)
			h.guard.Write(journal.Record{Kind: journal.Ticked})
			h.up(h.guard)
			back.Boot++
			if _, err := h.custody.Ingest(t.Context(), "l1", back.Beat()); err == nil {
				t.Error("taken in")
			}
			if e := h.evidence(fleet.Broken, "rolled back"); len(e.Stretch.Head) == 0 {
				t.Error("no head")
			}
		})
	})
	t.Run("rubbish is no evidence", func(t *testing.T) {
		each(t, func(t *testing.T, h *hub) {
			s := h.guard.Beat()
			s.Head[len(s.Head)-1] ^= 1
			if _, err := h.custody.Ingest(t.Context(), "l1", s); err == nil {
				t.Error("taken in")
			}
			if alarms, err := h.fleet.Alarms(t.Context(), "l1", 10); err != nil || len(alarms) != 1 || alarms[0].Proven {
				t.Errorf("%+v, %v", alarms, err)
			}
		})
	})
	for name, tt := range map[string]struct {
		records []journal.Record
		alarms  []string
	}{
		"a door without intent": {[]journal.Record{{Kind: journal.Opened, Compartment: 1}}, []string{"contradiction opened while OCCUPIED"}},
		"a result without intent": {[]journal.Record{{Kind: journal.Withdrawn, Compartment: 1, Carrier: "house"}},
			[]string{"contradiction withdrawn while OCCUPIED"}},
		"an uncommanded door": {[]journal.Record{{Kind: journal.Quarantined, Compartment: 1, Reason: "uncommanded"}, {Kind: journal.Alarm, Compartment: 1, Reason: "uncommanded opening"}},
			[]string{"guard uncommanded opening", "quarantined uncommanded"}},
		"intent without door": {[]journal.Record{{Kind: journal.CollectIntent, Compartment: 1}, {Kind: journal.CollectFailed, Compartment: 1, Reason: "jam"},
			{Kind: journal.Alarm, Compartment: 1, Reason: "jam"}}, []string{"guard jam"}},
		"authorised without press": {[]journal.Record{{Kind: journal.Alarm, Reason: "authorised, no press"}}, []string{"guard authorised, no press"}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, h *hub) {
				barcode := h.stored("k1", 1)
				for _, r := range tt.records {
					if r.Compartment > 0 && r.Kind != journal.Alarm {
						r.Parcel = barcode
					}
					h.guard.Write(r)
				}
				h.up(h.guard)
				if got := h.alarms(); !slices.Equal(got, tt.alarms) {
					t.Errorf("alarms %q, want %q", got, tt.alarms)
				}
				alarms, err := h.fleet.Alarms(t.Context(), "l1", 10)
				if err != nil || alarms[0].Record == 0 || alarms[0].Locker != "l1" || alarms[0].Raised != h.clock().UnixMicro() {
					t.Errorf("%+v, %v", alarms[0], err)
				}
			})
		})
	}
}

func mustDecode(t *testing.T, encoded []byte) journal.Record {
	t.Helper()
	r, err := journal.Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTheWatchFindsWhatIsRewritten: somebody with the database's password rewrites what is stored, events and all; the signed
// uploads say otherwise.
func TestTheWatchFindsWhatIsRewritten(t *testing.T) {
	changes := []struct{ do, undo string }{
		{"UPDATE parcel SET state = 'returned', live = FALSE, compartment = 0 WHERE state = 'stored'", "UPDATE parcel SET state = 'stored', live = TRUE, compartment = CASE WHEN place = 1 THEN 1 ELSE 2 END WHERE state = 'returned'"},
		{"UPDATE compartment SET state = 'EMPTY', parcel = '' WHERE number = 1", "UPDATE compartment SET state = 'OCCUPIED', parcel = (SELECT barcode FROM parcel WHERE place = 1) WHERE number = 1"},
		{"UPDATE parcel SET compartment = 3 - compartment WHERE compartment > 0", "UPDATE parcel SET compartment = 3 - compartment WHERE compartment > 0"},
		{"UPDATE locker SET lockdown = 7", "UPDATE locker SET lockdown = 0"},
		{"UPDATE room SET empty = empty + 1", "UPDATE room SET empty = empty - 1"},
		{"UPDATE locker_line SET position = position - 1", "UPDATE locker_line SET position = position + 1"},
	}
	each(t, func(t *testing.T, h *hub) {
		watch := func() []string {
			t.Helper()
			if err := h.custody.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
			return h.alarms()
		}
		s := h.create(shipment("k1", 1, 1))
		h.take()
		for i, p := range s.Parcels {
			h.guard.Deposit(uint16(i+1), p.Barcode)
			h.up(h.guard)
			if got := watch(); len(got) != 0 {
				t.Errorf("alarms %q", got)
			}
		}
		for _, change := range changes {
			h.exec(change.do)
			if got := watch(); !slices.Equal(got, []string{"altered"}) {
				t.Errorf("not found: %s: %q", change.do, got)
			}
			h.exec(change.undo)
			alarms, err := h.fleet.Alarms(t.Context(), "l1", 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range alarms {
				if err := h.fleet.EndAlarm(t.Context(), a.ID, "operator anna"); err != nil {
					t.Fatal(err)
				}
			}
			if got := watch(); len(got) != 0 {
				t.Errorf("after %s: %q", change.undo, got)
			}
		}
		h.guard.Collect(1, s.Parcels[0].Barcode)
		h.up(h.guard)
		if got := watch(); len(got) != 0 {
			t.Errorf("alarms %q", got)
		}
	})
}
