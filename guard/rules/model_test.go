package rules_test

import (
	"slices"

	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// model is the rules of the doors once more, from their text and not from the code: who may open which door when. It knows
// nothing of records, visits or sessions. TestReferenceModel walks both side by side.
type model struct {
	courierAt int64 // when a courier was last heard, 0 for never
	cells     []cell
	interlock bool
	expected  map[string]string // carrier by barcode
	owed      map[string]bool   // by barcode: its manifest asks for code and paid
	until     map[string]int64  // real time by barcode: the manifest's
	permits   map[string]string // barcode by code
	tries     map[string]int    // openings by permitted barcode
	sender    map[string]string // carrier by permitted barcode
	wrong     []int64           // R3: powered times of wrong codes
	spent     map[class][]int64 // R11: powered times of openings
	buckets   map[class]bucket
	pauses    [][2]int64 // R10
	reissued  []int64    // R7
	locked    bool
	forced    [2]int64 // R10: the last uncommanded door, and when
	pulse     [2]int64 // the last door pulsed, and when
	foreign   int64    // when a foreign address was heard
	timed     bool     // R13: both bounds of the time are known
}

type cell struct {
	state         string // EMPTY, OCCUPIED, QUARANTINE
	size          uint8
	parcel        string
	carrier       string
	code          statement.SealedCode
	alive         bool // the code
	outbound      bool
	paid          bool
	dwell         int64
	stored        int64 // real time
	storedPowered int64
	reissues      []int64
	blocked       bool
	faulted       bool
	graceUntil    int64
	graceLeft     int
}

// class is what an opening counts against (R11).
type class string

const (
	forDeposit   class = "empty"
	forRecipient class = "recipient"
	forCarrier   class = "carrier"
	forOverride  class = "override"
)

// bucket holds opening rights: a burst, and one more an interval.
type bucket struct {
	credit, at int64
}

// R11's table.
var (
	bursts  = map[class][2]int64{forDeposit: {10, 6 * rules.Second}, forCarrier: {12, 8 * rules.Second}, forOverride: {1, 5 * rules.Minute}}
	windows = func(c class, n int) [][2]int64 {
		switch c {
		case forDeposit:
			return [][2]int64{{rules.Hour, 400}}
		case forRecipient:
			return [][2]int64{{10 * rules.Minute, int64(max(10, n/3))}, {rules.Hour, int64(max(20, 5*n/8))}}
		case forOverride:
			return [][2]int64{{rules.Hour, 4}, {rules.Day, 12}}
		}
		return nil
	}
)

// halves is R1: without a button that gates the solenoids, half the budgets.
func (m *model) halves(n int64) int64 {
	if !m.interlock {
		n /= 2
	}
	return max(1, n)
}

// interval is how long one right of a class takes to come back, and burst how many there can be.
func (m *model) rate(c class) (burst, interval int64) {
	interval = bursts[c][1]
	if !m.interlock {
		interval *= 2
	}
	return m.halves(bursts[c][0]), interval
}

func (m *model) credit(c class, now int64) int64 {
	burst, interval := m.rate(c)
	b, known := m.buckets[c]
	if !known {
		return burst * interval
	}
	return min(burst*interval, b.credit+now-b.at)
}

// within says that one more opening of a class is within its budget.
func (m *model) within(c class, now int64) bool {
	if _, paced := bursts[c]; paced {
		if _, interval := m.rate(c); m.credit(c, now) < interval {
			return false
		}
	}
	for _, w := range windows(c, len(m.cells)) {
		n := int64(0)
		for _, t := range m.spent[c] {
			if t > now-w[0] {
				n++
			}
		}
		if n >= m.halves(w[1]) {
			return false
		}
	}
	return true
}

func (m *model) spend(c class, at int, now int64) {
	if _, paced := bursts[c]; paced {
		_, interval := m.rate(c)
		m.buckets[c] = bucket{m.credit(c, now) - interval, now}
	}
	m.spent[c] = append(slices.DeleteFunc(m.spent[c], func(t int64) bool { return t <= now-rules.Day }), now)
	m.pulse = [2]int64{int64(at), now}
}

func (m *model) paused(now int64) bool {
	return slices.ContainsFunc(m.pauses, func(p [2]int64) bool { return p[0] <= now && now < p[1] })
}

// pause says whether a pause is within R10: at most 12 h in any 72 h. It begins where it is.
func (m *model) pause(now, length int64) bool {
	next := [][2]int64{}
	for _, p := range m.pauses {
		if p[1] = min(p[1], now); p[1] > now-72*rules.Hour {
			next = append(next, p)
		}
	}
	next = append(next, [2]int64{now, now + length})
	for _, end := range next {
		sum := int64(0)
		for _, p := range next {
			sum += max(0, min(p[1], end[1])-max(p[0], end[1]-72*rules.Hour))
		}
		if sum > 12*rules.Hour {
			return false
		}
	}
	m.pauses = next
	return true
}

// slow says that the keypad rests (R3).
func (m *model) slow(now int64) bool {
	n, last := 0, int64(0)
	for _, t := range m.wrong {
		if t > now-rules.Day {
			n, last = n+1, max(last, t)
		}
	}
	rest := 300 * rules.Second
	switch {
	case n == 0:
		return false
	case n <= 5:
		rest = 3 * rules.Second
	case n <= 15:
		rest = 10 * rules.Second
	case n <= 60:
		rest = 60 * rules.Second
	}
	return now < last+rest
}

// opens is the cell that a credential opens: occupied, or in its grace (R3).
func (m *model) opens(same func(statement.SealedCode) bool, now int64) int {
	return slices.IndexFunc(m.cells, func(c cell) bool {
		return c.alive && same(c.code) && (c.state == "OCCUPIED" || c.state == "EMPTY" && c.graceLeft > 0 && now < c.graceUntil)
	})
}

// unpaid says that the code alone does not open a cell.
func (m *model) unpaid(at int) bool {
	c := m.cells[at]
	return c.state == "OCCUPIED" && m.owed[c.parcel] && !c.paid
}

// kept says that a grace has to wait: a courier was heard in the last three minutes, and the hand on the button may be theirs.
func (m *model) kept(at int, now int64) bool {
	return m.cells[at].state == "EMPTY" && m.courierAt > 0 && now-m.courierAt < 3*rules.Minute
}

// fits says that a deposit of a size may go to a cell (R5): EMPTY, and nothing against it.
func (m *model) fits(at int, size uint8) bool {
	c := m.cells[at]
	return c.state == "EMPTY" && !c.blocked && !c.faulted && c.size >= size
}

// best is the size of the smallest cell that fits, 0 for none; cells in grace come last.
func (m *model) best(size uint8, now int64) (smallest uint8) {
	for _, grace := range []bool{false, true} {
		for at, c := range m.cells {
			inGrace := c.alive && c.graceLeft > 0 && now < c.graceUntil
			if m.fits(at, size) && inGrace == grace && (smallest == 0 || c.size < smallest) {
				smallest = c.size
			}
		}
		if smallest > 0 {
			return smallest
		}
	}
	return 0
}

// find is where a parcel is in a state.
func (m *model) find(barcode, state string) int {
	return slices.IndexFunc(m.cells, func(c cell) bool { return barcode != "" && c.parcel == barcode && c.state == state })
}

// due is R6: outbound, or the dwell time has passed by both clocks, with a margin.
func (c *cell) due(wall, powered, margin int64) bool {
	dwell := max(c.dwell, 24*rules.Hour) + margin
	return c.outbound || wall-c.stored >= dwell && powered-c.storedPowered >= dwell
}

// reissue is R7: three a parcel, ten minutes apart, five an hour.
func (m *model) reissue(at int, now int64) bool {
	hour := 0
	for _, t := range m.reissued {
		if t > now-rules.Hour {
			hour++
		}
	}
	own := m.cells[at].reissues
	return len(own) < 3 && (len(own) == 0 || now-own[len(own)-1] >= 10*rules.Minute) && hour < 5
}

// empty is a cell after a finished collection, withdrawal or override.
func (m *model) empty(at int) {
	c := m.cells[at]
	m.cells[at] = cell{state: "EMPTY", size: c.size, blocked: c.blocked, faulted: c.faulted}
}

// quarantine is a cell nobody may collect from; what is said to be inside may be.
func (m *model) quarantine(at int, parcel, carrier string) {
	c := &m.cells[at]
	c.state, c.alive, c.graceLeft, c.parcel, c.carrier = "QUARANTINE", false, 0, parcel, carrier
}

// fault takes a door out of use; a third one is a lockdown (R10).
func (m *model) fault(at int) {
	m.cells[at].faulted = true
	n := 0
	for _, c := range m.cells {
		if c.faulted {
			n++
		}
	}
	m.locked = m.locked || n > 2
}

func (m *model) faulted() (n int) {
	for _, c := range m.cells {
		if c.faulted {
			n++
		}
	}
	return n
}

// uncommanded is R10: QUARANTINE; LOCKDOWN when it is the second within ten minutes, or moved in another's window.
func (m *model) uncommanded(at int, from, now int64) {
	c := m.cells[at]
	if c.faulted {
		return
	}
	parcel := c.parcel
	if c.state == "EMPTY" {
		parcel = ""
	}
	m.quarantine(at, parcel, c.carrier)
	inWindow := m.pulse[1] > 0 && m.pulse[0] != int64(at) && from-m.pulse[1] <= 3*rules.Second
	second := m.forced[1] > 0 && m.forced[0] != int64(at) && now-m.forced[1] < 10*rules.Minute
	m.locked = m.locked || inWindow || second
	m.forced = [2]int64{int64(at), now}
}
