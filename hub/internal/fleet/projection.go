package fleet

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/db"
)

// Place is where one locker stands: what it takes to judge the next stretch of its journal.
type Place struct {
	Locker   string
	Position journal.Position // last record received
	Guard    statement.Key    // zero until provisioned
	Boot     uint64           // of the last head
	Powered  int64            // of the last head, µs
	Behind   bool             // the last head was ahead of the records
	Kept     int64            // when a stretch was last kept as evidence, µs UTC
	Guards   uint64           // how many guards it has had; the journal is the last one's
	ahead    statement.Head   // the furthest head that is ahead of the records; zero without one
	line     store.LockerLine
}

// Place reads it inside a transaction.
func (f *Fleet) Place(ctx context.Context, tx *sql.Tx, locker string) (Place, error) {
	row, err := store.New(tx).Locker(ctx, locker)
	if row, err = db.One(row, err, "unknown_locker", "there is no such locker"); err != nil {
		return Place{}, err
	}
	line := row.LockerLine
	p := Place{Locker: locker, Boot: uint64(line.Boot), Powered: line.Powered, Behind: line.BehindSince > 0, Kept: line.Kept,
		Guards: uint64(row.Locker.Guards), line: line}
	p.Position.Number = uint64(line.Position)
	if copy(p.Position.Hash[:], line.PositionHash) != len(p.Position.Hash) {
		return p, fmt.Errorf("fleet: the stored position of locker %s has no hash", locker)
	}
	if len(line.Ahead) > 0 {
		if p.ahead, err = statement.ReadUnverified[statement.Head](line.Ahead); err != nil {
			return p, fmt.Errorf("fleet: the stored head of locker %s: %w", locker, err)
		}
	}
	if len(row.Locker.GuardKey) == 0 {
		return p, nil
	}
	return p, statement.Decode(row.Locker.GuardKey, &p.Guard)
}

// Contradicts says whether a head, or the records under it, contradicts a head that the guard signed before; evidence is that
// older head's envelope. One number with two hashes is a fork, wherever its records stay.
func (p Place) Contradicts(head statement.Head, records []journal.Record) (evidence []byte, forked bool) {
	at := p.ahead.Position
	if at == 0 {
		return nil, false
	}
	if head.Position == at && head.Hash != p.ahead.Hash {
		return p.line.Ahead, true
	}
	for _, r := range records {
		if r.Number == at && r.Hash() != p.ahead.Hash {
			return p.line.Ahead, true
		}
	}
	return nil, false
}

// Current says whether the hub has all the records there are, but for the last minutes': the line is up and none is missing.
func (f *Fleet) Current(p Place) bool {
	return !p.Behind && f.now()-p.line.Heard <= SilentAfter.Microseconds()
}

// Provision learns from a guard's first record what the locker is made of, or from a later one what it is made of now: every
// compartment is empty then. The caller has verified the certificate.
func (f *Fleet) Provision(ctx context.Context, tx *sql.Tx, certificate statement.Locker, bundle statement.Bundle) error {
	q, id := store.New(tx), certificate.ID
	envelopes, err := bundle.Encode()
	if err != nil {
		return err
	}
	err = q.Provision(ctx, store.ProvisionParams{ID: id, GuardKey: statement.Encode(certificate.Guard), Certificate: envelopes, Zone: certificate.Zone})
	if err := errors.Join(err, q.DropCompartments(ctx, id), q.ClearRooms(ctx, id)); err != nil {
		return err
	}
	front := sorted(NewFront(certificate))
	for _, c := range front {
		err := q.AddCompartment(ctx, store.AddCompartmentParams{Locker: id, Number: int64(c.Number), Size: int64(c.Size), Low: c.Low,
			Board: int64(c.Board), State: string(c.State)})
		if err != nil {
			return err
		}
	}
	for _, r := range count(front) {
		if err := q.SetRoom(ctx, store.SetRoomParams{Locker: id, Size: int64(r.Size), Total: int64(r.Total), Empty: int64(r.Empty)}); err != nil {
			return err
		}
	}
	return nil
}

func sorted(f Front) []Compartment {
	return slices.SortedFunc(maps.Values(f), func(a, b Compartment) int { return int(a.Number) - int(b.Number) })
}

// Project folds records into the locker's compartments, room, standing and refusals, and raises the alarms that they are. inside
// tells, by record number, which parcel was known in the record's compartment before it.
func (f *Fleet) Project(ctx context.Context, tx *sql.Tx, locker string, records []journal.Record) (inside map[uint64]string, err error) {
	if !slices.ContainsFunc(records, concernsFleet) {
		return nil, nil
	}
	q := store.New(tx)
	row, err := q.Locker(ctx, locker)
	if err != nil {
		return nil, err
	}
	before, err := front(ctx, q, locker)
	if err != nil {
		return nil, err
	}
	after, standing, refusals := maps.Clone(before), standing(row.Locker), Refusals{}
	inside = map[uint64]string{}
	for _, r := range records {
		if c, ok := after[r.Compartment]; ok {
			inside[r.Number] = c.Parcel
		}
		if err := f.alarms(ctx, tx, locker, r, after.Contradicts(r), refusals.Apply(r)); err != nil {
			return nil, err
		}
		after.Apply(r)
		standing.Apply(r)
	}
	return inside, errors.Join(save(ctx, q, locker, before, after), stand(ctx, q, row.Locker, standing), refused(ctx, q, locker, refusals))
}

