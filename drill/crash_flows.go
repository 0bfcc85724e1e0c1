package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"lockstep/cabinet"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// flow is one thing that people do at a locker, or the locker does itself.
type flow struct {
	name  string
	ready func(context.Context, *Bench) error // done once, before
	lay   func(*Bench) error                  // what the disk or the cabinet is like before the guard has power
	down  bool                                // the guard has no power when it begins
	empty bool                                // no parcel inside
	doors int                                 // how many the locker has; twelve where nothing is said
	do    func(context.Context, *Bench) error
	again func(context.Context, *Bench) error // what an installer does after a crash, where the guard cannot start yet
	after func(context.Context, *Bench) error // what its people do after a crash: all must get through
}

// size is how many doors the flow's locker has.
func (f flow) size() int {
	if f.doors == 0 {
		return 12
	}
	return f.doors
}

// parcels is how many lie in the flow's locker.
func (f flow) parcels() int {
	if f.empty {
		return 0
	}
	return 4
}

var flows = []flow{
	{name: "init", down: true, empty: true, lay: blank, do: func(_ context.Context, b *Bench) error { return b.draw() }, again: installed, after: nothing},
	{name: "provision", down: true, empty: true, lay: drawn, do: func(_ context.Context, b *Bench) error { return b.provisionOnly() }, again: installed, after: nothing},
	{name: "boot after a crash", ready: halfDone, down: true, do: booted, after: halfDoneThrough},
	{name: "boot, and housekeeping", lay: longJournal, down: true, do: booted, after: nothing},
	{name: "receipts", do: received, after: nothing},
	{name: "deposit", do: depositOne, after: seenThrough},
	{name: "deposit, too small", do: depositTooSmall, after: seenThrough},
	{name: "deposit, not empty", do: depositElsewhere, after: seenThrough},
	{name: "deposit, cancelled", do: depositCancelled, after: nothing},
	{name: "deposit, jam", do: jammedDeposit, after: unjammed},
	{name: "collection", do: collectOne, after: seenThrough},
	{name: "collection, and grace", do: collectTwice, after: seenThrough},
	{name: "collection, jam", do: jammedCollection, after: unjammed},
	{name: "collection, declined", do: declined, after: seenThrough},
	{name: "wrong code", do: mistyped, after: nothing},
	{name: "withdrawal", ready: overdue, do: withdrawOne, after: withdrawn},
	{name: "quarantine, stored", ready: quarantined, do: reopenStored, after: seenThrough},
	{name: "quarantine, taken out", ready: quarantined, do: reopenTaken, after: takenOut},
	{name: "return", do: sentBack, after: sentOn},
	{name: "override", do: overridden, after: overrideOver},
	{name: "lockdown, and lift", do: locked, after: lifted},
	{name: "commissioning", empty: true, doors: 3, do: commissioned, after: commissionedAgain},
	{name: "restrictions", do: restrictedAll, after: reissuedOnce},
	{name: "charter", do: rechartered, after: nothing},
}

func nothing(context.Context, *Bench) error { return nil }

// blank is a locker that nobody has set up.
func blank(b *Bench) error {
	b.records, b.read, b.toldBefore = nil, journal.Position{}, 0
	return errors.Join(os.RemoveAll(b.path("state")), own(b.dir))
}

// drawn is a locker whose guard has a key, and no more.
func drawn(b *Bench) error {
	if err := blank(b); err != nil {
		return err
	}
	return b.init()
}

// draw is init by an installer who notes the key that is shown.
func (b *Bench) draw() error {
	err := b.init()
	if err == nil {
		b.shown = b.Locker.Guard.Public
	}
	return err
}

func (b *Bench) provisionOnly() error {
	certificate, err := b.Network.SignLocker(b.Locker)
	if err != nil {
		return err
	}
	return b.provisionWith(b.Network.Bundle, certificate, true)
}

// installed is an installer who begins again: a key that was shown once is the key, and a guard that was provisioned may be so again.
func installed(ctx context.Context, b *Bench) error {
	shown := b.shown
	if err := b.draw(); err != nil {
		return breach("afterwards: %v", err)
	}
	if shown != nil && !slices.Equal(shown, b.shown) {
		return breach("the key that was shown is not the guard's any more")
	}
	if err := b.provisionOnly(); err != nil {
		return breach("afterwards: %v", err)
	}
	return nil
}

// halfDone leaves a deposit and, before it, nothing: the door of an intent stands open when the power goes.
func halfDone(ctx context.Context, b *Bench) error {
	p, barcodes, err := b.arrive(ctx, 1)
	if err != nil {
		return err
	}
	v, err := p.opens(ctx, honestCourier, statement.WantDeposit, barcodes[0])
	if err != nil {
		return err
	}
	return p.lay(barcodes[0], v.Compartment)
}

// halfDoneThrough is its parcel on its way all the same.
func halfDoneThrough(ctx context.Context, b *Bench) error {
	b.subject = Barcode(5)
	return seenThrough(ctx, b)
}

func booted(ctx context.Context, b *Bench) error {
	return first(func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) })
}

