package rules_test

import (
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// permitted sends a return permit for a parcel and gives its code.
func (g *rig) permitted(x statement.Expected, digits int, change ...func(*statement.Permit)) (code string) {
	g.Helper()
	p := statement.Permit{Locker: "l1", Number: g.state.Down + 1, Barcode: x.Barcode, Size: x.Size, Carrier: ceremony.HouseCarrier,
		Code: statement.CompleteCode("12345678" + string(rune('0'+digits))), From: g.wall, Until: g.wall + 14*rules.Day}
	for _, f := range change {
		f(&p)
	}
	if v := g.dispatch(p); !v.Accepted {
		g.Fatalf("a permit was refused: %s", v.Reason)
	}
	return p.Code
}

func (g *rig) typePermit(code string) door.Reason {
	g.Helper()
	return g.ask(door.KioskRequest{Verb: door.Return, Code: code})
}

// customer is a rig that knows the time, and the code of a permit for parcel 9.
func customer(t *testing.T, compartments int) (*phone, string) {
	p := stocked(t, compartments, 2)
	return p, p.permitted(parcel(9), 0)
}

// handedIn puts a customer's parcel in, start to end.
func (p *phone) handedIn(code string) uint16 {
	p.Helper()
	if reason := p.typePermit(code); reason != "" {
		p.Fatalf("the permit's code was refused: %s", reason)
	}
	number := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	if v := p.view(); v.Outcome != "stored" {
		p.Fatalf("after a customer's deposit: %q", v.Outcome)
	}
	return number
}

func TestACustomersParcelGoesInOnceAndLeavesWithItsCarrier(t *testing.T) {
	p, code := customer(t, 24)
	number := p.handedIn(code)
	if c := p.compartment(number); c.Occupancy != rules.Occupied || !c.Outbound || c.Parcel != parcel(9).Barcode || c.Code != (rules.MAC{}) {
		t.Fatalf("%s, outbound %v, parcel %s", c.Occupancy, c.Outbound, c.Parcel)
	}
	if r := p.last(journal.Stored); r.Credential != "permit" || len(r.Sealed) > 0 || len(r.Private) > 0 {
		t.Fatalf("the record: %+v", r)
	}
	if reason := p.typePermit(code); reason != door.WrongCode {
		t.Fatalf("the same permit again: %q", reason)
	}
	p.pass(4 * rules.Second)
	if v := p.reissue(parcel(9)); v.Reason != "not here" {
		t.Errorf("a pickup code for what a customer sends: %+v", v)
	}
	if v := p.restrict(statement.Restriction{Kind: statement.Extend, Barcode: parcel(9).Barcode, DwellHours: 100}); v.Reason != "not here" {
		t.Errorf("a longer dwell for it: %+v", v)
	}
	stranger := p.rig.phone(func(c *statement.Courier) { c.Carrier = otherCarrier })
	stranger.scan()
	if reason := stranger.wish(statement.WantWithdraw, parcel(9).Barcode, 0); reason != door.NotHere {
		t.Errorf("another carrier: %q", reason)
	}
	p.pass(4 * rules.Minute)
	p.scan()
	if reason := p.wish(statement.WantWithdraw, parcel(9).Barcode, 0); reason != "" {
		t.Fatalf("its carrier, at once: %q", reason)
	}
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	if p.occupancy(number) != rules.Empty {
		t.Fatalf("after the withdrawal: %s", p.occupancy(number))
	}
	if reason := p.typePermit(code); reason != door.WrongCode {
		t.Fatalf("the permit once more, its parcel gone: %q", reason)
	}
}

// TestPermitCodesCountAsTheKeypads: guessing them is as slow, and slows the other too.
func TestPermitCodesCountAsTheKeypads(t *testing.T) {
	p, code := customer(t, 24)
	p.deposited(parcel(1))
	if reason := p.typePermit(statement.CompleteCode("000000000")); reason != door.WrongCode || p.count(journal.WrongCode) != 1 {
		t.Fatalf("a wrong one: %q", reason)
	}
	if reason := p.typeCode(parcel(1).Barcode); reason != door.Slow {
		t.Fatalf("a pickup code right after it: %q", reason)
	}
	if reason := p.typePermit(code); reason != door.Slow {
		t.Fatalf("a permit's code right after it: %q", reason)
	}
	if reason := p.typePermit("0000000001"); reason != door.Malformed || p.count(journal.WrongCode) != 1 {
		t.Fatalf("a typing error: %q", reason)
	}
	p.pass(4 * rules.Second)
	if reason := p.ask(door.KioskRequest{Verb: door.Code, Code: code[:9]}); reason == "" {
		t.Fatal("a permit's code opens as a pickup code")
	}
}

// TestPermitsEnd: by their time, by the clock not being known.
func TestPermitsEnd(t *testing.T) {
	p, code := customer(t, 24)
	p.pass(14*rules.Day + rules.Hour)
	p.setTime()
	p.pass(rules.Second)
	if reason := p.typePermit(code); reason != door.WrongCode {
		t.Errorf("after 14 days: %q", reason)
	}
	q := newRig(t, 6)
	if reason := q.typePermit(code); reason != door.TimeUnsure || q.count(journal.WrongCode) != 0 {
		t.Errorf("without the time: %q", reason)
	}
	late := statement.Permit{Locker: "l1", Number: p.state.Down + 1, Barcode: parcel(3).Barcode, Size: 1, Carrier: ceremony.HouseCarrier,
		Code: code, From: p.wall - 2*rules.Day, Until: p.wall - rules.Day}
	if v := p.dispatch(late); v.Reason != "late" {
		t.Errorf("one that has ended: %+v", v)
	}
	late.Number, late.From, late.Until, late.Carrier = p.state.Down+1, p.wall, p.wall+rules.Day, "nobody"
	if v := p.dispatch(late); v.Reason != "carrier" {
		t.Errorf("of no carrier: %+v", v)
	}
}

// TestAPermitOpensThreeTimes: also when the customer asks for larger ones again and again.
func TestAPermitOpensThreeTimes(t *testing.T) {
	for _, larger := range []bool{false, true} {
		p := stocked(t, 24, 1, func(l *statement.Locker) {
			for i := range l.Compartments {
				l.Compartments[i].Size = uint8(i%9 + 1)
			}
		})
		code := p.permitted(parcel(9), 0)
		opened := 0
		for range 8 {
			if p.view().Stage != door.Press && p.typePermit(code) != "" {
				break
			}
			number := p.view().Compartment
			before := len(p.pulses)
			p.press()
			opened += len(p.pulses) - before
			if len(p.pulses) == before {
				break
			}
			p.pass(rules.Second)
			verb := map[bool]door.KioskVerb{true: door.Larger, false: door.Cancel}[larger]
			p.ask(door.KioskRequest{Verb: verb})
			p.closeDoor(number)
			p.pass(6 * rules.Second)
			if got := p.occupancy(number); got != rules.Quarantine {
				t.Fatalf("larger %v: %s", larger, got)
			}
		}
		if opened != 3 {
			t.Errorf("larger %v: %d doors on one permit", larger, opened)
		}
	}
}

// TestACustomerAtACompartmentThatWillNotDo: too small, or something inside: cancel, QUARANTINE, another try; the permit's
// carrier looks later.
func TestACustomerAtACompartmentThatWillNotDo(t *testing.T) {
	p, code := customer(t, 24)
	p.typePermit(code)
	if reason := p.ask(door.KioskRequest{Verb: door.Larger}); reason != "" || p.view().Stage != door.Press {
		t.Fatalf("a larger one at the prompt: %q", reason)
	}
	first := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	if reason := p.ask(door.KioskRequest{Verb: door.Larger}); reason != "" {
		t.Fatalf("a larger one at the open door: %q", reason)
	}
	p.closeDoor(first)
	second := p.view().Compartment
	if v := p.view(); v.Stage != door.Press || p.compartment(second).Size <= p.compartment(first).Size || p.occupancy(first) != rules.Quarantine {
		t.Fatalf("%s at %d, first is %s", v.Stage, second, p.occupancy(first))
	}
	p.press()
	p.pass(rules.Second)
	p.ask(door.KioskRequest{Verb: door.Cancel}) // somebody's things are inside
	p.closeDoor(second)
	if v := p.view(); v.Outcome != "cancelled" || p.occupancy(second) != rules.Quarantine {
		t.Fatalf("%q, %s", v.Outcome, p.occupancy(second))
	}
	third := p.handedIn(code)
	if third == first || third == second {
		t.Fatal("a quarantined compartment was offered again")
	}
	p.ask(door.KioskRequest{Verb: door.Cancel})
	p.scan()
	for range 2 {
		p.pass(7 * rules.Second)
		if reason := p.wish(statement.WantReopen, "", 0); reason != "" {
			t.Fatalf("the carrier looks: %q", reason)
		}
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second)
		p.closeDoor(number)
		if reason := p.wish(statement.WantTakenOut, "", 0); reason != "" || p.occupancy(number) != rules.Empty {
			t.Fatalf("taken out: %q, %s", reason, p.occupancy(number))
		}
	}
}

