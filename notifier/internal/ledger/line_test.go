package ledger

import (
	"testing"
	"time"

	"lockstep/notifier/internal/chaintest"
)

func TestLockerOutOfContact(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		code := b.guard.Store(chaintest.Barcode(1), 1, 240)
		b.upload()
		b.told()
		lost := b.now
		see := func(line string, since time.Time) {
			b.Helper()
			must(b.T, b.book.See(b.Context(), []Seen{{"l1", "Lenina 5", "Lenina, 5", line, since.UnixMicro()}}, b.now))
		}
		offline := func(d time.Duration) {
			for ; d > 0; d -= 5 * time.Minute {
				b.pass(5 * time.Minute)
				see("offline", lost)
			}
		}
		offline(6 * time.Hour)
		b.wants()
		offline(5 * time.Minute)
		offline(time.Hour)
		b.wants("dark sms +79161234567")
		see("online", b.now)
		see("online", b.now)
		b.wants("back sms +79161234567 " + code.Code)
		b.pass(24 * time.Hour)
		see("online", b.now)
		b.wants()
	})
}

// A hub, or a notifier, that comes back after a day finds every locker offline at first: nobody is told.
func TestHubThatWasDownItself(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 240)
		b.upload()
		b.told()
		lost := b.now
		for range 3 {
			b.pass(24 * time.Hour)
			must(b.T, b.book.See(b.Context(), []Seen{{"l1", "Lenina 5", "Lenina, 5", "offline", lost.UnixMicro()}}, b.now))
		}
		b.wants()
	})
}
