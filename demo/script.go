package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lockstep/cabinet"
	"lockstep/guard/statement"
)

// play is the script's state: three days at one locker without a person.
type play struct {
	*Stage
	parcels []Parcel
	counts  Counts
	told    []Message // what the inbox had before the notifier was killed with it
}

// Counts is what the script prints at its end.
type Counts struct {
	Announced, Deposited, Collected, CollectedInOutage, Overdue, Withdrawn int
	TooBig, Jams, LeftOpen                                                 int
	Presses, Pulses, Records, Messages                                     int
}

// Script plays three days: announce 20 parcels; deposit them, one too big for its door and one whose door jams; collect most
// while hub and notifier are dead; a door left open; one parcel overdue and taken back; one that has to be paid for first; the last
// collected. Then it holds everything that was written against everything that happened. It returns its counts and its parcels with all
// their secrets.
func (n *Network) Script(ctx context.Context, say func(string, ...any)) (Counts, []Parcel, error) {
	stage, err := n.Open(ctx)
	if err != nil {
		return Counts{}, nil, err
	}
	p := &play{Stage: stage}
	for _, act := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"day 1: the merchant announces 20 parcels", p.announce},
		{"day 1: the courier puts them in", p.deposit},
		{"day 1: recipients read their messages", p.readCodes},
		{"day 2: hub and notifier die; recipients come all the same, one leaves a door open", p.outage},
		{"day 2: hub and notifier are back", p.comeBack},
		{"day 3: one parcel is overdue and goes back", p.withdraw},
		{"day 3: the last come", p.collectRest},
		{"at the end: everything is held against everything", p.check},
	} {
		say("%s", act.name)
		if err := act.do(ctx); err != nil {
			return p.counts, p.parcels, fmt.Errorf("%s: %w", act.name, err)
		}
	}
	return p.counts, p.parcels, nil
}

const (
	parcelCount = 20
	overdueOne  = 17 // index of the parcel that nobody fetches
	tooBigOne   = 3
	jammedOne   = 5
	leftOpenOne = 12
	dearOne     = 18 // to be paid for
	dearKopecks = 129_000
)

func (p *play) announce(ctx context.Context) error {
	for i := range parcelCount {
		size := "S"
		if i%4 == 3 {
			size = "M"
		}
		a := Announcement{Phone: fmt.Sprintf("+7916555%04d", 1000+i), Size: size, Name: fmt.Sprintf("Recipient Number%02d", i), DwellHours: 72}
		if i%5 == 4 {
			a.Email, a.Phone = fmt.Sprintf("recipient%02d@demo.example", i), ""
		}
		switch i {
		case overdueOne:
			a.DwellHours = 24
		case dearOne:
			a.Kopecks = dearKopecks
		}
		announced, err := p.Announce(ctx, a)
		if err != nil {
			return err
		}
		one := Parcel{Announced: announced, Owner: a.Name, Phone: a.Phone, Email: a.Email}
		if i == overdueOne {
			one.Bearers = []string{Courier}
		}
		p.parcels = append(p.parcels, one)
		p.counts.Announced++
	}
	return p.untilDispatched(ctx)
}

// untilDispatched waits until the guard has taken a manifest for every parcel.
func (p *play) untilDispatched(ctx context.Context) error {
	for _, x := range p.parcels {
		if err := p.Until(ctx, x.Barcode, "dispatched"); err != nil {
			return err
		}
	}
	return nil
}

// Until polls the hub until a parcel is in a state.
func (n *Network) Until(ctx context.Context, barcode, state string) error {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	for {
		var now Announced
		if err := n.api(ctx, "GET", "/v1/parcels/"+barcode, nil, &now); err == nil && now.State == state {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("parcel %s never was %s at the hub; it is %s", barcode, state, now.State)
		}
	}
}

func (p *play) statesAtHub(ctx context.Context) (map[string]string, error) {
	states := map[string]string{}
	for _, x := range p.parcels {
		var now Announced
		if err := p.api(ctx, "GET", "/v1/parcels/"+x.Barcode, nil, &now); err != nil {
			return nil, err
		}
		states[x.Barcode] = now.State
	}
	return states, nil
}

func (p *play) deposit(ctx context.Context) error {
	if err := p.BeginSession(ctx); err != nil {
		return err
	}
	for i := range p.parcels {
		x := &p.parcels[i]
		var err error
		switch i {
		case tooBigOne:
			err = p.depositTooBig(ctx, x)
		case jammedOne:
			err = p.depositJammed(ctx, x)
		default:
			x.At, err = p.Deposit(ctx, *x)
		}
		if err != nil {
			return fmt.Errorf("parcel %d: %w", i, err)
		}
		p.counts.Deposited++
	}
	return p.EndSession(ctx)
}

