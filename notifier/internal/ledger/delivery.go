package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lockstep/guard/statement"
	"lockstep/notifier/internal/channel"
	"lockstep/notifier/internal/text"
)

// Delivery is one message that one channel has to bring: a durable job. It is tried until it is handed over, refused for good,
// or pointless; a crash between handing over and Sent makes it go twice, under the same ID.
type Delivery struct {
	ID       string
	Channel  channel.Name
	Kind     text.Kind
	Attempts int
}

const (
	firstRetry, longestRetry = 15 * time.Second, 30 * time.Minute
	// mostAttempts gives up after about a day and a half.
	mostAttempts = 80
)

// Due lists deliveries whose time has come, longest due first.
func (l *Ledger) Due(ctx context.Context, now time.Time, limit int) ([]Delivery, error) {
	return rows(ctx, l.db.Reads(), func(r *sql.Rows) (d Delivery, err error) {
		err = r.Scan(&d.ID, &d.Channel, &d.Kind, &d.Attempts)
		return d, err
	}, `SELECT id, channel, kind, attempts FROM delivery WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id LIMIT $2`, micros(now), limit)
}

// Telling is an opened delivery: whom it goes to and what it says. It prints as [redacted].
type Telling struct {
	To    channel.Address
	Facts text.Facts
	Codes []Code // of Facts.Parcels, then of Facts.Others; none where the kind shows none
}

// Code is what opens one parcel's door. It prints as [redacted].
type Code struct {
	Barcode  string
	Due      time.Time // zero where unknown
	MoreTime bool      // its recipient may ask for more time
	statement.SealedCode
}

func (Code) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

func (Telling) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// ErrPointless is a delivery whose news is out of date or whose contact is erased.
var ErrPointless = errors.New("ledger: nobody needs this message any more")

// ErrUnreadable is a delivery whose sealed code or contact does not open, or a pickup whose contact does not.
var ErrUnreadable = errors.New("ledger: what is sealed does not open")

// item is one notice of a delivery, with all that is known of its parcel.
type item struct {
	notice
	deposit                                            deposit
	contact, sealed                                    []byte
	merchant, meantFor, shown, tracking, name, address string
	certificate                                        []byte
	moreTime                                           bool
}

// itemColumns are what scanItem reads after the columns of the notice: of parcel p, deposit d and locker l.
const itemColumns = `p.contact, d.sealed, p.merchant, p.meant_for, p.shown, p.tracking, l.name, l.address, l.certificate, p.more_time, ` + depositColumns

func scanItem(r *sql.Rows) (i item, err error) {
	fields := []any{&i.ID, &i.Kind, &i.Fact, &i.At, &i.NotBefore, &i.Until, &i.Reason, &i.contact, &i.sealed, &i.merchant, &i.meantFor, &i.shown, &i.tracking, &i.name, &i.address, &i.certificate, (*flag)(&i.moreTime)}
	err = r.Scan(append(fields, i.deposit.fields()...)...)
	return i, err
}

// Read opens what a delivery says. Notices that are stale by now are left out.
func (l *Ledger) Read(ctx context.Context, d Delivery, now time.Time) (Telling, error) {
	items, err := rows(ctx, l.db.Reads(), scanItem, `SELECT n.id, n.kind, n.fact, n.at, n.not_before, n.until, n.reason, `+itemColumns+`
		FROM delivery_notice dn JOIN notice n ON n.id = dn.notice JOIN parcel p ON p.barcode = n.barcode
		JOIN deposit d ON d.locker = n.locker AND d.guard = n.guard AND d.record = n.deposit JOIN locker l ON l.id = n.locker
		WHERE dn.delivery = $1 AND n.state <> 'dropped' ORDER BY d.record`, d.ID)
	if err != nil {
		return Telling{}, err
	}
	items = slices.DeleteFunc(items, func(i item) bool {
		return i.contact == nil || i.Kind.ShowsCode() && i.sealed == nil || i.stale(i.deposit, micros(now))
	})
	if len(items) == 0 {
		return Telling{}, ErrPointless
	}
	var t Telling
	for _, i := range items {
		if err := l.add(&t, d, i); err != nil {
			return Telling{}, err
		}
	}
	if d.Kind.ShowsAll() {
		if err := l.addOthers(ctx, &t, items); err != nil {
			return Telling{}, err
		}
	}
	return t, nil
}