func depositOne(ctx context.Context, b *Bench) error {
	p, barcodes, err := b.arrive(ctx, 1)
	if err != nil {
		return err
	}
	b.subject = barcodes[0]
	if _, err := p.deposit(ctx, b.subject); err != nil {
		return err
	}
	return b.leave(ctx)
}

// depositTooSmall finds a compartment too small, and there is none larger.
func depositTooSmall(ctx context.Context, b *Bench) error {
	_, err := b.depositTurned(ctx, func(p *Phone) (door.KioskReply, error) {
		shown, err := p.presentation(statement.WantLarger, b.subject, 2)
		if err != nil {
			return door.KioskReply{}, err
		}
		return b.Kiosk(ctx, scanned(shown))
	})
	return first(func() error { return err }, func() error { return b.leave(ctx) })
}

// depositElsewhere finds something in a compartment that should be empty, and lays the parcel into another.
func depositElsewhere(ctx context.Context, b *Bench) error {
	p, err := b.depositTurned(ctx, func(p *Phone) (door.KioskReply, error) { return p.wish(ctx, statement.WantNotEmpty, b.subject) })
	if err != nil {
		return err
	}
	v, err := b.pressed(ctx, honestCourier)
	if err != nil {
		return err
	}
	return first(func() error { return p.putIn(ctx, b.subject, v.Compartment) }, func() error { return b.leave(ctx) })
}

// depositTurned is a deposit at whose open door the courier says that it cannot be there, and shuts it.
func (b *Bench) depositTurned(ctx context.Context, say func(*Phone) (door.KioskReply, error)) (*Phone, error) {
	p, barcodes, err := b.arrive(ctx, 1)
	if err != nil {
		return nil, err
	}
	b.subject = barcodes[0]
	v, err := p.opens(ctx, honestCourier, statement.WantDeposit, b.subject)
	if err != nil {
		return nil, err
	}
	if reply, err := say(p); err != nil || !reply.Accepted {
		return nil, fmt.Errorf("at the first door: %s: %v", reply.Reason, err)
	}
	_, err = b.shut(ctx, honestCourier, v.Compartment)
	return p, err
}

// depositCancelled is a courier who thinks better of it with the door open.
func depositCancelled(ctx context.Context, b *Bench) error { return b.cancelled(ctx, false) }

// quarantined leaves a parcel behind a deposit that was cancelled.
func quarantined(ctx context.Context, b *Bench) error { return b.cancelled(ctx, true) }

// cancelled is a deposit that its courier ends with the door open, the parcel inside or not.
func (b *Bench) cancelled(ctx context.Context, inside bool) error {
	p, barcodes, err := b.arrive(ctx, 1)
	if err != nil {
		return err
	}
	v, err := p.opens(ctx, honestCourier, statement.WantDeposit, barcodes[0])
	if err != nil {
		return err
	}
	if inside {
		if err := p.lay(barcodes[0], v.Compartment); err != nil {
			return err
		}
	}
	if reply, err := p.wish(ctx, statement.WantCancel, barcodes[0]); err != nil || !reply.Accepted {
		return fmt.Errorf("cancel: %s: %v", reply.Reason, err)
	}
	_, err = b.shut(ctx, honestCourier, v.Compartment)
	return first(func() error { return err }, func() error { return b.leave(ctx) })
}

func reopenStored(ctx context.Context, b *Bench) error {
	b.subject = Barcode(5)
	return b.reopened(ctx, b.subject, statement.WantDeposit, "stored", nil)
}

func reopenTaken(ctx context.Context, b *Bench) error {
	b.subject = Barcode(5)
	return b.reopened(ctx, b.subject, statement.WantTakenOut, "taken out", func(at uint16) error {
		_, err := b.Cabinet.Cabinet.Take(honestCourier, at, b.subject)
		return err
	})
}

// takenOut is the courier who comes again, where the guard does not know yet that the parcel is out.
func takenOut(ctx context.Context, b *Bench) error {
	records, err := b.Records(ctx)
	if err != nil || slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == journal.TakenOut }) {
		return err
	}
	if lies, _ := b.whereIs(Barcode(5)); lies {
		return reopenTaken(ctx, b)
	}
	return b.reopened(ctx, Barcode(5), statement.WantTakenOut, "taken out", nil)
}

// overdue lets every parcel's time pass.
func overdue(ctx context.Context, b *Bench) error {
	return first(func() error { return b.Pass(ctx, 49*time.Hour) }, func() error { return b.SetTime(ctx) }, func() error { return b.untilRecord(ctx, journal.Overdue, "") })
}

func withdrawOne(ctx context.Context, b *Bench) error { return b.withdraw(ctx, Barcode(1)) }

// withdrawn is the courier who comes again for what still lies there.
func withdrawn(ctx context.Context, b *Bench) error {
	if lies, _ := b.whereIs(Barcode(1)); !lies {
		return nil
	}
	return withdrawOne(ctx, b)
}

