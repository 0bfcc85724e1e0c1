//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"lockstep/cabinet"
	"lockstep/demo"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// TestBadWires plays a deposit and a collection over wires that go wrong in every way the cabinet can break them.
func TestBadWires(t *testing.T) {
	ctx, n := start(t)
	stage, err := n.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := &wires{T: t, Stage: stage}
	t.Run("noise garbles one byte in fifty", func(t *testing.T) { c.T = t; c.noise(ctx) })
	t.Run("a board does not answer", func(t *testing.T) { c.T = t; c.missingBoard(ctx) })
	t.Run("a door is forced", func(t *testing.T) { c.T = t; c.forced(ctx) })
	t.Run("a switch says closed whatever the door does", func(t *testing.T) { c.T = t; c.lyingSwitch(ctx) })
	if state, err := n.Front.State(ctx); err != nil || state.Verdict.Exposed+state.Verdict.Unpressed+state.Verdict.TwoOpen > 0 {
		t.Errorf("the cabinet's verdict: %+v, %v", state.Verdict, err)
	}
}

// wires are a network whose boards hang on wires that go wrong.
type wires struct {
	*testing.T
	*demo.Stage
	parcels int
}

func (c *wires) announced(ctx context.Context) (demo.Parcel, error) {
	phone := fmt.Sprintf("+7916777%04d", c.parcels)
	a, err := c.Announce(ctx, demo.Announcement{Phone: phone, Size: "S", DwellHours: 72})
	p := demo.Parcel{Announced: a, Owner: fmt.Sprintf("owner %d", c.parcels), Phone: phone, Bearers: []string{demo.Courier}}
	if err != nil {
		return p, err
	}
	return p, c.Until(ctx, p.Barcode, "dispatched")
}

// through is a visit of a courier and one of a recipient.
func (c *wires) through(ctx context.Context, p *demo.Parcel) (err error) {
	if err := c.BeginSession(ctx); err != nil {
		return err
	}
	if p.At, err = c.Deposit(ctx, *p); err != nil {
		return err
	}
	return c.fetch(ctx, p)
}

func (c *wires) fetch(ctx context.Context, p *demo.Parcel) (err error) {
	if p.Code, err = c.ReadCode(ctx, *p); err != nil {
		return err
	}
	return c.Collect(ctx, *p)
}

// must fails the test.
func (c *wires) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// wholeWalk is one parcel in and out, as honest people would.
func (c *wires) wholeWalk(ctx context.Context) {
	c.Helper()
	p, err := c.announced(ctx)
	c.must(err)
	c.parcels++
	c.must(c.through(ctx, &p))
	_, err = c.Screen.Cancel(ctx)
	c.must(err)
}

// alarms counts the alarm records that give a reason.
func (c *wires) alarms(reason string) int {
	c.Helper()
	records, err := c.Records()
	c.must(err)
	return len(slices.DeleteFunc(records, func(r journal.Record) bool { return r.Kind != journal.Alarm || r.Reason != reason }))
}

func (c *wires) untilAlarm(ctx context.Context, reason string) {
	c.Helper()
	for deadline := time.Now().Add(20 * time.Second); c.alarms(reason) == 0; {
		if time.Now().After(deadline) {
			c.Fatalf("no alarm %q", reason)
		}
		c.must(c.LetPass(ctx, 100*time.Millisecond))
	}
}

func (c *wires) noise(ctx context.Context) {
	for _, line := range []string{"bus0", "bus1"} {
		c.must(c.Front.Fault(ctx, cabinet.Fault{Kind: cabinet.Noise, Line: line, Probability: 0.02, Seed: 7}))
		defer c.Front.Mend(ctx, cabinet.Fault{Kind: cabinet.Noise, Line: line})
	}
	for range 3 {
		c.wholeWalk(ctx)
	}
	if n := c.alarms("uncommanded opening"); n != 0 {
		c.Errorf("noise was taken for %d openings", n)
	}
}

