//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lockstep/demo"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// TestKilledAtEveryDurableWrite kills the guard with SIGKILL at each durable write of a deposit and a collection, before, in the
// middle and after, and starts it again. The people in front then do what the screens offer, and must get their parcel through.
func TestKilledAtEveryDurableWrite(t *testing.T) {
	ctx, n := start(t)
	stage, err := n.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := &crashes{T: t, Stage: stage}
	for _, how := range []string{"before", "torn", "after"} {
		for at := 1; ; at++ {
			if at > 40 {
				t.Fatal("the guard writes without end")
			}
			name := fmt.Sprintf("write %d, %s", at, how)
			died := c.flow(ctx, name, fmt.Sprintf("LOCKSTEP_CRASH=%d:%s", at, how))
			c.judge(ctx, name)
			if t.Failed() || !died {
				break
			}
		}
	}
	t.Logf("killed %d times; %d parcels went in and came out", c.killed, c.parcels)
	if c.killed < 15 {
		t.Errorf("only %d kills", c.killed)
	}
}

type crashes struct {
	*testing.T
	*demo.Stage
	killed, parcels int
}

// flow puts a parcel through a guard that will be killed, restarts the guard when it has been, and sees the parcel through.
func (c *crashes) flow(ctx context.Context, name, crash string) (died bool) {
	c.Helper()
	p, err := c.announced(ctx)
	if err != nil {
		c.Fatal(name, err)
	}
	if err := errors.Join(c.End("guard"), c.Again(ctx, "guard", crash)); err != nil && !c.dead() {
		c.Fatal(name, err)
	}
	doomed, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-c.Ended("guard"):
			cancel()
		case <-doomed.Done():
		}
	}()
	err = c.through(doomed, &p)
	cancel()
	if died = c.dead(); died {
		c.killed++
	} else if err != nil {
		c.Fatal(name, err)
	} else if err := c.End("guard"); err != nil { // it would still be killed at some later write
		c.Fatal(name, err)
	}
	if err := c.Again(ctx, "guard"); err != nil {
		c.Fatal(name, "the guard did not come back: ", err)
	}
	for try := 0; c.where(ctx, p) != gone; try++ {
		if err = c.seeThrough(ctx, &p); err != nil && try == 3 {
			c.Fatal(name, ": parcel lost: ", err)
		}
	}
	if err := c.tidy(ctx); err != nil {
		c.Fatal(name, err)
	}
	c.parcels++
	return died
}

func (c *crashes) dead() bool {
	select {
	case <-c.Ended("guard"):
		return true
	default:
		return false
	}
}

func (c *crashes) announced(ctx context.Context) (demo.Parcel, error) {
	phone := fmt.Sprintf("+7916777%04d", c.parcels)
	a, err := c.Announce(ctx, demo.Announcement{Phone: phone, Size: "S", DwellHours: 72})
	p := demo.Parcel{Announced: a, Owner: fmt.Sprintf("owner %d", c.parcels), Phone: phone, Bearers: []string{demo.Courier}}
	if err != nil {
		return p, err
	}
	return p, c.Until(ctx, p.Barcode, "dispatched")
}

// through is a visit of a courier and one of a recipient.
func (c *crashes) through(ctx context.Context, p *demo.Parcel) (err error) {
	if err := c.BeginSession(ctx); err != nil {
		return err
	}
	if p.At, err = c.Deposit(ctx, *p); err != nil {
		return err
	}
	return c.fetch(ctx, p)
}

func (c *crashes) fetch(ctx context.Context, p *demo.Parcel) (err error) {
	if p.Code, err = c.ReadCode(ctx, *p); err != nil {
		return err
	}
	return c.Collect(ctx, *p)
}

const gone uint16 = 1 << 15

// where a parcel physically is: a compartment, 0 for in the courier's hands, gone for with its recipient.
func (c *crashes) where(ctx context.Context, p demo.Parcel) uint16 {
	c.Helper()
	state, err := c.Front.State(ctx)
	if err != nil {
		c.Fatal(err)
	}
	for _, d := range state.Compartments {
		for _, x := range d.Parcels {
			if x.Barcode == p.Barcode {
				return d.Number
			}
		}
	}
	log, err := c.Front.Log(ctx, 0)
	if err != nil {
		c.Fatal(err)
	}
	for _, e := range slices.Backward(log) {
		if e.Barcode == p.Barcode && e.What == "parcel out" && e.Person == p.Owner {
			return gone
		}
	}
	return 0
}

