package tracking

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/internal/words"
	"lockstep/parcel"
)

// constants are the words of one type that package parcel defines.
func constants(t *testing.T, of string) []string {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), "../../../parcel", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(packages["parcel"], func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		name, typed := spec.Type.(*ast.Ident)
		literal, written := spec.Values[0].(*ast.BasicLit)
		if typed && written && name.Name == of {
			word, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, word)
		}
		return true
	})
	if len(out) < 3 {
		t.Fatalf("found only %d words of type %s", len(out), of)
	}
	return out
}

func TestTrackingPageHasEveryWord(t *testing.T) {
	for _, l := range words.All() {
		say := func(key string) {
			if !l.Has("track." + key) {
				t.Errorf("%s does not say track.%s", l.Code, key)
			}
		}
		for _, s := range constants(t, "State") {
			if parcel.State(s) != parcel.Nowhere {
				say("states." + s)
				say("stateTexts." + s)
			}
		}
		for _, s := range []parcel.State{parcel.Announced, parcel.Dispatched, parcel.Stored, parcel.Withdrawn, parcel.Returned, parcel.Cancelled} {
			say("returns." + string(s))
		}
		for _, f := range constants(t, "Fact") {
			say("facts." + f)
		}
		for _, p := range constants(t, "Proof") {
			say("proofs." + p)
		}
	}
}

func TestStepsFollowTheUsualWay(t *testing.T) {
	for state, now := range map[parcel.State]int{parcel.Announced: 0, parcel.Dispatched: 1, parcel.Stored: 2, parcel.Overdue: 2, parcel.Collected: -1} {
		row := steps(words.In("en"), state)
		if len(row) != 4 {
			t.Fatalf("%s: %d steps", state, len(row))
		}
		for i, s := range row {
			if s.Now != (i == now) || s.Done != (now < 0 || i < now) {
				t.Errorf("%s: step %d is %+v", state, i, s)
			}
		}
	}
	if row := steps(words.In("en"), parcel.Withdrawn); row != nil {
		t.Errorf("a parcel that goes back shows %v", row)
	}
}

func TestAReturnIsNotTakenForADelivery(t *testing.T) {
	english := words.In("en")
	rows := []struct {
		what  custody.Parcel
		says  string
		steps bool
	}{
		{custody.Parcel{State: parcel.Stored, Outbound: true}, "track.returns.stored", false},
		{custody.Parcel{State: parcel.Stored, Outbound: true, Onward: true}, "track.onward.stored", false},
		{custody.Parcel{State: parcel.Returned, Outbound: true, Onward: true}, "track.stateTexts.returned", false},
		{custody.Parcel{State: parcel.Stored, Onward: true}, "track.stateTexts.stored", true}, // out of the first locker
	}
	for _, r := range rows {
		page := tracked{Language: english}
		page.fill(custody.Tracking{Parcel: r.what}, time.Now())
		if page.Text != english.Say(r.says) || (page.Steps != nil) != r.steps {
			t.Errorf("%+v: %q, %v", r.what, page.Text, page.Steps)
		}
	}
}
