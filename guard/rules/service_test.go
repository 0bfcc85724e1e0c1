package rules_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// walking is a technician whose session has begun with a walk-test.
func (g *rig) walking() *technician {
	g.Helper()
	t := g.technician()
	if reason := t.scan(); reason != "" {
		g.Fatalf("no challenge: %s", reason)
	}
	if reason := t.say(statement.TaskWalk); reason != "" {
		g.Fatalf("no walk: %s", reason)
	}
	return t
}

// mixed is a rig with an empty, an occupied, a quarantined and a faulted compartment: 1 to 4 of six.
func mixed(t *testing.T) *phone {
	p := stocked(t, 6, 4)
	big := func(i int, size uint8) uint16 {
		p.pass(6 * rules.Second)
		if reason := p.wish(statement.WantDeposit, parcel(i).Barcode, size); reason != "" {
			t.Fatal(reason)
		}
		return p.view().Compartment
	}
	occupied := big(1, 2)
	p.press()
	p.pass(rules.Second)
	p.closeDoor(occupied)
	quarantined := big(2, 3)
	p.press()
	p.pass(rules.Second)
	p.wish(statement.WantCancel, parcel(2).Barcode, 0)
	p.closeDoor(quarantined)
	p.jamming(parcel(3))
	p.stuck = map[uint16]bool{}
	p.wish(statement.WantReceipt, "", 0)
	p.pass(20 * rules.Second)
	return p
}

// TestAWalkTestTriesEveryDoor: empty ones by a press, the others by the mechanical key; what passes is no longer faulted.
func TestAWalkTestTriesEveryDoor(t *testing.T) {
	p := mixed(t)
	pulses, presses := len(p.pulses), p.presses
	before := map[uint16]rules.Occupancy{}
	for _, c := range p.state.Compartments {
		before[c.Number] = c.Occupancy
	}
	p.walkedThrough()
	empty := 0
	for _, c := range p.state.Compartments {
		if c.Faulted || c.Occupancy != before[c.Number] {
			t.Errorf("door %d: faulted %v, %s after %s", c.Number, c.Faulted, c.Occupancy, before[c.Number])
		}
		if c.Occupancy == rules.Empty {
			empty++
		}
	}
	if len(p.pulses)-pulses != empty || p.presses-presses != empty || p.count(journal.Tested) != 6 || p.count(journal.TestIntent) != empty {
		t.Fatalf("%d pulses, %d presses, %d doors tested of which %d empty", len(p.pulses)-pulses, p.presses-presses, p.count(journal.Tested), empty)
	}
	if r := p.last(journal.Tested); len(r.Persons) != 1 || r.Persons[0] != "technician 1" || p.view().Service.Receipt == nil {
		t.Fatalf("tested by %q", r.Persons)
	}
	p.pass(4 * rules.Second)
	if reason := p.typeCode(parcel(1).Barcode); reason != "" {
		t.Fatalf("the parcel's code afterwards: %q", reason)
	}
}

// TestAWalkTestSkipsAndWaits: a skipped door goes on with the next, a jam faults, a budget is waited for.
func TestAWalkTestSkipsAndWaits(t *testing.T) {
	g := newRig(t, 24)
	g.walking()
	first := g.view().Compartment
	g.ask(door.KioskRequest{Verb: door.Cancel})
	g.pass(rules.Second)
	second := g.view().Compartment
	if second == first || g.compartment(first).Faulted || g.view().Stage != door.Press {
		t.Fatalf("after skipping %d: %s at %d", first, g.view().Stage, second)
	}
	g.stuck[second] = true
	g.press()
	g.pass(4 * rules.Second)
	if !g.compartment(second).Faulted || len(g.pulses) != 1 || g.alarms("jam") != 1 {
		t.Fatalf("a jam: faulted %v, %d pulses", g.compartment(second).Faulted, len(g.pulses))
	}
	waited := 0
	for v := g.view(); v.Service.Walking; v = g.view() {
		if v.Stage == door.Press {
			g.press()
			g.pass(rules.Second / 2)
			g.closeDoor(v.Compartment)
		}
		if g.pass(rules.Second / 2); g.view().Stage == door.Done {
			waited++
		}
	}
	if waited == 0 || g.view().Service.Tested != 22 {
		t.Fatalf("%d doors passed, %d waits for the budget", g.view().Service.Tested, waited)
	}
}