// seeThrough goes on after a crash as people would: shut what stands open, look what the screen offers, and go on from there.
func (c *crashes) seeThrough(ctx context.Context, p *demo.Parcel) error {
	if err := c.shutDoors(ctx); err != nil {
		return err
	}
	if c.where(ctx, *p) == 0 {
		return c.through(ctx, p)
	}
	records, err := c.Records()
	if err != nil {
		return err
	}
	stored := slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == journal.Stored && r.Parcel == p.Barcode })
	if stored {
		return c.fetch(ctx, p)
	}
	if err := c.reopen(ctx, p.Barcode, statement.WantDeposit, "stored"); err != nil {
		return err
	}
	return c.fetch(ctx, p)
}

// reopen is the courier's way out of quarantine.
func (c *crashes) reopen(ctx context.Context, barcode string, say statement.Want, outcome string) error {
	if err := c.BeginSession(ctx); err != nil {
		return err
	}
	if answer, err := c.Wish(ctx, statement.WantReopen, barcode, 0); err != nil || !answer.Accepted {
		return errors.Join(err, fmt.Errorf("reopen %s: %s", barcode, answer.Reason))
	}
	at, err := c.PressAndOpen(ctx, demo.Courier)
	if err != nil {
		return err
	}
	if answer, err := c.Wish(ctx, say, barcode, 0); err != nil || !answer.Accepted {
		return errors.Join(err, fmt.Errorf("say what is in there: %s", answer.Reason))
	}
	if err := c.Close(ctx, demo.Courier, at, outcome); err != nil {
		return err
	}
	_, err = c.Screen.Cancel(ctx)
	return err
}

func (c *crashes) shutDoors(ctx context.Context) error {
	state, err := c.Front.State(ctx)
	if err != nil {
		return err
	}
	for _, d := range state.Compartments {
		if d.Open {
			if err := c.Front.CloseDoor(ctx, demo.Courier, d.Number); err != nil {
				return err
			}
		}
	}
	if err := c.LetPass(ctx, time.Second); err != nil {
		return err
	}
	_, err = c.Screen.Cancel(ctx)
	return err
}

// tidy ends whatever session is left and gives quarantined compartments back, so that the next flow meets an empty locker.
func (c *crashes) tidy(ctx context.Context) error {
	if err := c.shutDoors(ctx); err != nil {
		return err
	}
	if err := c.LetPass(ctx, 2*time.Minute); err != nil {
		return err
	}
	if err := c.BeginSession(ctx); err != nil {
		return err
	}
	// Any wish lets the screen list what is uncertain; one for a parcel that is not here costs nothing.
	if _, err := c.Wish(ctx, statement.WantReopen, "400000000008", 0); err != nil {
		return err
	}
	view, err := c.Screen.Wait(ctx, "a session", func(v demo.ScreenState) bool { return v.Session != nil && v.Session.Courier != "" })
	if err != nil {
		return err
	}
	if _, err := c.Screen.Cancel(ctx); err != nil {
		return err
	}
	for _, barcode := range view.Session.Uncertain {
		if err := c.reopen(ctx, barcode, statement.WantTakenOut, "taken out"); err != nil {
			return err
		}
	}
	return nil
}

// judge asks the cabinet and the journal.
func (c *crashes) judge(ctx context.Context, name string) {
	c.Helper()
	state, err := c.Front.State(ctx)
	if err != nil {
		c.Fatal(err)
	}
	if v := state.Verdict; v.Exposed+v.Unpressed+v.TwoOpen > 0 {
		c.Errorf("%s: the cabinet's verdict: %+v", name, v)
	}
	for _, d := range state.Compartments {
		if len(d.Parcels) > 0 {
			c.Errorf("%s: parcel %s is left in compartment %d", name, d.Parcels[0].Barcode, d.Number)
		}
	}
	intents, err := c.PulsesInJournal()
	if err != nil {
		c.Errorf("%s: the journal: %v", name, err)
	}
	// A crash between the durable intent and the pulse leaves an intent without one, never the other way round.
	if state.Verdict.Pulses > intents {
		c.Errorf("%s: %d pulses, %d intents in the journal", name, state.Verdict.Pulses, intents)
	}
}
