package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/internal/channel"
	"lockstep/notifier/migrations"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// start is Monday noon at the test lockers.
var start = time.Date(2026, 12, 7, 7, 0, 0, 0, time.UTC)

const (
	anna  = `{"phone":"+79161234567","language":"ru"}`
	boris = `{"phone":"+79990000000","email":"boris@example.org","language":"en"}`
)

// bench is a ledger with one locker's guard, and a feed between them.
type bench struct {
	*testing.T
	network *ceremony.Development
	book    *Ledger
	guard   *chaintest.Guard
	now     time.Time
	open    []channel.Name
	cursor  int64
	feed    []Upload
}

func each(t *testing.T, test func(b *bench)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		network, err := ceremony.NewDevelopment("test")
		must(t, err)
		test(&bench{T: t, network: network, book: openBook(t, d, network), guard: chaintest.NewGuard(t, network, "l1", start), now: start,
			open: []channel.Name{channel.ByMail, channel.BySMS}})
	})
}

// openBook opens a ledger under charters that follow each other, newest first.
func openBook(t *testing.T, d *db.DB, networks ...*ceremony.Development) *Ledger {
	t.Helper()
	var charters []statement.Charter
	var keys [][]byte
	for _, n := range networks {
		charters, keys = append(charters, n.Charter), append(keys, n.SealKey)
	}
	book, err := Open(t.Context(), d, charters, keys)
	must(t, err)
	return book
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) pass(d time.Duration) { b.now = b.now.Add(d); b.guard.Now = b.now }

func (b *bench) pin(n int, contact, shipment string) bool {
	b.Helper()
	barcode := chaintest.Barcode(n)
	return b.pinSealed(barcode, chaintest.SealContact(b, b.network, contact, barcode), shipment)
}

func (b *bench) pinSealed(barcode string, sealed []byte, shipment string) bool {
	b.Helper()
	pinned, err := b.book.Pin(b.Context(), Announced{Barcode: barcode, Sealed: sealed, Merchant: "m", Shipment: shipment, Tracking: "https://hub/t/" + barcode}, b.now)
	must(b.T, err)
	return pinned
}

// upload takes what the guard has written through the feed.
func (b *bench) upload() Taken {
	b.Helper()
	return b.take(b.guard.ID, b.guard.Upload())
}

func (b *bench) take(locker string, stretch []byte) Taken {
	b.Helper()
	b.cursor++
	u := Upload{b.cursor, locker, stretch}
	b.feed = append(b.feed, u)
	taken, err := b.book.Take(b.Context(), u, b.now)
	must(b.T, err)
	return taken
}

// told sends everything that is due and says what it was: "kind channel address code… also code… beyond n".
func (b *bench) told() []string {
	b.Helper()
	_, err := b.book.Plan(b.Context(), b.open, b.now)
	must(b.T, err)
	due, err := b.book.Due(b.Context(), b.now, 100)
	must(b.T, err)
	var all []string
	for _, d := range due {
		t, err := b.book.Read(b.Context(), d, b.now)
		if errors.Is(err, ErrPointless) {
			must(b.T, b.book.Drop(b.Context(), d, b.now))
			continue
		}
		must(b.T, err)
		line := fmt.Sprintf("%s %s %s", d.Kind, d.Channel, string(t.To))
		for _, p := range t.Facts.Parcels {
			line += " " + p.Code
		}
		line = strings.TrimSpace(line)
		for _, p := range t.Facts.Others {
			line += " also " + p.Code
		}
		if t.Facts.Beyond > 0 {
			line += fmt.Sprint(" beyond ", t.Facts.Beyond)
		}
		all = append(all, line)
		must(b.T, b.book.Sent(b.Context(), d, b.now))
	}
	slices.Sort(all)
	return all
}

func (b *bench) wants(want ...string) {
	b.Helper()
	slices.Sort(want)
	if got := b.told(); !slices.Equal(got, want) {
		b.Fatalf("\ntold %q\nwant %q", got, want)
	}
}

func (b *bench) alarms() (kinds []string) {
	b.Helper()
	alarms, err := b.book.Alarms(b.Context(), 100)
	must(b.T, err)
	for _, a := range alarms {
		kinds = append(kinds, a.Kind)
	}
	return kinds
}