// TestACustomersCrashAndJam: the safe reading, and the parcel, if it is inside, stays its carrier's.
func TestACustomersCrashAndJam(t *testing.T) {
	p, code := customer(t, 24)
	p.typePermit(code)
	number := p.view().Compartment
	p.press()
	p.reboot()
	p.closeDoor(number)
	c := p.compartment(number)
	if c.Occupancy != rules.Quarantine || c.Carrier != ceremony.HouseCarrier || c.Parcel != parcel(9).Barcode || !c.Outbound {
		t.Fatalf("after a crash: %s of %s, %q, outbound %v", c.Occupancy, c.Carrier, c.Parcel, c.Outbound)
	}
	p.setTime()
	p.scan()
	p.wish(statement.WantReopen, parcel(9).Barcode, 0)
	p.press()
	p.pass(rules.Second)
	p.wish(statement.WantDeposit, parcel(9).Barcode, 0)
	p.closeDoor(number)
	if c := p.compartment(number); c.Occupancy != rules.Occupied || !c.Outbound || c.Code != (rules.MAC{}) {
		t.Fatalf("stored by its carrier: %s, outbound %v", c.Occupancy, c.Outbound)
	}
	p.wish(statement.WantReceipt, "", 0)
	code = p.permitted(parcel(8), 5)
	p.typePermit(code)
	number = p.view().Compartment
	p.stuck[number] = true
	for range 3 {
		p.press()
		p.pass(4 * rules.Second)
	}
	if c := p.compartment(number); c.Occupancy != rules.Quarantine || !c.Faulted {
		t.Fatalf("after a jam: %s, faulted %v", c.Occupancy, c.Faulted)
	}
}

