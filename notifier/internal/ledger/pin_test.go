package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/fault"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/internal/channel"
	"lockstep/notifier/internal/text"
)

func TestPinning(t *testing.T) {
	each(t, func(b *bench) {
		barcode := chaintest.Barcode(1)
		sealed := chaintest.SealContact(b, b.network, anna, barcode)
		if !b.pinSealed(barcode, sealed, "s1") || !b.pinSealed(barcode, sealed, "s1") || !b.pin(1, anna, "s1") {
			b.Fatal("the same contact again was refused")
		}
		if len(b.alarms()) != 0 {
			b.Fatal(b.alarms())
		}
		for name, refused := range map[string]bool{
			"another contact":             b.pin(1, boris, "s1"),
			"another parcel's contact":    b.pinSealed(chaintest.Barcode(2), sealed, "s1"),
			"not a contact":               b.pin(3, `{"language":"ru"}`, "s1"),
			"an impossible phone":         b.pin(3, `{"phone":"+7916","language":"ru"}`, "s1"),
			"no barcode of ours":          b.pinSealed("123", sealed, "s1"),
			"an envelope of random bytes": b.pinSealed(chaintest.Barcode(4), []byte("xxxx"), "s1"),
		} {
			if refused {
				b.Errorf("%s was taken", name)
			}
		}
		if got := b.alarms(); len(got) != 6 {
			b.Errorf("alarms %q", got)
		}
		code := b.guard.Store(barcode, 1, 72)
		b.guard.Store(chaintest.Barcode(2), 2, 72)
		b.upload()
		b.wants("stored sms +79161234567 " + code.Code) // to whom it was pinned first, and to nobody else
	})
}

func TestPersonalDataExpires(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.pin(2, anna, "s2")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		kept := func() int64 {
			n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM parcel WHERE contact IS NOT NULL`)
			must(b.T, err)
			return n
		}
		expire := func() {
			_, err := b.book.Expire(b.Context(), 30*24*time.Hour, b.now)
			must(b.T, err)
		}
		b.pass(100 * 24 * time.Hour)
		expire()
		if kept() != 2 {
			b.Fatal("erased while in the locker, or before its deposit")
		}
		b.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Collected)
		b.upload()
		b.told()
		b.pass(29 * 24 * time.Hour)
		expire()
		if kept() != 2 {
			b.Fatal("erased too early")
		}
		b.pass(2 * 24 * time.Hour)
		expire()
		if kept() != 1 {
			b.Fatal("not erased")
		}
		b.pass(180 * 24 * time.Hour)
		expire()
		if kept() != 0 {
			b.Fatal("a contact that no parcel ever followed is kept")
		}
		if b.pin(1, boris, "s1") {
			b.Fatal("a new contact for an erased parcel was taken")
		}
	})
}

// What is told and over does not stay for ever; what is not over does.
func TestPurge(t *testing.T) {
	each(t, func(b *bench) {
		for n := range 2 {
			b.pin(n+1, anna, fmt.Sprint("s", n))
			b.guard.Store(chaintest.Barcode(n+1), uint16(n+1), 72)
		}
		b.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Collected)
		b.upload()
		b.told()
		b.pass(keepHistory + 100*time.Hour)
		must(b.T, b.book.Purge(b.Context(), b.now))
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM deposit`: 1, `SELECT COUNT(*) FROM parcel`: 2, `SELECT COUNT(*) FROM delivery`: 0,
			`SELECT COUNT(*) FROM notice WHERE deposit IN (SELECT record FROM deposit)`: 3, `SELECT COUNT(*) FROM notice`: 3,
		} {
			if n, err := count(b.Context(), b.book.db.Reads(), query); err != nil || n != want {
				b.Errorf("%s: %d, want %d, %v", query, n, want, err)
			}
		}
		must(b.T, b.book.FollowAgain(b.Context(), "l1"))
		for _, u := range b.feed {
			if _, err := b.book.Take(b.Context(), u, b.now); err != nil {
				b.Fatal(err)
			}
		}
		if got := b.told(); len(got) != 0 {
			b.Errorf("told again: %q", got)
		}
	})
}

func TestForget(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		_, err := b.book.Plan(b.Context(), b.open, b.now)
		must(b.T, err)
		must(b.T, b.book.Forget(b.Context(), chaintest.Barcode(1), b.now))
		b.wants()
		b.pass(50 * time.Hour)
		b.wants()
		if err := b.book.Forget(b.Context(), chaintest.Barcode(9), b.now); fault.KindOf(err) != fault.NotFound {
			b.Error(err)
		}
		n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM audit WHERE act = 'forgotten on demand' AND barcode = $1`, chaintest.Barcode(1))
		if err != nil || n != 1 {
			b.Errorf("%d audit lines, %v", n, err)
		}
	})
}

func TestWrongKeyIsRefused(t *testing.T) {
	each(t, func(b *bench) {
		private, _, err := statement.NewSealKey()
		must(b.T, err)
		if _, err := Open(b.Context(), b.book.db, []statement.Charter{b.network.Charter}, [][]byte{private}); err == nil {
			b.Error("a key that opens nothing was taken")
		}
	})
}

func TestNothingPersonalPrints(t *testing.T) {
	telling := Telling{To: "+79161234567", Facts: text.Facts{Parcels: []text.Parcel{{Code: "123456789"}}}, Codes: []Code{{SealedCode: statement.SealedCode{Code: "123456789"}}}}
	to := recipient{addresses: map[channel.Name]channel.Address{channel.BySMS: "+79161234567"}}
	s := fmt.Sprintf("%v %+v %#v %v %+v %#v", telling, telling, telling, to, to, to)
	if strings.Contains(s, "7916") || strings.Contains(s, "123456") {
		t.Error(s)
	}
}
