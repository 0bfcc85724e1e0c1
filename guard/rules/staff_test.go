package rules_test

import (
	"slices"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// The bench's operators and technicians: what they sign, and how it comes to the guard.

// cosign is one statement signed by several persons, as envelopes.
func (g *rig) cosign(s statement.Statement, signers ...*statement.Signer) [][]byte {
	g.Helper()
	bundle, err := ceremony.SignAll(s, signers...)
	check(g.T, err)
	return bundle.Envelopes
}

// showCosigned holds envelopes over one payload before the scanner.
func (g *rig) showCosigned(envelopes [][]byte) door.Reason {
	g.Helper()
	data, err := statement.Bundle{Envelopes: envelopes}.Encode()
	check(g.T, err)
	return g.ask(door.KioskRequest{Verb: door.Cosigned, Presentation: data})
}

// crew is two operators and a technician.
func (g *rig) crew() []*statement.Signer {
	return append(slices.Clone(g.network.Operators[:2]), g.network.Technicians[0])
}

// readChallenge reads a challenge from the kiosk's screen.
func (g *rig) readChallenge(envelope []byte) statement.Challenge {
	g.Helper()
	c, _, err := statement.Verify[statement.Challenge](envelope, func(statement.KeyID) (statement.Key, bool) { return g.guard.Key(), true })
	check(g.T, err)
	return c
}

// overrideOf asks for a challenge and says what operators would sign over it.
func (g *rig) overrideOf(compartment uint16) statement.Override {
	g.Helper()
	if reason := g.ask(door.KioskRequest{Verb: door.Override}); reason != "" {
		g.Fatalf("no challenge for an override: %s", reason)
	}
	c := g.readChallenge(g.view().Override)
	return statement.Override{Locker: c.Locker, Boot: c.Boot, Counter: c.Counter, Nonce: c.Nonce, Compartment: compartment,
		Parcel: g.compartment(compartment).Parcel, Reason: "the latch is jammed"}
}

// overridden opens a compartment by an override, and gives the override.
func (g *rig) overridden(compartment uint16) statement.Override {
	g.Helper()
	o := g.overrideOf(compartment)
	if reason := g.showCosigned(g.cosign(o, g.crew()...)); reason != "" {
		g.Fatalf("an override was refused: %s", reason)
	}
	g.press()
	g.pass(rules.Second)
	return o
}

// liftOf is what operators sign to end the lockdown that stands.
func (g *rig) liftOf() statement.Lift {
	return statement.Lift{Locker: "l1", Record: g.state.Lockdown.Record, Hash: g.state.Lockdown.Hash}
}

// lift brings a lift by the link.
func (g *rig) lift(l statement.Lift, signers ...*statement.Signer) rules.Verdict {
	g.Helper()
	return g.link(0, g.cosign(l, signers...)...)
}

// technician is a technician's device.
type technician struct {
	*rig
	key    *statement.Signer
	nonce  statement.Nonce
	number uint32
}

func (g *rig) technician() *technician { return &technician{rig: g, key: g.network.Technicians[0]} }

// scan reads a challenge from the kiosk's screen.
func (t *technician) scan() door.Reason {
	t.Helper()
	reason := t.ask(door.KioskRequest{Verb: door.Technician})
	if reason == "" {
		t.nonce, t.number = t.readChallenge(t.view().Service.Challenge).Nonce, 0
	}
	return reason
}

// say signs the next answer and shows it.
func (t *technician) say(task statement.Task) door.Reason {
	t.Helper()
	t.number++
	return t.show(statement.Service{Locker: "l1", Nonce: t.nonce, Number: t.number, Task: task})
}

func (t *technician) show(s statement.Service) door.Reason {
	t.Helper()
	return t.ask(door.KioskRequest{Verb: door.Present, Presentation: statement.Encode(statement.Presentation{Answer: t.sign(t.key, s)})})
}

// about is the technician's word over an override's challenge.
func (t *technician) about(o statement.Override, task statement.Task) door.Reason {
	t.Helper()
	return t.show(statement.Service{Locker: "l1", Nonce: o.Nonce, Number: 1, Task: task})
}

// commission says how an exchanged board is read.
func (t *technician) commission(index uint8, b statement.Board) door.Reason {
	t.Helper()
	t.number++
	return t.show(statement.Service{Locker: "l1", Nonce: t.nonce, Number: t.number, Task: statement.TaskCommission, Index: index, Board: &b})
}

// recharter brings a charter that follows the one that holds, changed, signed by the roots it takes unless others are given.
func (g *rig) recharter(change func(*statement.Charter), signers ...*statement.Signer) rules.Verdict {
	g.Helper()
	next := g.state.Network
	next.Epoch++
	next.Carriers = slices.Clone(next.Carriers)
	change(&next)
	if signers == nil {
		signers = g.network.Roots[:2]
	}
	return g.link(0, g.cosign(next, signers...)...)
}

// seed is a fresh key.
func (g *rig) seed() *statement.Signer {
	g.Helper()
	key, err := statement.SignerFromSeed(statement.NewSeed())
	check(g.T, err)
	return key
}

// last is the newest record of a kind.
func (g *rig) last(kind journal.Kind) (r journal.Record) {
	for _, e := range g.entries {
		if e.Record.Kind == kind {
			r = e.Record
		}
	}
	return r
}

// alarms counts alarms with a reason.
func (g *rig) alarms(reason string) (n int) {
	for _, e := range g.entries {
		if e.Record.Kind == journal.Alarm && e.Record.Reason == reason {
			n++
		}
	}
	return n
}
