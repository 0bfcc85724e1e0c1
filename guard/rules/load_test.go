package rules_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"lockstep/guard/statement"
)

var write = flag.Bool("write", false, "with LOCKSTEP_SEEDS: write what the load gave to docs/budgets-results.md")

const (
	results    = "../../docs/budgets-results.md"
	shortSeeds = 10
)

// sizes are lockers, the largest first. Where the budgets leave little beyond the honest load the runs are as many times more; at the
// sizes that are open R11's sentence about it does not hold, see docs/budgets.md.
var sizes = []struct {
	n, times int
	open     bool
}{{160, 1, false}, {120, 1, false}, {80, 4, false}, {64, 1, true}, {48, 1, true}, {40, 1, true}, {32, 1, true}, {24, 4, false}, {8, 1, false}}

// TestLoad holds R11's two sentences against the whole of Decide: at 80 compartments, of which they speak, in a short form;
// at all sizes with LOCKSTEP_SEEDS runs each.
func TestLoad(t *testing.T) {
	seeds, all := int(env("LOCKSTEP_SEEDS", shortSeeds)), os.Getenv("LOCKSTEP_SEEDS") != ""
	loads, hauls := make([]load, len(sizes)), make([]haul, len(sizes))
	t.Run("at", func(t *testing.T) {
		for i, size := range sizes {
			if !all && size.n != 80 {
				continue
			}
			t.Run(fmt.Sprint(size.n), func(t *testing.T) {
				t.Parallel()
				full := filled(t, size.n, size.n)
				tried := seeds
				if size.n != 80 {
					tried = seeds / 10
				}
				loads[i], hauls[i] = honest(full, size.times*seeds), thieves(full, tried)
				t.Logf("honest %sthieves %s", loads[i].row(), hauls[i].row())
				if wrong := loads[i].wrong(); wrong != "" && !size.open {
					t.Error(wrong)
				}
				if 100*loads[i].waited >= loads[i].collected {
					t.Errorf("%d of %d recipients wait", loads[i].waited, loads[i].collected)
				}
				if wrong := hauls[i].wrong(); wrong != "" {
					t.Error(wrong)
				}
			})
		}
		t.Run("a good round", func(t *testing.T) {
			t.Parallel()
			if wrong := goodRounds(filled(t, 80, 0), max(seeds/8, shortSeeds)); wrong != "" {
				t.Error(wrong)
			}
		})
	})
	if !all || t.Failed() {
		return
	}
	now := page(loads, hauls)
	if *write {
		check(t, os.WriteFile(results, []byte(now), 0o644))
	}
	if was, err := os.ReadFile(results); seeds == manySeeds && (err != nil || string(was) != now) {
		t.Errorf("%s is not fresh: write it with -write", results)
	}
}

// TestLoadNotices: half the budgets, as without a button, are too little for each honest load, and the thieves are seen to get half.
func TestLoadNotices(t *testing.T) {
	bare := func(l *statement.Locker) { l.Interlock = false }
	full := filled(t, 80, 80, bare)
	if l := honest(full, shortSeeds); l.wrong() == "" {
		t.Errorf("nobody waits: %s", l.row())
	}
	if h := thieves(full, shortSeeds); h.inTen != 13 || h.inHour != 25 {
		t.Errorf("thieves get %d and %d", h.inTen, h.inHour)
	}
	if goodRounds(filled(t, 80, 0, bare), shortSeeds) == "" {
		t.Error("a courier's round is in nobody's way")
	}
}

// interval is where a share lies with 95 % confidence when k of n were seen (Clopper and Pearson, 1934).
func interval(k, n int) (low, high float64) {
	atMost := func(k int, share float64) (sum float64) { // the chance of k or fewer
		for i := range k + 1 {
			a, _ := math.Lgamma(float64(n + 1))
			b, _ := math.Lgamma(float64(i + 1))
			c, _ := math.Lgamma(float64(n - i + 1))
			sum += math.Exp(a - b - c + float64(i)*math.Log(share) + float64(n-i)*math.Log1p(-share))
		}
		return sum
	}
	where := func(reached func(share float64) bool) float64 {
		from, to := 0.0, 1.0
		for range 50 {
			if middle := (from + to) / 2; reached(middle) {
				to = middle
			} else {
				from = middle
			}
		}
		return to
	}
	low = where(func(share float64) bool { return 1-atMost(k-1, share) > 0.025 })
	high = where(func(share float64) bool { return atMost(k, share) < 0.025 })
	return low, high
}

// page is docs/budgets-results.md, the smallest locker first.
func page(loads []load, hauls []haul) string {
	b := &strings.Builder{}
	b.WriteString(ofHonest)
	for i := range loads {
		b.WriteString(loads[len(loads)-1-i].row())
	}
	b.WriteString(ofThieves)
	for i := range hauls {
		b.WriteString(hauls[len(hauls)-1-i].row())
	}
	return b.String()
}

const ofHonest = `# What the budgets gave

Written by ` + "`LOCKSTEP_SEEDS=2000 go test ./guard/rules -run TestLoad -timeout 3h -write`" + `. What the columns mean, what load was taken and what is open is in
[budgets.md](budgets.md).

## Honest load

| Compartments | Busiest hour | Runs | With a wait | Share | 95 % | Recipients who waited | Longest wait | Runs with an alarm at ¾ | Cap an hour | Cap that would do | 10 + N/2 |
|---|---|---|---|---|---|---|---|---|---|---|---|
`

const ofThieves = `
## Thieves with every code

| Compartments | Thieves | Doors opened by all | Most in ten minutes | Cap | Most in an hour | Cap |
|---|---|---|---|---|---|---|
`