func (l *Ledger) add(t *Telling, d Delivery, i item) error {
	to, err := l.recipient(i.contact, i.deposit.Barcode)
	if err != nil {
		return ErrUnreadable
	}
	if len(t.Facts.Parcels) == 0 {
		t.To = to.addresses[d.Channel]
		t.Facts = text.Facts{Kind: d.Kind, Language: to.language, Merchant: i.merchant, Place: i.place(), Address: i.address, Zone: l.zone(i.certificate),
			At: moment(i.At), Due: moment(i.deposit.Due), Reason: i.Reason}
	}
	if due := moment(i.deposit.Due); !due.IsZero() && due.Before(t.Facts.Due) {
		t.Facts.Due = due // one date for all is the earliest
	}
	if d.Kind == text.Stored && i.meantFor != "" && i.meantFor != i.deposit.Locker {
		t.Facts.Meant = i.shown // it came elsewhere than its recipient was told
	}
	if i.merchant != t.Facts.Merchant {
		t.Facts.Merchant = "" // of several shops none is named
	}
	if slices.ContainsFunc(t.Facts.Parcels, func(p text.Parcel) bool { return p.Barcode == i.deposit.Barcode }) {
		return nil // its door was opened twice: one parcel in one message
	}
	parcel, err := l.parcel(t, i, d.Kind.ShowsCode())
	t.Facts.Parcels = append(t.Facts.Parcels, parcel)
	return err
}

// addOthers adds what the same person has in the locker besides, as much as there is room for: who has the latest message has all
// codes. One that does not open is left to the message of its own.
func (l *Ledger) addOthers(ctx context.Context, t *Telling, items []item) error {
	others, err := l.others(ctx, items)
	if err != nil {
		return err
	}
	for _, i := range others {
		parcel, err := text.Parcel{}, ErrUnreadable
		if len(t.Codes) < together {
			parcel, err = l.parcel(t, i, true)
		}
		if err != nil {
			t.Facts.Beyond++
			continue
		}
		t.Facts.Others = append(t.Facts.Others, parcel)
	}
	return nil
}

// parcel is an item as messages say it; its code, where one is shown, is added to t's.
func (l *Ledger) parcel(t *Telling, i item, showsCode bool) (text.Parcel, error) {
	parcel := text.Parcel{Barcode: i.deposit.Barcode, Tracking: i.tracking, Unpaid: i.deposit.Unpaid}
	if !showsCode {
		return parcel, nil
	}
	code, err := l.openCode(i.sealed, i.deposit.Locker, i.deposit.CodeRecord, i.deposit.Barcode)
	if err != nil {
		return parcel, ErrUnreadable
	}
	parcel.Code = code.Code
	t.Codes = append(t.Codes, Code{i.deposit.Barcode, moment(i.deposit.Due), i.moreTime, code})
	return parcel, nil
}

// place is the locker's short name; until the hub's list has one, what was shown when the parcel was announced.
func (i item) place() string {
	return cmp.Or(i.name, i.shown, i.deposit.Locker)
}

// zone is the certificate's; it was checked when the certificate was first believed.
func (l *Ledger) zone(bundle []byte) *time.Location {
	b, err := statement.DecodeBundle(bundle)
	if err != nil {
		return time.UTC
	}
	certificate, err := l.certificate(b.Envelopes)
	if err != nil {
		return time.UTC
	}
	zone, err := time.LoadLocation(certificate.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Sent notes that a channel has taken the message over.
func (l *Ledger) Sent(ctx context.Context, d Delivery, now time.Time) error {
	return l.end(ctx, d, "sent", "", now)
}

// Drop ends a delivery that is pointless.
func (l *Ledger) Drop(ctx context.Context, d Delivery, now time.Time) error {
	return l.end(ctx, d, "dropped", "", now)
}

func (l *Ledger) end(ctx context.Context, d Delivery, state, reason string, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, `UPDATE delivery SET state = $1, reason = $2, attempts = attempts + 1, ended_at = $3 WHERE id = $4 AND state = 'waiting'`,
			state, reason, micros(now), d.ID)
	})
}

// Failed notes a failure. One that is permanent, or came too often, ends the delivery with an alarm; else it is tried again,
// each time later.
func (l *Ledger) Failed(ctx context.Context, d Delivery, reason string, permanent bool, now time.Time) error {
	if !permanent && d.Attempts+1 < mostAttempts {
		return l.db.Tx(ctx, func(tx *sql.Tx) error {
			return exec(ctx, tx, `UPDATE delivery SET attempts = attempts + 1, reason = $1, next_at = $2 WHERE id = $3 AND state = 'waiting'`,
				reason, micros(now.Add(retryAfter(d.Attempts))), d.ID)
		})
	}
	if err := l.end(ctx, d, "failed", reason, now); err != nil {
		return err
	}
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		barcode, locker := "", ""
		err := tx.QueryRowContext(ctx, `SELECT n.barcode, n.locker FROM delivery_notice dn JOIN notice n ON n.id = dn.notice WHERE dn.delivery = $1 ORDER BY n.id LIMIT 1`, d.ID).
			Scan(&barcode, &locker)
		if err != nil {
			return err
		}
		return raise(ctx, tx, Alarm{At: now, Kind: "undeliverable", Locker: locker, Barcode: barcode, Detail: string(d.Kind) + " by " + string(d.Channel) + ": " + reason})
	})
}

// retryAfter is the pause after the attempt that follows n others.
func retryAfter(n int) time.Duration {
	return min(longestRetry, firstRetry<<min(n, 10))
}
