package ledger

import (
	"context"
	"database/sql"
	"time"

	"lockstep/notifier/internal/channel"
	"lockstep/notifier/internal/text"
)

const (
	// togetherFor is how long a notice waits for those of other parcels of its shipment, so that one message can tell of all.
	togetherFor = 90 * time.Second
	// planBatch bounds the notices of one transaction.
	planBatch = 500
	// together bounds the parcels of one message. What one shipment or person has beyond goes in another. Six codes with their
	// link make an SMS of about eight parts in Cyrillic; many gateways end at ten.
	together = 6
)

// ready is a notice whose time has come, with what planning needs.
type ready struct {
	notice
	deposit            deposit
	merchant, shipment string
	sealed             []byte // the contact
	person             person // whom it means
}

// Plan turns notices whose time has come, and whose parcel has a contact, into deliveries: one per channel of the contact,
// and one for all parcels of a person at a locker that were stored (or collected) at about the same time. open names the channels
// there are: one that is not open is used only for a contact that has no other. It returns how many it made.
func (l *Ledger) Plan(ctx context.Context, open []channel.Name, now time.Time) (n int, err error) {
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		waiting, err := rows(ctx, tx, scanReady, `SELECT n.id, n.kind, n.fact, n.at, n.not_before, n.until, n.reason, p.merchant, p.shipment, p.contact, `+depositColumns+`
			FROM notice n JOIN parcel p ON p.barcode = n.barcode JOIN deposit d ON d.locker = n.locker AND d.guard = n.guard AND d.record = n.deposit
			WHERE n.state = 'waiting' AND n.not_before <= $1 AND p.contact IS NOT NULL ORDER BY n.not_before, n.id LIMIT $2`, micros(now), planBatch)
		if err != nil {
			return err
		}
		if waiting, err = l.sift(ctx, tx, waiting, now); err != nil {
			return err
		}
		for _, group := range gather(waiting) {
			made, err := l.planGroup(ctx, tx, group, open, now)
			if err != nil {
				return err
			}
			n += made
		}
		return nil
	})
	return n, err
}

func scanReady(r *sql.Rows) (w ready, err error) {
	fields := []any{&w.ID, &w.Kind, &w.Fact, &w.At, &w.NotBefore, &w.Until, &w.Reason, &w.merchant, &w.shipment, &w.sealed}
	err = r.Scan(append(fields, w.deposit.fields()...)...)
	return w, err
}

// sift drops the stale ones and finds out whom the others are for.
func (l *Ledger) sift(ctx context.Context, tx *sql.Tx, waiting []ready, now time.Time) (fresh []ready, err error) {
	for _, w := range waiting {
		if w.stale(w.deposit, micros(now)) {
			if err := exec(ctx, tx, `UPDATE notice SET state = 'dropped' WHERE id = $1`, w.ID); err != nil {
				return nil, err
			}
			continue
		}
		if w.person, err = l.person(w.sealed, w.deposit.Barcode); err != nil {
			return nil, err
		}
		fresh = append(fresh, w)
	}
	return fresh, nil
}

// gather puts notices that one message can tell of together, in their order: those for one person of one kind about one locker,
// whichever shipments and merchants their parcels are of, and with one reason.
func gather(waiting []ready) (groups [][]ready) {
	type party struct {
		kind           text.Kind
		locker, reason string
		person         person
	}
	open := map[party]int{} // the group of a party that is not full, counted from 1
	for _, w := range waiting {
		p := party{w.Kind, w.deposit.Locker, w.Reason, w.person}
		if at := open[p]; at > 0 && len(groups[at-1]) < together {
			groups[at-1] = append(groups[at-1], w)
			continue
		}
		groups = append(groups, []ready{w})
		open[p] = len(groups)
	}
	return groups
}

func (l *Ledger) planGroup(ctx context.Context, tx *sql.Tx, group []ready, open []channel.Name, now time.Time) (int, error) {
	if micros(now)-group[0].NotBefore < togetherFor.Microseconds() {
		more, err := expectsMore(ctx, tx, group)
		if err != nil || more {
			return 0, err
		}
	}
	to, err := l.recipient(group[0].sealed, group[0].deposit.Barcode)
	if err != nil {
		return 0, err
	}
	for _, w := range group {
		if err := exec(ctx, tx, `UPDATE notice SET state = 'planned' WHERE id = $1`, w.ID); err != nil {
			return 0, err
		}
	}
	names := to.reachable(open)
	for _, name := range names {
		if err := addDelivery(ctx, tx, name, group[0].Kind, group, now); err != nil {
			return 0, err
		}
	}
	return len(names), nil
}

// expectsMore says whether other parcels of a group's shipments may soon have the same told of them. A group that is full does not
// wait.
func expectsMore(ctx context.Context, tx *sql.Tx, group []ready) (more bool, err error) {
	type shipment struct{ merchant, id string }
	asked := map[shipment]bool{}
	for _, w := range group {
		s := shipment{w.merchant, w.shipment}
		if w.shipment == "" || asked[s] || len(group) == together { // a parcel of no shipment waits for none
			continue
		}
		asked[s] = true
		if more, err = w.expectsMore(ctx, tx); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

func (w ready) expectsMore(ctx context.Context, tx *sql.Tx) (bool, error) {
	switch w.Kind {
	case text.Stored: // some of the shipment has not been in a locker yet
		n, err := count(ctx, tx, `SELECT COUNT(*) FROM parcel p WHERE p.merchant = $1 AND p.shipment = $2
			AND NOT EXISTS (SELECT 1 FROM deposit d WHERE d.barcode = p.barcode)`, w.merchant, w.shipment)
		return n > 0, err
	case text.Collected, text.Withdrawn: // some of it is still in this locker
		n, err := count(ctx, tx, `SELECT COUNT(*) FROM parcel p JOIN deposit d ON d.barcode = p.barcode
			WHERE p.merchant = $1 AND p.shipment = $2 AND d.locker = $3 AND d.ended = ''`, w.merchant, w.shipment, w.deposit.Locker)
		return n > 0, err
	}
	return false, nil
}

func addDelivery(ctx context.Context, tx *sql.Tx, name channel.Name, kind text.Kind, group []ready, now time.Time) error {
	id, err := newID()
	if err != nil {
		return err
	}
	err = exec(ctx, tx, `INSERT INTO delivery (id, channel, kind, state, attempts, next_at, reason, planned_at, ended_at)
		VALUES ($1, $2, $3, 'waiting', 0, $4, '', $4, 0)`, id, string(name), string(kind), micros(now))
	if err != nil {
		return err
	}
	for _, w := range group {
		if err := exec(ctx, tx, `INSERT INTO delivery_notice (delivery, notice) VALUES ($1, $2)`, id, w.ID); err != nil {
			return err
		}
	}
	return nil
}
