package drill

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"lockstep/cabinet"
	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// Thief is what the cabinet calls whoever attacks with a hand on the locker.
const Thief = "thief"

const honestCourier = "courier of house"

// Barcode is the serial-th of a number range of ours.
func Barcode(serial int) string {
	digits := fmt.Sprintf("40000%06d", serial)
	return digits + string(statement.GS1CheckDigit(digits))
}

// Phone is a courier's device with its certificate and the session it is in.
type Phone struct {
	*Bench
	key         *statement.Signer
	certificate []byte
	nonce       statement.Nonce
	number      uint32
}

// newPhone is a device that a carrier's key has certified; change spoils the certificate before it is signed.
func (b *Bench) newPhone(carrier *statement.Signer, change ...func(*statement.Courier)) (*Phone, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := statement.NewSigner(private)
	if err != nil {
		return nil, err
	}
	c := statement.Courier{Carrier: ceremony.HouseCarrier, ID: "c1", Key: key.Key(), Lockers: []string{"*"}, Deposit: true, Withdraw: true,
		From: b.Now() - rules.Hour, Until: b.Now() + 10*rules.Day}
	for _, f := range change {
		f(&c)
	}
	certificate, err := statement.Sign(carrier, c)
	return &Phone{Bench: b, key: key, certificate: certificate}, err
}

// courier is an honest courier's phone.
func (b *Bench) courier() (*Phone, error) { return b.newPhone(b.Network.Carrier) }

// begin reads a fresh challenge from the screen.
func (p *Phone) begin(ctx context.Context) error {
	reply, err := p.answered(ctx, door.KioskRequest{Verb: door.Courier})
	if err != nil || !reply.Accepted {
		return fmt.Errorf("no challenge: %s: %v", reply.Reason, err)
	}
	c, err := statement.ReadUnverified[statement.Challenge](reply.View.Session.Challenge)
	p.nonce, p.number = c.Nonce, 0
	return err
}

// challenged is an honest courier's phone with a session at this locker.
func (b *Bench) challenged(ctx context.Context) (*Phone, error) {
	p, err := b.courier()
	if err != nil {
		return nil, err
	}
	return p, p.begin(ctx)
}

// arrive is an honest courier before the locker: so many parcels that the guard expects, and a phone with a session.
func (b *Bench) arrive(ctx context.Context, parcels int) (p *Phone, barcodes []string, err error) {
	if barcodes, err = b.expect(ctx, parcels); err != nil {
		return nil, nil, err
	}
	p, err = b.challenged(ctx)
	return p, barcodes, err
}

// show shows one answer to the scanner, and the next one while boards are only just being asked again.
func (p *Phone) show(ctx context.Context, want statement.Want, barcode string) (reply door.KioskReply, err error) {
	waited := p.until(ctx, "boards that answer", func() bool {
		var shown []byte
		if shown, err = p.presentation(want, barcode, 0); err == nil {
			reply, err = p.Kiosk(ctx, scanned(shown))
		}
		return err != nil || reply.Reason != door.OutOfOrder
	})
	return reply, errors.Join(err, waited)
}

// scanned is what a hostile kiosk says that its scanner has read, now or at any later time.
func scanned(shown []byte) door.KioskRequest {
	return door.KioskRequest{Verb: door.Present, Presentation: shown}
}

// wish is what an answer asks, and about which parcel.
type wish struct {
	want    statement.Want
	barcode string
}

// turnedAway is an answer that must be refused, for one of some reasons where any are given, with a hand on the button.
func (p *Phone) turnedAway(ctx context.Context, what string, want statement.Want, barcode string, reasons ...door.Reason) error {
	before := p.opened(Thief)
	reply, err := p.show(ctx, want, barcode)
	if err != nil {
		return err
	}
	return p.inVain(ctx, what, before, reply, reasons)
}

// presentation is the next answer as the phone shows it.
func (p *Phone) presentation(want statement.Want, barcode string, size uint8) ([]byte, error) {
	p.number++
	envelope, err := statement.Sign(p.key, statement.Answer{Locker: p.Locker.ID, Nonce: p.nonce, Number: p.number, Want: want, Barcode: barcode, Size: size})
	return statement.Encode(statement.Presentation{Answer: envelope, Certificate: p.certificate}), err
}

// wish shows the next answer to the scanner. What must wait for a budget waits, and a door that stands open, perhaps because it opened
// late, is shut.
func (p *Phone) wish(ctx context.Context, want statement.Want, barcode string) (reply door.KioskReply, err error) {
	for range 10 {
		reply, err = p.show(ctx, want, barcode)
		if err != nil {
			return reply, err
		}
		switch reply.Reason {
		case door.CloseDoor:
			if err := p.shutAll(honestCourier); err != nil {
				return reply, err
			}
		case door.Budget, door.OutOfOrder, door.Busy:
		default:
			return reply, nil
		}
		if err := p.Pass(ctx, time.Duration(reply.Wait)*time.Millisecond+time.Second); err != nil {
			return reply, err
		}
	}
	return reply, nil
}

