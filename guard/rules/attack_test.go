package rules_test

import (
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// These sequences were found by the models in proof/model.

// twoBoards is a locker whose second door hangs on another board than the first.
func twoBoards(t *testing.T) (*phone, map[uint16]string) {
	t.Helper()
	g := newRig(t, 2, func(l *statement.Locker) {
		l.Compartments[1].Board, l.Compartments[1].Channel = 1, 1
		for i := range l.Compartments {
			l.Compartments[i].Size = 1
		}
	})
	g.setTime()
	g.expect(parcel(1), parcel(2))
	p := g.phone()
	p.scan()
	in := map[uint16]string{}
	for i := range 2 {
		in[p.deposited(parcel(i+1))] = parcel(i + 1).Barcode
	}
	p.wish(statement.WantReceipt, "", 0)
	return p, in
}

// TestADoorThatOpenedUnseenCountsAsOpen: its board falls silent between the pulse and the next look. Nothing opens beside it until it
// has been seen shut; and where its board stays silent it is given up, so that the locker goes on.
func TestADoorThatOpenedUnseenCountsAsOpen(t *testing.T) {
	p, in := twoBoards(t)
	if reason := p.typeCode(in[2]); reason != "" {
		t.Fatal(reason)
	}
	p.now += rules.Second / 100
	p.presses++
	p.gate, p.silent[1] = rules.Closed, true
	p.look()
	p.gate = rules.Open
	p.pass(40 * rules.Second)
	if p.doors[2] != rules.Open || p.occupancy(2) != rules.Occupied {
		t.Fatalf("door 2 is %v, %s", p.doors[2], p.occupancy(2))
	}
	if reason := p.typeCode(in[1]); reason != door.CloseDoor {
		t.Fatalf("beside a door that may stand open: %q", reason)
	}
	if v := p.view(); len(v.OpenDoors) != 1 || v.OpenDoors[0] != 2 {
		t.Errorf("the screen names %v", v.OpenDoors)
	}
	p.pass(4 * rules.Minute)
	p.typeCode(in[1])
	p.pass(2 * rules.Minute)
	if c := p.compartment(2); !c.Faulted || c.Occupancy != rules.Quarantine {
		t.Fatalf("the door nobody sees: %s, faulted %v", c.Occupancy, c.Faulted)
	}
	if reason := p.typeCode(in[1]); reason != "" {
		t.Fatalf("after it was given up: %s", reason)
	}
}

func TestADoorOpenBeforeAPowerCutCountsUntilItIsSeen(t *testing.T) {
	p, in := twoBoards(t)
	if reason := p.typeCode(in[2]); reason != "" {
		t.Fatal(reason)
	}
	p.press()
	p.silent[1] = true
	p.reboot()
	if reason := p.typeCode(in[1]); reason != door.CloseDoor {
		t.Fatalf("beside a door that stood open before the cut: %q", reason)
	}
	p.silent[1] = false
	p.closeDoor(2)
	p.pass(4 * rules.Second)
	if reason := p.typeCode(in[1]); reason != "" {
		t.Fatalf("after it was seen shut: %s", reason)
	}
}

// TestAPressBeforeItsPromptIsNone: the look that ends one visit and begins the next brings a press, too.
func TestAPressBeforeItsPromptIsNone(t *testing.T) {
	p := stocked(t, 4, 1)
	if reason := p.wish(statement.WantDeposit, parcel(1).Barcode, 0); reason != "" {
		t.Fatal(reason)
	}
	at := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	p.wish(statement.WantLarger, parcel(1).Barcode, 2)
	p.doors[at] = rules.Closed
	p.look()
	p.now += 4 * rules.Second / 10
	pulses := len(p.pulses)
	p.presses++
	p.gate = rules.Closed
	p.look()
	if v := p.view(); v.Stage != door.Press || len(p.pulses) > pulses {
		t.Fatalf("%s, %d pulses", v.Stage, len(p.pulses)-pulses)
	}
}

// TestNoGraceWhileACourierStandsThere: a screen in wrong hands keeps the courier's answer back and spends an accomplice's grace on
// the courier's press; the parcel would lie behind a door that the accomplice can open again.
func TestNoGraceWhileACourierStandsThere(t *testing.T) {
	p := stocked(t, 3, 2)
	p.deposited(parcel(1))
	p.wish(statement.WantReceipt, "", 0)
	p.closeDoor(p.opened(parcel(1)))
	p.scan()
	if reason := p.typeCode(parcel(1).Barcode); reason != door.NotNow {
		t.Fatalf("grace with a challenge on the screen: %q", reason)
	}
	p.pass(90 * rules.Second) // the challenge has lapsed; the courier still stands there
	if reason := p.typeCode(parcel(1).Barcode); reason != door.NotNow {
		t.Fatalf("grace after the challenge has lapsed: %q", reason)
	}
	if n := p.count(journal.CollectIntent); n != 1 {
		t.Errorf("%d openings", n)
	}
}

// TestANewChallengeKillsAnAnswerThatWasKeptBack: the courier whose first answer came to nothing takes a new challenge before the next
// parcel, and the first is worth nothing from then on.
func TestANewChallengeKillsAnAnswerThatWasKeptBack(t *testing.T) {
	p := stocked(t, 3, 3)
	p.deposited(parcel(1))
	kept := p.presentation(statement.Answer{Locker: "l1", Nonce: p.challenge.Nonce, Number: p.number + 1, Want: statement.WantDeposit, Barcode: parcel(2).Barcode})
	p.scan()
	if reason := p.ask(door.KioskRequest{Verb: door.Present, Presentation: kept}); reason != door.NotBelieved {
		t.Fatalf("an answer to the challenge before: %q", reason)
	}
	if reason := p.wish(statement.WantDeposit, parcel(3).Barcode, 0); reason != "" {
		t.Fatal(reason)
	}
}
