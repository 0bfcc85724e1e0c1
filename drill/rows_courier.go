package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lockstep/cabinet"
	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// courierRows: what goes on around a courier's visit, and a courier who is one no more.
var courierRows = []Row{
	{ID: "C12", Attack: "kiosk process and a used code of one's own: its grace, while a courier stands there with a parcel", Holds: of(holdsKiosk),
		Expect: "no grace for 3 min after a courier's word; then, alone, it opens", On: stocked, Do: graceBesideCourier},
	{ID: "C13", Attack: "kiosk process and a cheap parcel of one's own: its answer kept back, to open a door while the courier holds another parcel", Holds: of(holdsKiosk),
		Expect: "a new challenge kills the answer; each parcel lies under its own barcode", On: fresh, Do: keptBack},
	{ID: "E09", Attack: "a revoked courier: at a prompt, in a session, in a new one, after a reboot, with a certificate kept for later", Holds: of(holdsCourier),
		Expect: "refused from the moment the guard has it; another phone goes on", On: stocked, Do: revoked},
	{ID: "B12", Attack: "the hub and a house carrier's key that it keeps: a courier of its own making takes overdue parcels", Holds: of(holdsOverdue, holdsLate), Slow: true,
		Expect: "0 before the deadline; after it at most 12 and one per 8 s", On: func(ctx context.Context, y *Yard) (*Bench, error) { return y.Stocked(ctx, 24, 20) }, Do: overdueTaken, Limits: Limits{Exposed: 20}},
	{ID: "D09", Attack: "return permits: dispatch's for parcels inside, a used one, a late one, one typed as a pickup code, another carrier's courier", Holds: of(holdsHub),
		Expect: "an empty compartment for one parcel, once, in its time", On: stocked, Do: permits},
}

func of(holders ...Holder) []Holder { return holders }

func graceBesideCourier(ctx context.Context, b *Bench) (string, error) {
	barcode := Barcode(1) // the thief's own parcel, so to speak
	used := door.KioskRequest{Verb: door.Code, Code: b.Codes[barcode].Code}
	if _, err := b.collect(ctx, owner(barcode), used.Code); err != nil {
		return "", err
	}
	grace := b.Parcels[barcode]
	delete(b.Parcels, barcode)
	p, barcodes, err := b.arrive(ctx, 1)
	if err != nil {
		return "", err
	}
	if err := b.refused(ctx, "a used code beside a challenge", used, door.NotNow); err != nil {
		return "", err
	}
	v, err := patiently(func() (door.View, error) {
		if reply, err := p.wish(ctx, statement.WantDeposit, barcodes[0]); err != nil || !reply.Accepted {
			return door.View{}, fmt.Errorf("the courier's answer: %s %v", reply.Reason, err)
		}
		if reply, err := b.Kiosk(ctx, used); err != nil || reply.Accepted { // the courier's hand is on its way
			return door.View{}, breach("a used code at a courier's prompt: accepted %v, %v", reply.Accepted, err)
		}
		return b.pressed(ctx, honestCourier)
	})
	if err != nil {
		return "", err
	}
	if v.Compartment == grace {
		return "", breach("the courier was led to the compartment in grace")
	}
	if err := p.putIn(ctx, barcodes[0], v.Compartment); err != nil {
		return "", err
	}
	if err := b.refused(ctx, "a used code between a courier's doors", used, door.NotNow); err != nil {
		return "", err
	}
	if reply, err := p.show(ctx, statement.WantReceipt, ""); err != nil || !reply.Accepted {
		return "", fmt.Errorf("the receipt: %s %v", reply.Reason, err)
	}
	if v, err = b.enters(ctx, owner(barcode), used.Code); err != nil || v.Compartment != grace {
		return "", fmt.Errorf("grace, with nobody else there, opened %d: %v", v.Compartment, err)
	}
	_, err = b.shut(ctx, owner(barcode), grace)
	return "refused at the challenge, at the prompt, between two doors; with the courier gone it opens", err
}

