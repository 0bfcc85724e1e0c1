package drill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
	"lockstep/internal/line"
)

// fleetSize is how many lockers a row about all of them has.
const fleetSize = 50

// storms is how many messages A01 sends.
const storms = 100_000

// allTypes are all that statements can be.
var allTypes = []statement.Type{statement.TypeManifest, statement.TypeRestriction, statement.TypePermit, statement.TypeReceipt, statement.TypeCharter, statement.TypeLift,
	statement.TypeOverride, statement.TypeCourier, statement.TypeAnswer, statement.TypeChallenge, statement.TypeHead, statement.TypeLocker, statement.TypeService,
	statement.TypeRecovered, statement.TypeContactKey, statement.TypeSealedContact, "lockstep/open"}

// opener is a statement that does not exist: it says "open", and which.
type opener struct {
	Locker      string `cbor:"1,keyasint"`
	Number      uint64 `cbor:"2,keyasint"`
	Verb        string `cbor:"3,keyasint"`
	Compartment uint16 `cbor:"4,keyasint"`
}

// openersTape says "open" in every type of statement and every kind of frame, under a key that nobody knows.
func openersTape(key *statement.Signer) func(*rand.Rand, line.FromLocker) []byte {
	return func(random *rand.Rand, hello line.FromLocker) []byte {
		o := opener{hello.Locker, hello.Down + 1, "open", uint16(1 + random.IntN(compartments))}
		envelope, err := statement.Sign(key, unchecked{allTypes[random.IntN(len(allTypes))], statement.Encode(o)})
		if err != nil {
			return nil
		}
		return spoken(random, o, envelope)
	}
}

// spoken puts an envelope into a frame. Most frames leave the link on the line; one in some hundred makes it hang up.
func spoken(random *rand.Rand, o opener, envelope []byte) []byte {
	switch random.IntN(400) {
	case 0:
		return statement.Encode(struct {
			Kind        string `cbor:"1,keyasint"`
			Number      uint64 `cbor:"3,keyasint"`
			Statement   []byte `cbor:"4,keyasint"`
			Compartment uint16 `cbor:"9,keyasint"`
		}{[]string{"open", "unlock", "pulse", "door", "press", ""}[random.IntN(6)], o.Number, envelope, o.Compartment})
	case 1:
		return statement.Encode(line.FromHub{Kind: []line.Kind{line.Welcome, line.Bye, line.Uploaded}[random.IntN(3)], Position: o.Number, Reason: "open"})
	case 2:
		return garbage(random, envelope)
	}
	bundle, err := statement.Bundle{Envelopes: [][]byte{envelope}}.Encode()
	if err != nil {
		return nil
	}
	return statement.Encode([]line.FromHub{{Kind: line.Down, Number: o.Number, Statement: envelope}, {Kind: line.Receipt, Statement: envelope}, {Kind: line.Persons, Statement: bundle}}[random.IntN(3)])
}

// garbage is bytes that were a statement once.
func garbage(random *rand.Rand, of []byte) []byte {
	out := slices.Clone(of)
	for range 1 + random.IntN(8) {
		out[random.IntN(len(out))] = byte(random.Uint32())
	}
	return out[:1+random.IntN(len(out))]
}

// fleetStorm: the attacker is in the hub's place, with its certificate and none of its other keys.
func fleetStorm(ctx context.Context, n *Net) (string, error) {
	key, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		return "", err
	}
	if err := n.Office.End("hub"); err != nil {
		return "", err
	}
	h, err := n.edgeOfOurOwn(openersTape(key))
	if err != nil {
		return "", err
	}
	begun := time.Now()
	people := n.usersFor(ctx, n.Parcels, 45*time.Second)
	span := max(time.Minute, n.Span)
	err = n.until(ctx, span+4*time.Minute, "the storm's last message", func() bool { return time.Since(begun) > span && h.sent.Load() >= storms })
	took := time.Since(begun)
	h.end()
	if err := errors.Join(err, people.wait()); err != nil {
		return "", err
	}
	if h.taken.Load() > 0 || h.lockers() < len(n.Lockers) {
		return "", breach("%d statements were taken; %d lockers were spoken to", h.taken.Load(), h.lockers())
	}
	counted, err := n.countRefusals(ctx)
	if err != nil {
		return "", err
	}
	if err := n.back(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d messages to %d lockers in %.0f s, 0 taken; %d refusals in the journals of all; %d recipients served meanwhile; guards have %s", h.sent.Load(), len(n.Lockers), took.Seconds(),
		counted, people.served.Load(), n.weight()), nil
}

