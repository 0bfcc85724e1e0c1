package fleet

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// Raise opens an alarm, unless the same is open.
func (f *Fleet) Raise(ctx context.Context, a Alarm) error {
	return f.DB.Tx(ctx, func(tx *sql.Tx) error { return f.raise(ctx, tx, a) })
}

// Report opens an alarm about a parcel; Conflict "reported" while one is open.
func (f *Fleet) Report(ctx context.Context, a Alarm) error {
	return f.DB.Tx(ctx, func(tx *sql.Tx) error {
		opened, err := f.open(ctx, tx, a)
		if err == nil && !opened {
			return fault.New(fault.Conflict, "reported", "this is known, and somebody looks after it")
		}
		return err
	})
}

func (f *Fleet) raise(ctx context.Context, tx *sql.Tx, a Alarm) error {
	_, err := f.open(ctx, tx, a)
	return err
}

func (f *Fleet) open(ctx context.Context, tx *sql.Tx, a Alarm) (opened bool, err error) {
	rows, err := store.New(tx).AddAlarm(ctx, store.AddAlarmParams{ID: uuid.Must(uuid.NewV7()).String(), Locker: a.Locker, Kind: string(a.Kind),
		Reason: a.Reason, Compartment: int64(a.Compartment), Record: int64(a.Record), Raised: f.now(), Evidence: a.Evidence, Parcel: a.Parcel, Note: a.Note})
	return rows == 1, err
}

// Contradict raises an alarm inside tx about a record that does not fit what the hub knows.
func (f *Fleet) Contradict(ctx context.Context, tx *sql.Tx, locker, reason string, compartment uint16, record uint64) error {
	return f.raise(ctx, tx, Alarm{Locker: locker, Kind: Contradiction, Reason: reason, Compartment: compartment, Record: record})
}

// Alarms are the open alarms of a locker, or of all lockers for ""; newest first, at most limit.
func (f *Fleet) Alarms(ctx context.Context, locker string, limit int) (list []Alarm, err error) {
	rows, err := store.New(f.DB.Reads()).OpenAlarms(ctx, store.OpenAlarmsParams{Limit: int32(limit), Locker: locker})
	for _, r := range rows {
		list = append(list, alarm(r))
	}
	return list, err
}

// PastAlarms are the last that were ended, newest first.
func (f *Fleet) PastAlarms(ctx context.Context, limit int) (list []Alarm, err error) {
	rows, err := store.New(f.DB.Reads()).PastAlarms(ctx, int32(limit))
	for _, r := range rows {
		list = append(list, alarm(store.OpenAlarmsRow(r)))
	}
	return list, err
}

func alarm(r store.OpenAlarmsRow) Alarm {
	return Alarm{ID: r.ID, Locker: r.Locker, Kind: AlarmKind(r.Kind), Reason: r.Reason, Compartment: uint16(r.Compartment), Record: uint64(r.Record), Raised: r.Raised,
		Proven: r.Evidence > 0, Taken: r.Taken, TakenBy: r.TakenBy, Ended: r.Ended, EndedBy: r.EndedBy, Parcel: r.Parcel, Note: r.Note}
}

// TakeAlarm says who looks after an alarm: the actor, or with "" nobody any more; NotFound when it is not open.
func (f *Fleet) TakeAlarm(ctx context.Context, id, actor string) error {
	taken := f.now()
	if actor == "" {
		taken = 0
	}
	return f.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).TakeAlarm(ctx, store.TakeAlarmParams{ID: id, Taken: taken, TakenBy: actor})
		return notOpen(rows, err)
	})
}

func notOpen(rows int64, err error) error {
	if err == nil && rows == 0 {
		return fault.New(fault.NotFound, "unknown_alarm", "no such alarm is open")
	}
	return err
}

// Evidence is what an alarm was raised over, as it came; NotFound where it rests on nothing but records or silence.
func (f *Fleet) Evidence(ctx context.Context, id string) ([]byte, error) {
	evidence, err := store.New(f.DB.Reads()).Evidence(ctx, id)
	if evidence, err = db.One(evidence, err, "unknown_alarm", "there is no such alarm"); err != nil {
		return nil, err
	}
	if len(evidence) == 0 {
		return nil, fault.New(fault.NotFound, "no_evidence", "this alarm has no evidence of its own: its record is in the locker's journal")
	}
	return evidence, nil
}

// EndAlarm says that a person has looked after an alarm; NotFound when it is not open.
func (f *Fleet) EndAlarm(ctx context.Context, id, actor string) error {
	return f.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).EndAlarmByID(ctx, store.EndAlarmByIDParams{ID: id, Ended: f.now(), EndedBy: actor})
		return notOpen(rows, err)
	})
}

// Sweep looks at all lines once: it raises alarms for lockers that have fallen silent, whose records are withheld or have come
// to a stop, and ends those whose cause has gone.
func (f *Fleet) Sweep(ctx context.Context) error {
	return f.DB.Tx(ctx, func(tx *sql.Tx) error {
		q, heard := store.New(tx), f.ago(SilentAfter)
		silent, err1 := q.SilentLockers(ctx, heard)
		behind, err2 := q.BehindLockers(ctx, f.ago(WithheldAfter))
		stalled, err3 := q.StalledLockers(ctx, store.StalledLockersParams{After: heard, Before: f.ago(StalledAfter)})
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		for kind, lockers := range map[AlarmKind][]string{Silent: silent, Withheld: behind, Stalled: stalled} {
			for _, locker := range lockers {
				if err := f.raise(ctx, tx, Alarm{Locker: locker, Kind: kind}); err != nil {
					return err
				}
			}
		}
		return f.calm(ctx, q, heard)
	})
}

func (f *Fleet) calm(ctx context.Context, q *store.Queries, heardSince int64) error {
	heard, err1 := q.HeardAgain(ctx, heardSince)
	caughtUp, err2 := q.CaughtUp(ctx)
	moved, err3 := q.MovedAgain(ctx, f.ago(StalledAfter))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	for kind, lockers := range map[AlarmKind][]string{Silent: heard, Withheld: caughtUp, Stalled: moved} {
		for _, locker := range lockers {
			if err := q.EndAlarm(ctx, store.EndAlarmParams{Locker: locker, Kind: string(kind), Ended: f.now()}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Fleet) ago(d time.Duration) int64 { return f.Now().Add(-d).UnixMicro() }
