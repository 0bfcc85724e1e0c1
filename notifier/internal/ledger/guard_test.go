package ledger

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/migrations"
)

// replace provisions another guard for the locker; what the one before still has to upload stays with it.
func (b *bench) replace() (old *chaintest.Guard) {
	b.Helper()
	old, b.guard = b.guard, chaintest.NewGuard(b, b.network, "l1", b.now)
	return old
}

// kept is how many sealed codes there are.
func (b *bench) kept() int64 {
	b.Helper()
	n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM deposit WHERE sealed IS NOT NULL`)
	must(b.T, err)
	return n
}

// A dead guard is replaced: whose parcel it held is told once, its codes are gone, and the next guard's journal is followed from
// its first record, though its records have the numbers of the former's.
func TestGuardReplaced(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.pin(2, boris, "s2")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.guard.Store(chaintest.Barcode(2), 2, 72)
		b.guard.Add(journal.Record{Kind: journal.Lockdown})
		must(b.T, b.book.ReceiptSent(b.Context(), *b.upload().Head, b.now))
		b.told()

		b.replace()
		taken := b.upload()
		if !taken.Replaced || taken.Head == nil || taken.Head.Position != 1 || taken.Alarm != "" {
			b.Fatalf("%+v", taken)
		}
		if got := b.alarms(); !slices.Equal(got, []string{"guard replaced"}) {
			b.Errorf("alarms %q", got)
		}
		if due, err := b.book.ReceiptDue(b.Context(), *taken.Head, taken.News, b.now); err != nil || !due {
			b.Errorf("the next guard gets no receipt: %v", err)
		}
		b.wants("repaired mail boris@example.org", "repaired sms +79161234567", "repaired sms +79990000000")
		if b.kept() != 0 {
			b.Error("a dead code is kept")
		}
		if err := b.book.Resend(b.Context(), chaintest.Barcode(1), b.now); fault.KindOf(err) != fault.NotFound {
			b.Errorf("sent again: %v", err)
		}
		b.pass(71 * time.Hour)
		b.wants() // no reminder

		code := b.guard.Store(chaintest.Barcode(2), 1, 72) // in the record that was Anna's with the guard before
		if taken := b.upload(); taken.Replaced || taken.Alarm != "" {
			b.Errorf("%+v", taken)
		}
		b.wants("stored mail boris@example.org "+code.Code, "stored sms +79990000000 "+code.Code) // and no lockdown: that was the former guard's
		elsewhere := chaintest.NewGuard(b, b.network, "l2", b.now)
		code = elsewhere.Store(chaintest.Barcode(1), 2, 72)
		b.take("l2", elsewhere.Upload())
		b.wants("stored sms +79161234567 " + code.Code)
		b.guard.Does(chaintest.Barcode(2), 1, journal.CollectIntent, journal.Opened, journal.Collected)
		b.upload()
		b.wants("collected mail boris@example.org", "collected sms +79990000000")
		status, err := b.book.Status(b.Context())
		must(b.T, err)
		if l := status.Lockers[0]; l.Guard != 2 || l.Position != 6 || l.Stopped != "" || l.Lockdown != 0 {
			b.Errorf("%+v", l)
		}
	})
}

// History is purged guard by guard: a stay of the next one's, under the same record, stays with its notice until its contact comes.
func TestPurgedAfterReplacement(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.replace()
		code := b.guard.Store(chaintest.Barcode(2), 1, 0)
		b.upload()
		b.told()
		b.pass(keepHistory + 100*time.Hour)
		must(b.T, b.book.Purge(b.Context(), b.now))
		b.pin(2, anna, "s2")
		b.wants("stored sms +79161234567 " + code.Code)
		if n, err := count(b.Context(), b.book.db.Reads(), `SELECT COUNT(*) FROM deposit`); err != nil || n != 1 {
			b.Errorf("%d stays, %v", n, err)
		}
	})
}

// What a former guard had signed is known when it is shown again; anything else of it is an alarm, and none of it is believed or
// keeps the next guard from being followed.
func TestFormerGuard(t *testing.T) {
	for name, s := range map[string]struct {
		lie   func(b *bench, old, fork *chaintest.Guard) []byte
		alarm string
	}{
		"goes on": {func(b *bench, old, _ *chaintest.Guard) []byte {
			old.Store(chaintest.Barcode(2), 2, 72)
			return old.Upload()
		}, "former guard"},
		"speaks of more": {func(b *bench, old, _ *chaintest.Guard) []byte {
			old.Does("", 2, journal.Faulted)
			old.Upload()
			return old.Upload()
		}, "former guard"},
		"forks": {func(b *bench, _, fork *chaintest.Guard) []byte {
			fork.Runs(time.Hour)
			fork.Does(chaintest.Barcode(1), 1, journal.Collected, journal.Ticked)
			return fork.Upload()
		}, "former guard"},
		"rolled back": {func(b *bench, _, fork *chaintest.Guard) []byte {
			fork.Runs(time.Hour)
			return fork.Upload()
		}, "former guard"},
		"begins anew": {func(b *bench, old, _ *chaintest.Guard) []byte {
			again := old.Again("l1")
			again.Store(chaintest.Barcode(2), 2, 72)
			again.Does("", 2, journal.Faulted, journal.Faulted, journal.Faulted)
			return again.Upload()
		}, "former guard"},
		"begins anew elsewhere": {func(b *bench, old, _ *chaintest.Guard) []byte {
			return old.Again("l2").Upload()
		}, "certificate"},
		"still runs": {func(b *bench, old, _ *chaintest.Guard) []byte { return old.Upload() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				b.pin(1, anna, "s1")
				b.pin(2, anna, "s2")
				b.guard.Store(chaintest.Barcode(1), 1, 72)
				b.upload()
				fork := b.guard.Fork()
				b.guard.Does("", 2, journal.Faulted)
				b.upload()
				old := b.replace()
				b.upload()
				b.told()
				locker := "l1"
				if name == "begins anew elsewhere" {
					locker = "l2"
				}
				lie := s.lie(b, old, fork)
				for range 2 {
					if taken := b.take(locker, lie); taken.Head != nil || taken.Alarm != s.alarm || taken.Replaced {
						b.Fatalf("%+v", taken)
					}
				}
				want := []string{s.alarm, "guard replaced"}
				if s.alarm == "" {
					want = want[1:]
				}
				if got := b.alarms(); !slices.Equal(got, want) {
					b.Errorf("alarms %q", got)
				}
				b.wants()
				code := b.guard.Store(chaintest.Barcode(2), 2, 72)
				b.upload()
				b.wants("stored sms +79161234567 " + code.Code)
			})
		})
	}
}

// The feed is read from its start again, in any order, across a replacement: nothing is told or alarmed again.
func TestReplayAcrossReplacement(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.upload() // a heartbeat
		b.replace()
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.replace()
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		before := b.alarms()
		must(b.T, b.book.FollowAgain(b.Context(), "l1"))
		for _, u := range slices.Concat(b.feed, b.feed[2:], b.feed[:2]) {
			if taken, err := b.book.Take(b.Context(), u, b.now); err != nil || taken.Head != nil || taken.Alarm != "" || taken.Replaced {
				b.Fatalf("%+v, %v", taken, err)
			}
		}
		b.wants()
		if got := b.alarms(); !slices.Equal(got, before) || len(got) != 2 {
			b.Errorf("alarms %q, before %q", got, before)
		}
		if b.kept() != 1 {
			b.Error("want the last guard's code only")
		}
	})
}

// What does not prove that two provisioning persons made another guard this locker's changes nothing: the guard that is followed is
// followed on.
func TestReplacementNotProved(t *testing.T) {
	one := func(n *ceremony.Development) *ceremony.Development {
		alone := *n
		alone.Provisioning = alone.Provisioning[:1]
		return &alone
	}
	for name, next := range map[string]func(b *bench, neighbour *chaintest.Guard) *chaintest.Guard{
		"one person": func(b *bench, _ *chaintest.Guard) *chaintest.Guard {
			return chaintest.NewGuard(b, one(b.network), "l1", start)
		},
		"strange roots": func(b *bench, _ *chaintest.Guard) *chaintest.Guard {
			stranger, err := ceremony.NewDevelopment("test")
			must(b.T, err)
			return chaintest.NewGuard(b, stranger, "l1", start)
		},
		"a charter to come": func(b *bench, _ *chaintest.Guard) *chaintest.Guard {
			return chaintest.NewGuard(b, chaintest.Rotate(b, b.network), "l1", start)
		},
		"another locker": func(b *bench, _ *chaintest.Guard) *chaintest.Guard {
			return chaintest.NewGuard(b, b.network, "l9", start)
		},
		"the key of another locker's": func(_ *bench, neighbour *chaintest.Guard) *chaintest.Guard { return neighbour.Again("l1") },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				b.pin(1, anna, "s1")
				b.guard.Store(chaintest.Barcode(1), 1, 72)
				b.upload()
				b.told()
				neighbour := chaintest.NewGuard(b, b.network, "l2", start)
				b.take("l2", neighbour.Upload())
				if taken := b.take("l1", next(b, neighbour).Upload()); taken.Alarm != "certificate" || taken.Head != nil || taken.Replaced {
					b.Fatalf("%+v", taken)
				}
				b.wants()
				b.guard.Reissue(chaintest.Barcode(1), 1)
				if taken := b.upload(); taken.Alarm != "" || taken.Head == nil {
					b.Errorf("%+v", taken)
				}
				if got := b.told(); len(got) != 1 || !strings.HasPrefix(got[0], "reissued") {
					b.Errorf("told %q", got)
				}
			})
		})
	}
}

// A certificate alone replaces nobody: its guard has to have signed the stretch that brings it.
func TestReplacementUnderAnotherHead(t *testing.T) {
	each(t, func(b *bench) {
		b.upload()
		var s journal.Stretch
		must(b.T, statement.Decode(chaintest.NewGuard(b, b.network, "l1", start).Upload(), &s))
		s.Head = chaintest.NewGuard(b, b.network, "l1", start).Head()
		if taken := b.take("l1", statement.Encode(s)); taken.Alarm != "head" || taken.Replaced {
			b.Fatalf("%+v", taken)
		}
		if taken := b.upload(); taken.Head == nil {
			b.Errorf("the guard is not followed any more: %+v", taken)
		}
	})
}

// The hub shows the next guard before the former's last records. That they are missing is seen where the former spoke of them, and
// when they come at last.
func TestReplacedTooEarly(t *testing.T) {
	each(t, func(b *bench) {
		b.upload()
		b.guard.Does("", 2, journal.Faulted)
		hidden := b.guard.Upload()
		b.take("l1", b.guard.Upload()) // a heartbeat
		b.replace()
		b.upload()
		if got := b.alarms(); !slices.Equal(got, []string{"guard replaced", "withheld"}) {
			b.Errorf("alarms %q", got)
		}
		b.pass(time.Hour)
		if n, err := b.book.Withheld(b.Context(), b.now); err != nil || n != 0 {
			b.Errorf("%d of the next guard's records are withheld, %v", n, err)
		}
		if taken := b.take("l1", hidden); taken.Alarm != "former guard" {
			b.Errorf("%+v", taken)
		}
	})
}

// A journal that is stopped ends with its guard; the next one's is believed.
func TestReplacedWhileStopped(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		fork := b.guard.Fork()
		b.upload()
		b.guard.Does("", 2, journal.Faulted)
		b.upload()
		fork.Does("", 1, journal.Faulted)
		b.take("l1", fork.Upload())
		b.replace()
		if taken := b.upload(); !taken.Replaced {
			b.Fatalf("%+v", taken)
		}
		code := b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.wants("stored sms +79161234567 " + code.Code)
	})
}

// Tables from before a locker could have two guards are taken over whole.
func TestTablesOfOneGuard(t *testing.T) {
	older := fstest.MapFS{}
	for _, name := range []string{"00001_ledger.sql", "00002_contact_key.sql"} {
		for _, engine := range []string{"sqlite/", "postgres/"} {
			data, err := migrations.Files.ReadFile(engine + name)
			must(t, err)
			older[engine+name] = &fstest.MapFile{Data: data}
		}
	}
	dbtest.Each(t, older, func(t *testing.T, d *db.DB) {
		for _, query := range []string{
			`INSERT INTO deposit (locker, record, barcode, compartment, stored_at, due, reissues, code_record, reason, ended) VALUES ('l1', 3, 'b', 7, 1, 2, 1, 5, 'why', 'collected')`,
			`INSERT INTO notice (id, locker, deposit, barcode, kind, fact, at, not_before, until, state, reason) VALUES ('n', 'l1', 3, 'b', 'stored', 3, 1, 2, 4, 'planned', 'why')`,
			`INSERT INTO delivery (id, channel, kind, state, attempts, next_at, reason, planned_at, ended_at) VALUES ('d', 'sms', 'stored', 'sent', 1, 0, '', 0, 0)`,
			`INSERT INTO delivery_notice (delivery, notice) VALUES ('d', 'n')`,
		} {
			_, err := d.Writer().Exec(query)
			must(t, err)
		}
		network, err := ceremony.NewDevelopment("test")
		must(t, err)
		openBook(t, d, network)
		n, err := count(t.Context(), d.Reads(), `SELECT COUNT(*) FROM delivery_notice dn JOIN notice n ON n.id = dn.notice
			JOIN deposit d ON d.locker = n.locker AND d.guard = n.guard AND d.record = n.deposit
			WHERE d.guard = 1 AND d.compartment = 7 AND d.due = 2 AND d.reissues = 1 AND d.code_record = 5 AND d.reason = 'why' AND d.ended = 'collected'
			AND n.fact = 3 AND n.until = 4 AND n.state = 'planned' AND n.reason = 'why'`)
		if err != nil || n != 1 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}
