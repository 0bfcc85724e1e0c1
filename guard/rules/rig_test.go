package rules_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

const start = int64(1_800_000_000) * rules.Second // the wall clock when a rig begins, µs

const otherCarrier = "other"

// rig is a guard's judgement on a bench: real keys and statements, doors that a test moves, and a clock that it turns.
type rig struct {
	*testing.T
	network *ceremony.Development
	other   *statement.Signer // of a second carrier, otherCarrier
	guard   *statement.Signer
	rules   *rules.Rules
	state   rules.State
	heard   rules.Heard
	now     int64
	wall    int64 // real time at now
	doors   map[uint16]rules.Switch
	inside  map[uint16]rules.Inside
	sensors bool
	silent  map[uint8]bool
	gate    rules.Switch
	shut    rules.Switch // the case
	jumper  rules.Switch
	stuck   map[uint16]bool // latches that do not move
	pulses  []uint16
	presses int
	entries []journal.Entry
	codes   map[string]statement.SealedCode // by barcode, the newest
	reply   door.KioskReply
	noDisk  bool
	events  uint64
}

func newRig(t *testing.T, compartments int, change ...func(*statement.Locker)) *rig {
	t.Helper()
	network, err := ceremony.NewDevelopment("bench")
	check(t, err)
	other, err := statement.SignerFromSeed(statement.NewSeed())
	check(t, err)
	network.Charter.Carriers = append(network.Charter.Carriers, statement.Carrier{ID: otherCarrier,
		Keys: statement.Role{Threshold: 1, Holders: []statement.Holder{{Key: other.Key(), Person: "other"}}}})
	network.Bundle, err = ceremony.SignAll(network.Charter, network.Roots...)
	check(t, err)
	guard, err := statement.SignerFromSeed(statement.NewSeed())
	check(t, err)
	g := &rig{T: t, network: network, other: other, guard: guard, now: rules.Second, wall: start, gate: rules.Open, shut: rules.Closed, jumper: rules.Open, doors: map[uint16]rules.Switch{},
		inside: map[uint16]rules.Inside{}, silent: map[uint8]bool{}, stuck: map[uint16]bool{}, codes: map[string]statement.SealedCode{}}
	g.rules = &rules.Rules{Key: [32]byte{7}, Sign: func(s statement.Statement) ([]byte, error) { return statement.Sign(guard, s) },
		Drives: func(statement.Board) error { return nil }, Seal: g.seal}
	locker := statement.Locker{Network: "bench", ID: "l1", Zone: "Europe/Moscow", Guard: guard.Key(), Interlock: true,
		Boards: []statement.Board{{Line: "bus0", Family: "8a", Address: 1, Channels: 24, OpenBit: 1, OpenAnswer: 0x11},
			{Line: "bus1", Family: "cu16", Address: 0, Channels: 16}},
		Inputs: statement.Inputs{Gate: &statement.Point{Board: 0, Channel: 24}, Case: &statement.Point{Board: 0, Channel: 23},
			Jumper: &statement.Point{Board: 0, Channel: 22}}}
	for i := range compartments {
		board, channel := uint8(0), uint8(i+1)
		if i >= 20 {
			board, channel = 1, uint8(i-19)
		}
		locker.Compartments = append(locker.Compartments, statement.Compartment{Number: uint16(i + 1), Size: uint8(i%3 + 1),
			Low: i < 3, Board: board, Channel: channel})
	}
	for _, f := range change {
		f(&locker)
	}
	certificate, err := network.SignLocker(locker)
	check(t, err)
	first, facts, err := g.state.Provision(network.Bundle.Envelopes, certificate.Envelopes)
	check(t, err)
	g.state.Facts = facts
	g.entries = append(g.entries, first)
	for _, c := range locker.Compartments {
		g.doors[c.Number] = rules.Closed
	}
	g.do(rules.Boot{})
	g.look()
	return g
}

