package custody

import (
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/hub/internal/fleet"
	"lockstep/parcel"
)

// world is one parcel and two compartments as a guard may lead them.
type world struct {
	doors [2]fleet.Compartment
	by    [2]journal.Kind // the intent that a compartment in INTENT or COLLECTING came by
	state parcel.State
}

// answers says which records end what an intent began, as the guard's errands do.
var answers = map[journal.Kind][]journal.Record{
	journal.DepositIntent: {{Kind: journal.Stored}, {Kind: journal.DepositFailed, To: "EMPTY", Reason: "cancelled"},
		{Kind: journal.DepositFailed, To: "QUARANTINE", Reason: "jam"}, {Kind: journal.DepositFailed, To: "QUARANTINE", Reason: "not empty"}},
	journal.ReopenIntent:   {{Kind: journal.Stored}, {Kind: journal.TakenOut}, {Kind: journal.ReopenFailed}},
	journal.CollectIntent:  {{Kind: journal.Collected}, {Kind: journal.CollectFailed}},
	journal.WithdrawIntent: {{Kind: journal.Withdrawn}, {Kind: journal.WithdrawFailed}},
	journal.OverrideIntent: {{Kind: journal.Overridden, To: "EMPTY"}, {Kind: journal.Overridden, To: "as before"}, {Kind: journal.OverrideFailed}},
}

// next gives the records that a guard may write about a door where it stands.
func (w world) next(i int) (records []journal.Record) {
	c, other := w.doors[i], w.doors[1-i].State
	if other == fleet.Intent || other == fleet.Collecting { // one door at a time
		return []journal.Record{{Kind: journal.Quarantined}}
	}
	switch c.State {
	case fleet.Empty:
		if !w.elsewhere(i) {
			records = append(records, journal.Record{Kind: journal.DepositIntent})
		}
		if w.state == parcel.Collected && w.by[i] == journal.CollectIntent {
			records = append(records, journal.Record{Kind: journal.CollectIntent})
		}
	case fleet.Occupied:
		records = append(records, journal.Record{Kind: journal.CollectIntent}, journal.Record{Kind: journal.WithdrawIntent},
			journal.Record{Kind: journal.OverrideIntent}, journal.Record{Kind: journal.Extended}, journal.Record{Kind: journal.Reissued})
		if w.state != parcel.Overdue { // written once
			records = append(records, journal.Record{Kind: journal.Overdue})
		}
	case fleet.Quarantine:
		records = append(records, journal.Record{Kind: journal.ReopenIntent}, journal.Record{Kind: journal.OverrideIntent})
	case fleet.Intent, fleet.Collecting:
		for _, r := range answers[w.by[i]] {
			if r.Kind != journal.Stored || c.Parcel != "" { // unknown content can only be taken out
				if r.To == "as before" {
					r.To = map[fleet.CompartmentState]string{fleet.Collecting: "OCCUPIED", fleet.Intent: "QUARANTINE"}[c.State]
				}
				records = append(records, r)
			}
		}
	}
	return append(records, journal.Record{Kind: journal.Quarantined})
}

// elsewhere says whether the parcel cannot be in a courier's hands in front of door i.
func (w world) elsewhere(i int) bool {
	other := w.doors[1-i]
	return other.Parcel != "" && other.State != fleet.Quarantine || w.state == parcel.Collected || w.state == parcel.Returned
}

// TestEveryWalkOfAGuardHasItsRows leads a parcel along everything a guard can do with two compartments, by the guard's own
// table: the compartments' fold must agree with it, and the lifecycle must have a row for each fact.
func TestEveryWalkOfAGuardHasItsRows(t *testing.T) {
	begin := world{state: parcel.Dispatched}
	for i := range begin.doors {
		begin.doors[i] = fleet.Compartment{Number: uint16(i + 1), State: fleet.Empty}
	}
	seen, waiting := map[world]bool{begin: true}, []world{begin}
	for len(waiting) > 0 {
		w := waiting[0]
		waiting = waiting[1:]
		for _, after := range w.steps(t) {
			if !seen[after] {
				seen[after] = true
				waiting = append(waiting, after)
			}
		}
		if t.Failed() {
			return
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d worlds were walked", len(seen))
	}
}

func (w world) steps(t *testing.T) (all []world) {
	if row, ok := parcel.Next(w.state, parcel.WasCancelled); ok {
		cancelled := w
		cancelled.state = row.To
		all = append(all, cancelled)
	}
	for i := range w.doors {
		for _, r := range w.next(i) {
			all = append(all, w.step(t, i, r))
		}
	}
	return all
}

func (w world) step(t *testing.T, i int, r journal.Record) world {
	t.Helper()
	r.Compartment, r.Parcel = w.doors[i].Number, w.doors[i].Parcel
	if w.doors[i].State == fleet.Empty && r.Kind != journal.Quarantined {
		r.Parcel = "p"
	}
	want, ok := rules.Next(rules.Occupancy(w.doors[i].State), r.Kind, r.To)
	if !ok {
		t.Fatalf("the guard has no way by %s from %s", r.Kind, w.doors[i].State)
	}
	front, inside := fleet.Front{1: w.doors[0], 2: w.doors[1]}, w.doors[i].Parcel
	front.Apply(r)
	if got := front[r.Compartment].State; string(got) != string(want) {
		t.Errorf("%s by %s: the hub reads %s, the guard %s", w.doors[i].State, r.Kind, got, want)
	}
	after := w
	after.doors = [2]fleet.Compartment{front[1], front[2]}
	if _, intent := answers[r.Kind]; intent {
		after.by[i] = r.Kind
	}
	what, ok := factOf(r)
	if barcode := about(r, inside); !ok || barcode == "" {
		return after
	}
	row, ok := parcel.Next(w.state, what)
	if !ok {
		t.Errorf("no row for %q (%s, %s) in %q; the compartment was %s", what, r.Kind, r.Reason, w.state, w.doors[i].State)
	}
	after.state = row.To
	return after
}

// TestTheFrontFollowsTheGuardsTableRowByRow: what the guard's table allows contradicts nothing here, what it does not does.
func TestTheFrontFollowsTheGuardsTableRowByRow(t *testing.T) {
	states := []fleet.CompartmentState{fleet.Empty, fleet.Intent, fleet.Occupied, fleet.Collecting, fleet.Quarantine}
	rows := 0
	for _, kind := range journal.Kinds {
		allowed := map[fleet.CompartmentState]bool{}
		for _, from := range states {
			for _, say := range []string{"", string(fleet.Empty), string(fleet.Occupied), string(fleet.Quarantine)} {
				to, ok := rules.Next(rules.Occupancy(from), kind, say)
				if !ok {
					continue
				}
				allowed[from] = true
				front := fleet.Front{1: {Number: 1, State: from}}
				r := journal.Record{Number: 1, Kind: kind, Compartment: 1, To: say}
				if front.Apply(r); string(front[1].State) != string(to) {
					t.Errorf("%s by %s saying %q: the hub reads %s, the guard %s", from, kind, say, front[1].State, to)
				}
			}
		}
		for _, from := range states {
			if rows++; len(allowed) == 0 {
				continue // not about occupancy
			}
			contradiction := fleet.Front{1: {Number: 1, State: from}}.Contradicts(journal.Record{Kind: kind, Compartment: 1})
			if (contradiction == "") != allowed[from] {
				t.Errorf("%s by %s: the guard allows it: %v, the hub says %q", from, kind, allowed[from], contradiction)
			}
		}
	}
	if rows < 150 {
		t.Errorf("%d rows", rows)
	}
}
