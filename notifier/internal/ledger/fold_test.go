package ledger

import (
	"slices"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier/internal/chaintest"
)

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
	override := journal.Record{Kind: journal.OverrideIntent, Compartment: 1, Parcel: chaintest.Barcode(1), Reason: "the door is jammed"}
	overridden := func(to string) journal.Record {
		return journal.Record{Kind: journal.Overridden, Compartment: 1, Parcel: chaintest.Barcode(1), Reason: "the door is jammed", To: to}
	}
	extended := journal.Record{Kind: journal.Extended, Compartment: 1, Parcel: chaintest.Barcode(1), Dwell: 240, Due: start.Add(240 * time.Hour).UnixMicro()}
	for name, s := range map[string]struct {
		records []journal.Record
		tells   []string // without the reminders, which are told three days later where nothing forbids
		reminds bool
	}{
		"collected":                    {[]journal.Record{does(journal.CollectIntent), does(journal.Opened), does(journal.Collected)}, []string{"collected"}, false},
		"collected, grace, collected":  {[]journal.Record{does(journal.CollectIntent), does(journal.Collected), does(journal.CollectIntent), does(journal.Collected)}, []string{"collected"}, false},
		"jammed":                       {[]journal.Record{does(journal.CollectIntent), jam(journal.CollectFailed)}, nil, true},
		"crashed while collecting":     {[]journal.Record{does(journal.CollectIntent), crash(journal.CollectFailed)}, []string{"opened"}, false},
		"opened, not yet closed":       {[]journal.Record{does(journal.CollectIntent), does(journal.Opened)}, nil, false},
		"opened, closing not seen":     {[]journal.Record{does(journal.CollectIntent), does(journal.Opened), crash(journal.CollectFailed), does(journal.CollectIntent), does(journal.Opened), crash(journal.CollectFailed)}, []string{"opened"}, false},
		"opened, not taken":            {[]journal.Record{does(journal.CollectIntent), does(journal.Opened), {Kind: journal.CollectFailed, Compartment: 1, Reason: "not taken"}}, []string{"left"}, true},
		"declined before it opened":    {[]journal.Record{does(journal.Declined)}, []string{"declined"}, false},
		"declined at the open door":    {[]journal.Record{does(journal.CollectIntent), does(journal.Opened), {Kind: journal.CollectFailed, Compartment: 1, Reason: "declined"}, does(journal.Declined)}, []string{"declined"}, false},
		"declined, then collected":     {[]journal.Record{does(journal.Declined), does(journal.CollectIntent), does(journal.Opened), does(journal.Collected)}, []string{"collected", "declined"}, false},
		"not taken by the carrier":     {[]journal.Record{does(journal.WithdrawIntent), does(journal.Opened), {Kind: journal.WithdrawFailed, Compartment: 1, Reason: "not taken"}}, []string{"staff"}, true},
		"overdue":                      {[]journal.Record{does(journal.Overdue)}, nil, false},
		"withdrawn":                    {[]journal.Record{does(journal.WithdrawIntent), does(journal.Opened), does(journal.Withdrawn)}, []string{"withdrawn"}, false},
		"withdrawal jammed":            {[]journal.Record{does(journal.WithdrawIntent), jam(journal.WithdrawFailed)}, nil, true},
		"withdrawal opened, then gone": {[]journal.Record{does(journal.WithdrawIntent), does(journal.Opened), jam(journal.WithdrawFailed)}, []string{"staff"}, true},
		"left open":                    {[]journal.Record{does(journal.CollectIntent), does(journal.Opened), does(journal.Quarantined)}, []string{"unsure"}, false},
		"came open, courier took it":   {[]journal.Record{does(journal.Quarantined), does(journal.ReopenIntent), does(journal.Opened), does(journal.TakenOut)}, []string{"cleared", "unsure"}, false},
		"came open, courier looked":    {[]journal.Record{does(journal.Quarantined), does(journal.ReopenIntent), does(journal.Opened), crash(journal.ReopenFailed)}, []string{"staff", "unsure"}, false},
		"overridden, still inside":     {[]journal.Record{override, does(journal.Opened), overridden("OCCUPIED")}, []string{"override"}, true},
		"overridden, taken out":        {[]journal.Record{override, does(journal.Opened), overridden("EMPTY")}, []string{"removed"}, false},
		"override jammed":              {[]journal.Record{override, jam(journal.OverrideFailed)}, nil, true},
		"override crashed":             {[]journal.Record{override, crash(journal.OverrideFailed)}, []string{"override"}, true},
		"override, nothing said":       {[]journal.Record{override, does(journal.Opened), {Kind: journal.OverrideFailed, Compartment: 1, Reason: "unsaid"}}, []string{"override"}, true},
		"quarantined, overridden":      {[]journal.Record{does(journal.Quarantined), override, does(journal.Opened), overridden("EMPTY")}, []string{"removed", "unsure"}, false},
		"walk-test by key":             {[]journal.Record{does(journal.Tested)}, []string{"tested"}, true},
		"walk-test of another door":    {[]journal.Record{{Kind: journal.Tested, Compartment: 2}}, nil, true},
		"overdue, then more time":      {[]journal.Record{does(journal.Overdue), extended}, []string{"extended"}, false},
		"paid for":                     {[]journal.Record{does(journal.Paid)}, nil, true},
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

// TestEveryKind: what a kind of record means to recipients is decided for every one of them, once.
func TestEveryKind(t *testing.T) {
	own := []journal.Kind{journal.Stored, journal.Reissued, journal.Extended, journal.Lockdown, journal.Lifted, journal.Chartered}
	for _, k := range journal.Kinds {
		places := 0
		if _, at := meanings[k]; at {
			places++
		}
		for _, list := range [][]journal.Kind{silent, own} {
			if slices.Contains(list, k) {
				places++
			}
		}
		if places != 1 {
			t.Errorf("%q is decided in %d places", k, places)
		}
	}
}

// Why operators opened a door comes to its recipient in their words.
func TestOverrideGivesItsReason(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Store(chaintest.Barcode(1), 1, 72)
		b.upload()
		b.told()
		b.guard.Add(journal.Record{Kind: journal.OverrideIntent, Compartment: 1, Parcel: chaintest.Barcode(1), Reason: "the door is jammed"})
		b.guard.Add(journal.Record{Kind: journal.OverrideFailed, Compartment: 1, Parcel: chaintest.Barcode(1), Reason: "crash"})
		b.upload()
		_, err := b.book.Plan(b.Context(), b.open, b.now)
		must(b.T, err)
		due, err := b.book.Due(b.Context(), b.now, 10)
		must(b.T, err)
		if len(due) != 1 {
			b.Fatalf("%d deliveries", len(due))
		}
		telling, err := b.book.Read(b.Context(), due[0], b.now)
		if err != nil || telling.Facts.Reason != "the door is jammed" {
			b.Errorf("reason %q, %v", telling.Facts.Reason, err)
		}
	})
}

