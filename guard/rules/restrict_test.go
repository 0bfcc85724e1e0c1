package rules_test

import (
	"math/rand/v2"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

func (g *rig) pause(minutes uint16) rules.Verdict {
	g.Helper()
	return g.restrict(statement.Restriction{Kind: statement.Pause, Minutes: minutes})
}

// TestAPauseStopsEveryDoorAndEndsByItself: R10.
func TestAPauseStopsEveryDoorAndEndsByItself(t *testing.T) {
	p := stocked(t, 24, 3)
	number := p.deposited(parcel(1))
	p.typeCode(parcel(1).Barcode) // a prompt from before it
	p.pause(10)
	p.press()
	if v := p.view(); len(p.pulses) != 1 || v.Outcome != string(door.Paused) || v.PausedFor == 0 {
		t.Fatalf("%d pulses, %q, paused for %d ms", len(p.pulses), v.Outcome, v.PausedFor)
	}
	p.signLast(number)
	code := p.permitted(parcel(9), 0)
	for name, reason := range map[string]door.Reason{
		"code": p.typeCode(parcel(1).Barcode), "qr": p.ask(door.KioskRequest{Verb: door.Secret, Secret: p.secretOf(parcel(1))}),
		"deposit": p.wish(statement.WantDeposit, parcel(2).Barcode, 0), "override": p.showLast(),
		"permit": p.ask(door.KioskRequest{Verb: door.Return, Code: code}),
	} {
		if reason != door.Paused {
			t.Errorf("%s in a pause: %q", name, reason)
		}
	}
	if p.count(journal.WrongCode) != 0 {
		t.Error("a code was judged in a pause")
	}
	p.reboot()
	if reason := p.typeCode(parcel(1).Barcode); reason != door.Paused {
		t.Errorf("after a power cut: %q", reason)
	}
	p.pass(10 * rules.Minute)
	if reason := p.typeCode(parcel(1).Barcode); reason != "" {
		t.Errorf("ten minutes later: %q", reason)
	}
}

func TestAPauseEndedEarly(t *testing.T) {
	p := stocked(t, 24, 1)
	p.deposited(parcel(1))
	p.pause(240)
	p.pass(rules.Minute)
	p.pause(0)
	if reason := p.typeCode(parcel(1).Barcode); reason != "" {
		t.Fatalf("ended: %q", reason)
	}
	for range 500 {
		p.skip(11 * rules.Second)
		if v := p.pause(0); !v.Accepted {
			t.Fatalf("ending no pause: %+v", v)
		}
	}
	if n := len(p.state.Pauses); n > 1 {
		t.Errorf("%d pauses are kept, all but one of no length", n)
	}
}

// TestAPauseLeavesAnOpenDoorAlone: who has the door open finishes.
func TestAPauseLeavesAnOpenDoorAlone(t *testing.T) {
	p := stocked(t, 24, 1)
	p.deposited(parcel(1))
	number := p.opened(parcel(1))
	p.pause(60)
	p.closeDoor(number)
	if p.occupancy(number) != rules.Empty {
		t.Fatalf("closed in a pause: %s", p.occupancy(number))
	}
}

// TestPausesAreBounded: whatever dispatch signs and when, no 72 powered hours hold more than 12 paused ones.
func TestPausesAreBounded(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 5))
		g := newRig(t, 6)
		var paused []bool // by minute
		accepted, refused := 0, 0
		for minute := 0; minute < 14*24*60; minute++ {
			if random.IntN(40) == 0 {
				switch v := g.pause(uint16(random.IntN(241))); v.Reason {
				case "":
					accepted++
				case "too long":
					refused++
				default:
					t.Fatalf("seed %d: %s", seed, v.Reason)
				}
			}
			g.now, g.wall = g.now+rules.Minute, g.wall+rules.Minute
			paused = append(paused, g.view().PausedFor > 0)
			if random.IntN(2000) == 0 {
				g.do(rules.Tick{})
				g.reboot()
			}
		}
		sum, window := 0, 72*60
		for i, is := range paused {
			if is {
				sum++
			}
			if i >= window && paused[i-window] {
				sum--
			}
			if sum > 12*60 {
				t.Fatalf("seed %d: %d min paused in the 72 h before minute %d", seed, sum, i)
			}
		}
		if accepted == 0 || refused == 0 {
			t.Fatalf("seed %d: %d accepted, %d refused: the test proves nothing", seed, accepted, refused)
		}
	}
}

