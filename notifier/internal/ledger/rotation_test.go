package ledger

import (
	"slices"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier/internal/chaintest"
)

// After a new charter with a new key of the notifier's: journals that began under the old one go on, new ones begin under
// either, and what was sealed to the old key still opens.
func TestCharterRotation(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		one := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		next := chaintest.Rotate(b, b.network)
		b.book = openBook(b.T, b.book.db, next, b.network)
		b.wants("stored sms +79161234567 " + one.Code) // both sealed to the old key

		b.guard.Follow(next)
		b.pinSealed(chaintest.Barcode(2), chaintest.SealContact(b, next, anna, chaintest.Barcode(2)), "s2")
		two := b.guard.Store(chaintest.Barcode(2), 2, 72) // sealed to the new one
		old := chaintest.NewGuard(b, b.network, "l2", start)
		b.pin(3, anna, "s3")
		three := old.Store(chaintest.Barcode(3), 1, 72)
		b.pin(4, anna, "s4")
		young := chaintest.NewGuard(b, next, "l3", start)
		four := young.Store(chaintest.Barcode(4), 1, 72)
		b.upload()
		b.take("l2", old.Upload())
		b.take("l3", young.Upload())
		b.wants("stored sms +79161234567 "+two.Code+" also "+one.Code, "stored sms +79161234567 "+three.Code, "stored sms +79161234567 "+four.Code)
		if got := b.alarms(); len(got) != 0 {
			b.Errorf("alarms %q", got)
		}
	})
}

// A charter that we do not know is no reason to believe anything, and a guard that follows one is an alarm.
func TestUnknownCharter(t *testing.T) {
	each(t, func(b *bench) {
		next := chaintest.Rotate(b, b.network)
		young := chaintest.NewGuard(b, next, "l3", start)
		if taken := b.take("l3", young.Upload()); taken.Alarm != "certificate" {
			b.Errorf("%+v", taken)
		}
		b.guard.Follow(next)
		b.upload()
		if got := b.alarms(); !slices.Equal(got, []string{"charter unknown", "certificate"}) {
			b.Errorf("alarms %q", got)
		}
	})
}

// Its charter is not among ours any more: the locker is not believed until somebody has looked.
func TestCharterForgotten(t *testing.T) {
	each(t, func(b *bench) {
		b.upload()
		stranger := chaintest.Rotate(b, b.network)
		stranger.Charter.Provisioning = b.network.Charter.Roots
		b.book = openBook(b.T, b.book.db, stranger)
		b.pinSealed(chaintest.Barcode(1), chaintest.SealContact(b, stranger, anna, chaintest.Barcode(1)), "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		if taken := b.upload(); taken.Head != nil {
			b.Errorf("%+v", taken)
		}
		b.wants()
	})
}

// W05: a recipient is erased. The notifier holds nothing more of them, what others may still hold opens for nobody once the key
// it was sealed to is dropped, and the journal verifies as before.
func TestErasure(t *testing.T) {
	each(t, func(b *bench) {
		barcode := chaintest.Barcode(1)
		backup := chaintest.SealContact(b, b.network, anna, barcode) // in a copy of the hub's database, say
		b.pinSealed(barcode, backup, "s1")
		b.guard.Store(barcode, 1, 72)
		b.upload()
		b.told()
		var kept journal.Stretch
		must(b.T, statement.Decode(b.feed[0].Stretch, &kept))
		records, _, err := journal.Chain(journal.Position{}, kept.Records)
		must(b.T, err)
		stored := records[len(records)-1]
		if _, err := b.book.openCode(stored.Sealed, "l1", stored.Number, barcode); err != nil {
			b.Fatal("the positive control does not open", err)
		}

		must(b.T, b.book.Forget(b.Context(), barcode, b.now))
		b.guard.Reissue(barcode, 1)
		b.upload()
		b.wants()
		n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM parcel p LEFT JOIN deposit d ON d.barcode = p.barcode
			WHERE p.barcode = $1 AND (p.contact IS NOT NULL OR p.tracking <> '' OR d.sealed IS NOT NULL)`, barcode)
		if err != nil || n != 0 {
			b.Errorf("%d rows hold something, %v", n, err)
		}
		b.book = openBook(b.T, b.book.db, chaintest.Rotate(b, b.network)) // and the old key dropped
		if _, err := b.book.openContact(backup, barcode); err == nil {
			b.Error("the contact still opens")
		}
		if _, err := b.book.openCode(stored.Sealed, "l1", stored.Number, barcode); err == nil {
			b.Error("the code still opens")
		}
		if _, _, err := kept.Verify(journal.Position{}, "l1", b.guard.Key()); err != nil {
			b.Errorf("the journal does not verify any more: %v", err)
		}
		if b.pinSealed(barcode, backup, "s1") {
			b.Error("the erased contact was pinned again")
		}
	})
}
