package rules_test

import (
	"slices"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// opened types a parcel's code and presses; the door stands open after it.
func (p *phone) opened(x statement.Expected) uint16 {
	p.Helper()
	if reason := p.typeCode(x.Barcode); reason != "" {
		p.Fatalf("the code was refused: %s", reason)
	}
	number := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	return number
}

// TestASensorThatSeesSomethingKeepsTheParcel: R4, to EMPTY only with the sensor empty where one is fitted.
func TestASensorThatSeesSomethingKeepsTheParcel(t *testing.T) {
	p := stocked(t, 24, 1)
	p.sensors = true
	x := parcel(1)
	p.wish(statement.WantDeposit, x.Barcode, 0)
	number := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	p.inside[number] = rules.Something
	p.closeDoor(number)
	p.opened(x)
	p.closeDoor(number) // nothing was taken
	if c := p.compartment(number); c.Occupancy != rules.Occupied || c.Unclosed || p.count(journal.Collected) != 0 {
		t.Fatalf("after a collection that left the parcel: %s, unclosed %v", c.Occupancy, c.Unclosed)
	}
	p.opened(x)
	p.inside[number] = rules.Nothing
	p.closeDoor(number)
	if got := p.occupancy(number); got != rules.Empty {
		t.Fatalf("after the parcel was taken: %s", got)
	}
}

// TestNotEmptyIsQuarantineWhateverTheSensorSays: R4, a courier who finds something inside.
func TestNotEmptyIsQuarantineWhateverTheSensorSays(t *testing.T) {
	p := stocked(t, 24, 1)
	p.sensors = true // which see nothing: they are broken
	p.look()
	x := parcel(1)
	p.wish(statement.WantDeposit, x.Barcode, 0)
	first := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	p.wish(statement.WantNotEmpty, x.Barcode, 0)
	p.closeDoor(first)
	if v := p.view(); p.occupancy(first) != rules.Quarantine || v.Compartment == first || v.Stage != door.Press {
		t.Fatalf("the first door is %s, then %s at %d", p.occupancy(first), v.Stage, v.Compartment)
	}
}

func TestTakenOutIsNotBelievedAgainstASensor(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.wish(statement.WantDeposit, x.Barcode, 0)
	number := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	p.wish(statement.WantCancel, x.Barcode, 0)
	p.closeDoor(number)
	p.sensors, p.inside[number] = true, rules.Something
	p.wish(statement.WantReopen, x.Barcode, 0)
	p.press()
	p.pass(rules.Second)
	p.wish(statement.WantTakenOut, x.Barcode, 0)
	p.closeDoor(number)
	if got := p.occupancy(number); got != rules.Quarantine {
		t.Fatalf("taken out, with something inside: %s", got)
	}
}

// TestADoorThatSpringsOpenAgainEndsItsVisit: a reopened door closes, and opens before its courier has said what is inside.
func TestADoorThatSpringsOpenAgainEndsItsVisit(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.wish(statement.WantDeposit, x.Barcode, 0)
	number := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	p.wish(statement.WantCancel, x.Barcode, 0)
	p.closeDoor(number)
	p.wish(statement.WantReopen, x.Barcode, 0)
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	if v := p.view(); v.Stage != door.Say {
		t.Fatalf("after closing: %s", v.Stage)
	}
	p.doors[number] = rules.Open
	p.pass(2 * rules.Second)
	p.wish(statement.WantTakenOut, x.Barcode, 0)
	p.closeDoor(number)
	p.pass(2 * rules.Minute)
	if got := p.occupancy(number); got != rules.Quarantine {
		t.Fatalf("in the end: %s", got)
	}
}

// TestAnEmptyDoorForcedNamesNoParcel: the parcel it last held has been collected, and its recipient is not to be alarmed.
func TestAnEmptyDoorForcedNamesNoParcel(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.deposited(x)
	number := p.opened(x)
	p.closeDoor(number)
	p.pass(20 * rules.Second)
	p.doors[number] = rules.Open
	p.pass(2 * rules.Second)
	i := slices.IndexFunc(p.entries, func(e journal.Entry) bool { return e.Record.Kind == journal.Quarantined })
	if r := p.entries[i].Record; r.Parcel != "" || r.Compartment != number {
		t.Fatalf("it names %q at %d", r.Parcel, r.Compartment)
	}
}

// TestAPressThatNobodySawIsNone: the button's board was silent while the button went down.
func TestAPressThatNobodySawIsNone(t *testing.T) {
	p := stocked(t, 24, 24)
	var far string // a parcel behind the other board
	for i := 1; far == ""; i++ {
		for p.wish(statement.WantDeposit, parcel(i).Barcode, 0) == door.Budget {
			p.pass(p.reply.Wait * 1000)
		}
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second)
		p.closeDoor(number)
		if p.compartment(number).Board == 1 {
			far = parcel(i).Barcode
		}
		p.wish(statement.WantReceipt, "", 0)
		p.scan()
	}
	p.pass(20 * rules.Second)
	before := len(p.pulses)
	p.silent[0] = true
	p.pass(5 * rules.Second)
	if reason := p.typeCode(far); reason != door.OutOfOrder || p.view().OutOfOrder != "bus" {
		t.Fatalf("nobody would see a press, and the code is answered %q, %q", reason, p.view().OutOfOrder)
	}
	p.silent[0] = false
	p.pass(rules.Second)
	if reason := p.typeCode(far); reason != "" {
		t.Fatalf("the code was refused: %s", reason)
	}
	p.silent[0] = true
	p.pass(rules.Second)
	p.gate, p.presses = rules.Closed, p.presses+1 // leaned on, and nobody sees when
	p.pass(5 * rules.Second)
	p.silent[0] = false
	p.pass(rules.Second)
	if len(p.pulses) != before {
		t.Fatal("a press that nobody saw opened a door")
	}
	p.gate = rules.Open
	p.look()
	p.press()
	if len(p.pulses) != before+1 {
		t.Fatal("a press after the prompt opened none")
	}
}

