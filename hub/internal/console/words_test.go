package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"lockstep/hub/internal/custody"
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
	for language, w := range trackTexts {
		for _, s := range constants(t, "State") {
			if state := parcel.State(s); state != parcel.Nowhere && (w.States[state] == "" || w.StateTexts[state] == "") {
				t.Errorf("%s has no words for state %q", language, s)
			}
		}
		for _, f := range constants(t, "Fact") {
			if w.Facts[parcel.Fact(f)] == "" {
				t.Errorf("%s has no words for fact %q", language, f)
			}
		}
		for _, s := range []parcel.State{parcel.Announced, parcel.Dispatched, parcel.Stored, parcel.Withdrawn, parcel.Returned, parcel.Cancelled} {
			if text := w.Returns[s]; text == "" || text == w.StateTexts[s] {
				t.Errorf("%s has no text of its own for a return that is %s", language, s)
			}
		}
		for _, p := range constants(t, "Proof") {
			if w.Proofs[parcel.Proof(p)] == "" {
				t.Errorf("%s has no words for proof %q", language, p)
			}
		}
	}
}

func TestStepsFollowTheUsualWay(t *testing.T) {
	for state, now := range map[parcel.State]int{parcel.Announced: 0, parcel.Dispatched: 1, parcel.Stored: 2, parcel.Overdue: 2, parcel.Collected: -1} {
		row := steps(trackTexts["en"], state)
		if len(row) != 4 {
			t.Fatalf("%s: %d steps", state, len(row))
		}
		for i, s := range row {
			if s.Now != (i == now) || s.Done != (now < 0 || i < now) {
				t.Errorf("%s: step %d is %+v", state, i, s)
			}
		}
	}
	if row := steps(trackTexts["en"], parcel.Withdrawn); row != nil {
		t.Errorf("a parcel that goes back shows %v", row)
	}
}

func TestAReturnIsNotTakenForADelivery(t *testing.T) {
	page := tracked{Words: trackTexts["en"]}
	page.fill(custody.Tracking{Parcel: custody.Parcel{State: parcel.Stored, Outbound: true}}, time.Now())
	if page.Text != trackTexts["en"].Returns[parcel.Stored] || page.Steps != nil {
		t.Errorf("%q, %v", page.Text, page.Steps)
	}
	page.fill(custody.Tracking{Parcel: custody.Parcel{State: parcel.Stored, Outbound: true, Onward: true}}, time.Now())
	if page.Text != trackTexts["en"].Onward[parcel.Stored] || page.Steps != nil {
		t.Errorf("%q, %v", page.Text, page.Steps)
	}
	page.fill(custody.Tracking{Parcel: custody.Parcel{State: parcel.Stored, Onward: true}}, time.Now())
	if page.Text != trackTexts["en"].StateTexts[parcel.Stored] || page.Steps == nil {
		t.Errorf("out of the first locker: %q, %v", page.Text, page.Steps)
	}
}