// TestNoTestKeepsALockerBusyForGood: whatever a door under test does, the next visitor is served in the end.
func TestNoTestKeepsALockerBusyForGood(t *testing.T) {
	for name, sensors := range map[string]bool{"a faulted door that stays open": false, "with sensors": true} {
		p := mixed(t)
		p.sensors = sensors
		p.walking()
		for range 40 {
			v := p.view()
			if v.Errand == door.Testing && v.Stage == door.ByKey && p.compartment(v.Compartment).Faulted {
				p.doors[v.Compartment] = rules.Open // and so it stays
				p.pass(rules.Second)
				break
			}
			p.ask(door.KioskRequest{Verb: door.Cancel})
			p.pass(rules.Second)
		}
		if p.view().Stage != door.Open {
			t.Fatalf("%s: not come to it", name)
		}
		p.pass(25 * rules.Minute)
		if reason := p.typeCode(parcel(1).Barcode); reason != "" {
			t.Errorf("%s: half an hour later: %q", name, reason)
		}
	}
}

// TestTechniciansAnswers: nobody but a technician of the charter, once, in time, one person a session.
func TestTechniciansAnswers(t *testing.T) {
	g := newRig(t, 6)
	s := g.technician()
	s.scan()
	good := statement.Service{Locker: "l1", Nonce: s.nonce, Number: 1, Task: statement.TaskWalk}
	for name, change := range map[string]func(*statement.Service){
		"another locker": func(a *statement.Service) { a.Locker = "l2" }, "another nonce": func(a *statement.Service) { a.Nonce[0] ^= 1 },
		"number 2 first": func(a *statement.Service) { a.Number = 2 },
	} {
		a := good
		change(&a)
		if reason := s.show(a); reason != door.NotBelieved {
			t.Errorf("%s: %q", name, reason)
		}
	}
	for name, key := range map[string]*statement.Signer{"an operator": g.network.Operators[0], "dispatch": g.network.Dispatch, "nobody": g.seed()} {
		if reason := (&technician{rig: g, key: key}).show(good); reason != door.NotBelieved {
			t.Errorf("%s: %q", name, reason)
		}
	}
	g.pass(61 * rules.Second)
	if reason := s.show(good); reason != door.NotBelieved || g.count(journal.Serviced) != 0 {
		t.Errorf("after 61 s: %q", reason)
	}
	s = g.walking()
	other := &technician{rig: g, key: g.network.Technicians[1], nonce: s.nonce, number: 1}
	if reason := other.say(statement.TaskEnd); reason != door.NotBelieved {
		t.Errorf("another technician in the session: %q", reason)
	}
	if reason := g.ask(door.KioskRequest{Verb: door.Courier}); reason != door.Busy {
		t.Errorf("a courier meanwhile: %q", reason)
	}
	for g.count(journal.Serviced) < 2 && g.now < 2*rules.Hour {
		g.pass(rules.Minute)
	}
	if s.count(journal.Serviced) != 2 || g.ask(door.KioskRequest{Verb: door.Courier}) != "" {
		t.Errorf("when nobody goes on: %d records, %q", s.count(journal.Serviced), g.reply.Reason)
	}
}

