package ledger

import (
	"testing"

	"lockstep/guard/journal"
	"lockstep/internal/fault"
	"lockstep/notifier/internal/chaintest"
)

// More time may be asked for by whoever has the code that opens now, where the merchant lets recipients ask.
func TestWishesForMoreTime(t *testing.T) {
	each(t, func(b *bench) {
		barcode, closed := chaintest.Barcode(1), chaintest.Barcode(2)
		_, err := b.book.Pin(b.Context(), Announced{Barcode: barcode, Sealed: chaintest.SealContact(b, b.network, anna, barcode), Merchant: "m", Shipment: "s1", MoreTime: true}, b.now)
		must(b.T, err)
		b.pin(2, boris, "s2")
		may := func(barcode string, secret [16]byte) bool {
			wish := WishOf(secret)
			err := b.book.MayWish(b.Context(), barcode, wish[:])
			if err != nil && fault.KindOf(err) != fault.NotFound {
				b.Error(err)
			}
			return err == nil
		}
		if may(barcode, [16]byte{}) {
			b.Error("before the deposit")
		}
		code, other := b.guard.Store(barcode, 1, 72), b.guard.Store(closed, 2, 72)
		b.upload()
		for what, got := range map[string]bool{"another's code": may(barcode, other.Secret), "a merchant who lets nobody ask": may(closed, other.Secret),
			"no barcode": may("\x00", code.Secret), "an unknown barcode": may(chaintest.Barcode(3), code.Secret)} {
			if got {
				b.Error(what)
			}
		}
		if !may(barcode, code.Secret) {
			b.Error("the right code is refused")
		}
		must(b.T, b.book.Wished(b.Context(), barcode, b.now))
		again := b.guard.Reissue(barcode, 1)
		b.upload()
		if may(barcode, code.Secret) || !may(barcode, again.Secret) {
			b.Error("after a new code")
		}
		b.guard.Does(barcode, 1, journal.CollectIntent, journal.Collected)
		b.upload()
		if may(barcode, again.Secret) {
			b.Error("after the collection")
		}
	})
}
