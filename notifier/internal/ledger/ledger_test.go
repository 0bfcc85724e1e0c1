package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/internal/channel"
	"lockstep/notifier/internal/text"
	"lockstep/notifier/migrations"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// start is Monday noon at the test lockers.
var start = time.Date(2026, 12, 7, 7, 0, 0, 0, time.UTC)

const (
	anna  = `{"phone":"+79161234567","language":"ru"}`
	boris = `{"phone":"+79990000000","email":"boris@example.org","language":"en"}`
)

// bench is a ledger with one locker's guard, and a feed between them.
type bench struct {
	*testing.T
	network *ceremony.Development
	book    *Ledger
	guard   *chaintest.Guard
	now     time.Time
	open    []channel.Name
	cursor  int64
	feed    []Upload
}

func each(t *testing.T, test func(b *bench)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		network, err := ceremony.NewDevelopment("test")
		must(t, err)
		book, err := Open(t.Context(), d, network.Charter, network.SealKey)
		must(t, err)
		test(&bench{T: t, network: network, book: book, guard: chaintest.NewGuard(t, network, "l1", start), now: start,
			open: []channel.Name{channel.ByMail, channel.BySMS}})
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) pass(d time.Duration) { b.now = b.now.Add(d); b.guard.Now = b.now }

func (b *bench) pin(n int, contact, shipment string) bool {
	b.Helper()
	barcode := chaintest.Barcode(n)
	return b.pinSealed(barcode, chaintest.SealContact(b, b.network, contact, barcode), shipment)
}

func (b *bench) pinSealed(barcode string, sealed []byte, shipment string) bool {
	b.Helper()
	pinned, err := b.book.Pin(b.Context(), Announced{Barcode: barcode, Sealed: sealed, Merchant: "m", Shipment: shipment, Tracking: "https://hub/t/" + barcode}, b.now)
	must(b.T, err)
	return pinned
}

// upload takes what the guard has written through the feed.
func (b *bench) upload() Taken {
	b.Helper()
	return b.take(b.guard.ID, b.guard.Upload())
}

func (b *bench) take(locker string, stretch []byte) Taken {
	b.Helper()
	b.cursor++
	u := Upload{b.cursor, locker, stretch}
	b.feed = append(b.feed, u)
	taken, err := b.book.Take(b.Context(), u, b.now)
	must(b.T, err)
	return taken
}

// told sends everything that is due and says what it was: "kind channel address code…".
func (b *bench) told() []string {
	b.Helper()
	_, err := b.book.Plan(b.Context(), b.open, b.now)
	must(b.T, err)
	due, err := b.book.Due(b.Context(), b.now, 100)
	must(b.T, err)
	var all []string
	for _, d := range due {
		t, err := b.book.Read(b.Context(), d, b.now)
		if errors.Is(err, ErrPointless) {
			must(b.T, b.book.Drop(b.Context(), d, b.now))
			continue
		}
		must(b.T, err)
		line := fmt.Sprintf("%s %s %s", d.Kind, d.Channel, string(t.To))
		for _, p := range t.Facts.Parcels {
			line += " " + p.Code
		}
		all = append(all, strings.TrimSpace(line))
		must(b.T, b.book.Sent(b.Context(), d, b.now))
	}
	slices.Sort(all)
	return all
}

func (b *bench) wants(want ...string) {
	b.Helper()
	slices.Sort(want)
	if got := b.told(); !slices.Equal(got, want) {
		b.Fatalf("\ntold %q\nwant %q", got, want)
	}
}

func (b *bench) alarms() (kinds []string) {
	b.Helper()
	alarms, err := b.book.Alarms(b.Context(), 100)
	must(b.T, err)
	for _, a := range alarms {
		kinds = append(kinds, a.Kind)
	}
	return kinds
}

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

func TestPinning(t *testing.T) {
	each(t, func(b *bench) {
		barcode := chaintest.Barcode(1)
		sealed := chaintest.SealContact(b, b.network, anna, barcode)
		if !b.pinSealed(barcode, sealed, "s1") || !b.pinSealed(barcode, sealed, "s1") || !b.pin(1, anna, "s1") {
			b.Fatal("the same contact again was refused")
		}
		if len(b.alarms()) != 0 {
			b.Fatal(b.alarms())
		}
		for name, refused := range map[string]bool{
			"another contact":             b.pin(1, boris, "s1"),
			"another parcel's contact":    b.pinSealed(chaintest.Barcode(2), sealed, "s1"),
			"not a contact":               b.pin(3, `{"language":"ru"}`, "s1"),
			"an impossible phone":         b.pin(3, `{"phone":"+7916","language":"ru"}`, "s1"),
			"no barcode of ours":          b.pinSealed("123", sealed, "s1"),
			"an envelope of random bytes": b.pinSealed(chaintest.Barcode(4), []byte("xxxx"), "s1"),
		} {
			if refused {
				b.Errorf("%s was taken", name)
			}
		}
		if got := b.alarms(); len(got) != 6 {
			b.Errorf("alarms %q", got)
		}
		code := b.guard.Store(barcode, 1, 72)
		b.guard.Store(chaintest.Barcode(2), 2, 72)
		b.upload()
		b.wants("stored sms +79161234567 " + code.Code) // to whom it was pinned first, and to nobody else
	})
}

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
		reopened, err := Open(b.Context(), b.book.db, b.network.Charter, b.network.SealKey)
		must(b.T, err)
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

