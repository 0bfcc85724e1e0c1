package dispatch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/dispatch/store"
	"lockstep/parcel"
)

const (
	// backdate is how long before now a manifest begins to hold: a guard judges by its lower bound of the time, which may be behind.
	backdate = 6 * time.Hour
	// renewal is how long before its end a manifest is replaced for the parcels that were not put in.
	renewal = 12 * time.Hour
	// pause is how long dispatch waits after a guard has refused a manifest.
	pause = 5 * time.Minute
	// keep is how long statements stay that the guard has taken; those it has not stay for ever.
	keep = 30 * 24 * time.Hour
	// look is how often Run looks for parcels that other nodes or a passing hour have made due.
	look = 2 * time.Second
)

// Expect puts a parcel on its locker's next manifest. Poke after the commit.
func (d *Dispatch) Expect(ctx context.Context, tx *sql.Tx, e Expected) error {
	return store.New(tx).Expect(ctx, store.ExpectParams{Barcode: e.Barcode, Locker: e.Locker, Carrier: e.Carrier,
		Size: int64(e.Size), Policy: int64(e.Policy), DwellHours: int64(e.Dwell), Low: e.Low})
}

// ExpectPaid has manifests to come ask for a parcel's code only.
func (d *Dispatch) ExpectPaid(ctx context.Context, tx *sql.Tx, barcode string) error {
	return store.New(tx).ExpectPaid(ctx, barcode)
}

// Forget takes a parcel off all manifests to come; those that the guard holds run out by themselves.
func (d *Dispatch) Forget(ctx context.Context, tx *sql.Tx, barcode string) error {
	return store.New(tx).Forget(ctx, barcode)
}

// Awaited lists the parcels that are expected at a locker.
func (d *Dispatch) Awaited(ctx context.Context, tx *sql.Tx, locker string) ([]string, error) {
	return store.New(tx).ExpectedAt(ctx, locker)
}

// Poke wakes Run: parcels wait.
func (d *Dispatch) Poke() {
	select {
	case d.work <- struct{}{}:
	default:
	}
}

// Taken tells which parcels the manifest of a number names, once: when the guard says that it has taken it.
func (d *Dispatch) Taken(ctx context.Context, tx *sql.Tx, locker string, number uint64) ([]string, error) {
	q := store.New(tx)
	barcodes, err := q.DownParcels(ctx, store.DownParcelsParams{Locker: locker, Number: int64(number)})
	if err != nil || len(barcodes) == 0 {
		return nil, err
	}
	old := store.DropTakenParams{Locker: locker, Number: int64(number), Before: d.Now().Add(-keep).UnixMicro()}
	if err := q.DropTaken(ctx, old); err != nil {
		return nil, err
	}
	return barcodes, q.DropDownParcels(ctx, store.DropDownParcelsParams{Locker: locker, Number: int64(number)})
}

// Refused notes that the guard did not follow the statement of a number, and why. The parcels of a manifest (too late, too many)
// wait for another one, which is made after a pause: what the guard refused now it would refuse again. A request that was refused
// is not made again; whoever asked sees why.
func (d *Dispatch) Refused(ctx context.Context, tx *sql.Tx, locker string, number uint64, why string) error {
	q := store.New(tx)
	if err := q.Unname(ctx, store.UnnameParams{Locker: locker, Number: int64(number), Until: d.Now().Add(renewal + pause).UnixMicro()}); err != nil {
		return err
	}
	if err := q.DropDownParcels(ctx, store.DropDownParcelsParams{Locker: locker, Number: int64(number)}); err != nil {
		return err
	}
	return d.decide(ctx, q, locker, number, why)
}

// Run makes manifests whenever parcels wait for one and renews those that are about to end, until ctx is done.
func (d *Dispatch) Run(ctx context.Context) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		if _, err := d.Make(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("manifests were not made; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.work:
		case <-ticker.C:
		}
	}
}

// Make makes all manifests that are due now and says how many.
func (d *Dispatch) Make(ctx context.Context) (made int, err error) {
	for {
		waiting, err := store.New(d.DB.Reads()).Waiting(ctx, d.due())
		if err != nil || len(waiting) == 0 {
			return made, err
		}
		for _, w := range waiting {
			if err := d.manifest(ctx, w.Locker, w.Carrier); err != nil {
				return made, fmt.Errorf("dispatch: manifest for locker %s: %w", w.Locker, err)
			}
			made++
		}
	}
}

// due is before when a manifest must end for its parcels to need another.
func (d *Dispatch) due() int64 { return d.Now().Add(renewal).UnixMicro() }

var errNothing = errors.New("another node has made it")

// manifest makes one. The number is taken first: its row keeps other nodes from naming the same parcels twice.
func (d *Dispatch) manifest(ctx context.Context, locker, carrier string) error {
	err := d.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		number, err := q.NextNumber(ctx, locker)
		if err != nil {
			return err
		}
		rows, err := q.WaitingAt(ctx, store.WaitingAtParams{Locker: locker, Carrier: carrier, Limit: statement.MaxManifestParcels, Before: d.due()})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return errNothing
		}
		return d.write(ctx, q, d.compose(locker, carrier, uint64(number), rows))
	})
	if err == nil {
		d.Ring(locker)
	}
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

func (d *Dispatch) compose(locker, carrier string, number uint64, rows []store.Expected) statement.Manifest {
	from := d.Now().Add(-backdate).UnixMicro()
	m := statement.Manifest{Locker: locker, Number: number, Carrier: carrier, From: from, Until: from + statement.MaxManifestTerm}
	for _, r := range rows {
		m.Parcels = append(m.Parcels, statement.Expected{Barcode: r.Barcode, Size: uint8(parcel.Size(r.Size)), Policy: statement.Policy(r.Policy),
			DwellHours: uint16(r.DwellHours), Low: r.Low})
	}
	return m
}

func (d *Dispatch) write(ctx context.Context, q *store.Queries, m statement.Manifest) error {
	locker, number := m.Locker, int64(m.Number)
	if err := d.queue(ctx, q, m); err != nil {
		return err
	}
	for _, p := range m.Parcels {
		if err := q.AddDownParcel(ctx, store.AddDownParcelParams{Locker: locker, Number: number, Barcode: p.Barcode}); err != nil {
			return err
		}
		if err := q.Name(ctx, store.NameParams{Barcode: p.Barcode, Number: number, Until: m.Until}); err != nil {
			return err
		}
	}
	return nil
}

// addressed is a statement with its place in one locker's down stream.
type addressed interface {
	statement.Statement
	Addressed() (locker string, number uint64)
}

// queue signs a statement and puts it into the down stream. Ring after the commit.
func (d *Dispatch) queue(ctx context.Context, q *store.Queries, s addressed) error {
	envelope, err := statement.Sign(d.Dispatch, s)
	if err != nil {
		return err
	}
	locker, number := s.Addressed()
	return q.AddDown(ctx, store.AddDownParams{Locker: locker, Number: int64(number), Envelope: envelope, Made: d.Now().UnixMicro()})
}

// atOnce is how many statements Down gives at most.
const atOnce = 16

// Down gives a locker's statements after a number, in order, at most 16.
func (d *Dispatch) Down(ctx context.Context, locker string, after uint64) ([]Statement, error) {
	rows, err := store.New(d.DB.Reads()).Down(ctx, store.DownParams{Locker: locker, Number: int64(min(after, 1<<62)), Limit: atOnce})
	var list []Statement
	for _, r := range rows {
		list = append(list, Statement{uint64(r.Number), r.Envelope})
	}
	return list, err
}