// opens is a wish that is granted, and a hand on the button: the view of the open door.
func (p *Phone) opens(ctx context.Context, person string, want statement.Want, barcode string) (door.View, error) {
	return patiently(func() (door.View, error) {
		reply, err := p.wish(ctx, want, barcode)
		if err != nil || !reply.Accepted {
			return door.View{}, fmt.Errorf("a wish about %s: %s: %v", barcode, reply.Reason, err)
		}
		return p.pressed(ctx, person)
	})
}

// errBudget is a wish that has to wait for a budget.
var errBudget = errors.New("too many doors in a short time")

// takes is opens for somebody who does not wait: a budget that is used up is errBudget.
func (p *Phone) takes(ctx context.Context, person string, want statement.Want, barcode string) (door.View, error) {
	return patiently(func() (door.View, error) {
		reply, err := p.show(ctx, want, barcode)
		switch {
		case err != nil:
			return door.View{}, err
		case reply.Reason == door.Budget:
			return door.View{}, errBudget
		case !reply.Accepted:
			return door.View{}, fmt.Errorf("a wish about %s: %s", barcode, reply.Reason)
		}
		return p.pressed(ctx, person)
	})
}

// press is a hand on the button, held until the guard has surely seen it.
func (b *Bench) press(person string) {
	b.Cabinet.Cabinet.Press(person, 500*time.Millisecond)
}

// pressed presses for a prompt and waits for what comes of it: an open door, or the end. Where nothing happens it presses again,
// as people do.
func (b *Bench) pressed(ctx context.Context, person string) (v door.View, err error) {
	over := func() bool { return v.Stage == door.Idle || v.Stage == door.Done || v.Stage == door.Failed }
	begun, last := time.Now(), time.Time{}
	err = b.until(ctx, "an open door", func() bool {
		if v, err = b.View(ctx); err != nil {
			return false
		}
		if (v.Stage == door.Press || v.Stage == door.Jammed) && time.Since(last) > 2*time.Second {
			b.press(person)
			last = time.Now()
		}
		// A view of before the prompt is not its end.
		return v.Stage == door.Open || v.Stage == door.Say || over() && (!last.IsZero() || time.Since(begun) > 2*time.Second)
	})
	switch {
	case err != nil || v.Stage == door.Open:
	case v.Stage == door.Failed && (v.Outcome == string(door.OutOfOrder) || v.Outcome == "no press" || v.Outcome == "jam"):
		err = errSilent
	default:
		err = fmt.Errorf("the door did not open: %s %s", v.Stage, v.Outcome)
	}
	return v, err
}

// errSilent is a visit that ended because a board, a latch or the hand was too slow on a busy machine: people try again.
var errSilent = errors.New("a board or the hand was too slow")

// patiently does what may end in errSilent until it does not.
func patiently(do func() (door.View, error)) (v door.View, err error) {
	for range 5 {
		if v, err = do(); !errors.Is(err, errSilent) {
			break
		}
	}
	return v, err
}

// enters is a code that is typed, and a hand on the button: the view of the open door.
func (b *Bench) enters(ctx context.Context, person, code string) (door.View, error) {
	return patiently(func() (door.View, error) {
		reply, err := b.typed(ctx, code)
		if err != nil || !reply.Accepted {
			return door.View{}, fmt.Errorf("the code was refused: %s: %v", reply.Reason, err)
		}
		return b.pressed(ctx, person)
	})
}

// shut closes a door by hand and waits until the visit is over.
func (b *Bench) shut(ctx context.Context, person string, at uint16) (v door.View, err error) {
	if err := b.Cabinet.Cabinet.Close(person, at); err != nil {
		return v, err
	}
	err = b.until(ctx, "the end of the visit", func() bool {
		v, err = b.View(ctx)
		return err == nil && v.Stage != door.Open && len(v.OpenDoors) == 0
	})
	return v, err
}

// shutAll closes whatever stands open.
func (b *Bench) shutAll(person string) error {
	var errs []error
	for _, c := range b.Cabinet.Cabinet.State().Compartments {
		if c.Open {
			errs = append(errs, b.Cabinet.Cabinet.Close(person, c.Number))
		}
	}
	return errors.Join(errs...)
}

// owner is who a parcel belongs to.
func owner(barcode string) string { return "owner of " + barcode }

// deposit puts one expected parcel in, from the wish to the closed door.
func (p *Phone) deposit(ctx context.Context, barcode string) (uint16, error) {
	v, err := p.opens(ctx, honestCourier, statement.WantDeposit, barcode)
	if err != nil {
		return 0, err
	}
	return v.Compartment, p.putIn(ctx, barcode, v.Compartment)
}

