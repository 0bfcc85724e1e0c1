package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/migrations"
)

// odd is records of every kind that no honest guard writes, of a door with a parcel and of one without.
func odd() (records []journal.Record) {
	var long string // and nothing that a database could make short
	for i := range 200 {
		long += fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i)}))
	}
	for _, kind := range append([]journal.Kind{"", "unheard of"}, journal.Kinds...) {
		records = append(records, journal.Record{Kind: kind, Compartment: 1, Parcel: chaintest.Barcode(1)},
			journal.Record{Kind: kind, Compartment: math.MaxUint16, Parcel: "\x00", Reason: "a\x00b", Credential: "\x00", To: "\x00", Carrier: "\x00", Courier: "\x00"},
			journal.Record{Kind: kind, Compartment: 1, Parcel: long, Reason: long, Due: math.MaxInt64, Dwell: math.MaxUint16, Until: math.MinInt64, Down: math.MaxUint64},
			journal.Record{Kind: kind, Compartment: 1, Parcel: chaintest.Barcode(1), Due: math.MinInt64, Low: math.MinInt64, High: math.MaxInt64, Sealed: make([]byte, 5000)})
	}
	return records
}

// swallow has the ledger take records that the guard really signed, and undoes it. The feed is every locker's: an error would stop
// it for all of them.
func (b *bench) swallow(records ...journal.Record) (err error) {
	g := b.guard.Fork()
	for _, r := range records {
		g.Add(r)
	}
	undo := errors.New("undone")
	did := b.book.db.Tx(b.Context(), func(tx *sql.Tx) error {
		if _, err = b.book.take(b.Context(), tx, Upload{Cursor: b.cursor + 1, Locker: g.ID, Stretch: g.Upload()}, b.now); err != nil {
			return err
		}
		return undo
	})
	if errors.Is(did, undo) {
		return nil
	}
	return did
}

// A guard in the wrong hands signs what it likes. It stops nobody else's messages.
func TestOddRecordsStopNobody(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		for _, r := range odd() {
			if err := b.swallow(r); err != nil {
				b.Errorf("%q %q due %d: %v", r.Kind, r.Parcel[:min(12, len(r.Parcel))], r.Due, err)
			}
			if err := b.swallow(r, r); err != nil {
				b.Errorf("%q %q due %d, twice: %v", r.Kind, r.Parcel[:min(12, len(r.Parcel))], r.Due, err)
			}
		}
	})
}

// FuzzRecords: the ledger takes whatever two records a guard signs.
func FuzzRecords(f *testing.F) {
	for pair := range slices.Chunk(odd(), 2) {
		f.Add(pair[0].Encode(), pair[1].Encode())
	}
	network, book := fuzzed(f)
	g := chaintest.NewGuard(f, network, "l1", start)
	if _, err := book.Take(context.Background(), Upload{Cursor: 1, Locker: "l1", Stretch: g.Upload()}, start); err != nil {
		f.Fatal(err)
	}
	g.Store(chaintest.Barcode(1), 1, 72)
	if _, err := book.Take(context.Background(), Upload{Cursor: 2, Locker: "l1", Stretch: g.Upload()}, start); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		b := &bench{T: t, network: network, book: book, guard: g.For(t), cursor: 2, now: start}
		first, err := journal.Decode(one)
		second, undecoded := journal.Decode(two)
		if err != nil || undecoded != nil {
			return
		}
		if err := b.swallow(first, second); err != nil {
			t.Fatalf("%+v, %+v: %v", first, second, err)
		}
	})
}

// fuzzed is a ledger in a file.
func fuzzed(f *testing.F) (*ceremony.Development, *Ledger) {
	f.Helper()
	d, err := db.Open(context.Background(), filepath.Join(f.TempDir(), "notifier.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { d.Close() })
	if err := d.Migrate(context.Background(), migrations.Files); err != nil {
		f.Fatal(err)
	}
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		f.Fatal(err)
	}
	book, err := Open(context.Background(), d, []statement.Charter{network.Charter}, [][]byte{network.SealKey})
	if err != nil {
		f.Fatal(err)
	}
	return network, book
}

// A hub in the wrong hands says what it likes. What it says of one parcel or locker stops no other's.
func TestOddWordsStopNobody(t *testing.T) {
	each(t, func(b *bench) {
		b.upload()
		sealed := chaintest.SealContact(b, b.network, anna, chaintest.Barcode(1))
		for i, odd := range []string{"", "\x00", "a\x00b", "\xff\xfe", string(make([]byte, 100_000))} {
			a := Announced{Barcode: chaintest.Barcode(2 + i), Sealed: chaintest.SealContact(b, b.network, anna, chaintest.Barcode(2+i)), Merchant: odd, Shipment: odd, Shown: odd, Tracking: odd}
			if _, err := b.book.Pin(b.Context(), a, b.now); err != nil {
				b.Errorf("%.9q everywhere: %v", odd, err)
			}
			if _, err := b.book.Pin(b.Context(), Announced{Barcode: odd, Sealed: sealed}, b.now); err != nil {
				b.Errorf("%.9q for a barcode: %v", odd, err)
			}
			if err := b.book.See(b.Context(), []Seen{{ID: odd, Name: odd, Address: odd, Line: odd}, {ID: b.guard.ID, Name: odd, Address: odd, Line: odd}}, b.now); err != nil {
				b.Errorf("%.9q for a locker's name: %v", odd, err)
			}
			if _, err := b.book.Take(b.Context(), Upload{Cursor: 1000, Locker: odd, Stretch: []byte(odd)}, b.now); err != nil {
				b.Errorf("an upload of %.9q: %v", odd, err)
			}
		}
	})
}

// FuzzPin: whatever the hub announces is pinned or refused.
func FuzzPin(f *testing.F) {
	network, book := fuzzed(f)
	barcode := chaintest.Barcode(1)
	sealed := chaintest.SealContact(f, network, anna, barcode)
	f.Add(barcode, sealed, "m", "https://hub/t/1")
	f.Add("", []byte{}, "\x00", "\xff")
	f.Add(chaintest.Barcode(2), sealed, "<b>", "javascript:alert(1)")
	f.Fuzz(func(t *testing.T, about string, contact []byte, text, link string) {
		if _, err := book.Pin(t.Context(), Announced{Barcode: about, Sealed: contact, Merchant: text, Shipment: text, Shown: text, Tracking: link}, start); err != nil {
			t.Fatal(err)
		}
	})
}
