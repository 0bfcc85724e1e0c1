package drill

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// all gives every row of the corpus the same measure.
func all(m Measure) (results []Result) {
	for _, r := range Corpus() {
		results = append(results, Result{Row: r, Measure: m})
	}
	return results
}

func TestEveryLineIsMeasured(t *testing.T) {
	text, err := Table(all(Measure{}))
	if err != nil || strings.Contains(text, "not run") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestTableSaysWhatWasNotRun(t *testing.T) {
	text, err := Table(nil)
	if err != nil || strings.Count(text, "| not run |") != 2*len(claims) || !strings.Contains(text, "D06 (not run)") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestTableFails(t *testing.T) {
	spoil := func(id string, spoil func(*Result)) []Result {
		results := all(Measure{})
		spoil(&results[slices.IndexFunc(results, func(r Result) bool { return r.ID == id })])
		return results
	}
	for what, results := range map[string][]Result{
		"G06: 5 doors in an hour":              spoil("G06", func(r *Result) { r.Exposed, r.Hour, r.Presses = 12, 5, 12 }),
		"C07: 1 doors in an hour":              spoil("C07", func(r *Result) { r.Exposed, r.Hour, r.Presses = 1, 1, 1 }),
		"P02: 21 doors with 20 presses":        spoil("P02", func(r *Result) { r.Exposed, r.Hour, r.Presses = 21, 21, 20 }),
		"B09: 1 doors from afar":               spoil("B09", func(r *Result) { r.Unpressed = 1 }),
		"E06 failed":                           spoil("E06", func(r *Result) { r.Err = errors.New("no") }),
		"D06: 51 doors in an hour, not 50":     spoil("D06", func(r *Result) { r.Exposed, r.Hour, r.Presses = 60, 51, 60 }),
		"B12: 463 doors in an hour, not 462":   spoil("B12", func(r *Result) { r.Exposed, r.Hour, r.Presses = 463, 463, 463 }),
		"C01: 2 doors with 1 presses":          spoil("C01", func(r *Result) { r.Exposed, r.Hour, r.Presses = 2, 2, 1 }),
		"G02: 1 doors in an hour, not 0":       spoil("G02", func(r *Result) { r.Exposed, r.Hour, r.Presses = 1, 1, 1 }),
		"D06: 51 doors in an hour, not 50\nth": spoil("D06", func(r *Result) { r.Exposed, r.Hour, r.Presses = 60, 51, 60 }), // both lines that it measures
	} {
		if _, err := Table(results); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v does not say %q", err, what)
		}
	}
	if _, err := Table(spoil("G06", func(r *Result) { r.Exposed, r.Hour, r.Presses = 12, 4, 12 })); err != nil {
		t.Error(err)
	}
}

// Every mutant fits the source, names rows that there are and a rule of its own; its death must have a reason.
func TestMutantsFit(t *testing.T) {
	rules := map[string]bool{}
	for _, m := range Mutants {
		if _, err := Pick(m.Rows...); err != nil || m.By == "" || rules[m.Rule] {
			t.Errorf("%s: %v", m.Rule, err)
		}
		rules[m.Rule] = true
		if _, err := m.edited(".."); err != nil {
			t.Errorf("%s: %v", m.Rule, err)
		}
	}
}
