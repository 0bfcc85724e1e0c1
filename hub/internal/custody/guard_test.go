package custody_test

import (
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// guard writes a locker's journal as a guard would, without doors.
type guard struct {
	t       *testing.T
	locker  string
	signer  *statement.Signer
	records [][]byte
	at      journal.Position
	boot    uint64
	powered int64
	low     int64
	down    uint64
}

// newGuard provisions one of 2 small, 2 medium and 1 large compartments.
func newGuard(t *testing.T, network *ceremony.Development, locker string, low int64) *guard {
	t.Helper()
	signer, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	certificate := statement.Locker{Network: network.Charter.Network, ID: locker, Zone: "Europe/Moscow", Guard: signer.Key(),
		Boards: []statement.Board{{Line: "a", Family: "8a", Channels: 8, OpenBit: 1}},
		Inputs: statement.Inputs{Gate: &statement.Point{Board: 0, Channel: 8}}}
	for i, size := range []uint8{1, 1, 2, 2, 3} {
		certificate.Compartments = append(certificate.Compartments, statement.Compartment{Number: uint16(i + 1), Size: size, Channel: uint8(i + 1)})
	}
	bundle, err := network.SignLocker(certificate)
	if err != nil {
		t.Fatal(err)
	}
	g := &guard{t: t, locker: locker, signer: signer, boot: 1, low: low}
	g.write(journal.Record{Kind: journal.Provisioned, Charter: network.Bundle.Envelopes, Certificate: bundle.Envelopes})
	g.write(journal.Record{Kind: journal.Booted})
	return g
}

func (g *guard) write(r journal.Record) {
	g.powered, g.low = g.powered+1e6, g.low+1e6
	r.Number, r.Prev, r.Boot, r.Powered, r.Low = g.at.Number+1, g.at.Hash, g.boot, g.powered, g.low
	g.records = append(g.records, r.Encode())
	g.at = journal.Position{Number: r.Number, Hash: r.Hash()}
}

func (g *guard) head() []byte {
	head := statement.Head{Locker: g.locker, Boot: g.boot, Position: g.at.Number, Hash: g.at.Hash, Powered: g.powered, Low: g.low, Down: g.down}
	envelope, err := statement.Sign(g.signer, head)
	if err != nil {
		g.t.Fatal(err)
	}
	return envelope
}

// after is everything after a record.
func (g *guard) after(number uint64) journal.Stretch {
	return journal.Stretch{Records: g.records[number:], Head: g.head()}
}

// beat is a fresh head: time has passed since the one before.
func (g *guard) beat() journal.Stretch {
	g.powered += 1e6
	return journal.Stretch{Head: g.head()}
}

func (g *guard) deposit(compartment uint16, barcode string) {
	r := journal.Record{Kind: journal.DepositIntent, Compartment: compartment, Parcel: barcode, Carrier: "house", Courier: "anna", Dwell: 48}
	g.write(r)
	g.write(journal.Record{Kind: journal.Opened, Compartment: compartment})
	r.Kind = journal.Stored
	g.write(r)
}

func (g *guard) collect(compartment uint16, barcode string) {
	g.write(journal.Record{Kind: journal.CollectIntent, Compartment: compartment, Parcel: barcode, Credential: "code"})
	g.write(journal.Record{Kind: journal.Collected, Compartment: compartment, Parcel: barcode})
}
