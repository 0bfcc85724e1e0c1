package rules_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// walker plays honest people and bad luck at random, and knows where every parcel really is.
type walker struct {
	*phone
	random   *rand.Rand
	physical map[uint16]string // what is behind each door
	hands    string            // barcode the courier is holding
	next     int               // serial of the next parcel
	steps    []string
}

// TestWalks takes random walks through deposits, collections, refusals, jams, power cuts at any moment, forced doors and
// broken disks. After every step: no pulse without a press, no pulse beside an open door, and no pulse that shows anybody a
// parcel that is not theirs.
func TestWalks(t *testing.T) {
	walks, length := 150, 120
	if testing.Short() {
		walks = 20
	}
	for seed := range uint64(walks) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { walk(t, seed, length) })
	}
}

func walk(t *testing.T, seed uint64, length int) {
	w := &walker{phone: stocked(t, 6, 0+1), random: rand.New(rand.NewPCG(seed, 1)), physical: map[uint16]string{}, next: 2}
	w.hands = parcel(1).Barcode
	defer func() {
		if t.Failed() {
			t.Logf("steps: %v", w.steps)
			for _, e := range w.entries {
				t.Logf("%4d %6.1f s  %-16s %d %s %s", e.Record.Number, float64(e.Record.Powered)/1e6, e.Record.Kind, e.Record.Compartment, e.Record.Parcel, e.Record.Reason)
			}
		}
	}()
	actions := []struct {
		name string
		odds int
		do   func()
	}{
		{"deposit", 8, w.tryDeposit}, {"code", 8, w.tryCode}, {"press", 14, w.tryPress}, {"hands", 16, w.useHands},
		{"say", 4, w.saySomething}, {"reopen", 3, w.tryReopen}, {"reboot", 2, w.powerCut}, {"time", 4, w.wait}, {"wrong", 2, w.guess},
		{"force", 1, w.force}, {"jam", 1, w.jam}, {"disk", 1, w.disk}, {"cancel", 1, w.cancel}, {"silence", 1, w.silence},
	}
	total := 0
	for _, a := range actions {
		total += a.odds
	}
	for range length {
		pick := w.random.IntN(total)
		for _, a := range actions {
			if pick -= a.odds; pick < 0 {
				w.steps = append(w.steps, a.name)
				a.do()
				break
			}
		}
		if t.Failed() {
			return
		}
	}
	w.noDisk = false
	if w.state.StorageBroken {
		w.do(rules.StorageRetry{})
	}
	if !reflect.DeepEqual(w.refold(), w.state.Facts) {
		t.Fatal("the journal does not tell the facts")
	}
}

// pressed does a press and judges the pulse that follows, if one does.
func (w *walker) tryPress() {
	before, pulses := w.view(), len(w.pulses)
	open := len(before.OpenDoors)
	holder := w.compartment(max(before.Compartment, 1)).Parcel
	w.press()
	if len(w.pulses) == pulses {
		return
	}
	at := w.pulses[pulses]
	if open > 0 {
		w.Errorf("door %d was pulsed beside an open door", at)
	}
	inside := w.physical[at]
	switch before.Errand {
	case door.Depositing:
		if inside != "" {
			w.Errorf("a deposit opened door %d with parcel %s behind it", at, inside)
		}
	case door.Collecting:
		if inside != "" && inside != holder {
			w.Errorf("the code of %s opened door %d with parcel %s behind it", holder, at, inside)
		}
	}
	w.pass(rules.Second)
}

func (w *walker) fresh() {
	if w.session() == nil || w.session().Receipt != nil {
		w.setTimeIfPossible()
		if w.ask(door.KioskRequest{Verb: door.Courier}) == "" {
			c, _, err := statement.Verify[statement.Challenge](w.view().Session.Challenge, func(statement.KeyID) (statement.Key, bool) {
				return w.guard.Key(), true
			})
			check(w.T, err)
			w.challenge, w.number = c, 0
		}
	}
	if s := w.session(); s != nil {
		w.number = s.Number
	}
}

func (w *walker) session() *door.Session { return w.view().Session }

func (w *walker) setTimeIfPossible() {
	if !w.noDisk && !w.state.StorageBroken {
		w.setTime()
	}
}

func (w *walker) tryDeposit() {
	if w.hands == "" {
		if w.noDisk || w.state.StorageBroken {
			return
		}
		x := parcel(w.next)
		x.Size = uint8(w.random.IntN(3) + 1)
		if !w.expect(x).Accepted {
			return
		}
		w.next++
		w.hands = x.Barcode
	}
	w.fresh()
	w.wish(statement.WantDeposit, w.hands, 0)
}

