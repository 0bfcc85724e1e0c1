package guard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/clock"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/lockboard"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// bench is a guard's loop without boards: a real journal on a real disk, real signatures, and a clock that it turns.
type bench struct {
	*loop
	b       *testing.B
	codes   []string
	network *ceremony.Development
	phone   *statement.Signer
	cert    []byte
	nonce   statement.Nonce
	number  uint32
	serial  int
}

func newBench(b *testing.B, compartments int) *bench {
	b.Helper()
	network, err := ceremony.NewDevelopment("bench")
	check(b, err)
	dir := b.TempDir()
	key, err := Init(dir)
	check(b, err)
	locker := statement.Locker{Network: "bench", ID: "l1", Zone: "UTC", Guard: key, Interlock: true,
		Inputs: statement.Inputs{Gate: &statement.Point{Board: 0, Channel: 1}}}
	for i := range 3 {
		locker.Boards = append(locker.Boards, statement.Board{Line: "bus0", Family: "cu48", Address: uint8(i), Channels: 48})
	}
	for i := range compartments {
		locker.Compartments = append(locker.Compartments, statement.Compartment{Number: uint16(i + 1), Size: 1, Board: uint8(1 + i/48), Channel: uint8(i%48 + 1)})
	}
	certificate, err := network.SignLocker(locker)
	check(b, err)
	check(b, Provision(dir, network.Bundle, certificate, func(statement.Charter, statement.Locker) error { return nil }))
	keys, err := readSecrets(dir)
	check(b, err)
	var facts rules.Facts
	log, err := journal.Open(journalDir(dir), func(e journal.Entry) (err error) { facts, err = facts.Fold(e); return err })
	check(b, err)
	b.Cleanup(func() { log.Close() })
	c, err := clock.New("")
	check(b, err)
	g := &bench{b: b, network: network, loop: newLoop(Config{Clock: c, Log: slog.New(slog.DiscardHandler)}, keys, facts, log)}
	g.lines = map[string]pulser{"bus0": noWire{}}
	seal := g.rules.Seal
	g.rules.Seal = func(notifier []byte, code statement.SealedCode, l string, n uint64, barcode string) ([]byte, error) {
		g.codes = append(g.codes, code.Code)
		return seal(notifier, code, l, n, barcode)
	}
	check(b, g.do(rules.Boot{}))
	g.see(0)
	g.setTime()
	g.enrol()
	return g
}

// noWire is where the guard's own work ends.
type noWire struct{}

func (noWire) Pulse(uint8, lockboard.Channel) error { return nil }
func (noWire) Close() error                         { return nil }

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// see is a read of every board: all doors closed but one (0 for none), the button released.
func (g *bench) see(open uint16) {
	for i := range g.state.Locker.Boards {
		g.seeBoard(uint8(i), open, rules.Open)
	}
}

func (g *bench) seeBoard(board uint8, open uint16, gate rules.Switch) {
	s := rules.Seen{Board: board, Channels: make([]rules.Switch, 48)}
	for i := range s.Channels {
		s.Channels[i] = rules.Closed
	}
	for _, c := range g.state.Compartments {
		if c.Number == open && c.Board == board {
			s.Channels[c.Channel-1] = rules.Open
		}
	}
	if board == 0 {
		s.Channels[0] = gate
	}
	check(g.b, g.do(s))
}

func (g *bench) pass(d time.Duration) { g.base += d.Microseconds() }

func (g *bench) setTime() {
	head := g.state.Head(g.powered())
	g.heard = g.heard.Signed(head)
	for _, s := range g.network.Time[:2] {
		envelope, err := statement.Sign(s, statement.ReceiptFor(head, time.Now().UnixMicro()))
		check(g.b, err)
		_, err = g.fromLink(door.LinkRequest{Verb: door.Receipt, Statement: envelope}, envelope)
		check(g.b, err)
	}
}

