package kiosk_test

import (
	"encoding/binary"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
)

// judge puts the guard's own rules behind the fake socket: real keys and statements, doors and a button that a test moves, and a
// clock that it turns.
type judge struct {
	*testing.T
	*fakeGuard
	guard       *statement.Signer
	dispatch    *statement.Signer
	operators   []*statement.Signer
	technicians []*statement.Signer
	time        []*statement.Signer
	rules       *rules.Rules
	state       rules.State
	heard       rules.Heard
	now         int64
	events      uint64
	doors       map[uint16]rules.Switch
	gate        rules.Switch
	reply       door.KioskReply
}

const wall = int64(1_800_000_000) * rules.Second

func newJudge(t *testing.T, compartments int) *judge {
	t.Helper()
	network, err := ceremony.NewDevelopment("test")
	must(t, err)
	j := &judge{T: t, now: rules.Second, doors: map[uint16]rules.Switch{}, gate: rules.Open, dispatch: network.Dispatch, time: network.Time}
	j.guard, j.operators, j.technicians = signer(t), []*statement.Signer{signer(t), signer(t)}, []*statement.Signer{signer(t)}
	network.Charter.Operators = role(2, "operator", j.operators)
	network.Charter.Technicians = role(1, "technician", j.technicians)
	network.Bundle, err = ceremony.SignAll(network.Charter, network.Roots...)
	must(t, err)
	certificate, err := network.SignLocker(j.locker(compartments))
	must(t, err)
	j.rules = &rules.Rules{Key: [32]byte{7}, Sign: func(s statement.Statement) ([]byte, error) { return statement.Sign(j.guard, s) },
		Seal: statement.SealCode, Drives: func(statement.Board) error { return nil }}
	_, j.state.Facts, err = j.state.Provision(network.Bundle.Envelopes, certificate.Envelopes)
	must(t, err)
	j.do(rules.Boot{})
	j.pass(rules.Second)
	j.setTime()
	j.fakeGuard = newFakeGuard(t)
	j.fakeGuard.answer = j.ask
	j.show(j.state.View(j.now))
	return j
}

