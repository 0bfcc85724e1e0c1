package fleet

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/fault"
)

// Raise opens an alarm, unless the same is open.
func (f *Fleet) Raise(ctx context.Context, a Alarm) error {
	return f.DB.Tx(ctx, func(tx *sql.Tx) error { return f.raise(ctx, tx, a) })
}

func (f *Fleet) raise(ctx context.Context, tx *sql.Tx, a Alarm) error {
	return store.New(tx).AddAlarm(ctx, store.AddAlarmParams{ID: uuid.Must(uuid.NewV7()).String(), Locker: a.Locker, Kind: string(a.Kind),
		Reason: a.Reason, Compartment: int64(a.Compartment), Record: int64(a.Record), Raised: f.now()})
}

// Contradict raises an alarm inside tx about a record that does not fit what the hub knows.
func (f *Fleet) Contradict(ctx context.Context, tx *sql.Tx, locker, reason string, compartment uint16, record uint64) error {
	return f.raise(ctx, tx, Alarm{Locker: locker, Kind: Contradiction, Reason: reason, Compartment: compartment, Record: record})
}

// Alarms are the open alarms of a locker, or of all lockers for ""; newest first, at most limit.
func (f *Fleet) Alarms(ctx context.Context, locker string, limit int) ([]Alarm, error) {
	rows, err := store.New(f.DB.Reads()).OpenAlarms(ctx, store.OpenAlarmsParams{Limit: int32(limit), Locker: locker})
	var list []Alarm
	for _, r := range rows {
		list = append(list, Alarm{r.ID, r.Locker, AlarmKind(r.Kind), r.Reason, uint16(r.Compartment), uint64(r.Record), r.Raised, r.Ended})
	}
	return list, err
}

// EndAlarm says that a person has looked after an alarm; NotFound when it is not open.
func (f *Fleet) EndAlarm(ctx context.Context, id string) error {
	return f.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).EndAlarmByID(ctx, store.EndAlarmByIDParams{ID: id, Ended: f.now()})
		if err == nil && rows == 0 {
			return fault.New(fault.NotFound, "unknown_alarm", "no such alarm is open")
		}
		return err
	})
}

// Sweep looks at all lines once: it raises alarms for lockers that have fallen silent or whose records are withheld, and ends
// those whose cause has gone.
func (f *Fleet) Sweep(ctx context.Context) error {
	return f.DB.Tx(ctx, func(tx *sql.Tx) error {
		q, heardSince := store.New(tx), f.now()-SilentAfter.Microseconds()
		silent, err := q.SilentLockers(ctx, heardSince)
		if err != nil {
			return err
		}
		behind, err := q.BehindLockers(ctx, f.now()-WithheldAfter.Microseconds())
		if err != nil {
			return err
		}
		for kind, lockers := range map[AlarmKind][]string{Silent: silent, Withheld: behind} {
			for _, locker := range lockers {
				if err := f.raise(ctx, tx, Alarm{Locker: locker, Kind: kind}); err != nil {
					return err
				}
			}
		}
		return f.calm(ctx, q, heardSince)
	})
}

func (f *Fleet) calm(ctx context.Context, q *store.Queries, heardSince int64) error {
	heard, err := q.HeardAgain(ctx, heardSince)
	if err != nil {
		return err
	}
	caughtUp, err := q.CaughtUp(ctx)
	if err != nil {
		return err
	}
	for kind, lockers := range map[AlarmKind][]string{Silent: heard, Withheld: caughtUp} {
		for _, locker := range lockers {
			if err := q.EndAlarm(ctx, store.EndAlarmParams{Locker: locker, Kind: string(kind), Ended: f.now()}); err != nil {
				return err
			}
		}
	}
	return nil
}