func (g *bench) enrol() {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(g.b, err)
	g.phone, err = statement.NewSigner(private)
	check(g.b, err)
	now := time.Now().UnixMicro()
	g.cert, err = statement.Sign(g.network.Carrier, statement.Courier{Carrier: ceremony.HouseCarrier, ID: "c1", Key: g.phone.Key(),
		Lockers: []string{"*"}, Deposit: true, From: now, Until: now + 13*rules.Day})
	check(g.b, err)
}

func (g *bench) ask(q door.KioskRequest) door.KioskReply {
	to := make(chan door.KioskReply, 1)
	check(g.b, g.do(rules.Asked{To: to, Request: q}))
	return <-to
}

// expect makes the guard expect one more parcel and returns its barcode.
func (g *bench) expect() string {
	g.serial++
	digits := fmt.Sprintf("40000%06d", g.serial)
	barcode := digits + string(statement.GS1CheckDigit(digits))
	now := g.state.Head(g.powered()).Low // the bench turns the clock; dispatch goes by the guard's
	m := statement.Manifest{Locker: "l1", Number: g.state.Down + 1, Carrier: ceremony.HouseCarrier, From: now, Until: now + rules.Day,
		Parcels: []statement.Expected{{Barcode: barcode, Size: 1, DwellHours: 48}}}
	envelope, err := statement.Sign(g.network.Dispatch, m)
	check(g.b, err)
	reply, err := g.fromLink(door.LinkRequest{Verb: door.Down, Number: m.Number}, envelope)
	check(g.b, err)
	if !reply.Accepted {
		g.b.Fatal("manifest refused:", reply.Reason)
	}
	return barcode
}

func (g *bench) present(barcode string) []byte {
	if g.state.View(g.powered()).Session == nil {
		g.ask(door.KioskRequest{Verb: door.Courier})
		c, err := statement.ReadUnverified[statement.Challenge](g.state.View(g.powered()).Session.Challenge)
		check(g.b, err)
		g.nonce, g.number = c.Nonce, 0
		g.answer(statement.Answer{Want: statement.WantReopen}) // the first answer also carries the certificate: not the one measured
	}
	return g.signed(statement.Answer{Want: statement.WantDeposit, Barcode: barcode})
}

func (g *bench) signed(a statement.Answer) []byte {
	g.number++
	a.Locker, a.Nonce, a.Number = "l1", g.nonce, g.number
	envelope, err := statement.Sign(g.phone, a)
	check(g.b, err)
	return statement.Encode(statement.Presentation{Answer: envelope, Certificate: g.cert})
}

func (g *bench) answer(a statement.Answer) {
	g.ask(door.KioskRequest{Verb: door.Present, Presentation: g.signed(a)})
}

// finish sees the door open and closed again.
func (g *bench) finish() {
	number := g.state.View(g.powered()).Compartment
	g.see(number)
	g.see(0)
	g.pass(time.Second)
	g.see(0)
	g.pass(12 * time.Second)
	check(g.b, g.do(rules.Tick{}))
	g.see(0)
}

// samples are durations of one kind.
type samples []time.Duration

func (s *samples) time(do func()) {
	start := time.Now()
	do()
	*s = append(*s, time.Since(start))
}

func (s samples) at(q float64) float64 {
	slices.Sort(s)
	return float64(s[int(q*float64(len(s)-1))].Nanoseconds()) / 1e3
}

func report(b *testing.B, name string, s samples) {
	b.ReportMetric(s.at(0.5), name+"-p50-µs")
	b.ReportMetric(s.at(0.99), name+"-p99-µs")
}

// bare is a file on the same disk, for the cost of one small append made durable and nothing else.
type bare struct {
	file  *os.File
	frame []byte
}

func newBare(b *testing.B, size int) *bare {
	file, err := os.OpenFile(filepath.Join(b.TempDir(), "bare"), os.O_CREATE|os.O_WRONLY, 0o600)
	check(b, err)
	b.Cleanup(func() { file.Close() })
	return &bare{file: file, frame: make([]byte, size)}
}

