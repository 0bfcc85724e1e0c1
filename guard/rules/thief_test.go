package rules_test

import (
	"fmt"
	"math/rand/v2"

	"lockstep/guard/door"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// thief stands at a locker with every code of what is inside, also of what is put in meanwhile, and a hand on the button. What is
// counted is real time: a power cut stops the guard's clock and not the thief's.
type thief struct {
	*phone
	random *rand.Rand
	habits habits
	next   int     // parcel for the courier to put in
	opened []int64 // doors, at what real time
}

// habits are how often, of a hundred, a thief does what is not simply the next parcel.
type habits struct {
	qr, grace, slam, courier, cut, linger, idle, early int
}

// anyHabits draws them. Every fourth thief is greedy and has none: code after code as fast as the guard lets it.
func anyHabits(seed int, random *rand.Rand) (h habits) {
	if seed%4 == 0 {
		return h
	}
	for _, of := range []struct {
		habit *int
		most  int
	}{{&h.qr, 100}, {&h.grace, 40}, {&h.slam, 20}, {&h.courier, 30}, {&h.cut, 3}, {&h.linger, 20}, {&h.idle, 5}, {&h.early, 50}} {
		if random.IntN(2) == 0 {
			*of.habit = random.IntN(of.most + 1)
		}
	}
	return h
}

func (t *thief) does(percent int) bool { return t.random.IntN(100) < percent }

// steal goes on for two hours.
func (t *thief) steal() {
	t.Helper()
	for end := t.wall + 2*rules.Hour; t.wall < end; {
		switch {
		case t.does(t.habits.courier):
			t.letCourierWork()
		case t.does(t.habits.cut):
			t.cutPower()
		case t.does(t.habits.idle):
			t.skip(1 + t.random.Int64N(20*rules.Minute))
		default:
			t.take()
		}
	}
}

// take presents one credential and opens its door, or waits until the guard lets it.
func (t *thief) take() {
	t.Helper()
	barcode := t.chosen()
	if barcode == "" {
		t.byCourier(statement.WantDeposit, parcel(t.next+1).Barcode)
		t.skip(rules.Minute)
		return
	}
	switch reason := t.present(barcode); reason {
	case "":
		t.open()
	case door.Budget:
		t.await(t.reply.Wait * 1000)
	case door.CloseDoor: // one that stood open when the power went
		t.shutAll(3 * rules.Second)
	case door.NotNow, door.Busy: // no grace beside a courier; a door that jammed and may not be pressed for again yet
		t.skip(rules.Second)
	default:
		t.Fatalf("%s: %s", barcode, reason)
	}
}

// chosen is a parcel whose credential opens a door now: one inside or, by habit, one whose grace lasts.
func (t *thief) chosen() (barcode string) {
	want, seen := rules.Occupied, 0
	if t.does(t.habits.grace) {
		want = rules.Empty
	}
	for i := range t.state.Compartments {
		c := &t.state.Compartments[i]
		if c.Occupancy != want || want == rules.Empty && (c.GraceLeft == 0 || t.now >= c.GraceUntil) {
			continue
		}
		if seen++; t.random.IntN(seen) == 0 {
			barcode = c.Parcel
		}
	}
	return barcode
}

func (t *thief) present(barcode string) door.Reason {
	t.look()
	if t.does(t.habits.qr) {
		secret := t.codes[barcode].Secret
		return t.ask(door.KioskRequest{Verb: door.Secret, Secret: secret[:]})
	}
	return t.typeCode(barcode)
}

// open presses. A door slammed before the next look has opened, and to the guard it is jammed: it may be pressed for again.
func (t *thief) open() {
	number := t.view().Compartment
	for range 2 {
		if !t.does(t.habits.slam) {
			break
		}
		t.stuck[number] = true
		t.pressed()
		delete(t.stuck, number)
		t.skip(3 * rules.Second)
	}
	t.pressed()
	switch {
	case t.does(t.habits.cut):
		t.cutPower()
	case t.does(t.habits.linger):
		t.skip(t.random.Int64N(rules.Minute))
	}
	t.shutAll(3 * rules.Second / 10)
}

// pressed counts what a press opens.
func (t *thief) pressed() {
	before := len(t.pulses)
	t.press()
	for range t.pulses[before:] {
		t.opened = append(t.opened, t.wall)
	}
}

// shutAll closes every door and gives the guard its time to see it.
func (t *thief) shutAll(time int64) {
	for number := range t.doors {
		t.doors[number] = rules.Closed
	}
	t.look()
	t.skip(time)
}

// await comes again at the moment that the guard named, or by habit up to a second too early.
func (t *thief) await(wait int64) {
	if wait > rules.Second && t.does(t.habits.early) {
		wait -= t.random.Int64N(rules.Second)
	}
	t.skip(wait)
}

// cutPower takes the guard's power for a while, at any moment. What it saw since its last record is gone, and so is that time.
func (t *thief) cutPower() {
	t.Helper()
	if t.does(30) {
		t.do(rules.Housekeeping{})
	}
	t.reboot()
	t.wall += t.random.Int64N(rules.Minute)
	t.setTime()
}

// letCourierWork is an honest courier at the same screen, who takes overdue parcels back and brings others.
func (t *thief) letCourierWork() {
	t.Helper()
	if t.does(50) {
		t.byCourier(statement.WantDeposit, parcel(t.next+1).Barcode)
		return
	}
	t.byCourier(statement.WantWithdraw, t.overdue())
}

// byCourier is one wish of the courier's and, where it is granted, its door.
func (t *thief) byCourier(want statement.Want, barcode string) {
	t.Helper()
	t.skip(rules.Second)
	if v := t.view(); v.Stage == door.Jammed || len(v.OpenDoors) > 0 || barcode == "" {
		t.shutAll(3 * rules.Second)
		return
	}
	if t.view().Session == nil {
		t.scan()
	}
	if t.wish(want, barcode, 0) != "" {
		return
	}
	if want == statement.WantDeposit {
		t.next++
	}
	t.press()
	t.shutAll(3 * rules.Second / 10)
}

func (t *thief) overdue() string {
	for i := range t.state.Compartments {
		if c := &t.state.Compartments[i]; c.Occupancy == rules.Occupied && c.Overdue && t.does(20) {
			return c.Parcel
		}
	}
	return ""
}

// haul is the most that any of many thieves opened at one size.
type haul struct {
	n, thieves, doors, inTen, inHour int
	limits                           [2]int // of ten minutes and of an hour
}

// thieves try one locker, all of it stocked and overdue.
func thieves(p *phone, seeds int) haul {
	n := len(p.state.Compartments)
	h := haul{n: n, thieves: seeds, limits: limits(n)}
	p.skip(26 * rules.Hour)
	for seed := range seeds {
		t := &thief{phone: p.fork(), random: rand.New(rand.NewPCG(uint64(n), uint64(seed))), next: n}
		t.habits = anyHabits(seed, t.random)
		t.skip(1 + t.random.Int64N(rules.Minute))
		t.steal()
		h.doors += len(t.opened)
		h.inTen, h.inHour = max(h.inTen, rules.Most(t.opened, 10*rules.Minute)), max(h.inHour, rules.Most(t.opened, rules.Hour))
	}
	return h
}

// limits are R11's for recipients at n compartments, in ten minutes and in an hour.
func limits(n int) [2]int { return [2]int{max(10, n/3), max(20, 5*n/8)} }

// wrong says how the thieves got more than the limits, or less: then none of them had the best pace and the search shows nothing.
func (h haul) wrong() string {
	if got := [2]int{h.inTen, h.inHour}; got != h.limits {
		return fmt.Sprintf("%d compartments: at the best pace %d doors in ten minutes and %d in an hour, the limits are %d and %d", h.n, h.inTen, h.inHour, h.limits[0], h.limits[1])
	}
	return ""
}

func (h haul) row() string {
	return fmt.Sprintf("| %d | %d | %d | %d | %d | %d | %d |\n", h.n, h.thieves, h.doors, h.inTen, h.limits[0], h.inHour, h.limits[1])
}
