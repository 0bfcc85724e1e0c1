package ledger

import (
	"slices"
	"testing"
	"time"

	"lockstep/notifier/internal/chaintest"
)

// A crash between handing over and marking sends again, under the same id; a message that is marked never goes again.
func TestCrashBetweenSendAndMark(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		_, err := b.book.Plan(b.Context(), b.open, b.now)
		must(b.T, err)
		first, err := b.book.Due(b.Context(), b.now, 10)
		must(b.T, err)
		reopened := openBook(b.T, b.book.db, b.network)
		second, err := reopened.Due(b.Context(), b.now, 10)
		must(b.T, err)
		if len(first) != 1 || !slices.Equal(first, second) {
			b.Fatalf("%v, then %v", first, second)
		}
		must(b.T, reopened.Sent(b.Context(), first[0], b.now))
		b.wants()
	})
}

func TestRetry(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		_, err := b.book.Plan(b.Context(), b.open, b.now)
		must(b.T, err)
		due := func() []Delivery {
			d, err := b.book.Due(b.Context(), b.now, 10)
			must(b.T, err)
			return d
		}
		must(b.T, b.book.Failed(b.Context(), due()[0], "sms: not taken, status 503", false, b.now))
		if len(due()) != 0 {
			b.Fatal("no pause after a failure")
		}
		b.pass(firstRetry)
		must(b.T, b.book.Failed(b.Context(), due()[0], "sms: not taken, status 503", false, b.now))
		b.pass(firstRetry)
		if len(due()) != 0 {
			b.Fatal("the pause does not grow")
		}
		b.pass(firstRetry)
		must(b.T, b.book.Failed(b.Context(), due()[0], "sms: refused with 422", true, b.now))
		b.pass(48 * time.Hour)
		if len(due()) != 0 || !slices.Equal(b.alarms(), []string{"undeliverable"}) {
			b.Fatalf("%v, alarms %q", due(), b.alarms())
		}
	})
}