// An answer that comes while a door is under way has not counted: shown again afterwards it is done. One that was refused is refused as
// often as it is shown.
func TestATechniciansAnswerIsNotLost(t *testing.T) {
	g := newRig(t, 6)
	s := g.walking()
	if reason := s.say(statement.TaskEnd); reason != door.Busy || s.view().Stage != door.Press {
		t.Fatalf("beside a door under test: %q, %s", reason, s.view().Stage)
	}
	for s.view().Stage == door.Press {
		g.pass(5 * rules.Second)
	}
	for s.number--; s.say(statement.TaskEnd) == door.Busy && g.now < rules.Hour; s.number-- {
		g.ask(door.KioskRequest{Verb: door.Cancel})
	}
	if g.reply.Reason != "" || g.count(journal.Serviced) != 2 || s.view().Service.Receipt == nil {
		t.Errorf("the same answer later: %q, %d records", g.reply.Reason, g.count(journal.Serviced))
	}

	g = newRig(t, 6)
	s = g.technician()
	s.scan()
	board := g.swapped(0)
	first := s.commission(0, board) // there is no jumper
	s.number--
	if again := s.commission(0, board); first == "" || again != first {
		t.Errorf("without a jumper %q, shown again %q", first, again)
	}
}

// swapped is a board as it is described after its exchange.
func (g *rig) swapped(index int, change ...func(*statement.Board)) statement.Board {
	b := g.state.Wiring[index]
	b.Family, b.Address = "kerong", 5
	for _, f := range change {
		f(&b)
	}
	return b
}

// TestCommissioning: R14, a board swap. With the jumper, on its line, with the channels it needs and a driver.
func TestCommissioning(t *testing.T) {
	p := stocked(t, 24, 24)
	var far uint16
	var inside statement.Expected
	for i := 1; far == 0; i++ {
		x := parcel(i)
		if i == 1 {
			x.Size = 1
		}
		for p.wish(statement.WantDeposit, x.Barcode, 0) == door.Budget {
			p.pass(p.reply.Wait * 1000)
		}
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second)
		p.closeDoor(number)
		if p.compartment(number).Board == 1 {
			far, inside = number, x
		}
		p.wish(statement.WantReceipt, "", 0)
		p.ask(door.KioskRequest{Verb: door.Cancel})
		p.scan()
	}
	p.ask(door.KioskRequest{Verb: door.Cancel})
	p.pass(20 * rules.Second)
	p.signLast(far)
	s := p.walking()
	p.ask(door.KioskRequest{Verb: door.Cancel})
	if reason := s.commission(1, p.swapped(1)); reason != door.Jumper {
		t.Fatalf("without the jumper: %q", reason)
	}
	p.jumper = rules.Closed
	p.pass(rules.Second)
	p.rules.Drives = func(b statement.Board) error {
		if b.Family == "none" {
			return errors.New("no driver")
		}
		return nil
	}
	p.ask(door.KioskRequest{Verb: door.Cancel})
	for name, c := range map[string]struct {
		index uint8
		board statement.Board
	}{
		"another line":   {1, p.swapped(1, func(b *statement.Board) { b.Line = "bus0" })},
		"fewer channels": {1, p.swapped(1, func(b *statement.Board) { b.Channels = 2 })},
		"no such board":  {2, p.swapped(1)},
		"no driver":      {1, p.swapped(1, func(b *statement.Board) { b.Family = "none" })},
	} {
		p.ask(door.KioskRequest{Verb: door.Cancel})
		if reason := s.commission(c.index, c.board); reason != door.NotExpected {
			t.Errorf("%s: %q", name, reason)
		}
	}
	p.ask(door.KioskRequest{Verb: door.Cancel})
	if reason := s.commission(1, p.swapped(1)); reason != "" {
		t.Fatalf("the honest one: %q", reason)
	}
	for _, c := range p.state.Compartments {
		if c.Untested != (c.Board == 1) {
			t.Errorf("door %d: untested %v", c.Number, c.Untested)
		}
	}
	p.jumper = rules.Open
	p.look()
	pulses := len(p.pulses)
	for name, reason := range map[string]door.Reason{"its parcel's code": p.typeCode(inside.Barcode), "an override": p.showLast()} {
		if reason != door.OutOfOrder {
			t.Errorf("%s at an untested door: %q", name, reason)
		}
	}
	if p.press(); len(p.pulses) != pulses {
		t.Fatal("an untested door was pulsed")
	}
	p.say(s)
	p.do(rules.Housekeeping{})
	if p.typeCode(inside.Barcode) != "" || p.compartment(far).Untested {
		t.Fatalf("after the walk-test: %q", p.reply.Reason)
	}
}

