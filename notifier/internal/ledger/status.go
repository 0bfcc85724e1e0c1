package ledger

import (
	"context"
	"database/sql"
)

// Status is counts and positions for an operator; nobody's data.
type Status struct {
	Cursor     int64            `json:"cursor"`
	Contacts   int64            `json:"contacts"` // kept now
	Waiting    int64            `json:"parcels_in_lockers"`
	Unpinned   int64            `json:"notices_without_contact"`
	Deliveries map[string]int64 `json:"deliveries"` // by state
	Lockers    []Followed       `json:"lockers"`
}

// Followed is how far one journal is verified.
type Followed struct {
	ID       string `json:"id"`
	Position int64  `json:"position"`
	Stopped  string `json:"stopped,omitempty"`
}

// Status reads it.
func (l *Ledger) Status(ctx context.Context) (Status, error) {
	s := Status{Deliveries: map[string]int64{}, Lockers: []Followed{}}
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
	type group struct {
		state string
		n     int64
	}
	groups, err := rows(ctx, tx, func(r *sql.Rows) (g group, err error) {
		err = r.Scan(&g.state, &g.n)
		return g, err
	}, `SELECT state, COUNT(*) FROM delivery GROUP BY state`)
	if err != nil {
		return err
	}
	for _, g := range groups {
		s.Deliveries[g.state] = g.n
	}
	lockers, err := rows(ctx, tx, func(r *sql.Rows) (f Followed, err error) {
		err = r.Scan(&f.ID, &f.Position, &f.Stopped)
		return f, err
	}, `SELECT id, position, stopped FROM locker WHERE certificate IS NOT NULL ORDER BY id`)
	s.Lockers = append(s.Lockers, lockers...)
	return err
}
