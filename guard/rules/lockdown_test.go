package rules_test

import (
	"math/rand/v2"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// forced is a door that opens by itself, and is seen for two seconds.
func (g *rig) forced(number uint16) {
	g.Helper()
	g.doors[number] = rules.Open
	g.pass(2 * rules.Second)
}

// jamming fails a deposit in a jam: its door is faulted.
func (p *phone) jamming(x statement.Expected) {
	p.Helper()
	for p.wish(statement.WantDeposit, x.Barcode, 0) == door.Budget {
		p.pass(p.reply.Wait * 1000)
	}
	number := p.view().Compartment
	p.stuck[number] = true
	for range 3 {
		p.press()
		p.pass(10 * rules.Second)
	}
	if !p.compartment(number).Faulted {
		p.Fatalf("door %d is not faulted", number)
	}
}

// causes is what raises a lockdown (R10): how it comes and what ends it.
var causes = []struct {
	name, reason string
	raise        func(*phone)
	end          func(*phone)
}{
	{"a second uncommanded door", "a second uncommanded door", func(p *phone) {
		p.forced(20)
		p.closeDoor(20)
		p.pass(9 * rules.Minute)
		p.forced(21)
	}, func(p *phone) { p.closeDoor(21) }},
	{"a second door in a pulse's window", "a second door moved with a pulse", func(p *phone) {
		p.typeCode(parcel(1).Barcode)
		p.press()
		p.pass(2 * rules.Second)
		p.doors[20] = rules.Open
		p.pass(3 * rules.Second)
		p.closeDoor(1)
	}, func(p *phone) { p.closeDoor(20) }},
	{"a foreign address", "a foreign address on the bus", func(p *phone) { p.do(rules.Foreign{Board: 9}) },
		func(p *phone) { p.pass(11 * rules.Minute) }},
	{"the case opened", "the case was opened", func(p *phone) {
		p.shut = rules.Open
		p.look()
	}, func(p *phone) { p.shut = rules.Closed; p.look() }},
	{"a third faulted door", "a third faulted door", func(p *phone) {
		for range 3 {
			p.jamming(parcel(3))
		}
	}, func(p *phone) {
		p.stuck = map[uint16]bool{}
		p.walkedThrough()
	}},
}

// walkedThrough is a technician's walk-test of every door.
func (g *rig) walkedThrough() {
	g.Helper()
	g.ask(door.KioskRequest{Verb: door.Cancel})
	g.ask(door.KioskRequest{Verb: door.Cancel})
	t := g.technician()
	if reason := t.scan(); reason != "" {
		g.Fatalf("no challenge for service: %s", reason)
	}
	if reason := t.say(statement.TaskWalk); reason != "" {
		g.Fatalf("no walk: %s", reason)
	}
	for v := g.view(); v.Service.Walking; v = g.view() {
		switch v.Stage {
		case door.Press:
			g.press()
		case door.ByKey:
			g.doors[v.Compartment] = rules.Open
		case door.Open:
			g.doors[v.Compartment] = rules.Closed
		}
		g.pass(rules.Second)
	}
	if reason := t.say(statement.TaskEnd); reason != "" {
		g.Fatalf("no end: %s", reason)
	}
}

func TestLockdownByEachCause(t *testing.T) {
	for _, c := range causes {
		t.Run(c.name, func(t *testing.T) {
			p := stocked(t, 24, 3)
			p.deposited(parcel(1))
			p.pass(10 * rules.Second)
			c.raise(p)
			if p.state.Lockdown.Record == 0 || p.state.Lockdown.Reason != c.reason || p.count(journal.Lockdown) != 1 {
				t.Fatalf("lockdown %d, %q", p.state.Lockdown.Record, p.state.Lockdown.Reason)
			}
			l := p.liftOf()
			if v := p.lift(l, p.network.Operators[:2]...); v.Accepted || v.Reason != "cause" {
				t.Fatalf("lifted while its cause stands: %+v", v)
			}
			if reason := p.showCosigned(p.cosign(l, p.network.Operators[:2]...)); reason != door.LockedDown {
				t.Fatalf("lifted by the scanner while its cause stands: %q", reason)
			}
			c.end(p)
			p.refusesLifts(l)
			if v := p.lift(l, p.network.Operators[:2]...); !v.Accepted {
				t.Fatalf("an honest lift: %+v", v)
			}
			if r := p.last(journal.Lifted); len(r.Persons) != 2 || r.Reason != c.reason {
				t.Fatalf("the record of the lift: %+v", r)
			}
			p.do(rules.Foreign{Board: 9})
			p.pass(11 * rules.Minute)
			if v := p.lift(l, p.network.Operators[:2]...); v.Accepted || v.Reason != "record" {
				t.Fatalf("the lift of an earlier lockdown: %+v", v)
			}
		})
	}
}

// refusesLifts: of one person, of strangers, of another locker, record or hash.
func (p *phone) refusesLifts(l statement.Lift) {
	p.Helper()
	operators := p.network.Operators
	for name, v := range map[string]rules.Verdict{
		"one operator": p.lift(l, operators[0]), "one operator twice": p.lift(l, operators[0], operators[0]),
		"a technician": p.lift(l, operators[0], p.network.Technicians[0]), "dispatch": p.lift(l, p.network.Dispatch, operators[0]),
		"another locker": p.lift(statement.Lift{Locker: "l2", Record: l.Record, Hash: l.Hash}, operators[:2]...),
		"another record": p.lift(statement.Lift{Locker: "l1", Record: l.Record + 1, Hash: l.Hash}, operators[:2]...),
		"another hash":   p.lift(statement.Lift{Locker: "l1", Record: l.Record}, operators[:2]...),
	} {
		if v.Accepted || p.state.Lockdown.Record == 0 {
			p.Errorf("lifted by %s", name)
		}
	}
}

// TestTenMinutesBetweenTwoForcedDoors draws the line, also over a power cut.
func TestTenMinutesBetweenTwoForcedDoors(t *testing.T) {
	for _, c := range []struct {
		between int64
		reboot  bool
		want    bool
	}{{9 * rules.Minute, false, true}, {11 * rules.Minute, false, false}, {9 * rules.Minute, true, true}} {
		p := stocked(t, 24, 1)
		p.forced(20)
		p.closeDoor(20)
		p.pass(c.between)
		if c.reboot {
			p.reboot()
		}
		p.forced(21)
		if got := p.state.Lockdown.Record > 0; got != c.want {
			t.Errorf("%d min, reboot %v: lockdown %v", c.between/rules.Minute, c.reboot, got)
		}
	}
	p := stocked(t, 24, 1)
	for range 3 { // one door whose switch is bad is no second door
		p.forced(20)
		p.closeDoor(20)
	}
	if p.state.Lockdown.Record > 0 {
		t.Error("one bad switch is a lockdown")
	}
}

// TestUncommandedTakesThreeReadsOverASecond: two reads, or three within less, are noise.
func TestUncommandedTakesThreeReadsOverASecond(t *testing.T) {
	for _, c := range []struct {
		reads int
		apart int64
		want  rules.Occupancy
	}{{2, 3 * rules.Second, rules.Occupied}, {9, rules.Second / 10, rules.Occupied}, {3, rules.Second / 2, rules.Quarantine}} {
		p := stocked(t, 24, 1)
		number := p.deposited(parcel(1))
		p.pass(20 * rules.Second)
		p.doors[number] = rules.Open
		for i := range c.reads {
			if i > 0 {
				p.now += c.apart
			}
			p.look()
		}
		p.doors[number] = rules.Closed
		p.look()
		if got := p.occupancy(number); got != c.want {
			t.Errorf("%d reads, %d ms apart: %s", c.reads, c.apart/1000, got)
		}
	}
}

// TestWhatALockdownLeaves: deposits into empty compartments and the walk-test go on; nothing opens a parcel's door.
func TestWhatALockdownLeaves(t *testing.T) {
	p := stocked(t, 24, 4)
	first := p.deposited(parcel(1))
	p.deposited(parcel(2))
	p.closeDoor(p.opened(parcel(2))) // in grace now
	p.wish(statement.WantDeposit, parcel(3).Barcode, 0)
	quarantined := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	p.wish(statement.WantCancel, parcel(3).Barcode, 0)
	p.closeDoor(quarantined)
	p.signLast(first)
	p.do(rules.Foreign{Board: 9})
	pulses := len(p.pulses)
	for name, reason := range map[string]door.Reason{
		"collect": p.typeCode(parcel(1).Barcode), "grace": p.typeCode(parcel(2).Barcode),
		"qr":     p.ask(door.KioskRequest{Verb: door.Secret, Secret: p.secretOf(parcel(1))}),
		"reopen": p.wish(statement.WantReopen, parcel(3).Barcode, 0), "override": p.showLast(),
	} {
		if reason != door.LockedDown && !(name == "grace" && reason == door.NotNow) { // a courier stands here: no grace anyhow
			t.Errorf("%s in a lockdown: %q", name, reason)
		}
	}
	p.press()
	if len(p.pulses) != pulses {
		t.Fatal("a door opened")
	}
	if p.view().LockedDown != p.state.Lockdown.Record {
		t.Error("the kiosk is not told")
	}
	p.deposited(parcel(4))
	if reason := p.typeCode(parcel(4).Barcode); reason != door.LockedDown {
		t.Errorf("collecting what was put in during it: %q", reason)
	}
	p.reboot()
	if reason := p.typeCode(parcel(1).Barcode); reason != door.LockedDown {
		t.Errorf("after a power cut: %q", reason)
	}
}

func (g *rig) secretOf(x statement.Expected) []byte { s := g.codes[x.Barcode].Secret; return s[:] }

func TestNoWithdrawalInALockdown(t *testing.T) {
	p := stocked(t, 24, 1)
	p.deposited(parcel(1))
	p.pass(25 * rules.Hour)
	p.setTime()
	p.pass(rules.Second)
	p.scan()
	p.do(rules.Foreign{Board: 9})
	if reason := p.wish(statement.WantWithdraw, parcel(1).Barcode, 0); reason != door.LockedDown {
		t.Fatalf("a withdrawal: %q", reason)
	}
	p.pass(11 * rules.Minute)
	p.lift(p.liftOf(), p.network.Operators[1:]...)
	p.scan()
	if reason := p.wish(statement.WantWithdraw, parcel(1).Barcode, 0); reason != "" {
		t.Fatalf("after the lift: %q", reason)
	}
}

// TestALockdownReachesThePress: a prompt from before it opens nothing.
func TestALockdownReachesThePress(t *testing.T) {
	p := stocked(t, 24, 1)
	p.deposited(parcel(1))
	p.typeCode(parcel(1).Barcode)
	p.do(rules.Foreign{Board: 9})
	p.press()
	if v := p.view(); len(p.pulses) != 1 || v.Outcome != string(door.LockedDown) {
		t.Fatalf("%d pulses, %q", len(p.pulses), v.Outcome)
	}
}

// TestLiftByTheScanner: where there is no line.
func TestLiftByTheScanner(t *testing.T) {
	p := stocked(t, 24, 1)
	p.deposited(parcel(1))
	p.do(rules.Foreign{Board: 9})
	p.pass(11 * rules.Minute)
	if reason := p.showCosigned(p.cosign(p.liftOf(), p.network.Operators[:2]...)); reason != "" || p.state.Lockdown.Record > 0 {
		t.Fatalf("the lift: %q", reason)
	}
	if reason := p.typeCode(parcel(1).Barcode); reason != "" {
		t.Fatalf("a collection after it: %q", reason)
	}
}

// TestTheCase: outside a technician's session it is a lockdown at once, within one when it stands open at the end.
func TestTheCase(t *testing.T) {
	serving := func(t *testing.T) *technician {
		g := newRig(t, 24)
		s := g.technician()
		s.scan()
		if reason := s.say(statement.TaskWalk); reason != "" {
			t.Fatal(reason)
		}
		g.shut = rules.Open
		g.look()
		if g.state.Lockdown.Record > 0 || g.alarms("case open") != 1 {
			t.Fatal("within the session: a lockdown, or no alarm")
		}
		g.ask(door.KioskRequest{Verb: door.Cancel})
		return s
	}
	t.Run("shut in time", func(t *testing.T) {
		s := serving(t)
		s.shut = rules.Closed
		s.pass(20 * rules.Minute)
		if s.state.Lockdown.Record > 0 || s.last(journal.Serviced).Reason != "ended" {
			t.Fatalf("lockdown %q, session %q", s.state.Lockdown.Reason, s.last(journal.Serviced).Reason)
		}
	})
	t.Run("left open", func(t *testing.T) {
		s := serving(t)
		for s.count(journal.Serviced) < 2 && s.now < rules.Hour {
			s.pass(30 * rules.Second)
		}
		if s.state.Lockdown.Reason != "the case was left open" {
			t.Fatalf("lockdown %q", s.state.Lockdown.Reason)
		}
	})
	t.Run("left open, said to be the end", func(t *testing.T) {
		s := serving(t)
		s.ask(door.KioskRequest{Verb: door.Cancel}) // skips a door
		for s.say(statement.TaskEnd) == door.Busy {
			s.ask(door.KioskRequest{Verb: door.Cancel})
			s.number--
		}
		if s.state.Lockdown.Reason != "the case was left open" {
			t.Fatalf("lockdown %q, %q", s.state.Lockdown.Reason, s.reply.Reason)
		}
	})
	t.Run("no cancel ends the session", func(t *testing.T) {
		s := serving(t)
		for range 9 {
			s.ask(door.KioskRequest{Verb: door.Cancel})
			s.pass(rules.Second)
		}
		if s.state.Lockdown.Record > 0 {
			t.Fatal("cancelled, and the open case became a lockdown")
		}
	})
	t.Run("open over a power cut", func(t *testing.T) {
		s := serving(t)
		s.reboot()
		if s.state.Lockdown.Record == 0 {
			t.Fatal("nobody is in session, the case is open")
		}
	})
}

// TestNoMessageRaisesALockdown: L02. Whatever kiosk and link say, in any state that messages and presses reach, is none.
func TestNoMessageRaisesALockdown(t *testing.T) {
	deposits, wrong, refusals, tests := 0, 0, 0, 0
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 2))
		p := stocked(t, 6, 3)
		tech := p.technician()
		for range 400 {
			p.babble(tech, random)
			if p.state.Lockdown.Record > 0 {
				t.Fatalf("seed %d: %q", seed, p.state.Lockdown.Reason)
			}
			if v := p.view(); v.Stage == door.Open { // visitors are honest: they close
				p.closeDoor(v.Compartment)
			}
			p.pass(int64(random.IntN(20)) * rules.Second / 2)
		}
		deposits, wrong, tests = deposits+p.count(journal.DepositIntent), wrong+p.count(journal.WrongCode), tests+p.count(journal.TestIntent)
		refusals += p.count(journal.Refusals)
	}
	if deposits == 0 || wrong == 0 || refusals == 0 || tests == 0 {
		t.Fatalf("too little happened: %d deposits, %d wrong codes, %d records of refusals, %d tests", deposits, wrong, refusals, tests)
	}
	t.Logf("%d deposits, %d wrong codes, %d records of refusals, %d tests", deposits, wrong, refusals, tests)
}