// say ends the technician's session and walks through the doors in another.
func (p *phone) say(s *technician) {
	p.Helper()
	if reason := s.technicianEnds(); reason != "" {
		p.Fatalf("no end: %q", reason)
	}
	p.walkedThrough()
	p.pass(4 * rules.Second)
}

func (t *technician) technicianEnds() door.Reason {
	t.ask(door.KioskRequest{Verb: door.Cancel})
	return t.say(statement.TaskEnd)
}

// TestATechnicianAloneOpensNoOccupiedDoor: G03. Whatever a technician asks, presses, skips and says, with every state of
// compartment there is: no pulse to a door that is not EMPTY, and nothing becomes EMPTY.
func TestATechnicianAloneOpensNoOccupiedDoor(t *testing.T) {
	tests := 0
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 3))
		p := mixed(t)
		p.jumper = rules.Closed
		tech := p.technician()
		for range 300 {
			occupied := map[uint16]rules.Occupancy{}
			for _, c := range p.state.Compartments {
				if c.Occupancy != rules.Empty {
					occupied[c.Number] = c.Occupancy
				}
			}
			pulses := len(p.pulses)
			p.tinker(tech, random)
			for _, number := range p.pulses[pulses:] {
				tests++
				if was, is := occupied[number]; is {
					t.Fatalf("seed %d: a technician opened door %d, which is %s", seed, number, was)
				}
			}
			for number, was := range occupied {
				if p.occupancy(number) == rules.Empty {
					t.Fatalf("seed %d: door %d was %s and is EMPTY", seed, number, was)
				}
			}
		}
	}
	if tests < 50 {
		t.Fatalf("%d pulses: the test proves nothing", tests)
	}
	t.Logf("%d pulses", tests)
}

func (p *phone) tinker(tech *technician, random *rand.Rand) {
	if s := p.view().Service; s != nil {
		tech.number = s.Number
	}
	switch random.IntN(24) {
	case 0, 1:
		tech.scan()
	case 2, 3, 4:
		tech.say([]statement.Task{statement.TaskWalk, statement.TaskWalk, statement.TaskEmpty, statement.TaskNotEmpty, statement.TaskEnd}[random.IntN(5)])
	case 5:
		if random.IntN(6) == 0 {
			tech.commission(uint8(random.IntN(2)), p.swapped(random.IntN(2)))
		}
	case 6, 7:
		p.ask(door.KioskRequest{Verb: door.Cancel})
	case 8:
		p.doors[uint16(random.IntN(6)+1)] = rules.Switch(random.IntN(2) + 1)
	case 9:
		if random.IntN(8) == 0 {
			p.reboot()
		}
	case 10:
		if v := p.view(); v.Stage == door.ByKey { // the technician has the key
			p.doors[v.Compartment] = rules.Open
		}
	default:
		p.press()
	}
	p.pass(int64(random.IntN(30)) * rules.Second / 10)
	if v := p.view(); v.Stage == door.Open {
		p.closeDoor(v.Compartment)
	}
}

// TestASensorsWordKeepsATestFromTheLatch: EMPTY by the journal, and something inside: the technician takes the key.
func TestASensorsWordKeepsATestFromTheLatch(t *testing.T) {
	g := newRig(t, 6)
	g.sensors, g.inside[1] = true, rules.Something
	g.look()
	g.walking()
	if v := g.view(); v.Compartment != 1 || v.Stage != door.ByKey {
		t.Fatalf("%s at %d", v.Stage, v.Compartment)
	}
}

