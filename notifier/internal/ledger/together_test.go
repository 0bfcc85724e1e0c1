package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/internal/text"
)

// Which notices share a message. A notice is "kind person locker" and, where there is one, a reason.
func TestGather(t *testing.T) {
	for name, row := range map[string]struct{ waiting, want string }{
		"nothing":                    {"", ""},
		"one":                        {"stored anna l1", "1"},
		"one person, one locker":     {"stored anna l1, stored anna l1, stored anna l1", "123"},
		"another person between":     {"stored anna l1, stored boris l1, stored anna l1", "13 2"},
		"another locker":             {"stored anna l1, stored anna l2, stored anna l1", "13 2"},
		"another kind":               {"stored anna l1, collected anna l1, stored anna l1", "13 2"},
		"overrides, each its reason": {"override anna l1 jammed, override anna l1 flooded, override anna l1 jammed", "13 2"},
		"as many as fit":             {strings.Repeat("stored anna l1, ", together) + "stored anna l1", "123456 7"},
		"and as many again":          {strings.Repeat("stored anna l1, ", 2*together) + "stored boris l1, stored anna l1", "123456 789abc d e"},
	} {
		var waiting []ready
		for i, said := range strings.Split(row.waiting, ", ") {
			if said == "" {
				continue
			}
			words := append(strings.Fields(said), "")
			w := ready{notice: notice{ID: fmt.Sprintf("%x", i+1), Kind: text.Kind(words[0]), Reason: words[3]}, deposit: deposit{Locker: words[2]}}
			copy(w.person[:], words[1])
			waiting = append(waiting, w)
		}
		var groups []string
		for _, group := range gather(waiting) {
			ids := ""
			for _, w := range group {
				ids += w.ID
			}
			groups = append(groups, ids)
		}
		if got := strings.Join(groups, " "); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

// store is several deposits of a shipment at once; it gives their codes.
func (b *bench) store(numbers ...int) (codes []string) {
	b.Helper()
	for _, n := range numbers {
		codes = append(codes, b.guard.Store(chaintest.Barcode(n), uint16(n), 72).Code)
	}
	b.upload()
	return codes
}

const toAnna = "stored sms +79161234567 "

func TestOneMessageForOneShipment(t *testing.T) {
	each(t, func(b *bench) {
		for n := range 3 {
			b.pin(n+1, anna, "s1")
		}
		two := b.store(1, 2)
		b.wants() // the third may follow
		three := b.store(3)
		b.wants(toAnna + strings.Join(slices.Concat(two, three), " "))
	})
}

// Shipments of one person that are stored while a message waits come with it.
func TestOneMessageForOnePerson(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.pin(2, anna, "s1")
		b.pin(3, anna, "s2")
		b.pin(4, boris, "s3")
		one := b.store(1)
		b.wants()
		two := b.store(3)
		b.wants()
		other := b.store(4)
		b.wants("stored sms +79990000000 "+other[0], "stored mail boris@example.org "+other[0])
		b.pass(togetherFor)
		b.wants(toAnna + one[0] + " " + two[0])
	})
}

// A later deposit tells of all codes that are alive at that locker, and of no others.
func TestLaterDepositsTellOfAll(t *testing.T) {
	each(t, func(b *bench) {
		for n := range 6 {
			b.pin(n+1, anna, fmt.Sprint("s", n))
		}
		b.pin(7, boris, "s7")
		b.pin(8, `{"phone":"+79161234567","name":"Another","language":"ru"}`, "s8") // the same phone is not the same person
		elsewhere := chaintest.NewGuard(b, b.network, "l2", b.now)
		away := elsewhere.Store(chaintest.Barcode(6), 1, 72)
		b.take("l2", elsewhere.Upload())
		b.wants(toAnna + away.Code)
		early := b.store(1, 2, 3, 7, 8)
		b.told()
		b.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Opened, journal.Collected)
		b.guard.Does(chaintest.Barcode(2), 2, journal.Quarantined)
		b.upload()
		b.told()
		b.pass(time.Hour)
		later := b.store(4)
		b.wants(toAnna + later[0] + " also " + early[2])
		again := b.guard.Reissue(chaintest.Barcode(3), 3)
		b.upload()
		b.wants("reissued sms +79161234567 " + again.Code + " also " + later[0])
		must(b.T, b.book.Forget(b.Context(), chaintest.Barcode(4), b.now))
		last := b.store(5)
		b.wants(toAnna + last[0] + " also " + again.Code)
	})
}

