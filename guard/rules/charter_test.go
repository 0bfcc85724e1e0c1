package rules_test

import (
	"reflect"
	"slices"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

func nothing(*statement.Charter) {}

// role is keys of persons named for it.
func role(threshold uint8, person string, signers ...*statement.Signer) statement.Role {
	r := statement.Role{Threshold: threshold}
	for i, s := range signers {
		r.Holders = append(r.Holders, statement.Holder{Key: s.Key(), Person: statement.Person(person + string(rune('1'+i)))})
	}
	return r
}

// TestCharterGames: U04. What is refused leaves the charter that holds.
func TestCharterGames(t *testing.T) {
	g := newRig(t, 6)
	g.setTime()
	old := g.network.Roots
	fresh := []*statement.Signer{g.seed(), g.seed(), g.seed()}
	renewed := func(c *statement.Charter) { c.Roots = role(2, "new ", fresh...) }
	onePerson := func(c *statement.Charter) {
		c.Roots = role(2, "new ", fresh...)
		c.Roots.Holders[1].Person = c.Roots.Holders[0].Person
	}
	for _, c := range []struct {
		name    string
		change  func(*statement.Charter)
		signers []*statement.Signer
	}{
		{"the same epoch", func(c *statement.Charter) { c.Epoch-- }, old[:2]},
		{"a lower epoch", func(c *statement.Charter) { c.Epoch = 0 }, nil},
		{"one root", nothing, old[:1]},
		{"one root three times", nothing, []*statement.Signer{old[0], old[0], old[0]}},
		{"old roots only", renewed, old[:2]},
		{"new roots only", renewed, fresh[:2]},
		{"one old root, two new", renewed, []*statement.Signer{old[0], fresh[0], fresh[1]}},
		{"two old roots, one new", renewed, []*statement.Signer{old[0], old[1], fresh[0]}},
		{"two keys of one new person", onePerson, []*statement.Signer{old[0], old[1], fresh[0], fresh[1]}},
		{"and a stranger", nothing, []*statement.Signer{old[0], old[1], g.network.Dispatch}},
		{"operators", nothing, g.network.Operators[:2]},
		{"another network", func(c *statement.Charter) { c.Network = "other" }, old[:2]},
		{"no longer a development charter", func(c *statement.Charter) { c.Development = false }, old[:2]},
	} {
		before, records := g.state.Network, len(g.entries)
		next := before
		next.Epoch++
		c.change(&next)
		if c.signers == nil { // not even a ceremony would sign it
			if _, err := ceremony.SignAll(next, old[:2]...); err == nil {
				t.Errorf("%s: signed", c.name)
			}
			continue
		}
		v := g.link(0, g.cosign(next, c.signers...)...)
		if v.Accepted || v.Reason == "" || !reflect.DeepEqual(g.state.Network, before) || len(g.entries) != records {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
	reused := g.state.Network
	reused.Epoch++
	reused.Operators = role(2, "op ", g.network.Operators[0], g.network.Dispatch)
	if _, err := ceremony.SignAll(reused, old[:2]...); err == nil {
		t.Error("a key in two roles: signed")
	}
	if v := g.recharter(renewed, old[0], old[1], fresh[0], fresh[1]); !v.Accepted || g.state.Network.Epoch != 2 {
		t.Fatalf("the honest rotation: %+v", v)
	}
	if v := g.recharter(nothing, old[:2]...); v.Accepted {
		t.Error("the roots of before rotate once more")
	}
	if v := g.recharter(nothing, fresh[1:]...); !v.Accepted {
		t.Errorf("the new roots: %+v", v)
	}
	first, err := g.network.Bundle.Encode()
	check(t, err)
	b, _ := statement.DecodeBundle(first)
	if v := g.link(0, b.Envelopes...); v.Accepted {
		t.Error("the first charter again")
	}
}

// TestEverythingGoesOnUnderANewCharter: with new roots and provisioning keys the locker keeps its certificate, its parcels and
// their codes; also when only a checkpoint is left.
func TestEverythingGoesOnUnderANewCharter(t *testing.T) {
	p := stocked(t, 24, 2)
	number := p.deposited(parcel(1))
	fresh, provisioning := []*statement.Signer{p.seed(), p.seed()}, []*statement.Signer{p.seed(), p.seed()}
	if v := p.recharter(func(c *statement.Charter) {
		c.Roots, c.Provisioning = role(2, "new ", fresh...), role(2, "prov ", provisioning...)
	}, append(slices.Clone(p.network.Roots[:2]), fresh...)...); !v.Accepted {
		t.Fatalf("%+v", v)
	}
	p.do(rules.Housekeeping{})
	restored, err := (rules.Facts{}).Fold(p.entries[len(p.entries)-1])
	if err != nil {
		t.Fatalf("the checkpoint after a rotation: %v", err)
	}
	if !reflect.DeepEqual(restored, p.state.Facts) || !reflect.DeepEqual(p.refold(), p.state.Facts) {
		t.Fatal("the journal does not tell the facts")
	}
	p.entries = p.entries[len(p.entries)-1:]
	p.reboot()
	p.closeDoor(p.opened(parcel(1)))
	if p.occupancy(number) != rules.Empty || p.state.Locker.ID != "l1" {
		t.Fatal("a collection after it")
	}
}

// TestNewKeysUnderANewCharter: who was somebody and is nobody now; codes are sealed to the notifier of now.
func TestNewKeysUnderANewCharter(t *testing.T) {
	p := stocked(t, 24, 3)
	var sealedTo []byte
	seal := p.rules.Seal
	p.rules.Seal = func(notifier []byte, code statement.SealedCode, locker string, record uint64, barcode string) ([]byte, error) {
		sealedTo = notifier
		return seal(notifier, code, locker, record, barcode)
	}
	p.deposited(parcel(1))
	if string(sealedTo) != string(p.network.Charter.Notifier) {
		t.Fatal("sealed to somebody else")
	}
	_, public, err := statement.NewSealKey()
	check(t, err)
	dispatch, operators := p.seed(), []*statement.Signer{p.seed(), p.seed()}
	p.recharter(func(c *statement.Charter) {
		c.Notifier, c.Dispatch, c.Operators = public, role(1, "hub ", dispatch), role(2, "o ", operators...)
	})
	if v := p.pause(1); v.Reason != "key" {
		t.Errorf("dispatch of before: %+v", v)
	}
	p.do(rules.Foreign{Board: 9})
	p.pass(11 * rules.Minute)
	if v := p.lift(p.liftOf(), p.network.Operators[:2]...); v.Accepted {
		t.Error("operators of before lift a lockdown")
	}
	if v := p.lift(p.liftOf(), operators...); !v.Accepted {
		t.Errorf("operators of now: %+v", v)
	}
	p.scan()
	p.deposited(parcel(2))
	if string(sealedTo) != string(public) {
		t.Error("a new code is sealed to the notifier of before")
	}
	p.network.Dispatch = dispatch
	if v := p.reissue(parcel(1)); !v.Accepted || string(sealedTo) != string(public) {
		t.Errorf("a re-issue: %+v", v)
	}
}

// TestWhatWasBelievedUnderAnEarlierCharterEnds: a courier's session and prompt, an operator's, a technician's. A recipient's goes on.
func TestWhatWasBelievedUnderAnEarlierCharterEnds(t *testing.T) {
	lapse := func(p *phone) {
		p.Helper()
		if v := p.recharter(func(c *statement.Charter) {
			c.Carriers = c.Carriers[1:]
			c.Operators, c.Technicians = role(2, "o ", p.seed(), p.seed()), role(1, "t ", p.seed())
		}); !v.Accepted {
			t.Fatalf("%+v", v)
		}
	}
	t.Run("a courier's prompt", func(t *testing.T) {
		p := stocked(t, 24, 2)
		p.wish(statement.WantDeposit, parcel(1).Barcode, 0)
		lapse(p)
		p.press()
		if len(p.pulses) != 0 {
			t.Error("it opened a door")
		}
	})
	t.Run("a courier's session", func(t *testing.T) {
		p := stocked(t, 24, 2)
		p.deposited(parcel(1))
		lapse(p)
		if reason := p.wish(statement.WantDeposit, parcel(2).Barcode, 0); reason != door.NotBelieved {
			t.Errorf("%q", reason)
		}
	})
	t.Run("an override's prompt", func(t *testing.T) {
		p := stocked(t, 24, 2)
		p.signLast(p.deposited(parcel(1)))
		p.showLast()
		lapse(p)
		p.press()
		if len(p.pulses) != 1 {
			t.Error("it opened a door")
		}
	})
	t.Run("a walk-test", func(t *testing.T) {
		p := stocked(t, 24, 1)
		tech := p.technician()
		tech.scan()
		tech.say(statement.TaskWalk)
		lapse(p)
		p.press()
		p.pass(rules.Second)
		p.press()
		if len(p.pulses) != 0 || p.last(journal.Serviced).Reason != "ended" {
			t.Errorf("%d pulses, session %q", len(p.pulses), p.last(journal.Serviced).Reason)
		}
	})
	t.Run("an open door", func(t *testing.T) {
		p := stocked(t, 24, 1)
		p.wish(statement.WantDeposit, parcel(1).Barcode, 0)
		number := p.view().Compartment
		p.press()
		p.pass(rules.Second)
		lapse(p)
		p.closeDoor(number)
		if got := p.occupancy(number); got != rules.Occupied {
			t.Errorf("the parcel that was being put in: %s", got)
		}
	})
	t.Run("a recipient's prompt", func(t *testing.T) {
		p := stocked(t, 24, 1)
		p.deposited(parcel(1))
		p.typeCode(parcel(1).Barcode)
		lapse(p)
		p.press()
		if len(p.pulses) != 2 {
			t.Error("it opened no door")
		}
	})
}

// TestACharterMaySetTheClockBack: R13; nothing else may, and nothing opens by it.
func TestACharterMaySetTheClockBack(t *testing.T) {
	g := newRig(t, 6)
	g.setTime()
	low := g.state.Low
	g.recharter(func(c *statement.Charter) { c.SetBack = start + rules.Day })
	if got := g.state.Head(g.now).Low; got > low+rules.Minute || g.state.High != 0 {
		t.Fatalf("a charter set the lower bound ahead by %d s", (got-low)/rules.Second)
	}
	g.recharter(func(c *statement.Charter) { c.SetBack = start - 30*rules.Day })
	if got := g.state.Head(g.now).Low; got > start-30*rules.Day || g.state.High != 0 {
		t.Fatalf("the lower bound is %d d from the start", (got-start)/rules.Day)
	}
	g.pass(rules.Hour)
	g.do(rules.Housekeeping{})
	g.reboot()
	if got := g.state.Head(g.now).Low; got > start-29*rules.Day {
		t.Fatal("a power cut brought the earlier bound back")
	}
	g.setTime()
	if got := g.state.Head(g.now).Low; got < start {
		t.Fatal("receipts do not set it right again")
	}
}

// TestBudgetsOfACharter: percent of the compiled-in caps, never more.
func TestBudgetsOfACharter(t *testing.T) {
	g := newRig(t, 6)
	for _, percent := range []uint8{0, 101, 255} {
		next := g.state.Network
		next.Epoch++
		next.Budgets = &statement.Budgets{Deposit: 50, Recipient: percent, Carrier: 50, Override: 50}
		if _, err := ceremony.SignAll(next, g.network.Roots[:2]...); err == nil {
			t.Errorf("%d percent: signed", percent)
		}
	}
	for percent, want := range map[uint8]int{100: 10, 50: 5, 1: 1} {
		p := stocked(t, 24, 12)
		for i := range 12 {
			for p.wish(statement.WantDeposit, parcel(i+1).Barcode, 0) == door.Budget {
				p.pass(p.reply.Wait * 1000)
			}
			number := p.view().Compartment
			p.press()
			p.pass(rules.Second)
			p.closeDoor(number)
		}
		p.pass(11 * rules.Minute)
		p.recharter(func(c *statement.Charter) {
			c.Budgets = &statement.Budgets{Deposit: 100, Recipient: percent, Carrier: 100, Override: 100}
		})
		opened := 0
		for i := 0; i < 12 && p.typeCode(parcel(i+1).Barcode) == ""; i++ {
			opened++
			number := p.view().Compartment
			p.press()
			p.pass(rules.Second)
			p.closeDoor(number)
		}
		if opened != want || p.reply.Reason != door.Budget {
			t.Errorf("%d percent: %d collections, then %q", percent, opened, p.reply.Reason)
		}
	}
}
