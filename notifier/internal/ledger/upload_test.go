package ledger

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier/internal/chaintest"
)

// A replayed feed, from its start or from anywhere, changes nothing and tells nothing again.
func TestReplay(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Opened, journal.Collected)
		b.upload()
		b.upload() // a heartbeat
		b.wants("collected sms +79161234567")
		must(b.T, b.book.FollowAgain(b.Context(), "l1")) // cursor to the start
		for _, u := range slices.Concat(b.feed, b.feed[1:], b.feed[:1]) {
			if taken, err := b.book.Take(b.Context(), u, b.now); err != nil || taken.Head != nil || taken.Alarm != "" {
				b.Fatalf("%+v, %v", taken, err)
			}
		}
		b.wants()
		cursor, err := b.book.Cursor(b.Context())
		if err != nil || cursor != b.cursor {
			b.Fatalf("cursor %d of %d, %v", cursor, b.cursor, err)
		}
	})
}

// Stretches that overlap what is known are taken from where they are new.
func TestOverlap(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		again := b.guard.Fork()
		b.upload()
		code := again.Store(chaintest.Barcode(1), 1, 72)
		if taken := b.take("l1", again.Upload()); taken.Alarm != "" || !taken.News {
			b.Fatalf("%+v", taken)
		}
		b.wants("stored sms +79161234567 " + code.Code)
	})
}

// Stretches that must not be believed stop their own locker, whatever is in them, and no other one.
func TestDoubt(t *testing.T) {
	for name, s := range map[string]struct {
		lie   func(b *bench) []byte
		alarm string
		stops bool
	}{
		"fork": {func(b *bench) []byte {
			other := b.guard.Fork()
			b.guard.Does("", 2, journal.Faulted)
			b.upload()
			other.Store(chaintest.Barcode(1), 1, 72)
			return other.Upload()
		}, "fork", true},
		"rollback": {func(b *bench) []byte {
			old := b.guard.Fork()
			b.guard.Does("", 2, journal.Faulted)
			b.upload()
			old.Runs(time.Hour)
			return old.Upload()
		}, "fork", true},
		"gap": {func(b *bench) []byte {
			b.guard.Store(chaintest.Barcode(1), 1, 72)
			b.guard.Upload() // lost
			b.guard.Does("", 2, journal.Faulted)
			return b.guard.Upload()
		}, "gap", false},
		"changed record": {func(b *bench) []byte {
			b.guard.Store(chaintest.Barcode(1), 1, 72)
			data := b.guard.Upload()
			return []byte(strings.Replace(string(data), chaintest.Barcode(1), chaintest.Barcode(2), 1))
		}, "fork", true},
		"another guard's head": {func(b *bench) []byte {
			b.guard.Store(chaintest.Barcode(1), 1, 72)
			var s journal.Stretch
			must(b.T, statement.Decode(b.guard.Upload(), &s))
			s.Head = chaintest.NewGuard(b, b.network, "l1", start).Head()
			return statement.Encode(s)
		}, "head", true},
		"no stretch": {func(b *bench) []byte { return []byte{0xa0, 1} }, "chain", true},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				b.pin(1, anna, "s1")
				b.pin(5, anna, "s5")
				b.upload()
				if taken := b.take("l1", s.lie(b)); taken.Alarm != s.alarm || taken.Head != nil {
					b.Fatalf("%+v", taken)
				}
				if got := b.alarms(); !slices.Equal(got, []string{s.alarm}) {
					b.Errorf("alarms %q", got)
				}
				b.wants()
				status, err := b.book.Status(b.Context())
				must(b.T, err)
				if (status.Lockers[0].Stopped != "") != s.stops {
					b.Errorf("%+v", status.Lockers)
				}
				other := chaintest.NewGuard(b, b.network, "l2", start)
				code := other.Store(chaintest.Barcode(5), 1, 72)
				b.take("l2", other.Upload())
				b.wants("stored sms +79161234567 " + code.Code)
			})
		})
	}
}

func TestCertificateUnderAnotherCharter(t *testing.T) {
	each(t, func(b *bench) {
		stranger, err := ceremony.NewDevelopment("test")
		must(b.T, err)
		b.pin(1, anna, "s1")
		for name, guard := range map[string]*chaintest.Guard{
			"strange roots": chaintest.NewGuard(b, stranger, "l1", start),
			"another id":    chaintest.NewGuard(b, b.network, "l9", start),
		} {
			guard.Store(chaintest.Barcode(1), 1, 72)
			if taken := b.take("l1", guard.Upload()); taken.Alarm != "certificate" || taken.Head != nil {
				b.Errorf("%s: %+v", name, taken)
			}
		}
		b.wants()
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload() // the true one is believed afterwards
		b.wants("stored sms +79161234567 " + code.Code)
	})
}

func TestWithheld(t *testing.T) {
	each(t, func(b *bench) {
		b.upload()
		b.guard.Does("", 1, journal.Faulted)
		hidden := b.guard.Upload()
		beat := func() { b.take("l1", b.guard.Upload()) }
		late := func() int {
			n, err := b.book.Withheld(b.Context(), b.now)
			must(b.T, err)
			return n
		}
		beat()
		b.pass(withheld - time.Second)
		beat()
		if late() != 0 {
			b.Fatal("too early")
		}
		b.pass(time.Second)
		if late() != 1 || late() != 0 {
			b.Fatal("want one alarm")
		}
		b.take("l1", hidden)
		b.pass(time.Hour)
		if late() != 0 {
			b.Fatal("alarm though the records came")
		}
	})
}

func TestReceipts(t *testing.T) {
	each(t, func(b *bench) {
		due := func(taken Taken) bool {
			b.Helper()
			ok, err := b.book.ReceiptDue(b.Context(), *taken.Head, taken.News, b.now)
			must(b.T, err)
			if ok {
				must(b.T, b.book.ReceiptSent(b.Context(), *taken.Head, b.now))
			}
			return ok
		}
		step := func(name string, pass time.Duration, want bool, kinds ...journal.Kind) {
			b.pass(pass)
			b.guard.Does("", 0, kinds...)
			if got := due(b.upload()); got != want {
				b.Errorf("%s: %v", name, got)
			}
		}
		step("first", 0, true)
		step("heartbeat", time.Minute, false)
		step("no news", time.Minute, false, journal.Took, journal.TimeSet, journal.Ticked, journal.Refused)
		step("news", time.Minute, true, journal.Faulted)
		step("news too soon", 59*time.Second, false, journal.Faulted)
		b.guard.Boot++
		step("boot", time.Second, true, journal.Booted)
		step("quarter of an hour", receiptEvery, true)
	})
}
