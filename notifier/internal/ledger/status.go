package ledger

import (
	"context"
	"database/sql"

	"lockstep/guard/statement"
)

// Status is counts and positions for an operator; nobody's data.
type Status struct {
	Cursor     int64            `json:"cursor"`
	Contacts   int64            `json:"contacts"` // kept now
	Waiting    int64            `json:"parcels_in_lockers"`
	Unpinned   int64            `json:"notices_without_contact"`
	Deliveries map[string]int64 `json:"deliveries"` // by state
	Alarms     map[string]int64 `json:"alarms"`     // by kind, of the last 180 days; "notifier alarms" lists them

	Asked map[string]int64 `json:"asked"` // by the hub, on the last day with questions and the one before: name · pickup · nothing, where it was not told

	ContactKeys []Range    `json:"contact_keys"`
	Lockers     []Followed `json:"lockers"`
}

// Range is a number range whose contacts are signed by its merchant.
type Range struct {
	Prefix   string `json:"prefix"`
	Merchant string `json:"merchant"`
	Serial   uint64 `json:"serial"`
	Key      string `json:"key"` // fingerprint
}

// Followed is how far one journal is verified.
type Followed struct {
	ID       string `json:"id"`
	Guard    int64  `json:"guard"` // which of the locker's guards it is, from 1
	Position int64  `json:"position"`
	Stopped  string `json:"stopped,omitempty"`
	Lockdown int64  `json:"lockdown,omitempty"` // the record that began it
}

// Status reads it.
func (l *Ledger) Status(ctx context.Context) (Status, error) {
	s := Status{Lockers: []Followed{}, ContactKeys: []Range{}}
	err := l.db.View(ctx, func(tx *sql.Tx) error { return s.read(ctx, tx) })
	return s, err
}

func (s *Status) read(ctx context.Context, tx *sql.Tx) (err error) {
	for query, into := range map[string]*int64{
		`SELECT cursor FROM feed WHERE id = 1`:                  &s.Cursor,
		`SELECT COUNT(*) FROM parcel WHERE contact IS NOT NULL`: &s.Contacts,
		`SELECT COUNT(*) FROM deposit WHERE ended = ''`:         &s.Waiting,
		`SELECT COUNT(*) FROM notice n LEFT JOIN parcel p ON p.barcode = n.barcode
			WHERE n.state = 'waiting' AND p.barcode IS NULL`: &s.Unpinned,
	} {
		if *into, err = count(ctx, tx, query); err != nil {
			return err
		}
	}
	if s.Deliveries, err = byWord(ctx, tx, `SELECT state, COUNT(*) FROM delivery GROUP BY state`); err != nil {
		return err
	}
	if s.Alarms, err = byWord(ctx, tx, `SELECT kind, COUNT(*) FROM alarm GROUP BY kind`); err != nil {
		return err
	}
	if s.Asked, err = byWord(ctx, tx, `SELECT kind, CAST(SUM(times) AS BIGINT) FROM asked
		WHERE day >= (SELECT MAX(day) - 1 FROM asked) GROUP BY kind`); err != nil {
		return err
	}
	keys, err := rows(ctx, tx, scanRange, `SELECT statement FROM contact_key ORDER BY prefix`)
	if err != nil {
		return err
	}
	s.ContactKeys = append(s.ContactKeys, keys...)
	lockers, err := rows(ctx, tx, func(r *sql.Rows) (f Followed, err error) {
		err = r.Scan(&f.ID, &f.Guard, &f.Position, &f.Stopped, &f.Lockdown)
		return f, err
	}, `SELECT id, guards, position, stopped, lockdown FROM locker WHERE certificate IS NOT NULL ORDER BY id`)
	s.Lockers = append(s.Lockers, lockers...)
	return err
}

// byWord reads a query of a word and a count.
func byWord(ctx context.Context, tx *sql.Tx, query string) (map[string]int64, error) {
	counts := map[string]int64{}
	_, err := rows(ctx, tx, func(r *sql.Rows) (word string, err error) {
		var n int64
		err = r.Scan(&word, &n)
		counts[word] = n
		return word, err
	}, query)
	return counts, err
}

func scanRange(r *sql.Rows) (Range, error) {
	var data []byte
	if err := r.Scan(&data); err != nil {
		return Range{}, err
	}
	var k statement.ContactKey
	err := statement.Decode(data, &k)
	return Range{k.Prefix, k.Merchant, k.Serial, k.Key.Fingerprint()}, err
}