// TestStatementsDatedAheadAreRefused: or a certificate of 14 days would hold for years.
func TestStatementsDatedAheadAreRefused(t *testing.T) {
	g := newRig(t, 24)
	g.setTime()
	g.expect(parcel(1))
	p := g.phone(func(c *statement.Courier) {
		c.From = g.wall + 365*rules.Day
		c.Until = c.From + 13*rules.Day
	})
	p.scan()
	if reason := p.wish(statement.WantDeposit, parcel(1).Barcode, 0); reason != door.NotBelieved {
		t.Errorf("a certificate of next year: %q", reason)
	}
	m := statement.Manifest{Locker: "l1", Number: 2, Carrier: ceremony.HouseCarrier, From: g.wall + rules.Hour,
		Until: g.wall + 30*rules.Hour, Parcels: []statement.Expected{parcel(2)}}
	envelope, err := statement.Sign(g.network.Dispatch, m)
	check(t, err)
	if v := g.link(2, envelope); v.Accepted || v.Reason != "early" || g.state.Down != 2 {
		t.Errorf("a manifest dated ahead: %+v, down %d", v, g.state.Down)
	}
}

func TestManifests(t *testing.T) {
	g := newRig(t, 24)
	g.setTime()
	sign := func(signer *statement.Signer, change func(*statement.Manifest)) []byte {
		m := statement.Manifest{Locker: "l1", Number: g.state.Down + 1, Carrier: ceremony.HouseCarrier, From: g.wall,
			Until: g.wall + 36*rules.Hour, Parcels: []statement.Expected{parcel(1)}}
		change(&m)
		envelope, err := statement.Sign(signer, m)
		check(t, err)
		return envelope
	}
	for _, c := range []struct {
		name     string
		signer   *statement.Signer
		number   uint64
		change   func(*statement.Manifest)
		reason   string
		consumes bool
	}{
		{"another locker's", g.network.Dispatch, 1, func(m *statement.Manifest) { m.Locker = "l2" }, "locker", false},
		{"by a time key", g.network.Time[0], 1, func(m *statement.Manifest) {}, "key", false},
		{"by a carrier's key", g.network.Carrier, 1, func(m *statement.Manifest) {}, "key", false},
		{"one ahead", g.network.Dispatch, 2, func(m *statement.Manifest) { m.Number = 2 }, "number", false},
		{"the largest number", g.network.Dispatch, 1<<64 - 1, func(m *statement.Manifest) { m.Number = 1<<64 - 1 }, "number", false},
		{"not the number it came with", g.network.Dispatch, 2, func(m *statement.Manifest) {}, "number", false},
		{"late", g.network.Dispatch, 1, func(m *statement.Manifest) { m.From, m.Until = g.wall-30*rules.Hour, g.wall-rules.Hour }, "late", true},
		{"again the number used up", g.network.Dispatch, 1, func(m *statement.Manifest) { m.Number = 1 }, "number", false},
		{"of a carrier that is none", g.network.Dispatch, 2, func(m *statement.Manifest) { m.Carrier = "nobody" }, "carrier", true},
		{"a good one", g.network.Dispatch, 3, func(m *statement.Manifest) {}, "", true},
	} {
		before := g.state.Down
		v := g.link(c.number, sign(c.signer, c.change))
		if v.Reason != c.reason || v.Accepted != (c.reason == "") || g.state.Down != before+map[bool]uint64{true: 1}[c.consumes] {
			t.Errorf("%s: %+v, down %d", c.name, v, g.state.Down)
		}
	}
}

