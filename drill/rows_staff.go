package drill

import (
	"context"
	"errors"
	"fmt"

	"time"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// staffRows: operators, technicians, charters, provisioning.
var staffRows = []Row{
	{ID: "G02", Attack: "an override by one operator twice, by two keys of one person, by a technician as operator", Holds: of(holdsStaff), Expect: "refused: not distinct persons", On: stocked, Do: notTwoPersons},
	{ID: "G03", Attack: "a technician alone, at the locker: walk-test, commissioning, provisioning with parcels inside", Holds: of(holdsStaff), Expect: "0 occupied opens", On: stocked, Do: technicianAlone},
	{ID: "G05", Attack: "one valid override: two pulses, after a crash before the pulse, another compartment, another parcel", Holds: of(holdsThree), Expect: "at most one pulse, that compartment", On: stocked, Do: overrideTwice, Limits: Limits{Exposed: 1}},
	{ID: "G06", Attack: "two operators, a technician and a hand, 24 h", Holds: of(holdsThree), Expect: "at most 12 doors; each in the journal", Slow: true, On: full, Do: collusion, Limits: Limits{Exposed: 12}},
	{ID: "U03", Attack: "a whole provisioning set of another root, the jumper set, one parcel inside", Holds: of(holdsStaff), Expect: "refused", On: stocked, Do: provisionedAgain},
	{ID: "U04", Attack: "charters: epoch equal or lower, old roots alone, new roots alone, one person three times, a key in two roles", Holds: of(holdsStaff), Expect: "refused", On: stocked, Do: charterGames},
	{ID: "F01", Attack: "clock ten years ahead: RTC, the wall, one time key", Expect: "no withdrawal becomes possible; pickups work", On: stocked, Do: tenYearsAhead},
	{ID: "F02", Attack: "clock ten years back, and last month's statements", Expect: "the lower bound holds; numbers refuse", On: stocked, Do: tenYearsBack},
	{ID: "F03", Attack: "no clock, no link, 20 reboots", Expect: "pickups work, withdrawals are refused, two receipts mend it", On: stocked, Do: noClock},
	{ID: "F05", Attack: "mains cut again and again to win or lose hours", Expect: "the deadline only comes later", On: stocked, Do: mainsCut},
}

func notTwoPersons(ctx context.Context, b *Bench) (string, error) {
	c, err := b.challenge(ctx, door.Override)
	if err != nil {
		return "", err
	}
	at, barcode := b.occupied()
	n := b.Network
	tries := map[string][]*statement.Signer{"one operator": {n.Operators[0], n.Technicians[0]}, "one operator twice": {n.Operators[0], n.Operators[0], n.Technicians[0]},
		"two operators, no technician": {n.Operators[0], n.Operators[1]}, "two technicians": {n.Technicians[0], n.Technicians[1]},
		"an operator and two technicians": {n.Operators[0], n.Technicians[0], n.Technicians[1]}, "roots": {n.Roots[0], n.Roots[1], n.Roots[2]},
		"provisioning": {n.Provisioning[0], n.Provisioning[1], n.Technicians[0]}, "dispatch among them": {n.Operators[0], n.Dispatch, n.Technicians[0]}}
	for name, signers := range tries {
		q, err := b.override(c, at, barcode, signers...)
		if err != nil {
			return "", err
		}
		if err := b.refused(ctx, name, q, door.NotBelieved); err != nil {
			return "", err
		}
	}
	// Two keys of one person, and a technician who is one of the operators, take a charter that says so.
	q, err := b.override(c, at, barcode, b.quorum()...)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d refused", len(tries)), b.control(ctx, q, at)
}

// control sees the honest form of an override open its door: the positive control of a refusal.
func (b *Bench) control(ctx context.Context, q door.KioskRequest, at uint16) error {
	if reply, err := b.Kiosk(ctx, q); err != nil || !reply.Accepted {
		return fmt.Errorf("the honest override: %s %v", reply.Reason, err)
	}
	v, err := b.pressed(ctx, honestCourier)
	if err != nil || v.Compartment != at {
		return fmt.Errorf("the honest override opened %d: %v", v.Compartment, err)
	}
	if _, err := b.shut(ctx, honestCourier, at); err != nil {
		return err
	}
	return b.Pass(ctx, 4*time.Minute) // nobody says what is inside: as before
}

func technicianAlone(ctx context.Context, b *Bench) (string, error) {
	c, err := b.challenge(ctx, door.Technician)
	if err != nil {
		return "", err
	}
	t := b.Network.Technicians[0]
	before := b.opened(Thief)
	walk, err := b.service(t, statement.Service{Nonce: c.Nonce, Number: 1, Task: statement.TaskWalk})
	if err != nil {
		return "", err
	}
	if reply, err := b.Kiosk(ctx, walk); err != nil || !reply.Accepted {
		return "", fmt.Errorf("the walk-test: %s %v", reply.Reason, err)
	}
	doors := 0
	for range 400 { // presses whatever is asked, and never uses the key
		v, err := b.View(ctx)
		if err != nil {
			return "", err
		}
		if v.Service == nil || !v.Service.Walking && v.Stage != door.Press && v.Stage != door.ByKey {
			break
		}
		switch v.Stage {
		case door.ByKey:
			b.press(Thief)
			_, err = b.Kiosk(ctx, door.KioskRequest{Verb: door.Cancel})
		case door.Press:
			if v, err = b.pressed(ctx, Thief); err == nil {
				_, err = b.shut(ctx, Thief, v.Compartment)
				doors++
			} else if errors.Is(err, errSilent) {
				err = b.shutAll(Thief)
			}
		default:
			err = b.Pass(ctx, time.Second) // a longer step would look like boards that have fallen silent
		}
		if err != nil {
			return "", err
		}
	}
	board := b.Locker.Boards[1]
	board.OpenBit = 1 - board.OpenBit
	commission, err := b.service(t, statement.Service{Nonce: c.Nonce, Number: 2, Task: statement.TaskCommission, Index: 1, Board: &board})
	if err != nil {
		return "", err
	}
	if err := b.refused(ctx, "commissioning without the jumper", commission, door.Jumper, door.Busy); err != nil {
		return "", err
	}
	c2, err := b.challenge(ctx, door.Override)
	if err != nil {
		return "", err
	}
	at, barcode := b.occupied()
	alone, err := b.override(c2, at, barcode, t)
	if err != nil {
		return "", err
	}
	if err := b.refused(ctx, "an override by the technician alone", alone, door.NotBelieved); err != nil {
		return "", err
	}
	end, err := b.service(t, statement.Service{Nonce: c.Nonce, Number: 3, Task: statement.TaskEnd})
	if err != nil {
		return "", err
	}
	if _, err := b.Kiosk(ctx, end); err != nil {
		return "", err
	}
	if opened := b.opened(Thief) - before; doors == 0 || opened > len(b.Locker.Compartments)-len(b.Parcels) {
		return "", breach("%d doors opened, %d of them in the walk-test of %d empty ones", b.opened(Thief)-before, doors, len(b.Locker.Compartments)-len(b.Parcels))
	}
	return fmt.Sprintf("%d empty doors in the walk-test, 0 of the %d occupied", doors, len(b.Parcels)), nil
}

func overrideTwice(ctx context.Context, b *Bench) (string, error) {
	c, err := b.challenge(ctx, door.Override)
	if err != nil {
		return "", err
	}
	at, barcode := b.occupied()
	other := barcode
	for x := range b.Parcels {
		if x != barcode {
			other = x
		}
	}
	for what, wrong := range map[string]struct {
		at     uint16
		parcel string
	}{"another parcel's name": {at, other}, "an empty compartment": {24, ""}, "no parcel named": {at, ""}, "no such compartment": {99, barcode}} {
		q, err := b.override(c, wrong.at, wrong.parcel, b.quorum()...)
		if err != nil {
			return "", err
		}
		if err := b.refused(ctx, what, q, door.NotHere); err != nil {
			return "", err
		}
	}
	q, err := b.override(c, at, barcode, b.quorum()...)
	if err != nil {
		return "", err
	}
	if reply, err := b.Kiosk(ctx, q); err != nil || !reply.Accepted {
		return "", fmt.Errorf("the override: %s %v", reply.Reason, err)
	}
	if _, err := b.pressed(ctx, Thief); err != nil {
		return "", err
	}
	if _, err := b.shut(ctx, Thief, at); err != nil {
		return "", err
	}
	if err := b.Pass(ctx, 6*time.Minute); err != nil {
		return "", err
	}
	if err := b.refused(ctx, "the same override again", q, door.NotBelieved); err != nil {
		return "", err
	}
	if c, err = b.challenge(ctx, door.Override); err != nil {
		return "", err
	}
	if q, err = b.override(c, at, barcode, b.quorum()...); err != nil {
		return "", err
	}
	if err := b.Reboot(ctx); err != nil {
		return "", err
	}
	return "4 wrong ones refused, one pulse, not again, not after a reboot", b.refused(ctx, "an override from before a reboot", q, door.NotBelieved)
}

func collusion(ctx context.Context, b *Bench) (string, error) {
	begun, opened := b.Lived(), 0
	for b.Lived()-begun < 24*time.Hour {
		at, barcode := b.occupied()
		c, err := b.challenge(ctx, door.Override)
		if err != nil {
			return "", err
		}
		q, err := b.override(c, at, barcode, b.quorum()...)
		if err != nil {
			return "", err
		}
		reply, err := b.answered(ctx, q)
		if err != nil {
			return "", err
		}
		if !reply.Accepted {
			if reply.Reason != door.Budget {
				return "", fmt.Errorf("refused as %q", reply.Reason)
			}
			if err := b.Pass(ctx, min(time.Duration(reply.Wait)*time.Millisecond+time.Second, 20*time.Minute)); err != nil {
				return "", err
			}
			continue
		}
		if _, err := b.pressed(ctx, Thief); errors.Is(err, errSilent) {
			continue
		} else if err != nil {
			return "", err
		}
		if _, err := b.Cabinet.Cabinet.Take(Thief, at, barcode); err != nil {
			return "", err
		}
		empty, err := b.service(b.Network.Technicians[0], statement.Service{Nonce: c.Nonce, Number: 1, Task: statement.TaskEmpty})
		if err != nil {
			return "", err
		}
		if reply, err := b.Kiosk(ctx, empty); err != nil || !reply.Accepted {
			return "", fmt.Errorf("emptied: %s %v", reply.Reason, err)
		}
		if _, err := b.shut(ctx, Thief, at); err != nil {
			return "", err
		}
		delete(b.Parcels, barcode)
		if opened++; opened > 12 {
			return "", breach("%d doors in 24 h", opened)
		}
	}
	told, err := b.count(ctx, journal.OverrideIntent, "")
	switch {
	case err != nil:
		return "", err
	case told != opened:
		return "", breach("%d doors, %d in the journal", opened, told)
	}
	return fmt.Sprintf("%d doors in 24 h, each in the journal with its three persons", opened), nil
}

func provisionedAgain(ctx context.Context, b *Bench) (string, error) {
	thiefs, err := ceremony.NewDevelopment("drill")
	if err != nil {
		return "", err
	}
	theirs, err := thiefs.SignLocker(b.Locker)
	if err != nil {
		return "", err
	}
	ours, err := b.Network.SignLocker(b.Locker)
	if err != nil {
		return "", err
	}
	if b.provisionWith(thiefs.Bundle, theirs, true) == nil {
		return "", breach("a guard that runs was provisioned")
	}
	if err := b.Kill(); err != nil {
		return "", err
	}
	if b.provisionWith(thiefs.Bundle, theirs, true) == nil {
		return "", breach("another root's set was taken")
	}
	if b.provisionWith(b.Network.Bundle, ours, true) == nil {
		return "", breach("with a parcel inside, its own network's set was taken")
	}
	return "refused: while it runs; by another root; by its own while a parcel is inside", b.Start(ctx)
}

// charter is the network's, changed, signed by whoever is named.
func (b *Bench) charter(change func(*statement.Charter), signers ...*statement.Signer) (door.LinkRequest, error) {
	next := b.Network.Charter
	next.Epoch++
	change(&next)
	bundle := statement.Bundle{}
	for _, s := range signers {
		envelope, err := signRaw(s, next)
		if err != nil {
			return door.LinkRequest{}, err
		}
		bundle.Envelopes = append(bundle.Envelopes, envelope)
	}
	encoded, err := bundle.Encode()
	return door.LinkRequest{Verb: door.Persons, Statement: encoded}, err
}

func charterGames(ctx context.Context, b *Bench) (string, error) {
	old := b.Network.Roots
	var fresh []*statement.Signer
	var roots statement.Role
	for i := range 3 {
		s, err := statement.SignerFromSeed(statement.NewSeed())
		if err != nil {
			return "", err
		}
		fresh = append(fresh, s)
		roots.Holders = append(roots.Holders, statement.Holder{Key: s.Key(), Person: statement.Person(fmt.Sprintf("new root %d", i+1))})
	}
	roots.Threshold = 2
	rotate := func(c *statement.Charter) { c.Roots = roots }
	one := func(c *statement.Charter) {
		c.Roots = roots
		for i := range c.Roots.Holders {
			c.Roots.Holders[i].Person = "one person"
		}
	}
	tries := []struct {
		name    string
		change  func(*statement.Charter)
		signers []*statement.Signer
	}{
		{"the same epoch", func(c *statement.Charter) { c.Epoch-- }, old[:2]},
		{"epoch 0", func(c *statement.Charter) { c.Epoch = 0 }, old[:2]},
		{"old roots alone", rotate, old[:2]},
		{"new roots alone", rotate, fresh[:2]},
		{"one old root and the new ones", rotate, []*statement.Signer{old[0], fresh[0], fresh[1]}},
		{"one old root three times", func(*statement.Charter) {}, []*statement.Signer{old[0], old[0], old[0]}},
		{"dispatch as provisioning", func(c *statement.Charter) { c.Provisioning = c.Dispatch; c.Provisioning.Threshold = 2 }, old[:2]},
		{"a root as dispatch", func(c *statement.Charter) { c.Dispatch = c.Roots; c.Dispatch.Threshold = 1 }, old[:2]},
		{"a budget of 200 percent", func(c *statement.Charter) {
			c.Budgets = &statement.Budgets{Deposit: 200, Recipient: 200, Carrier: 200, Override: 200}
		}, old[:2]},
		{"another network", func(c *statement.Charter) { c.Network = "thieves" }, old[:2]},
		{"no development charter any more", func(c *statement.Charter) { c.Development = false }, old[:2]},
		{"new roots who are one person", one, append(old[:2:2], fresh...)},
	}
	for _, t := range tries {
		q, err := b.charter(t.change, t.signers...)
		if err != nil {
			return "", err
		}
		if err := b.linkRefused(ctx, t.name, q, ""); err != nil {
			return "", err
		}
	}
	for i := range roots.Holders { // one above changed them
		roots.Holders[i].Person = statement.Person(fmt.Sprintf("new root %d", i+1))
	}
	q, err := b.charter(rotate, append(old[:2:2], fresh[:2]...)...)
	if err != nil {
		return "", err
	}
	if reply, err := b.Link(ctx, q); err != nil || !reply.Accepted {
		return "", fmt.Errorf("the honest rotation: %s %v", reply.Reason, err)
	}
	return fmt.Sprintf("%d refused; old and new roots together are taken", len(tries)), nil
}

func tenYearsAhead(ctx context.Context, b *Bench) (string, error) {
	b.wall += 3650 * 24 * time.Hour // the machine's own clock
	if err := first(b.turn, func() error { return b.look(ctx) }); err != nil {
		return "", err
	}
	h, err := b.head(ctx)
	if err != nil {
		return "", err
	}
	if _, err := b.receipt(ctx, b.Network.Time[2], h, b.Now()); err != nil { // one time key says so too
		return "", err
	}
	b.wall -= 3650 * 24 * time.Hour
	after, err := b.head(ctx)
	if err != nil {
		return "", err
	}
	if after.Low > b.Now()+rules.Hour {
		return "", breach("the lower bound went ahead by %d days", (after.Low-b.Now())/rules.Day)
	}
	p, err := b.courier()
	if err != nil {
		return "", err
	}
	for barcode := range b.Parcels {
		if reason, err := b.withdrawNow(ctx, p, barcode); err != nil || reason == "" {
			return "", breach("a withdrawal was prompted: %v", err)
		}
	}
	_, barcode := b.occupied()
	if err := b.leave(ctx); err != nil {
		return "", err
	}
	if _, err := b.collect(ctx, owner(barcode), b.Codes[barcode].Code); err != nil {
		return "", breach("a pickup: %v", err)
	}
	delete(b.Parcels, barcode)
	return "no withdrawal; a pickup works", b.turn()
}

func tenYearsBack(ctx context.Context, b *Bench) (string, error) {
	number, err := b.next(ctx)
	if err != nil {
		return "", err
	}
	old, err := b.manifestAt(number)
	if err != nil {
		return "", err
	}
	if err := first(func() error { return b.Pass(ctx, 30*24*time.Hour) }, func() error { return b.SetTime(ctx) }); err != nil {
		return "", err
	}
	before, err := b.head(ctx)
	if err != nil {
		return "", err
	}
	b.wall -= 3650 * 24 * time.Hour
	if err := first(b.Kill, b.turn, func() error { return b.Start(ctx) }); err != nil {
		return "", err
	}
	h, err := b.head(ctx)
	if err != nil {
		return "", err
	}
	for _, signer := range b.Network.Time[:1] { // one stolen time key
		if _, err := b.receipt(ctx, signer, h, b.Now()); err != nil {
			return "", err
		}
	}
	b.wall += 3650 * 24 * time.Hour
	after, err := b.head(ctx)
	if err != nil {
		return "", err
	}
	if after.Low < before.Low {
		return "", breach("the lower bound went back by %d days", (before.Low-after.Low)/rules.Day)
	}
	if err := b.linkRefused(ctx, "last month's manifest", old, "late"); err != nil {
		return "", err
	}
	return "the bound holds; last month's manifest: late", first(b.turn, func() error { return b.look(ctx) })
}

func noClock(ctx context.Context, b *Bench) (string, error) {
	for range 20 {
		if err := first(func() error { return b.Reboot(ctx) }, func() error { return b.Pass(ctx, 3*time.Hour) }); err != nil {
			return "", err
		}
	}
	_, barcode := b.occupied()
	if _, err := b.collect(ctx, owner(barcode), b.Codes[barcode].Code); err != nil {
		return "", breach("a pickup without any clock: %v", err)
	}
	delete(b.Parcels, barcode)
	p, err := b.courier()
	if err != nil {
		return "", err
	}
	_, barcode = b.occupied()
	if reason, err := b.withdrawNow(ctx, p, barcode); err != nil || reason == "" {
		return "", breach("a withdrawal was prompted without a clock: %v", err)
	}
	if err := first(func() error { return b.leave(ctx) }, func() error { return b.SetTime(ctx) }, func() error { return b.untilRecord(ctx, journal.Overdue, "") }); err != nil {
		return "", err
	}
	if reason, err := b.withdrawNow(ctx, p, barcode); err != nil || reason != "" {
		return "", breach("after two receipts: %q %v", reason, err)
	}
	return "20 reboots over 60 h: a pickup works, a withdrawal does not; two receipts mend it", nil
}

func mainsCut(ctx context.Context, b *Bench) (string, error) {
	p, err := b.courier()
	if err != nil {
		return "", err
	}
	_, barcode := b.occupied()
	for range 10 { // six hours with power, six without
		if err := first(func() error { return b.Pass(ctx, 4*time.Hour) }, b.Kill); err != nil {
			return "", err
		}
		b.wall += 6 * time.Hour
		if err := first(b.turn, func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) }); err != nil {
			return "", err
		}
	}
	// 100 h on the wall, 40 h with power: the dwell time is 48 h
	if p, err = b.courier(); err != nil {
		return "", err
	}
	if reason, err := b.withdrawNow(ctx, p, barcode); err != nil || reason != door.NotDue {
		return "", breach("after 40 powered hours: %q %v", reason, err)
	}
	return "100 h on the wall, 40 h with power: not due", nil
}
