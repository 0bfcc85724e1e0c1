package ledger

import (
	"slices"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier/internal/chaintest"
)

// A new code goes to the contact that was pinned, once; reminders show it and not the dead one.
func TestReissue(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		code := b.guard.Reissue(chaintest.Barcode(1), 1)
		b.upload()
		b.wants("reissued sms +79161234567 " + code.Code)
		b.pass(48 * time.Hour)
		b.wants("reminder sms +79161234567 " + code.Code)
	})
}

// A deposit whose code the guard could not seal is told once there is a code that opens.
func TestReissueOfWhatWasNeverSealed(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Add(journal.Record{Kind: journal.Stored, Compartment: 1, Parcel: chaintest.Barcode(1), Dwell: 72})
		b.upload()
		b.wants()
		code := b.guard.Reissue(chaintest.Barcode(1), 1)
		b.upload()
		b.wants("reissued sms +79161234567 " + code.Code)
	})
}

// Of two new codes at once only the living one is told.
func TestReissuedTwice(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.guard.Reissue(chaintest.Barcode(1), 1)
		code := b.guard.Reissue(chaintest.Barcode(1), 1)
		b.upload()
		b.wants("reissued sms +79161234567 " + code.Code)
	})
}

// A fourth new code is not sent, nor is the dead third one ever again.
func TestTooManyReissues(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		for range maxReissues {
			code := b.guard.Reissue(chaintest.Barcode(1), 1)
			b.upload()
			b.wants("reissued sms +79161234567 " + code.Code)
		}
		b.guard.Reissue(chaintest.Barcode(1), 1)
		b.upload()
		b.wants()
		if got := b.alarms(); !slices.Equal(got, []string{"too many codes"}) {
			b.Errorf("alarms %q", got)
		}
		b.pass(50 * time.Hour)
		b.wants()
	})
}

// A code that is sealed for another record does not open, however it came into this one.
func TestCodeOfAnotherRecord(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		fork := b.guard.Fork()
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		fork.Store(chaintest.Barcode(1), 1, 72)
		fork.Reissue(chaintest.Barcode(1), 1)
		stolen := lastSealed(b, fork.Upload())
		b.guard.Does("", 2, journal.Faulted)
		b.guard.Add(journal.Record{Kind: journal.Reissued, Compartment: 1, Parcel: chaintest.Barcode(1), Sealed: stolen})
		b.upload()
		_, err := b.book.Plan(b.Context(), b.open, b.now)
		must(b.T, err)
		due, err := b.book.Due(b.Context(), b.now, 10)
		must(b.T, err)
		if len(due) != 1 {
			b.Fatalf("%d deliveries", len(due))
		}
		if _, err := b.book.Read(b.Context(), due[0], b.now); err != ErrUnreadable {
			b.Errorf("it opened: %v", err)
		}
	})
}

// More time: the new date is told, and the reminders are those of the new date.
func TestExtended(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.pass(47 * time.Hour) // an hour before the first reminder
		due := start.Add(120 * time.Hour)
		b.guard.Add(journal.Record{Kind: journal.Extended, Compartment: 1, Parcel: chaintest.Barcode(1), Dwell: 120, Due: due.UnixMicro()})
		b.upload()
		b.wants("extended sms +79161234567")
		b.pass(47 * time.Hour)
		b.wants()
		b.pass(2 * time.Hour)
		b.wants("reminder sms +79161234567 " + code.Code)
		b.pass(21 * time.Hour)
		b.wants("last sms +79161234567 " + code.Code)
	})
}

// A reminder that was on its way when the deadline moved is not sent.
func TestReminderOvertaken(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.pass(48 * time.Hour)
		_, err := b.book.Plan(b.Context(), b.open, b.now)
		must(b.T, err)
		b.guard.Add(journal.Record{Kind: journal.Extended, Compartment: 1, Parcel: chaintest.Barcode(1), Dwell: 240, Due: start.Add(240 * time.Hour).UnixMicro()})
		b.upload()
		b.wants("extended sms +79161234567")
	})
}

// Everybody with a parcel inside hears of a lockdown once, and of its end; who comes in between hears of both too.
func TestLockdown(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.pin(2, boris, "s2")
		b.open = b.open[1:] // SMS
		one := b.guard.Store(chaintest.Barcode(1), 1, 240)
		b.upload()
		b.told()
		b.guard.Add(journal.Record{Kind: journal.Lockdown, Reason: "a second uncommanded door", Compartment: 4})
		b.upload()
		b.wants("locked sms +79161234567")
		two := b.guard.Store(chaintest.Barcode(2), 2, 240)
		b.upload()
		b.wants("locked sms +79990000000", "stored sms +79990000000 "+two.Code)
		b.guard.Add(journal.Record{Kind: journal.Lifted, Reason: "a second uncommanded door"})
		b.upload()
		b.wants("unlocked sms +79161234567 "+one.Code, "unlocked sms +79990000000 "+two.Code)
	})
}

// A lockdown that was lifted before anybody could be told of it is no news.
func TestLockdownThatIsOver(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.guard.Add(journal.Record{Kind: journal.Lockdown, Reason: "a foreign address on the bus"})
		b.guard.Add(journal.Record{Kind: journal.Lifted})
		b.upload()
		b.wants()
	})
}

// lastSealed is the sealed code in the last record of an upload.
func lastSealed(b *bench, upload []byte) []byte {
	b.Helper()
	var s journal.Stretch
	must(b.T, statement.Decode(upload, &s))
	r, err := journal.Decode(s.Records[len(s.Records)-1])
	must(b.T, err)
	return r.Sealed
}
