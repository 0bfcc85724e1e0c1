// Package chaintest writes the journal of a locker for tests: real records, chained and signed as a guard does it.
package chaintest

import (
	"fmt"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Guard is one locker's guard: it writes records and signs heads.
type Guard struct {
	t       testing.TB
	network *ceremony.Development
	signer  *statement.Signer
	ID      string
	last    journal.Position
	powered int64
	Boot    uint64
	Now     time.Time // the guard's lower bound of the time

	pending [][]byte
}

// Zone is where every test locker stands: UTC+5, no summer time.
const Zone = "Asia/Yekaterinburg"

// NewGuard provisions a locker of four compartments; its first record waits to be uploaded.
func NewGuard(t testing.TB, network *ceremony.Development, id string, now time.Time) *Guard {
	t.Helper()
	return begin(t, network, id, now, Signer(t))
}

// Again is another journal from record 1 with the key of this guard, at any locker: what no honest guard begins.
func (g *Guard) Again(id string) *Guard { return begin(g.t, g.network, id, g.Now, g.signer) }

func begin(t testing.TB, network *ceremony.Development, id string, now time.Time, signer *statement.Signer) *Guard {
	t.Helper()
	g := &Guard{t: t, network: network, signer: signer, ID: id, Boot: 1, Now: now}
	locker := statement.Locker{Network: network.Charter.Network, ID: id, Zone: Zone, Guard: signer.Key(), Interlock: true,
		Boards: []statement.Board{{Line: "a", Family: "8a", Address: 1, Channels: 8}},
		Inputs: statement.Inputs{Gate: &statement.Point{Channel: 8}}}
	for n := range uint16(4) {
		locker.Compartments = append(locker.Compartments, statement.Compartment{Number: n + 1, Size: 1, Channel: uint8(n + 1)})
	}
	certificate, err := network.SignLocker(locker)
	check(t, err)
	g.Add(journal.Record{Kind: journal.Provisioned, Charter: network.Bundle.Envelopes, Certificate: certificate.Envelopes})
	return g
}

// Fork is another future of the same guard: records added to one are not in the other.
func (g *Guard) Fork() *Guard {
	other := *g
	other.pending = append([][]byte{}, g.pending...)
	return &other
}

// For is Fork for another test.
func (g *Guard) For(t testing.TB) *Guard {
	other := g.Fork()
	other.t = t
	return other
}

// Add appends a record and gives its number.
func (g *Guard) Add(r journal.Record) uint64 {
	g.powered += 1e6
	r.Number, r.Prev, r.Boot, r.Powered, r.Low = g.last.Number+1, g.last.Hash, g.Boot, g.powered, g.Now.UnixMicro()
	g.last = journal.Position{Number: r.Number, Hash: r.Hash()}
	g.pending = append(g.pending, r.Encode())
	return r.Number
}

// Store deposits a parcel and gives its code.
func (g *Guard) Store(barcode string, compartment uint16, dwellHours uint16) statement.SealedCode {
	g.t.Helper()
	number := g.last.Number + 2
	code := statement.SealedCode{Code: statement.CompleteCode(fmt.Sprintf("%03d%05d", compartment, number)), Secret: [16]byte{byte(compartment), byte(number), 7}}
	sealed, err := statement.SealCode(g.network.Charter.Notifier, code, g.ID, number, barcode)
	check(g.t, err)
	g.Add(journal.Record{Kind: journal.DepositIntent, Compartment: compartment, Parcel: barcode, Carrier: ceremony.HouseCarrier, Courier: "c1", Dwell: dwellHours})
	g.Add(journal.Record{Kind: journal.Stored, Compartment: compartment, Parcel: barcode, Carrier: ceremony.HouseCarrier, Courier: "c1", Dwell: dwellHours,
		Due: g.Now.Add(time.Duration(dwellHours) * time.Hour).UnixMicro(), Sealed: sealed})
	return code
}

// Reissue gives a parcel a new code.
func (g *Guard) Reissue(barcode string, compartment uint16) statement.SealedCode {
	g.t.Helper()
	number := g.last.Number + 1
	code := statement.SealedCode{Code: statement.CompleteCode(fmt.Sprintf("%03d%05d", compartment, number)), Secret: [16]byte{byte(compartment), byte(number), 9}}
	sealed, err := statement.SealCode(g.network.Charter.Notifier, code, g.ID, number, barcode)
	check(g.t, err)
	g.Add(journal.Record{Kind: journal.Reissued, Compartment: compartment, Parcel: barcode, Sealed: sealed})
	return code
}

// Follow takes the charter of a network that follows the guard's own.
func (g *Guard) Follow(next *ceremony.Development) {
	g.network = next
	g.Add(journal.Record{Kind: journal.Chartered, Charter: next.Bundle.Envelopes})
}

// Does appends records of some kinds about one compartment's parcel.
func (g *Guard) Does(barcode string, compartment uint16, kinds ...journal.Kind) {
	for _, k := range kinds {
		g.Add(journal.Record{Kind: k, Compartment: compartment, Parcel: barcode})
	}
}

// Upload is what waits, under a signed head, as canonical CBOR; without waiting records it is a heartbeat.
func (g *Guard) Upload() []byte {
	g.t.Helper()
	g.powered++
	stretch := journal.Stretch{Records: g.pending, Head: g.Head()}
	g.pending = nil
	return statement.Encode(stretch)
}

// Runs lets powered time pass.
func (g *Guard) Runs(d time.Duration) { g.powered += d.Microseconds() }

// Key is what heads are signed with.
func (g *Guard) Key() statement.Key { return g.signer.Key() }

// Head signs the guard's position.
func (g *Guard) Head() []byte {
	g.t.Helper()
	head, err := statement.Sign(g.signer, statement.Head{Locker: g.ID, Boot: g.Boot, Position: g.last.Number, Hash: g.last.Hash, Powered: g.powered, Low: g.Now.UnixMicro()})
	check(g.t, err)
	return head
}

// Rotate is the network under its next charter, with another key of the notifier's.
func Rotate(t testing.TB, network *ceremony.Development) *ceremony.Development {
	t.Helper()
	next := *network
	private, public, err := statement.NewSealKey()
	check(t, err)
	next.SealKey, next.Charter.Notifier = private, public
	next.Charter.Epoch++
	next.Bundle, err = ceremony.SignAll(next.Charter, network.Roots...)
	check(t, err)
	return &next
}

// ContactKey is the statement of a contact key, signed by whoever is named, as a file holds it.
func ContactKey(t testing.TB, key statement.ContactKey, by ...*statement.Signer) []byte {
	t.Helper()
	bundle, err := ceremony.SignAll(key, by...)
	check(t, err)
	data, err := bundle.Encode()
	check(t, err)
	return data
}

// Barcode is the nth barcode of the test's number range.
func Barcode(n int) string {
	eleven := fmt.Sprintf("10000%06d", n)
	return eleven + string(statement.GS1CheckDigit(eleven))
}

// SealContact seals a contact's JSON for a barcode.
func SealContact(t testing.TB, network *ceremony.Development, json, barcode string) []byte {
	t.Helper()
	sealed, err := statement.SealContact(network.Charter.Notifier, []byte(json), barcode)
	check(t, err)
	return sealed
}

// SignContact is SealContact with a merchant's signature.
func SignContact(t testing.TB, network *ceremony.Development, by *statement.Signer, json, barcode string) []byte {
	t.Helper()
	envelope, err := statement.Sign(by, statement.SealedContact{Barcode: barcode, Sealed: SealContact(t, network, json, barcode)})
	check(t, err)
	return envelope
}

// Signer is a fresh key.
func Signer(t testing.TB) *statement.Signer {
	t.Helper()
	s, err := statement.SignerFromSeed(statement.NewSeed())
	check(t, err)
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
