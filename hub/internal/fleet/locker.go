package fleet

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
	"lockstep/parcel"
)

// codeTerm is how long an enrolment code is good.
const codeTerm = 30 * 24 * time.Hour

var lockerID = regexp.MustCompile(`^[a-z0-9._-]{1,32}$`)

// Add adds a locker and makes the secret of its enrolment code, good for 30 days. Adding one that is there changes its name,
// address and place and makes a new secret; the link's certificate holds until that is used.
func (f *Fleet) Add(ctx context.Context, n NewLocker) (Locker, secret.Text, error) {
	if err := n.check(); err != nil {
		return Locker{}, secret.Text{}, err
	}
	shown, stored := secret.New("")
	err := f.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		_, err := q.AddLocker(ctx, store.AddLockerParams{ID: n.ID, Name: n.Name, Address: n.Address, Zone: n.Zone,
			Latitude: n.Latitude, Longitude: n.Longitude, State: string(Expected), CodeDigest: stored,
			CodeUntil: f.Now().Add(codeTerm).UnixMicro(), GuardKey: []byte{}, Certificate: []byte{}, Created: f.now()})
		if err != nil {
			return err
		}
		return q.AddLine(ctx, store.AddLineParams{Locker: n.ID, PositionHash: make([]byte, len(statement.Hash{}))})
	})
	if err != nil {
		return Locker{}, secret.Text{}, err
	}
	l, err := f.Locker(ctx, n.ID)
	return l, shown, err
}

func (n NewLocker) check() error {
	if !lockerID.MatchString(n.ID) {
		return fault.New(fault.Invalid, "invalid_locker", "a locker's id has 1 to 32 of a–z, 0–9, '.', '_' and '-'")
	}
	for _, text := range []string{n.Name, n.Address} {
		if strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > 200 || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return fault.New(fault.Invalid, "invalid_locker", "a locker has a name and an address of up to 200 characters")
		}
	}
	if _, err := time.LoadLocation(n.Zone); err != nil || n.Zone == "" || n.Zone == "Local" {
		return fault.New(fault.Invalid, "invalid_zone", "%q is not the name of a time zone, such as Europe/Moscow", n.Zone)
	}
	if !(math.Abs(n.Latitude) <= 90 && math.Abs(n.Longitude) <= 180) {
		return fault.New(fault.Invalid, "invalid_place", "latitude is −90 to 90, longitude −180 to 180")
	}
	return nil
}

// Locker finds one by id; NotFound ("unknown_locker") where there is none.
func (f *Fleet) Locker(ctx context.Context, id string) (Locker, error) {
	q := store.New(f.DB.Reads())
	row, err := q.Locker(ctx, id)
	if row, err = db.One(row, err, "unknown_locker", "there is no such locker"); err != nil {
		return Locker{}, err
	}
	rooms, err := q.Rooms(ctx, id)
	if err != nil {
		return Locker{}, err
	}
	return f.locker(row.Locker, row.LockerLine, rooms)
}

