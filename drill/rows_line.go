package drill

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/veraison/go-cose"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// lineRows: the network, the hub and its keys.
var lineRows = []Row{
	{ID: "A02", Attack: "all traffic dropped for 72 h, deposits and pickups go on, then everything is uploaded", Holds: of(holdsNetwork), Expect: "all pickups by code work; 0 records lost or doubled", On: stocked, Do: cutOff},
	{ID: "A03", Attack: "seven days of recorded downlink replayed in random order, twice, and after a reboot", Holds: of(holdsNetwork), Expect: "no state change; numbers refuse", On: fresh, Do: replayed},
	{ID: "A04", Attack: "statements for another locker: manifest, restriction, permit, override, answer", Holds: of(holdsHub), Expect: "all refused", On: stocked, Do: crossLocker},
	{ID: "A05", Attack: "alg none, 0, ES384, another than the key's; typ missing; crit; unprotected headers", Holds: of(holdsNetwork), Expect: "refused, no fallback", On: fresh, Do: downgrade},
	{ID: "A06", Attack: "mutated frames on both sockets, of honest traffic and of what strangers sign: duplicate keys, lengths, depth bombs, half frames", Holds: of(holdsNetwork), Expect: "no crash, RSS < 30 MB at its highest, 95 % answered within 5 ms, on a busy machine too, 0 pulses", On: stocked, Do: mutated},
	{ID: "B05", Attack: "the hub makes a courier key of its own and a manifest for it", Holds: of(holdsHub), Expect: "refused: no carrier has certified it", On: stocked, Do: hubsCourier},
	{ID: "B09", Attack: "dispatch key and a courier of carrier Y: manifests for carrier X's parcels, dwell 0, negative, huge", Holds: of(holdsHub), Expect: "0 occupied opens; dwell floor 24 h", On: stocked, Do: collectAll},
	{ID: "B10", Attack: "dispatch key: unblock, shorten the dwell time, block and unblock in turn", Holds: of(holdsHub), Expect: "no compartment becomes EMPTY, no deadline comes nearer", On: stocked, Do: makeEmpty},
	{ID: "B11", Attack: "dispatch key: 10⁵ parcels in one manifest, 1,000 manifests a second, number 2⁶³−1", Holds: of(holdsHub), Expect: "bounded; the next honest manifest is taken", On: fresh, Do: manifestBomb},
	{ID: "L01", Attack: "dispatch key: pause, renewed for seven days", Holds: of(holdsHub), Expect: "at least 60 of 72 h in service", On: stocked, Do: pausedForever},
}

func cutOff(ctx context.Context, b *Bench) (string, error) {
	before, err := b.Records(ctx)
	if err != nil {
		return "", err
	}
	barcodes, err := b.expect(ctx, 4)
	if err != nil {
		return "", err
	}
	p, err := b.courier()
	if err != nil {
		return "", err
	}
	for i, barcode := range barcodes { // the link is silent from here on: codes come by the courier's phone, days later
		if err := first(func() error { return p.begin(ctx) }, func() error { _, err := p.deposit(ctx, barcode); return err },
			func() error { return b.leave(ctx) }, func() error { return b.Pass(ctx, 9*time.Hour) },
			func() error {
				_, err := b.collect(ctx, owner(Barcode(i+1)), b.Codes[Barcode(i+1)].Code)
				return err
			}); err != nil {
			return "", breach("while cut off: %v", err)
		}
	}
	if err := b.Pass(ctx, 36*time.Hour); err != nil {
		return "", err
	}
	after, err := b.Records(ctx)
	if err != nil {
		return "", breach("on return the stream does not verify: %v", err)
	}
	for i, r := range after {
		if r.Number != uint64(i+1) {
			return "", breach("record %d stands at place %d", r.Number, i+1)
		}
	}
	return fmt.Sprintf("4 deposits and 4 pickups in 72 h; %d records came in one go, each once", len(after)-len(before)), nil
}

func replayed(ctx context.Context, b *Bench) (string, error) {
	var tape []door.LinkRequest
	for day := range 7 {
		number, err := b.next(ctx)
		if err != nil {
			return "", err
		}
		q, err := b.manifestAt(number)
		if err != nil {
			return "", err
		}
		if reply, err := b.Link(ctx, q); err != nil || !reply.Accepted {
			return "", fmt.Errorf("day %d: %s %v", day, reply.Reason, err)
		}
		tape = append(tape, q)
		if err := first(func() error { return b.Pass(ctx, 24*time.Hour) }, func() error { return b.SetTime(ctx) }); err != nil {
			return "", err
		}
	}
	before, err := b.count(ctx, journal.Took, "")
	if err != nil {
		return "", err
	}
	random, refused := rand.New(rand.NewPCG(3, 1)), 0
	for range 2 {
		for _, i := range random.Perm(len(tape)) {
			if err := b.linkRefused(ctx, "a replayed manifest", tape[i], "number"); err != nil {
				return "", err
			}
			refused++
		}
	}
	if err := b.Reboot(ctx); err != nil {
		return "", err
	}
	for _, q := range tape {
		if err := b.linkRefused(ctx, "a replayed manifest after a reboot", q, "number"); err != nil {
			return "", err
		}
		refused++
	}
	after, err := b.count(ctx, journal.Took, "")
	if err == nil && after != before {
		err = breach("%d more manifests were taken", after-before)
	}
	return fmt.Sprintf("%d replays refused by number", refused), err
}

