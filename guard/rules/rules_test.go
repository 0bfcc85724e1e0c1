package rules_test

import (
	"reflect"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// stocked is a rig that knows the time and expects parcels 1 to n, and a courier's phone in front of it.
func stocked(t *testing.T, compartments, parcels int, change ...func(*statement.Locker)) *phone {
	t.Helper()
	g := newRig(t, compartments, change...)
	g.setTime()
	var expected []statement.Expected
	for i := range parcels {
		expected = append(expected, parcel(i+1))
	}
	if v := g.expect(expected...); !v.Accepted {
		t.Fatalf("manifest refused: %s", v.Reason)
	}
	p := g.phone()
	p.scan()
	return p
}

func (g *rig) typeCode(barcode string) door.Reason {
	g.Helper()
	return g.ask(door.KioskRequest{Verb: door.Code, Code: g.codes[barcode].Code})
}

func TestFirstParcelGoesInAndComesOut(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	number := p.deposited(x)
	if got := p.occupancy(number); got != rules.Occupied {
		t.Fatalf("after the deposit: %s", got)
	}
	if reason := p.typeCode(x.Barcode); reason != "" {
		t.Fatalf("the right code was refused: %s", reason)
	}
	before := len(p.entries)
	p.pass(5 * rules.Second)
	if len(p.entries) != before || len(p.pulses) != 1 {
		t.Fatal("something was written or pulsed before the press")
	}
	p.press()
	if v := p.view(); v.Stage != door.Open || v.Compartment != number {
		t.Fatalf("after the press: %+v", v)
	}
	p.closeDoor(number)
	if v := p.view(); v.Outcome != "collected" || p.occupancy(number) != rules.Empty {
		t.Fatalf("after closing: %s, %s", v.Outcome, p.occupancy(number))
	}
	if last := p.entries[len(p.entries)-1].Record; last.Kind != journal.Collected || last.Courier != "" {
		t.Fatalf("%q by courier %q: a recipient's collection is nobody else's", last.Kind, last.Courier)
	}
	if !reflect.DeepEqual(p.refold(), p.state.Facts) {
		t.Fatal("the journal does not tell the facts")
	}
}

func TestNoPressNothingSpent(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.deposited(x)
	before := len(p.entries)
	p.typeCode(x.Barcode)
	p.pass(21 * rules.Second)
	if v := p.view(); v.Outcome != "no press" || len(p.entries) != before {
		t.Fatalf("outcome %q, %d records more", v.Outcome, len(p.entries)-before)
	}
	if reason := p.typeCode(x.Barcode); reason != "" {
		t.Fatalf("the code was spent: %s", reason)
	}
}

func TestAPressFromBeforeThePromptDoesNotCount(t *testing.T) {
	p := stocked(t, 24, 1)
	p.deposited(parcel(1))
	p.pass(20 * rules.Second)
	p.presses++
	p.gate = rules.Closed // leaned on
	p.look()
	p.typeCode(parcel(1).Barcode)
	p.pass(2 * rules.Second)
	if len(p.pulses) != 1 || p.view().Stage != door.Press {
		t.Fatalf("%d pulses, stage %s", len(p.pulses), p.view().Stage)
	}
}

func TestWrongCodesSlowTheKeypadAndNeverLockIt(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.deposited(x)
	wrong := statement.CompleteCode("00000000")
	if wrong == p.codes[x.Barcode].Code {
		wrong = statement.CompleteCode("00000001")
	}
	guesses := 0
	for end := p.now + rules.Day; p.now < end; {
		switch reason := p.ask(door.KioskRequest{Verb: door.Code, Code: wrong}); reason {
		case door.WrongCode:
			guesses++
		case door.Slow:
		default:
			t.Fatalf("guess %d: %s", guesses, reason)
		}
		wait := p.reply.Wait * 1000
		p.now, p.wall = p.now+wait, p.wall+wait
		p.look()
		p.do(rules.Tick{})
	}
	if guesses > 339 || guesses < 300 {
		t.Fatalf("%d guesses in a day", guesses)
	}
	if p.count(journal.WrongCode) != guesses {
		t.Fatalf("%d guesses, %d records", guesses, p.count(journal.WrongCode))
	}
	p.pass(5 * rules.Minute)
	if reason := p.typeCode(x.Barcode); reason != "" {
		t.Fatalf("an honest code after 5 min: %s", reason)
	}
	p.reboot()
	if reason := p.typeCode(x.Barcode); reason != door.Slow && reason != "" {
		t.Fatalf("after a reboot: %s", reason)
	}
}

func TestGraceOpensTwiceForThreeMinutes(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	number := p.deposited(x)
	p.wish(statement.WantReceipt, "", 0) // the courier leaves
	for i := range 3 {
		if reason := p.typeCode(x.Barcode); reason != "" {
			t.Fatalf("opening %d: %s", i+1, reason)
		}
		p.press()
		p.pass(rules.Second)
		p.closeDoor(number)
		p.pass(30 * rules.Second)
	}
	if reason := p.typeCode(x.Barcode); reason != door.WrongCode {
		t.Fatalf("a fourth opening: %q", reason)
	}
}

func TestGraceEndsByTimeAndByANewDeposit(t *testing.T) {
	p := stocked(t, 1, 2)
	x := parcel(1)
	number := p.deposited(x)
	p.typeCode(x.Barcode)
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	p.deposited(parcel(2))
	if reason := p.typeCode(x.Barcode); reason != door.WrongCode {
		t.Fatalf("the old code opened the new parcel's door: %q", reason)
	}
	p.pass(4 * rules.Second)
	p.typeCode(parcel(2).Barcode)
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	p.pass(181 * rules.Second)
	if reason := p.typeCode(parcel(2).Barcode); reason != door.WrongCode {
		t.Fatalf("after three minutes: %q", reason)
	}
}

func TestJam(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	number := p.deposited(x)
	p.stuck[number] = true
	p.typeCode(x.Barcode)
	for i := range 3 {
		p.press()
		p.pass(4 * rules.Second)
		if want := []door.Stage{door.Jammed, door.Jammed, door.Failed}[i]; p.view().Stage != want {
			t.Fatalf("after pulse %d: %s", i+1, p.view().Stage)
		}
	}
	if p.occupancy(number) != rules.Occupied || p.view().Outcome != "jam" {
		t.Fatalf("%s, %s", p.occupancy(number), p.view().Outcome)
	}
	p.stuck[number] = false
	if reason := p.typeCode(x.Barcode); reason != "" {
		t.Fatalf("the code died in the jam: %s", reason)
	}
}

func TestJammedDepositIsQuarantineAndFaulted(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	p.wish(statement.WantDeposit, x.Barcode, 0)
	first := p.view().Compartment
	p.stuck[first] = true
	for range 3 {
		p.press()
		p.pass(4 * rules.Second)
	}
	c := p.compartment(first)
	if c.Occupancy != rules.Quarantine || !c.Faulted {
		t.Fatalf("%s, faulted %v", c.Occupancy, c.Faulted)
	}
	if second := p.deposited(x); second == first {
		t.Fatal("the jammed door was offered again")
	}
}

func TestTooSmallAndNotEmptyGoOnWithAnotherDoor(t *testing.T) {
	for _, want := range []statement.Want{statement.WantLarger, statement.WantNotEmpty} {
		p := stocked(t, 24, 1)
		x := parcel(1)
		p.wish(statement.WantDeposit, x.Barcode, 0)
		first := p.view().Compartment
		p.press()
		p.pass(rules.Second)
		if reason := p.wish(want, x.Barcode, 0); reason != "" {
			t.Fatalf("refused: %s", reason)
		}
		if reason := p.wish(statement.WantDeposit, x.Barcode, 0); reason != door.Busy {
			t.Fatalf("the parcel at the open door was called %q", reason) // it is expected, and not judged yet
		}
		p.closeDoor(first)
		v := p.view()
		if v.Stage != door.Press || v.Compartment == first || p.occupancy(first) != rules.Quarantine {
			t.Fatalf("want %d: %s at %d, first is %s", want, v.Stage, v.Compartment, p.occupancy(first))
		}
		p.press()
		p.pass(rules.Second)
		p.closeDoor(v.Compartment)
		if p.occupancy(v.Compartment) != rules.Occupied {
			t.Fatal("the parcel is not stored")
		}
		if want == statement.WantLarger && p.compartment(v.Compartment).Size <= p.compartment(first).Size {
			t.Fatal("the second door is no larger")
		}
		p.pass(7 * rules.Second)
		if reason := p.wish(statement.WantReopen, "", 0); reason != "" {
			t.Fatalf("the way out of quarantine: %s", reason)
		}
		p.press()
		p.pass(rules.Second)
		p.closeDoor(first)
		if reason := p.wish(statement.WantTakenOut, "", 0); reason != "" || p.occupancy(first) != rules.Empty {
			t.Fatalf("taken out: %q, %s", reason, p.occupancy(first))
		}
	}
}

func TestCancelledDepositIsQuarantineUnlessASensorSaysEmpty(t *testing.T) {
	for _, sensors := range []bool{false, true} {
		p := stocked(t, 24, 1)
		p.sensors = sensors
		p.look()
		x := parcel(1)
		p.wish(statement.WantDeposit, x.Barcode, 0)
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second)
		p.wish(statement.WantCancel, x.Barcode, 0)
		p.closeDoor(number)
		want := map[bool]rules.Occupancy{false: rules.Quarantine, true: rules.Empty}[sensors]
		if got := p.occupancy(number); got != want {
			t.Fatalf("sensors %v: %s", sensors, got)
		}
		if sensors {
			continue
		}
		if reason := p.wish(statement.WantReopen, x.Barcode, 0); reason != "" {
			t.Fatalf("reopen: %s", reason)
		}
		p.press()
		p.pass(rules.Second)
		p.wish(statement.WantDeposit, x.Barcode, 0)
		p.closeDoor(number)
		if p.occupancy(number) != rules.Occupied || p.typeCode(x.Barcode) != "" {
			t.Fatalf("stored out of quarantine: %s, %s", p.occupancy(number), p.reply.Reason)
		}
	}
}

