package rules_test

import (
	"bytes"
	"slices"
	"testing"

	"lockstep/audit"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// audited holds everything that a bench's guard wrote against the bench's first charter, in stretches of a few records.
func (g *rig) audited() audit.Report {
	g.Helper()
	var file bytes.Buffer
	for some := range slices.Chunk(g.entries, 7) {
		var s journal.Stretch
		for _, e := range some {
			s.Records = append(s.Records, e.Record.Encode())
		}
		last := some[len(some)-1].Record
		s.Head = g.sign(g.guard, statement.Head{Locker: "l1", Boot: last.Boot, Position: last.Number, Hash: last.Hash(), Powered: last.Powered, Low: last.Low})
		file.Write(statement.Encode(s))
	}
	read, err := audit.Read("journal", file.Bytes())
	check(g.T, err)
	report, err := audit.Audit([]statement.Charter{g.network.Charter}, []audit.File{read}, audit.Query{})
	check(g.T, err)
	return report
}

// sound is what an audit says of all that a bench's guard wrote: nothing is wrong, and as many presses as there were pulses.
func (g *rig) sound() audit.Report {
	g.Helper()
	report := g.audited()
	if !report.Sound {
		g.Fatalf("%+v %+v", report.Findings, report.Unsigned)
	}
	pressed := 0
	for _, o := range report.Openings {
		if pressed += len(o.Pressed); !o.Signed || !o.Judged {
			g.Errorf("%+v", o)
		}
	}
	if pressed != len(g.pulses) {
		g.Errorf("%d pulses, the audit tells of %d", len(g.pulses), pressed)
	}
	return report
}

// TestAuditsOfStrolls: an audit comes to every purpose that a door opens for.
func TestAuditsOfStrolls(t *testing.T) {
	purposes := map[audit.Purpose]int{}
	for seed := range uint64(12) {
		s := newStroll(t, seed+1)
		for range 250 {
			if s.act(); t.Failed() {
				t.Fatalf("seed %d", seed+1)
			}
		}
		for _, o := range s.sound().Openings {
			purposes[o.Purpose]++
		}
	}
	t.Log(purposes)
	for _, p := range []audit.Purpose{audit.Deposit, audit.Return, audit.Collection, audit.Grace, audit.Withdrawal, audit.Reopening, audit.Override, audit.WalkTest, audit.WalkByKey, audit.Uncommanded} {
		if purposes[p] == 0 {
			t.Errorf("no walk came to a %s", p)
		}
	}
}

// TestFoldRefusesWhatItCannotHold: a journal may come from a guard that lies.
func TestFoldRefusesWhatItCannotHold(t *testing.T) {
	g := newRig(t, 3)
	for _, r := range []journal.Record{{Kind: journal.Commissioned}, {Kind: journal.Commissioned, Index: 9, Board: &g.state.Wiring[0]}, {Kind: journal.Revoked, Key: []byte{1}}} {
		r.Number, r.Prev, r.Boot, r.Powered = g.state.Position.Number+1, g.state.Position.Hash, g.state.Boot, g.now
		if _, err := g.state.Facts.Fold(journal.Entry{Record: r}); err == nil {
			t.Errorf("%+v was folded", r)
		}
	}
}