func crossLocker(ctx context.Context, b *Bench) (string, error) {
	number, err := b.next(ctx)
	if err != nil {
		return "", err
	}
	for _, s := range []statement.Statement{
		statement.Manifest{Locker: "drill-2", Number: number, Carrier: ceremony.HouseCarrier, From: b.Now(), Until: b.Now() + rules.Hour, Parcels: []statement.Expected{{Barcode: Barcode(7), Size: 1, DwellHours: 24}}},
		statement.Restriction{Locker: "drill-2", Number: number, Kind: statement.Pause, Minutes: 240},
		statement.Permit{Locker: "drill-2", Number: number, Barcode: Barcode(7), Size: 1, Carrier: ceremony.HouseCarrier, Code: statement.CompleteCode("123456789"), From: b.Now(), Until: b.Now() + rules.Hour},
	} {
		envelope, err := statement.Sign(b.Network.Dispatch, s)
		if err != nil {
			return "", err
		}
		if err := b.linkRefused(ctx, string(s.Type())+" of another locker", door.LinkRequest{Verb: door.Down, Number: number, Statement: envelope}, "locker"); err != nil {
			return "", err
		}
	}
	return "manifest, restriction, permit, override and answer refused", first(
		func() error {
			c, err := b.challenge(ctx, door.Override)
			if err != nil {
				return err
			}
			at, barcode := b.occupied()
			c.Locker = "drill-2"
			q, err := b.override(c, at, barcode, b.quorum()...)
			if err != nil {
				return err
			}
			return b.refused(ctx, "an override of another locker", q, door.NotBelieved)
		},
		func() error {
			p, err := b.challenged(ctx)
			if err != nil {
				return err
			}
			p.nonce[0]++ // another locker's challenge
			return p.turnedAway(ctx, "an answer to another locker's challenge", statement.WantDeposit, Barcode(7), door.NotBelieved)
		})
}

func downgrade(ctx context.Context, b *Bench) (string, error) {
	number, err := b.next(ctx)
	if err != nil {
		return "", err
	}
	m := statement.Manifest{Locker: b.Locker.ID, Number: number, Carrier: ceremony.HouseCarrier, From: b.Now(), Until: b.Now() + rules.Hour, Parcels: []statement.Expected{{Barcode: Barcode(7), Size: 1, DwellHours: 24}}}
	kid := b.Network.Dispatch.Key().ID()
	genuine, err := statement.Sign(b.Network.Dispatch, m)
	if err != nil {
		return "", err
	}
	var whole cose.UntaggedSign1Message
	if err := whole.UnmarshalCBOR(genuine); err != nil {
		return "", err
	}
	good := cose.ProtectedHeader{int64(1): cose.AlgorithmEdDSA, int64(4): kid[:], int64(16): string(m.Type())}
	with := func(key int64, value any) cose.ProtectedHeader {
		h := cose.ProtectedHeader{}
		for k, v := range good {
			h[k] = v
		}
		if value == nil {
			delete(h, key)
		} else {
			h[key] = value
		}
		return h
	}
	tries := map[string]cose.UntaggedSign1Message{}
	for name, header := range map[string]cose.ProtectedHeader{"alg 0": with(1, int64(0)), "alg ES384": with(1, cose.AlgorithmES384), "alg ES256": with(1, cose.AlgorithmES256),
		"no alg": with(1, nil), "no typ": with(16, nil), "no kid": with(4, nil), "a crit header": with(2, []any{int64(16)}), "version 0": with(-70000, int64(0))} {
		tries[name] = cose.UntaggedSign1Message{Headers: cose.Headers{Protected: header}, Payload: whole.Payload, Signature: whole.Signature}
	}
	tries["no signature"] = cose.UntaggedSign1Message{Headers: cose.Headers{Protected: good}, Payload: whole.Payload, Signature: make([]byte, 64)}
	tries["an unprotected header"] = cose.UntaggedSign1Message{Headers: cose.Headers{Protected: good, Unprotected: cose.UnprotectedHeader{int64(4): kid[:]}}, Payload: whole.Payload, Signature: whole.Signature}
	for name, msg := range tries {
		envelope, err := msg.MarshalCBOR()
		if err != nil {
			continue // not even this library writes it: A06 sends it by hand
		}
		if err := b.linkRefused(ctx, name, door.LinkRequest{Verb: door.Down, Number: number, Statement: envelope}, ""); err != nil {
			return "", err
		}
	}
	reply, err := b.Link(ctx, door.LinkRequest{Verb: door.Down, Number: number, Statement: genuine})
	if err == nil && !reply.Accepted {
		err = fmt.Errorf("the genuine one was refused too: %s", reply.Reason)
	}
	return fmt.Sprintf("%d refused, the genuine one taken", len(tries)), err
}