func (c *wires) missingBoard(ctx context.Context) {
	fault := cabinet.Fault{Kind: cabinet.BoardMissing, Board: 1}
	c.must(c.Front.Fault(ctx, fault))
	c.untilAlarm(ctx, "board silent: bus1/00")
	c.wholeWalk(ctx) // small compartments hang on the other board
	p, err := c.Announce(ctx, demo.Announcement{Phone: "+79167778888", Size: "L", DwellHours: 72})
	c.must(err)
	c.must(c.Until(ctx, p.Barcode, "dispatched"))
	c.must(c.BeginSession(ctx))
	answer, err := c.Wish(ctx, statement.WantDeposit, p.Barcode, 0)
	c.must(err)
	if answer.Reason != "out of order" {
		c.Errorf("a large parcel, whose compartments cannot be reached: %+v", answer)
	}
	c.must(c.Front.Mend(ctx, fault))
	for deadline := time.Now().Add(10 * time.Second); !answer.Accepted; { // a silent board is asked once a second
		if answer, err = c.Wish(ctx, statement.WantDeposit, p.Barcode, 0); err != nil || time.Now().After(deadline) {
			c.Fatalf("when the board is back: %+v, %v", answer, err)
		}
	}
	_, err = c.Screen.Cancel(ctx) // the prompt
	c.must(err)
	_, err = c.Screen.Cancel(ctx) // the session
	c.must(err)
}

func (c *wires) forced(ctx context.Context) {
	c.must(c.LetPass(ctx, 5*time.Second)) // right after a pulse it would be a lockdown
	c.must(c.Force(ctx, 24))
	c.untilAlarm(ctx, "uncommanded opening")
	c.must(c.Front.CloseDoor(ctx, "burglar", 24))
	c.must(c.LetPass(ctx, time.Second))
	c.untilHub(ctx, 24, "QUARANTINE")
	c.must(c.LetPass(ctx, 11*time.Minute)) // a second one before would be a lockdown
}

func (c *wires) untilHub(ctx context.Context, compartment uint16, state string) {
	c.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		l, err := c.LockerAtHub()
		c.must(err)
		for _, d := range l.Compartments {
			if d.Number == compartment && d.State == state {
				return
			}
		}
		if time.Now().After(deadline) {
			c.Fatalf("compartment %d never was %s at the hub", compartment, state)
		}
		c.must(c.LetPass(ctx, 100*time.Millisecond))
	}
}

// lyingSwitch opens a door whose switch never shows it: for the guard a jam, and nothing is ever called opened.
func (c *wires) lyingSwitch(ctx context.Context) {
	p, err := c.announced(ctx)
	c.must(err)
	c.parcels++
	c.must(c.BeginSession(ctx))
	_, err = c.Wish(ctx, statement.WantDeposit, p.Barcode, 0)
	c.must(err)
	view, err := c.Screen.Wait(ctx, "a prompt", func(v demo.ScreenState) bool { return v.Stage == "press" })
	c.must(err)
	at := view.Compartment
	c.must(c.Front.Fault(ctx, cabinet.Fault{Kind: cabinet.StuckClosed, Compartment: at}))
	for range 3 {
		_, err := c.Screen.Wait(ctx, "a prompt", func(v demo.ScreenState) bool { return v.Stage == "press" || v.Stage == "jammed" })
		c.must(err)
		before, err := c.Front.State(ctx)
		c.must(err)
		c.must(c.Front.Press(ctx, demo.Courier))
		_, err = c.Front.Wait(ctx, cabinet.Condition{What: cabinet.DoorOpened, Compartment: at, Since: before.Entries}, 5*time.Second)
		c.must(err)
		c.must(c.Front.CloseDoor(ctx, demo.Courier, at))
		_, err = c.Screen.Wait(ctx, "that nothing opened", func(v demo.ScreenState) bool { return v.Stage == "jammed" || v.Outcome == "jam" })
		c.must(err)
	}
	_, err = c.Screen.Wait(ctx, "a jam", func(v demo.ScreenState) bool { return v.Outcome == "jam" })
	c.must(err)
	records, err := c.Records()
	c.must(err)
	for _, r := range records {
		if r.Kind == journal.Opened && r.Parcel == p.Barcode {
			c.Error("opened was said without a switch seen open")
		}
	}
	if p.At, err = c.Deposit(ctx, p); err != nil || p.At == at {
		c.Fatal(fmt.Errorf("after the jam: door %d, %w", p.At, err))
	}
	c.must(c.fetch(ctx, &p))
}

// Force opens a door with a crowbar.
func (c *wires) Force(ctx context.Context, at uint16) error {
	_, err := c.Front.Do(ctx, cabinet.Request{Verb: "force", Person: "burglar", Compartment: at})
	return err
}