func keptBack(ctx context.Context, b *Bench) (string, error) {
	p, barcodes, err := b.arrive(ctx, 2)
	if err != nil {
		return "", err
	}
	cheap, dear := barcodes[0], barcodes[1]
	kept, err := p.presentation(statement.WantDeposit, cheap, 0)
	if err != nil {
		return "", err
	}
	// "Not read. Another parcel, please." The phone asks whether a door opened, and signs about another parcel over a newer challenge only.
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	if err := b.refused(ctx, "the answer of before, with the other parcel in hand", scanned(kept), door.NotBelieved); err != nil {
		return "", err
	}
	if _, err := p.deposit(ctx, dear); err != nil {
		return "", err
	}
	if err := b.refused(ctx, "the answer of before, once more", scanned(kept), door.NotBelieved); err != nil {
		return "", err
	}
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	if _, err := p.deposit(ctx, cheap); err != nil {
		return "", err
	}
	if _, err := b.Records(ctx); err != nil {
		return "", err
	}
	for _, barcode := range barcodes {
		if taken, err := b.collect(ctx, owner(barcode), b.Codes[barcode].Code); err != nil || taken.Barcode != barcode {
			return "", breach("the code of %s brought %s: %v", barcode, taken.Barcode, err)
		}
		delete(b.Parcels, barcode)
	}
	return "the kept answer: not believed, before and after; both parcels lay under their own barcodes", nil
}

