package rules_test

import (
	"bytes"
	"slices"
	"strings"
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

// TestAuditsOfWalks: whatever these rules write, an audit finds sound, with as many presses as there were pulses.
func TestAuditsOfWalks(t *testing.T) {
	purposes := map[audit.Purpose]int{}
	records := 0
	for seed := range env("LOCKSTEP_WALKS", 12) {
		s := newStroll(t, seed+1)
		for range 250 {
			if s.act(); t.Failed() {
				t.Fatalf("seed %d", seed+1)
			}
		}
		report := s.audited()
		if !report.Sound {
			var text strings.Builder
			check(t, report.Write(&text))
			t.Fatalf("seed %d: %+v %+v", seed+1, report.Findings, report.Unsigned)
		}
		pressed := 0
		for _, o := range report.Openings {
			purposes[o.Purpose]++
			pressed += len(o.Pressed)
			if !o.Signed || !o.Judged {
				t.Errorf("seed %d: %+v", seed+1, o)
			}
		}
		if pressed != len(s.pulses) {
			t.Errorf("seed %d: %d pulses, the audit tells of %d", seed+1, len(s.pulses), pressed)
		}
		records += len(s.entries)
	}
	t.Logf("%d records, openings: %v", records, purposes)
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
