package audit_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"lockstep/audit"
	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

const morning = int64(1_800_000_000) * rules.Second // 15 January 2027, 08:00 UTC

// bench is a locker of four compartments that goes by the guard's own rules, and the hub that takes its uploads.
type bench struct {
	testing.TB
	network   *ceremony.Development
	guard     *statement.Signer
	rules     *rules.Rules
	state     rules.State
	heard     rules.Heard
	now, wall int64
	open      map[uint16]bool
	pressed   rules.Switch
	codes     map[string]statement.SealedCode
	reply     door.KioskReply
	records   [][]byte
	walls     []int64 // real time of each record
	stretches []journal.Stretch
	uploaded  int
	receipts  [][]byte
	events    uint64
	courier   *statement.Signer
	nonce     statement.Nonce
	answers   uint32
	charters  []statement.Charter
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newBench(t testing.TB) *bench {
	t.Helper()
	network, err := ceremony.NewDevelopment("bench")
	check(t, err)
	b := &bench{TB: t, network: network, now: rules.Second, wall: morning, open: map[uint16]bool{}, pressed: rules.Open, codes: map[string]statement.SealedCode{}}
	b.guard, b.courier, b.charters = b.key(), b.key(), []statement.Charter{network.Charter}
	b.rules = &rules.Rules{Key: [32]byte{7}, Sign: func(s statement.Statement) ([]byte, error) { return statement.Sign(b.guard, s) },
		Seal: func(_ []byte, code statement.SealedCode, _ string, _ uint64, barcode string) ([]byte, error) {
			b.codes[barcode] = code
			return []byte("sealed"), nil
		}}
	certificate, err := network.SignLocker(b.locker())
	check(t, err)
	first, facts, err := b.state.Provision(network.Bundle.Envelopes, certificate.Envelopes)
	check(t, err)
	b.state.Facts = facts
	b.keep(first)
	b.do(rules.Boot{})
	b.look()
	return b
}

func (b *bench) locker() statement.Locker {
	l := statement.Locker{Network: "bench", ID: "l1", Zone: "Europe/Moscow", Guard: b.guard.Key(), Interlock: true,
		Boards: []statement.Board{{Line: "bus0", Family: "8a", Address: 1, Channels: 8, OpenBit: 1, OpenAnswer: 0x11}},
		Inputs: statement.Inputs{Gate: &statement.Point{Board: 0, Channel: 8}}}
	for n := range 4 {
		l.Compartments = append(l.Compartments, statement.Compartment{Number: uint16(n + 1), Size: 1, Channel: uint8(n + 1)})
	}
	return l
}

func (b *bench) key() *statement.Signer {
	key, err := statement.SignerFromSeed(statement.NewSeed())
	check(b.TB, err)
	return key
}

func (b *bench) keep(e journal.Entry) {
	b.records, b.walls = append(b.records, e.Record.Encode()), append(b.walls, b.wall)
}

func (b *bench) entropy() (drawn [32]byte) {
	b.events++
	binary.BigEndian.PutUint64(drawn[:], b.events)
	return drawn
}

func (b *bench) do(what any) {
	next, effects := b.rules.Decide(b.state, rules.Event{At: b.now, Entropy: b.entropy(), What: what})
	for _, effect := range effects {
		switch f := effect.(type) {
		case rules.Write:
			for _, e := range f.Entries {
				b.keep(e)
			}
		case rules.Pulse:
			b.open[uint16(f.Channel)] = true
		case rules.Reply:
			b.reply = f.Reply
		}
	}
	b.state = next
}

func (b *bench) look() {
	seen := rules.Seen{Channels: make([]rules.Switch, 8)}
	for n := range uint16(4) {
		seen.Channels[n] = rules.Closed
		if b.open[n+1] {
			seen.Channels[n] = rules.Open
		}
	}
	seen.Channels[7] = b.pressed
	b.do(seen)
}

// pass lets time go by in steps of a second.
func (b *bench) pass(d int64) {
	for end := b.now + d; b.now < end; {
		by := min(rules.Second, end-b.now)
		b.now, b.wall = b.now+by, b.wall+by
		b.look()
		b.do(rules.Tick{})
	}
}

// skip lets hours go by in one look.
func (b *bench) skip(d int64) {
	b.now, b.wall = b.now+d, b.wall+d
	b.look()
	b.do(rules.Tick{})
}

func (b *bench) press() {
	b.now, b.wall = b.now+2*rules.Second, b.wall+2*rules.Second
	b.pressed = rules.Closed
	b.look()
	b.pressed = rules.Open
	b.look()
	b.pass(2 * rules.Second)
}

func (b *bench) shut() {
	clear(b.open)
	b.pass(4 * rules.Second)
}

func (b *bench) ask(q door.KioskRequest) {
	b.Helper()
	if b.do(rules.Asked{Request: q}); b.reply.Reason != "" {
		b.Fatalf("%s was refused: %s", q.Verb, b.reply.Reason)
	}
}

func (b *bench) sign(signer *statement.Signer, s statement.Statement) []byte {
	b.Helper()
	envelope, err := statement.Sign(signer, s)
	check(b.TB, err)
	return envelope
}

func (b *bench) link(number uint64, envelopes ...[]byte) {
	b.Helper()
	heard, entries, verdict := b.rules.FromLink(b.state, b.heard, rules.FromLink{At: b.now, Entropy: b.entropy(), Number: number, Envelopes: envelopes})
	if !verdict.Accepted {
		b.Fatalf("the link was refused: %s", verdict.Reason)
	}
	b.heard = heard
	for _, e := range entries {
		facts, err := b.state.Fold(e)
		check(b.TB, err)
		b.state.Facts = facts
		b.keep(e)
	}
}

// upload brings what is new to the hub, under a fresh head, and with told two time keys give receipts for it.
func (b *bench) upload(told bool) {
	b.Helper()
	head := b.state.Head(b.now)
	b.heard = b.heard.Signed(head)
	b.stretches = append(b.stretches, journal.Stretch{Records: b.records[b.uploaded:], Head: b.sign(b.guard, head)})
	b.uploaded = len(b.records)
	for _, key := range b.network.Time[:2] {
		if told {
			r := b.sign(key, statement.ReceiptFor(head, b.wall))
			b.receipts = append(b.receipts, r)
			b.link(0, r)
		}
	}
}

// expect sends a manifest of the house carrier.
func (b *bench) expect(barcodes ...string) {
	b.Helper()
	m := statement.Manifest{Locker: "l1", Number: b.state.Down + 1, Carrier: ceremony.HouseCarrier, From: b.wall, Until: b.wall + 36*rules.Hour}
	for _, code := range barcodes {
		m.Parcels = append(m.Parcels, statement.Expected{Barcode: code, Size: 1, DwellHours: 24})
	}
	b.link(m.Number, b.sign(b.network.Dispatch, m))
}

// scan begins a courier's session.
func (b *bench) scan() {
	b.Helper()
	b.ask(door.KioskRequest{Verb: door.Courier})
	c, err := statement.ReadUnverified[statement.Challenge](b.reply.View.Session.Challenge)
	check(b.TB, err)
	b.nonce, b.answers = c.Nonce, 0
}

func (b *bench) wish(want statement.Want, barcode string) {
	b.Helper()
	b.answers++
	b.ask(door.KioskRequest{Verb: door.Present, Presentation: statement.Encode(statement.Presentation{
		Answer: b.sign(b.courier, statement.Answer{Locker: "l1", Nonce: b.nonce, Number: b.answers, Want: want, Barcode: barcode}),
		Certificate: b.sign(b.network.Carrier, statement.Courier{Carrier: ceremony.HouseCarrier, ID: "c7", Key: b.courier.Key(), Lockers: []string{"*"},
			Deposit: true, Withdraw: true, From: b.wall - rules.Hour, Until: b.wall + rules.Day}),
	})})
}

func (b *bench) deposit(barcode string) {
	b.Helper()
	b.wish(statement.WantDeposit, barcode)
	b.press()
	b.shut()
}

func (b *bench) collect(barcode string) {
	b.Helper()
	b.ask(door.KioskRequest{Verb: door.Code, Code: b.codes[barcode].Code})
	b.press()
	b.shut()
}

// override opens a compartment for two operators and a technician, who says that it is empty.
func (b *bench) override(number uint16) {
	b.Helper()
	b.ask(door.KioskRequest{Verb: door.Override})
	c, err := statement.ReadUnverified[statement.Challenge](b.reply.View.Override)
	check(b.TB, err)
	o := statement.Override{Locker: "l1", Boot: c.Boot, Counter: c.Counter, Nonce: c.Nonce, Compartment: number, Reason: "the latch is jammed"}
	for _, c := range b.state.Compartments {
		if c.Number == number {
			o.Parcel = c.Parcel
		}
	}
	technician := b.network.Technicians[0]
	bundle, err := ceremony.SignAll(o, append(slices.Clone(b.network.Operators[:2]), technician)...)
	check(b.TB, err)
	data, err := bundle.Encode()
	check(b.TB, err)
	b.ask(door.KioskRequest{Verb: door.Cosigned, Presentation: data})
	b.press()
	b.ask(door.KioskRequest{Verb: door.Present, Presentation: statement.Encode(statement.Presentation{
		Answer: b.sign(technician, statement.Service{Locker: "l1", Nonce: o.Nonce, Number: 1, Task: statement.TaskEmpty})})})
	b.shut()
}

// recharter brings the next charter, changed, by roots old and new.
func (b *bench) recharter(change func(*statement.Charter)) statement.Charter {
	b.Helper()
	next := b.state.Network
	next.Epoch++
	change(&next)
	bundle, err := ceremony.SignAll(next, b.network.Roots[:2]...)
	check(b.TB, err)
	b.link(0, bundle.Envelopes...)
	return next
}

// reboot is power lost for an hour: only the journal is left.
func (b *bench) reboot() {
	b.state, b.heard = rules.State{Facts: b.state.Facts}, rules.Heard{}
	b.now, b.wall = b.state.Powered, b.wall+rules.Hour
	b.do(rules.Boot{})
	b.look()
}

// file is the journal as a hub exports it: stretches, then receipts.
func (b *bench) file() []byte { return sequence(b.stretches, b.receipts) }

func sequence(stretches []journal.Stretch, receipts [][]byte) []byte {
	var out bytes.Buffer
	for _, s := range stretches {
		out.Write(statement.Encode(s))
	}
	for _, r := range receipts {
		out.Write(r)
	}
	return out.Bytes()
}

// audit asks for every opening in files of a journal.
func (b *bench) audit(q audit.Query, files ...[]byte) audit.Report {
	b.Helper()
	report, err := b.tryAudit(q, files...)
	check(b.TB, err)
	return report
}

func (b *bench) tryAudit(q audit.Query, files ...[]byte) (audit.Report, error) {
	var read []audit.File
	for i, data := range files {
		f, err := audit.Read(string(rune('a'+i))+".journal", data)
		if err != nil {
			return audit.Report{}, err
		}
		read = append(read, f)
	}
	return audit.Audit(b.charters, read, q)
}

const (
	parcelOne   = "400000000015"
	parcelTwo   = "400000000022"
	parcelThree = "400000000039"
)

// day is a locker's day: deposits, a collection and a grace, an override, a power cut in a collection, a forced door, a new charter
// and a withdrawal.
func day(t testing.TB) *bench {
	t.Helper()
	b := newBench(t)
	b.upload(true)
	b.expect(parcelOne, parcelTwo, parcelThree)
	b.scan()
	b.deposit(parcelOne)
	b.deposit(parcelTwo)
	b.deposit(parcelThree)
	b.upload(false)
	b.skip(2 * rules.Hour)
	b.collect(parcelOne)
	b.collect(parcelOne) // in grace
	b.upload(true)
	b.skip(10 * rules.Minute)
	b.override(2)
	b.open[4] = true
	b.pass(3 * rules.Second)
	b.shut()
	b.ask(door.KioskRequest{Verb: door.Code, Code: b.codes[parcelThree].Code})
	b.press()
	b.reboot()
	b.shut()
	b.upload(true)
	b.recharter(func(c *statement.Charter) { c.Operators.Holders = c.Operators.Holders[1:] })
	b.skip(25 * rules.Hour)
	b.upload(true)
	b.pass(2 * rules.Second)
	b.scan()
	b.wish(statement.WantWithdraw, parcelThree)
	b.press()
	b.shut()
	b.upload(true)
	return b
}
