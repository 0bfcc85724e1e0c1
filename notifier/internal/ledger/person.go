package ledger

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"math"
	"slices"
	"sync"
)

// person is whom a contact means: parcels whose contacts are the same, letter by letter, have the same person. It is a digest under a
// key that this process alone has, and nothing is stored of it.
type person [sha256.Size]byte

// persons remembers whom pinned contacts mean, so that what one person has in a locker is found without opening the contacts of
// everybody there. A pinned contact never changes.
type persons struct {
	key   [sha256.Size]byte
	mu    sync.Mutex
	known map[string]person // by barcode
}

// mostPersons bounds what is remembered; beyond it is begun anew.
const mostPersons = 200_000

func newPersons() *persons {
	p := &persons{known: map[string]person{}}
	rand.Read(p.key[:]) // never fails
	return p
}

func (p *persons) of(barcode string) (person, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := p.known[barcode]
	return who, ok
}

func (p *persons) learn(barcode string, plain []byte) person {
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write(plain)
	who := person(mac.Sum(nil))
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= mostPersons {
		clear(p.known)
	}
	p.known[barcode] = who
	return who
}

// person is whom a parcel's sealed contact means.
func (l *Ledger) person(sealed []byte, barcode string) (person, error) {
	if who, ok := l.persons.of(barcode); ok {
		return who, nil
	}
	plain, err := l.openContact(sealed, barcode)
	if err != nil {
		return person{}, err
	}
	return l.persons.learn(barcode, plain), nil
}

// others are what else waits at a locker for the same person as these items, with codes that open; soonest due first.
func (l *Ledger) others(ctx context.Context, items []item) ([]item, error) {
	locker := items[0].deposit.Locker
	who, err := l.person(items[0].contact, items[0].deposit.Barcode)
	if err != nil {
		return nil, ErrUnreadable
	}
	barcodes, err := rows(ctx, l.db.Reads(), scanText, `SELECT d.barcode FROM deposit d JOIN parcel p ON p.barcode = d.barcode
		WHERE d.locker = $1 AND d.ended = '' AND d.unsure = 0 AND d.sealed IS NOT NULL AND p.contact IS NOT NULL`, locker)
	if err != nil {
		return nil, err
	}
	var found []item
	for _, barcode := range barcodes {
		if slices.ContainsFunc(items, func(i item) bool { return i.deposit.Barcode == barcode }) {
			continue
		}
		same, err := l.isOf(ctx, barcode, who)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		stay, err := rows(ctx, l.db.Reads(), scanItem, `SELECT '', '', 0, 0, 0, 0, '', `+itemColumns+`
			FROM deposit d JOIN parcel p ON p.barcode = d.barcode JOIN locker l ON l.id = d.locker
			WHERE d.barcode = $1 AND d.locker = $2 AND d.ended = '' AND d.unsure = 0 AND d.sealed IS NOT NULL AND p.contact IS NOT NULL`, barcode, locker)
		if err != nil {
			return nil, err
		}
		found = append(found, stay...)
	}
	slices.SortFunc(found, func(a, b item) int { return sooner(a.deposit, b.deposit) })
	return found, nil
}

// isOf says whether a parcel is this person's. One whose contact does not open is nobody's.
func (l *Ledger) isOf(ctx context.Context, barcode string, who person) (bool, error) {
	if known, ok := l.persons.of(barcode); ok {
		return known == who, nil
	}
	var sealed []byte
	err := l.db.Reads().QueryRowContext(ctx, `SELECT contact FROM parcel WHERE barcode = $1`, barcode).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) || err == nil && sealed == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	its, err := l.person(sealed, barcode)
	return err == nil && its == who, nil
}

// sooner orders stays by when they are due, those without a deadline last.
func sooner(a, b deposit) int {
	const never = math.MaxInt64
	return cmp.Or(cmp.Compare(cmp.Or(a.Due, never), cmp.Or(b.Due, never)), cmp.Compare(a.Record, b.Record))
}
