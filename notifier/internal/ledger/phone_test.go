package ledger

import (
	"testing"
	"time"

	"lockstep/internal/fault"
	"lockstep/notifier/internal/chaintest"
)

func TestOfPhone(t *testing.T) {
	each(t, func(b *bench) {
		t := b.T
		b.pin(1, clara, "s1")
		b.pin(2, `{"phone":"+7 916 123-45-67","language":"en"}`, "s2")
		b.pin(3, `{"phone":"+79990000042","language":"ru"}`, "s3")
		b.pin(4, `{"email":"dora@example.org","language":"ru"}`, "s4")
		ctx := t.Context()
		if _, err := b.book.OfPhone(ctx, "+79161234567", b.now); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("before anything is read: %v", err)
		}
		if err := b.book.ReadPhones(ctx); err != nil {
			t.Fatal(err)
		}
		find := func(phone string) []string {
			t.Helper()
			found, err := b.book.OfPhone(ctx, phone, b.now)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if got := find("+7 916 123 45 67"); len(got) != 2 {
			t.Errorf("one person's two parcels: %v", got)
		}
		if got := find("+79161234568"); len(got) != 0 {
			t.Errorf("another number: %v", got)
		}
		b.pin(5, clara, "s5") // after the first reading
		if got := find("+79161234567"); len(got) != 3 || got[0] != chaintest.Barcode(5) {
			t.Errorf("with one more: %v", got)
		}
		if err := b.book.Forget(ctx, chaintest.Barcode(1), b.now); err != nil {
			t.Fatal(err)
		}
		if got := find("+79161234567"); len(got) != 2 {
			t.Errorf("one is forgotten: %v", got)
		}
		for _, wrong := range []string{"", "916", "+7916", "Clara", "%"} {
			if _, err := b.book.OfPhone(ctx, wrong, b.now); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		if got := find("+79990000042"); len(got) != 1 {
			t.Errorf("another person: %v", got)
		}
		b.pass(31 * 24 * time.Hour)
		if got := find("+79990000042"); len(got) != 0 {
			t.Errorf("long after, and never in a locker: %v", got)
		}
	})
}