// babble is one random request by kiosk or link, good or bad, or a press.
func (p *phone) babble(tech *technician, random *rand.Rand) {
	verbs := []door.KioskVerb{door.Code, door.Secret, door.Return, door.Larger, door.Courier, door.Technician, door.Override, door.Present,
		door.Cosigned, door.Cancel, door.Watch, "open", ""}
	junk := make([]byte, random.IntN(40))
	for i := range junk {
		junk[i] = byte(random.Uint32())
	}
	x := parcel(random.IntN(4) + 1)
	switch random.IntN(12) {
	case 0:
		p.ask(door.KioskRequest{Verb: verbs[random.IntN(len(verbs))], Presentation: junk})
	case 1:
		p.ask(door.KioskRequest{Verb: verbs[random.IntN(len(verbs))]})
	case 2:
		p.typeCode(x.Barcode)
	case 3:
		p.ask(door.KioskRequest{Verb: door.Code, Code: statement.CompleteCode("12345678")})
	case 4:
		if p.ask(door.KioskRequest{Verb: door.Courier}) == "" {
			p.challenge, p.number = p.readChallenge(p.view().Session.Challenge), 0
		}
	case 5, 6:
		if s := p.view().Session; s != nil {
			p.number = s.Number
		}
		p.wish(statement.Want(random.IntN(8)+1), x.Barcode, uint8(random.IntN(4)))
	case 7:
		tech.scan()
	case 8:
		if s := p.view().Service; s != nil {
			tech.number = s.Number
		}
		tech.say([]statement.Task{statement.TaskWalk, statement.TaskEmpty, statement.TaskNotEmpty, statement.TaskEnd}[random.IntN(4)])
	case 9:
		p.signLast(uint16(random.IntN(6) + 1))
		p.showLast()
	case 10:
		p.link(uint64(random.IntN(5)), junk)
		kinds := []statement.Restriction{{Kind: statement.Pause, Minutes: 1}, {Kind: statement.Block, Compartments: []uint16{2}},
			{Kind: statement.Unblock, Compartments: []uint16{2}}, {Kind: statement.Extend, Barcode: x.Barcode, DwellHours: 40}, {Kind: statement.Reissue, Barcode: x.Barcode}}
		p.restrict(kinds[random.IntN(len(kinds))])
		p.lift(statement.Lift{Locker: "l1", Record: 1 + uint64(random.IntN(9))}, p.network.Operators[:2]...)
	case 11:
		p.press()
	}
}
