package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// TestRefusalsAreCounted: every ten minutes, by kind, so that probing shows.
func TestRefusalsAreCounted(t *testing.T) {
	p := stocked(t, 6, 1)
	p.do(rules.Refused{What: "link down: key"})
	for range 7 {
		p.wish(statement.WantDeposit, parcel(5).Barcode, 0)
	}
	p.pass(9 * rules.Minute)
	if p.count(journal.Refusals) != 0 {
		t.Fatal("written before ten minutes")
	}
	p.pass(2 * rules.Minute)
	if got := fmt.Sprint(p.last(journal.Refusals).Counts); p.count(journal.Refusals) != 1 || got != "[{link down: key 1} {present: not expected 7}]" {
		t.Fatalf("%d records, the last counts %s", p.count(journal.Refusals), got)
	}
	p.pass(30 * rules.Minute)
	if p.count(journal.Refusals) != 1 {
		t.Fatal("nothing was refused, and it is written")
	}
}

// TestHostileVerbsHideNothing: a kiosk that invents verbs fills neither the journal nor the place of what it does beside.
func TestHostileVerbsHideNothing(t *testing.T) {
	p := stocked(t, 6, 1)
	for i := range 500 {
		verb := door.KioskVerb(strings.Repeat("x", 4000) + fmt.Sprint(i))
		if reason := p.ask(door.KioskRequest{Verb: verb}); reason != door.Malformed {
			t.Fatalf("%q", reason)
		}
	}
	p.ask(door.KioskRequest{Verb: door.Code, Code: statement.CompleteCode("12345678")})
	for i := range 500 {
		p.do(rules.Refused{What: fmt.Sprint("kind ", i)})
	}
	p.pass(11 * rules.Minute)
	r := p.last(journal.Refusals)
	if n := len(r.Encode()); n > 4<<10 {
		t.Errorf("the record has %d bytes", n)
	}
	seen := map[string]uint32{}
	for _, c := range r.Counts {
		seen[c.What] = c.N
	}
	if seen["code: wrong code"] != 1 || seen["malformed"] != 500 {
		t.Errorf("%d kinds; the wrong code was counted %d times", len(seen), seen["code: wrong code"])
	}
}
