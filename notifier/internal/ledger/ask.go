package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/contact"
)

// Named is what the hub is told of a parcel's recipient: enough for a label or a page, too little to reach anybody. It prints as [redacted].
type Named struct {
	Barcode    string
	Name       string // may be empty
	LastDigits string // the last four of the phone number; empty without one
}

func (Named) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// namedBefore is how long before its first deposit a parcel's recipient is named.
const namedBefore = 30 * 24 * time.Hour

// pickupAfter is how long after its day a pickup's contact is opened.
const pickupAfter = 8 * 24 * time.Hour

// Names tells of the recipients of parcels that are on their way to a locker or in one; of others it is silent, and of those whose
// merchant seals contacts with a key of its own: that merchant does not want the hub to know them. Every barcode that was asked for is
// counted before anything is told.
func (l *Ledger) Names(ctx context.Context, barcodes []string, now time.Time) ([]Named, error) {
	var told []Named
	var list []question
	err := l.db.View(ctx, func(tx *sql.Tx) error {
		told, list = nil, nil
		for _, barcode := range barcodes {
			q := question{kind: "nothing", subject: barcodeOrNone(barcode)}
			named, ok, err := l.name(ctx, tx, q.subject, now)
			if err != nil {
				return err
			}
			if ok {
				q.kind = "name"
				told = append(told, named)
			}
			list = append(list, q)
		}
		return nil
	})
	if err == nil {
		err = l.note(ctx, list, now)
	}
	if err != nil {
		return nil, err
	}
	return told, nil
}

func (l *Ledger) name(ctx context.Context, tx *sql.Tx, barcode string, now time.Time) (Named, bool, error) {
	if barcode == "" {
		return Named{}, false, nil
	}
	key, err := keyFor(ctx, tx, barcode)
	if err != nil || key != nil {
		return Named{}, false, err
	}
	var sealed []byte
	err = tx.QueryRowContext(ctx, `SELECT contact FROM parcel p WHERE barcode = $1 AND contact IS NOT NULL
		AND (EXISTS (SELECT 1 FROM deposit d WHERE d.barcode = p.barcode AND d.ended = '')
			OR pinned_at > $2 AND NOT EXISTS (SELECT 1 FROM deposit d WHERE d.barcode = p.barcode))`, barcode, micros(now.Add(-namedBefore))).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return Named{}, false, nil
	}
	if err != nil {
		return Named{}, false, err
	}
	plain, err := l.openContact(sealed, barcode)
	if err != nil {
		return Named{}, false, nil // what cannot be opened is nobody's name
	}
	c, err := contact.Decode(plain)
	if err != nil {
		return Named{}, false, nil
	}
	return Named{barcode, c.Name, lastDigits(c.Phone)}, true, nil
}

// lastDigits are four of a phone number that has many more.
func lastDigits(phone string) string {
	if len(phone) < 9 {
		return ""
	}
	return phone[len(phone)-4:]
}

// Pickup opens the contact of a pickup, until a while after its day; ErrUnreadable later, and where it is not sealed to us for that
// order and that day.
func (l *Ledger) Pickup(ctx context.Context, number int64, day string, sealed []byte, now time.Time) (contact.Person, error) {
	person, err := l.openPickup(number, day, sealed, now)
	q := question{"pickup", strconv.FormatInt(number, 10)}
	if err != nil {
		q.kind = "nothing"
	}
	if counted := l.note(ctx, []question{q}, now); counted != nil {
		return contact.Person{}, counted
	}
	return person, err
}

func (l *Ledger) openPickup(number int64, day string, sealed []byte, now time.Time) (contact.Person, error) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil || now.Sub(at) > pickupAfter {
		return contact.Person{}, ErrUnreadable
	}
	for _, key := range l.keys {
		plain, err := statement.OpenPickup(key, sealed, number, day)
		if err != nil {
			continue
		}
		if person, err := contact.DecodePerson(plain); err == nil {
			return person, nil
		}
	}
	return contact.Person{}, ErrUnreadable
}

// question is one thing that the hub has asked.
type question struct{ kind, subject string }

// note counts questions, in one order, so that several askers do not wait for each other in a circle.
func (l *Ledger) note(ctx context.Context, list []question, now time.Time) error {
	slices.SortFunc(list, func(a, b question) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.subject, b.subject)) })
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, q := range list {
			err := exec(ctx, tx, `INSERT INTO asked (day, kind, subject, times) VALUES ($1, $2, $3, 1)
				ON CONFLICT (day, kind, subject) DO UPDATE SET times = asked.times + 1`, dayOf(now), q.kind, q.subject)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// dayOf counts days since 1970, UTC.
func dayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// AskedTooOften notes that the hub has asked for more than it may.
func (l *Ledger) AskedTooOften(ctx context.Context, kind string, now time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		return raiseOnce(ctx, tx, Alarm{At: now, Kind: "asked too often", Detail: kind})
	})
}