// mutated storms both sockets at once, with what honest people have just sent and what strangers would sign.
func mutated(ctx context.Context, b *Bench) (string, error) {
	seeds := &tape{}
	b.tape = seeds
	err := b.visitHonestly(ctx)
	b.tape = nil
	if err != nil {
		return "", err
	}
	before, err := b.head(ctx)
	if err != nil {
		return "", err
	}
	seeds.verbs()
	if err := seeds.forge(b, before.Down+1); err != nil {
		return "", err
	}
	pulses := b.pulses()
	seen, err := b.weather(ctx, seeds, b.Frames)
	if err != nil {
		return seen, err
	}
	after, err := b.head(ctx)
	if err != nil {
		return seen, breach("after the storm: %v", err)
	}
	return fmt.Sprintf("%s; %d records", seen, after.Position-before.Position), b.still(pulses)
}

func hubsCourier(ctx context.Context, b *Bench) (string, error) {
	p, err := b.newPhone(b.Network.Dispatch) // certified by the only key the hub has for itself
	if err != nil {
		return "", err
	}
	barcodes, err := b.expect(ctx, 1)
	if err != nil {
		return "", err
	}
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	_, stolen := b.occupied()
	for _, wish := range []wish{{statement.WantDeposit, barcodes[0]}, {statement.WantWithdraw, stolen}} {
		p.number = 0
		if err := p.turnedAway(ctx, "a courier of the hub's own making", wish.want, wish.barcode, door.NotBelieved); err != nil {
			return "", err
		}
	}
	return "refused: not believed", nil
}

func collectAll(ctx context.Context, b *Bench) (string, error) {
	other := b.other
	p, err := b.newPhone(other, func(c *statement.Courier) { c.Carrier = otherCarrier })
	if err != nil {
		return "", err
	}
	number, err := b.next(ctx)
	if err != nil {
		return "", err
	}
	for _, hours := range []uint16{0, 1, 23, 1441, 65535} { // statement.Sign refuses them: signed by hand
		payload := statement.Manifest{Locker: b.Locker.ID, Number: number, Carrier: otherCarrier, From: b.Now(), Until: b.Now() + rules.Hour, Parcels: []statement.Expected{{Barcode: Barcode(1), Size: 1, DwellHours: hours}}}
		envelope, err := signRaw(b.Network.Dispatch, payload)
		if err != nil {
			return "", err
		}
		if err := b.linkRefused(ctx, fmt.Sprintf("dwell %d h", hours), door.LinkRequest{Verb: door.Down, Number: number, Statement: envelope}, "manifest"); err != nil {
			return "", err
		}
	}
	for barcode := range b.Parcels { // name carrier X's parcels as Y's
		if _, err := b.manifest(ctx, otherCarrier, statement.Expected{Barcode: barcode, Size: 1, DwellHours: 24}); err != nil {
			return "", err
		}
	}
	if err := first(func() error { return b.Pass(ctx, 30*time.Hour) }, func() error { return b.SetTime(ctx) }, func() error { return p.begin(ctx) }); err != nil {
		return "", err
	}
	for barcode := range b.Parcels {
		for _, want := range []statement.Want{statement.WantWithdraw, statement.WantReopen, statement.WantDeposit} {
			if err := p.turnedAway(ctx, "another carrier's parcel", want, barcode, door.NotHere, door.NotExpected); err != nil {
				return "", err
			}
		}
	}
	return fmt.Sprintf("%d parcels, withdraw, reopen and deposit: none", len(b.Parcels)), b.leave(ctx)
}

