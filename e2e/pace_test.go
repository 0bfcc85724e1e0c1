//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/cabinet"
	"lockstep/demo"
	"lockstep/guard/statement"
)

// A movement of the body is told in TMU (MTM-1, data card of the MTM Association): what a trained person takes who can keep the pace all
// day. A code is typed, and what was not expected is read, as slowly as the keystroke-level model has it (Card, Moran, Newell 1983, chapter 8).
const (
	tmu      = 36 * time.Millisecond
	keyOf    = 750 * time.Millisecond  // KLM: a key of a complex code
	tap      = 280 * time.Millisecond  // KLM: a key, by somebody who does not type for a living
	prepares = 1350 * time.Millisecond // KLM: M
	points   = 1100 * time.Millisecond // KLM: P, to a place not looked at before
)

// What a courier does for each parcel, the phone in one hand. docs/pace.md has the motions.
const (
	takesParcel = 811 * tmu / 10            // a pace back to the trolley, a turn, the parcel is taken and brought before the chest
	aims        = 129 * tmu / 10            // the phone at its label
	showsPhone  = 384 * tmu / 10            // to the scanner
	presses     = 337 * tmu / 10            // the prompt is seen, the button pushed
	putsIn      = 927*tmu/10 - closes       // a pace to the door, the parcel inside; one door in five is low
	closes      = 266 * tmu / 10            // the door is pushed into its lock
	taps        = 2 * tap                   // on the phone: a door has opened; the next parcel
	camera      = 500 * time.Millisecond    // assumed: from a label in sight to its number
	scannerByte = 10 * time.Second / 9600.0 // 8N1, as scanners are shipped
)

// visitor is somebody before the locker. Their hands take the time that hands take, which the clock is turned for; the rest of the time
// they wait for the machine.
type visitor struct {
	*testing.T
	*demo.Stage
	ctx    context.Context
	hands  time.Duration
	waited map[string][]time.Duration // for what, each time
}

func (v *visitor) now() time.Time { return v.Clock.Now() }

// spends lets time pass, in steps in which no board seems silent: the guard looks at them at least once between two steps.
func (v *visitor) spends(d time.Duration) {
	v.Helper()
	const step, look = 800 * time.Millisecond, 80 * time.Millisecond
	for end := v.now().Add(d); ; {
		left := end.Sub(v.now())
		if left <= 0 {
			return
		}
		if left > look {
			must(v.T, v.Clock.Advance(min(left-look, step)))
		}
		select {
		case <-time.After(min(left, look)):
		case <-v.ctx.Done():
			v.Fatal(v.ctx.Err())
		}
	}
}

// does lets hands do something.
func (v *visitor) does(d time.Duration) {
	v.Helper()
	v.hands += d
	v.spends(d)
}

// waits until the machine has done something.
func (v *visitor) waits(what string, until func()) {
	v.Helper()
	begun := v.now()
	until()
	v.waited[what] = append(v.waited[what], v.now().Sub(begun))
}

func (v *visitor) sees(what string, is func(demo.ScreenState) bool) (s demo.ScreenState) {
	v.Helper()
	v.waits(what, func() {
		var err error
		s, err = v.Screen.WaitFor(v.ctx, time.Minute, what, is)
		must(v.T, err)
	})
	return s
}

// shows has the scanner read the phone, and again where a board was not heard of just then, until there is a prompt.
func (v *visitor) shows(want statement.Want, barcode string) {
	v.Helper()
	patience := time.Now().Add(time.Minute)
	for {
		text, err := v.Phone.Show(want, barcode, 0)
		must(v.T, err)
		before := v.Screen.See().Scan.Number
		v.waits("the scanner's line", func() { v.spends(time.Duration(len(text)) * scannerByte) })
		must(v.T, v.Front.Scan(v.ctx, text))
		s := v.sees("the prompt", func(s demo.ScreenState) bool {
			return s.Scan.Number > before && (s.Stage == "press" || !s.Scan.Accepted)
		})
		if s.Scan.Accepted {
			return
		}
		if s.Scan.Reason != "out of order" || time.Now().After(patience) {
			v.Fatalf("%s: %+v", barcode, s.Scan)
		}
		v.sees("boards", func(s demo.ScreenState) bool { return s.OutOfOrder == "" })
	}
}

// puts puts one parcel in, from the trolley to the door that is shut.
func (v *visitor) puts(p demo.Parcel) {
	v.Helper()
	v.does(takesParcel + taps + aims)
	v.waits("the phone's camera", func() { v.spends(camera) })
	v.sees("the end", func(s demo.ScreenState) bool { return s.Stage == "idle" || s.Outcome == "stored" })
	v.does(showsPhone)
	at := v.opens(demo.Courier, presses, func() { v.shows(statement.WantDeposit, p.Barcode) })
	v.does(putsIn)
	must(v.T, v.Front.Put(v.ctx, demo.Courier, at, cabinet.Parcel{Barcode: p.Barcode, Owner: p.Owner, Bearers: p.Bearers}))
	v.does(closes)
	must(v.T, v.Front.CloseDoor(v.ctx, demo.Courier, at))
}