// depositTooBig finds the first door too small, asks for a larger one, and gives the first compartment back.
func (p *play) depositTooBig(ctx context.Context, x *Parcel) error {
	if _, err := p.Wish(ctx, statement.WantDeposit, x.Barcode, 0); err != nil {
		return err
	}
	first, err := p.PressAndOpen(ctx, Courier)
	if err != nil {
		return err
	}
	if answer, err := p.Wish(ctx, statement.WantLarger, x.Barcode, 0); err != nil || !answer.Accepted {
		return errors.Join(err, fmt.Errorf("larger: %+v", answer))
	}
	if err := p.Front.CloseDoor(ctx, Courier, first); err != nil {
		return err
	}
	if x.At, err = p.PressAndOpen(ctx, Courier); err != nil {
		return err
	}
	if x.At == first {
		return errors.New("the same door again")
	}
	p.counts.TooBig++
	if err := p.PutIn(ctx, *x, x.At); err != nil {
		return err
	}
	return p.giveBack(ctx, first)
}

// giveBack opens a quarantined compartment of unknown content and says that it is empty. Where a sensor has said so before,
// there is nothing to give back.
func (p *play) giveBack(ctx context.Context, first uint16) error {
	if v := p.Screen.See(); v.Session == nil || !slices.Contains(v.Session.Uncertain, "") {
		return nil
	}
	if answer, err := p.Wish(ctx, statement.WantReopen, "", 0); err != nil || !answer.Accepted {
		return errors.Join(err, fmt.Errorf("reopen: %+v", answer))
	}
	at, err := p.PressAndOpen(ctx, Courier)
	if err != nil {
		return err
	}
	if at != first {
		return fmt.Errorf("door %d opened instead of %d", at, first)
	}
	if answer, err := p.Wish(ctx, statement.WantTakenOut, "", 0); err != nil || !answer.Accepted {
		return errors.Join(err, fmt.Errorf("taken out: %+v", answer))
	}
	return p.Close(ctx, Courier, at, "taken out")
}

// depositJammed meets a latch that does not move: three presses, then another door.
func (p *play) depositJammed(ctx context.Context, x *Parcel) error {
	if _, err := p.Wish(ctx, statement.WantDeposit, x.Barcode, 0); err != nil {
		return err
	}
	view, err := p.Screen.Wait(ctx, "a prompt", func(v ScreenState) bool { return v.Stage == "press" })
	if err != nil {
		return err
	}
	if err := p.Front.Fault(ctx, cabinet.Fault{Kind: cabinet.Jam, Compartment: view.Compartment}); err != nil {
		return err
	}
	for range 3 {
		if _, err := p.Screen.Wait(ctx, "a prompt", func(v ScreenState) bool { return v.Stage == "press" || v.Stage == "jammed" }); err != nil {
			return err
		}
		if err := p.Front.Press(ctx, Courier); err != nil {
			return err
		}
		if _, err := p.Screen.Wait(ctx, "the pulse", func(v ScreenState) bool { return v.Stage == "pulsed" }); err != nil {
			return err
		}
	}
	if _, err := p.Screen.Wait(ctx, "a jam", func(v ScreenState) bool { return v.Outcome == "jam" }); err != nil {
		return err
	}
	p.counts.Jams++
	if x.At, err = p.Deposit(ctx, *x); err == nil && x.At == view.Compartment {
		err = errors.New("the jammed door was offered again")
	}
	return err
}