// seal is the notifier's ear: it hears every code.
func (g *rig) seal(_ []byte, code statement.SealedCode, _ string, _ uint64, barcode string) ([]byte, error) {
	g.codes[barcode] = code
	return []byte("sealed"), nil
}

// fork is the same bench once more, to go another way from here.
func (p *phone) fork() *phone {
	g, r, q := *p.rig, *p.rules, *p
	g.doors, g.inside, g.silent = maps.Clone(g.doors), maps.Clone(g.inside), maps.Clone(g.silent)
	g.stuck, g.codes, g.entries = maps.Clone(g.stuck), maps.Clone(g.codes), slices.Clip(g.entries)
	r.Seal = g.seal
	g.rules, q.rig = &r, &g
	return &q
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// do decides one event and does its effects as the guard's runner would.
func (g *rig) do(what any) {
	g.Helper()
	g.events++
	e := rules.Event{At: g.now, What: what}
	binary.BigEndian.PutUint64(e.Entropy[:], g.events)
	next, effects := g.rules.Decide(g.state, e)
	pulsed := false
	for _, effect := range effects {
		switch f := effect.(type) {
		case rules.Write:
			if pulsed {
				g.Fatal("a write after a pulse: were it to fail, the pulse would be forgotten")
			}
			if g.noDisk {
				g.do(rules.StorageFault{})
				g.reply = door.KioskReply{Reason: door.OutOfOrder, View: g.state.View(g.now)}
				return
			}
			g.entries = append(g.entries, f.Entries...)
		case rules.Pulse:
			pulsed = true
			g.pulse(f)
		case rules.Reply:
			g.reply = f.Reply
		}
	}
	g.state = next
	g.invariants()
}

func (g *rig) pulse(p rules.Pulse) {
	for i := range g.state.Compartments {
		c := &g.state.Compartments[i]
		if c.Board == p.Board && c.Channel == p.Channel {
			g.pulses = append(g.pulses, c.Number)
			if !g.stuck[c.Number] {
				g.doors[c.Number] = rules.Open
			}
		}
	}
}

// invariants hold after every event: pulses never outnumber presses, and the journal alone gives the same facts.
func (g *rig) invariants() {
	g.Helper()
	if len(g.pulses) > g.presses {
		g.Fatalf("%d pulses after %d presses", len(g.pulses), g.presses)
	}
	if last := g.entries[len(g.entries)-1].Record; last.Number != g.state.Position.Number {
		g.Fatalf("the journal ends at %d, the facts at %d", last.Number, g.state.Position.Number)
	}
}

// refold reads the journal again from its first record.
func (g *rig) refold() rules.Facts {
	g.Helper()
	var f rules.Facts
	for _, e := range g.entries {
		var err error
		f, err = f.Fold(e)
		check(g.T, err)
	}
	return f
}

// look is one read of every board.
func (g *rig) look() {
	g.Helper()
	for b, board := range g.state.Wiring {
		seen := rules.Seen{Board: uint8(b), Silent: g.silent[uint8(b)], Channels: make([]rules.Switch, board.Channels)}
		if g.sensors {
			seen.Inside = make([]rules.Inside, board.Channels)
		}
		for i := range g.state.Compartments {
			c := &g.state.Compartments[i]
			if int(c.Board) != b {
				continue
			}
			seen.Channels[c.Channel-1] = g.doors[c.Number]
			if g.sensors {
				seen.Inside[c.Channel-1] = max(g.inside[c.Number], rules.Nothing)
			}
		}
		if b == 0 {
			seen.Channels[23], seen.Channels[22], seen.Channels[21] = g.gate, g.shut, g.jumper
		}
		g.do(seen)
	}
}

// pass lets time go by, looking at the doors every 100 ms, or in larger steps when it is long.
func (g *rig) pass(d int64) {
	g.Helper()
	step := max(rules.Second/10, d/400)
	for end := g.now + d; g.now < end; {
		by := min(step, end-g.now)
		g.now, g.wall = g.now+by, g.wall+by
		g.look()
		g.do(rules.Tick{})
	}
}

// skip lets time go by in one look.
func (g *rig) skip(d int64) {
	g.Helper()
	g.now, g.wall = g.now+d, g.wall+d
	g.look()
	g.do(rules.Tick{})
}

// press is a hand on the button: pressed at one look, released at the next.
func (g *rig) press() {
	g.Helper()
	g.now, g.wall = g.now+rules.Second/100, g.wall+rules.Second/100 // a hand takes its time
	g.presses++
	g.gate = rules.Closed
	g.look()
	g.gate = rules.Open
	g.look()
}

func (g *rig) closeDoor(number uint16) {
	g.Helper()
	g.doors[number] = rules.Closed
	g.pass(rules.Second)
}

func (g *rig) ask(q door.KioskRequest) door.Reason {
	g.Helper()
	g.do(rules.Asked{Request: q})
	return g.reply.Reason
}

func (g *rig) view() door.View { return g.state.View(g.now) }

// link brings one statement and does what follows.
func (g *rig) link(number uint64, envelopes ...[]byte) rules.Verdict {
	g.Helper()
	g.events++
	e := rules.FromLink{At: g.now, Number: number, Envelopes: envelopes}
	binary.BigEndian.PutUint64(e.Entropy[:], g.events)
	heard, entries, verdict := g.rules.FromLink(g.state, g.heard, e)
	g.heard = heard
	for _, e := range entries {
		var err error
		g.state.Facts, err = g.state.Facts.Fold(e)
		check(g.T, err)
		g.entries = append(g.entries, e)
	}
	return verdict
}

// setTime lets hub and notifier sign receipts of a fresh head.
func (g *rig) setTime() {
	g.Helper()
	head := g.state.Head(g.now)
	g.heard = g.heard.Signed(head)
	for _, signer := range g.network.Time[:2] {
		envelope, err := statement.Sign(signer, statement.ReceiptFor(head, g.wall))
		check(g.T, err)
		if v := g.link(0, envelope); !v.Accepted {
			g.Fatalf("a receipt was refused: %s", v.Reason)
		}
	}
}

// expect sends a manifest of the house carrier.
func (g *rig) expect(parcels ...statement.Expected) rules.Verdict {
	g.Helper()
	return g.expectFor(ceremony.HouseCarrier, parcels...)
}

func (g *rig) expectFor(carrier string, parcels ...statement.Expected) rules.Verdict {
	g.Helper()
	return g.dispatch(statement.Manifest{Locker: "l1", Number: g.state.Down + 1, Carrier: carrier, From: g.wall, Until: g.wall + 36*rules.Hour, Parcels: parcels})
}

// dispatch signs a statement as the next of the down stream and brings it.
func (g *rig) dispatch(s statement.Statement) rules.Verdict {
	g.Helper()
	return g.link(g.state.Down+1, g.sign(g.network.Dispatch, s))
}

func (g *rig) sign(signer *statement.Signer, s statement.Statement) []byte {
	g.Helper()
	envelope, err := statement.Sign(signer, s)
	check(g.T, err)
	return envelope
}

// restrict sends one restriction.
func (g *rig) restrict(r statement.Restriction) rules.Verdict {
	g.Helper()
	r.Locker, r.Number = "l1", g.state.Down+1
	return g.dispatch(r)
}

// paid brings a payment key's word that what is due for a parcel has been paid, or dispatch's.
func (g *rig) paid(barcode string, forged bool) rules.Verdict {
	g.Helper()
	signer := g.network.Payment
	if forged {
		signer = g.network.Dispatch
	}
	return g.link(0, g.sign(signer, payment("l1", barcode)))
}

func parcel(serial int) statement.Expected {
	digits := []byte("40000000000")
	for i := len(digits) - 1; serial > 0; i, serial = i-1, serial/10 {
		digits[i] = byte('0' + serial%10)
	}
	return statement.Expected{Barcode: string(digits) + string(statement.GS1CheckDigit(string(digits))), Size: 1, DwellHours: 24}
}

// phone is a courier's device.
type phone struct {
	*rig
	key         *statement.Signer
	carrier     string
	certificate []byte
	challenge   statement.Challenge
	number      uint32
	signed      [][]byte // an override, see signLast
}

func (g *rig) phone(change ...func(*statement.Courier)) *phone {
	g.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(g.T, err)
	key, err := statement.NewSigner(private)
	check(g.T, err)
	c := statement.Courier{Carrier: ceremony.HouseCarrier, ID: "c1", Key: key.Key(), Lockers: []string{"l1"}, Deposit: true, Withdraw: true,
		From: g.wall - rules.Hour, Until: g.wall + 10*rules.Day}
	for _, f := range change {
		f(&c)
	}
	signer := map[string]*statement.Signer{ceremony.HouseCarrier: g.network.Carrier, otherCarrier: g.other}[c.Carrier]
	certificate, err := statement.Sign(signer, c)
	check(g.T, err)
	return &phone{rig: g, key: key, carrier: c.Carrier, certificate: certificate}
}

// scan reads the challenge from the kiosk's screen.
func (p *phone) scan() {
	p.Helper()
	if reason := p.ask(door.KioskRequest{Verb: door.Courier}); reason != "" {
		p.Fatalf("no challenge: %s", reason)
	}
	c, _, err := statement.Verify[statement.Challenge](p.view().Session.Challenge, func(statement.KeyID) (statement.Key, bool) {
		return p.guard.Key(), true
	})
	check(p.T, err)
	p.challenge, p.number = c, 0
}

// wish signs the next answer and shows it to the kiosk.
func (p *phone) wish(want statement.Want, barcode string, size uint8) door.Reason {
	p.Helper()
	p.number++
	return p.show(statement.Answer{Locker: "l1", Nonce: p.challenge.Nonce, Number: p.number, Want: want, Barcode: barcode, Size: size})
}

func (p *phone) show(a statement.Answer) door.Reason {
	p.Helper()
	return p.ask(door.KioskRequest{Verb: door.Present, Presentation: p.presentation(a)})
}

func (p *phone) presentation(a statement.Answer) []byte {
	p.Helper()
	envelope, err := statement.Sign(p.key, a)
	check(p.T, err)
	return statement.Encode(statement.Presentation{Answer: envelope, Certificate: p.certificate})
}

// deposited puts one parcel in, start to end, and returns its compartment.
func (p *phone) deposited(x statement.Expected) uint16 {
	p.Helper()
	if reason := p.wish(statement.WantDeposit, x.Barcode, 0); reason != "" {
		p.Fatalf("deposit refused: %s", reason)
	}
	number := p.view().Compartment
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	if v := p.view(); v.Stage != door.Done || v.Outcome != "stored" {
		p.Fatalf("after a deposit: %s %s", v.Stage, v.Outcome)
	}
	return number
}

func (g *rig) occupancy(number uint16) rules.Occupancy {
	return g.compartment(number).Occupancy
}

func (g *rig) compartment(number uint16) rules.Compartment {
	i := slices.IndexFunc(g.state.Compartments, func(c rules.Compartment) bool { return c.Number == number })
	return g.state.Compartments[i]
}

func (g *rig) count(kind journal.Kind) (n int) {
	for _, e := range g.entries {
		if e.Record.Kind == kind {
			n++
		}
	}
	return n
}

// reboot is power lost and back after a while: only the journal is left.
func (g *rig) reboot() {
	g.Helper()
	g.state = rules.State{Facts: g.refold()}
	g.heard = rules.Heard{}
	g.now = g.state.Powered
	g.do(rules.Boot{})
	g.look()
}
