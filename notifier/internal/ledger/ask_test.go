package ledger

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/contact"
	"lockstep/notifier/internal/chaintest"
)

const clara = `{"phone":"+79161234567","name":"Клара Цеткина","language":"ru"}`

// names asks for parcels by their numbers and says what was told: "barcode name digits".
func (b *bench) names(parcels ...int) (told []string) {
	b.Helper()
	var barcodes []string
	for _, n := range parcels {
		barcodes = append(barcodes, chaintest.Barcode(n))
	}
	list, err := b.book.Names(b.Context(), barcodes, b.now)
	must(b.T, err)
	for _, n := range list {
		told = append(told, n.Barcode+" "+n.Name+" "+n.LastDigits)
	}
	return told
}

// Recipients are named on their parcels' way to a locker and while these lie there, and neither before nor after.
func TestNames(t *testing.T) {
	each(t, func(b *bench) {
		one := chaintest.Barcode(1)
		told := one + " Клара Цеткина 4567"
		wants := func(when string, want ...string) {
			b.Helper()
			if got := b.names(1, 2); !slices.Equal(got, want) {
				b.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		wants("never announced")
		b.pin(1, clara, "s1")
		wants("on its way", told)
		b.guard.Store(one, 1, 72)
		b.upload()
		b.pass(40 * 24 * time.Hour)
		wants("in a locker for long", told)
		b.guard.Does(one, 1, journal.CollectIntent, journal.Collected)
		b.upload()
		wants("collected")
		b.guard.Store(one, 1, 72)
		b.upload()
		wants("put in again", told)
		must(b.T, b.book.Forget(b.Context(), one, b.now))
		wants("forgotten")
		b.pin(2, boris, "s2")
		wants("without a name", chaintest.Barcode(2)+"  0000")
		b.pass(31 * 24 * time.Hour)
		wants("announced long ago and never put in")
	})
}

func TestNamesOfNobody(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, `{"email":"boris@example.org","name":"Boris","language":"en"}`, "s1")
		list, err := b.book.Names(b.Context(), []string{"", "x", "200010000018", "' OR 1=1", chaintest.Barcode(1), "\xff\x00"}, b.now)
		must(b.T, err)
		if len(list) != 1 || list[0] != (Named{chaintest.Barcode(1), "Boris", ""}) {
			b.Errorf("%d are told", len(list))
		}
		if text := fmt.Sprintf("%v %+v %#v %s", list[0], list, list[0], list[0]); text != "[redacted] [[redacted]] [redacted] [redacted]" {
			b.Error(text)
		}
	})
}

// A merchant that seals contacts with its own key does not want the hub to know them: nor is the hub told by us.
func TestNamesThatTheMerchantSeals(t *testing.T) {
	each(t, func(b *bench) {
		merchant := chaintest.Signer(b)
		barcode := chaintest.Barcode(1)
		b.pinSealed(barcode, chaintest.SignContact(b, b.network, merchant, clara, barcode), "s1")
		if got := b.names(1); len(got) != 1 {
			b.Errorf("without a contact key a signature is nobody's: %q", got)
		}
		_, err := b.book.AddContactKey(b.Context(), chaintest.ContactKey(b, shop(merchant), b.network.Operators[0], b.network.Operators[1]))
		must(b.T, err)
		if got := b.names(1); len(got) != 0 {
			b.Errorf("%q", got)
		}
	})
}

// A pickup's contact opens for its order and day, until a week after.
func TestPickupContacts(t *testing.T) {
	each(t, func(b *bench) {
		const number, day = 30000001, "2026-12-08"
		person, err := contact.NewPerson("Тестов Тест", "+7 495 000-00-00, доб. 12")
		must(b.T, err)
		sealed, err := statement.SealPickup(b.network.Charter.Notifier, person.Encode(), number, day)
		must(b.T, err)
		noise, err := statement.SealPickup(b.network.Charter.Notifier, []byte(`{"name":""}`), number, day)
		must(b.T, err)
		recipient := chaintest.SealContact(b, b.network, clara, chaintest.Barcode(1))
		for _, row := range []struct {
			what   string
			number int64
			day    string
			sealed []byte
			after  time.Duration
			opens  bool
		}{
			{"its own", number, day, sealed, 0, true},
			{"a week after", number, day, sealed, 8 * 24 * time.Hour, true},
			{"later", number, day, sealed, 10 * 24 * time.Hour, false},
			{"another order's", number + 1, day, sealed, 0, false},
			{"as if it were for another day", number, "2027-12-08", sealed, 0, false},
			{"no day", number, "", sealed, 0, false},
			{"a recipient's", number, day, recipient, 0, false},
			{"noise", number, day, []byte("noise"), 0, false},
			{"sealed noise", number, day, noise, 0, false},
		} {
			got, err := b.book.Pickup(b.Context(), row.number, row.day, row.sealed, b.now.Add(row.after))
			if row.opens != (err == nil) || row.opens && got != person || !row.opens && !errors.Is(err, ErrUnreadable) {
				b.Errorf("%s: %v", row.what, err)
			}
		}
	})
}

func TestQuestionsAreCounted(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, clara, "s1")
		b.names(1, 2, 1)
		b.pass(24 * time.Hour)
		b.names(1)
		_, err := b.book.Pickup(b.Context(), 30000001, "2026-12-08", []byte("noise"), b.now)
		if !errors.Is(err, ErrUnreadable) {
			b.Error(err)
		}
		asked := func() map[string]int64 {
			status, err := b.book.Status(b.Context())
			must(b.T, err)
			return status.Asked
		}
		if got := asked(); got["name"] != 3 || got["nothing"] != 2 {
			b.Errorf("%v", got)
		}
		for range 2 {
			must(b.T, b.book.AskedTooOften(b.Context(), "names", b.now))
		}
		if got := b.alarms(); !slices.Equal(got, []string{"asked too often"}) {
			b.Errorf("%q", got)
		}
		b.pass(200 * 24 * time.Hour)
		must(b.T, b.book.Purge(b.Context(), b.now))
		if got := asked(); len(got) != 0 {
			b.Errorf("%v", got)
		}
	})
}
