package rules_test

import (
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// TestAnOverrideEndsAsTheTechnicianSays: R9. Only the word "empty" empties; without a word everything is as before.
func TestAnOverrideEndsAsTheTechnicianSays(t *testing.T) {
	for _, c := range []struct {
		name    string
		task    statement.Task // 0 for nothing said
		open    bool           // said at the open door, not after it
		inside  rules.Inside   // what a sensor sees, where there is one
		kind    journal.Kind
		outcome string
		after   rules.Occupancy
	}{
		{"empty", statement.TaskEmpty, false, 0, journal.Overridden, "emptied", rules.Empty},
		{"empty, at the open door", statement.TaskEmpty, true, 0, journal.Overridden, "emptied", rules.Empty},
		{"empty, and a sensor sees something", statement.TaskEmpty, false, rules.Something, journal.Overridden, "as before", rules.Occupied},
		{"not empty", statement.TaskNotEmpty, false, 0, journal.Overridden, "as before", rules.Occupied},
		{"unsaid", 0, false, 0, journal.OverrideFailed, "as before", rules.Occupied},
		{"unsaid, and a sensor sees nothing", 0, false, rules.Nothing, journal.OverrideFailed, "as before", rules.Occupied},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := stocked(t, 24, 1)
			x := parcel(1)
			number := p.deposited(x)
			p.sensors, p.inside[number] = c.inside > 0, c.inside
			o := p.overridden(number)
			if v := p.view(); v.Stage != door.Open || v.Errand != door.Overriding || v.Compartment != number {
				t.Fatalf("after the press: %s %s at %d", v.Stage, v.Errand, v.Compartment)
			}
			if r := p.last(journal.OverrideIntent); r.Parcel != x.Barcode || len(r.Persons) != 3 || r.Reason != o.Reason {
				t.Fatalf("the intent names %q, %q, %q", r.Parcel, r.Persons, r.Reason)
			}
			tech := p.technician()
			if c.open {
				tech.about(o, c.task)
			}
			p.closeDoor(number)
			if !c.open && c.task > 0 {
				if reason := tech.about(o, c.task); reason != "" {
					t.Fatalf("the technician's word: %q", reason)
				}
			}
			if c.task == 0 {
				p.pass(181 * rules.Second)
			}
			if v := p.view(); v.Outcome != c.outcome && c.task > 0 || p.occupancy(number) != c.after || p.count(c.kind) != 1 {
				t.Fatalf("%q, %s, %d records %q", v.Outcome, p.occupancy(number), p.count(c.kind), c.kind)
			}
			want := map[bool]door.Reason{true: door.WrongCode, false: ""}[c.after == rules.Empty]
			if reason := p.typeCode(x.Barcode); reason != want {
				t.Fatalf("the parcel's code afterwards: %q", reason)
			}
			if c.after == rules.Empty && len(p.state.DeadCodes) != 1 {
				t.Fatal("the code was not buried")
			}
		})
	}
}

func TestAnOverrideOfAQuarantine(t *testing.T) {
	for task, after := range map[statement.Task]rules.Occupancy{statement.TaskEmpty: rules.Empty, statement.TaskNotEmpty: rules.Quarantine, 0: rules.Quarantine} {
		p := stocked(t, 24, 1)
		number := p.deposited(parcel(1))
		p.doors[number] = rules.Open
		p.pass(2 * rules.Second)
		p.closeDoor(number)
		o := p.overridden(number)
		p.closeDoor(number)
		if task > 0 {
			p.technician().about(o, task)
		}
		p.pass(4 * rules.Minute)
		if got := p.occupancy(number); got != after {
			t.Errorf("task %d: %s", task, got)
		}
	}
}