func (r *bare) flush() {
	if _, err := r.file.Write(r.frame); err != nil {
		panic(err)
	}
	if err := r.file.Sync(); err != nil {
		panic(err)
	}
}

// BenchmarkDeposit times a courier's deposit: the answer parsed → ready for the press, and the press seen → the frame handed
// to the driver, durable write included. Beside it, in the same run: one bare ES256 verification and one bare durable append.
func BenchmarkDeposit(b *testing.B) {
	g, plain := newBench(b, 80), newBare(b, 300)
	digest := make([]byte, 32)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(b, err)
	signature, err := ecdsa.SignASN1(rand.Reader, private, digest)
	check(b, err)
	var ready, pressed, verify, flush samples
	for b.Loop() {
		presentation := g.present(g.expect())
		var reply door.KioskReply
		ready.time(func() { reply = g.ask(door.KioskRequest{Verb: door.Present, Presentation: presentation}) })
		if !reply.Accepted {
			b.Fatal("refused:", reply.Reason)
		}
		verify.time(func() { ecdsa.VerifyASN1(&private.PublicKey, digest, signature) })
		pressed.time(func() { g.seeBoard(0, 0, rules.Closed) })
		flush.time(plain.flush)
		g.finish()
		g.empty()
	}
	report(b, "ready", ready)
	report(b, "bare-verify", verify)
	report(b, "pressed", pressed)
	report(b, "bare-flush", flush)
	b.ReportMetric(ready.at(0.5)/verify.at(0.5), "ready÷verify")
	b.ReportMetric(pressed.at(0.5)/flush.at(0.5), "pressed÷flush")
}

// empty collects everything when the locker is half full, so that deposits go on finding room.
func (g *bench) empty() {
	if len(g.codes) < 40 {
		return
	}
	for _, code := range g.codes {
		g.ask(door.KioskRequest{Verb: door.Code, Code: code})
		g.seeBoard(0, 0, rules.Closed)
		g.finish()
		g.pass(2 * time.Minute)
		g.see(0)
	}
	g.codes = nil
}

// BenchmarkCollection times a recipient's collection from a locker of 80 with 60 live codes: the code parsed → ready for the
// press, and the press seen → the frame handed to the driver.
func BenchmarkCollection(b *testing.B) {
	g, plain := newBench(b, 80), newBare(b, 200)
	var ready, pressed, flush samples
	for b.Loop() {
		for len(g.codes) < 60 {
			g.ask(door.KioskRequest{Verb: door.Present, Presentation: g.present(g.expect())})
			g.seeBoard(0, 0, rules.Closed)
			g.finish()
		}
		code := g.codes[0]
		g.codes = g.codes[1:]
		var reply door.KioskReply
		ready.time(func() { reply = g.ask(door.KioskRequest{Verb: door.Code, Code: code}) })
		if !reply.Accepted {
			b.Fatal("refused:", reply.Reason)
		}
		pressed.time(func() { g.seeBoard(0, 0, rules.Closed) })
		flush.time(plain.flush)
		g.finish()
		g.pass(2 * time.Minute)
		g.see(0)
	}
	report(b, "ready", ready)
	report(b, "pressed", pressed)
	report(b, "bare-flush", flush)
	b.ReportMetric(pressed.at(0.5)/flush.at(0.5), "pressed÷flush")
}

// BenchmarkReady judges the same answer again and again, warm, beside a bare ES256 verification: what the guard adds to it.
func BenchmarkReady(b *testing.B) {
	g := newBench(b, 80)
	presentation := g.present(g.expect())
	event := rules.Event{At: g.powered(), What: rules.Asked{Request: door.KioskRequest{Verb: door.Present, Presentation: presentation}}}
	b.Run("answer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.rules.Decide(g.state, event)
		}
	})
	b.Run("bare verify", func(b *testing.B) {
		digest := make([]byte, 32)
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(b, err)
		signature, err := ecdsa.SignASN1(rand.Reader, private, digest)
		check(b, err)
		for b.Loop() {
			ecdsa.VerifyASN1(&private.PublicKey, digest, signature)
		}
	})
}