// weight is what the guards have of memory, in words.
func (n *Net) weight() string {
	worst, sum := 0, 0
	for _, b := range n.Lockers {
		if memory, err := b.highest(); err == nil {
			worst, sum = max(worst, memory), sum+memory
		}
	}
	return fmt.Sprintf("at most %d MB together, the largest %.1f", sum>>20, float64(worst)/(1<<20))
}

// countRefusals lets the guards write down what they have refused. Every one must have refused something.
func (n *Net) countRefusals(ctx context.Context) (int64, error) {
	if err := n.Later(ctx, 11*time.Minute); err != nil {
		return 0, err
	}
	var sum atomic.Int64
	err := n.each(ctx, func(ctx context.Context, i int) error {
		b := n.Lockers[i]
		if err := b.untilRecord(ctx, journal.Refusals, ""); err != nil {
			return fmt.Errorf("%s: %w", b.Locker.ID, err)
		}
		for _, r := range b.records {
			for _, c := range r.Counts {
				if strings.HasPrefix(c.What, "link ") {
					sum.Add(int64(c.N))
				}
			}
		}
		return nil
	})
	return sum.Load(), err
}

// back is the hub in its own hands again: it runs, and every link has come back to it.
func (n *Net) back(ctx context.Context) error {
	since := n.Office.Clock.Now()
	if !n.Office.Runs("hub") {
		if err := n.Office.Again(ctx, "hub"); err != nil {
			return err
		}
	}
	if err := n.Later(ctx, time.Minute); err != nil { // links have learned to wait that long
		return err
	}
	return n.until(ctx, time.Minute, "links to come back", func() bool {
		var list []struct{ ID, Heard string }
		if n.Office.HubCommand(&list, "locker", "list") != nil {
			return false
		}
		back := 0
		for _, l := range list {
			if heard, err := time.Parse(time.RFC3339, l.Heard); err == nil && heard.After(since) {
				back++
			}
		}
		return back >= len(n.Lockers)
	})
}

// hubRoot: everything that the hub's machine holds, for as long as the yard's span.
func hubRoot(ctx context.Context, n *Net) (string, error) {
	f, err := n.newForge(ctx)
	if err != nil {
		return "", err
	}
	span := max(time.Minute, n.Span)
	begun := time.Now()
	people := n.usersFor(ctx, n.honestOnes(), span*9/10)
	var total hostile
	for rounds := 0; time.Since(begun) < span || rounds == 0; rounds++ {
		if err := n.hubRound(ctx, f, &total); err != nil {
			return "", err
		}
	}
	took := time.Since(begun)
	if err := people.wait(); err != nil {
		return "", err
	}
	if total.taken.Load() > 0 {
		return "", breach("%d statements were taken that no hub may sign", total.taken.Load())
	}
	if err := n.back(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s against %d lockers: %d statements put into their streams, %d frames from the edge, %d calls, %d restarts; 0 doors; %d recipients served, %d times at a second try for want of a processor; guards have %s",
		took.Round(time.Second), len(n.Lockers), f.injected.Load(), total.sent.Load(), f.calls.Load(), f.restarts.Load(), people.served.Load(), people.slow.Load(), n.weight()), nil
}

// vandalised are the last of the lockers: there the attacker also does what a hub may do, and denies service by it.
func (n *Net) vandalised() []*Bench { return n.Lockers[len(n.Lockers)*4/5:] }

// honestOnes are the parcels at all other lockers.
func (n *Net) honestOnes() (parcels []*Parcel) {
	for _, p := range n.Parcels {
		if !slices.Contains(n.vandalised(), p.At) {
			parcels = append(parcels, p)
		}
	}
	return parcels
}

