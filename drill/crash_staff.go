package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lockstep/cabinet"
	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// The flows of staff and of the link, and of doors that do not do as they should.

// jam has every latch stick, or move again.
func (b *Bench) jam(stuck bool) (err error) {
	for _, c := range b.Locker.Compartments {
		fault := cabinet.Fault{Kind: cabinet.Jam, Compartment: c.Number}
		if stuck {
			err = errors.Join(err, b.Cabinet.Cabinet.SetFault(fault))
		} else {
			b.Cabinet.Cabinet.ClearFault(fault)
		}
	}
	return err
}

// jammed is a latch that sticks under somebody's hand, until the guard gives up.
func (b *Bench) jammed(ctx context.Context, ask func() (door.KioskReply, error)) error {
	if err := b.jam(true); err != nil {
		return err
	}
	if reply, err := ask(); err != nil || !reply.Accepted {
		return fmt.Errorf("before a jam: %s: %v", reply.Reason, err)
	}
	if _, err := b.pressed(ctx, honestCourier); !errors.Is(err, errSilent) {
		return fmt.Errorf("a door whose latch sticks opened: %v", err)
	}
	return b.jam(false)
}

func jammedCollection(ctx context.Context, b *Bench) error {
	b.subject = Barcode(1)
	return b.jammed(ctx, func() (door.KioskReply, error) { return b.typed(ctx, b.Codes[b.subject].Code) })
}

func jammedDeposit(ctx context.Context, b *Bench) error {
	p, barcodes, err := b.arrive(ctx, 1)
	if err != nil {
		return err
	}
	return b.jammed(ctx, func() (door.KioskReply, error) { return p.show(ctx, statement.WantDeposit, barcodes[0]) })
}

// unjammed has the latches mended first.
func unjammed(ctx context.Context, b *Bench) error {
	return first(func() error { return b.jam(false) }, func() error { return seenThrough(ctx, b) })
}

// overridden is a door that two operators and a technician open, and the parcel in the technician's hands.
func overridden(ctx context.Context, b *Bench) error {
	barcode := Barcode(1)
	at := b.Parcels[barcode]
	c, err := b.challenge(ctx, door.Override)
	if err != nil {
		return err
	}
	q, err := b.override(c, at, barcode, b.quorum()...)
	if err != nil {
		return err
	}
	if reply, err := b.Kiosk(ctx, q); err != nil || !reply.Accepted {
		return fmt.Errorf("the override: %s: %v", reply.Reason, err)
	}
	if _, err := b.pressed(ctx, honestCourier); err != nil {
		return err
	}
	if _, err := b.Cabinet.Cabinet.Take(honestCourier, at, barcode); err != nil {
		return err
	}
	empty, err := b.service(b.Network.Technicians[0], statement.Service{Nonce: c.Nonce, Number: 1, Task: statement.TaskEmpty})
	if err != nil {
		return err
	}
	if reply, err := b.Kiosk(ctx, empty); err != nil || !reply.Accepted {
		return fmt.Errorf("emptied: %s: %v", reply.Reason, err)
	}
	_, err = b.shut(ctx, honestCourier, at)
	return err
}

// overrideOver is no more than its parcel in its owner's or the technician's hands.
func overrideOver(ctx context.Context, b *Bench) error {
	b.subject = Barcode(1)
	if lies, _ := b.whereIs(b.subject); !lies {
		return nil
	}
	return seenThrough(ctx, b)
}

// locked is a foreign board on the bus, seen off, and the lift of the lockdown.
func locked(ctx context.Context, b *Bench) error {
	foreign := append([]byte{0x02, 9, 0x00, 0x75}, make([]byte, 12)...) // a cu48's state answer, of board 9
	foreign = append(foreign, 0x03, byte(0x02+9+0x75+0x03))
	err := b.until(ctx, "a lockdown", func() bool {
		b.Cabinet.Inject("bus1", foreign)
		b.wait(ctx, 50*time.Millisecond)
		v, err := b.View(ctx)
		return err == nil && v.LockedDown > 0
	})
	return first(func() error { return err }, func() error { return lifted(ctx, b) })
}

// lifted ends a lockdown that stands, once its cause is long gone. Who is refused because it is not waits and tries again.
func lifted(ctx context.Context, b *Bench) error {
	for range 3 {
		if err := b.Pass(ctx, 11*time.Minute); err != nil {
			return err
		}
		if reason, err := b.lift(ctx); err != nil || reason != "cause" {
			return err
		}
		b.wait(ctx, 2*time.Second) // a line that was busy is tried again after one
	}
	return errors.New("a lift is refused for ever")
}

