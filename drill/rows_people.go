package drill

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// peopleRows: the kiosk in wrong hands, and couriers.
var peopleRows = []Row{
	{ID: "C01", Attack: "kiosk process: keeps a typed code, shows 'wrong', uses it later without a hand, then with one", Holds: of(holdsKiosk), Expect: "without a press 0; with one that compartment, once", On: stocked, Do: harvested, Limits: Limits{Exposed: 1}},
	{ID: "C02", Attack: "kiosk process: further answers inside a courier's session, and the courier's own shown again", Holds: of(holdsKiosk), Expect: "nothing without the courier's device", On: stocked, Do: riding},
	{ID: "C03", Attack: "kiosk process and a cheap parcel of one's own: answers swapped, repeated, left out", Holds: of(holdsKiosk), Expect: "a swap is refused, or each parcel lies under its own barcode", On: fresh, Do: swapped},
	{ID: "C07", Attack: "the kiosk's verbs on the link's socket, and the other way round; a stranger's user", Holds: of(holdsLink), Expect: "refused", On: stocked, Do: wrongSocket},
	{ID: "C08", Attack: "kiosk's user: 1,000 slow connections, half frames", Holds: of(holdsKiosk), Expect: "the others are served", On: stocked, Do: slowPeers},
	{ID: "D04", Attack: "another locker's codes and QR secrets", Expect: "refused", On: stocked, Do: elsewhere},
	{ID: "E01", Attack: "a courier's unlocked phone, with a hand on the locker", Holds: of(holdsCourier), Expect: "empties at most 10 and one per 6 s; no parcel before its time", On: nearlyEmpty, Do: stolenPhone},
	{ID: "E02", Attack: "a courier's answer with a compartment in it, size 255, no barcode, 60 deposits of junk", Holds: of(holdsCourier), Expect: "unknown fields and sizes are refused", On: fresh, Do: namedDoor},
	{ID: "E03", Attack: "courier: puts a parcel in, says 'cancelled', comes back as a second courier of another carrier", Holds: of(holdsCourier), Expect: "QUARANTINE, offered to nobody else", On: fresh, Do: cancelTrick},
	{ID: "E04", Attack: "courier: longer validity, wider scope, signed with the courier's own key; courier certifies courier", Holds: of(holdsCourier), Expect: "refused", On: stocked, Do: extended},
	{ID: "E05", Attack: "courier: takes back 1 s early on the wall, on the powered clock, on either alone", Holds: of(holdsCourier), Expect: "refused until both have passed", On: stocked, Do: early},
	{ID: "E06", Attack: "carrier Y collects carrier X's overdue parcels", Holds: of(holdsCourier), Expect: "refused", On: stocked, Do: othersOverdue},
	{ID: "E07", Attack: "a courier whose scope is another city; a cloned kid", Holds: of(holdsCourier), Expect: "refused", On: fresh, Do: otherCity},
	{ID: "E08", Attack: "control: 60 honest deposits, one every 12 s", Expect: "all succeed, no alarm", Slow: true, On: func(ctx context.Context, y *Yard) (*Bench, error) { return y.Stocked(ctx, 80, 0) }, Do: sixtyHonest},
	{ID: "L05", Attack: "courier: junk into every compartment a manifest allows", Holds: of(holdsCourier), Expect: "no more than the manifest's parcels", On: fresh, Do: squatting},
	{ID: "L02", Attack: "kiosk process: provokes every refusal there is", Holds: of(holdsKiosk), Expect: "no lockdown from requests", On: stocked, Do: provoking},
}

func harvested(ctx context.Context, b *Bench) (string, error) {
	at, barcode := b.occupied()
	q := door.KioskRequest{Verb: door.Code, Code: b.Codes[barcode].Code}
	pulses := b.pulses()
	for range 3 { // at night, with nobody there
		if _, err := b.Kiosk(ctx, q); err != nil {
			return "", err
		}
		if err := b.Pass(ctx, 25*time.Second); err != nil {
			return "", err
		}
	}
	if err := b.still(pulses); err != nil {
		return "", err
	}
	v, err := b.enters(ctx, Thief, q.Code)
	if err != nil || v.Compartment != at {
		return "", fmt.Errorf("with a hand: door %d: %v", v.Compartment, err)
	}
	if v, err = b.shut(ctx, Thief, at); err != nil {
		return "", err
	}
	told, err := b.count(ctx, journal.CollectIntent, "")
	if err != nil || told == 0 {
		return "", breach("the opening is not in the journal, so the recipient is not told: %v", err)
	}
	return "3 tries without a hand: 0; one with a hand: that one door, and its record", nil
}