// hubRound is one turn of everything: the database, the admin's commands, every route, a restart, and the edge itself.
func (n *Net) hubRound(ctx context.Context, f *forge, total *hostile) error {
	for _, b := range n.Lockers {
		if err := f.intoStream(ctx, b); err != nil {
			return err
		}
	}
	if err := f.call(ctx); err != nil {
		return err
	}
	if err := n.restartHub(ctx); err != nil {
		return err
	}
	f.restarts.Add(1)
	if err := rest(ctx, 8*time.Second); err != nil { // the links fetch what is there
		return err
	}
	if err := n.Office.Kill("hub"); err != nil {
		return err
	}
	h, err := n.edgeOfOurOwn(f.tape)
	if err != nil {
		return err
	}
	err = rest(ctx, 15*time.Second)
	h.end()
	total.sent.Add(h.sent.Load())
	total.taken.Add(h.taken.Load())
	return errors.Join(err, n.Office.Again(ctx, "hub"))
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// forge makes what the hub's keys can sign, and what they cannot.
type forge struct {
	*Net
	courier  *Phone              // certified by the house carrier's key, which lies at the hub
	replays  map[string][][]byte // by locker: what was sent to it before
	injected atomic.Int64
	calls    atomic.Int64
	restarts atomic.Int64
}

func (n *Net) newForge(ctx context.Context) (*forge, error) {
	courier, err := n.Lockers[0].courier()
	if err != nil {
		return nil, err
	}
	f := &forge{Net: n, courier: courier, replays: map[string][][]byte{}}
	return f, n.inDatabase(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT locker, envelope FROM down`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var locker string
			var envelope []byte
			if err := rows.Scan(&locker, &envelope); err != nil {
				return err
			}
			f.replays[locker] = append(f.replays[locker], envelope)
		}
		return rows.Err()
	})
}

// intoStream puts statements into a locker's stream that a hub may sign: all that is genuine and takes nothing from anybody; at
// vandalised lockers also what denies service for a while.
func (f *forge) intoStream(ctx context.Context, b *Bench) error {
	now, revoked := f.now(), f.courier.key.Key().ID()
	var inside []statement.Expected
	for _, p := range f.Parcels {
		inside = append(inside, statement.Expected{Barcode: p.Barcode, Size: 1, DwellHours: 24})
	}
	all := []statement.Statement{
		statement.Manifest{Carrier: ceremony.HouseCarrier, From: now - rules.Hour, Until: now + 35*rules.Hour, Parcels: inside[:min(len(inside), statement.MaxManifestParcels)]},
		statement.Manifest{Carrier: otherCarrier, From: now - 80*rules.Hour, Until: now - 50*rules.Hour, Parcels: inside[:1]},
		statement.Restriction{Kind: statement.Unblock, Compartments: everyOne},
		statement.Restriction{Kind: statement.Extend, Barcode: f.Parcels[0].Barcode, DwellHours: 24},
		statement.Restriction{Kind: statement.Reissue, Barcode: Barcode(999)},
	}
	if slices.Contains(f.vandalised(), b) {
		all = append(all, statement.Restriction{Kind: statement.Pause, Minutes: 240}, statement.Restriction{Kind: statement.Block, Compartments: everyOne},
			statement.Restriction{Kind: statement.Revoke, Carrier: ceremony.HouseCarrier, Courier: &revoked, At: now})
		for barcode := range b.Parcels {
			all = append(all, statement.Restriction{Kind: statement.Reissue, Barcode: barcode})
		}
	}
	if !slices.Contains(f.vandalised(), b) { // no more than the stream's pace takes: the honest hub's own statements wait behind them
		rand.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		all = all[:2]
	}
	f.injected.Add(int64(len(all)))
	return f.inject(ctx, b, all...)
}

var everyOne = func() (all []uint16) {
	for i := range compartments {
		all = append(all, uint16(i+1))
	}
	return all
}()

// call asks every route there is for everything, with every token the hub knows or can make.
func (f *forge) call(ctx context.Context) error {
	s, err := f.spec(ctx)
	if err != nil {
		return err
	}
	all := s.routes(false, nil)
	for _, p := range f.Parcels[:min(8, len(f.Parcels))] {
		for _, r := range s.routes(true, map[string]string{"/shipments/{id}": "/shipments/" + p.Shipment, "/parcels/{barcode}": "/parcels/" + p.Barcode, "/webhooks/{id}": "/webhooks/x"}) {
			if r.reading() || slices.Contains(f.vandalised(), p.At) {
				all = append(all, r)
			}
		}
	}
	tokens := []string{f.Office.APIKey, f.keys["the notifier's token"], f.courier.key.Key().Fingerprint()}
	for _, path := range []string{"contacts", "contact-keys", "receipts", "lockers", "open", "contacts/ack"} {
		all = append(all, route{method: "GET", path: "/notifier/v1/" + path}, route{method: "POST", path: "/carrier/v1/" + path, body: map[string]any{"verb": "open"}})
	}
	for _, r := range all {
		for _, token := range tokens {
			if _, err := call(ctx, r.method, f.Office.Hub+r.path, token, r.body); err != nil {
				return err
			}
			f.calls.Add(1)
		}
	}
	return nil
}

// tape is what the edge says while the attacker is it: nothing of it may be taken by any guard.
func (f *forge) tape(random *rand.Rand, hello line.FromLocker) []byte {
	o := opener{hello.Locker, hello.Down + 1, "open", uint16(1 + random.IntN(compartments))}
	envelope, err := f.forged(random, o)
	if err != nil || len(envelope) > line.MaxStatement {
		return garbage(random, statement.Encode(o))
	}
	return spoken(random, o, envelope)
}

// forged is one statement that the hub's keys can sign and that no guard may take.
func (f *forge) forged(random *rand.Rand, o opener) ([]byte, error) {
	hubs := []*statement.Signer{f.Network.Dispatch, f.Network.Time[0], f.Network.Carrier, f.courier.key}
	by := hubs[random.IntN(len(hubs))]
	now, years := f.now(), 10*365*24*rules.Hour
	barcode := f.Parcels[random.IntN(len(f.Parcels))].Barcode
	expected := []statement.Expected{{Barcode: barcode, Size: 1, DwellHours: 0}}
	switch random.IntN(14) {
	case 0: // what was sent before
		if old := f.replays[o.Locker]; len(old) > 0 {
			return old[random.IntN(len(old))], nil
		}
		fallthrough
	case 1: // another locker's
		return signRaw(f.Network.Dispatch, statement.Restriction{Locker: "net-00", Number: o.Number, Kind: statement.Unblock, Compartments: everyOne})
	case 2: // "open", in any type
		return statement.Sign(by, unchecked{allTypes[random.IntN(len(allTypes))], statement.Encode(o)})
	case 3: // a dwell time of nothing
		return signRaw(f.Network.Dispatch, statement.Manifest{Locker: o.Locker, Number: o.Number, Carrier: ceremony.HouseCarrier, From: now, Until: now + rules.Hour, Parcels: expected})
	case 4: // a manifest for ten years
		expected[0].DwellHours = 24
		return signRaw(f.Network.Dispatch, statement.Manifest{Locker: o.Locker, Number: o.Number, Carrier: ceremony.HouseCarrier, From: now - years, Until: now + years, Parcels: expected})
	case 5: // a restriction that is none
		return signRaw(f.Network.Dispatch, statement.Restriction{Locker: o.Locker, Number: o.Number, Kind: []statement.Restrict{"open", "unlock", "empty", "reset", "release"}[random.IntN(5)], Compartments: []uint16{o.Compartment}, Barcode: barcode})
	case 6: // the last number there is
		return signRaw(f.Network.Dispatch, statement.Restriction{Locker: o.Locker, Number: 1<<63 - 1, Kind: statement.Unblock, Compartments: everyOne})
	case 7: // time, ten years off
		return signRaw(f.Network.Time[0], statement.Receipt{Locker: o.Locker, Boot: uint64(1 + random.IntN(3)), UTC: now + int64(1-2*random.IntN(2))*years})
	case 8: // a courier
		return f.courier.certificate, nil
	case 9: // a courier's answer
		return signRaw(f.courier.key, statement.Answer{Locker: o.Locker, Number: 1, Want: statement.WantWithdraw, Barcode: barcode})
	case 10: // an override by the hub
		return signRaw(by, statement.Override{Locker: o.Locker, Boot: 1, Counter: 1, Compartment: o.Compartment, Parcel: barcode, Reason: "drill: the hub says so"})
	case 11: // a charter of the hub's own
		next := f.Network.Charter
		next.Epoch++
		next.Operators = statement.Role{Threshold: 1, Holders: []statement.Holder{{Key: f.Network.Dispatch.Key(), Person: "hub"}}}
		return signRaw(by, next)
	case 12: // the right words under the wrong key
		return signRaw(by, statement.Lift{Locker: o.Locker})
	}
	whole, err := statement.Sign(by, unchecked{statement.TypeManifest, statement.Encode(o)})
	return garbage(random, whole), err
}

// remotePresence: the kiosks of all lockers relay everything to fifty phones that sign, and nobody stands at any locker.
func remotePresence(ctx context.Context, n *Net) (string, error) {
	awaited := make([]string, len(n.Lockers)) // a parcel that each expects
	if err := n.each(ctx, func(ctx context.Context, i int) error {
		p, err := n.announce(ctx, n.Lockers[i])
		if err != nil {
			return err
		}
		awaited[i] = p.Barcode
		return n.Office.Until(ctx, p.Barcode, "dispatched")
	}); err != nil {
		return "", err
	}
	rounds := max(12, int(n.Span/(21*time.Second)))
	pulses, accepted := n.pulses(), atomic.Int64{}
	played := 0
	for ; played < rounds || played < 3*rounds && n.unalarmed(ctx); played++ { // a busy machine ends some prompts in another way
		round := played
		err := n.each(ctx, func(ctx context.Context, i int) error {
			yes, err := n.relay(ctx, i, round, awaited[i])
			if yes {
				accepted.Add(1)
			}
			return err
		})
		if err != nil {
			return "", err
		}
		if err := n.Later(ctx, 21*time.Second); err != nil { // a prompt stands for twenty
			return "", err
		}
	}
	if now := n.pulses(); now > pulses {
		return "", breach("%d doors opened with nobody there", now-pulses)
	}
	if least := int64(played * len(n.Lockers) / 2); accepted.Load() < least {
		return "", fmt.Errorf("only %d of %d answers were accepted: the doors stay shut for another reason", accepted.Load(), played*len(n.Lockers))
	}
	for _, b := range n.Lockers {
		if err := n.alarm(ctx, b.Locker.ID, "guard", "authorised, no press"); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d answers and codes accepted at %d lockers in %s of turned clock: 0 pulses; the alarm at each", accepted.Load(), len(n.Lockers), time.Duration(played)*21*time.Second), nil
}

// unalarmed says whether a guard has not raised the alarm yet.
func (n *Net) unalarmed(ctx context.Context) bool {
	return slices.ContainsFunc(n.Lockers, func(b *Bench) bool {
		raised, err := b.count(ctx, journal.Alarm, "authorised, no press")
		return err == nil && raised == 0
	})
}

// relay is one visit of nobody's: a recipient's code, or a courier's answer to the challenge that the screen shows.
func (n *Net) relay(ctx context.Context, i, round int, awaited string) (accepted bool, err error) {
	b, p := n.Lockers[i], n.Parcels[i]
	if round%2 == 0 {
		reply, err := b.Kiosk(ctx, door.KioskRequest{Verb: door.Code, Code: n.bag.code(p.Phone)})
		return reply.Accepted, err
	}
	if err := b.leave(ctx); err != nil {
		return false, err
	}
	phone, err := b.challenged(ctx)
	if err != nil {
		return false, err
	}
	reply, err := phone.show(ctx, statement.WantDeposit, awaited)
	return reply.Accepted, err
}