func (j *judge) locker(compartments int) statement.Locker {
	l := statement.Locker{Network: "test", ID: "msk-0042", Zone: "Europe/Moscow", Guard: j.guard.Key(), Interlock: true,
		Boards: []statement.Board{{Line: "bus0", Family: "8a", Address: 1, Channels: 24, OpenBit: 1, OpenAnswer: 0x11}},
		Inputs: statement.Inputs{Gate: &statement.Point{Board: 0, Channel: 24}}}
	for i := range compartments {
		number := uint16(i + 1)
		j.doors[number] = rules.Closed
		l.Compartments = append(l.Compartments, statement.Compartment{Number: number, Size: uint8(i%3 + 1), Channel: uint8(number)})
	}
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func signer(t *testing.T) *statement.Signer {
	t.Helper()
	s, err := statement.SignerFromSeed(statement.NewSeed())
	must(t, err)
	return s
}

func role(threshold uint8, person string, signers []*statement.Signer) statement.Role {
	r := statement.Role{Threshold: threshold}
	for i, s := range signers {
		r.Holders = append(r.Holders, statement.Holder{Person: statement.Person(person + " " + string(rune('A'+i))), Key: s.Key()})
	}
	return r
}

// do decides one event: a pulse opens its door.
func (j *judge) do(what any) {
	j.events++
	e := rules.Event{At: j.now, What: what}
	binary.BigEndian.PutUint64(e.Entropy[:], j.events)
	next, effects := j.rules.Decide(j.state, e)
	j.state = next
	for _, effect := range effects {
		switch f := effect.(type) {
		case rules.Pulse:
			j.doors[uint16(f.Channel)] = rules.Open
		case rules.Reply:
			j.reply = f.Reply
		}
	}
}

func (j *judge) look() {
	seen := rules.Seen{Channels: make([]rules.Switch, 24)}
	for number, at := range j.doors {
		seen.Channels[number-1] = at
	}
	seen.Channels[23] = j.gate
	j.do(seen)
	j.do(rules.Tick{})
}

// pass lets time go by.
func (j *judge) pass(d int64) {
	for end := j.now + d; j.now < end; j.now += rules.Second / 10 {
		j.look()
	}
}

// hands are what a person does at the locker; the screen is told.
func (j *judge) hands(what func()) {
	j.mu.Lock()
	what()
	j.pass(rules.Second)
	view := j.state.View(j.now)
	j.mu.Unlock()
	j.show(view)
}

// press is a hand on the button, a moment after its prompt.
func (j *judge) press() {
	j.hands(func() { j.pass(rules.Second / 10); j.gate = rules.Closed; j.look(); j.gate = rules.Open })
}

func (j *judge) move(number uint16, to rules.Switch) { j.hands(func() { j.doors[number] = to }) }

// force opens a door that nobody commanded, and closes it again.
func (j *judge) force(number uint16) {
	j.move(number, rules.Open)
	j.hands(func() {})
	j.move(number, rules.Closed)
}

// occupancy is what the guard knows of a compartment.
func (j *judge) occupancy(number uint16) rules.Occupancy {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state.Compartments[number-1].Occupancy
}

// ask is a verb of the kiosk.
func (j *judge) ask(r door.KioskRequest) door.KioskReply {
	j.mu.Lock()
	j.do(rules.Asked{Request: r})
	reply, view := j.reply, j.state.View(j.now)
	j.mu.Unlock()
	j.show(view)
	return reply
}

// link brings a statement of the down stream, or a receipt.
func (j *judge) link(number uint64, envelope []byte) {
	j.Helper()
	heard, entries, verdict := j.rules.FromLink(j.state, j.heard, rules.FromLink{At: j.now, Number: number, Envelopes: [][]byte{envelope}})
	if !verdict.Accepted {
		j.Fatalf("a statement was refused: %s", verdict.Reason)
	}
	j.heard = heard
	for _, e := range entries {
		var err error
		j.state.Facts, err = j.state.Facts.Fold(e)
		must(j.T, err)
	}
}

func (j *judge) setTime() {
	head := j.state.Head(j.now)
	j.heard = j.heard.Signed(head)
	for _, s := range j.time[:2] {
		j.link(0, sign(j.T, s, statement.ReceiptFor(head, wall)))
	}
}

func sign(t *testing.T, s *statement.Signer, what statement.Statement) []byte {
	t.Helper()
	envelope, err := statement.Sign(s, what)
	must(t, err)
	return envelope
}

// cosigned is the text that lockstep-sign would show.
func cosigned(t *testing.T, s statement.Statement, signers ...*statement.Signer) string {
	t.Helper()
	b, err := ceremony.SignAll(s, signers...)
	must(t, err)
	data, err := b.Encode()
	must(t, err)
	return "LSO:" + base45.Encode(data)
}

// says is a technician's device.
func (j *judge) says(s statement.Service) string {
	s.Locker = "msk-0042"
	return "LSA:" + base45.Encode(statement.Encode(statement.Presentation{Answer: sign(j.T, j.technicians[0], s)}))
}

// challenge reads an LSQ text.
func challenge(t *testing.T, text string) statement.Challenge {
	t.Helper()
	data, err := base45.Decode(text[len("LSQ:"):])
	must(t, err)
	c, err := statement.ReadUnverified[statement.Challenge](data)
	must(t, err)
	return c
}

const returnCode = "246813579"

// permit lets a customer bring one parcel.
func (j *judge) permit() string {
	j.Helper()
	code, digits := statement.CompleteCode(returnCode), "46001000001"
	p := statement.Permit{Locker: "msk-0042", Number: j.state.Down + 1, Barcode: digits + string(statement.GS1CheckDigit(digits)), Size: 1,
		Carrier: ceremony.HouseCarrier, Code: code, From: wall - rules.Hour, Until: wall + rules.Hour*24}
	j.link(p.Number, sign(j.T, j.dispatch, p))
	return code
}

// scan types a text as a scanner would.
func (w walk) scan(text string) { w.keys(text + "\r") }

func TestACustomerSendsAParcelBack(t *testing.T) {
	j := newJudge(t, 6)
	code := j.permit()
	w := startWalk(t, j.fakeGuard)
	w.click("#start-code") // the wrong pad, and nothing is lost
	w.keys(code[:9])
	w.waits(`document.querySelector("p.note.bad") !== null`)
	w.click("#other-pad")
	w.keys(code[9:])
	w.sees("press", "Нажмите зелёную кнопку", "1")
	j.press()
	w.sees("open", "Положите посылку в дверцу", "1")
	w.click("main .row button:first-child")
	w.waits(`document.querySelector("h1").textContent.includes("Выньте посылку")`)
	j.move(1, rules.Closed)
	w.sees("press", "2")
	j.press()
	w.waits(`document.querySelector("h1").textContent.includes("Положите посылку")`)
	w.sees("open", "2")
	j.move(2, rules.Closed)
	w.sees("done", "посылка принята", "заберёт перевозчик")
	for i, want := range []rules.Occupancy{rules.Quarantine, rules.Occupied, rules.Empty} {
		if got := j.occupancy(uint16(i + 1)); got != want {
			t.Errorf("compartment %d is %s, not %s", i+1, got, want)
		}
	}
}

func TestACustomerWhoChangesTheirMind(t *testing.T) {
	j := newJudge(t, 3)
	code := j.permit()
	w := startWalk(t, j.fakeGuard)
	w.click("#start-return")
	w.keys(code)
	w.sees("press")
	j.press()
	w.sees("open")
	w.click("main .row button:last-child")
	w.waits(`document.querySelector("h1").textContent.includes("Выньте посылку") && document.querySelectorAll("main button").length === 0`)
	j.move(1, rules.Closed)
	w.sees("failed", "Код возврата остаётся действительным")
	w.click("main button.wide")
	w.sees("start")
	w.click("#start-return")
	w.keys(statement.CompleteCode("111111111"))
	w.waits(`document.querySelector("p.note.bad")?.textContent.includes("Этот код возврата здесь не действует")`)
}

func TestAnOverrideAtTheScreen(t *testing.T) {
	j := newJudge(t, 6)
	j.force(4) // nobody knows what is inside
	w := startWalk(t, j.fakeGuard)
	w.click("#start-staff")
	w.sees("staff")
	w.click("#start-override")
	w.sees("order", "30\u00a0мин")
	c := challenge(t, w.camera())
	order := statement.Override{Locker: c.Locker, Boot: c.Boot, Counter: c.Counter, Nonce: c.Nonce, Compartment: 4, Reason: "what is inside?"}
	w.scan(cosigned(t, order, j.operators[0], j.technicians[0]))
	w.sees("refused", "двух разных операторов и техника")
	w.click("main button.wide")
	w.sees("order") // still there
	w.scan(cosigned(t, order, j.operators[0], j.operators[1], j.technicians[0]))
	w.sees("press", "4", "Распоряжение операторов")
	j.press()
	w.sees("open", "4")
	j.move(4, rules.Closed)
	w.sees("tellDevice", "Пусто")
	w.scan(j.says(statement.Service{Nonce: c.Nonce, Number: 1, Task: statement.TaskEmpty}))
	w.sees("done", "пуста")
	if got := j.occupancy(4); got != rules.Empty {
		t.Errorf("compartment 4 is %s", got)
	}
}

func TestAWalkTestAtTheScreen(t *testing.T) {
	j := newJudge(t, 3)
	j.force(2) // in quarantine: only the mechanical key opens it
	w := startWalk(t, j.fakeGuard)
	w.click("#start-staff")
	w.click("#start-technician")
	w.sees("challenge", "техника")
	c := challenge(t, w.camera())
	w.scan(j.says(statement.Service{Nonce: c.Nonce, Number: 1, Task: statement.TaskWalk}))
	w.sees("press", "1", "Пропустить дверцу")
	j.press()
	w.sees("open", "Ничего не вынимайте")
	j.move(1, rules.Closed)
	w.sees("byKey", "2", "механическим ключом")
	j.move(2, rules.Open)
	w.sees("open", "2")
	j.move(2, rules.Closed)
	w.sees("press", "3")
	w.click(".hands button.wide") // skipped
	j.hands(func() {})
	w.sees("failed", "пропущена")
	w.click("main button.wide")
	w.sees("serving", "technician A", "2")
	w.scan(j.says(statement.Service{Nonce: c.Nonce, Number: 2, Task: statement.TaskEnd}))
	w.sees("receipt", "дверец исправно: 2")
	if text := w.camera(); text[:4] != "LSR:" {
		t.Errorf("a camera reads %.20q", text)
	}
	w.click("main button.wide")
	w.sees("start")
}

func TestALockdownAndItsLift(t *testing.T) {
	j := newJudge(t, 6)
	j.force(4)
	j.force(5)
	stands := j.state.Lockdown
	if stands.Record == 0 {
		t.Fatal("no lockdown after two forced doors")
	}
	code := j.permit()
	w := comes(t, j.fakeGuard)
	w.sees("lockdown", "в сохранности", "не ждите здесь")
	w.click("#start-return") // empty compartments open as ever
	w.keys(code)
	w.sees("press")
	w.click(".hands button.wide")
	w.sees("lockdown")
	w.click("#start-staff")
	w.sees("staff", "Два оператора")
	lift := statement.Lift{Locker: "msk-0042", Record: stands.Record, Hash: stands.Hash}
	j.move(6, rules.Open)
	w.scan(cosigned(t, lift, j.operators...))
	w.sees("refused", "Причина защиты ещё видна")
	w.click("main button.wide")
	j.move(6, rules.Closed)
	w.scan(cosigned(t, lift, j.operators[1], j.operators[0])) // a text held still is read once
	w.waits(`document.querySelector("main .card") === null && document.querySelector("main").dataset.screen === "staff"`)
	w.click(".hands button.wide")
	w.waits(`document.querySelector("main").dataset.screen === "start"`)
	w.sees("start")
}