// TestATestNamesNoCollectedParcel: its recipient is told of every opening, and has it already.
func TestATestNamesNoCollectedParcel(t *testing.T) {
	p := stocked(t, 1, 1)
	p.deposited(parcel(1))
	p.closeDoor(p.opened(parcel(1)))
	p.wish(statement.WantReceipt, "", 0)
	from := len(p.entries)
	p.walkedThrough()
	for _, e := range p.entries[from:] {
		if e.Record.Parcel != "" {
			t.Errorf("%q names parcel %s", e.Record.Kind, e.Record.Parcel)
		}
	}
	if p.count(journal.Tested) != 1 {
		t.Fatal("nothing was tested")
	}
}

// certified is the locker certificate's, changed and signed again.
func (g *rig) certified(change func(*statement.Locker)) [][]byte {
	g.Helper()
	l := g.state.Locker
	l.Compartments = append([]statement.Compartment(nil), l.Compartments...)
	change(&l)
	b, err := g.network.SignLocker(l)
	check(g.T, err)
	return b.Envelopes
}

// TestProvisioningAgain: R14 and U03, only with every compartment EMPTY, under the same charter, for the same locker and guard.
func TestProvisioningAgain(t *testing.T) {
	another := newRig(t, 6)
	same := func(*statement.Locker) {}
	for _, c := range []struct {
		name, want string
		before     func(*phone)
		charter    func(*phone) [][]byte
		change     func(*statement.Locker)
	}{
		{"a parcel inside", "not empty", func(p *phone) { p.deposited(parcel(1)) }, nil, same},
		{"a quarantine", "not empty", func(p *phone) { p.forced(4) }, nil, same},
		{"a lockdown", "lockdown", func(p *phone) { p.do(rules.Foreign{Board: 9}) }, nil, same},
		{"another charter", "", nil, func(*phone) [][]byte { return another.network.Bundle.Envelopes }, same},
		{"the charter of before", "another charter", func(p *phone) { p.recharter(nothing) }, nil, same},
		{"another locker", "another locker's", nil, nil, func(l *statement.Locker) { l.ID = "l2" }},
		{"another guard's key", "another locker's", nil, nil, func(l *statement.Locker) { l.Guard = another.guard.Key() }},
	} {
		p := stocked(t, 6, 1)
		if c.before != nil {
			c.before(p)
		}
		charter := p.network.Bundle.Envelopes
		if c.charter != nil {
			charter = c.charter(p)
		}
		if _, _, err := p.state.Provision(charter, p.certified(c.change)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestABankIsAdded: all empty, a certificate with more doors; what was faulted or blocked is so afterwards, and no code of
// before is drawn again.
func TestABankIsAdded(t *testing.T) {
	p := stocked(t, 6, 2)
	p.closeDoor(p.deposited(parcel(1)))
	p.closeDoor(p.opened(parcel(1)))
	p.restrict(statement.Restriction{Kind: statement.Block, Compartments: []uint16{5}})
	p.wish(statement.WantReceipt, "", 0)
	p.walking()
	faulted := p.view().Compartment
	p.stuck[faulted] = true
	p.press()
	p.pass(4 * rules.Second)
	entry, facts, err := p.state.Provision(p.network.Bundle.Envelopes, p.certified(func(l *statement.Locker) {
		l.Compartments = append(l.Compartments, statement.Compartment{Number: 7, Size: 2, Board: 1, Channel: 9})
	}))
	check(t, err)
	p.entries, p.state.Facts = append(p.entries, entry), facts
	p.doors[7] = rules.Closed
	p.reboot()
	if len(p.state.Compartments) != 7 || !p.compartment(faulted).Faulted || !p.compartment(5).Blocked || p.compartment(7).Faulted {
		t.Errorf("faulted %v, blocked %v", p.compartment(faulted).Faulted, p.compartment(5).Blocked)
	}
	if len(p.state.DeadCodes) != 1 {
		t.Errorf("%d dead codes", len(p.state.DeadCodes))
	}
	if reason := p.typeCode(parcel(1).Barcode); reason != door.WrongCode {
		t.Errorf("a code of before: %q", reason)
	}
}