func revoked(ctx context.Context, b *Bench) (string, error) {
	p, barcodes, err := b.arrive(ctx, 2)
	if err != nil {
		return "", err
	}
	kept, err := b.newPhone(b.Network.Carrier, func(c *statement.Courier) { c.Key, c.Until = p.key.Key(), c.From+14*rules.Day })
	if err != nil {
		return "", err
	}
	kept.key = p.key
	if reply, err := p.wish(ctx, statement.WantDeposit, barcodes[0]); err != nil || !reply.Accepted {
		return "", fmt.Errorf("before it is revoked: %s %v", reply.Reason, err)
	}
	id := p.key.Key().ID()
	if reply, err := b.restrict(ctx, statement.Restriction{Kind: statement.Revoke, Carrier: ceremony.HouseCarrier, Courier: &id, At: b.Now()}); err != nil || !reply.Accepted {
		return "", fmt.Errorf("the revocation: %s %v", reply.Reason, err)
	}
	if err := b.deniedAtPress(ctx, "a prompt of before the revocation"); err != nil {
		return "", err
	}
	_, inside := b.occupied()
	tries := 0
	turnedAway := func(what string, p *Phone) error {
		for _, wish := range []wish{{statement.WantReceipt, ""}, {statement.WantDeposit, barcodes[1]}, {statement.WantWithdraw, inside}, {statement.WantReopen, inside}} { // the first needs nothing but to be believed
			number := p.number
			if err := p.turnedAway(ctx, what, wish.want, wish.barcode, door.NotBelieved); err != nil {
				return err
			}
			p.number = number // it was not taken
			tries++
		}
		return nil
	}
	for _, step := range []struct {
		what string
		p    *Phone
		go_  func(context.Context) error
	}{
		{"in the session", p, func(context.Context) error { return nil }},
		{"in a new session", p, p.begin},
		{"with a certificate kept for later", kept, kept.begin},
		{"after a reboot", p, func(ctx context.Context) error {
			return first(func() error { return b.Reboot(ctx) }, func() error { return b.SetTime(ctx) }, func() error { return p.begin(ctx) })
		}},
		{"nine days later, with the one kept", kept, func(ctx context.Context) error {
			return first(func() error { return b.Pass(ctx, 9*24*time.Hour) }, func() error { return b.SetTime(ctx) }, func() error { return kept.begin(ctx) })
		}},
	} {
		if err := step.go_(ctx); err != nil {
			return "", fmt.Errorf("%s: %w", step.what, err)
		}
		if err := turnedAway(step.what, step.p); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("a prompt of before: no door; %d answers refused, with both certificates and after a reboot", tries), nil
}

func overdueTaken(ctx context.Context, b *Bench) (string, error) {
	early, err := b.challenged(ctx)
	if err != nil {
		return "", err
	}
	for barcode := range b.Parcels {
		if err := early.turnedAway(ctx, "before the deadline", statement.WantWithdraw, barcode, door.NotDue); err != nil {
			return "", err
		}
	}
	if err := first(func() error { return b.leave(ctx) }, func() error { return b.Pass(ctx, 50*time.Hour) }, func() error { return b.SetTime(ctx) },
		func() error { return b.untilRecord(ctx, journal.Overdue, "") }); err != nil {
		return "", err
	}
	p, err := b.challenged(ctx)
	if err != nil {
		return "", err
	}
	opened, begun := 0, b.Lived()
	for barcode, at := range b.Parcels {
		_, err := p.takes(ctx, Thief, statement.WantWithdraw, barcode)
		if errors.Is(err, errBudget) {
			break
		}
		if err != nil {
			return "", err
		}
		if _, err := b.Cabinet.Cabinet.Take(Thief, at, barcode); err != nil {
			return "", err
		}
		if _, err := b.shut(ctx, Thief, at); err != nil {
			return "", err
		}
		delete(b.Parcels, barcode)
		opened++
	}
	if most := 12 + int((b.Lived()-begun)/(8*time.Second)); opened > most {
		return "", breach("%d overdue parcels in %s", opened, b.Lived()-begun)
	}
	return fmt.Sprintf("20 refused before the deadline; after it %d in %s, then the budget", opened, (b.Lived() - begun).Round(time.Second)), b.Pass(ctx, time.Minute)
}

// permit signs a return permit with the stolen dispatch key.
func (b *Bench) permit(ctx context.Context, barcode, code string, until int64) (door.LinkReply, error) {
	return b.down(ctx, func(number uint64) statement.Statement {
		return statement.Permit{Locker: b.Locker.ID, Number: number, Barcode: barcode, Size: 1, Carrier: ceremony.HouseCarrier, Code: code, From: b.Now() - rules.Minute, Until: until}
	})
}

func permits(ctx context.Context, b *Bench) (string, error) {
	for barcode := range b.Parcels {
		if reply, err := b.permit(ctx, barcode, statement.CompleteCode("111111111"), b.Now()+rules.Day); err != nil || reply.Accepted || reply.Reason != "inside" {
			return "", breach("a permit for the parcel %s that is inside: accepted %v, %q, %v", barcode, reply.Accepted, reply.Reason, err)
		}
	}
	late, code := statement.CompleteCode("222222222"), statement.CompleteCode("333333333")
	b.serial += 2
	sent := Barcode(b.serial)
	for barcode, permit := range map[string]struct {
		code  string
		until int64
	}{Barcode(b.serial - 1): {late, b.Now() + rules.Hour}, sent: {code, b.Now() + rules.Day}} {
		if reply, err := b.permit(ctx, barcode, permit.code, permit.until); err != nil || !reply.Accepted {
			return "", fmt.Errorf("a permit: %s %v", reply.Reason, err)
		}
	}
	if err := first(func() error { return b.Pass(ctx, 2*time.Hour) }, func() error { return b.SetTime(ctx) }); err != nil {
		return "", err
	}
	typed := func(code string) door.KioskRequest { return door.KioskRequest{Verb: door.Return, Code: code} }
	if err := b.refused(ctx, "a permit typed as a pickup code", door.KioskRequest{Verb: door.Code, Code: code}, door.Malformed); err != nil {
		return "", err
	}
	if err := b.refused(ctx, "a permit after its time", typed(late), door.WrongCode); err != nil {
		return "", err
	}
	if err := b.Pass(ctx, 5*time.Second); err != nil { // the keypad's pace
		return "", err
	}
	v, err := patiently(func() (door.View, error) {
		if reply, err := b.answered(ctx, typed(code)); err != nil || !reply.Accepted {
			return door.View{}, fmt.Errorf("the permit in its time: %s %v", reply.Reason, err)
		}
		return b.pressed(ctx, "customer")
	})
	if err != nil {
		return "", err
	}
	if err := b.Cabinet.Cabinet.Put("customer", v.Compartment, cabinet.Parcel{Barcode: sent, Owner: owner(sent), Bearers: []string{"customer", honestCourier}}); err != nil {
		return "", err
	}
	if _, err := b.shut(ctx, "customer", v.Compartment); err != nil {
		return "", err
	}
	if err := b.refused(ctx, "a used permit", typed(code), door.WrongCode); err != nil {
		return "", err
	}
	other, err := b.newPhone(b.other, func(c *statement.Courier) { c.Carrier = otherCarrier })
	if err != nil {
		return "", err
	}
	if reason, err := b.withdrawNow(ctx, other, sent); err != nil || reason != door.NotHere {
		return "", breach("carrier Y for what a customer sent: %q %v", reason, err)
	}
	house, err := b.courier()
	if err != nil {
		return "", err
	}
	if reason, err := b.withdrawNow(ctx, house, sent); err != nil || reason != "" {
		return "", fmt.Errorf("its own carrier: %q %v", reason, err)
	}
	return fmt.Sprintf("%d permits for parcels inside, a late and a used one, a pickup code: refused; its own carrier may take it at once", len(b.Parcels)), b.leave(ctx)
}
