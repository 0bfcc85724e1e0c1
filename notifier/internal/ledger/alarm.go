package ledger

import (
	"context"
	"database/sql"
	"time"
)

// Alarm is something an operator should look at. Detail holds nothing personal.
type Alarm struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // what a doubt says of a contact · contact key refused · too many codes · charter unknown · certificate · gap · fork · chain · head · withheld · guard replaced · former guard · undeliverable · asked too often
	Locker  string    `json:"locker,omitempty"`
	Barcode string    `json:"barcode,omitempty"`
	Detail  string    `json:"detail,omitempty"`
}

func raise(ctx context.Context, tx *sql.Tx, a Alarm) error {
	id, err := newID()
	if err != nil {
		return err
	}
	return exec(ctx, tx, `INSERT INTO alarm (id, at, kind, locker, barcode, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, micros(a.At), a.Kind, a.Locker, a.Barcode, a.Detail)
}

// raiseOnce keeps quiet where the very same alarm stands since less than a day.
func raiseOnce(ctx context.Context, tx *sql.Tx, a Alarm) error {
	standing, err := count(ctx, tx, `SELECT COUNT(*) FROM alarm WHERE kind = $1 AND locker = $2 AND barcode = $3 AND detail = $4 AND at > $5`,
		a.Kind, a.Locker, a.Barcode, a.Detail, micros(a.At.Add(-24*time.Hour)))
	if err != nil || standing > 0 {
		return err
	}
	return raise(ctx, tx, a)
}

// Alarms lists the latest, newest first.
func (l *Ledger) Alarms(ctx context.Context, limit int) ([]Alarm, error) {
	return rows(ctx, l.db.Reads(), func(r *sql.Rows) (Alarm, error) {
		var a Alarm
		var at int64
		err := r.Scan(&at, &a.Kind, &a.Locker, &a.Barcode, &a.Detail)
		a.At = moment(at)
		return a, err
	}, `SELECT at, kind, locker, barcode, detail FROM alarm ORDER BY id DESC LIMIT $1`, limit)
}

// audit notes what was done with personal data, without persons.
func audit(ctx context.Context, tx *sql.Tx, now time.Time, act, barcode string) error {
	id, err := newID()
	if err != nil {
		return err
	}
	return exec(ctx, tx, `INSERT INTO audit (id, at, act, barcode) VALUES ($1, $2, $3, $4)`, id, micros(now), act, barcode)
}
