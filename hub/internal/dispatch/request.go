package dispatch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/dispatch/store"
	"lockstep/internal/fault"
)

const (
	maxReissues     = 3 // of one parcel; the guard holds the same bounds
	reissueInterval = 10 * time.Minute
	permitKind      = "permit"
	revokedTerm     = statement.MaxCourierTerm * time.Microsecond // no certificate made before a revocation holds longer
)

// Request is a numbered statement that somebody asked for, and what became of it.
type Request struct {
	Locker        string
	Number        uint64 // its place in the locker's down stream
	Kind          string // a statement.Restrict, or "permit"
	Subject       string // what it is about: a barcode, compartments, a courier's key, minutes
	Actor         string
	Made, Decided int64  // µs UTC; Decided is 0 while it waits for the locker
	Refused       string // why, where the guard did not follow it
}

// State is waiting, taken or refused.
func (r Request) State() string {
	switch {
	case r.Decided == 0:
		return "waiting"
	case r.Refused != "":
		return "refused"
	}
	return "taken"
}

// Restrict signs a restriction, whose number is still 0, and queues it in its locker's down stream. What waits already is not
// queued again. Invalid where it is out of its bounds, Conflict "too_many_codes" or "too_soon" for a further code. Ring after the
// commit.
func (d *Dispatch) Restrict(ctx context.Context, tx *sql.Tx, r statement.Restriction, actor string) (Request, error) {
	q, content := store.New(tx), statement.Encode(r)
	if err := checked(r); err != nil {
		return Request{}, err
	}
	same, err := q.SameWaiting(ctx, store.SameWaitingParams{Locker: r.Locker, Kind: string(r.Kind), Content: content})
	if !errors.Is(err, sql.ErrNoRows) {
		return request(same), err
	}
	number, err := q.NextNumber(ctx, r.Locker) // its row keeps others from counting the same codes
	if err != nil {
		return Request{}, err
	}
	if err := d.mayReissue(ctx, q, r); err != nil {
		return Request{}, err
	}
	r.Number = uint64(number)
	return d.ask(ctx, q, r, Request{Kind: string(r.Kind), Subject: subject(r), Actor: actor}, content)
}

// checked is the restriction's own check, before it has a number.
func checked(r statement.Restriction) error {
	r.Number = 1
	if err := r.Check(); err != nil {
		return fault.Wrap(err, fault.Invalid, "invalid_restriction", "this cannot be asked of a locker: a pause has at most %d minutes, a dwell time %d to %d hours",
			statement.MaxPauseMinutes, statement.MinDwellHours, statement.MaxDwellHours)
	}
	return nil
}

// subject is what a restriction is about, in one line.
func subject(r statement.Restriction) string {
	switch r.Kind {
	case statement.Pause:
		return fmt.Sprintf("%d minutes", r.Minutes)
	case statement.Block, statement.Unblock:
		return strings.Trim(fmt.Sprint(r.Compartments), "[]")
	case statement.Revoke:
		return r.Courier.String()
	}
	return r.Barcode
}

// mayReissue keeps the bounds of further codes for one parcel.
func (d *Dispatch) mayReissue(ctx context.Context, q *store.Queries, r statement.Restriction) error {
	if r.Kind != statement.Reissue {
		return nil
	}
	rows, err := q.Requests(ctx, store.RequestsParams{Subject: r.Barcode, Limit: 100})
	if err != nil {
		return err
	}
	given := 0
	for _, row := range rows {
		if row.Kind != string(statement.Reissue) || row.Refused != "" {
			continue
		}
		if again := time.UnixMicro(row.Made).Add(reissueInterval); d.Now().Before(again) {
			return fault.New(fault.Conflict, "too_soon", "the last new code is less than ten minutes old; ask again after %s", again.UTC().Format(time.TimeOnly))
		}
		given++
	}
	if given >= maxReissues {
		return fault.New(fault.Conflict, "too_many_codes", "this parcel had %d new codes already", maxReissues)
	}
	return nil
}

// Permit signs a return permit, whose number is still 0, and queues it. Ring after the commit.
func (d *Dispatch) Permit(ctx context.Context, tx *sql.Tx, p statement.Permit, actor string) (Request, error) {
	q := store.New(tx)
	number, err := q.NextNumber(ctx, p.Locker)
	if err != nil {
		return Request{}, err
	}
	p.Number, p.From = uint64(number), d.Now().Add(-backdate).UnixMicro()
	p.Until = p.From + statement.MaxPermitTerm
	return d.ask(ctx, q, p, Request{Kind: permitKind, Subject: p.Barcode, Actor: actor}, []byte{})
}

