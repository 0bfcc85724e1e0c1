package guard

import (
	"bytes"
	"testing"

	"lockstep/audit"
	"lockstep/ceremony"
	"lockstep/guard/statement"
)

// TestExport: what a guard's own disk gives, an audit finds whole; while a guard works there, nothing is given.
func TestExport(t *testing.T) {
	dir := t.TempDir()
	key, err := Init(dir)
	if err != nil {
		t.Fatal(err)
	}
	network, err := ceremony.NewDevelopment("bench")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := network.SignLocker(statement.Locker{Network: "bench", ID: "l1", Zone: "Europe/Moscow", Guard: key,
		Boards:       []statement.Board{{Line: "bus0", Family: "8a", Address: 1, Channels: 8, OpenBit: 1, OpenAnswer: 0x11}},
		Compartments: []statement.Compartment{{Number: 1, Size: 1, Channel: 1}}, Inputs: statement.Inputs{Gate: &statement.Point{Channel: 8}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // described anew, it writes a second record
		if err := Provision(dir, network.Bundle, certificate, func(statement.Charter, statement.Locker) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := Export(dir, &file); err != nil {
		t.Fatal(err)
	}
	read, err := audit.Read("box", file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Audit([]statement.Charter{network.Charter}, []audit.File{read}, audit.Query{Locker: "l1"})
	if err != nil || !report.Sound || report.Records.Last != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := Export(dir, &file); err == nil {
		t.Error("the journal of a guard that runs was read")
	}
}
