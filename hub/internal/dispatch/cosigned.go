package dispatch

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lockstep/hub/internal/dispatch/store"
)

// Cosigned is what others than dispatch have signed for one locker: several persons, or a payment key. It has no number and waits beside
// the down stream.
type Cosigned struct {
	Locker        string
	Kind          string // Charter, Lift or Payment
	Mark          uint64 // the charter's epoch, the record that began the lockdown, or the barcode of what was paid for
	Bundle        []byte // a statement.Bundle
	Actor         string
	Made, Decided int64  // µs UTC; Decided is 0 while it waits
	Refused       string // what the guard last said against it
}

// Kinds of what others sign. The hub's word on them is nothing; the guard verifies.
const (
	Charter = "charter"
	Lift    = "lift"
	Payment = "payment"
)

// liftTerm is how long a lift waits for its lockdown's cause to go.
const liftTerm = 24 * time.Hour

// Queue keeps a bundle for a locker until a record proves it or the guard refuses it. What waits already is not replaced.
func (d *Dispatch) Queue(ctx context.Context, c Cosigned) error {
	err := d.DB.Tx(ctx, func(tx *sql.Tx) error { return d.QueueIn(ctx, tx, c) })
	if err == nil {
		d.Ring(c.Locker)
	}
	return err
}

// QueueIn is Queue in a transaction. Ring after the commit.
func (d *Dispatch) QueueIn(ctx context.Context, tx *sql.Tx, c Cosigned) error {
	_, err := store.New(tx).AddCosigned(ctx, store.AddCosignedParams{Locker: c.Locker, Kind: c.Kind, Mark: int64(c.Mark), Bundle: c.Bundle,
		Actor: c.Actor, Made: d.Now().UnixMicro()})
	return err
}

// Persons is the bundle that waits longest for a locker, charters before lifts and payments, and in the order of their epochs; nil where none
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

// Proved notes that a record says what bundles of a kind were to bring about: charters and lifts up to a mark, a payment of just that.
func (d *Dispatch) Proved(ctx context.Context, tx *sql.Tx, locker, kind string, mark uint64) error {
	if kind == Payment {
		return store.New(tx).Judge(ctx, store.JudgeParams{Locker: locker, Kind: kind, Mark: int64(mark), Decided: d.Now().UnixMicro()})
	}
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
