package ledger

import (
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/internal/fault"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/internal/channel"
)

func TestCodeGoesToThePinnedContact(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, boris, "s1")
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		if taken := b.upload(); !taken.News || taken.Head == nil || taken.Alarm != "" {
			b.Fatalf("%+v", taken)
		}
		b.wants("stored mail boris@example.org "+code.Code, "stored sms +79990000000 "+code.Code)
		b.wants()
	})
}

// A channel that is not there is not tried where another is.
func TestOpenChannels(t *testing.T) {
	each(t, func(b *bench) {
		b.open = []channel.Name{channel.ByMail}
		b.pin(1, boris, "s1")
		b.pin(2, anna, "s2")
		one, two := b.guard.Store(chaintest.Barcode(1), 1, 72), b.guard.Store(chaintest.Barcode(2), 2, 72)
		b.upload()
		b.wants("stored mail boris@example.org "+one.Code, "stored sms +79161234567 "+two.Code)
	})
}

func TestContactAfterTheRecord(t *testing.T) {
	each(t, func(b *bench) {
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.wants()
		b.pass(time.Hour)
		b.pin(1, anna, "s1")
		b.wants("stored sms +79161234567 " + code.Code)
	})
}

func TestReminders(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		code := b.guard.Store(chaintest.Barcode(1), 1, 72) // due Thursday noon
		b.upload()
		b.told()
		b.pass(47 * time.Hour)
		b.wants()
		b.pass(time.Hour) // Wednesday noon
		b.wants("reminder sms +79161234567 " + code.Code)
		b.pass(20 * time.Hour)
		b.wants()
		b.pass(time.Hour) // Thursday 9:00
		b.wants("last sms +79161234567 " + code.Code)
		b.pass(240 * time.Hour)
		b.wants()
	})
}

// A notifier that was down does not catch up on reminders that the next one overtook.
func TestLateReminders(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.pass(70 * time.Hour)
		b.wants("last sms +79161234567 " + code.Code)
	})
}

func TestOneMessageDoesNotWaitForEver(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.pin(2, anna, "s1")
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.wants()
		b.pass(togetherFor)
		b.wants("stored sms +79161234567 " + code.Code)
	})
}

// A shipment whose parcels have different contacts never mixes them.
func TestContactsOfOneShipmentAreNotMixed(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.pin(2, boris, "s1")
		one, two := b.guard.Store(chaintest.Barcode(1), 1, 72), b.guard.Store(chaintest.Barcode(2), 2, 72)
		b.upload()
		b.wants("stored sms +79161234567 "+one.Code, "stored sms +79990000000 "+two.Code, "stored mail boris@example.org "+two.Code)
	})
}

// Collected before anybody could be told of the code: the code is not sent any more, the collection is.
func TestLateForTheCode(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Collected)
		b.upload()
		b.wants("collected sms +79161234567")
	})
}

// The same code once more, to the pinned contact, and not again at once.
func TestResend(t *testing.T) {
	each(t, func(b *bench) {
		barcode := chaintest.Barcode(1)
		b.pin(1, anna, "s1")
		resend := func() string {
			code, _ := fault.Public(b.book.Resend(b.Context(), barcode, b.now))
			return code
		}
		if got := resend(); got != "not_waiting" {
			b.Error(got)
		}
		code := b.guard.Store(barcode, 1, 240)
		b.upload()
		b.told()
		must(b.T, b.book.Resend(b.Context(), barcode, b.now))
		b.wants("stored sms +79161234567 " + code.Code)
		if got := resend(); got != "too_soon" {
			b.Error(got)
		}
		b.pass(resendPause)
		must(b.T, b.book.Resend(b.Context(), barcode, b.now))
		b.wants("stored sms +79161234567 " + code.Code)
		b.pass(resendPause)
		must(b.T, b.book.Forget(b.Context(), barcode, b.now))
		if got := resend(); got != "no_contact" {
			b.Error(got)
		}
	})
}
