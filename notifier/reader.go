package notifier

import (
	"context"
	"log/slog"
	"time"

	"lockstep/guard/statement"
	"lockstep/notifier/internal/feed"
	"lockstep/notifier/internal/ledger"
)

// now is the wall clock, handed in.
type now interface{ Now() time.Time }

// reader takes what the hub has for the notifier into the ledger.
type reader struct {
	hub   *feed.Client
	book  *ledger.Ledger
	time  *statement.Signer
	clock now
	log   *slog.Logger
	wake  chan<- struct{} // the sender, when there may be something to send
}

// batch is how much is asked for at a time.
const batch = 100

// contactKeys takes the contact keys that are new.
func (r *reader) contactKeys(ctx context.Context) error {
	for {
		after, err := r.book.ContactKeysRead(ctx)
		if err != nil {
			return err
		}
		keys, err := r.hub.ContactKeys(ctx, after)
		if err != nil || len(keys) == 0 || keys[len(keys)-1].Number <= after {
			return err
		}
		for _, k := range keys {
			taken, err := r.book.ReadContactKey(ctx, k.Number, k.Statement, r.clock.Now())
			if err != nil {
				return err
			}
			r.log.Info("contact key read", "number", k.Number, "taken", taken)
		}
	}
}

// contacts takes the contact keys first, since a contact may be signed with a new one; then it pins what is new and
// acknowledges what has been judged; the hub deletes it then.
func (r *reader) contacts(ctx context.Context) error {
	if err := r.contactKeys(ctx); err != nil {
		return err
	}
	for {
		contacts, err := r.hub.Contacts(ctx, batch)
		if err != nil || len(contacts) == 0 {
			return err
		}
		var judged []string
		for _, c := range contacts {
			pinned, err := r.book.Pin(ctx, ledger.Announced{Barcode: c.Barcode, Sealed: c.Sealed, Merchant: c.Merchant, Shipment: c.Shipment, Locker: c.Locker, Shown: c.Shown, Tracking: c.Tracking, MoreTime: c.MoreTime}, r.clock.Now())
			if err != nil {
				return err
			}
			if !pinned {
				r.log.Warn("a contact was refused; see the alarms", "barcode", c.Barcode)
			}
			judged = append(judged, c.Barcode)
		}
		if err := r.hub.Acknowledge(ctx, judged); err != nil {
			return err
		}
		r.log.Info("contacts pinned", "count", len(judged))
		r.nudge()
	}
}

// uploads takes the next stretches of all journals in the feed's order, then signs receipts for their latest heads.
func (r *reader) uploads(ctx context.Context) error {
	after, err := r.book.Cursor(ctx)
	if err != nil {
		return err
	}
	uploads, _, err := r.hub.Uploads(ctx, after, batch)
	if err != nil {
		return err
	}
	latest := map[string]seen{}
	for _, u := range uploads {
		taken, err := r.book.Take(ctx, ledger.Upload{Cursor: u.Cursor, Locker: u.Locker, Stretch: u.Stretch}, r.clock.Now())
		if err != nil {
			return err
		}
		if taken.Alarm != "" {
			r.log.Error("a journal is in doubt; see the alarms", "locker", u.Locker, "alarm", taken.Alarm, "cursor", u.Cursor)
		}
		if taken.Replaced {
			r.log.Warn("a locker has another guard; see the alarms", "locker", u.Locker, "cursor", u.Cursor)
		}
		if taken.Head != nil {
			latest[u.Locker] = seen{*taken.Head, taken.News || latest[u.Locker].news}
		}
	}
	if len(uploads) > 0 {
		r.nudge()
	}
	return r.receipts(ctx, latest)
}

// seen is a locker's latest verified head, and whether news came with it.
type seen struct {
	head statement.Head
	news bool
}

func (r *reader) receipts(ctx context.Context, latest map[string]seen) error {
	var envelopes [][]byte
	var due []statement.Head
	at := r.clock.Now()
	for _, s := range latest {
		ok, err := r.book.ReceiptDue(ctx, s.head, s.news, at)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		envelope, err := statement.Sign(r.time, statement.ReceiptFor(s.head, at.UnixMicro()))
		if err != nil {
			return err
		}
		envelopes, due = append(envelopes, envelope), append(due, s.head)
	}
	if len(envelopes) == 0 {
		return nil
	}
	if err := r.hub.Receipts(ctx, envelopes); err != nil {
		return err
	}
	for _, head := range due {
		if err := r.book.ReceiptSent(ctx, head, at); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
