package fleet

import (
	"context"
	"database/sql"
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
	line     store.LockerLine
}

// Place reads it inside a transaction.
func (f *Fleet) Place(ctx context.Context, tx *sql.Tx, locker string) (Place, error) {
	row, err := store.New(tx).Locker(ctx, locker)
	if row, err = db.One(row, err, "unknown_locker", "there is no such locker"); err != nil {
		return Place{}, err
	}
	line := row.LockerLine
	p := Place{Locker: locker, Boot: uint64(line.Boot), Powered: line.Powered, Behind: line.BehindSince > 0, Kept: line.Kept, line: line}
	p.Position.Number = uint64(line.Position)
	if copy(p.Position.Hash[:], line.PositionHash) != len(p.Position.Hash) {
		return p, fmt.Errorf("fleet: the stored position of locker %s has no hash", locker)
	}
	if len(row.Locker.GuardKey) == 0 {
		return p, nil
	}
	return p, statement.Decode(row.Locker.GuardKey, &p.Guard)
}

// Current says whether the hub has all the records there are, but for the last minutes': the line is up and none is missing.
func (f *Fleet) Current(p Place) bool {
	return !p.Behind && f.now()-p.line.Heard <= SilentAfter.Microseconds()
}

// Provision learns from record 1 what the locker is made of. The caller has verified the certificate.
func (f *Fleet) Provision(ctx context.Context, tx *sql.Tx, certificate statement.Locker, bundle statement.Bundle) error {
	q, id := store.New(tx), certificate.ID
	envelopes, err := bundle.Encode()
	if err != nil {
		return err
	}
	err = q.Provision(ctx, store.ProvisionParams{ID: id, GuardKey: statement.Encode(certificate.Guard), Certificate: envelopes, Zone: certificate.Zone})
	if err != nil {
		return err
	}
	front := sorted(NewFront(certificate))
	for _, c := range front {
		err := q.AddCompartment(ctx, store.AddCompartmentParams{Locker: id, Number: int64(c.Number), Size: int64(c.Size), Low: c.Low, State: string(c.State)})
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

// Project folds records into the locker's compartments and room, and raises the alarms that they are. inside tells, by record
// number, which parcel was known in the record's compartment before it.
func (f *Fleet) Project(ctx context.Context, tx *sql.Tx, locker string, records []journal.Record) (inside map[uint64]string, err error) {
	if !slices.ContainsFunc(records, concernsFront) {
		return nil, nil
	}
	q := store.New(tx)
	rows, err := q.Compartments(ctx, locker)
	if err != nil {
		return nil, err
	}
	before, front := Front{}, Front{}
	for _, row := range rows {
		c := compartment(row)
		before[c.Number], front[c.Number] = c, c
	}
	inside = map[uint64]string{}
	for _, r := range records {
		if c, ok := front[r.Compartment]; ok {
			inside[r.Number] = c.Parcel
		}
		if err := f.alarms(ctx, tx, locker, r, front.Apply(r)); err != nil {
			return nil, err
		}
	}
	return inside, save(ctx, q, locker, before, front)
}

func concernsFront(r journal.Record) bool {
	return r.Compartment != 0 || r.Kind == journal.Alarm
}

// alarms raises what a record is alarming for.
func (f *Fleet) alarms(ctx context.Context, tx *sql.Tx, locker string, r journal.Record, known bool) error {
	if !known {
		return f.Contradict(ctx, tx, locker, "unknown compartment", r.Compartment, r.Number)
	}
	kind, ok := alarming[r.Kind]
	if !ok {
		return nil
	}
	return f.raise(ctx, tx, Alarm{Locker: locker, Kind: kind, Reason: r.Reason, Compartment: r.Compartment, Record: r.Number})
}

var alarming = map[journal.Kind]AlarmKind{journal.Alarm: FromGuard, journal.Quarantined: Quarantined, journal.Faulted: Faulted}

// save writes the compartments that changed, and the room they make or take.
func save(ctx context.Context, q *store.Queries, locker string, before, after Front) error {
	for _, c := range sorted(after) {
		was := before[c.Number]
		if c == was {
			continue
		}
		err := q.MoveCompartment(ctx, store.MoveCompartmentParams{Locker: locker, Number: int64(c.Number), State: string(c.State),
			Faulted: c.Faulted, Parcel: c.Parcel, Record: int64(c.Record)})
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

// Advance notes that a head came and that the records up to a position are received. db.ErrRaced when another node was faster.
func (f *Fleet) Advance(ctx context.Context, tx *sql.Tx, was Place, to journal.Position, head statement.Head, kept bool) error {
	now, line := f.now(), was.line
	if line.Heard == 0 || now-line.Heard > SilentAfter.Microseconds() {
		line.Since = now
	}
	line.Head = max(line.Head, int64(head.Position))
	switch {
	case line.Head <= int64(to.Number):
		line.BehindSince = 0
	case line.BehindSince == 0:
		line.BehindSince = now
	}
	if kept {
		line.Kept = now
	}
	rows, err := store.New(tx).Advance(ctx, store.AdvanceParams{Position: int64(to.Number), PositionHash: to.Hash[:], Heard: now,
		Since: line.Since, BehindSince: line.BehindSince, Kept: line.Kept, Boot: int64(head.Boot), Head: line.Head,
		Powered: head.Powered, Low: head.Low, Down: max(line.Down, int64(head.Down)), Locker: was.Locker, Was: line.Position})
	if err == nil && rows == 0 {
		return fmt.Errorf("fleet: the line of locker %s: %w", was.Locker, db.ErrRaced)
	}
	return err
}