// Lockers are all lockers by id, after the id of the last one seen ("" for the first page); limit is 1 to 1000.
func (f *Fleet) Lockers(ctx context.Context, after string, limit int) ([]Locker, error) {
	q := store.New(f.DB.Reads())
	rows, err := q.Lockers(ctx, store.LockersParams{Limit: int32(min(max(limit, 1), 1000)), After: after})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	rooms, err := q.RoomsFrom(ctx, store.RoomsFromParams{After: after, Until: rows[len(rows)-1].Locker.ID})
	if err != nil {
		return nil, err
	}
	of := map[string][]store.Room{}
	for _, r := range rooms {
		of[r.Locker] = append(of[r.Locker], r)
	}
	var list []Locker
	for _, row := range rows {
		l, err := f.locker(row.Locker, row.LockerLine, of[row.Locker.ID])
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// All are all lockers, by id: for the thousands of a large network that is a few quick reads.
func (f *Fleet) All(ctx context.Context) (all []Locker, err error) {
	const page = 1000
	for after := ""; ; after = all[len(all)-1].ID {
		list, err := f.Lockers(ctx, after, page)
		if all = append(all, list...); err != nil || len(list) < page {
			return all, err
		}
	}
}

func (f *Fleet) locker(row store.Locker, line store.LockerLine, rooms []store.Room) (Locker, error) {
	l := Locker{ID: row.ID, Name: row.Name, Address: row.Address, Zone: row.Zone, Latitude: row.Latitude, Longitude: row.Longitude,
		State: State(row.State), Heard: line.Heard, Moved: line.Moved, Behind: line.BehindSince > 0, Position: uint64(line.Position), Head: uint64(line.Head),
		Down: uint64(line.Down), Guards: uint64(row.Guards), Standing: standing(row), Created: row.Created}
	l.Line, l.Since = lineOf(line, f.now())
	for _, r := range rooms {
		l.Room = append(l.Room, Room{parcel.Size(r.Size), int(r.Total), int(r.Empty), int(r.Reserved), int(max(0, r.Empty-r.Reserved))})
	}
	if len(row.Certificate) > 0 {
		bundle, err := statement.DecodeBundle(row.Certificate)
		if err != nil {
			return l, fmt.Errorf("fleet: the stored certificate of locker %s: %w", row.ID, err)
		}
		l.Certificate = bundle.Envelopes
	}
	return l, nil
}

// lineOf reads a line's state off the clock: nothing has to notice that a locker fell silent.
func lineOf(line store.LockerLine, now int64) (Line, int64) {
	switch {
	case line.Heard == 0:
		return Never, 0
	case now-line.Heard > SilentAfter.Microseconds():
		return Offline, line.Heard
	}
	return Online, line.Since
}

// Compartments of a locker, by number; none until it is provisioned.
func (f *Fleet) Compartments(ctx context.Context, locker string) ([]Compartment, error) {
	rows, err := store.New(f.DB.Reads()).Compartments(ctx, locker)
	var list []Compartment
	for _, row := range rows {
		list = append(list, compartment(row))
	}
	return list, err
}

func compartment(row store.Compartment) Compartment {
	return Compartment{Number: uint16(row.Number), Size: parcel.Size(row.Size), Low: row.Low, Board: uint8(row.Board), State: CompartmentState(row.State),
		Faulted: row.Faulted, Blocked: row.Blocked, Untested: row.Untested, Parcel: row.Parcel, Record: uint64(row.Record)}
}

// Enrol takes the secret part of an enrolment code and binds the link's key (its fingerprint, as edge reckons it) to the locker.
// Denied when the secret is wrong, used or too old.
func (f *Fleet) Enrol(ctx context.Context, locker, code, fingerprint string) error {
	return f.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).Enrol(ctx, store.EnrolParams{Gone: []byte{}, Fingerprint: fingerprint, ID: locker,
			Digest: secret.Digest(code), Now: f.now()})
		if err == nil && rows == 0 {
			return errCode()
		}
		return err
	})
}

func errCode() error {
	return fault.New(fault.Denied, "unknown_code", "this enrolment code is not known, was used, or is too old")
}

// CheckEnrol says whether Enrol would take the secret, so that a certificate can be made before it is used up.
func (f *Fleet) CheckEnrol(ctx context.Context, locker, code string) error {
	_, err := store.New(f.DB.Reads()).MayEnrol(ctx, store.MayEnrolParams{ID: locker, Digest: secret.Digest(code), Now: f.now()})
	if _, err = db.One("", err, "", ""); fault.KindOf(err) == fault.NotFound {
		return errCode()
	}
	return err
}

// Fingerprint is that of the key that holds for a locker's link; Denied when there is none.
func (f *Fleet) Fingerprint(ctx context.Context, locker string) (string, error) {
	row, err := store.New(f.DB.Reads()).Locker(ctx, locker)
	if row, err = db.One(row, err, "unknown_locker", "there is no such locker"); err != nil {
		return "", err
	}
	if row.Locker.Fingerprint == "" {
		return "", fault.New(fault.Denied, "not_enrolled", "this locker's link is not enrolled")
	}
	return row.Locker.Fingerprint, nil
}

// Replace prepares a locker for another guard: the one before is dead, its journal stays as evidence, and the next begins a
// journal of its own. The link's key ends; a new enrolment code is made. Conflict where no guard has been heard of.
func (f *Fleet) Replace(ctx context.Context, tx *sql.Tx, locker string) (secret.Text, error) {
	shown, stored := secret.New("")
	q := store.New(tx)
	rows, err := q.Replace(ctx, store.ReplaceParams{ID: locker, Gone: []byte{}, CodeDigest: stored, CodeUntil: f.Now().Add(codeTerm).UnixMicro()})
	if err == nil && rows == 0 {
		err = fault.New(fault.Conflict, "no_guard", "there is no such locker, or no guard of it has been heard of yet")
	}
	if err != nil {
		return shown, err
	}
	return shown, errors.Join(q.ResetLine(ctx, store.ResetLineParams{Locker: locker, PositionHash: make([]byte, len(statement.Hash{}))}),
		q.DropCompartments(ctx, locker), q.ClearRooms(ctx, locker), q.DropReceipts(ctx, locker))
}

// Refused lists what a locker's guard refused, latest days first.
func (f *Fleet) Refused(ctx context.Context, locker string) (Refusals, error) {
	return refusalsOf(ctx, store.New(f.DB.Reads()), locker)
}

func refusalsOf(ctx context.Context, q *store.Queries, locker string) (Refusals, error) {
	rows, err := q.RefusalsOf(ctx, locker)
	counts := Refusals{}
	for _, r := range rows {
		counts[Refusal{r.Day, r.What}] = r.Count
	}
	return counts, err
}

func (f *Fleet) now() int64 { return f.Now().UnixMicro() }