// TestOverridesTakeThreePersons: G02 and its kin. What is refused takes nothing away: the honest override still opens.
func TestOverridesTakeThreePersons(t *testing.T) {
	p := stocked(t, 24, 2)
	number := p.deposited(parcel(1))
	operator, technicians := p.network.Operators, p.network.Technicians
	second := p.seed() // of operator 1, too
	both := p.seed()   // a technician's key of operator 2
	if v := p.recharter(func(c *statement.Charter) {
		c.Operators.Holders = append(c.Operators.Holders, statement.Holder{Key: second.Key(), Person: "operator 1"})
		c.Technicians.Holders = append(c.Technicians.Holders, statement.Holder{Key: both.Key(), Person: "operator 2"})
	}); !v.Accepted {
		t.Fatalf("the charter: %s", v.Reason)
	}
	o := p.overrideOf(number)
	sign := func(signers ...*statement.Signer) [][]byte { return p.cosign(o, signers...) }
	other := o
	other.Compartment = 2
	for name, envelopes := range map[string][][]byte{
		"one operator":                    sign(operator[0], technicians[0]),
		"one operator twice":              sign(operator[0], operator[0], technicians[0]),
		"two keys of one person":          sign(operator[0], second, technicians[0]),
		"no technician":                   sign(operator[0], operator[1], operator[2]),
		"the technician is an operator":   sign(operator[0], operator[1], both),
		"two technicians and an operator": sign(operator[0], technicians[0], technicians[1]),
		"roots":                           sign(p.network.Roots[0], p.network.Roots[1], technicians[0]),
		"dispatch":                        sign(operator[0], p.network.Dispatch, technicians[0]),
	} {
		if reason := p.showCosigned(envelopes); reason != door.NotBelieved {
			t.Errorf("%s: %q", name, reason)
		}
	}
	for name, change := range map[string]func(*statement.Override){
		"another locker":        func(o *statement.Override) { o.Locker = "l2" },
		"another boot":          func(o *statement.Override) { o.Boot++ },
		"another counter":       func(o *statement.Override) { o.Counter++ },
		"another nonce":         func(o *statement.Override) { o.Nonce[3] ^= 1 },
		"another parcel":        func(o *statement.Override) { o.Parcel = parcel(2).Barcode },
		"no parcel":             func(o *statement.Override) { o.Parcel = "" },
		"an empty compartment":  func(o *statement.Override) { o.Compartment, o.Parcel = 7, "" },
		"no such compartment":   func(o *statement.Override) { o.Compartment = 99 },
		"another's compartment": func(o *statement.Override) { o.Compartment = 7 },
	} {
		wrong := o
		change(&wrong)
		if reason := p.showCosigned(p.cosign(wrong, p.crew()...)); reason != door.NotBelieved && reason != door.NotHere {
			t.Errorf("%s: %q", name, reason)
		}
	}
	p.press()
	if len(p.pulses) != 1 {
		t.Fatal("one of them opened a door")
	}
	if reason := p.showCosigned(p.cosign(o, p.crew()...)); reason != "" {
		t.Fatalf("the honest one: %q", reason)
	}
	p.press()
	if got := p.pulses[len(p.pulses)-1]; got != number || len(p.pulses) != 2 {
		t.Fatalf("the honest one opened %d", got)
	}
}

// TestOneChallengeOnePulse: G05. A signed override opens nothing a second time, nor late, nor after a reboot.
func TestOneChallengeOnePulse(t *testing.T) {
	for name, between := range map[string]func(*phone, uint16){
		"after its pulse": func(p *phone, number uint16) {
			p.showLast()
			p.press()
			p.pass(rules.Second)
			p.closeDoor(number)
			p.pass(6 * rules.Minute)
		},
		"after 30 minutes": func(p *phone, _ uint16) { p.pass(30*rules.Minute + rules.Second) },
		"after a reboot":   func(p *phone, _ uint16) { p.reboot() },
		"after a crash between write and pulse": func(p *phone, number uint16) {
			p.showLast()
			p.stuck[number] = true // written, and the pulse went nowhere
			p.press()
			p.reboot()
			p.stuck[number] = false
			if p.occupancy(number) != rules.Occupied || p.last(journal.OverrideFailed).Reason != "crash" {
				p.Errorf("the crash was read as %s", p.occupancy(number))
			}
		},
		"after a jam": func(p *phone, number uint16) {
			p.showLast()
			p.stuck[number] = true
			p.press()
			p.pass(4 * rules.Second)
			p.press() // an override has no further presses
			p.pass(4 * rules.Second)
			p.stuck[number] = false
			if v := p.view(); v.Stage != door.Failed || v.Outcome != "jam" || p.last(journal.OverrideFailed).Reason != "jam" {
				p.Errorf("in a jam: %s %s", v.Stage, v.Outcome)
			}
			p.pass(6 * rules.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := stocked(t, 24, 1)
			number := p.deposited(parcel(1))
			p.signLast(number)
			between(p, number)
			before := len(p.pulses)
			if reason := p.showLast(); reason != door.NotBelieved {
				t.Errorf("shown again: %q", reason)
			}
			p.press()
			if len(p.pulses) != before {
				t.Error("a second pulse")
			}
		})
	}
}

