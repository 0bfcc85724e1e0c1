package sign

import (
	"bytes"
	"strings"
	"testing"

	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

// FuzzPapers: whatever a file holds, it is refused, or it is shown and paints nothing.
func FuzzPapers(f *testing.F) {
	signer, err := statement.SignerFromSeed(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	override := statement.Override{Locker: "spb-7", Counter: 1, Compartment: 7, Reason: "the door is jammed"}
	envelope, err := statement.Sign(signer, override)
	if err != nil {
		f.Fatal(err)
	}
	bundle, err := statement.Bundle{Envelopes: [][]byte{envelope}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	role := statement.Role{Threshold: 1, Holders: []statement.Holder{{Key: signer.Key(), Person: "Olga"}}}
	f.Add(bundle)
	f.Add(statement.Encode(override))
	f.Add(statement.Encode(statement.Lift{Locker: "spb-7", Record: 9}))
	f.Add(statement.Encode(statement.Charter{Network: "spb", Epoch: 1, Roots: role}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		d := &desk.Desk{Out: &out}
		if o, b, err := parse[statement.Override](data); err == nil {
			p, _ := overridePaper(o, b, statement.Charter{Operators: role, Technicians: role}, nil, false)
			p.check(d)
		}
		if l, b, err := parse[statement.Lift](data); err == nil {
			liftPaper(l, b, statement.Charter{Operators: role}, "").check(d)
		}
		if l, b, err := parse[statement.Locker](data); err == nil {
			lockerPaper(l, b, statement.Charter{Provisioning: role}).check(d)
		}
		if c, _, err := parse[statement.Charter](data); err == nil {
			sayCharter(d, c, nil)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); desk.Visible(line) != line {
				t.Errorf("it printed %q", line)
			}
		}
	})
}