// TestACustomersDepositIsNotTheCouriers: who comes between a courier's doors is not counted on the courier's receipt.
func TestACustomersDepositIsNotTheCouriers(t *testing.T) {
	p, code := customer(t, 24)
	p.deposited(parcel(1))
	p.handedIn(code)
	p.deposited(parcel(2))
	if s := p.view().Session; s.Stored != 2 {
		t.Fatalf("the courier's session counts %d deposits of 2", s.Stored)
	}
}

// A customer who needs a low door gets one or none; no other verb knows the wish.
func TestACustomerWhoNeedsALowDoor(t *testing.T) {
	p, code := customer(t, 24)
	low := door.KioskRequest{Verb: door.Return, Code: code, Low: true}
	if reason := p.typePermit(code); reason != "" || p.compartment(p.view().Compartment).Low {
		t.Fatalf("without the wish: %q, compartment %d", reason, p.view().Compartment)
	}
	p.ask(door.KioskRequest{Verb: door.Cancel})
	p.pass(4 * rules.Second)
	taken := map[uint16]bool{}
	for range 3 {
		if reason := p.ask(low); reason != "" {
			t.Fatalf("with it: %q", reason)
		}
		number := p.view().Compartment
		if !p.compartment(number).Low || taken[number] {
			t.Fatalf("compartment %d was offered", number)
		}
		taken[number] = true
		p.press()
		p.pass(rules.Second)
		p.ask(door.KioskRequest{Verb: door.Cancel}) // to quarantine: somebody's things may be inside
		p.closeDoor(number)
		p.pass(7 * rules.Second)
		code = p.permitted(parcel(9+len(taken)), len(taken))
		low.Code = code
	}
	if reason := p.ask(low); reason != door.Full {
		t.Fatalf("no low one is left: %q", reason)
	}
	if reason := p.typePermit(code); reason != "" {
		t.Fatalf("any will do then: %q", reason)
	}
	if reason := p.ask(door.KioskRequest{Verb: door.Code, Code: statement.CompleteCode("12345678"), Low: true}); reason != door.Malformed {
		t.Errorf("the wish with a pickup code: %q", reason)
	}
}

// How long an open door may stay open is counted down on the screen.
func TestAnOpenDoorsTimeIsCounted(t *testing.T) {
	p, code := customer(t, 24)
	p.typePermit(code)
	p.press()
	p.pass(rules.Second)
	before := p.view().Left
	if before < 175_000 || before > 180_000 {
		t.Fatalf("%d ms at the open door", before)
	}
	p.pass(100 * rules.Second)
	if left := p.view().Left; before-left < 99_000 || before-left > 101_000 || p.view().LeftOpen {
		t.Fatalf("%d ms before, then %d", before, left)
	}
	p.pass(80 * rules.Second)
	if v := p.view(); v.Left != 0 || !v.LeftOpen {
		t.Fatalf("%d ms, left open %v", v.Left, v.LeftOpen)
	}
}

// How long nothing has come from outside is known across a power cut, to the hour.
func TestHowLongNothingWasHeard(t *testing.T) {
	g := stocked(t, 24, 1)
	alone := func() int64 { return g.heard.Alone(&g.state.Facts, g.now) }
	g.setTime()
	if ms := alone(); ms > 1000 {
		t.Fatalf("%d ms after a receipt", ms)
	}
	g.skip(3 * rules.Hour)
	if ms := alone(); ms < 3*3600_000 || ms > 3*3600_000+2000 {
		t.Fatalf("%d ms after three hours", ms)
	}
	g.heard = rules.Heard{} // what a restart leaves
	if ms := alone(); ms < 3*3600_000 || ms > 4*3600_000 {
		t.Fatalf("%d ms after a restart", ms)
	}
	g.setTime()
	if ms := alone(); ms > 1000 {
		t.Fatalf("%d ms after the next receipt", ms)
	}
}
