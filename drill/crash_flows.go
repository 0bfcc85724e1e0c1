package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"lockstep/cabinet"
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
	do    func(context.Context, *Bench) error
	again func(context.Context, *Bench) error // what an installer does after a crash, where the guard cannot start yet
	after func(context.Context, *Bench) error // what its people do after a crash: all must get through
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
	{name: "boot", ready: halfDone, down: true, do: booted, after: nothing},
	{name: "deposit", do: depositOne, after: seenThrough},
	{name: "collection", do: collectOne, after: seenThrough},
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

func collectOne(ctx context.Context, b *Bench) error {
	b.subject = Barcode(1)
	_, err := b.collect(ctx, owner(b.subject), b.Codes[b.subject].Code)
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
