package rules_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// The load that R11 calls honest: three fills a day, an eighth of a day's in the busiest hour. The runs take that hour's rate
// for two hours on end, of deposits as of collections.
const (
	run        = 2 * rules.Hour
	round      = rules.Hour / 2 // between one courier and the next
	mayWait    = 0.005          // of all runs
	manySeeds  = 2000           // from here on the share itself is judged
	manyOpened = "many openings by recipients"
)

// busiest is how many parcels come, and go, in the busiest hour.
func busiest(n int) float64 { return 3 * float64(n) / 8 }

// wide is n compartments on boards of 48 channels.
func wide(n int) func(*statement.Locker) {
	return func(l *statement.Locker) {
		l.Boards, l.Compartments = nil, nil
		for i := range n {
			at := i
			if at >= 20 {
				at += 4 // the inputs' channels
			}
			if at/48 == len(l.Boards) {
				l.Boards = append(l.Boards, statement.Board{Line: "bus0", Family: "cu48", Address: uint8(len(l.Boards)), Channels: 48})
			}
			l.Compartments = append(l.Compartments, statement.Compartment{Number: uint16(i + 1), Size: uint8(i%3 + 1), Low: i < 3,
				Board: uint8(at / 48), Channel: uint8(at%48 + 1)})
		}
	}
}

// filled is a locker of n compartments with parcels in the first of them, two fills more announced, and budgets at rest.
func filled(t *testing.T, n, inside int, change ...func(*statement.Locker)) *phone {
	t.Helper()
	g := newRig(t, 0, append([]func(*statement.Locker){wide(n)}, change...)...)
	g.setTime()
	p := g.phone()
	p.announce(3 * n)
	for i := range inside {
		if i%60 == 0 {
			p.scan()
		}
		if reason := p.wish(statement.WantDeposit, parcel(i+1).Barcode, 0); reason != "" {
			t.Fatalf("parcel %d: %s", i+1, reason)
		}
		p.through(20 * rules.Second)
	}
	p.skip(2 * rules.Hour)
	p.do(rules.Housekeeping{})
	p.entries = p.entries[len(p.entries)-1:]
	return p
}

// announce expects parcels 1 to n.
func (p *phone) announce(n int) {
	p.Helper()
	var all []statement.Expected
	for i := range n {
		all = append(all, parcel(i+1))
	}
	for some := range slices.Chunk(all, statement.MaxManifestParcels) {
		p.skip(rules.Minute)
		if v := p.expect(some...); !v.Accepted {
			p.Fatalf("manifest refused: %s", v.Reason)
		}
	}
}

// through presses, lets the door stand open for a while and shuts it.
func (g *rig) through(stay int64) {
	g.Helper()
	number, before := g.view().Compartment, len(g.pulses)
	g.press()
	if len(g.pulses) != before+1 || g.pulses[before] != number {
		g.Fatalf("pressed for door %d: %v", number, g.pulses[before:])
	}
	g.now, g.wall = g.now+stay, g.wall+stay // every look would say the same
	g.shutDoor(number)
}

// shutDoor closes a door as fast as the guard believes it.
func (g *rig) shutDoor(number uint16) {
	g.Helper()
	g.doors[number] = rules.Closed
	g.look()
	g.skip(3 * rules.Second / 10)
	if v := g.view(); v.Stage != door.Done {
		g.Fatalf("door %d is shut: %s %s", number, v.Stage, v.Outcome)
	}
}

// someone comes to the screen: a recipient, or a courier with a parcel.
type someone struct {
	at      int64
	courier bool
	parcel  int   // which of the courier's round
	refused int64 // when the budget first said no
}

// evening is one run and what it gave.
type evening struct {
	*phone
	random    *rand.Rand
	queue     []someone // by time
	next      int       // parcel to put in
	collected int
	waited    int // persons
	longest   int64
	wanted    []int64 // when each recipient first asked
	alarmed   bool    // at three quarters of a cap
}

// spend lets everybody come that comes in two hours, each when the one before has gone.
func (e *evening) spend() {
	e.Helper()
	from, fresh := e.now, len(e.entries)
	e.recipients(from)
	for at := from; at < from+run; at += round {
		e.couriers(at)
	}
	for len(e.queue) > 0 {
		s := e.queue[0]
		e.queue = e.queue[1:]
		e.skip(max(s.at-e.now, rules.Second/10))
		if s.courier {
			e.deposit(s)
		} else {
			e.collect(s)
		}
	}
	for _, x := range e.entries[fresh:] {
		if x.Record.Kind != journal.Alarm {
			continue
		}
		if e.alarmed = true; x.Record.Reason != manyOpened {
			e.Fatalf("an alarm: %s", x.Record.Reason)
		}
	}
}

func (e *evening) enqueue(s someone) {
	i, _ := slices.BinarySearchFunc(e.queue, s, func(a, b someone) int { return cmp.Compare(a.at, b.at) })
	e.queue = slices.Insert(e.queue, i, s)
}

// recipients come independently of each other, as often in each minute as in the next.
func (e *evening) recipients(from int64) {
	for at := from; ; {
		at += int64(e.random.ExpFloat64() * float64(rules.Hour) / busiest(len(e.state.Compartments)))
		if at >= from+run {
			return
		}
		e.enqueue(someone{at: at})
	}
}