func makeEmpty(ctx context.Context, b *Bench) (string, error) {
	at, barcode := b.occupied()
	all := []uint16{}
	for _, c := range b.Locker.Compartments {
		all = append(all, c.Number)
	}
	for _, r := range []statement.Restriction{
		{Kind: statement.Block, Compartments: all}, {Kind: statement.Unblock, Compartments: all}, {Kind: statement.Block, Compartments: []uint16{at}},
		{Kind: statement.Extend, Barcode: barcode, DwellHours: 24}, {Kind: statement.Unblock, Compartments: all},
	} {
		reply, err := b.restrict(ctx, r)
		if err != nil {
			return "", err
		}
		if r.Kind == statement.Extend && reply.Accepted {
			return "", breach("a deadline came nearer")
		}
	}
	number, err := b.next(ctx)
	if err != nil {
		return "", err
	}
	for _, kind := range []statement.Restrict{"empty", "reset", "open", "unlock"} {
		envelope, err := signRaw(b.Network.Dispatch, statement.Restriction{Locker: b.Locker.ID, Number: number, Kind: kind, Compartments: []uint16{at}})
		if err != nil {
			return "", err
		}
		if err := b.linkRefused(ctx, string(kind), door.LinkRequest{Verb: door.Down, Number: number, Statement: envelope}, "restriction"); err != nil {
			return "", err
		}
	}
	// Were one compartment EMPTY now, a deposit would open it: with 16 parcels more the locker is full, or a parcel is exposed.
	if err := b.Stock(ctx, len(b.Locker.Compartments)-8); err != nil {
		return "", err
	}
	if _, err := b.collect(ctx, owner(barcode), b.Codes[barcode].Code); err != nil {
		return "", breach("the recipient's code no longer works: %v", err)
	}
	return "16 deposits went beside 8 parcels; every code still works", nil
}

func manifestBomb(ctx context.Context, b *Bench) (string, error) {
	number, err := b.next(ctx)
	if err != nil {
		return "", err
	}
	if err := b.bigFrame(3 << 20); err != nil { // 10⁵ parcels take that much
		return "", err
	}
	huge, err := b.manifestAt(1<<63 - 1)
	if err != nil {
		return "", err
	}
	if err := b.linkRefused(ctx, "number 2⁶³−1", huge, "number"); err != nil {
		return "", err
	}
	before, err := b.Records(ctx)
	if err != nil {
		return "", err
	}
	slow := 0
	for range 1000 {
		if number, err = b.next(ctx); err != nil {
			return "", err
		}
		q, err := b.manifestAt(number, func(m *statement.Manifest) { m.From, m.Until = m.From-100*rules.Hour, m.From-70*rules.Hour })
		if err != nil {
			return "", err
		}
		reply, err := b.Link(ctx, q)
		if err != nil {
			return "", err
		}
		if reply.Reason == "slow" {
			slow++
		}
	}
	after, err := b.Records(ctx)
	if err != nil {
		return "", err
	}
	if grown := len(after) - len(before); grown > 100 {
		return "", breach("%d records in a second or two", grown)
	}
	return fmt.Sprintf("1000 late manifests made %d records; %d were told to come later", len(after)-len(before), slow), b.Pass(ctx, 20*time.Minute)
}

// bigFrame sends a frame of a size that no peer may send; the guard must hang up without reading it.
func (b *Bench) bigFrame(size int) error {
	var conn net.Conn
	if err := as(linkUser, func() (err error) { conn, err = net.Dial("unix", b.path("doors", "link")); return err }); err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	written, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(size)), make([]byte, size)...))
	if err == nil {
		return breach("a frame of %d bytes was read to its end (%d)", size, written)
	}
	return nil
}

func pausedForever(ctx context.Context, b *Bench) (string, error) {
	_, barcode := b.occupied()
	var paused []int // by the hour
	for hour := range 7 * 24 {
		if _, err := b.restrict(ctx, statement.Restriction{Kind: statement.Pause, Minutes: 240}); err != nil {
			return "", err
		}
		v, err := b.View(ctx)
		if err != nil {
			return "", err
		}
		paused = append(paused, min(1, int(v.PausedFor)))
		if err := b.Pass(ctx, time.Hour); err != nil {
			return "", err
		}
		if hour%12 == 0 {
			if err := b.SetTime(ctx); err != nil {
				return "", err
			}
		}
	}
	worst := 0
	for i := range len(paused) - 72 {
		sum := 0
		for _, p := range paused[i : i+72] {
			sum += p
		}
		worst = max(worst, sum)
	}
	if worst > 12 {
		return "", breach("paused for %d of 72 h", worst)
	}
	for {
		v, err := b.View(ctx)
		if err != nil {
			return "", err
		}
		if v.PausedFor == 0 {
			break
		}
		if err := b.Pass(ctx, time.Duration(v.PausedFor+1000)*time.Millisecond); err != nil {
			return "", err
		}
	}
	_, err := b.collect(ctx, owner(barcode), b.Codes[barcode].Code)
	return fmt.Sprintf("paused for %d of the worst 72 h; the code works after it", worst), err
}