// lift hands in two operators' word that the lockdown is over, where one stands. The reason is the guard's, where the cause stands.
func (b *Bench) lift(ctx context.Context) (reason string, err error) {
	v, err := b.View(ctx)
	if err != nil || v.LockedDown == 0 {
		return "", err
	}
	records, err := b.Records(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(records, func(r journal.Record) bool { return r.Number == v.LockedDown })
	if i < 0 {
		return "", fmt.Errorf("no record %d", v.LockedDown)
	}
	bundle, err := ceremony.SignAll(statement.Lift{Locker: b.Locker.ID, Record: v.LockedDown, Hash: records[i].Hash()}, b.Network.Operators[:2]...)
	if err != nil {
		return "", err
	}
	encoded, err := bundle.Encode()
	if err != nil {
		return "", err
	}
	reply, err := b.Link(ctx, door.LinkRequest{Verb: door.Persons, Statement: encoded})
	if err == nil && !reply.Accepted && reply.Reason != "cause" {
		err = fmt.Errorf("a lift: %s", reply.Reason)
	}
	return string(reply.Reason), err
}

// commissioned is a technician who describes a board anew and tries each of its doors, the mechanical key in hand.
func commissioned(ctx context.Context, b *Bench) error {
	if err := b.Cabinet.Cabinet.SetInput("jumper", true); err != nil {
		return err
	}
	defer b.Cabinet.Cabinet.SetInput("jumper", false)
	c, err := b.challenge(ctx, door.Technician)
	if err != nil {
		return err
	}
	tech := &technician{Bench: b, nonce: c.Nonce}
	for _, s := range []statement.Service{{Task: statement.TaskCommission, Index: 1, Board: &b.Locker.Boards[1]}, {Task: statement.TaskWalk}} {
		if err := tech.says(ctx, s); err != nil {
			return err
		}
		if err := b.until(ctx, "boards that answer", func() bool { v, err := b.View(ctx); return err == nil && v.OutOfOrder == "" }); err != nil {
			return err
		}
	}
	return first(func() error { return b.walked(ctx) },
		func() error { return tech.says(ctx, statement.Service{Task: statement.TaskEnd}) },
		func() error { return b.leave(ctx) })
}

// technician is a technician's device in a session.
type technician struct {
	*Bench
	nonce  statement.Nonce
	number uint32
}

// says shows the next answer until nothing else is under way and the guard has seen the jumper, and then waits until the screen says
// that it was taken.
func (t *technician) says(ctx context.Context, s statement.Service) (err error) {
	s.Nonce, s.Number = t.nonce, t.number+1
	var reply door.KioskReply
	waited := t.until(ctx, "the technician's turn", func() bool {
		var q door.KioskRequest
		if q, err = t.service(t.Network.Technicians[0], s); err == nil {
			reply, err = t.Kiosk(ctx, q)
		}
		if reply.Reason == door.Jumper {
			s.Number++ // that answer counted
		}
		return err != nil || reply.Reason != door.Busy && reply.Reason != door.Jumper
	})
	if err = errors.Join(err, waited); err == nil && !reply.Accepted {
		err = fmt.Errorf("a technician's answer: %s", reply.Reason)
	}
	if err != nil {
		return err
	}
	t.number = s.Number
	return t.until(ctx, "an answer that was taken", func() bool {
		v, err := t.View(ctx)
		return err == nil && (v.Service == nil || v.Service.Number >= s.Number)
	})
}

// commissionedAgain is the technician who begins anew, once a session that a failing disk cut short has run out.
func commissionedAgain(ctx context.Context, b *Bench) error {
	for v, err := b.View(ctx); err != nil || v.Service != nil; v, err = b.View(ctx) {
		if err := errors.Join(err, b.leave(ctx), b.Pass(ctx, 6*time.Minute)); err != nil {
			return err
		}
	}
	return commissioned(ctx, b)
}

// walked is a walk-test to its end.
func (b *Bench) walked(ctx context.Context) error {
	walking := true
	for walking {
		v, err := b.View(ctx)
		switch {
		case err != nil:
			return err
		case v.Service == nil:
			return fmt.Errorf("the technician's session is over")
		case v.Stage == door.ByKey:
			if err := b.Cabinet.Cabinet.Force(honestCourier, v.Compartment); err != nil {
				return err
			}
			if err := b.until(ctx, "an open door", func() bool { v, err := b.View(ctx); return err == nil && v.Stage == door.Open }); err != nil {
				return err
			}
			_, err = b.shut(ctx, honestCourier, v.Compartment)
		case v.Stage == door.Press:
			if v, err = b.pressed(ctx, honestCourier); err == nil {
				_, err = b.shut(ctx, honestCourier, v.Compartment)
			}
		default:
			b.wait(ctx, 50*time.Millisecond)
		}
		if err != nil && !errors.Is(err, errSilent) {
			return err
		}
		walking = v.Service.Walking
	}
	return nil
}

// restrictedAll is each kind of restriction, one after the other.
func restrictedAll(ctx context.Context, b *Bench) error {
	key, err := anyKey()
	if err != nil {
		return err
	}
	id := key.Key().ID()
	for _, r := range []statement.Restriction{
		{Kind: statement.Block, Compartments: []uint16{10}}, {Kind: statement.Unblock, Compartments: []uint16{10}},
		{Kind: statement.Extend, Barcode: Barcode(1), DwellHours: 72}, {Kind: statement.Reissue, Barcode: Barcode(2)},
		{Kind: statement.Revoke, Carrier: ceremony.HouseCarrier, Courier: &id, At: b.Now()}, {Kind: statement.Pause, Minutes: 1},
	} {
		reply, err := b.restrict(ctx, r)
		if err != nil || !reply.Accepted {
			return fmt.Errorf("%s: %s: %v", r.Kind, reply.Reason, err)
		}
	}
	return nil
}

// reissuedOnce is a recipient whose code may have been replaced: the newest one opens, none before it does.
func reissuedOnce(ctx context.Context, b *Bench) error {
	old := b.Codes[Barcode(2)].Code
	if err := b.Pass(ctx, 2*time.Minute); err != nil { // a pause ends
		return err
	}
	if _, err := b.Records(ctx); err != nil {
		return err
	}
	b.subject = Barcode(2)
	if now := b.Codes[b.subject].Code; now != old {
		if err := b.refused(ctx, "a code that was replaced", door.KioskRequest{Verb: door.Code, Code: old}); err != nil {
			return err
		}
	}
	return seenThrough(ctx, b)
}

func rechartered(ctx context.Context, b *Bench) error {
	q, err := b.charter(func(*statement.Charter) {}, b.Network.Roots[:2]...)
	if err != nil {
		return err
	}
	if reply, err := b.Link(ctx, q); err != nil || !reply.Accepted {
		return fmt.Errorf("a charter: %s: %v", reply.Reason, err)
	}
	return nil
}

// received is what time keys say, an hour later.
func received(ctx context.Context, b *Bench) error {
	return first(func() error { return b.Pass(ctx, time.Hour) }, func() error { return b.SetTime(ctx) })
}

// customer is what the cabinet calls somebody who sends a parcel back.
const customer = "customer"

// sentBack is a customer's deposit on a permit.
func sentBack(ctx context.Context, b *Bench) error {
	b.serial++
	b.subject = Barcode(b.serial)
	code := statement.CompleteCode(fmt.Sprintf("3333%05d", b.serial))
	if reply, err := b.permit(ctx, b.subject, code, b.Now()+rules.Day); err != nil || !reply.Accepted {
		return fmt.Errorf("a permit: %s: %v", reply.Reason, err)
	}
	v, err := patiently(func() (door.View, error) {
		if reply, err := b.keyed(ctx, door.KioskRequest{Verb: door.Return, Code: code}); err != nil || !reply.Accepted {
			return door.View{}, fmt.Errorf("a permit's code: %s: %v", reply.Reason, err)
		}
		return b.pressed(ctx, customer)
	})
	if err != nil {
		return err
	}
	if err := b.Cabinet.Cabinet.Put(customer, v.Compartment, cabinet.Parcel{Barcode: b.subject, Owner: owner(b.subject), Bearers: []string{customer, honestCourier}}); err != nil {
		return err
	}
	v, err = b.shut(ctx, customer, v.Compartment)
	if err == nil && v.Outcome != "stored" {
		err = fmt.Errorf("after a customer's deposit: %s %s", v.Stage, v.Outcome)
	}
	return err
}

// sentOn is its carrier, who takes away what lies there; who still has the parcel in hand gets another permit.
func sentOn(ctx context.Context, b *Bench) error {
	if lies, _ := b.whereIs(b.subject); !lies {
		if err := sentBack(ctx, b); err != nil {
			return err
		}
	}
	records, err := b.Records(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == journal.Stored && r.Parcel == b.subject }) {
		if err := b.reopened(ctx, b.subject, statement.WantDeposit, "stored", nil); err != nil {
			return err
		}
	}
	return b.withdraw(ctx, b.subject)
}

// mistyped is somebody with no code.
func mistyped(ctx context.Context, b *Bench) error {
	reply, err := b.typed(ctx, statement.CompleteCode("12345678"))
	if err == nil && reply.Reason != door.WrongCode {
		err = fmt.Errorf("a wrong code: %s", reply.Reason)
	}
	return err
}

// longJournal fills the segment, so that the guard closes it when it starts.
func longJournal(b *Bench) error {
	var last journal.Record
	log, err := journal.Open(b.path("state", "journal"), func(e journal.Entry) error { last = e.Record; return nil })
	if err != nil {
		return err
	}
	defer log.Close()
	for !log.WantsCheckpoint() {
		var entries []journal.Entry
		end := log.End()
		for range 200 {
			r := journal.Record{Number: end.Number + 1, Prev: end.Hash, Boot: last.Boot, Powered: last.Powered, Low: last.Low, High: last.High, Kind: journal.Alarm, Reason: strings.Repeat("of no importance ", 28)}
			entries, end = append(entries, journal.Entry{Record: r}), journal.Position{Number: r.Number, Hash: r.Hash()}
		}
		if err := log.Append(entries...); err != nil {
			return err
		}
	}
	return nil
}