// signLast has an override signed; showLast holds it before the scanner.
func (p *phone) signLast(number uint16) { p.signed = p.cosign(p.overrideOf(number), p.crew()...) }
func (p *phone) showLast() door.Reason  { return p.showCosigned(p.signed) }

// TestAnOverrideJudgesThePressToo: what was believed at the prompt may not hold at the press.
func TestAnOverrideJudgesThePressToo(t *testing.T) {
	for name, between := range map[string]func(*phone){
		"paused":                func(p *phone) { p.restrict(statement.Restriction{Kind: statement.Pause, Minutes: 10}) },
		"locked down":           func(p *phone) { p.do(rules.Foreign{Board: 9}) },
		"the challenge too old": func(p *phone) { p.now += 15 * rules.Second; p.look() },
	} {
		p := stocked(t, 24, 1)
		number := p.deposited(parcel(1))
		p.signLast(number)
		p.pass(30*rules.Minute - 10*rules.Second)
		if reason := p.showLast(); reason != "" {
			t.Fatalf("%s: shown in time: %q", name, reason)
		}
		between(p)
		p.press()
		if len(p.pulses) != 1 {
			t.Errorf("%s: opened", name)
		}
		if reason := p.showLast(); reason == "" {
			t.Errorf("%s: shown again, it is accepted", name)
		}
	}
}

// TestAskingAgainTakesNoChallengeAway: whoever asks for a challenge sees the one that is outstanding, for ten minutes.
func TestAskingAgainTakesNoChallengeAway(t *testing.T) {
	p := stocked(t, 24, 1)
	number := p.deposited(parcel(1))
	p.signLast(number)
	for range 9 {
		p.pass(rules.Minute)
		p.ask(door.KioskRequest{Verb: door.Override})
	}
	if reason := p.showLast(); reason != "" {
		t.Fatalf("nine minutes later: %q", reason)
	}
}

// TestNoncesServeOnePurpose: the nonce of one challenge answers no other.
func TestNoncesServeOnePurpose(t *testing.T) {
	p := stocked(t, 24, 2)
	number := p.deposited(parcel(1))
	p.wish(statement.WantReceipt, "", 0)
	tech := p.technician()
	o := p.overrideOf(number)
	check := func(name string, reason door.Reason) {
		if reason != door.NotBelieved && reason != door.NotNow {
			t.Errorf("%s: %q", name, reason)
		}
	}
	if tech.scan() != "" {
		t.Fatal("no challenge for service")
	}
	wrong := o
	wrong.Nonce = tech.nonce
	check("a service nonce for an override", p.showCosigned(p.cosign(wrong, p.crew()...)))
	check("an override's nonce for a session of service", tech.show(statement.Service{Locker: "l1", Nonce: o.Nonce, Number: 1, Task: statement.TaskWalk}))
	check("the word about an override, without one", tech.about(o, statement.TaskEmpty))
	p.challenge.Nonce, p.number = tech.nonce, 0
	check("a service nonce for a courier", p.wish(statement.WantDeposit, parcel(2).Barcode, 0))
	p.scan()
	wrong.Nonce = p.challenge.Nonce
	check("a courier's nonce for an override", p.showCosigned(p.cosign(wrong, p.crew()...)))
	check("a courier's nonce for service", tech.show(statement.Service{Locker: "l1", Nonce: p.challenge.Nonce, Number: 1, Task: statement.TaskWalk}))
	p.challenge.Nonce = o.Nonce
	check("an override's nonce for a courier", p.wish(statement.WantDeposit, parcel(2).Barcode, 0))
}