// withdraw is a carrier's courier who takes a parcel away.
func (b *Bench) withdraw(ctx context.Context, barcode string) error {
	p, err := b.challenged(ctx)
	if err != nil {
		return err
	}
	v, err := p.opens(ctx, honestCourier, statement.WantWithdraw, barcode)
	if err != nil {
		return err
	}
	if _, err := b.Cabinet.Cabinet.Take(honestCourier, v.Compartment, barcode); err != nil {
		return err
	}
	v, err = b.shut(ctx, honestCourier, v.Compartment)
	if err != nil || v.Outcome != "withdrawn" {
		return fmt.Errorf("after a withdrawal: %s %s: %v", v.Stage, v.Outcome, err)
	}
	return b.leave(ctx)
}

func collectOne(ctx context.Context, b *Bench) error {
	b.subject = Barcode(1)
	_, err := b.collect(ctx, owner(b.subject), b.Codes[b.subject].Code)
	return err
}

// collectTwice is somebody who comes back at once for what was forgotten inside.
func collectTwice(ctx context.Context, b *Bench) error {
	if err := collectOne(ctx, b); err != nil {
		return err
	}
	v, err := b.enters(ctx, owner(b.subject), b.Codes[b.subject].Code)
	if err != nil {
		return err
	}
	_, err = b.shut(ctx, owner(b.subject), v.Compartment)
	return err
}

// declined is somebody who does not want one parcel, and looks at another before they say so.
func declined(ctx context.Context, b *Bench) error {
	decline := func() error {
		reply, err := b.Kiosk(ctx, door.KioskRequest{Verb: door.Decline})
		if err == nil && !reply.Accepted {
			err = fmt.Errorf("not taken: %s", reply.Reason)
		}
		return err
	}
	if _, err := b.typed(ctx, b.Codes[Barcode(2)].Code); err != nil {
		return err
	}
	if err := decline(); err != nil {
		return err
	}
	b.subject = Barcode(1)
	v, err := b.enters(ctx, owner(b.subject), b.Codes[b.subject].Code)
	if err != nil {
		return err
	}
	if err := decline(); err != nil {
		return err
	}
	_, err = b.shut(ctx, owner(b.subject), v.Compartment)
	return err
}

// seenThrough has the flow's parcel reach its owner, by whatever the screens offer.
func seenThrough(ctx context.Context, b *Bench) error {
	if b.subject == "" {
		return nil // nobody had it yet
	}
	lies, gone := b.whereIs(b.subject)
	if gone {
		return nil
	}
	records, err := b.Records(ctx)
	if err != nil {
		return err
	}
	stored := slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == journal.Stored && r.Parcel == b.subject })
	switch {
	case !lies:
		err = b.depositAgain(ctx)
	case !stored:
		err = b.reopened(ctx, b.subject, statement.WantDeposit, "stored", nil)
	}
	if err != nil {
		return err
	}
	if _, err := b.Records(ctx); err != nil {
		return err
	}
	taken, err := b.collect(ctx, owner(b.subject), b.Codes[b.subject].Code)
	if err == nil && taken.Barcode != b.subject {
		err = fmt.Errorf("the code of %s opened the door of %s", b.subject, taken.Barcode)
	}
	return err
}

// whereIs says whether a parcel lies in the cabinet, or has gone with its owner.
func (b *Bench) whereIs(barcode string) (lies, gone bool) {
	for _, c := range b.Cabinet.Cabinet.State().Compartments {
		lies = lies || slices.ContainsFunc(c.Parcels, func(p cabinet.Parcel) bool { return p.Barcode == barcode })
	}
	for _, e := range b.Cabinet.Cabinet.Log(0) {
		gone = gone || e.What == cabinet.ParcelOut && e.Barcode == barcode && e.Person == owner(barcode)
	}
	return lies, gone && !lies
}

// depositAgain is the courier who still has the parcel. One whose manifest was lost with the power gets it sent again.
func (b *Bench) depositAgain(ctx context.Context) error {
	p, err := b.challenged(ctx)
	if err != nil {
		return err
	}
	if _, err := p.deposit(ctx, b.subject); err != nil {
		return err
	}
	return b.leave(ctx)
}

// reopened is the courier's way out of quarantine: looks, says what is inside, shuts.
func (b *Bench) reopened(ctx context.Context, barcode string, say statement.Want, outcome string, inside func(at uint16) error) error {
	p, err := b.challenged(ctx)
	if err != nil {
		return err
	}
	v, err := p.opens(ctx, honestCourier, statement.WantReopen, barcode)
	if err != nil {
		return err
	}
	if inside != nil {
		if err := inside(v.Compartment); err != nil {
			return err
		}
	}
	if reply, err := p.wish(ctx, say, barcode); err != nil || !reply.Accepted {
		return fmt.Errorf("what is inside: %s: %v", reply.Reason, err)
	}
	v, err = p.shut(ctx, honestCourier, v.Compartment)
	if err != nil || v.Outcome != outcome {
		return fmt.Errorf("after a reopening: %s %s: %v", v.Stage, v.Outcome, err)
	}
	return b.leave(ctx)
}