// front reads what is stored of a locker's compartments.
func front(ctx context.Context, q *store.Queries, locker string) (Front, error) {
	rows, err := q.Compartments(ctx, locker)
	f := Front{}
	for _, row := range rows {
		c := compartment(row)
		f[c.Number] = c
	}
	return f, err
}

func standing(row store.Locker) Standing {
	s := Standing{Paused: row.Paused, Epoch: uint64(row.Epoch), Technician: row.Technician}
	s.Lockdown.Record, s.Lockdown.Reason = uint64(row.Lockdown), row.LockdownReason
	copy(s.Lockdown.Hash[:], row.LockdownHash)
	return s
}

func stand(ctx context.Context, q *store.Queries, was store.Locker, is Standing) error {
	if is == standing(was) {
		return nil
	}
	return q.Stand(ctx, store.StandParams{ID: was.ID, Paused: is.Paused, Lockdown: int64(is.Lockdown.Record), LockdownHash: is.Lockdown.Hash[:],
		LockdownReason: is.Lockdown.Reason, Epoch: int64(is.Epoch), Technician: is.Technician})
}

func refused(ctx context.Context, q *store.Queries, locker string, counts Refusals) (err error) {
	for what, n := range counts {
		err = errors.Join(err, q.CountRefusals(ctx, store.CountRefusalsParams{Locker: locker, Day: what.Day, What: what.What, Count: n}))
	}
	return err
}

func concernsFleet(r journal.Record) bool {
	switch r.Kind {
	case journal.Ticked, journal.TimeSet, journal.Took, journal.Refused, journal.WrongCode, journal.Revoked, journal.Permitted, journal.Checkpoint:
		return false
	}
	return true
}

// alarms raises what a record is alarming for, given what contradicts it and how many refusals it tells of.
func (f *Fleet) alarms(ctx context.Context, tx *sql.Tx, locker string, r journal.Record, contradiction string, refusals int64) error {
	if contradiction != "" {
		if err := f.Contradict(ctx, tx, locker, contradiction, r.Compartment, r.Number); err != nil {
			return err
		}
	}
	if r.Kind == journal.Lifted {
		return store.New(tx).EndAlarm(ctx, store.EndAlarmParams{Locker: locker, Kind: string(LockedDown), Ended: f.now()})
	}
	if refusals >= manyRefusals {
		return f.raise(ctx, tx, Alarm{Locker: locker, Kind: Refusing, Record: r.Number})
	}
	kind, ok := alarming[r.Kind]
	if !ok {
		return nil
	}
	return f.raise(ctx, tx, Alarm{Locker: locker, Kind: kind, Reason: r.Reason, Compartment: r.Compartment, Record: r.Number})
}

var alarming = map[journal.Kind]AlarmKind{journal.Alarm: FromGuard, journal.Quarantined: Quarantined, journal.Faulted: Faulted,
	journal.Lockdown: LockedDown, journal.OverrideIntent: Overriding}

// save writes the compartments that changed, and the room they make or take.
func save(ctx context.Context, q *store.Queries, locker string, before, after Front) error {
	for _, c := range sorted(after) {
		was := before[c.Number]
		if c == was {
			continue
		}
		err := q.MoveCompartment(ctx, store.MoveCompartmentParams{Locker: locker, Number: int64(c.Number), State: string(c.State),
			Faulted: c.Faulted, Blocked: c.Blocked, Untested: c.Untested, Parcel: c.Parcel, Record: int64(c.Record)})
		if err != nil {
			return err
		}
		if change := bit(c.usable()) - bit(was.usable()); change != 0 {
			if err := q.AddEmpty(ctx, store.AddEmptyParams{Locker: locker, Size: int64(c.Size), Change: change}); err != nil {
				return err
			}
		}
	}
	return nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Advance notes that a head came, in its envelope, and that the records up to a position are received. db.ErrRaced when another
// node was faster. heard is when it was signed, as far as that is known: the locker is as old as that.
func (f *Fleet) Advance(ctx context.Context, tx *sql.Tx, was Place, to journal.Position, head statement.Head, envelope []byte, heard int64, kept bool) error {
	now, line := f.now(), was.line
	heard = max(heard, line.Heard)
	if line.Heard == 0 || heard-line.Heard > SilentAfter.Microseconds() {
		line.Since = now
	}
	if to.Number > uint64(line.Position) {
		line.Moved = now
	}
	if int64(head.Position) > line.Head {
		line.Head, line.Ahead = int64(head.Position), envelope
	}
	switch {
	case line.Head <= int64(to.Number):
		line.BehindSince, line.Ahead = 0, nil
	case line.BehindSince == 0:
		line.BehindSince = now
	}
	if kept {
		line.Kept = now
	}
	rows, err := store.New(tx).Advance(ctx, store.AdvanceParams{Position: int64(to.Number), PositionHash: to.Hash[:], Heard: heard,
		Since: line.Since, BehindSince: line.BehindSince, Kept: line.Kept, Moved: line.Moved, Ahead: line.Ahead, Boot: int64(head.Boot), Head: line.Head,
		Powered: head.Powered, Low: head.Low, Down: max(line.Down, int64(head.Down)), Locker: was.Locker, Was: line.Position})
	if err == nil && rows == 0 {
		return fmt.Errorf("fleet: the line of locker %s: %w", was.Locker, db.ErrRaced)
	}
	return err
}