// TestBlockingStopsDepositsAndNothingElse: R10.
func TestBlockingStopsDepositsAndNothingElse(t *testing.T) {
	p := stocked(t, 3, 4)
	number := p.deposited(parcel(1))
	p.wish(statement.WantDeposit, parcel(2).Barcode, 0)
	prompted := p.view().Compartment
	if v := p.restrict(statement.Restriction{Kind: statement.Block, Compartments: []uint16{1, 2, 3}}); !v.Accepted {
		t.Fatalf("block: %+v", v)
	}
	p.press()
	if len(p.pulses) != 1 {
		t.Fatal("a deposit's prompt from before it opened a blocked compartment")
	}
	if reason := p.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != door.Full {
		t.Fatalf("a deposit with all blocked: %q", reason)
	}
	p.closeDoor(p.opened(parcel(1)))
	if p.occupancy(number) != rules.Empty {
		t.Fatal("a collection from a blocked compartment")
	}
	if reason := p.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != door.Full {
		t.Fatalf("the compartment is not blocked after its collection: %q", reason)
	}
	if v := p.restrict(statement.Restriction{Kind: statement.Unblock, Compartments: []uint16{prompted}}); !v.Accepted {
		t.Fatalf("unblock: %+v", v)
	}
	if at := p.deposited(parcel(2)); at != prompted {
		t.Fatalf("put into %d", at)
	}
	if v := p.restrict(statement.Restriction{Kind: statement.Block, Compartments: []uint16{1, 99}}); v.Reason != "compartment" || p.compartment(1).Blocked != (prompted != 1) {
		t.Fatalf("a compartment that is none: %+v", v)
	}
}

// TestExtendingOnlyMovesADeadlineAway: R7, sentence 2.
func TestExtendingOnlyMovesADeadlineAway(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	number := p.deposited(x)
	extend := func(hours uint16) rules.Verdict {
		return p.restrict(statement.Restriction{Kind: statement.Extend, Barcode: x.Barcode, DwellHours: hours})
	}
	for _, hours := range []uint16{24, 25} {
		before := p.compartment(number)
		v := extend(hours)
		after := p.compartment(number)
		if v.Accepted != (hours > 24) || after.Due-before.Due != int64(hours-24)*rules.Hour || after.DuePowered-before.DuePowered != int64(hours-24)*rules.Hour {
			t.Fatalf("to %d h: %+v, due %d h later", hours, v, (after.Due-before.Due)/rules.Hour)
		}
	}
	p.pass(26 * rules.Hour)
	p.setTime()
	p.pass(rules.Second)
	p.scan()
	if reason := p.wish(statement.WantWithdraw, x.Barcode, 0); reason != "" {
		t.Fatalf("when due: %q", reason)
	}
	extend(72) // between prompt and press
	p.press()
	if v := p.view(); len(p.pulses) != 1 || v.Outcome != string(door.NotDue) {
		t.Fatalf("extended between prompt and press: %d pulses, %q", len(p.pulses), v.Outcome)
	}
	if reason := p.wish(statement.WantWithdraw, x.Barcode, 0); reason != door.NotDue || p.compartment(number).Overdue {
		t.Fatalf("extended: %q", reason)
	}
	p.pass(46 * rules.Hour)
	if p.compartment(number).Overdue {
		t.Fatal("overdue before the longer time has passed")
	}
	p.pass(rules.Hour)
	p.setTime()
	p.pass(rules.Second)
	p.scan()
	if reason := p.wish(statement.WantWithdraw, x.Barcode, 0); reason != "" {
		t.Fatalf("when due again: %q", reason)
	}
	if v := p.restrict(statement.Restriction{Kind: statement.Extend, Barcode: parcel(2).Barcode, DwellHours: 99}); v.Reason != "not here" {
		t.Fatalf("a parcel that is not here: %+v", v)
	}
}