// couriers bring, every half hour, what has come since; one parcel every 12 s, so that recipients go in between.
func (e *evening) couriers(at int64) {
	mean := busiest(len(e.state.Compartments)) * float64(round) / float64(rules.Hour)
	for i, sum := 0, e.random.ExpFloat64(); sum < mean; i, sum = i+1, sum+e.random.ExpFloat64() {
		e.enqueue(someone{at: at + int64(i)*12*rules.Second, courier: true, parcel: i})
	}
}

func (e *evening) deposit(s someone) {
	e.Helper()
	if v := e.view(); s.parcel == 0 || v.Session == nil {
		e.scan()
	}
	switch reason := e.wish(statement.WantDeposit, parcel(e.next+1).Barcode, 0); reason {
	case "":
		e.next++
		e.through(5*rules.Second + e.random.Int64N(6*rules.Second))
	case door.Full:
	default:
		e.Fatalf("a deposit: %s", reason)
	}
}

// collect is one recipient, who comes again when told until when to wait. One whose parcel is yet to come has no code and stays at home.
func (e *evening) collect(s someone) {
	e.Helper()
	barcode := e.oneInside()
	if barcode == "" {
		return
	}
	if s.refused == 0 {
		e.wanted = append(e.wanted, e.now)
	}
	switch reason := e.typeCode(barcode); reason {
	case "":
		e.collected++
		if s.refused > 0 {
			e.longest = max(e.longest, e.now-s.refused)
		}
		e.through(15*rules.Second + e.random.Int64N(10*rules.Second))
	case door.Budget:
		if s.refused == 0 {
			s.refused = e.now
			e.waited++
		}
		s.at = e.now + e.reply.Wait*1000
		e.enqueue(s)
	default:
		e.Fatalf("a collection: %s", reason)
	}
}

// oneInside draws a parcel that waits for its recipient.
func (e *evening) oneInside() (barcode string) {
	seen := 0
	for i := range e.state.Compartments {
		c := &e.state.Compartments[i]
		if c.Occupancy != rules.Occupied {
			continue
		}
		if seen++; e.random.IntN(seen) == 0 {
			barcode = c.Parcel
		}
	}
	return barcode
}

// load is what many runs at one size gave.
type load struct {
	n, seeds, late, collected, waited, alarmed int
	longest                                    int64
	needed                                     int // the cap of an hour under which late would be rare
}

// honest spends seeds evenings at one locker.
func honest(p *phone, seeds int) load {
	n := len(p.state.Compartments)
	l := load{n: n, seeds: seeds}
	var peaks []int
	for seed := range seeds {
		e := &evening{phone: p.fork(), random: rand.New(rand.NewPCG(uint64(n), uint64(seed))), next: n}
		e.spend()
		l.collected, l.waited, l.longest = l.collected+e.collected, l.waited+e.waited, max(l.longest, e.longest)
		if e.waited > 0 {
			l.late++
		}
		if e.alarmed {
			l.alarmed++
		}
		peaks = append(peaks, rules.Most(e.wanted, rules.Hour))
	}
	slices.Sort(peaks)
	l.needed = peaks[int(math.Ceil(float64(seeds)*(1-mayWait)))-1]
	return l
}

// wrong says how honest people wait too often: the share is too high, or too high to be chance where the runs are few.
func (l load) wrong() string {
	low, _ := interval(l.late, l.seeds)
	if low > mayWait || l.seeds >= manySeeds && l.share() >= mayWait {
		return fmt.Sprintf("%d compartments: somebody waits in %d of %d runs", l.n, l.late, l.seeds)
	}
	return ""
}

func (l load) share() float64 { return float64(l.late) / float64(l.seeds) }

func (l load) row() string {
	low, high := interval(l.late, l.seeds)
	return fmt.Sprintf("| %d | %.0f | %d | %d | %.2f %% | %.2f to %.2f %% | %.2f %% | %d min | %d %% | %d | %d | %d |\n", l.n, busiest(l.n), l.seeds,
		l.late, 100*l.share(), 100*low, 100*high, 100*float64(l.waited)/float64(l.collected), (l.longest+rules.Minute-1)/rules.Minute,
		100*l.alarmed/l.seeds, limits(l.n)[1], l.needed, max(20, 10+l.n/2))
}

// goodRound is a courier who puts sixty parcels in, one every twelve seconds on the average and none in less than five. It says what
// got in the way: nothing may.
func goodRound(p *phone, random *rand.Rand) string {
	p.Helper()
	fresh := len(p.entries)
	p.skip(rules.Second)
	p.scan()
	for i := range 60 {
		if reason := p.wish(statement.WantDeposit, parcel(i+1).Barcode, 0); reason != "" {
			return fmt.Sprintf("parcel %d: %s, for %d ms", i+1, reason, p.reply.Wait)
		}
		p.through(5*rules.Second + int64(random.ExpFloat64()*float64(7*rules.Second)))
	}
	for _, x := range p.entries[fresh:] {
		if x.Record.Kind == journal.Alarm {
			return "an alarm: " + x.Record.Reason
		}
	}
	return ""
}

// goodRounds are many at one empty locker, until one is in somebody's way.
func goodRounds(p *phone, seeds int) string {
	for seed := range seeds {
		if wrong := goodRound(p.fork(), rand.New(rand.NewPCG(60, uint64(seed)))); wrong != "" {
			return fmt.Sprintf("seed %d: %s", seed, wrong)
		}
	}
	return ""
}
