// Package guardtest writes lockers' journals as guards would, without doors: for the tests of a hub's rooms.
package guardtest

import (
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Guard is a locker's, of 2 small, 2 medium and 1 large compartments.
type Guard struct {
	t       testing.TB
	Locker  string
	Signer  *statement.Signer
	Records [][]byte // encoded
	At      journal.Position
	Boot    uint64
	Powered int64 // µs, of the last record or head
	Low     int64
	Down    uint64
}

// New is one that was just provisioned, and has booted.
func New(t testing.TB, network *ceremony.Development, locker string, low int64) *Guard {
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
	g := &Guard{t: t, Locker: locker, Signer: signer, Boot: 1, Low: low}
	g.Write(journal.Record{Kind: journal.Provisioned, Charter: network.Bundle.Envelopes, Certificate: bundle.Envelopes})
	g.Write(journal.Record{Kind: journal.Booted})
	return g
}

// Write adds a record, a second later.
func (g *Guard) Write(r journal.Record) {
	g.Powered, g.Low = g.Powered+1e6, g.Low+1e6
	r.Number, r.Prev, r.Boot, r.Powered, r.Low = g.At.Number+1, g.At.Hash, g.Boot, g.Powered, g.Low
	g.Records = append(g.Records, r.Encode())
	g.At = journal.Position{Number: r.Number, Hash: r.Hash()}
}

// Head is over all records.
func (g *Guard) Head() []byte {
	head := statement.Head{Locker: g.Locker, Boot: g.Boot, Position: g.At.Number, Hash: g.At.Hash, Powered: g.Powered, Low: g.Low, Down: g.Down}
	envelope, err := statement.Sign(g.Signer, head)
	if err != nil {
		g.t.Fatal(err)
	}
	return envelope
}

// After is everything after a record.
func (g *Guard) After(number uint64) journal.Stretch {
	return journal.Stretch{Records: g.Records[number:], Head: g.Head()}
}

// Beat is a fresh head: time has passed since the one before.
func (g *Guard) Beat() journal.Stretch {
	g.Powered += 1e6
	return journal.Stretch{Head: g.Head()}
}

// Deposit is a courier's of the house, for two days.
func (g *Guard) Deposit(compartment uint16, barcode string) {
	g.DepositUnder(statement.CodeOnly, compartment, barcode)
}

// DepositUnder is one of a parcel whose collection takes what a policy says.
func (g *Guard) DepositUnder(policy statement.Policy, compartment uint16, barcode string) {
	r := journal.Record{Policy: uint8(policy), Kind: journal.DepositIntent, Compartment: compartment, Parcel: barcode, Carrier: "house", Courier: "anna", Dwell: 48}
	g.Write(r)
	g.Write(journal.Record{Kind: journal.Opened, Compartment: compartment})
	r.Kind = journal.Stored
	g.Write(r)
}

// Collect is a recipient's with a code.
func (g *Guard) Collect(compartment uint16, barcode string) {
	g.Write(journal.Record{Kind: journal.CollectIntent, Compartment: compartment, Parcel: barcode, Credential: "code"})
	g.Write(journal.Record{Kind: journal.Collected, Compartment: compartment, Parcel: barcode})
}

// Override is one by two operators and a technician that ended with result.
func (g *Guard) Override(compartment uint16, barcode string, result journal.Record) {
	persons := []statement.Person{"olga", "ivan", "tanya"}
	g.Write(journal.Record{Kind: journal.OverrideIntent, Compartment: compartment, Parcel: barcode, Persons: persons, Reason: "recipient is stuck"})
	g.Write(journal.Record{Kind: journal.Opened, Compartment: compartment})
	result.Compartment, result.Parcel, result.Persons = compartment, barcode, persons
	g.Write(result)
}
