package ledger

import (
	"crypto/sha256"
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/fault"
	"lockstep/notifier/internal/chaintest"
)

// stay is what the holder of a code is told; false where nobody is known to hold it.
func (b *bench) stay(code statement.SealedCode) (Stay, bool) {
	b.Helper()
	wish := WishOf(code.Secret)
	s, err := b.book.Stay(b.Context(), wish[:])
	if err != nil && fault.KindOf(err) != fault.NotFound {
		b.Fatal(err)
	}
	return s, err == nil
}

// Whoever has a code is known by it from the deposit on, through the parcel's end, until the contact goes; a new code takes its place.
func TestHolders(t *testing.T) {
	each(t, func(b *bench) {
		barcode := chaintest.Barcode(1)
		_, err := b.book.Pin(b.Context(), Announced{Barcode: barcode, Sealed: chaintest.SealContact(b, b.network, anna, barcode), Merchant: "m", Shipment: "s1", MoreTime: true}, b.now)
		must(b.T, err)
		b.pin(2, boris, "s2")
		first, other := b.guard.Store(barcode, 1, 72), b.guard.Store(chaintest.Barcode(2), 2, 72)
		b.upload()
		if s, ok := b.stay(first); !ok || s.Barcode != barcode || s.Locker != "l1" || s.Door != 1 || !s.MoreTime || s.Due != b.now.Add(72*time.Hour).UnixMicro() || s.Ended != "" {
			b.Errorf("%+v, %v", s, ok)
		}
		if s, ok := b.stay(other); !ok || s.Barcode != chaintest.Barcode(2) || s.MoreTime {
			b.Errorf("%+v, %v", s, ok)
		}
		wish := WishOf(first.Secret)
		for what, no := range map[string][]byte{"nothing": nil, "the secret": first.Secret[:], "what the tables hold": holderOf(wish[:]), "a longer one": append(wish[:], 0)} {
			if _, err := b.book.Stay(b.Context(), no); fault.KindOf(err) != fault.NotFound {
				b.Errorf("%s: %v", what, err)
			}
		}
		again := b.guard.Reissue(barcode, 1)
		b.upload()
		_, old := b.stay(first)
		if _, ok := b.stay(again); !ok || old {
			b.Error("after a new code")
		}
		b.guard.Does(barcode, 1, journal.CollectIntent, journal.Opened, journal.Collected)
		b.upload()
		if s, ok := b.stay(again); !ok || s.Ended != "collected" || s.EndedAt != b.now.UnixMicro() {
			b.Errorf("after the collection: %+v, %v", s, ok)
		}
		must(b.T, b.book.Forget(b.Context(), barcode, b.now))
		if _, ok := b.stay(again); ok {
			b.Error("after its recipient was forgotten")
		}
	})
}

// Codes that came before holders were named are named when the ledger is opened; the tables hold nothing that could be shown.
func TestHoldersOfBefore(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		wish := WishOf(code.Secret)
		var kept []byte
		must(b.T, b.book.db.Reads().QueryRowContext(b.Context(), `SELECT holder FROM deposit`).Scan(&kept))
		if digest := sha256.Sum256(wish[:]); !slices.Equal(kept, digest[:]) {
			b.Errorf("the tables know %x", kept)
		}
		must(b.T, b.book.db.Tx(b.Context(), func(tx *sql.Tx) error { return exec(b.Context(), tx, `UPDATE deposit SET holder = NULL`) }))
		if _, ok := b.stay(code); ok {
			b.Fatal("nobody is named, and somebody is known")
		}
		b.book = openBook(b.T, b.book.db, b.network)
		if _, ok := b.stay(code); !ok {
			b.Error("they are not named")
		}
	})
}

// What is refused from the page is told to the pinned contact, once, and nobody is reminded of it any more.
func TestRefused(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		for range 2 {
			s, _ := b.stay(code)
			must(b.T, b.book.Refused(b.Context(), s, b.now))
		}
		b.wants("refused sms +79161234567")
		if s, _ := b.stay(code); !s.Declined || s.Ended != "" {
			b.Errorf("%+v", s)
		}
		b.pass(50 * time.Hour)
		if got := b.told(); len(got) > 0 {
			b.Errorf("and told of it again: %q", got)
		}
	})
}