func (w *walker) tryCode() {
	for _, barcode := range w.physical {
		if barcode != "" && w.random.IntN(2) == 0 {
			w.typeCode(barcode)
			return
		}
	}
}

// useHands does what the person at an open door would: put in, take out, close.
func (w *walker) useHands() {
	v := w.view()
	for _, number := range v.OpenDoors {
		// A recipient who closes the door on a parcel leaves it to grace and to the next courier's "not empty": not tried here.
		if v.Stage == door.Open && v.Compartment == number && (v.Errand == door.Collecting || w.random.IntN(8) > 0) {
			w.handle(v, number)
		}
		w.closeDoor(number)
	}
}

func (w *walker) handle(v door.View, number uint16) {
	switch v.Errand {
	case door.Depositing:
		if w.physical[number] != "" && w.hands != "" {
			w.fresh()
			w.wish(statement.WantNotEmpty, w.hands, 0)
		} else if w.hands != "" && v.Session != nil && v.Session.Parcel == w.hands && w.random.IntN(5) > 0 {
			w.physical[number], w.hands = w.hands, ""
		} else if w.hands != "" {
			w.fresh()
			w.wish(statement.WantCancel, w.hands, 0)
		}
	case door.Collecting:
		w.physical[number] = ""
	case door.Reopening:
		w.fresh()
		if c := w.compartment(number); w.physical[number] != "" && w.physical[number] == c.Parcel {
			w.wish(statement.WantDeposit, c.Parcel, 0)
		} else if w.wish(statement.WantTakenOut, c.Parcel, 0) == "" {
			w.physical[number] = ""
		}
	}
}

func (w *walker) saySomething() {
	if w.session() == nil {
		return
	}
	w.fresh()
	if v := w.view(); v.Stage == door.Open && v.Errand == door.Depositing && w.physical[v.Compartment] == "" && w.hands != "" {
		w.wish([]statement.Want{statement.WantLarger, statement.WantCancel}[w.random.IntN(2)], w.hands, 0)
	}
}

func (w *walker) tryReopen() {
	w.fresh()
	if s := w.session(); s != nil && len(s.Uncertain) > 0 {
		w.wish(statement.WantReopen, s.Uncertain[w.random.IntN(len(s.Uncertain))], 0)
	}
}

func (w *walker) powerCut() {
	w.noDisk = false
	w.reboot()
	w.setTime()
}

func (w *walker) wait() {
	w.pass([]int64{rules.Second, 5 * rules.Second, rules.Minute, 4 * rules.Minute}[w.random.IntN(4)])
}

func (w *walker) guess() {
	w.ask(door.KioskRequest{Verb: door.Code, Code: statement.CompleteCode(fmt.Sprintf("%08d", w.random.IntN(1e8)))})
}

func (w *walker) force() { w.doors[uint16(w.random.IntN(6)+1)] = rules.Open }
func (w *walker) jam() {
	n := uint16(w.random.IntN(6) + 1)
	w.stuck[n] = !w.stuck[n]
}

func (w *walker) disk() {
	if w.noDisk = !w.noDisk; !w.noDisk && w.state.StorageBroken {
		w.do(rules.StorageRetry{})
	}
}

func (w *walker) cancel() { w.ask(door.KioskRequest{Verb: door.Cancel}) }

func (w *walker) silence() { w.silent[0] = !w.silent[0] }

// TestOnlyFinishedVisitsEmpty reads the table of moves: EMPTY is reached by three records, and by a deposit that a sensor
// says did not happen.
func TestOnlyFinishedVisitsEmpty(t *testing.T) {
	allowed := map[journal.Kind]bool{journal.Collected: true, journal.Withdrawn: true, journal.TakenOut: true}
	for _, from := range []rules.Occupancy{rules.Empty, rules.Intent, rules.Occupied, rules.Collecting, rules.Quarantine} {
		for _, kind := range journal.Kinds {
			if to, ok := rules.Next(from, kind, ""); ok && to == rules.Empty && from != rules.Empty && !allowed[kind] {
				t.Errorf("%s becomes EMPTY by %q", from, kind)
			}
			if _, ok := rules.Next(from, kind, string(rules.Empty)); ok && !allowed[kind] && kind != journal.DepositFailed {
				t.Errorf("%s may become EMPTY by %q", from, kind)
			}
		}
	}
}
