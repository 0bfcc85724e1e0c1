package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lockstep/guard/statement"
	"lockstep/internal/contact"
	"lockstep/notifier/internal/text"
)

// Announced is a contact as the hub hands it over: sealed, with what may be shown beside it.
type Announced struct {
	Barcode            string
	Sealed             []byte // a ciphertext that the hub made, or the envelope of a statement.SealedContact
	Merchant, Shipment string
	Locker             string // it is announced for
	Shown              string // that locker as people know it
	Tracking           string // URL
	MoreTime           bool   // its merchant lets recipients ask for more time
}

// A doubt is why a contact is not believed: the kind of the alarm.
type doubt string

const (
	believed   doubt = ""
	noBarcode  doubt = "contact for no barcode"
	unsigned   doubt = "contact not signed" // its range has a contact key, and this was sealed by somebody else
	misSigned  doubt = "contact signature"
	unreadable doubt = "contact unreadable" // not for this barcode: a swapped blob
	unusable   doubt = "contact unusable"
	changed    doubt = "contact changed"
	erased     doubt = "contact after erasure"
)

// Pin keeps a parcel's contact at first sight; whoever came first stays. It returns whether this contact is the one now
// kept. Where the barcode's number range has a contact key, only what that key has signed is believed. A contact that cannot be
// opened for this barcode (a swapped blob), is none, or differs from the pinned one is refused with an alarm and changes
// nothing; of a change while the parcel is in a locker the pinned contact is told. In every case the hub need not keep it.
func (l *Ledger) Pin(ctx context.Context, a Announced, now time.Time) (pinned bool, err error) {
	for _, said := range []*string{&a.Merchant, &a.Shipment, &a.Locker, &a.Shown, &a.Tracking} {
		*said = printable(*said)
	}
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		why, err := l.judge(ctx, tx, &a)
		if err == nil && why == believed {
			why, err = l.pin(ctx, tx, a, now)
		}
		if pinned = why == believed; err != nil || pinned {
			return err
		}
		return raise(ctx, tx, Alarm{At: now, Kind: string(why), Barcode: barcodeOrNone(a.Barcode)})
	})
	return pinned, err
}

// maxSaid bounds what the hub says beside a contact, in characters: it goes into messages.
const maxSaid = 500

// printable is a text without what cannot be stored or shown, cut off at maxSaid. The hub is not believed to have looked.
func printable(s string) string {
	kept := 0
	return strings.Map(func(r rune) rune {
		if kept == maxSaid || r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		kept++
		return r
	}, s)
}

// judge asks what needs no memory of the parcel. It leaves only the ciphertext in a.Sealed.
func (l *Ledger) judge(ctx context.Context, tx *sql.Tx, a *Announced) (doubt, error) {
	if statement.CheckBarcode(a.Barcode) != nil {
		return noBarcode, nil
	}
	key, err := keyFor(ctx, tx, a.Barcode)
	if err != nil {
		return believed, err
	}
	if why := a.unwrap(key); why != believed {
		return why, nil
	}
	plain, err := l.openContact(a.Sealed, a.Barcode)
	if err != nil {
		return unreadable, nil
	}
	if _, err := contact.Decode(plain); err != nil {
		return unusable, nil
	}
	return believed, nil
}

// unwrap takes the ciphertext out of a merchant's envelope. Without a contact key the signature is nobody's and proves nothing:
// such a contact is worth as much as one the hub has sealed.
func (a *Announced) unwrap(key *statement.ContactKey) doubt {
	typ, err := statement.Peek(a.Sealed)
	signed := err == nil && typ == statement.TypeSealedContact
	var c statement.SealedContact
	switch {
	case !signed && key == nil:
		return believed
	case !signed:
		return unsigned
	case key == nil:
		c, err = statement.ReadUnverified[statement.SealedContact](a.Sealed)
	default:
		c, err = statement.VerifyContact(a.Sealed, key.Key)
	}
	if err != nil {
		return misSigned
	}
	if c.Barcode != a.Barcode {
		return unreadable
	}
	a.Sealed = c.Sealed
	return believed
}

func (l *Ledger) pin(ctx context.Context, tx *sql.Tx, a Announced, now time.Time) (doubt, error) {
	result, err := tx.ExecContext(ctx, `INSERT INTO parcel (barcode, merchant, shipment, shown, tracking, contact, pinned_at, more_time, meant_for)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (barcode) DO NOTHING`,
		a.Barcode, a.Merchant, a.Shipment, a.Shown, a.Tracking, a.Sealed, micros(now), flag(a.MoreTime), a.Locker)
	if err != nil {
		return believed, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return believed, err
	}
	var kept []byte
	if err := tx.QueryRowContext(ctx, `SELECT contact FROM parcel WHERE barcode = $1`, a.Barcode).Scan(&kept); err != nil {
		return believed, err
	}
	if kept == nil {
		return erased, nil
	}
	same, err := l.sameContact(kept, a.Sealed, a.Barcode)
	if err != nil || same {
		return believed, err
	}
	return changed, tellChange(ctx, tx, a.Barcode, now)
}

func (l *Ledger) sameContact(kept, came []byte, barcode string) (bool, error) {
	known, err := l.openContact(kept, barcode)
	if err != nil {
		return false, err
	}
	plain, err := l.openContact(came, barcode)
	return bytes.Equal(known, plain), err
}

// tellChange tells the pinned contact of a parcel in a locker that somebody tried to change it: once a stay, however often.
func tellChange(ctx context.Context, tx *sql.Tx, barcode string, now time.Time) error {
	stays, err := rows(ctx, tx, scanDeposit, `SELECT `+depositColumns+` FROM deposit d WHERE d.barcode = $1 AND d.ended = ''`, barcode)
	if err != nil {
		return err
	}
	for _, d := range stays {
		if err := d.tell(ctx, tx, notice{Kind: text.Redirect, Fact: int64(d.Record), At: micros(now), NotBefore: micros(now)}); err != nil {
			return err
		}
	}
	return nil
}

// barcodeOrNone keeps strange texts of the hub's out of the ledger.
func barcodeOrNone(s string) string {
	if statement.CheckBarcode(s) != nil {
		return ""
	}
	return s
}