// Each coming to a parcel's door is told, from record to record, and nobody else's.
func TestOpenings(t *testing.T) {
	does := func(k journal.Kind, about journal.Record) journal.Record {
		about.Kind, about.Compartment, about.Parcel = k, 1, chaintest.Barcode(1)
		return about
	}
	qr, code, grace := journal.Record{Credential: "qr"}, journal.Record{Credential: "code"}, journal.Record{Credential: "grace"}
	courier, why := journal.Record{Carrier: "house"}, func(reason string) journal.Record { return journal.Record{Reason: reason} }
	none := journal.Record{}
	for name, s := range map[string]struct {
		records []journal.Record
		want    string
	}{
		"collected, and again": {[]journal.Record{does(journal.CollectIntent, qr), does(journal.Opened, none), does(journal.Collected, none),
			does(journal.CollectIntent, grace), does(journal.Opened, none), does(journal.Collected, none)}, "collecting qr seen done 4-6; collecting grace seen done 7-9"},
		"collected, then another's deposit": {[]journal.Record{does(journal.CollectIntent, code), does(journal.Opened, none), does(journal.Collected, none),
			{Kind: journal.DepositIntent, Compartment: 1, Parcel: chaintest.Barcode(2)}, {Kind: journal.Opened, Compartment: 1}}, "collecting code seen done 4-6"},
		"jammed, then opened": {[]journal.Record{does(journal.CollectIntent, code), does(journal.CollectFailed, why("jam")), does(journal.CollectIntent, code), does(journal.Opened, none)},
			"collecting code jam 4-5; collecting code seen 6-7"},
		"left open":          {[]journal.Record{does(journal.CollectIntent, code), does(journal.Opened, none), does(journal.Quarantined, why("left open"))}, "collecting code seen left open 4-6"},
		"forced":             {[]journal.Record{does(journal.Quarantined, why("uncommanded")), does(journal.ReopenIntent, courier), does(journal.Opened, none), does(journal.TakenOut, courier)}, "forced seen 4-4; reopening house seen done 5-7"},
		"an override":        {[]journal.Record{does(journal.OverrideIntent, why("the latch is jammed")), does(journal.Opened, none), {Kind: journal.Overridden, Compartment: 1, To: "OCCUPIED"}}, "overriding the latch is jammed seen done 4-6"},
		"a test by key":      {[]journal.Record{does(journal.Tested, none)}, "tested seen done 4-4"},
		"what opens no door": {[]journal.Record{does(journal.Overdue, none), does(journal.Declined, code), does(journal.Paid, none), {Kind: journal.Opened, Compartment: 2}}, ""},
		"taken back":         {[]journal.Record{does(journal.Overdue, none), does(journal.WithdrawIntent, courier), does(journal.Opened, none), does(journal.Withdrawn, courier)}, "withdrawing house seen done 5-7"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				b.pin(1, anna, "s1")
				sealed := b.guard.Store(chaintest.Barcode(1), 1, 72)
				for _, r := range s.records {
					b.guard.Add(r)
				}
				b.upload()
				stay, _ := b.stay(sealed)
				var got []string
				for _, o := range stay.Openings {
					line := []string{o.What, o.Credential, o.Carrier, o.Reason, map[bool]string{true: "seen"}[o.Seen], o.End, number(o.First) + "-" + number(o.Last)}
					got = append(got, strings.Join(slices.DeleteFunc(line, func(s string) bool { return s == "" }), " "))
					if o.At != b.now.UnixMicro() {
						b.Errorf("%+v", o)
					}
				}
				if want := strings.TrimSuffix("stored house seen done 3-3; "+s.want, "; "); strings.Join(got, "; ") != want {
					b.Errorf("%q, want %q", strings.Join(got, "; "), want)
				}
			})
		})
	}
}

// With the history that is purged goes what was kept of doors.
func TestDoorsArePurged(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Opened, journal.Collected)
		b.upload()
		b.told()
		for _, at := range []struct {
			after time.Duration
			want  int64
		}{{keepHistory - time.Hour, 4}, {keepHistory + time.Hour, 0}} {
			must(b.T, b.book.Purge(b.Context(), b.now.Add(at.after)))
			if n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM door_record`); err != nil || n != at.want {
				b.Errorf("after %v: %d, %v", at.after, n, err)
			}
		}
	})
}