// lay puts a parcel into an open compartment.
func (p *Phone) lay(barcode string, at uint16) error {
	return p.Cabinet.Cabinet.Put(honestCourier, at, cabinet.Parcel{Barcode: barcode, Owner: owner(barcode), Bearers: []string{honestCourier}})
}

func (p *Phone) putIn(ctx context.Context, barcode string, at uint16) error {
	if err := p.lay(barcode, at); err != nil {
		return err
	}
	v, err := p.shut(ctx, honestCourier, at)
	if err != nil || v.Outcome != "stored" {
		return fmt.Errorf("after a deposit: %s %s: %v", v.Stage, v.Outcome, err)
	}
	p.Parcels[barcode] = at
	return nil
}

// expect makes the guard expect further parcels and returns their barcodes.
func (b *Bench) expect(ctx context.Context, count int) (barcodes []string, err error) {
	return b.expectUnder(ctx, count, statement.CodeOnly)
}

// expectUnder is expect of parcels whose collection takes what a policy says.
func (b *Bench) expectUnder(ctx context.Context, count int, policy statement.Policy) (barcodes []string, err error) {
	for len(barcodes) < count {
		var parcels []statement.Expected
		for range min(count-len(barcodes), 100) {
			b.serial++
			barcodes = append(barcodes, Barcode(b.serial))
			parcels = append(parcels, statement.Expected{Barcode: Barcode(b.serial), Size: 1, Policy: policy, DwellHours: 48})
		}
		if reply, err := b.manifest(ctx, ceremony.HouseCarrier, parcels...); err != nil || !reply.Accepted {
			return nil, fmt.Errorf("a manifest was refused: %s: %v", reply.Reason, err)
		}
	}
	return barcodes, nil
}

// Stock has an honest courier put parcels in, and the notifier read their codes.
func (b *Bench) Stock(ctx context.Context, count int) error {
	barcodes, err := b.expect(ctx, count)
	if err != nil {
		return err
	}
	p, err := b.courier()
	if err != nil {
		return err
	}
	for i, barcode := range barcodes {
		if i%40 == 0 { // a session lasts half an hour of turned clock
			if err := p.leave(ctx); err != nil {
				return err
			}
			if err := p.begin(ctx); err != nil {
				return err
			}
		}
		if _, err := p.deposit(ctx, barcode); err != nil {
			return err
		}
	}
	if err := p.leave(ctx); err != nil {
		return err
	}
	_, err = b.Records(ctx)
	return err
}

// leave ends whatever stands on the screen.
func (b *Bench) leave(ctx context.Context) error {
	for range 2 {
		if _, err := b.Kiosk(ctx, door.KioskRequest{Verb: door.Cancel}); err != nil {
			return err
		}
	}
	return nil
}

// collect has a person type a code, press, take what is there and shut the door.
func (b *Bench) collect(ctx context.Context, person, code string) (cabinet.Parcel, error) {
	v, err := b.enters(ctx, person, code)
	if err != nil {
		return cabinet.Parcel{}, err
	}
	taken, err := b.Cabinet.Cabinet.Take(person, v.Compartment, "")
	if err != nil {
		return taken, err
	}
	v, err = b.shut(ctx, person, v.Compartment)
	if err == nil && v.Outcome != "collected" {
		err = fmt.Errorf("after a collection: %s %s", v.Stage, v.Outcome)
	}
	return taken, err
}

// typed types a code, as an honest person would: where the keypad or a budget says to wait, after that time; where a board does not
// answer yet, again.
func (b *Bench) typed(ctx context.Context, code string) (door.KioskReply, error) {
	return b.keyed(ctx, door.KioskRequest{Verb: door.Code, Code: code})
}

// keyed is typed for any code: one for a pickup, or a permit's.
func (b *Bench) keyed(ctx context.Context, q door.KioskRequest) (door.KioskReply, error) {
	for range 100 {
		reply, err := b.Kiosk(ctx, q)
		wait := time.Duration(reply.Wait)*time.Millisecond + time.Second
		switch {
		case err != nil:
			return reply, err
		case reply.Reason == door.OutOfOrder, reply.Reason == door.CloseDoor && !b.anyOpen():
		case reply.Reason != door.Budget && reply.Reason != door.Slow:
			return reply, nil
		}
		if err := b.Pass(ctx, wait); err != nil {
			return reply, err
		}
	}
	return door.KioskReply{}, fmt.Errorf("a code was never judged")
}

// anyOpen says whether a door really stands open.
func (b *Bench) anyOpen() bool {
	for _, c := range b.Cabinet.Cabinet.State().Compartments {
		if c.Open {
			return true
		}
	}
	return false
}