// What a customer sends back waits for its carrier: nobody has a code, nobody is told.
func TestStoredByPermit(t *testing.T) {
	each(t, func(b *bench) {
		b.pin(1, anna, "s1")
		b.guard.Add(journal.Record{Kind: journal.DepositIntent, Compartment: 1, Parcel: chaintest.Barcode(1), Credential: "permit"})
		b.guard.Add(journal.Record{Kind: journal.Stored, Compartment: 1, Parcel: chaintest.Barcode(1), Credential: "permit"})
		b.guard.Does(chaintest.Barcode(1), 1, journal.WithdrawIntent, journal.Opened, journal.Withdrawn)
		b.upload()
		b.wants()
	})
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

// A deposit whose guard asks for a payment waits for it until the guard has heard of it.
func TestUnpaid(t *testing.T) {
	f := &follow{id: "l1", guards: 1}
	d := begin(f, journal.Record{Number: 5, Kind: journal.Stored, Compartment: 1, Parcel: chaintest.Barcode(1), Policy: uint8(statement.CodeAndPaid)})
	if free := begin(f, journal.Record{Number: 5, Kind: journal.Stored}); !d.Unpaid || free.Unpaid {
		t.Fatalf("%+v, %+v", d, free)
	}
	if d, _ = d.fold(journal.Record{Kind: journal.Overdue, Compartment: 1}, 1); !d.Unpaid {
		t.Error("it is paid for by being overdue")
	}
	if d, tells := d.fold(journal.Record{Kind: journal.Paid, Compartment: 1}, 1); d.Unpaid || tells != "" {
		t.Errorf("%+v, told %q", d, tells)
	}
}