// TestTheWordAboutAnOverrideIsItsTechnicians: not another's, not over another challenge.
func TestTheWordAboutAnOverrideIsItsTechnicians(t *testing.T) {
	p := stocked(t, 24, 1)
	number := p.deposited(parcel(1))
	o := p.overridden(number)
	p.closeDoor(number)
	stranger, late := p.technician(), o
	stranger.key = p.network.Technicians[1]
	late.Nonce[0] ^= 1
	operator := p.technician()
	operator.key = p.network.Operators[0]
	for name, reason := range map[string]door.Reason{"another technician": stranger.about(o, statement.TaskEmpty),
		"another challenge": p.technician().about(late, statement.TaskEmpty), "an operator": operator.about(o, statement.TaskEmpty)} {
		if reason != door.NotBelieved {
			t.Errorf("%s: %q", name, reason)
		}
	}
	if got := p.occupancy(number); got == rules.Empty {
		t.Fatal("emptied")
	}
}

// TestOverrideBudgets: at the best pace of a crew that never tires, one in five minutes, four an hour, twelve a day; half of it
// without an interlock. Refused ones raise an alarm each challenge, not each time they are shown.
func TestOverrideBudgets(t *testing.T) {
	for interlock, want := range map[bool][3]int{true: {1, 4, 12}, false: {1, 2, 6}} {
		p := stocked(t, 24, 1, func(l *statement.Locker) { l.Interlock = interlock })
		number := p.deposited(parcel(1))
		var times []int64
		alarmed := 0
		for end := p.now + 26*rules.Hour; p.now < end; {
			o := p.overrideOf(number)
			envelopes := p.cosign(o, p.crew()...)
			switch reason := p.showCosigned(envelopes); reason {
			case "":
				p.press()
				times = append(times, p.now)
				p.pass(rules.Second)
				p.closeDoor(number)
				p.technician().about(o, statement.TaskNotEmpty)
				p.pass(rules.Second)
			case door.Budget:
				alarmed++
				for range 20 {
					p.showCosigned(envelopes)
				}
				p.skip(min(p.reply.Wait*1000, 10*rules.Minute))
			default:
				t.Fatalf("refused: %s", reason)
			}
		}
		for i, span := range []int64{5 * rules.Minute, rules.Hour, rules.Day} {
			if got := most(times, span); got != want[i] {
				t.Errorf("interlock %v: %d overrides in %d min, want %d", interlock, got, span/rules.Minute, want[i])
			}
		}
		if got := p.alarms("too many overrides"); got == 0 || got > alarmed {
			t.Errorf("%d alarms for %d challenges that came too early", got, alarmed)
		}
	}
}

func most(times []int64, span int64) (most int) {
	from := 0
	for i, t := range times {
		for times[from] <= t-span {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// TestAnOverrideNeedsNoClock: a locker that has never heard the time, or lost it.
func TestAnOverrideNeedsNoClock(t *testing.T) {
	p := stocked(t, 24, 1)
	number := p.deposited(parcel(1))
	p.state.Low, p.state.High = 0, 0
	p.overridden(number)
	if v := p.view(); v.Stage != door.Open {
		t.Fatalf("without the time: %s", v.Stage)
	}
}

// TestTheViewSaysHowLongAChallengeIsGood: a kiosk that begins late says the same as one that saw it drawn; at 0 it is answered no more.
func TestTheViewSaysHowLongAChallengeIsGood(t *testing.T) {
	p := stocked(t, 24, 1)
	number := p.deposited(parcel(1))
	drawn := p.now
	envelopes := p.cosign(p.overrideOf(number), p.crew()...)
	for _, left := range []int64{30 * 60e3, 20 * 60e3, 1, 0} {
		p.skip(drawn + 30*rules.Minute - left*1000 - p.now)
		if got := p.view().OverrideLeft; got != left {
			t.Fatalf("%d ms left, want %d", got, left)
		}
	}
	p.skip(1)
	if reason := p.showCosigned(envelopes); reason != door.NotBelieved {
		t.Errorf("after its time: %q", reason)
	}
}