func TestOneDoorAtATime(t *testing.T) {
	p := stocked(t, 24, 2)
	number := p.deposited(parcel(1))
	p.typeCode(parcel(1).Barcode)
	p.press()
	p.pass(rules.Second)
	if reason := p.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != door.Busy {
		t.Fatalf("a deposit beside an open door: %q", reason)
	}
	if reason := p.typeCode(parcel(1).Barcode); reason != door.CloseDoor {
		t.Fatalf("a code beside an open door: %q", reason)
	}
	p.closeDoor(number)
	if reason := p.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != "" {
		t.Fatalf("after closing: %q", reason)
	}
}

func TestDoorLeftOpenIsGivenUpAfterAVisitorWasAsked(t *testing.T) {
	p := stocked(t, 24, 2)
	number := p.deposited(parcel(1))
	p.deposited(parcel(2))
	p.typeCode(parcel(1).Barcode)
	p.press()
	p.pass(10 * rules.Minute)
	if c := p.compartment(number); c.Faulted || p.count(journal.Alarm) != 1 {
		t.Fatalf("faulted %v, %d alarms", c.Faulted, p.count(journal.Alarm))
	}
	if reason := p.typeCode(parcel(2).Barcode); reason != door.CloseDoor || !p.reply.View.LeftOpen {
		t.Fatalf("the next visitor: %q", reason)
	}
	p.pass(61 * rules.Second)
	if c := p.compartment(number); !c.Faulted || c.Occupancy != rules.Quarantine {
		t.Fatalf("a minute later: %s, faulted %v", c.Occupancy, c.Faulted)
	}
	if reason := p.typeCode(parcel(2).Barcode); reason != "" {
		t.Fatalf("the next visitor is still kept out: %q", reason)
	}
}