// opens asks for a door, presses and waits for it; where a board or the button was too slow on a busy machine, people try again.
func (v *visitor) opens(person string, hands time.Duration, ask func()) (at uint16) {
	v.Helper()
	for range 5 {
		ask()
		v.does(hands)
		var err error
		v.waits("the door", func() { at, err = v.PressAndOpen(v.ctx, person) })
		silent, slow := errors.AsType[*demo.NotOpened](err)
		if !slow || silent.Outcome != "out of order" && silent.Outcome != "no press" {
			must(v.T, err)
			return at
		}
		v.Logf("again: %v", err)
		v.sees("boards", func(s demo.ScreenState) bool { return s.OutOfOrder == "" })
	}
	v.Fatal("five times nothing opened")
	return 0
}

// machine is what was waited for in all, and as it would be had each wait taken the median of its kind: what else a shared machine does
// makes some of them long.
func (v *visitor) machine() (all, usual time.Duration, each []string) {
	for what, times := range v.waited {
		slices.Sort(times)
		sum := time.Duration(0)
		for _, d := range times {
			sum += d
		}
		median := times[len(times)/2]
		all, usual = all+sum, usual+median*time.Duration(len(times))
		each = append(each, fmt.Sprintf("%s %.2f s", what, median.Seconds()))
	}
	slices.Sort(each)
	return all, usual, each
}

// tells says what it all took, and gives what it usually takes.
func (v *visitor) tells(what string) time.Duration {
	v.Helper()
	all, usual, each := v.machine()
	v.Logf("%s: %.1f s, with each wait at its median %.1f s: hands %.1f s, machine %.1f s (%.0f %%)", what, (v.hands + all).Seconds(), (v.hands + usual).Seconds(),
		v.hands.Seconds(), usual.Seconds(), 100*usual.Seconds()/(v.hands+usual).Seconds())
	v.Logf("medians: %s", strings.Join(each, ", "))
	return v.hands + usual
}

// fetches is a recipient's visit: the code, the button, and behind the door the parcel.
func (v *visitor) fetches(p *demo.Parcel) {
	v.Helper()
	var err error
	p.Code, err = v.ReadCode(v.ctx, *p)
	must(v.T, err)
	at := v.opens(p.Owner, prepares+points, func() {
		v.does(time.Duration(len(p.Code)-1) * keyOf)
		v.waits("the code", func() { must(v.T, v.EnterCode(v.ctx, *p)) })
		v.sees("the prompt", func(s demo.ScreenState) bool { return s.Stage == "press" })
	})
	taken, err := v.Front.Take(v.ctx, p.Owner, at, "")
	must(v.T, err)
	if taken.Barcode != p.Barcode {
		v.Errorf("behind the door of %s lies %s", p.Barcode, taken.Barcode)
	}
	must(v.T, v.Close(v.ctx, p.Owner, at, "collected"))
}

func newVisitor(t *testing.T, ctx context.Context, s *demo.Stage) *visitor {
	return &visitor{T: t, Stage: s, ctx: ctx, waited: map[string][]time.Duration{}}
}

// TestPeoplesPace: a courier puts sixty parcels in within twelve minutes, in one session at a locker of eighty, and a recipient stands ten
// seconds before it from the code's first digit to the open door.
func TestPeoplesPace(t *testing.T) {
	const round, visits = 60, 7
	ctx, n := startWith(t, demo.Options{Compartments: 80})
	stage, err := n.Open(ctx)
	must(t, err)
	var parcels []demo.Parcel
	for i := range round {
		phone := fmt.Sprintf("+7916444%04d", i)
		a, err := n.Announce(ctx, demo.Announcement{Phone: phone, Size: string("SSSSSMMMMLLL"[i%12]), DwellHours: 72})
		must(t, err)
		parcels = append(parcels, demo.Parcel{Announced: a, Owner: phone, Phone: phone, Bearers: []string{demo.Courier}})
	}
	for _, p := range parcels {
		must(t, n.Until(ctx, p.Barcode, "dispatched"))
	}

	must(t, stage.BeginSession(ctx))
	courier := newVisitor(t, ctx, stage)
	for _, p := range parcels {
		courier.puts(p)
	}
	courier.sees("the end", func(s demo.ScreenState) bool { return s.Session.Stored == round })
	if took := courier.tells("60 deposits"); took > 12*time.Minute {
		t.Errorf("60 deposits take %v", took)
	}
	must(t, stage.EndSession(ctx))

	recipient := newVisitor(t, ctx, stage)
	for i := range parcels[:visits] {
		recipient.fetches(&parcels[i])
	}
	if took := recipient.tells(fmt.Sprintf("%d visits, to the open door", visits)) / visits; took > 10*time.Second {
		t.Errorf("a visit takes %v", took)
	}
	if state, err := n.Front.State(ctx); err != nil || state.Verdict.Exposed+state.Verdict.Unpressed+state.Verdict.TwoOpen > 0 || state.Verdict.Pulses != round+visits {
		t.Errorf("the cabinet's verdict: %+v, %v", state.Verdict, err)
	}
	var alarms []struct{ Kind, Reason string }
	must(t, n.HubCommand(&alarms, "alarms"))
	for _, a := range alarms {
		if !strings.HasPrefix(a.Reason, "board silent") { // its clock was turned
			t.Errorf("an alarm: %+v", a)
		}
	}
	must(t, n.HubCommand(nil, "check"))
}