// TestExpectedParcelsAreBoundedAndPassAway: the list never outgrows its bound, and what has passed makes room again.
func TestExpectedParcelsAreBoundedAndPassAway(t *testing.T) {
	g := newRig(t, 6)
	g.setTime()
	serial := 0
	send := func() rules.Verdict {
		var parcels []statement.Expected
		for range statement.MaxManifestParcels {
			serial++
			parcels = append(parcels, parcel(serial))
		}
		return g.expect(parcels...)
	}
	for range 5 {
		if v := send(); !v.Accepted {
			t.Fatalf("within the bound: %s", v.Reason)
		}
	}
	if v := send(); v.Reason != "too many" {
		t.Fatalf("beyond the bound: %+v", v)
	}
	g.pass(37 * rules.Hour)
	g.setTime()
	if v := send(); !v.Accepted || len(g.state.Expected) != statement.MaxManifestParcels {
		t.Fatalf("when all had passed: %+v, %d expected", v, len(g.state.Expected))
	}
}

// TestNoWriteFollowsAPulse: at three quarters of the cap the alarm is written with the intent, not after the pulse.
func TestNoWriteFollowsAPulse(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	number := p.deposited(x)
	for range 12 { // the rig holds every event to the rule
		p.stuck[number] = true
		if p.typeCode(x.Barcode) == door.Budget {
			break
		}
		for range 3 {
			p.press()
			p.pass(4 * rules.Second)
		}
	}
	if p.count(journal.Alarm) == 0 {
		t.Fatal("no alarm was raised: the test proves nothing")
	}
}

// TestUnpaid: the code alone does not open what is to be paid, nor a QR; a payment key's word does, for this parcel at this locker, once,
// through quarantine and checkpoints.
func TestUnpaid(t *testing.T) {
	p := stocked(t, 24, 1)
	x, y := parcel(30), parcel(31)
	x.Policy, y.Policy = statement.CodeAndPaid, statement.CodeAndPaid
	p.expect(x, y)
	if v := p.paid(x.Barcode, false); v.Reason != "not here" {
		t.Fatalf("a payment before the deposit: %+v", v)
	}
	number := p.deposited(x)
	p.pass(4 * rules.Minute)
	refused := func(when string) {
		t.Helper()
		secret := p.codes[x.Barcode].Secret
		for _, q := range []door.KioskRequest{{Verb: door.Code, Code: p.codes[x.Barcode].Code}, {Verb: door.Secret, Secret: secret[:]}} {
			if reason := p.ask(q); reason != door.Unpaid {
				t.Fatalf("%s: a right %s: %q", when, q.Verb, reason)
			}
		}
		if p.count(journal.WrongCode) > 0 {
			t.Fatal("a right code was counted as a wrong one")
		}
	}
	refused("at first")
	for what, envelope := range map[string][]byte{
		"dispatch's word":       p.sign(p.network.Dispatch, payment("l1", x.Barcode)),
		"another parcel's":      p.sign(p.network.Payment, payment("l1", y.Barcode)),
		"another locker's":      p.sign(p.network.Payment, payment("l2", x.Barcode)),
		"a parcel that is free": p.sign(p.network.Payment, payment("l1", parcel(1).Barcode)),
	} {
		if v := p.link(0, envelope); v.Accepted {
			t.Fatalf("%s was accepted", what)
		}
		refused(what)
	}
	if v := p.paid(x.Barcode, false); !v.Accepted {
		t.Fatalf("a payment: %+v", v)
	}
	if v := p.paid(x.Barcode, false); v.Reason != "not due" {
		t.Fatalf("a payment once more: %+v", v)
	}
	p.checkpoint()
	if reason := p.typeCode(x.Barcode); reason != "" || p.view().Compartment != number {
		t.Fatalf("a code that is paid: %q at %d", reason, p.view().Compartment)
	}
}