func TestUncommandedOpening(t *testing.T) {
	p := stocked(t, 24, 1)
	number := p.deposited(parcel(1))
	p.pass(20 * rules.Second)
	p.doors[number] = rules.Open
	p.pass(rules.Second / 2)
	if p.occupancy(number) != rules.Occupied {
		t.Fatal("judged too early")
	}
	p.pass(rules.Second)
	if p.occupancy(number) != rules.Quarantine || p.count(journal.Alarm) != 1 {
		t.Fatalf("%s, %d alarms", p.occupancy(number), p.count(journal.Alarm))
	}
	p.closeDoor(number)
	if reason := p.typeCode(parcel(1).Barcode); reason != door.WrongCode {
		t.Fatalf("its code after that: %q", reason)
	}
}

func TestCarrierTakesBackOnlyWhenDueOnBothClocks(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	number := p.deposited(x)
	withdraw := func() door.Reason {
		p.setTime()
		p.pass(4 * rules.Minute)
		p.scan()
		return p.wish(statement.WantWithdraw, x.Barcode, 0)
	}
	if reason := withdraw(); reason != door.NotDue {
		t.Fatalf("at once: %q", reason)
	}
	p.wall += 25 * rules.Hour // the wall says so; the locker was without power
	p.setTime()
	if reason := withdraw(); reason != door.NotDue {
		t.Fatalf("on the wall clock alone: %q", reason)
	}
	p.pass(24 * rules.Hour)
	if reason := withdraw(); reason != "" {
		t.Fatalf("when due: %q", reason)
	}
	if p.count(journal.Overdue) != 1 {
		t.Fatal("no overdue record")
	}
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	if p.occupancy(number) != rules.Empty || p.count(journal.Withdrawn) != 1 {
		t.Fatalf("after the withdrawal: %s", p.occupancy(number))
	}
}

