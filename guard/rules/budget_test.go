package rules

import (
	"math/rand/v2"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// counter is the budgets of a locker of n compartments, without doors.
type counter struct {
	Facts
	waited, asked int
}

func newCounter(n int, interlock bool) *counter {
	return &counter{Facts: Facts{Compartments: make([]Compartment, n), Locker: statement.Locker{Interlock: interlock}}}
}

func (c *counter) open(class Class, now int64) {
	kinds := [classes]journal.Kind{ClassDeposit: journal.DepositIntent, ClassRecipient: journal.CollectIntent, ClassCarrier: journal.WithdrawIntent}
	c.countOpening(journal.Record{Kind: kinds[class], Powered: now}, &c.Compartments[0])
}

// visit waits for the budget, opens, and says when.
func (c *counter) visit(class Class, now int64) int64 {
	c.asked++
	if wait := c.wait(class, now); wait > 0 {
		c.waited++
		now += wait
	}
	c.open(class, now)
	return now
}

// greedy opens as fast as the budget lets it, from now on, for a span, and gives the times.
func (c *counter) greedy(class Class, now, span int64) (times []int64) {
	for end := now + span; ; now += Second {
		if now += c.wait(class, now); now >= end {
			return times
		}
		c.open(class, now)
		times = append(times, now)
	}
}

// Most is the largest number of times within any span.
func Most(times []int64, span int64) (most int) {
	from := 0
	for i, t := range times {
		for times[from] <= t-span {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// TestAThiefWithEveryCode: at the best pace, from any state of the budget.
func TestAThiefWithEveryCode(t *testing.T) {
	for _, c := range []struct {
		n, ten, hour int
		interlock    bool
	}{{80, 26, 50, true}, {80, 13, 25, false}, {24, 10, 20, true}, {24, 5, 10, false}, {240, 80, 150, true}} {
		times := newCounter(c.n, c.interlock).greedy(ClassRecipient, Hour, 8*Hour)
		if got := Most(times, 10*Minute); got > c.ten {
			t.Errorf("%d doors: %d in ten minutes, at most %d", c.n, got, c.ten)
		}
		if got := Most(times, Hour); got > c.hour {
			t.Errorf("%d doors: %d in an hour, at most %d", c.n, got, c.hour)
		}
	}
}

// TestPacesAreBuckets: a burst, then one opening an interval; halved without a button that gates the solenoids.
func TestPacesAreBuckets(t *testing.T) {
	for _, c := range []struct {
		class     Class
		interlock bool
		inMinute  int // 1 s between two openings at the least
	}{{ClassDeposit, true, 10 + 9}, {ClassDeposit, false, 5 + 4}, {ClassCarrier, true, 12 + 7}, {ClassCarrier, false, 6 + 3}} {
		k := newCounter(80, c.interlock)
		if got := len(k.greedy(c.class, Hour, Minute)); got != c.inMinute {
			t.Errorf("class %d, interlock %v: %d in the first minute, want %d", c.class, c.interlock, got, c.inMinute)
		}
		hour := len(k.greedy(c.class, Hour+Minute, Hour))
		if limit := map[bool]int{true: 600, false: 300}[c.interlock]; hour > limit {
			t.Errorf("class %d: %d in an hour", c.class, hour)
		}
	}
	if got := Most(newCounter(80, true).greedy(ClassDeposit, Hour, 3*Hour), Hour); got != 400 {
		t.Errorf("%d deposits in an hour, want 400", got)
	}
}

// TestHonestLoadDoesNotWait: three fills a day, an eighth of them in the busiest hour, for two hours; arrivals as they come.
// Between about 32 and 72 compartments the hour's cap is tighter than that: there somebody waits in up to one run of
// sixteen (docs/budgets.md), and the test holds the share of visitors who do.
func TestHonestLoadDoesNotWait(t *testing.T) {
	const runs = 4000
	for _, c := range []struct {
		n     int
		tight bool
	}{{8, false}, {24, false}, {48, true}, {80, false}, {160, false}} {
		random, late, waited, asked := rand.New(rand.NewPCG(uint64(c.n), 7)), 0, 0, 0
		for range runs {
			k := newCounter(c.n, true)
			for now := 10 * Hour; ; {
				now += int64(random.ExpFloat64() * float64(Hour) / (3 * float64(c.n) / 8))
				if now > 12*Hour {
					break
				}
				k.visit(ClassRecipient, now)
			}
			if k.waited > 0 {
				late++
			}
			waited, asked = waited+k.waited, asked+k.asked
		}
		t.Logf("%d compartments: %d of %d visitors waited, in %d of %d runs", c.n, waited, asked, late, runs)
		if !c.tight && late*1000 >= runs*5 || waited*1000 >= asked*5 {
			t.Errorf("%d compartments: too many wait", c.n)
		}
	}
}

// TestSixtyDepositsInTwelveMinutes: a courier's good round never waits.
func TestSixtyDepositsInTwelveMinutes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		k, now := newCounter(80, true), Hour
		for range 60 {
			now = k.visit(ClassDeposit, now+6*Second+random.Int64N(12*Second))
		}
		if k.waited > 0 {
			t.Fatalf("%d of 60 waited", k.waited)
		}
	}
}

// TestWrongCodesInAnyDay: from any pattern of guesses, no 24 hours hold more than 339.
func TestWrongCodesInAnyDay(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, pause := range []int64{0, Minute, 10 * Minute, 2 * Hour} {
		var f Facts
		var times []int64
		for now := Day; now < 6*Day; {
			now += f.keypadWait(now)
			if pause > 0 && random.IntN(50) == 0 {
				now += random.Int64N(pause)
			}
			f.WrongCodes = append(since(f.WrongCodes, now-Day), now)
			times = append(times, now)
		}
		if got := Most(times, Day); got > 339 {
			t.Errorf("pauses up to %d s: %d guesses in a day", pause/Second, got)
		}
	}
}

// TestNewCodesAvoidTheLivingAndTheDead: drawn again until it is neither alive nor dead for less than 30 days.
func TestNewCodesAvoidTheLivingAndTheDead(t *testing.T) {
	r := &Rules{Key: [32]byte{1}}
	draw := func(f *Facts) MAC { _, macs := r.newCode(f, &entropy{seed: [32]byte{9}}); return macs.Code }
	first := draw(&Facts{})
	for name, f := range map[string]*Facts{
		"alive":       {Compartments: []Compartment{{Code: first}}},
		"in grace":    {Compartments: []Compartment{{Code: first, Occupancy: Empty, GraceLeft: 1}}},
		"29 days old": {Powered: 29 * Day, DeadCodes: []DeadCode{{first, 1}}},
	} {
		if draw(f) == first {
			t.Errorf("%s: drawn again", name)
		}
	}
	if old := (&Facts{Powered: 31 * Day, DeadCodes: []DeadCode{{first, 1}}}); draw(old) != first {
		t.Error("a code of 31 days ago is still avoided")
	}
}

// TestTheClockRunsOnPoweredTime: both bounds, 200 parts in a million apart each way.
func TestTheClockRunsOnPoweredTime(t *testing.T) {
	f := Facts{Powered: Hour, Low: 100 * Day, High: 100*Day + Second}
	low, high := f.time(Hour + 10*Day)
	if low != 110*Day-10*Day*200/1e6 || high != 110*Day+Second+10*Day*200/1e6 {
		t.Errorf("after ten days: %d, %d", low-110*Day, high-110*Day)
	}
	if f.timeUnsure(Hour+10*Day) || !f.timeUnsure(Hour+1300*Day) {
		t.Error("unsure is not twelve hours")
	}
	if !f.outside(0, 99*Day, Hour) || !f.outside(101*Day, 102*Day, Hour) || f.outside(100*Day, 101*Day, Hour) {
		t.Error("outside is not before From or after Until")
	}
}