// What each course of events at a door tells the recipient, in order.
func TestStories(t *testing.T) {
	crash := func(k journal.Kind) journal.Record {
		return journal.Record{Kind: k, Compartment: 1, Parcel: chaintest.Barcode(1), Reason: "crash"}
	}
	jam := func(k journal.Kind) journal.Record {
		return journal.Record{Kind: k, Compartment: 1, Parcel: chaintest.Barcode(1), Reason: "jam"}
	}
	does := func(k journal.Kind) journal.Record {
		return journal.Record{Kind: k, Compartment: 1, Parcel: chaintest.Barcode(1)}
	}
	for name, s := range map[string]struct {
		records []journal.Record
		tells   []string // without the reminders, which are told three days later where nothing forbids
		reminds bool
	}{
		"collected":                    {[]journal.Record{does(journal.CollectIntent), does(journal.Opened), does(journal.Collected)}, []string{"collected"}, false},
		"collected, grace, collected":  {[]journal.Record{does(journal.CollectIntent), does(journal.Collected), does(journal.CollectIntent), does(journal.Collected)}, []string{"collected"}, false},
		"jammed":                       {[]journal.Record{does(journal.CollectIntent), jam(journal.CollectFailed)}, nil, true},
		"crashed while collecting":     {[]journal.Record{does(journal.CollectIntent), crash(journal.CollectFailed)}, nil, false},
		"opened, closing not seen":     {[]journal.Record{does(journal.CollectIntent), does(journal.Opened)}, nil, false},
		"overdue":                      {[]journal.Record{does(journal.Overdue)}, nil, false},
		"withdrawn":                    {[]journal.Record{does(journal.WithdrawIntent), does(journal.Opened), does(journal.Withdrawn)}, []string{"withdrawn"}, false},
		"withdrawal jammed":            {[]journal.Record{does(journal.WithdrawIntent), jam(journal.WithdrawFailed)}, nil, true},
		"withdrawal opened, then gone": {[]journal.Record{does(journal.WithdrawIntent), does(journal.Opened), jam(journal.WithdrawFailed)}, []string{"staff"}, true},
		"left open":                    {[]journal.Record{does(journal.CollectIntent), does(journal.Opened), does(journal.Quarantined)}, []string{"unsure"}, false},
		"came open, courier took it":   {[]journal.Record{does(journal.Quarantined), does(journal.ReopenIntent), does(journal.Opened), does(journal.TakenOut)}, []string{"cleared", "unsure"}, false},
		"came open, courier looked":    {[]journal.Record{does(journal.Quarantined), does(journal.ReopenIntent), does(journal.Opened), crash(journal.ReopenFailed)}, []string{"staff", "unsure"}, false},
		"another door":                 {[]journal.Record{{Kind: journal.CollectIntent, Compartment: 2}, {Kind: journal.Collected, Compartment: 2}}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				b.pin(1, anna, "s1")
				b.guard.Store(chaintest.Barcode(1), 1, 72)
				b.upload()
				b.told()
				for _, r := range s.records {
					b.guard.Add(r)
				}
				b.upload()
				var want []string
				for _, kind := range s.tells {
					want = append(want, kind+" sms +79161234567")
				}
				b.wants(want...)
				b.pass(50 * time.Hour)
				if got := len(b.told()); (got == 1) != s.reminds {
					b.Errorf("%d reminders", got)
				}
			})
		})
	}
}