func TestNoWithdrawalWhileTheTimeIsUnsure(t *testing.T) {
	p := stocked(t, 24, 1)
	p.deposited(parcel(1))
	p.pass(25 * rules.Hour)
	p.reboot()
	p.scan()
	if reason := p.wish(statement.WantWithdraw, parcel(1).Barcode, 0); reason != door.TimeUnsure {
		t.Fatalf("after a power cut: %q", reason)
	}
}

func TestOneTimeKeyMovesNothing(t *testing.T) {
	g := newRig(t, 24)
	head := g.state.Head(g.now)
	g.heard = g.heard.Signed(head)
	for range 3 {
		envelope, err := statement.Sign(g.network.Time[0], statement.ReceiptFor(head, g.wall+10*365*rules.Day))
		check(t, err)
		g.link(0, envelope)
	}
	if g.state.Low != 0 || g.count(journal.TimeSet) != 0 {
		t.Fatal("one time key set the clock")
	}
	envelope, err := statement.Sign(g.network.Time[1], statement.ReceiptFor(head, g.wall))
	check(t, err)
	g.link(0, envelope)
	if g.state.Low != 0 {
		t.Fatal("two time keys that disagree set the clock")
	}
}

func TestBootReadsHalfDoneVisitsTheSafeWay(t *testing.T) {
	p := stocked(t, 24, 2)
	number := p.deposited(parcel(1))
	p.typeCode(parcel(1).Barcode)
	p.press()
	p.reboot()
	if c := p.compartment(number); c.Occupancy != rules.Occupied || !c.Unclosed {
		t.Fatalf("a collection cut short: %s, unclosed %v", c.Occupancy, c.Unclosed)
	}
	p.closeDoor(number)
	if reason := p.typeCode(parcel(1).Barcode); reason != "" {
		t.Fatalf("its code: %q", reason)
	}
	p.ask(door.KioskRequest{Verb: door.Cancel})
	p.setTime()
	p.scan()
	p.wish(statement.WantDeposit, parcel(2).Barcode, 0)
	second := p.view().Compartment
	p.press()
	p.reboot()
	if got := p.occupancy(second); got != rules.Quarantine {
		t.Fatalf("a deposit cut short: %s", got)
	}
}

func TestABrokenDiskOpensNothingAndRecovers(t *testing.T) {
	p := stocked(t, 24, 1)
	x := parcel(1)
	number := p.deposited(x)
	p.typeCode(x.Barcode)
	p.noDisk = true
	p.press()
	if len(p.pulses) != 1 || p.view().OutOfOrder != "storage" {
		t.Fatalf("%d pulses, out of order %q", len(p.pulses), p.view().OutOfOrder)
	}
	if reason := p.typeCode(x.Barcode); reason != door.OutOfOrder {
		t.Fatalf("a code now: %q", reason)
	}
	p.noDisk = false
	p.do(rules.StorageRetry{})
	p.typeCode(x.Barcode)
	p.press()
	p.pass(rules.Second)
	p.noDisk = true
	p.closeDoor(number)
	p.noDisk = false
	p.do(rules.StorageRetry{})
	p.pass(rules.Second)
	if p.occupancy(number) != rules.Empty {
		t.Fatalf("the end of the visit was lost: %s", p.occupancy(number))
	}
}