func payment(locker, barcode string) statement.Paid {
	return statement.Paid{Locker: locker, Barcode: barcode, Amount: 129000, Currency: "RUB", At: start, Reference: "p-1"}
}

// TestUnpaidThroughQuarantine: a deposit that nobody saw the end of keeps what was fixed at it, and what was paid meanwhile.
func TestUnpaidThroughQuarantine(t *testing.T) {
	for _, paid := range []bool{false, true} {
		p := stocked(t, 24, 1)
		x := parcel(30)
		x.Policy = statement.CodeAndPaid
		p.expect(x)
		p.wish(statement.WantDeposit, x.Barcode, 0)
		number := p.view().Compartment
		p.press()
		p.reboot()
		p.closeDoor(number)
		if paid && !p.paid(x.Barcode, false).Accepted {
			t.Fatal("a payment for a parcel in quarantine was refused")
		}
		p.setTime()
		p.scan()
		if reason := p.wish(statement.WantReopen, x.Barcode, 0); reason != "" {
			t.Fatal(reason)
		}
		p.press()
		p.pass(rules.Second)
		p.wish(statement.WantDeposit, x.Barcode, 0)
		p.closeDoor(number)
		p.pass(4 * rules.Minute)
		if reason := p.typeCode(x.Barcode); (reason == "") != paid || !paid && reason != door.Unpaid {
			t.Fatalf("paid %v: %q", paid, reason)
		}
	}
}

func TestReopeningTakesTheRightToDeposit(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.wish(statement.WantDeposit, x.Barcode, 0)
	number := p.view().Compartment
	p.press()
	p.reboot()
	p.closeDoor(number)
	p.setTime()
	q := p.phone(func(c *statement.Courier) { c.Deposit = false })
	q.scan()
	if reason := q.wish(statement.WantReopen, x.Barcode, 0); reason != door.NotBelieved {
		t.Fatalf("a courier who may not deposit: %q", reason)
	}
}

// TestACouriersWishDoesNotDisplaceARecipient: two stand before the locker, and the press is the recipient's.
func TestACouriersWishDoesNotDisplaceARecipient(t *testing.T) {
	p := stocked(t, 24, 2)
	number := p.deposited(parcel(1))
	p.typeCode(parcel(1).Barcode)
	for _, want := range []statement.Want{statement.WantDeposit, statement.WantWithdraw} {
		if reason := p.wish(want, parcel(2).Barcode, 0); reason == "" {
			t.Errorf("wish %d went before the recipient", want)
		}
	}
	if reason := p.wish(statement.WantCancel, parcel(1).Barcode, 0); reason != door.NotNow {
		t.Errorf("a courier cancelled a recipient's prompt: %q", reason)
	}
	if v := p.view(); v.Stage != door.Press || v.Errand != door.Collecting || v.Compartment != number {
		t.Fatalf("the prompt is now %s %s at %d", v.Stage, v.Errand, v.Compartment)
	}
}

// TestSessionsEnd: 60 s for the first answer, 3 min idle, 30 min in all, whatever is asked meanwhile.
func TestSessionsEnd(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.pass(61 * rules.Second)
	if reason := p.wish(statement.WantDeposit, x.Barcode, 0); reason != door.NotBelieved {
		t.Fatalf("a first answer after 61 s: %q", reason)
	}
	p.scan()
	p.wish(statement.WantDeposit, x.Barcode, 0)
	p.pass(4 * rules.Minute)
	if reason := p.wish(statement.WantDeposit, x.Barcode, 0); reason != door.NotBelieved {
		t.Fatalf("after four minutes' silence: %q", reason)
	}
	p.scan()
	asked := 0
	for begun := p.now; p.now-begun < 31*rules.Minute; p.pass(15 * rules.Second) {
		if p.wish(statement.WantDeposit, x.Barcode, 0) == "" {
			asked++
		}
	}
	if asked < 100 || p.wish(statement.WantDeposit, x.Barcode, 0) != door.NotBelieved {
		t.Fatalf("%d prompts, and the session goes on after 30 min: %q", asked, p.reply.Reason)
	}
}