func riding(ctx context.Context, b *Bench) (string, error) {
	p, barcodes, err := b.arrive(ctx, 2)
	if err != nil {
		return "", err
	}
	shown, err := p.presentation(statement.WantDeposit, barcodes[0], 0)
	if err != nil {
		return "", err
	}
	q := scanned(shown)
	reply, err := b.Kiosk(ctx, q)
	if err != nil || !reply.Accepted {
		return "", fmt.Errorf("the courier's own answer: %s %v", reply.Reason, err)
	}
	v, err := b.pressed(ctx, honestCourier)
	if errors.Is(err, errSilent) {
		p.number = 1
		v, err = p.opens(ctx, honestCourier, statement.WantDeposit, barcodes[0])
	}
	if err != nil {
		return "", err
	}
	if err := p.putIn(ctx, barcodes[0], v.Compartment); err != nil {
		return "", err
	}
	pulses := b.pulses()
	if _, err := b.Kiosk(ctx, q); err != nil { // shown again: the scanner may read a screen twice
		return "", err
	}
	if err := b.pressInVain(ctx, "the same answer again", b.opened(Thief)); err != nil {
		return "", err
	}
	thief, err := b.courier()
	if err != nil {
		return "", err
	}
	thief.nonce, thief.number = p.nonce, p.number
	_, stolen := b.occupied()
	for _, want := range []statement.Want{statement.WantDeposit, statement.WantWithdraw, statement.WantReopen} {
		barcode := map[statement.Want]string{statement.WantDeposit: barcodes[1]}[want]
		if barcode == "" {
			barcode = stolen
		}
		thief.number = p.number
		if err := thief.turnedAway(ctx, "another device's answer in this session", want, barcode, door.NotBelieved); err != nil {
			return "", err
		}
	}
	return "the same answer again: nothing; three answers of another device: not believed", b.still(pulses)
}

func swapped(ctx context.Context, b *Bench) (string, error) {
	p, barcodes, err := b.arrive(ctx, 2) // the first is worth something, the second is the attacker's
	if err != nil {
		return "", err
	}
	one, err := p.presentation(statement.WantDeposit, barcodes[0], 0)
	if err != nil {
		return "", err
	}
	two, err := p.presentation(statement.WantDeposit, barcodes[1], 0)
	if err != nil {
		return "", err
	}
	if err := b.refused(ctx, "the second answer before the first", scanned(two), door.NotBelieved); err != nil {
		return "", err
	}
	if reply, err := b.Kiosk(ctx, scanned(one)); err != nil || !reply.Accepted {
		return "", fmt.Errorf("the first: %s %v", reply.Reason, err)
	}
	v, err := b.pressed(ctx, honestCourier)
	if errors.Is(err, errSilent) {
		p.number = 1
		v, err = p.opens(ctx, honestCourier, statement.WantDeposit, barcodes[0])
	}
	if err != nil {
		return "", err
	}
	if err := p.putIn(ctx, barcodes[0], v.Compartment); err != nil {
		return "", err
	}
	if _, err := b.Records(ctx); err != nil {
		return "", err
	}
	taken, err := b.collect(ctx, owner(barcodes[0]), b.Codes[barcodes[0]].Code)
	if err != nil || taken.Barcode != barcodes[0] {
		return "", breach("the code of %s brought %s: %v", barcodes[0], taken.Barcode, err)
	}
	return "out of order: not believed; the parcel lies under its own barcode", nil
}

func wrongSocket(ctx context.Context, b *Bench) (string, error) {
	n := 0
	for _, verb := range []string{"code", "secret", "courier", "present", "cancel", "override", "cosigned", "technician", "open", "unlock"} {
		reply, err := b.Link(ctx, door.LinkRequest{Verb: door.LinkVerb(verb)})
		if err != nil || reply.Accepted {
			return "", breach("the link's %q: accepted %v, %v", verb, reply.Accepted, err)
		}
		n++
	}
	for _, verb := range []string{"down", "receipt", "persons", "records", "hello", "open", "unlock"} {
		if err := b.refused(ctx, "the kiosk's "+verb, door.KioskRequest{Verb: door.KioskVerb(verb)}, door.Malformed); err != nil {
			return "", err
		}
		n++
	}
	for name, user := range map[string]int{"kiosk": linkUser, "link": kioskUser} {
		if !root() {
			break
		}
		group := map[string]int{"kiosk": kioskUser, "link": linkUser}[name]
		if served(user, user, b.path("doors", name)) || served(user, group, b.path("doors", name)) {
			return "", breach("the %s's socket answers user %d", name, user)
		}
		n++
	}
	return fmt.Sprintf("%d refused", n), nil
}