func TestSilentBoardOpensNothing(t *testing.T) {
	p := stocked(t, 24, 1)
	number := p.deposited(parcel(1))
	p.silent[p.compartment(number).Board] = true
	p.pass(3 * rules.Second)
	if reason := p.typeCode(parcel(1).Barcode); reason != door.OutOfOrder {
		t.Fatalf("on a silent board: %q", reason)
	}
	if p.count(journal.Alarm) != 1 {
		t.Fatalf("%d alarms", p.count(journal.Alarm))
	}
}

// TestWhatHasToWaitIsShownAgain: an answer that a budget or an open door refuses for a while is good when that is over, and the
// courier shows the same screen; one that was followed is not followed twice.
func TestWhatHasToWaitIsShownAgain(t *testing.T) {
	p := newRig(t, 24).phone()
	p.setTime()
	var parcels []statement.Expected
	for i := range 20 {
		parcels = append(parcels, parcel(i+1))
	}
	p.expect(parcels...)
	p.scan()
	var shown []byte
	again := func() door.Reason { return p.ask(door.KioskRequest{Verb: door.Present, Presentation: shown}) }
	for i := 0; p.reply.Reason == ""; i++ {
		p.number++
		shown = p.presentation(statement.Answer{Locker: "l1", Nonce: p.challenge.Nonce, Number: p.number, Want: statement.WantDeposit, Barcode: parcels[i].Barcode})
		if again() != "" {
			break
		}
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second / 10)
		p.closeDoor(number)
	}
	if p.reply.Reason != door.Budget || again() != door.Budget {
		t.Fatalf("shown again at once: %q", p.reply.Reason)
	}
	p.pass(p.reply.Wait * 1000)
	if reason := again(); reason != "" || p.view().Stage != door.Press {
		t.Fatalf("shown again when the wait is over: %q, %s", reason, p.view().Stage)
	}
	number := p.view().Compartment
	p.press()
	p.pass(rules.Second / 2)
	p.closeDoor(number)
	if reason := again(); reason != "" || p.view().Stage == door.Press {
		t.Fatalf("shown once more, its parcel inside: %q, %s", reason, p.view().Stage)
	}
	p.scan()
	if reason := again(); reason != door.NotBelieved {
		t.Fatalf("over an older challenge: %q", reason)
	}
}

func TestBudgets(t *testing.T) {
	p := stocked(t, 24, 24)
	for i := range 24 {
		for p.wish(statement.WantDeposit, parcel(i+1).Barcode, 0) == door.Budget {
			p.pass(p.reply.Wait * 1000)
		}
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second / 2)
		p.closeDoor(number)
	}
	p.pass(10 * rules.Minute)
	opened := 0
	for i := range 24 {
		if p.typeCode(parcel(i+1).Barcode) != "" {
			break
		}
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second / 2)
		p.closeDoor(number)
		opened++
	}
	if opened != 10 || p.reply.Reason != door.Budget {
		t.Fatalf("%d collections in ten minutes, then %q", opened, p.reply.Reason)
	}
	if p.count(journal.Alarm) == 0 {
		t.Fatal("no alarm at three quarters")
	}
	p.pass(p.reply.Wait * 1000)
	if reason := p.typeCode(parcel(11).Barcode); reason != "" {
		t.Fatalf("after the wait: %q", reason)
	}
}

func TestCheckpointHoldsEverything(t *testing.T) {
	p := stocked(t, 24, 3)
	p.deposited(parcel(1))
	p.ask(door.KioskRequest{Verb: door.Code, Code: statement.CompleteCode("12345678")})
	p.do(rules.Housekeeping{})
	last := p.entries[len(p.entries)-1]
	restored, err := rules.Facts{}.Fold(last)
	check(t, err)
	if !reflect.DeepEqual(restored, p.state.Facts) {
		t.Fatalf("the checkpoint tells\n%+v\nnot\n%+v", restored, p.state.Facts)
	}
}