func (p *play) readCodes(ctx context.Context) (err error) {
	for i := range p.parcels {
		if p.parcels[i].Code, err = p.ReadCode(ctx, p.parcels[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) collect(ctx context.Context, from, to int) error {
	for i := from; i < to; i++ {
		if err := p.Collect(ctx, p.parcels[i]); err != nil {
			return fmt.Errorf("parcel %d: %w", i, err)
		}
		p.counts.Collected++
	}
	return nil
}

func (p *play) outage(ctx context.Context) (err error) {
	if p.told, err = p.Messages(ctx); err != nil {
		return err
	}
	if err := errors.Join(p.Kill("hub"), p.Kill("notifier")); err != nil {
		return err
	}
	if err := p.LetPass(ctx, 18*time.Hour); err != nil {
		return err
	}
	if err := p.collect(ctx, 0, leftOpenOne); err != nil {
		return err
	}
	if err := p.leaveOpen(ctx); err != nil {
		return err
	}
	if err := p.collect(ctx, leftOpenOne+2, overdueOne); err != nil {
		return err
	}
	p.counts.CollectedInOutage = p.counts.Collected
	return nil
}

// leaveOpen has a recipient walk away from an open door. The next visitor is asked to close it and does.
func (p *play) leaveOpen(ctx context.Context) error {
	x, next := p.parcels[leftOpenOne], p.parcels[leftOpenOne+1]
	if err := p.EnterCode(ctx, x); err != nil {
		return err
	}
	at, err := p.PressAndOpen(ctx, x.Owner)
	if err != nil {
		return err
	}
	if _, err := p.Front.Take(ctx, x.Owner, at, ""); err != nil {
		return err
	}
	if err := p.LetPass(ctx, 200*time.Second); err != nil {
		return err
	}
	answer, err := p.Screen.Type(ctx, next.Code)
	if err != nil {
		return err
	}
	if answer.Reason != "close door" {
		return fmt.Errorf("beside a door left open: %+v", answer)
	}
	if err := p.Close(ctx, next.Owner, at, "collected"); err != nil {
		return err
	}
	p.counts.LeftOpen++
	p.counts.Collected++
	if err := p.Collect(ctx, next); err != nil {
		return err
	}
	p.counts.Collected++
	return nil
}

func (p *play) comeBack(ctx context.Context) error {
	if err := p.Again(ctx, "hub"); err != nil {
		return err
	}
	if err := p.Again(ctx, "notifier"); err != nil {
		return err
	}
	// The link has learned to wait up to a minute between two tries.
	if err := p.LetPass(ctx, time.Minute); err != nil {
		return err
	}
	return p.untilUploaded(ctx)
}

// untilUploaded waits until the hub has every record that the guard has written.
func (p *play) untilUploaded(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		l, err := p.LockerAtHub()
		if err == nil && l.Line == "online" && l.Position == l.Head && l.Position >= uint64(p.counts.Records) {
			p.counts.Records = int(l.Position)
			states, err := p.statesAtHub(ctx)
			if err == nil && p.hubAgrees(states) == nil {
				return nil
			}
		}
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			states, _ := p.statesAtHub(context.WithoutCancel(ctx))
			return fmt.Errorf("the hub's picture: %+v, %v", l, p.hubAgrees(states))
		}
	}
}

// hubAgrees holds the hub's states against the cabinet's truth: who has been collected is no longer inside.
func (p *play) hubAgrees(states map[string]string) error {
	truth, err := p.Front.State(context.Background())
	if err != nil {
		return err
	}
	inside := map[string]uint16{}
	for _, c := range truth.Compartments {
		for _, x := range c.Parcels {
			inside[x.Barcode] = c.Number
		}
	}
	for i, x := range p.parcels {
		state, in := states[x.Barcode], inside[x.Barcode] != 0
		if in != (state == "stored" || state == "overdue") {
			return fmt.Errorf("parcel %d is %s at the hub and inside: %v", i, state, in)
		}
	}
	return nil
}

func (p *play) withdraw(ctx context.Context) error {
	if err := p.LetPass(ctx, 20*time.Hour); err != nil {
		return err
	}
	x := p.parcels[overdueOne]
	if err := p.Until(ctx, x.Barcode, "overdue"); err != nil {
		return err
	}
	p.counts.Overdue++
	if err := p.BeginSession(ctx); err != nil {
		return err
	}
	if err := p.Withdraw(ctx, x.Barcode); err != nil {
		return err
	}
	p.counts.Withdrawn++
	if err := p.EndSession(ctx); err != nil {
		return err
	}
	if err := p.Until(ctx, x.Barcode, "withdrawn"); err != nil {
		return err
	}
	return p.HubCommand(nil, "parcel", "returned", x.Barcode)
}

func (p *play) collectRest(ctx context.Context) error {
	if err := p.pay(ctx, p.parcels[dearOne]); err != nil {
		return err
	}
	if err := p.collect(ctx, overdueOne+1, parcelCount); err != nil {
		return err
	}
	return p.untilUploaded(ctx)
}

// pay has a recipient find that the right code is not enough, and pay; then it is, as soon as the guard has heard of it.
func (p *play) pay(ctx context.Context, x Parcel) error {
	answer, err := p.Screen.Type(ctx, x.Code)
	if err != nil {
		return err
	}
	if answer.Reason != "unpaid" {
		return fmt.Errorf("a code before its parcel is paid for: %+v", answer)
	}
	if err := p.Pay(ctx, x.Barcode, dearKopecks); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	for {
		if answer, err = p.Screen.Type(ctx, x.Code); err != nil {
			return err
		}
		if answer.Accepted {
			_, err = p.Screen.Cancel(ctx)
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("the guard never heard that the parcel is paid for: %+v", answer)
		}
	}
}
