package drill

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Holder is what an attacker has: a line of the attacker table, or the part of one that has a bound of its own.
type Holder string

const (
	holdsNetwork  Holder = "the network, end to end"
	holdsHub      Holder = "the hub (code, database, dispatch key): parcels deposited, or with sealed contacts"
	holdsUnsealed Holder = "the hub: parcels announced unsealed after the takeover"
	holdsOverdue  Holder = "the hub: overdue parcels of a carrier whose key or page it holds"
	holdsNotifier Holder = "the notifier, everything: parcels whose code passed through it"
	holdsKiosk    Holder = "the kiosk process"
	holdsLink     Holder = "the link process"
	holdsRoot     Holder = "root on the locker's computer, or code in the guard"
	holdsCourier  Holder = "a courier's device, a carrier's key: before the deadline"
	holdsLate     Holder = "a courier's device, a carrier's key: overdue parcels of that carrier"
	holdsStaff    Holder = "a merchant's API key, a console session, one operator's key, a technician's key"
	holdsThree    Holder = "two operators and a technician"
)

// claim is one line of the attacker table: how many doors of parcels that are not theirs may open for whoever holds something.
// From afar it is none for everybody: no pulse without a press.
type claim struct {
	holds Holder
	bound string // with an accomplice at one locker, per hour
	hour  int    // the same as a number
	press bool   // the bound is one per press, not per hour
}

// claims is the table of the rules of the doors.
var claims = []claim{
	{holds: holdsNetwork, bound: "0"},
	{holds: holdsHub, bound: "0"},
	{holds: holdsUnsealed, bound: "the recipients' caps: 50 of 80", hour: 50},
	{holds: holdsOverdue, bound: "the carriers' pace: 12, then one per 8 s", hour: 12 + 3600/8},
	{holds: holdsNotifier, bound: "the recipients' caps: 50 of 80", hour: 50},
	{holds: holdsKiosk, bound: "one held-back code per honest visitor's press", press: true},
	{holds: holdsLink, bound: "0"},
	{holds: holdsRoot, bound: "one per press", press: true},
	{holds: holdsCourier, bound: "0"},
	{holds: holdsLate, bound: "the carriers' pace: 12, then one per 8 s", hour: 12 + 3600/8},
	{holds: holdsStaff, bound: "0"},
	{holds: holdsThree, bound: "4", hour: 4},
}

// Table writes the attacker table with what was measured. It fails where a line was not held, and names rows that were not played.
func Table(results []Result) (markdown string, err error) {
	var out strings.Builder
	out.WriteString(`# What an attacker can open

Doors with parcels behind them that are not the attacker's, as the cabinet saw them. This page is written by ` + "`lockstep drill --table`" + ` from
the rows it has just played against real guards; *allowed* is what the rules of the doors say, *seen* is the worst that any of the rows came to.

| Holds | From afar: allowed | seen | With somebody at one locker, per hour: allowed | seen | Measured by |
|---|---|---|---|---|---|
`)
	var failed []error
	for _, c := range claims {
		line, err := c.line(results)
		out.WriteString(line)
		failed = append(failed, err)
	}
	out.WriteString("\n## The rows\n\n| Row | Attack | Expected | Seen |\n|---|---|---|---|\n")
	for _, r := range results {
		if len(r.Holds) > 0 {
			fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", r.ID, r.Attack, r.Expect, r.Seen)
		}
	}
	return out.String(), errors.Join(failed...)
}

func (c claim) line(results []Result) (string, error) {
	var rows []string
	var worst Measure
	var failed []error
	played := 0
	for _, row := range Corpus() {
		if !slices.Contains(row.Holds, c.holds) {
			continue
		}
		i := slices.IndexFunc(results, func(r Result) bool { return r.ID == row.ID })
		if i < 0 {
			rows = append(rows, row.ID+" (not run)")
			continue
		}
		rows, played = append(rows, row.ID), played+1
		failed = append(failed, c.holdsFor(results[i]))
		worst.Unpressed = max(worst.Unpressed, results[i].Unpressed)
		if m := results[i].Measure; m.Hour > worst.Hour {
			worst.Hour, worst.Exposed, worst.Presses = m.Hour, m.Exposed, m.Presses
		}
	}
	if len(rows) == 0 {
		return "", fmt.Errorf("no row measures %q", c.holds)
	}
	afar, near := fmt.Sprint(worst.Unpressed), fmt.Sprint(worst.Hour)
	if c.press && worst.Hour > 0 {
		near = fmt.Sprintf("%d with %d presses", worst.Exposed, worst.Presses)
	}
	if played == 0 {
		afar, near = "not run", "not run"
	}
	return fmt.Sprintf("| %s | 0 | %s | %s | %s | %s |\n", c.holds, afar, c.bound, near, strings.Join(rows, " ")), errors.Join(failed...)
}

// holdsFor says whether a row came to no more than the line allows.
func (c claim) holdsFor(r Result) error {
	switch {
	case r.Err != nil:
		return fmt.Errorf("%s failed", r.ID)
	case r.Unpressed > 0:
		return fmt.Errorf("%s: %s: %d doors from afar", c.holds, r.ID, r.Unpressed)
	case c.press && r.Exposed > r.Presses:
		return fmt.Errorf("%s: %s: %d doors with %d presses", c.holds, r.ID, r.Exposed, r.Presses)
	case !c.press && r.Hour > c.hour:
		return fmt.Errorf("%s: %s: %d doors in an hour, not %d", c.holds, r.ID, r.Hour, c.hour)
	}
	return nil
}