func (g *rig) reissue(x statement.Expected) rules.Verdict {
	g.Helper()
	return g.restrict(statement.Restriction{Kind: statement.Reissue, Barcode: x.Barcode})
}

// TestReissuing: the old code dies in the same write, the new one works, and neither is drawn again.
func TestReissuing(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.deposited(x)
	old := p.codes[x.Barcode]
	p.typeCode(x.Barcode)
	before := len(p.entries)
	if v := p.reissue(x); !v.Accepted || len(p.entries) != before+1 {
		t.Fatalf("%+v, %d records", v, len(p.entries)-before)
	}
	if p.codes[x.Barcode].Code == old.Code || p.codes[x.Barcode].Secret == old.Secret {
		t.Fatal("the same code again")
	}
	p.press() // the visitor came with the old code
	if v := p.view(); len(p.pulses) != 1 || v.Outcome != string(door.WrongCode) {
		t.Fatalf("the old code at the press: %d pulses, %q", len(p.pulses), v.Outcome)
	}
	for name, q := range map[string]door.KioskRequest{"code": {Verb: door.Code, Code: old.Code}, "qr": {Verb: door.Secret, Secret: old.Secret[:]}} {
		if reason := p.ask(q); reason != door.WrongCode {
			t.Errorf("the old %s: %q", name, reason)
		}
	}
	p.pass(4 * rules.Second)
	p.closeDoor(p.opened(x))
	if len(p.state.DeadCodes) != 1 {
		t.Errorf("%d dead codes", len(p.state.DeadCodes))
	}
}

func TestReissuesAreBounded(t *testing.T) {
	p := stocked(t, 24, 8)
	for i := range 8 {
		p.pass(6 * rules.Second)
		p.deposited(parcel(i + 1))
	}
	x := parcel(1)
	for i, want := range []string{"", "", "", "too many"} {
		if i > 0 {
			p.pass(10*rules.Minute - rules.Second)
			if v := p.reissue(x); v.Reason != "too many" {
				t.Fatalf("within ten minutes of re-issue %d: %+v", i, v)
			}
			p.pass(11 * rules.Second)
		}
		if v := p.reissue(x); v.Reason != want {
			t.Fatalf("re-issue %d: %+v", i+1, v)
		}
	}
	p.pass(rules.Hour)
	if v := p.reissue(x); v.Reason != "too many" {
		t.Fatalf("a fourth of one parcel: %+v", v)
	}
	done := 0
	for i := range 7 {
		if p.reissue(parcel(i + 2)).Accepted {
			done++
		}
	}
	if done != 5 {
		t.Fatalf("%d in one hour", done)
	}
	if v := p.reissue(parcel(99)); v.Reason != "not here" {
		t.Fatalf("a parcel that is not here: %+v", v)
	}
}