// served says whether a user gets an answer on a socket.
func served(user, group int, path string) bool {
	answered := false
	asMember(user, group, func() error {
		client, err := door.DialLink(path)
		if err != nil {
			return err
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_, err = client.Do(ctx, door.LinkRequest{Verb: door.Hello})
		answered = err == nil
		return err
	})
	return answered
}

func elsewhere(ctx context.Context, b *Bench) (string, error) {
	other, err := stocked(ctx, b.Yard)
	if err != nil {
		return "", err
	}
	other.Close() // its codes are the same guard's; a second locker has its own
	fresh, err := b.Yard.bench(ctx, 24)
	if err != nil {
		return "", err
	}
	defer fresh.Close()
	if err := fresh.Stock(ctx, 8); err != nil {
		return "", err
	}
	tried := 0
	for _, code := range fresh.Codes {
		if reply, err := b.typed(ctx, code.Code); err != nil || reply.Accepted {
			return "", breach("another locker's code: accepted %v, %v", reply.Accepted, err)
		}
		if err := b.Pass(ctx, 2*time.Second); err != nil {
			return "", err
		}
		if err := b.refused(ctx, "another locker's QR code", door.KioskRequest{Verb: door.Secret, Secret: code.Secret[:]}); err != nil {
			return "", err
		}
		tried += 2
	}
	return fmt.Sprintf("%d codes and QR secrets refused", tried), nil
}

// nearlyEmpty has room for more deposits than the pace allows while even a slow board takes them.
func nearlyEmpty(ctx context.Context, y *Yard) (*Bench, error) { return y.Stocked(ctx, 24, 2) }

func stolenPhone(ctx context.Context, b *Bench) (string, error) {
	if err := b.Pass(ctx, 2*time.Minute); err != nil { // whoever came before has used up nothing
		return "", err
	}
	p, barcodes, err := b.arrive(ctx, 20)
	if err != nil {
		return "", err
	}
	opened, begun := 0, b.Lived()
	for _, barcode := range barcodes {
		v, err := p.takes(ctx, Thief, statement.WantDeposit, barcode)
		if errors.Is(err, errBudget) {
			break
		}
		if err != nil {
			return "", err
		}
		if _, err := b.shut(ctx, Thief, v.Compartment); err != nil {
			return "", err
		}
		opened++
	}
	if most := 10 + int((b.Lived()-begun)/(6*time.Second)); opened > most {
		return "", breach("%d empty compartments in %s", opened, b.Lived()-begun)
	}
	for barcode := range b.Parcels {
		if err := p.turnedAway(ctx, "a parcel before its time", statement.WantWithdraw, barcode, door.NotDue, door.Budget); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d empty compartments, then the budget; %d parcels: not due", opened, len(b.Parcels)), b.Pass(ctx, time.Minute)
}

func namedDoor(ctx context.Context, b *Bench) (string, error) {
	p, barcodes, err := b.arrive(ctx, 1)
	if err != nil {
		return "", err
	}
	type named struct {
		Locker      string          `cbor:"1,keyasint"`
		Nonce       statement.Nonce `cbor:"2,keyasint"`
		Number      uint32          `cbor:"3,keyasint"`
		Want        statement.Want  `cbor:"4,keyasint"`
		Barcode     string          `cbor:"5,keyasint,omitempty"`
		Size        int             `cbor:"6,keyasint,omitempty"`
		Compartment int             `cbor:"7,keyasint,omitempty"`
	}
	good := named{Locker: b.Locker.ID, Nonce: p.nonce, Number: 1, Want: statement.WantDeposit, Barcode: barcodes[0]}
	tries := map[string]named{}
	for name, change := range map[string]func(*named){"a compartment": func(a *named) { a.Compartment = 7 }, "a negative size": func(a *named) { a.Size = -1 },
		"size 255": func(a *named) { a.Size = 255 }, "no barcode": func(a *named) { a.Barcode = "" }, "wish 99": func(a *named) { a.Want = 99 }} {
		a := good
		change(&a)
		tries[name] = a
	}
	for name, a := range tries {
		envelope, err := statement.Sign(p.key, unchecked{statement.TypeAnswer, statement.Encode(a)})
		if err != nil {
			return "", err
		}
		shown := statement.Encode(statement.Presentation{Answer: envelope, Certificate: p.certificate})
		if err := b.refused(ctx, name, scanned(shown), door.NotBelieved, door.Malformed); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d refused", len(tries)), nil
}

func cancelTrick(ctx context.Context, b *Bench) (string, error) {
	p, barcodes, err := b.arrive(ctx, 1)
	if err != nil {
		return "", err
	}
	v, err := p.opens(ctx, honestCourier, statement.WantDeposit, barcodes[0])
	if err != nil {
		return "", err
	}
	at := v.Compartment
	if err := p.lay(barcodes[0], at); err != nil {
		return "", err
	}
	if reply, err := p.wish(ctx, statement.WantCancel, barcodes[0]); err != nil || !reply.Accepted {
		return "", fmt.Errorf("cancel: %s %v", reply.Reason, err)
	}
	if _, err := b.shut(ctx, honestCourier, at); err != nil {
		return "", err
	}
	if err := b.leave(ctx); err != nil {
		return "", err
	}
	second, err := b.newPhone(b.other, func(c *statement.Courier) { c.Carrier, c.ID = otherCarrier, "y1" })
	if err != nil {
		return "", err
	}
	if err := second.begin(ctx); err != nil {
		return "", err
	}
	for _, want := range []statement.Want{statement.WantReopen, statement.WantWithdraw, statement.WantDeposit} {
		if err := second.turnedAway(ctx, "the second courier", want, barcodes[0], door.NotHere, door.NotExpected); err != nil {
			return "", err
		}
	}
	if err := b.leave(ctx); err != nil {
		return "", err
	}
	if err := b.Stock(ctx, len(b.Locker.Compartments)-1); err != nil { // every other compartment is offered, this one is not
		return "", breach("the quarantined compartment: %v", err)
	}
	last, err := b.expect(ctx, 1)
	if err != nil {
		return "", err
	}
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	reply, err := p.wish(ctx, statement.WantDeposit, last[0])
	if err != nil {
		return "", err
	}
	if reply.Accepted {
		return "", breach("a deposit is led into the quarantined compartment")
	}
	return "QUARANTINE; 23 deposits went elsewhere, for a 24th there is no room", b.makeRoom(ctx)
}

// makeRoom lets one recipient come, so that an honest deposit finds an empty compartment.
func (b *Bench) makeRoom(ctx context.Context) error {
	for barcode := range b.Parcels {
		_, err := b.collect(ctx, owner(barcode), b.Codes[barcode].Code)
		delete(b.Parcels, barcode)
		return err
	}
	return nil
}

func extended(ctx context.Context, b *Bench) (string, error) {
	honest, err := b.courier()
	if err != nil {
		return "", err
	}
	_, barcode := b.occupied()
	far := func(c *statement.Courier) { c.Until = c.From + 13*rules.Day; c.Lockers = []string{"*"} }
	tries := 0
	for name, by := range map[string]*statement.Signer{"with the courier's own key": honest.key, "by another courier": nil, "by another carrier": b.other} {
		if by == nil {
			if by, err = anyKey(); err != nil {
				return "", err
			}
		}
		p, err := b.newPhone(by, far)
		if err != nil {
			return "", err
		}
		if err := p.begin(ctx); err != nil {
			return "", err
		}
		if err := p.turnedAway(ctx, "a certificate signed "+name, statement.WantWithdraw, barcode, door.NotBelieved); err != nil {
			return "", err
		}
		tries++
	}
	p, err := b.courier()
	if err != nil {
		return "", err
	}
	long := statement.Courier{Carrier: ceremony.HouseCarrier, ID: "c1", Key: p.key.Key(), Lockers: []string{"*"}, Deposit: true, Withdraw: true, From: b.Now(), Until: b.Now() + 3650*rules.Day}
	if p.certificate, err = signRaw(b.Network.Carrier, long); err != nil {
		return "", err
	}
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d refused; ten years by the carrier itself: refused", tries),
		p.turnedAway(ctx, "a certificate for ten years", statement.WantWithdraw, barcode, door.NotBelieved)
}

func anyKey() (*statement.Signer, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return statement.NewSigner(private)
}

// withdrawNow asks for a parcel back and says whether the guard would let it go.
func (b *Bench) withdrawNow(ctx context.Context, p *Phone, barcode string) (door.Reason, error) {
	if err := first(func() error { return b.leave(ctx) }, func() error { return p.begin(ctx) }); err != nil {
		return "", err
	}
	reply, err := p.wish(ctx, statement.WantWithdraw, barcode)
	return reply.Reason, err
}

func early(ctx context.Context, b *Bench) (string, error) {
	_, barcode := b.occupied()
	stored, err := b.storedAt(ctx, barcode)
	if err != nil {
		return "", err
	}
	due := stored + 48*time.Hour
	// the wall alone: two time keys say that three days have passed, and the guard has been powered for minutes
	b.wall += 72 * time.Hour
	if err := first(b.turn, func() error { return b.SetTime(ctx) }); err != nil {
		return "", err
	}
	p, err := b.courier()
	if err != nil {
		return "", err
	}
	if reason, err := b.withdrawNow(ctx, p, barcode); err != nil || reason != door.NotDue {
		return "", breach("on the wall alone: %q %v", reason, err)
	}
	// A locker is never powered for longer than the wall has run: the powered clock can only be the later one.
	h, err := b.head(ctx)
	if err != nil {
		return "", err
	}
	powered := time.Duration(h.Powered) * time.Microsecond
	if err := first(func() error { return b.Pass(ctx, due-powered-30*time.Second) }, func() error { return b.SetTime(ctx) }); err != nil {
		return "", err
	}
	if reason, err := b.withdrawNow(ctx, p, barcode); err != nil || reason != door.NotDue {
		return "", breach("seconds before the powered time: %q %v", reason, err)
	}
	if err := first(func() error { return b.leave(ctx) }, func() error { return b.Pass(ctx, time.Minute) }, func() error { return b.SetTime(ctx) },
		func() error { return b.untilRecord(ctx, journal.Overdue, "") }); err != nil {
		return "", err
	}
	if reason, err := b.withdrawNow(ctx, p, barcode); err != nil || reason != "" {
		return "", fmt.Errorf("when both have passed: %q %v", reason, err)
	}
	return "wall alone: not due; seconds early on the powered clock: not due; both: the door is prompted", nil
}

// storedAt is when a parcel was put in, on the guard's powered clock.
func (b *Bench) storedAt(ctx context.Context, barcode string) (time.Duration, error) {
	records, err := b.Records(ctx)
	for _, r := range records {
		if r.Kind == journal.Stored && r.Parcel == barcode {
			return time.Duration(r.Powered) * time.Microsecond, err
		}
	}
	return 0, errors.Join(err, fmt.Errorf("no record of %s", barcode))
}

func othersOverdue(ctx context.Context, b *Bench) (string, error) {
	if err := first(func() error { return b.Pass(ctx, 60*time.Hour) }, func() error { return b.SetTime(ctx) },
		func() error { return b.untilRecord(ctx, journal.Overdue, "") }); err != nil {
		return "", err
	}
	p, err := b.newPhone(b.other, func(c *statement.Courier) { c.Carrier = otherCarrier })
	if err != nil {
		return "", err
	}
	for barcode := range b.Parcels {
		if reason, err := b.withdrawNow(ctx, p, barcode); err != nil || reason != door.NotHere {
			return "", breach("carrier Y for %s: %q %v", barcode, reason, err)
		}
	}
	house, err := b.courier()
	if err != nil {
		return "", err
	}
	_, barcode := b.occupied()
	if reason, err := b.withdrawNow(ctx, house, barcode); err != nil || reason != "" {
		return "", fmt.Errorf("its own carrier: %q %v", reason, err)
	}
	return fmt.Sprintf("%d overdue parcels refused to carrier Y; its own carrier is prompted", len(b.Parcels)), nil
}

func otherCity(ctx context.Context, b *Bench) (string, error) {
	barcodes, err := b.expect(ctx, 1)
	if err != nil {
		return "", err
	}
	away, err := b.newPhone(b.Network.Carrier, func(c *statement.Courier) { c.Lockers = []string{"spb-1", "spb-2"} })
	if err != nil {
		return "", err
	}
	clone, err := b.courier()
	if err != nil {
		return "", err
	}
	fake, err := anyKey()
	if err != nil {
		return "", err
	}
	clone.key = fake // the certificate of one key, the answers of another
	for name, p := range map[string]*Phone{"another city's courier": away, "a cloned certificate": clone} {
		if err := p.begin(ctx); err != nil {
			return "", err
		}
		if err := p.turnedAway(ctx, name, statement.WantDeposit, barcodes[0], door.NotBelieved); err != nil {
			return "", err
		}
	}
	return "2 refused", nil
}

func sixtyHonest(ctx context.Context, b *Bench) (string, error) {
	p, barcodes, err := b.arrive(ctx, 60)
	if err != nil {
		return "", err
	}
	begun := b.Lived()
	for i, barcode := range barcodes {
		v, err := p.takes(ctx, honestCourier, statement.WantDeposit, barcode)
		if errors.Is(err, errBudget) {
			return "", breach("deposit %d has to wait", i)
		}
		if err != nil {
			return "", err
		}
		if err := p.putIn(ctx, barcode, v.Compartment); err != nil {
			return "", err
		}
		if next := begun + time.Duration(i+1)*12*time.Second; next > b.Lived() {
			if err := b.glide(ctx, next-b.Lived()); err != nil {
				return "", err
			}
		}
	}
	took := b.Lived() - begun
	records, err := b.Records(ctx)
	for _, r := range records { // a clock that is turned makes boards seem silent
		if r.Kind == journal.Alarm && !strings.HasPrefix(r.Reason, "board silent") {
			return "", breach("an alarm: %s", r.Reason)
		}
	}
	return fmt.Sprintf("60 deposits in %s, no wait, no alarm", took.Round(time.Second)), err
}

func squatting(ctx context.Context, b *Bench) (string, error) {
	if err := b.Stock(ctx, 6); err != nil {
		return "", err
	}
	p, err := b.challenged(ctx)
	if err != nil {
		return "", err
	}
	for serial := range 20 {
		if err := p.turnedAway(ctx, "a parcel that no manifest names, or that is inside", statement.WantDeposit, Barcode(serial+1), door.NotExpected); err != nil {
			return "", err
		}
	}
	return "6 deposits of 6 expected parcels; 20 further refused", nil
}

func provoking(ctx context.Context, b *Bench) (string, error) {
	n := 0
	for round := range 40 {
		for _, q := range []door.KioskRequest{{Verb: door.Code, Code: "000000000"}, {Verb: door.Code, Code: statement.CompleteCode(fmt.Sprintf("%08d", round))}, {Verb: door.Secret, Secret: make([]byte, 16)},
			{Verb: door.Return, Code: statement.CompleteCode(fmt.Sprintf("%09d", round))}, {Verb: door.Larger}, {Verb: door.Courier}, {Verb: door.Technician}, {Verb: door.Override},
			{Verb: door.Present, Presentation: []byte{0xa0}}, {Verb: door.Cosigned, Presentation: []byte{0xa0}}, {Verb: door.Cancel}, {Verb: "open"}} {
			if _, err := b.Kiosk(ctx, q); err != nil {
				return "", err
			}
			n++
		}
		if err := b.Pass(ctx, time.Minute); err != nil {
			return "", err
		}
	}
	records, err := b.Records(ctx)
	if err != nil {
		return "", err
	}
	counted := uint32(0)
	for _, r := range records {
		if r.Kind == journal.Lockdown {
			return "", breach("a lockdown: %s", r.Reason)
		}
		for _, c := range r.Counts {
			counted += c.N
		}
	}
	if counted == 0 {
		return "", breach("the journal counts no refusals")
	}
	return fmt.Sprintf("%d requests, no lockdown; the journal counts %d refusals", n, counted), b.Pass(ctx, 10*time.Minute)
}

func slowPeers(ctx context.Context, b *Bench) (string, error) {
	opened, refused := b.openSlowly(1000)
	defer opened.close()
	b.link.Close()
	var err error
	if b.link, err = dialLink(b.path("doors", "link")); err != nil {
		return "", breach("the link is not served: %v", err)
	}
	if _, err := b.head(ctx); err != nil {
		return "", breach("the link is not served: %v", err)
	}
	opened.close()
	if err := b.until(ctx, "the kiosk to be served again", func() bool {
		b.kiosk.Close()
		client, err := dialKiosk(b.path("doors", "kiosk"))
		if err != nil {
			return false
		}
		b.kiosk = client
		_, err = b.View(ctx)
		return err == nil
	}); err != nil {
		return "", breach("after the flood: %v", err)
	}
	return fmt.Sprintf("1000 connections, %d turned away at once; the link was served throughout", refused), nil
}
