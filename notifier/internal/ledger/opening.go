package ledger

import (
	"context"
	"database/sql"
	"errors"

	"lockstep/guard/journal"
)

// Opening is one time that somebody came to a parcel's door, from the record that began it to the one that ended it.
type Opening struct {
	What        string // stored · collecting · withdrawing · reopening · overriding · tested · forced, where nobody was told to open it
	At          int64  // µs UTC, the guard's lower bound; 0 while it did not know the time
	First, Last uint64 // records
	Carrier     string // the courier's
	Credential  string // how a code was shown: code · qr · grace, the same code again within three minutes
	Reason      string // the operators'
	Seen        bool   // the door was seen open
	End         string // done · jam · crash · not taken · declined · left open …; empty while nothing is known of it
}

// doorRecord is what is kept of a record about a parcel's door.
type doorRecord struct {
	number                      uint64
	kind                        journal.Kind
	at                          int64
	carrier, credential, reason string
}

// opensDoor says whether records of a kind tell of a door that is opened, or was to be.
func opensDoor(k journal.Kind) bool {
	m, concerns := meanings[k]
	return k == journal.Stored || concerns && !m.overdue && !m.declined && !m.paid
}

// keep keeps a record about the door of a stay.
func (d deposit) keep(ctx context.Context, tx *sql.Tx, r journal.Record) error {
	if !opensDoor(r.Kind) {
		return nil
	}
	return exec(ctx, tx, `INSERT INTO door_record (locker, guard, record, deposit, kind, at, carrier, credential, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		d.Locker, int64(d.Guard), int64(r.Number), int64(d.Record), string(r.Kind), r.Low, r.Carrier, r.Credential, r.Reason)
}

// keepLate keeps a record about the door of a stay that has ended: the code that collected it opens it again for three minutes
// (doors.md R3).
func (f *follow) keepLate(ctx context.Context, tx *sql.Tx, r journal.Record) error {
	var d deposit
	err := tx.QueryRowContext(ctx, `SELECT `+depositColumns+` FROM deposit d WHERE d.barcode = $1 AND d.locker = $2 AND d.guard = $3 AND d.compartment = $4
		AND d.ended = 'collected' ORDER BY d.record DESC LIMIT 1`, r.Parcel, f.id, int64(f.guards), int64(r.Compartment)).Scan(d.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // a door without a parcel that anybody waits for
	}
	if err != nil {
		return err
	}
	return d.keep(ctx, tx, r)
}

func (l *Ledger) openings(ctx context.Context, d deposit) ([]Opening, error) {
	records, err := rows(ctx, l.db.Reads(), func(r *sql.Rows) (one doorRecord, err error) {
		err = r.Scan(&one.number, &one.kind, &one.at, &one.carrier, &one.credential, &one.reason)
		return one, err
	}, `SELECT record, kind, at, carrier, credential, reason FROM door_record WHERE locker = $1 AND guard = $2 AND deposit = $3 ORDER BY record`,
		d.Locker, int64(d.Guard), int64(d.Record))
	return foldOpenings(records), err
}

// foldOpenings makes visits of records.
func foldOpenings(records []doorRecord) (list []Opening) {
	under := false // the last one has not come to its end
	for _, r := range records {
		m := meanings[r.kind]
		switch {
		case r.kind == journal.Stored:
			list, under = append(list, r.begin("stored", "done")), false
		case r.kind == journal.Tested:
			list, under = append(list, r.begin("tested", "done")), false
		case m.door != shut:
			list, under = append(list, r.begin(string(m.door), "")), true
		case !under && r.kind == journal.Quarantined:
			list = append(list, r.begin("forced", ""))
		case under:
			list[len(list)-1].goOn(r)
			under = m.seen
		}
	}
	return list
}

func (r doorRecord) begin(what, end string) Opening {
	o := Opening{What: what, At: r.at, First: r.number, Last: r.number, End: end, Seen: end == "done" || what == "forced"}
	switch what {
	case "collecting":
		o.Credential = r.credential
	case "overriding":
		o.Reason = r.reason
	case "tested", "forced":
	default:
		o.Carrier = r.carrier
	}
	return o
}

// goOn takes a record that follows the one that began it.
func (o *Opening) goOn(r doorRecord) {
	m := meanings[r.kind]
	o.Last, o.Seen = r.number, o.Seen || m.seen || m.ended != "" || r.kind == journal.Overridden
	switch {
	case m.seen:
	case m.failed, r.kind == journal.Quarantined:
		o.End = r.reason
	default:
		o.End = "done"
	}
}