// TestRevoking: the running session, its prompt and new sessions are over, until no certificate can hold any more.
func TestRevoking(t *testing.T) {
	revoke := func(p *phone, at int64) rules.Verdict {
		id := p.key.Key().ID()
		return p.restrict(statement.Restriction{Kind: statement.Revoke, Carrier: ceremony.HouseCarrier, Courier: &id, At: at})
	}
	p := stocked(t, 24, 2)
	p.deposited(parcel(1))
	if reason := p.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != "" {
		t.Fatal(reason)
	}
	if v := revoke(p, p.wall); !v.Accepted {
		t.Fatalf("%+v", v)
	}
	p.press()
	if v := p.view(); len(p.pulses) != 1 || v.Stage != door.Failed {
		t.Errorf("the prompt of a revoked courier: %d pulses, %s", len(p.pulses), v.Stage)
	}
	if reason := p.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != door.NotBelieved {
		t.Errorf("in the running session: %q", reason)
	}
	p.pass(4 * rules.Minute)
	p.scan()
	if reason := p.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != door.NotBelieved {
		t.Errorf("in a new session: %q", reason)
	}
	other := p.rig.phone()
	other.pass(rules.Minute * 2)
	other.scan()
	if reason := other.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != "" {
		t.Errorf("another courier: %q", reason)
	}
	if v := revoke(p, p.wall+rules.Hour); v.Reason != "early" {
		t.Errorf("a revocation dated ahead: %+v", v)
	}
	p.ask(door.KioskRequest{Verb: door.Cancel})
	p.pass(15 * rules.Day)
	p.setTime()
	p.expect(parcel(3))
	p.pass(rules.Second)
	again := p.rig.phone(func(c *statement.Courier) { c.Key = p.key.Key() })
	again.key = p.key
	again.scan()
	if reason := again.wish(statement.WantDeposit, parcel(3).Barcode, 0); reason != "" {
		t.Errorf("every certificate made before has ended, and still: %q", reason)
	}
}

// TestTheDownStream: each kind of numbered statement is taken once, by its locker, in its place.
func TestTheDownStream(t *testing.T) {
	kinds := map[string]func(g *rig, locker string, number uint64) statement.Statement{
		"restriction": func(_ *rig, locker string, number uint64) statement.Statement {
			return statement.Restriction{Locker: locker, Number: number, Kind: statement.Pause, Minutes: 1}
		},
		"permit": func(g *rig, locker string, number uint64) statement.Statement {
			return statement.Permit{Locker: locker, Number: number, Barcode: parcel(5).Barcode, Size: 1, Carrier: ceremony.HouseCarrier,
				Code: statement.CompleteCode("123456789"), From: g.wall, Until: g.wall + rules.Day}
		},
	}
	for name, make := range kinds {
		g := newRig(t, 6)
		g.setTime()
		good := g.sign(g.network.Dispatch, make(g, "l1", 1))
		for what, v := range map[string]rules.Verdict{
			"another locker's": g.link(1, g.sign(g.network.Dispatch, make(g, "l2", 1))), "one ahead": g.link(2, g.sign(g.network.Dispatch, make(g, "l1", 2))),
			"under another number": g.link(2, good), "a root's": g.link(1, g.sign(g.network.Roots[0], make(g, "l1", 1))),
			"an operator's": g.link(1, g.sign(g.network.Operators[0], make(g, "l1", 1))),
		} {
			if v.Accepted || g.state.Down != 0 {
				t.Errorf("%s, %s: %+v, down %d", name, what, v, g.state.Down)
			}
		}
		if v := g.link(1, good); !v.Accepted || g.state.Down != 1 {
			t.Fatalf("%s: %+v", name, v)
		}
		if v := g.link(1, good); v.Accepted || g.state.Down != 1 {
			t.Errorf("%s, replayed: %+v", name, v)
		}
		if v := g.link(2, good); v.Accepted || g.state.Down != 1 {
			t.Errorf("%s, replayed under the next number: %+v", name, v)
		}
	}
}

// TestAFloodIsSlow: however much dispatch signs, the journal grows by sixty records and then by one in ten seconds.
func TestAFloodIsSlow(t *testing.T) {
	g := newRig(t, 6)
	slow := 0
	begin := len(g.entries)
	for range 300 {
		before := len(g.entries)
		v := g.restrict(statement.Restriction{Kind: statement.Block, Compartments: []uint16{99}})
		if v.Reason == "slow" {
			slow++
			if len(g.entries) != before {
				t.Fatal("a record of a statement that came too fast")
			}
		}
		g.now += rules.Second
	}
	if got := len(g.entries) - begin; got > 60+30+1 || slow == 0 {
		t.Fatalf("%d records in 300 s", got)
	}
	g.reboot()
	g.now += 10 * rules.Minute
	if v := g.restrict(statement.Restriction{Kind: statement.Block, Compartments: []uint16{1}}); !v.Accepted {
		t.Fatalf("ten minutes later: %+v", v)
	}
}
