package drill

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// CrashTable is what an enumeration counted, by flow and kind of call, and of how many blows it played these.
func CrashTable(all []Crash, total int) string {
	type row struct {
		points               map[Touch]bool
		blows, kills, held   int
		slowest, slowestKill time.Duration
	}
	rows, order := map[[2]string]*row{}, [][2]string{}
	sum := row{points: map[Touch]bool{}}
	for _, c := range all {
		key := [2]string{c.Flow, c.at.Kind + " " + c.at.On}
		r := rows[key]
		if r == nil {
			r = &row{points: map[Touch]bool{}}
			rows[key], order = r, append(order, key)
		}
		for _, r := range []*row{r, &sum} {
			r.points[c.at] = true
			r.blows++
			if faults[c.way] == 0 {
				r.kills++
				r.slowestKill = max(r.slowestKill, c.Back)
			}
			if c.Err == nil && !c.Missed {
				r.held++
			}
			r.slowest = max(r.slowest, c.Back)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%d of %d blows were played.\n\n", len(all), total)
	out.WriteString("| Flow | Call | Points | Blows | Kills | Held | Slowest return |\n|---|---|---|---|---|---|---|\n")
	points := 0
	for _, key := range sortedByFlow(order) {
		r := rows[key]
		points += len(r.points)
		fmt.Fprintf(&out, "| %s | %s | %d | %d | %d | %d | %.2f s |\n", key[0], key[1], len(r.points), r.blows, r.kills, r.held, r.slowest.Seconds())
	}
	fmt.Fprintf(&out, "| **all** | | %d | %d | %d | %d | %.2f s after a kill, %.2f s after a fault |\n", points, sum.blows, sum.kills, sum.held, sum.slowestKill.Seconds(), sum.slowest.Seconds())
	return out.String()
}

// sortedByFlow puts rows in the order of the flows, and of the calls within one.
func sortedByFlow(keys [][2]string) (sorted [][2]string) {
	for _, f := range flows {
		var calls []string
		for _, k := range keys {
			if k[0] == f.name {
				calls = append(calls, k[1])
			}
		}
		for _, call := range slices.Sorted(slices.Values(calls)) {
			sorted = append(sorted, [2]string{f.name, call})
		}
	}
	return sorted
}

const (
	tableBegins = "<!-- measured: begin -->\n"
	tableEnds   = "<!-- measured: end -->\n"
)

// PutBetween puts a table into a page, between its marks.
func PutBetween(page, table string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), tableBegins)
	_, after, also := strings.Cut(rest, tableEnds)
	if !ok || !also {
		return fmt.Errorf("%s has no marks for a table", page)
	}
	return os.WriteFile(page, []byte(before+tableBegins+table+tableEnds+after), 0o644)
}