func TestAnswersRiseByOneAndAreTheSessions(t *testing.T) {
	p := stocked(t, 24, 2)
	x := parcel(1)
	a := statement.Answer{Locker: "l1", Nonce: p.challenge.Nonce, Number: 1, Want: statement.WantDeposit, Barcode: x.Barcode}
	for name, change := range map[string]func(*statement.Answer){
		"number 2 first":   func(a *statement.Answer) { a.Number = 2 },
		"another's nonce":  func(a *statement.Answer) { a.Nonce[0] ^= 1 },
		"another's locker": func(a *statement.Answer) { a.Locker = "l2" },
	} {
		wrong := a
		change(&wrong)
		if reason := p.show(wrong); reason != door.NotBelieved {
			t.Errorf("%s: %q", name, reason)
		}
	}
	if reason := p.show(a); reason != "" {
		t.Fatalf("the right one: %q", reason)
	}
	again := a
	again.Barcode = parcel(2).Barcode
	if reason := p.show(again); reason != door.NotBelieved {
		t.Errorf("a second answer 1: %q", reason)
	}
	thief := p.phone()
	thief.challenge, thief.number = p.challenge, 1
	if reason := thief.wish(statement.WantDeposit, x.Barcode, 0); reason != door.NotBelieved {
		t.Errorf("another phone in the session: %q", reason)
	}
}

func TestUnansweredPromptsRaiseAnAlarm(t *testing.T) {
	p := stocked(t, 24, 1)
	p.deposited(parcel(1))
	for range 10 {
		p.typeCode(parcel(1).Barcode)
		p.pass(21 * rules.Second)
	}
	if p.count(journal.Alarm) != 1 {
		t.Fatalf("%d alarms", p.count(journal.Alarm))
	}
}

func TestARequestWithAFieldOfAnotherVerbIsMalformed(t *testing.T) {
	g := newRig(t, 6)
	for _, q := range []door.KioskRequest{
		{Verb: door.Code, Code: "123456789", Presentation: []byte{1}}, {Verb: door.Courier, After: 1},
		{Verb: door.Cancel, Secret: []byte{1}}, {Verb: door.Secret, Code: "1"}, {Verb: "open"}, {},
	} {
		if reason := g.ask(q); reason != door.Malformed {
			t.Errorf("%+v: %q", q, reason)
		}
	}
}

// TestLowNeverFalls: receipts of an earlier time, and power cuts, leave the lower bound where it is.
func TestLowNeverFalls(t *testing.T) {
	g := newRig(t, 6)
	g.setTime()
	low := g.state.Head(g.now).Low
	g.wall -= 10 * 365 * rules.Day
	g.pass(11 * rules.Minute)
	g.setTime()
	if now := g.state.Head(g.now).Low; now < low {
		t.Fatal("receipts set the lower bound back")
	}
	low = g.state.Head(g.now).Low
	g.reboot()
	if now := g.state.Head(g.now).Low; now < low || g.state.High != 0 {
		t.Fatalf("after a power cut: lower bound moved by %d, upper %d", now-low, g.state.High)
	}
}

// TestAPowerCutResetsNoBudget: nor a wrong code's wait, also where only a checkpoint is left.
func TestAPowerCutResetsNoBudget(t *testing.T) {
	p := stocked(t, 24, 12)
	for i := range 12 {
		for p.wish(statement.WantDeposit, parcel(i+1).Barcode, 0) == door.Budget {
			p.pass(p.reply.Wait * 1000)
		}
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second / 2)
		p.closeDoor(number)
	}
	for i := range 10 {
		p.closeDoor(p.opened(parcel(i + 1)))
	}
	p.ask(door.KioskRequest{Verb: door.Code, Code: statement.CompleteCode("00000000")})
	p.do(rules.Housekeeping{})
	p.entries = p.entries[len(p.entries)-1:]
	p.reboot()
	if reason := p.typeCode(parcel(11).Barcode); reason != door.Slow {
		t.Errorf("right after a wrong code and a power cut: %q", reason)
	}
	p.pass(4 * rules.Second)
	if reason := p.typeCode(parcel(11).Barcode); reason != door.Budget {
		t.Errorf("the eleventh collection in ten minutes, after a power cut: %q", reason)
	}
}

// TestGraceIsSaidInTheJournal: an opening in grace is told from a collection.
func TestGraceIsSaidInTheJournal(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.deposited(x)
	p.wish(statement.WantReceipt, "", 0) // the courier leaves
	for range 2 {
		p.closeDoor(p.opened(x))
	}
	var said []string
	for _, e := range p.entries {
		if e.Record.Kind == journal.CollectIntent {
			said = append(said, e.Record.Credential)
		}
	}
	if !slices.Equal(said, []string{"code", "grace"}) {
		t.Errorf("the journal says %q", said)
	}
}