// What has no room in one message is in another, and each says so.
func TestBeyondOneMessage(t *testing.T) {
	each(t, func(b *bench) {
		for n := range together + 2 {
			b.pin(n+1, anna, "s1")
		}
		var numbers []int
		for n := range together + 1 {
			numbers = append(numbers, n+1)
		}
		codes := b.store(numbers...)
		b.wants(toAnna + strings.Join(codes[:together], " ") + " beyond 1") // six are enough for a message: it waits for nobody
		b.pass(togetherFor)
		b.wants(toAnna + codes[together] + " also " + strings.Join(codes[:together-1], " also ") + " beyond 1")
		code := b.store(together + 2)
		b.wants(toAnna + code[0] + " also " + strings.Join(codes[:together-1], " also ") + " beyond 2")
	})
}

// Of parcels of several shops none is named; deadlines and barcodes come with each code.
func TestSeveralShopsAndDeadlines(t *testing.T) {
	each(t, func(b *bench) {
		for n, shop := range []string{"Books", "Shoes"} {
			barcode := chaintest.Barcode(n + 1)
			_, err := b.book.Pin(b.Context(), Announced{Barcode: barcode, Sealed: chaintest.SealContact(b, b.network, anna, barcode), Merchant: shop, Shipment: "1"}, b.now)
			must(b.T, err)
		}
		codes := []statement.SealedCode{b.guard.Store(chaintest.Barcode(1), 1, 96), b.guard.Store(chaintest.Barcode(2), 2, 72)}
		b.upload()
		_, err := b.book.Plan(b.Context(), b.open, b.now)
		must(b.T, err)
		due, err := b.book.Due(b.Context(), b.now, 10)
		must(b.T, err)
		if len(due) != 1 {
			b.Fatalf("%d messages", len(due))
		}
		told, err := b.book.Read(b.Context(), due[0], b.now)
		must(b.T, err)
		if told.Facts.Merchant != "" || !told.Facts.Due.Equal(b.now.Add(72*time.Hour)) || len(told.Codes) != 2 {
			b.Errorf("from %q, due %s, %d codes", told.Facts.Merchant, told.Facts.Due, len(told.Codes))
		}
		for i, c := range told.Codes {
			if c.Barcode != chaintest.Barcode(i+1) || c.SealedCode != codes[i] || !c.Due.Equal(b.now.Add(time.Duration(96-24*i)*time.Hour)) {
				b.Errorf("code %d is %s's, due %s", i, c.Barcode, c.Due)
			}
		}
	})
}

// Who was told of another locker is told so with the first news; where nobody was, or by an older hub, there is nothing to say.
func TestParcelThatCameElsewhere(t *testing.T) {
	each(t, func(b *bench) {
		for n, row := range []struct{ meantFor, says string }{{"elsewhere", "Lenina 5, Perm"}, {b.guard.ID, ""}, {"", ""}} {
			barcode := chaintest.Barcode(n + 1)
			_, err := b.book.Pin(b.Context(), Announced{Barcode: barcode, Sealed: chaintest.SealContact(b, b.network, anna, barcode), Locker: row.meantFor, Shown: "Lenina 5, Perm"}, b.now)
			must(b.T, err)
			b.store(n + 1)
			_, err = b.book.Plan(b.Context(), b.open, b.now)
			must(b.T, err)
			due, err := b.book.Due(b.Context(), b.now, 10)
			must(b.T, err)
			told, err := b.book.Read(b.Context(), due[len(due)-1], b.now)
			must(b.T, err)
			if told.Facts.Meant != row.says || told.Facts.Parcels[0].Barcode != barcode {
				b.Errorf("meant for %q: %q", row.meantFor, told.Facts.Meant)
			}
		}
	})
}
