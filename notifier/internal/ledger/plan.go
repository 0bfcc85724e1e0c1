package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"time"

	"lockstep/notifier/internal/channel"
	"lockstep/notifier/internal/text"
)

const (
	// togetherFor is how long a notice waits for those of other parcels of its shipment, so that one message can tell of all.
	togetherFor = 90 * time.Second
	// planBatch bounds the notices of one transaction, together the parcels of one message.
	planBatch, together = 500, 16
)

// ready is a notice whose time has come, with what planning needs.
type ready struct {
	notice
	deposit            deposit
	merchant, shipment string
	sealed             []byte // the contact
}

// party is whom one message goes to and what it is about: notices of one party may share it.
type party struct {
	kind                       text.Kind
	locker, merchant, shipment string
	contact                    [sha256.Size]byte
}

// Plan turns notices whose time has come, and whose parcel has a contact, into deliveries: one per channel of the contact,
// and one for all parcels of a shipment that were stored (or collected) at about the same time. open names the channels there
// are: one that is not open is used only for a contact that has no other. It returns how many it made.
func (l *Ledger) Plan(ctx context.Context, open []channel.Name, now time.Time) (n int, err error) {
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		waiting, err := rows(ctx, tx, scanReady, `SELECT n.id, n.kind, n.fact, n.at, n.not_before, n.until, p.merchant, p.shipment, p.contact, `+depositColumns+`
			FROM notice n JOIN parcel p ON p.barcode = n.barcode JOIN deposit d ON d.locker = n.locker AND d.guard = n.guard AND d.record = n.deposit
			WHERE n.state = 'waiting' AND n.not_before <= $1 AND p.contact IS NOT NULL ORDER BY n.not_before, n.id LIMIT $2`, micros(now), planBatch)
		if err != nil {
			return err
		}
		parties, groups, err := l.group(ctx, tx, waiting, now)
		if err != nil {
			return err
		}
		for _, p := range parties {
			made, err := l.planGroup(ctx, tx, p, groups[p], open, now)
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
	fields := []any{&w.ID, &w.Kind, &w.Fact, &w.At, &w.NotBefore, &w.Until, &w.merchant, &w.shipment, &w.sealed}
	err = r.Scan(append(fields, w.deposit.fields()...)...)
	return w, err
}

// group sorts notices by party, in their order, and drops the stale ones.
func (l *Ledger) group(ctx context.Context, tx *sql.Tx, waiting []ready, now time.Time) ([]party, map[party][]ready, error) {
	var order []party
	groups := map[party][]ready{}
	for _, w := range waiting {
		if w.stale(w.deposit, micros(now)) {
			if err := exec(ctx, tx, `UPDATE notice SET state = 'dropped' WHERE id = $1`, w.ID); err != nil {
				return nil, nil, err
			}
			continue
		}
		plain, err := l.openContact(w.sealed, w.deposit.Barcode)
		if err != nil {
			return nil, nil, err
		}
		p := party{w.Kind, w.deposit.Locker, w.merchant, w.shipment, sha256.Sum256(plain)}
		if p.shipment == "" {
			p.shipment = w.deposit.Barcode
		}
		if len(groups[p]) == 0 {
			order = append(order, p)
		}
		if len(groups[p]) < together {
			groups[p] = append(groups[p], w)
		}
	}
	return order, groups, nil
}

func (l *Ledger) planGroup(ctx context.Context, tx *sql.Tx, p party, group []ready, open []channel.Name, now time.Time) (int, error) {
	if micros(now)-group[0].NotBefore < togetherFor.Microseconds() {
		more, err := expectsMore(ctx, tx, p)
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
		if err := addDelivery(ctx, tx, name, p.kind, group, now); err != nil {
			return 0, err
		}
	}
	return len(names), nil
}

// expectsMore says whether other parcels of the shipment may soon have the same told of them.
func expectsMore(ctx context.Context, tx *sql.Tx, p party) (bool, error) {
	switch p.kind {
	case text.Stored: // some of the shipment has not been in a locker yet
		n, err := count(ctx, tx, `SELECT COUNT(*) FROM parcel p WHERE p.merchant = $1 AND p.shipment = $2
			AND NOT EXISTS (SELECT 1 FROM deposit d WHERE d.barcode = p.barcode)`, p.merchant, p.shipment)
		return n > 0, err
	case text.Collected, text.Withdrawn: // some of it is still in this locker
		n, err := count(ctx, tx, `SELECT COUNT(*) FROM parcel p JOIN deposit d ON d.barcode = p.barcode
			WHERE p.merchant = $1 AND p.shipment = $2 AND d.locker = $3 AND d.ended = ''`, p.merchant, p.shipment, p.locker)
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
