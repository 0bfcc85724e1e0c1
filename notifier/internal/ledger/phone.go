package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"sync"
	"time"

	"lockstep/internal/contact"
	"lockstep/internal/fault"
)

// phones finds the parcels of a phone number. It holds digests under a key that this process alone has; nothing of it is stored, so that
// a copy of the database does not even tell whose parcels are one person's.
type phones struct {
	key   [sha256.Size]byte
	mu    sync.Mutex
	of    map[person][]string // barcodes
	known map[string]bool     // barcodes that were read
	last  int64               // pinned_at of the newest of them
	read  bool                // everything that was there at the start has been read
}

func newPhones() *phones {
	p := &phones{of: map[person][]string{}, known: map[string]bool{}}
	rand.Read(p.key[:]) // never fails
	return p
}

func (p *phones) digest(phone string) person {
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write([]byte(phone))
	return person(mac.Sum(nil))
}

// phonePage is how many contacts are opened before others have their turn.
const phonePage = 500

// overlap is read again each time: contacts are pinned in about the order of their times.
const overlap = int64(time.Minute / time.Microsecond)

// pinnedContact is a row of it.
type pinnedContact struct {
	barcode string
	sealed  []byte
	at      int64
}

// ReadPhones opens the contacts that have come since it was last called. The first time that is all of them.
func (l *Ledger) ReadPhones(ctx context.Context) error {
	p := l.phones
	p.mu.Lock()
	defer p.mu.Unlock()
	at, after := p.last-overlap, ""
	for {
		page, err := l.pinnedFrom(ctx, at, after)
		if err != nil {
			return err
		}
		for _, row := range page {
			at, after = row.at, row.barcode
			p.learn(l, row)
		}
		if len(page) < phonePage {
			p.last, p.read = max(p.last, at), true
			return nil
		}
	}
}

func (l *Ledger) pinnedFrom(ctx context.Context, at int64, after string) (page []pinnedContact, err error) {
	err = l.db.View(ctx, func(tx *sql.Tx) error {
		page, err = rows(ctx, tx, func(r *sql.Rows) (c pinnedContact, err error) {
			return c, r.Scan(&c.barcode, &c.sealed, &c.at)
		}, `SELECT barcode, contact, pinned_at FROM parcel WHERE contact IS NOT NULL AND (pinned_at, barcode) > ($1, $2) ORDER BY pinned_at, barcode LIMIT $3`, at, after, phonePage)
		return err
	})
	return page, err
}

func (p *phones) learn(l *Ledger, row pinnedContact) {
	if p.known[row.barcode] {
		return
	}
	p.known[row.barcode] = true
	plain, err := l.openContact(row.sealed, row.barcode)
	if err != nil {
		return // what cannot be opened is nobody's number
	}
	if c, err := contact.Decode(plain); err == nil && c.Phone != "" {
		who := p.digest(c.Phone)
		p.of[who] = append(p.of[who], row.barcode)
	}
}

// mostOfPhone bounds an answer.
const mostOfPhone = 100

// OfPhone are the parcels of a phone number that the hub may know the recipients of, as in Names: the newest first. The question is
// counted, and the number is not kept. Invalid for what cannot be a number, Unavailable until all contacts have been read.
func (l *Ledger) OfPhone(ctx context.Context, phone string, now time.Time) ([]string, error) {
	asked, err := contact.New(phone, "", "", "")
	if err != nil {
		return nil, err
	}
	if err := l.note(ctx, []question{{"phone", ""}}, now); err != nil {
		return nil, err
	}
	l.phones.mu.Lock()
	ready := l.phones.read
	l.phones.mu.Unlock()
	if !ready {
		return nil, fault.New(fault.Unavailable, "not_read_yet", "contacts are still being read; ask again in a while")
	}
	if err := l.ReadPhones(ctx); err != nil {
		return nil, err
	}
	l.phones.mu.Lock()
	candidates := append([]string{}, l.phones.of[l.phones.digest(asked.Phone)]...)
	l.phones.mu.Unlock()
	var found []string
	err = l.db.View(ctx, func(tx *sql.Tx) error {
		found = nil
		for i := len(candidates) - 1; i >= 0 && len(found) < mostOfPhone; i-- {
			named, ok, err := l.name(ctx, tx, candidates[i], now)
			if err != nil {
				return err
			}
			if ok {
				found = append(found, named.Barcode)
			}
		}
		return nil
	})
	return found, err
}
