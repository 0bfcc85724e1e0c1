package dispatch

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/hub/internal/dispatch/store"
)

// Cosigned is what several persons have signed for one locker. It has no number and waits beside the down stream.
type Cosigned struct {
	Locker        string
	Kind          string // Charter or Lift
	Mark          uint64 // the charter's epoch, or the record that began the lockdown
	Bundle        []byte // a statement.Bundle
	Actor         string
	Made, Decided int64  // µs UTC; Decided is 0 while it waits
	Refused       string // what the guard last said against it
}

// Kinds of what several persons sign. The hub's word on them is nothing; the guard verifies.
const (
	Charter = "charter"
	Lift    = "lift"
)

// liftTerm is how long a lift waits for its lockdown's cause to go.
const liftTerm = 24 * time.Hour

// Queue keeps a bundle for a locker until a record proves it or the guard refuses it. What waits already is not replaced.
func (d *Dispatch) Queue(ctx context.Context, c Cosigned) error {
	err := d.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := store.New(tx).AddCosigned(ctx, store.AddCosignedParams{Locker: c.Locker, Kind: c.Kind, Mark: int64(c.Mark), Bundle: c.Bundle,
			Actor: c.Actor, Made: d.Now().UnixMicro()})
		return err
	})
	if err == nil {
		d.Ring(c.Locker)
	}
	return err
}

// Persons is the bundle that waits longest for a locker, charters before lifts and in the order of their epochs; nil where none
// does.
func (d *Dispatch) Persons(ctx context.Context, locker string) (*Cosigned, error) {
	row, err := store.New(d.DB.Reads()).NextCosigned(ctx, locker)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := cosigned(row)
	return &c, nil
}

// Judged notes what the guard said against a bundle, and whether that was its last word: one that only comes too early waits on.
func (d *Dispatch) Judged(ctx context.Context, c Cosigned, reason string) (final bool, err error) {
	early := reason == "storage" || reason == "cause" && d.Now().Before(time.UnixMicro(c.Made).Add(liftTerm))
	decided := int64(0)
	if !early {
		decided = d.Now().UnixMicro()
	}
	return !early, d.DB.Tx(ctx, func(tx *sql.Tx) error {
		return store.New(tx).Judge(ctx, store.JudgeParams{Locker: c.Locker, Kind: c.Kind, Mark: int64(c.Mark), Decided: decided, Refused: reason})
	})
}

// Proved notes that a record says what bundles of a kind up to a mark were to bring about.
func (d *Dispatch) Proved(ctx context.Context, tx *sql.Tx, locker, kind string, mark uint64) error {
	return store.New(tx).Prove(ctx, store.ProveParams{Locker: locker, Kind: kind, Mark: int64(mark), Decided: d.Now().UnixMicro()})
}

// CosignedAt lists the last bundles for a locker, newest first.
func (d *Dispatch) CosignedAt(ctx context.Context, locker string) (list []Cosigned, err error) {
	rows, err := store.New(d.DB.Reads()).Cosigned(ctx, locker)
	for _, row := range rows {
		list = append(list, cosigned(row))
	}
	return list, err
}

func cosigned(r store.Cosigned) Cosigned {
	return Cosigned{Locker: r.Locker, Kind: r.Kind, Mark: uint64(r.Mark), Bundle: r.Bundle, Actor: r.Actor, Made: r.Made, Decided: r.Decided, Refused: r.Refused}
}