// A courier who puts a quarantined parcel in anew gives it a new code; the old one is erased.
func TestStoredAgain(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.guard.Does(chaintest.Barcode(1), 1, journal.Quarantined, journal.ReopenIntent, journal.Opened)
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.wants("unsure sms +79161234567", "staff sms +79161234567", "stored sms +79161234567 "+code.Code)
		n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM deposit WHERE sealed IS NOT NULL`)
		if err != nil || n != 1 {
			b.Errorf("%d codes kept, %v", n, err)
		}
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

func TestOneMessageForOneShipment(t *testing.T) {
	each(t, func(b *bench) {
		for n := range 3 {
			b.pin(n+1, anna, "s1")
		}
		b.pin(4, anna, "s2")
		one, two := b.guard.Store(chaintest.Barcode(1), 1, 72), b.guard.Store(chaintest.Barcode(2), 2, 72)
		b.upload()
		b.wants() // the third may follow
		other := b.guard.Store(chaintest.Barcode(4), 4, 72)
		b.upload()
		b.wants("stored sms +79161234567 " + other.Code)
		three := b.guard.Store(chaintest.Barcode(3), 3, 72)
		b.upload()
		b.wants("stored sms +79161234567 " + one.Code + " " + two.Code + " " + three.Code)
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

func TestPersonalDataExpires(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.pin(2, anna, "s2")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		kept := func() int64 {
			n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM parcel WHERE contact IS NOT NULL`)
			must(b.T, err)
			return n
		}
		expire := func() {
			_, err := b.book.Expire(b.Context(), 30*24*time.Hour, b.now)
			must(b.T, err)
		}
		b.pass(100 * 24 * time.Hour)
		expire()
		if kept() != 2 {
			b.Fatal("erased while in the locker, or before its deposit")
		}
		b.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Collected)
		b.upload()
		b.told()
		b.pass(29 * 24 * time.Hour)
		expire()
		if kept() != 2 {
			b.Fatal("erased too early")
		}
		b.pass(2 * 24 * time.Hour)
		expire()
		if kept() != 1 {
			b.Fatal("not erased")
		}
		b.pass(180 * 24 * time.Hour)
		expire()
		if kept() != 0 {
			b.Fatal("a contact that no parcel ever followed is kept")
		}
		if b.pin(1, boris, "s1") {
			b.Fatal("a new contact for an erased parcel was taken")
		}
	})
}

// What is told and over does not stay for ever; what is not over does.
func TestPurge(t *testing.T) {
	each(t, func(b *bench) {
		for n := range 2 {
			b.pin(n+1, anna, fmt.Sprint("s", n))
			b.guard.Store(chaintest.Barcode(n+1), uint16(n+1), 72)
		}
		b.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Collected)
		b.upload()
		b.told()
		b.pass(keepHistory + 100*time.Hour)
		must(b.T, b.book.Purge(b.Context(), b.now))
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM deposit`: 1, `SELECT COUNT(*) FROM parcel`: 2, `SELECT COUNT(*) FROM delivery`: 0,
			`SELECT COUNT(*) FROM notice WHERE deposit IN (SELECT record FROM deposit)`: 3, `SELECT COUNT(*) FROM notice`: 3,
		} {
			if n, err := count(b.Context(), b.book.db.Reads(), query); err != nil || n != want {
				b.Errorf("%s: %d, want %d, %v", query, n, want, err)
			}
		}
		must(b.T, b.book.FollowAgain(b.Context(), "l1"))
		for _, u := range b.feed {
			if _, err := b.book.Take(b.Context(), u, b.now); err != nil {
				b.Fatal(err)
			}
		}
		if got := b.told(); len(got) != 0 {
			b.Errorf("told again: %q", got)
		}
	})
}

func TestForget(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		_, err := b.book.Plan(b.Context(), b.open, b.now)
		must(b.T, err)
		must(b.T, b.book.Forget(b.Context(), chaintest.Barcode(1), b.now))
		b.wants()
		b.pass(50 * time.Hour)
		b.wants()
		if err := b.book.Forget(b.Context(), chaintest.Barcode(9), b.now); fault.KindOf(err) != fault.NotFound {
			b.Error(err)
		}
		n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM audit WHERE act = 'forgotten on demand' AND barcode = $1`, chaintest.Barcode(1))
		if err != nil || n != 1 {
			b.Errorf("%d audit lines, %v", n, err)
		}
	})
}

func TestWrongKeyIsRefused(t *testing.T) {
	each(t, func(b *bench) {
		private, _, err := statement.NewSealKey()
		must(b.T, err)
		if _, err := Open(b.Context(), b.book.db, b.network.Charter, private); err == nil {
			b.Error("a key that opens nothing was taken")
		}
	})
}

func TestNothingPersonalPrints(t *testing.T) {
	telling := Telling{To: "+79161234567", Facts: text.Facts{Parcels: []text.Parcel{{Code: "123456789"}}}, Codes: []statement.SealedCode{{Code: "123456789"}}}
	to := recipient{addresses: map[channel.Name]channel.Address{channel.BySMS: "+79161234567"}}
	s := fmt.Sprintf("%v %+v %#v %v %+v %#v", telling, telling, telling, to, to, to)
	if strings.Contains(s, "7916") || strings.Contains(s, "123456") {
		t.Error(s)
	}
}