func (d *Dispatch) ask(ctx context.Context, q *store.Queries, s addressed, r Request, content []byte) (Request, error) {
	r.Locker, r.Number = s.Addressed()
	r.Made = d.Now().UnixMicro()
	if err := d.queue(ctx, q, s); err != nil {
		return r, err
	}
	return r, q.AddRequest(ctx, store.AddRequestParams{Locker: r.Locker, Number: int64(r.Number), Kind: r.Kind, Subject: r.Subject,
		Content: content, Actor: r.Actor, Made: r.Made})
}

// Followed notes that the guard has followed the request of a number.
func (d *Dispatch) Followed(ctx context.Context, tx *sql.Tx, locker string, number uint64) error {
	return d.decide(ctx, store.New(tx), locker, number, "")
}

// decide notes what the guard made of a request. A permit's envelope goes with that: it holds the customer's code.
func (d *Dispatch) decide(ctx context.Context, q *store.Queries, locker string, number uint64, refused string) error {
	r, err := q.WaitingRequest(ctx, store.WaitingRequestParams{Locker: locker, Number: int64(number)})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.Kind == permitKind {
		if err := q.Blank(ctx, store.BlankParams{Locker: locker, Number: int64(number)}); err != nil {
			return err
		}
	}
	return q.Decide(ctx, store.DecideParams{Locker: locker, Number: int64(number), Decided: d.Now().UnixMicro(), Refused: refused})
}

// Revoke queues for every locker that a device's key is no courier's any more. Saying it twice is no error.
func (d *Dispatch) Revoke(ctx context.Context, carrier string, key statement.KeyID) error {
	lockers, err := d.Lockers(ctx)
	if err != nil {
		return err
	}
	for _, locker := range lockers {
		if err := d.revoke(ctx, locker, carrier, key); err != nil {
			return fmt.Errorf("dispatch: revoke at locker %s: %w", locker, err)
		}
	}
	return nil
}

func (d *Dispatch) revoke(ctx context.Context, locker, carrier string, key statement.KeyID) error {
	now := d.Now()
	err := d.DB.Tx(ctx, func(tx *sql.Tx) error {
		said, err := store.New(tx).AskedSince(ctx, store.AskedSinceParams{Locker: locker, Kind: string(statement.Revoke),
			Subject: key.String(), Made: now.Add(-revokedTerm).UnixMicro()})
		if err != nil || said > 0 {
			return err
		}
		_, err = d.Restrict(ctx, tx, statement.Restriction{Locker: locker, Kind: statement.Revoke, Carrier: carrier, Courier: &key, At: now.UnixMicro()}, "carrier "+carrier)
		return err
	})
	if err == nil {
		d.Ring(locker)
	}
	return err
}

// Requests are the last requests about a subject, newest first, at most 100.
func (d *Dispatch) Requests(ctx context.Context, subject string) ([]Request, error) {
	rows, err := store.New(d.DB.Reads()).Requests(ctx, store.RequestsParams{Subject: subject, Limit: 100})
	return requests(rows), err
}

// RequestsAt are the last requests to a locker, newest first.
func (d *Dispatch) RequestsAt(ctx context.Context, locker string, limit int) ([]Request, error) {
	rows, err := store.New(d.DB.Reads()).RequestsAt(ctx, store.RequestsAtParams{Locker: locker, Limit: int32(limit)})
	return requests(rows), err
}

// requestTerm is how long a decided request is listed: longer than a parcel may wait, for the bounds of its codes are counted from
// there.
const requestTerm = 90 * 24 * time.Hour

// Clean drops requests that have had their time.
func (d *Dispatch) Clean(ctx context.Context) error {
	return d.DB.Tx(ctx, func(tx *sql.Tx) error { return store.New(tx).DropRequests(ctx, d.Now().Add(-requestTerm).UnixMicro()) })
}

func requests(rows []store.Request) (list []Request) {
	for _, r := range rows {
		list = append(list, request(r))
	}
	return list
}

func request(r store.Request) Request {
	return Request{Locker: r.Locker, Number: uint64(r.Number), Kind: r.Kind, Subject: r.Subject, Actor: r.Actor, Made: r.Made, Decided: r.Decided, Refused: r.Refused}
}

// Restart begins a locker's down stream anew, for another guard: what the one before had is nothing to it. Requests that wait
// are refused, parcels wait for new manifests.
func (d *Dispatch) Restart(ctx context.Context, tx *sql.Tx, locker string) error {
	q := store.New(tx)
	return errors.Join(q.DropDown(ctx, locker), q.DropAllDownParcels(ctx, locker), q.DropStream(ctx, locker), q.UnnameAll(ctx, locker),
		q.DropCosigned(ctx, locker),
		q.DecideAll(ctx, store.DecideAllParams{Locker: locker, Decided: d.Now().UnixMicro(), Refused: "guard replaced"}))
}
