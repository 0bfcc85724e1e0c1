package rules_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// stroll walks a guard and the model side by side.
type stroll struct {
	*phone
	m        *model
	random   *rand.Rand
	phones   []*phone
	next     int
	dead     []statement.SealedCode
	waiting  []string // barcodes that couriers have in hand
	trail    []string
	enrolled int64
	secretAt int64
	rush     bool // visitors come one upon the other
	served   int
	refused  int
}

func env(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// TestReferenceModel: whenever the guard pulses, the model agrees that it may; whenever the model says that a visitor must be
// served, the guard serves. LOCKSTEP_STEPS decisions from LOCKSTEP_SEED on.
func TestReferenceModel(t *testing.T) {
	steps, first := env("LOCKSTEP_STEPS", 20_000), env("LOCKSTEP_SEED", 1)
	done, pulses, served, refused, lockdowns, seed := uint64(0), 0, 0, 0, 0, first
	for ; done < steps && !t.Failed(); seed++ {
		s := newStroll(t, seed)
		for range 250 {
			if s.act(); t.Failed() {
				t.Logf("seed %d: %v", seed, s.trail)
				break
			}
		}
		done, pulses, served, refused = done+s.events, pulses+len(s.pulses), served+s.served, refused+s.refused
		lockdowns += s.count("lockdown")
	}
	t.Logf("seeds %d to %d: %d decisions, %d pulses, %d visitors served, %d refused, %d lockdowns", first, seed-1, done, pulses, served, refused, lockdowns)
	if pulses == 0 || served == 0 || refused == 0 || lockdowns == 0 {
		t.Error("too little happened: the walk proves nothing")
	}
}

func newStroll(t *testing.T, seed uint64) *stroll {
	random := rand.New(rand.NewPCG(seed, 11))
	interlock := random.IntN(3) > 0
	g := newRig(t, 12, func(l *statement.Locker) { l.Boards, l.Interlock = l.Boards[:1], interlock })
	s := &stroll{random: random, rush: random.IntN(3) == 0, next: 1, secretAt: -rules.Hour, m: &model{interlock: interlock, expected: map[string]string{}, owed: map[string]bool{}, until: map[string]int64{}, permits: map[string]string{},
		tries: map[string]int{}, sender: map[string]string{}, spent: map[class][]int64{}, buckets: map[class]bucket{}}}
	for i := range 12 {
		s.m.cells = append(s.m.cells, cell{state: "EMPTY", size: uint8(i%3 + 1)})
	}
	s.phone = &phone{rig: g}
	s.tellTime()
	s.enrol()
	return s
}

func (s *stroll) enrol() {
	s.phones = []*phone{s.rig.phone(), s.rig.phone(func(c *statement.Courier) { c.Carrier, c.ID = otherCarrier, "c3" })}
	s.enrolled = s.wall
}

func (s *stroll) tellTime() { s.setTime(); s.m.timed = true }

func (s *stroll) shutDoor(at int) {
	s.doors[uint16(at+1)] = rules.Closed
	s.look()
	s.skip(rules.Second / 2)
}

// agree holds an answer to what the model says of it.
func (s *stroll) agree(what string, reason door.Reason, may, must bool) bool {
	s.trail = append(s.trail, fmt.Sprintf("%s:%s", what, reason))
	if reason == "" && !may {
		s.Errorf("%s is served, and may not be", what)
	}
	if reason != "" && must {
		s.Errorf("%s has to be served, and is refused: %s", what, reason)
	}
	if reason == "" {
		s.served++
	} else {
		s.refused++
	}
	return reason == "" && !s.Failed()
}

// open says that any door of ours stands open, for the one-door rule.
func (s *stroll) open() bool {
	for at, c := range s.m.cells {
		if s.doors[uint16(at+1)] == rules.Open && !c.faulted {
			return true
		}
	}
	return false
}

// free is what every opening takes (R2, R10, R11).
func (s *stroll) free(c class, occupied bool) bool {
	return !s.m.paused(s.now) && !(s.m.locked && occupied) && !s.open() && s.m.within(c, s.now)
}

// errand is one visit from its prompt on.
type errand struct {
	what     string
	class    class
	occupied bool              // a parcel may be behind the door
	holds    func(at int) bool // the authority, judged at the press
	intent   func(at int)      // written with the pulse
	done     func(at int)      // what follows at the open door, up to the closed one
	crash    func(at int)      // how an interrupted visit is read
	jam      func(at int)      // how one is read whose door never opened
	pulses   int               // at most
}

// visit goes on from a prompt: something may come between, then a press, then what the model says.
func (s *stroll) visit(e errand) {
	at := int(s.view().Compartment) - 1
	if !e.holds(at) {
		s.Errorf("%s: prompted for door %d, which the model forbids", e.what, at+1)
		return
	}
	late := s.between(at)
	must := !late && s.free(e.class, e.occupied) && e.holds(at)
	jams := s.random.IntN(12) == 0
	s.stuck[uint16(at+1)] = jams
	defer func() { s.stuck[uint16(at+1)] = false }()
	if !s.pressed(e, at, must) {
		s.tidy()
		return
	}
	e.intent(at)
	if jams {
		s.jammed(e, at)
		return
	}
	if s.random.IntN(10) == 0 {
		e.crash(at)
		s.powerCut()
		s.shutDoor(at)
		return
	}
	s.skip(rules.Second)
	e.done(at)
}

// pressed is a hand on the button, and the pulse that the model says must or must not follow.
func (s *stroll) pressed(e errand, at int, must bool) bool {
	before := len(s.pulses)
	s.press()
	got := len(s.pulses) > before
	s.trail = append(s.trail, fmt.Sprintf("press %d:%v", at+1, got))
	switch {
	case got != must:
		s.Errorf("%s at door %d: pulsed %v, the model says %v", e.what, at+1, got, must)
	case got && s.pulses[before] != uint16(at+1):
		s.Errorf("%s: prompted for door %d, pulsed %d", e.what, at+1, s.pulses[before])
	case got:
		s.m.spend(e.class, at, s.now)
	}
	return got && !s.Failed()
}

// jammed is a door that does not move: further presses, then it is given up.
func (s *stroll) jammed(e errand, at int) {
	for n := 1; n < e.pulses && s.random.IntN(3) > 0; n++ {
		s.skip(4 * rules.Second)
		if !s.pressed(e, at, s.free(e.class, e.occupied)) {
			break
		}
	}
	s.skip(4 * rules.Second)
	s.skip(21 * rules.Second)
	e.jam(at)
}

// tidy ends a prompt that came to nothing, and closes every door.
func (s *stroll) tidy() {
	for at := range s.m.cells {
		s.doors[uint16(at+1)] = rules.Closed
	}
	s.shut = rules.Closed
	s.look()
	s.ask(door.KioskRequest{Verb: door.Cancel})
	s.ask(door.KioskRequest{Verb: door.Cancel})
}

// between is what may come between a prompt and the press; late says that the prompt is over by then.
func (s *stroll) between(at int) (late bool) {
	switch s.random.IntN(24) {
	case 0:
		s.skip(21 * rules.Second)
		return true
	case 1:
		s.pauseFor(uint16(s.random.IntN(3)))
	case 2:
		s.block(at, true)
	case 3:
		s.reissueAt(at)
	case 4:
		s.hearForeign()
	case 5:
		if other := s.random.IntN(12); other != at { // opened, and not yet judged
			s.doors[uint16(other+1)] = rules.Open
			s.look()
		}
	case 6: // surely beyond what has passed
		s.extendAt(at, uint16(min(60*24, (s.wall-s.m.cells[at].stored)/rules.Hour+3)))
	case 7:
		s.skip(19 * rules.Second)
	}
	return false
}

// powerCut may last: the wall clock goes on, powered time does not.
func (s *stroll) powerCut() {
	if s.random.IntN(3) == 0 {
		s.wall += int64(s.random.IntN(30)) * rules.Hour
	}
	s.reboot()
	s.m.timed, s.m.pulse, s.m.foreign = false, [2]int64{}, 0
	s.enrolled = 0 // sessions have gone; so they enrol again when the time is known
}

func (s *stroll) pauseFor(minutes uint16) {
	s.trail = append(s.trail, fmt.Sprintf("pause %d", minutes))
	now := s.now
	if got, want := s.restrict(statement.Restriction{Kind: statement.Pause, Minutes: minutes}), s.m.pause(now, int64(minutes)*rules.Minute); got.Accepted != want {
		s.Errorf("a pause of %d min: %+v, the model says %v", minutes, got, want)
	}
}

func (s *stroll) block(at int, is bool) {
	kind := map[bool]statement.Restrict{true: statement.Block, false: statement.Unblock}[is]
	if s.restrict(statement.Restriction{Kind: kind, Compartments: []uint16{uint16(at + 1)}}).Accepted {
		s.m.cells[at].blocked = is
	}
}

func (s *stroll) reissueAt(at int) {
	c := &s.m.cells[at]
	if c.parcel == "" {
		return
	}
	want := c.state == "OCCUPIED" && !c.outbound && s.m.reissue(at, s.now)
	v := s.restrict(statement.Restriction{Kind: statement.Reissue, Barcode: c.parcel})
	if v.Accepted != want {
		s.Errorf("a re-issue at %d: %+v, the model says %v", at+1, v, want)
	}
	if v.Accepted {
		s.dead = append(s.dead, c.code)
		c.code, c.reissues, s.m.reissued = s.codes[c.parcel], append(c.reissues, s.now), append(s.m.reissued, s.now)
	}
}

// pay is a payment key's word about a parcel, or dispatch's, which is none. Where several cells may hold the parcel the first has the word;
// is it in another, the hub hands the word in again.
func (s *stroll) pay(at int) {
	c := &s.m.cells[at]
	if c.parcel == "" {
		return
	}
	for i := range s.m.cells {
		if first := &s.m.cells[i]; first.parcel == c.parcel && (first.state == "OCCUPIED" || first.state == "QUARANTINE") {
			c, at = first, i
			break
		}
	}
	forged := s.random.IntN(4) == 0
	want := !forged && (c.state == "OCCUPIED" || c.state == "QUARANTINE") && !c.outbound && s.m.owed[c.parcel] && !c.paid
	if v := s.paid(c.parcel, forged); v.Accepted != want {
		s.Errorf("a payment for %d, forged %v: %+v, the model says %v", at+1, forged, v, want)
	}
	c.paid = c.paid || want
}

func (s *stroll) extendAt(at int, hours uint16) {
	c := &s.m.cells[at]
	if hours = max(24, hours); c.parcel == "" {
		return
	}
	want := c.state == "OCCUPIED" && !c.outbound && int64(hours)*rules.Hour > c.dwell
	if v := s.restrict(statement.Restriction{Kind: statement.Extend, Barcode: c.parcel, DwellHours: hours}); v.Accepted != want {
		s.Errorf("extending at %d to %d h: %+v, the model says %v", at+1, hours, v, want)
	}
	if want {
		c.dwell = int64(hours) * rules.Hour
	}
}

func (s *stroll) hearForeign() {
	s.do(rules.Foreign{Board: 9})
	s.m.locked, s.m.foreign = true, s.now
}

// act is one thing that happens.
func (s *stroll) act() {
	pause := int64(s.random.IntN(40)) * rules.Second / 2
	if s.rush {
		pause /= 20
	}
	if s.skip(pause); s.wall-s.enrolled > 5*rules.Day && s.m.timed {
		s.enrol()
	}
	what := s.random.IntN(36)
	if s.rush && s.random.IntN(4) > 0 {
		what = s.random.IntN(15) // deposits and collections, as fast as the budgets let them
	}
	switch what {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		s.deposit()
	case 8, 9, 10, 11, 12:
		s.code()
	case 13, 14:
		s.qr()
	case 15, 16, 17:
		s.withdraw()
	case 18, 19:
		s.reopen()
	case 20, 21:
		s.handIn()
	case 22, 23:
		s.operators()
	case 24:
		s.pauseFor([]uint16{0, 1, 5, 30, 240}[s.random.IntN(5)])
		if s.random.IntN(4) > 0 {
			s.pauseFor(0)
		}
	case 25:
		s.block(s.random.IntN(12), s.random.IntN(4) == 0)
	case 26:
		s.reissueAt(s.random.IntN(12))
	case 27:
		s.force()
	case 28:
		s.raise()
	case 29:
		s.powerCut()
		if s.random.IntN(2) == 0 {
			s.tellTime()
		}
	case 30:
		s.hours()
	case 31:
		s.extendAt(s.random.IntN(12), uint16(24+s.random.IntN(30)))
	case 32, 33:
		s.liftIt()
		s.liftIt()
	case 34, 35:
		s.pay(s.some("OCCUPIED"))
	}
	if s.m.faulted() > 0 && s.random.IntN(6) == 0 {
		s.tested()
	}
	if locked := s.view().LockedDown > 0; locked != s.m.locked {
		s.Errorf("lockdown %v, the model says %v", locked, s.m.locked)
	}
	s.compare()
}

// compare holds every compartment to the model's.
func (s *stroll) compare() {
	for at, c := range s.m.cells {
		is := s.state.Compartments[at]
		if string(is.Occupancy) != c.state || is.Blocked != c.blocked || is.Faulted != c.faulted || c.state == "OCCUPIED" && (is.Parcel != c.parcel || is.Carrier != c.carrier) {
			s.Errorf("compartment %d is %s of %q, blocked %v, faulted %v; the model says %+v", at+1, is.Occupancy, is.Parcel, is.Blocked, is.Faulted, c)
		}
	}
}

// hours is half a day or two, told by the time keys at its end.
func (s *stroll) hours() {
	s.skip(int64(s.random.IntN(30)+1) * rules.Hour)
	s.tellTime()
	s.skip(rules.Second)
}

// courier is one in front of the locker, with a session.
func (s *stroll) courier(i int) bool {
	s.phone = s.phones[i]
	if v := s.view().Session; v == nil || v.Receipt != nil || v.Left < 30_000 || v.Courier != "" && v.Courier != map[int]string{0: "c1", 1: "c3"}[i] {
		s.ask(door.KioskRequest{Verb: door.Cancel})
		s.m.courierAt = s.now
		if s.ask(door.KioskRequest{Verb: door.Courier}) != "" {
			s.Errorf("no challenge: %s", s.reply.Reason)
			return false
		}
		s.challenge = s.readChallenge(s.view().Session.Challenge)
	}
	s.challenge = s.readChallenge(s.view().Session.Challenge)
	s.number = s.view().Session.Number
	return true
}

func carrierOf(i int) string { return []string{ceremony.HouseCarrier, otherCarrier}[i] }

// mostly is a carrier's courier, and now and then the other's.
func (s *stroll) mostly(carrier string) int {
	if s.random.IntN(5) == 0 {
		return s.random.IntN(2)
	}
	return map[string]int{ceremony.HouseCarrier: 0, otherCarrier: 1}[carrier]
}

// some is a cell in a state, where there is one, and now and then another.
func (s *stroll) some(state string) int {
	at := s.random.IntN(12)
	for range 30 {
		if s.m.cells[at].state == state {
			break
		}
		at = s.random.IntN(12)
	}
	return at
}

// deposit is a courier with a parcel of its own, of another carrier, of nobody, or one that is inside already.
func (s *stroll) deposit() {
	if len(s.waiting) == 0 || s.random.IntN(3) == 0 {
		carrier := carrierOf(s.random.IntN(2))
		x := parcel(s.next)
		s.next++
		if s.random.IntN(4) == 0 {
			x.Policy, s.m.owed[x.Barcode] = statement.CodeAndPaid, true
		}
		if s.expectFor(carrier, x).Accepted {
			s.m.expected[x.Barcode], s.m.until[x.Barcode] = carrier, s.wall+36*rules.Hour
		}
		s.waiting = append(s.waiting, x.Barcode)
		if len(s.waiting) > 6 {
			delete(s.m.expected, s.waiting[0])
			s.waiting = s.waiting[1:]
		}
	}
	barcode := s.waiting[s.random.IntN(len(s.waiting))]
	i := s.mostly(s.m.expected[barcode])
	if s.random.IntN(12) == 0 {
		barcode = parcel(1 + s.random.IntN(s.next)).Barcode
	}
	if !s.courier(i) {
		return
	}
	size := uint8(s.random.IntN(3) + 1)
	left := s.m.until[barcode] - s.wall // the guard's lower bound of the time is a little behind
	may := s.m.expected[barcode] == carrierOf(i) && s.m.find(barcode, "OCCUPIED") < 0 && (left > -rules.Hour || !s.m.timed)
	best := s.m.best(size, s.now)
	room := best > 0 && s.free(forDeposit, false)
	unsure := !slices.Contains(s.waiting, barcode) // an old manifest may hold or not
	if !s.agree("deposit "+barcode, s.wish(statement.WantDeposit, barcode, size), (may || unsure) && room, may && room && !unsure && left > 0) {
		return
	}
	carrier := carrierOf(i)
	s.visit(errand{what: "deposit", class: forDeposit, pulses: 3,
		holds: func(at int) bool { return s.m.fits(at, size) && s.m.cells[at].size == best },
		intent: func(at int) {
			s.bury(at)
			s.m.empty(at)
		},
		crash: func(at int) { s.m.quarantine(at, barcode, carrier) },
		jam:   func(at int) { s.m.quarantine(at, barcode, carrier); s.m.fault(at) },
		done: func(at int) {
			if s.random.IntN(6) == 0 {
				s.number++
				s.say(statement.WantCancel, barcode)
				s.shutDoor(at)
				s.m.quarantine(at, barcode, carrier)
				return
			}
			s.shutDoor(at)
			s.storedAt(at, barcode, carrier, false)
		}})
}

// wish is an answer; a courier whose answer was believed has been heard.
func (s *stroll) wish(want statement.Want, barcode string, size uint8) door.Reason {
	at := s.now
	reason := s.phone.wish(want, barcode, size)
	switch reason {
	case door.NotBelieved, door.Malformed, door.TimeUnsure:
	default:
		s.m.courierAt = at
	}
	return reason
}

// say is an answer in the session in front.
func (s *stroll) say(want statement.Want, barcode string) door.Reason {
	if v := s.view().Session; v != nil {
		s.number = v.Number
	}
	return s.wish(want, barcode, 0)
}

func (s *stroll) storedAt(at int, barcode, carrier string, outbound bool) {
	for i := range s.m.cells { // where it was thought to be, it is not
		if c := &s.m.cells[i]; i != at && c.state == "QUARANTINE" && c.parcel == barcode {
			c.parcel = ""
		}
	}
	c := &s.m.cells[at]
	*c = cell{state: "OCCUPIED", size: c.size, blocked: c.blocked, faulted: c.faulted, parcel: barcode, carrier: carrier, outbound: outbound, dwell: 24 * rules.Hour,
		paid: c.paid && c.parcel == barcode, stored: s.wall, storedPowered: s.now, code: s.codes[barcode], alive: !outbound}
	delete(s.m.expected, barcode)
	maps.DeleteFunc(s.m.permits, func(_, b string) bool { return b == barcode }) // a permit holds once
	s.waiting = slices.DeleteFunc(s.waiting, func(b string) bool { return b == barcode })
}

func (s *stroll) bury(at int) {
	if c := s.m.cells[at]; c.alive {
		s.dead = append(s.dead, c.code)
	}
}

// someCode is a living code, a dead one, or a guess.
func (s *stroll) someCode() statement.SealedCode {
	var living []statement.SealedCode
	for _, c := range s.m.cells {
		if c.alive {
			living = append(living, c.code)
		}
	}
	switch {
	case len(living) > 0 && s.random.IntN(4) > 0:
		return living[s.random.IntN(len(living))]
	case len(s.dead) > 0 && s.random.IntN(2) == 0:
		return s.dead[s.random.IntN(len(s.dead))]
	}
	return statement.SealedCode{Code: statement.CompleteCode(fmt.Sprintf("%08d", s.random.IntN(1e8))), Secret: [16]byte{1, byte(s.random.IntN(256))}}
}

func (s *stroll) code() {
	code := s.someCode()
	same := func(c statement.SealedCode) bool { return c.Code == code.Code }
	at := s.m.opens(same, s.now)
	judged := !s.m.paused(s.now) && !s.open() && !s.m.slow(s.now)
	now := s.now
	may := judged && at >= 0 && !s.m.unpaid(at) && s.free(forRecipient, true)
	must := may && !s.m.kept(at, s.now)
	reason := s.ask(door.KioskRequest{Verb: door.Code, Code: code.Code})
	if judged && at < 0 {
		s.m.wrong = append(s.m.wrong, now)
	}
	if (reason == door.WrongCode) != (judged && at < 0) {
		s.Errorf("a code that opens %d, judged %v: %q", at+1, judged, reason)
	}
	if s.agree("code", reason, may, must) {
		s.collect(at, same)
	}
}

func (s *stroll) qr() {
	code := s.someCode()
	same := func(c statement.SealedCode) bool { return c.Secret == code.Secret }
	at := s.m.opens(same, s.now)
	if s.now-s.secretAt < 2*rules.Second {
		return
	}
	may := at >= 0 && !s.m.unpaid(at) && s.free(forRecipient, true)
	must := may && !s.m.kept(at, s.now)
	if at < 0 {
		s.secretAt = s.now
	}
	if s.agree("qr", s.ask(door.KioskRequest{Verb: door.Secret, Secret: code.Secret[:]}), may, must) {
		s.collect(at, same)
	}
}

func (s *stroll) collect(want int, same func(statement.SealedCode) bool) {
	var before cell
	s.visit(errand{what: "collect", class: forRecipient, occupied: true, pulses: 3,
		holds: func(at int) bool { return at == want && s.m.opens(same, s.now) == at && !s.m.unpaid(at) },
		intent: func(at int) {
			before = s.m.cells[at]
			if before.state == "EMPTY" {
				s.m.cells[at].graceLeft--
			}
		},
		crash: s.back, jam: s.back,
		done: func(at int) {
			c := &s.m.cells[at]
			declined := s.random.IntN(6) == 0 && s.ask(door.KioskRequest{Verb: door.Decline}) == ""
			if declined != (declined && c.state == "OCCUPIED") {
				s.Errorf("declined at compartment %d, which is %s", at+1, c.state)
			}
			if s.shutDoor(at); declined {
				s.back(at)
				return
			}
			if c.state == "OCCUPIED" {
				c.graceLeft = 2
			}
			c.state, c.graceUntil = "EMPTY", s.now+3*rules.Minute
		}})
}

// back is a collection or withdrawal that was not finished: a parcel may be inside.
func (s *stroll) back(at int) { s.m.cells[at].state = "OCCUPIED" }

func (s *stroll) withdraw() {
	c := s.m.cells[s.some("OCCUPIED")]
	i := s.mostly(c.carrier)
	if c.parcel == "" || !s.courier(i) {
		return
	}
	mine := func(at int) bool {
		c := s.m.cells[at]
		return c.state == "OCCUPIED" && c.parcel != "" && c.carrier == carrierOf(i)
	}
	where := s.m.find(c.parcel, "OCCUPIED")
	may := where >= 0 && mine(where) && s.m.cells[where].due(s.wall, s.now, 0) && s.free(forCarrier, true) && s.m.timed
	must := may && s.m.cells[where].due(s.wall, s.now, rules.Hour)
	if !s.agree("withdraw", s.wish(statement.WantWithdraw, c.parcel, 0), may, must) {
		return
	}
	s.visit(errand{what: "withdraw", class: forCarrier, occupied: true, pulses: 3, crash: s.back, jam: s.back, intent: func(int) {},
		holds: func(at int) bool { return at == where && mine(at) && s.m.cells[at].due(s.wall, s.now, 0) },
		done: func(at int) {
			s.shutDoor(at)
			s.bury(at)
			s.m.empty(at)
		}})
}

// reopen is a courier who looks into a quarantine of its own carrier.
func (s *stroll) reopen() {
	c := s.m.cells[s.some("QUARANTINE")]
	barcode, i := c.parcel, s.mostly(c.carrier)
	if barcode == "" || !s.courier(i) {
		return
	}
	holds := func(at int) bool {
		c := s.m.cells[at]
		return c.state == "QUARANTINE" && c.parcel == barcode && c.carrier == carrierOf(i) && !c.faulted
	}
	anywhere := slices.IndexFunc(s.m.cells, func(c cell) bool {
		return c.state == "QUARANTINE" && c.parcel == barcode && c.carrier == carrierOf(i) && !c.faulted
	})
	must := anywhere >= 0 && s.free(forDeposit, true)
	if !s.agree("reopen", s.wish(statement.WantReopen, barcode, 0), must, must) {
		return
	}
	again := func(at int) { s.m.cells[at].state = "QUARANTINE" }
	s.visit(errand{what: "reopen", class: forDeposit, occupied: true, pulses: 3, holds: holds, intent: func(int) {}, crash: again, jam: again,
		done: func(at int) {
			said := s.random.IntN(3)
			wants := []statement.Want{statement.WantTakenOut, statement.WantDeposit}
			if said < 2 && s.random.IntN(2) == 0 { // at the open door
				s.say(wants[said], barcode)
				s.shutDoor(at)
			} else {
				s.shutDoor(at)
				if said < 2 {
					s.say(wants[said], barcode)
				}
			}
			switch said {
			case 0:
				s.m.empty(at)
			case 1:
				c := s.m.cells[at]
				s.storedAt(at, barcode, c.carrier, c.outbound)
			default:
				s.skip(61 * rules.Second)
			}
		}})
}

// handIn is a customer with a return permit's code, or without.
func (s *stroll) handIn() {
	if len(s.m.permits) < 2 {
		x, i := parcel(s.next), s.random.IntN(2)
		s.next++
		code := statement.CompleteCode(fmt.Sprintf("%09d", s.random.IntN(1e9)))
		if s.dispatch(statement.Permit{Locker: "l1", Number: s.state.Down + 1, Barcode: x.Barcode, Size: 1, Carrier: carrierOf(i), Code: code,
			From: s.wall, Until: s.wall + 13*rules.Day}).Accepted {
			s.m.permits[code], s.m.sender[x.Barcode] = x.Barcode, carrierOf(i)
		}
	}
	code := statement.CompleteCode(fmt.Sprintf("%09d", s.random.IntN(1e9)))
	if s.random.IntN(5) > 0 {
		for _, c := range slices.Sorted(maps.Keys(s.m.permits)) {
			code = c
		}
	}
	barcode, known := s.m.permits[code]
	judged := !s.m.paused(s.now) && !s.open() && !s.m.slow(s.now)
	now, best := s.now, s.m.best(1, s.now)
	must := judged && known && best > 0 && s.free(forDeposit, false)
	reason := s.ask(door.KioskRequest{Verb: door.Return, Code: code})
	if judged && !known {
		s.m.wrong = append(s.m.wrong, now)
	}
	if !s.agree("permit", reason, must, must) {
		return
	}
	carrier := s.m.sender[barcode]
	outbound := func(at int) { s.m.quarantine(at, barcode, carrier); s.m.cells[at].outbound = true }
	s.visit(errand{what: "permit", class: forDeposit, pulses: 3, holds: func(at int) bool { return s.m.fits(at, 1) },
		intent: func(at int) {
			s.bury(at)
			s.m.empty(at)
			if s.m.tries[barcode]++; s.m.tries[barcode] == 3 {
				delete(s.m.permits, code)
			}
		},
		crash: outbound, jam: func(at int) { outbound(at); s.m.fault(at) },
		done: func(at int) {
			if s.random.IntN(4) == 0 {
				s.ask(door.KioskRequest{Verb: door.Cancel})
				s.shutDoor(at)
				outbound(at)
				return
			}
			s.shutDoor(at)
			delete(s.m.permits, code)
			s.storedAt(at, barcode, carrier, true)
		}})
}

// operators is an override: by a whole crew, or by fewer.
func (s *stroll) operators() {
	where := s.some([]string{"OCCUPIED", "QUARANTINE", "EMPTY"}[s.random.IntN(3)])
	if s.ask(door.KioskRequest{Verb: door.Override}) != "" {
		s.Errorf("no challenge for an override: %s", s.reply.Reason)
		return
	}
	o, crew := s.overrideOf(uint16(where+1)), s.crew()
	o.Parcel = s.m.cells[where].parcel
	whole := s.random.IntN(6) > 0
	if !whole {
		crew = append(crew[:1], crew[s.random.IntN(2):][0], crew[2])[:3]
		crew[1] = crew[0]
	}
	c := s.m.cells[where]
	holds := func(at int) bool {
		return at == where && (s.m.cells[at].state == "OCCUPIED" || s.m.cells[at].state == "QUARANTINE")
	}
	must := whole && holds(where) && s.free(forOverride, true)
	if !s.agree("override", s.showCosigned(s.cosign(o, crew...)), must, must) {
		return
	}
	before := func(at int) { s.m.cells[at].state = c.state }
	s.visit(errand{what: "override", class: forOverride, occupied: true, pulses: 1, holds: holds, intent: func(int) {}, crash: before, jam: before,
		done: func(at int) {
			said := s.random.IntN(3)
			s.shutDoor(at)
			if said > 0 {
				s.rig.technician().about(o, []statement.Task{statement.TaskEmpty, statement.TaskNotEmpty}[said-1])
			}
			if said == 1 {
				s.bury(at)
				s.m.empty(at)
			}
			s.skip(181 * rules.Second)
		}})
}

// force is a door that opens by itself and is closed again.
func (s *stroll) force() {
	at := s.random.IntN(12)
	s.trail = append(s.trail, fmt.Sprintf("force %d", at+1))
	s.tidy()
	from := s.now
	s.doors[uint16(at+1)] = rules.Open
	s.look()
	s.skip(rules.Second / 2)
	s.skip(rules.Second / 2)
	s.bury(at)
	s.m.uncommanded(at, from, s.now)
	if s.random.IntN(2) == 0 {
		s.code() // while it stands open
	}
	s.shutDoor(at)
}

func (s *stroll) raise() {
	if s.random.IntN(3) > 0 {
		return
	}
	if s.random.IntN(2) == 0 {
		s.hearForeign()
		return
	}
	s.shut, s.m.locked = rules.Open, true
	s.look()
}

// liftIt is two operators who end a lockdown, its cause gone or not.
func (s *stroll) liftIt() {
	if !s.m.locked {
		return
	}
	if s.random.IntN(2) == 0 {
		s.tidy()
		s.skip(11 * rules.Minute)
	}
	cause := s.m.foreign > 0 && s.now-s.m.foreign < 10*rules.Minute || s.shut == rules.Open || s.open() || s.m.faulted() > 2
	v := s.lift(s.liftOf(), s.network.Operators[:2]...)
	s.trail = append(s.trail, "lift:"+v.Reason)
	if v.Accepted == cause {
		s.Errorf("a lift: %+v, its cause stands: %v", v, cause)
	}
	s.m.locked = s.m.locked && !v.Accepted
}

// tested is a technician who tries every door.
func (s *stroll) tested() {
	s.tidy()
	if s.m.paused(s.now) {
		return
	}
	s.trail = append(s.trail, "walk-test")
	t := s.rig.technician()
	if t.scan() != "" || t.say(statement.TaskWalk) != "" {
		s.Errorf("no walk-test: %s", s.reply.Reason)
		return
	}
	for v := s.view(); v.Service.Walking && !s.Failed(); v = s.view() {
		at := int(v.Compartment) - 1
		switch v.Stage {
		case door.Press:
			if s.m.cells[at].state != "EMPTY" {
				s.Errorf("a technician is prompted for door %d, which is %s", at+1, s.m.cells[at].state)
			}
			if s.pressed(errand{what: "test", class: forDeposit}, at, s.free(forDeposit, false) && s.m.cells[at].state == "EMPTY") {
				s.m.cells[at].faulted = false
			}
		case door.ByKey:
			s.doors[v.Compartment] = rules.Open
			s.look()
			s.m.cells[at].faulted = false
		case door.Open:
			s.shutDoor(at)
		}
		s.skip(rules.Second)
	}
	t.say(statement.TaskEnd)
}
