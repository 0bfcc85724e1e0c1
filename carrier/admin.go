package carrier

import (
	"context"
	"database/sql"
	"fmt"
	"os/user"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/courier"
)

// The types below are what the command line shows; their JSON is what scripts read. Times are RFC 3339 in UTC.

// CourierView is a courier; URL only when the enrolment was made just now.
type CourierView struct {
	ID       string   `json:"id"`
	Carrier  string   `json:"carrier"`
	Lockers  []string `json:"lockers"`
	Deposit  bool     `json:"deposit"`
	Withdraw bool     `json:"withdraw"`
	Enrolled bool     `json:"enrolled"`
	Until    string   `json:"until,omitempty"` // end of the certificate
	URL      string   `json:"url,omitempty"`
}

// StatusView is the service at a glance.
type StatusView struct {
	Network     string   `json:"network"`
	Carrier     string   `json:"carrier"`
	Fingerprint string   `json:"fingerprint"` // of the carrier's key
	Couriers    int      `json:"couriers"`
	Enrolled    int      `json:"enrolled"`
	Waiting     []string `json:"waiting"` // ids of revoked devices that the hub has not been told of
}

// AuditView is one line of the audit log.
type AuditView struct {
	At      string `json:"at"`
	Actor   string `json:"actor"`
	Act     string `json:"act"`
	Subject string `json:"subject"`
}

// NewCourier is what it takes to expect a courier.
type NewCourier struct {
	ID                string
	Lockers           []string // "*" alone is the whole network
	Deposit, Withdraw bool
}

// AddCourier expects a courier and makes the one-time URL that enrols their phone. Again: a new URL and scope for another phone.
func (c *Carrier) AddCourier(ctx context.Context, n NewCourier) (CourierView, error) {
	one, token, err := c.couriers.Expect(ctx, courier.NewCourier{ID: n.ID, Carrier: c.keys.carrier, Lockers: n.Lockers, Deposit: n.Deposit, Withdraw: n.Withdraw})
	if err != nil {
		return CourierView{}, err
	}
	v := view(one)
	v.URL = c.config.Origin + "/courier/#enrol=" + token.Reveal()
	return v, c.audit(ctx, "expected a courier", n.ID)
}

// Couriers lists all couriers.
func (c *Carrier) Couriers(ctx context.Context) ([]CourierView, error) {
	list, err := c.couriers.All(ctx)
	var out []CourierView
	for _, one := range list {
		out = append(out, view(one))
	}
	return out, err
}

// RevokeCourier ends a courier's phone, and a link that is not used yet. A running service tells the hub.
func (c *Carrier) RevokeCourier(ctx context.Context, id string) (CourierView, error) {
	if err := c.couriers.Revoke(ctx, id); err != nil {
		return CourierView{}, err
	}
	one, err := c.couriers.Courier(ctx, id)
	if err != nil {
		return CourierView{}, err
	}
	return view(one), c.audit(ctx, "revoked a courier", id)
}

func view(c courier.Courier) CourierView {
	v := CourierView{ID: c.ID, Carrier: c.Carrier, Lockers: c.Lockers, Deposit: c.Deposit, Withdraw: c.Withdraw, Enrolled: len(c.Certificate) > 0}
	if c.Until > 0 {
		v.Until = stamp(c.Until)
	}
	return v
}

func stamp(micro int64) string { return time.UnixMicro(micro).UTC().Format(time.RFC3339) }

// Status counts couriers and lists what waits.
func (c *Carrier) Status(ctx context.Context) (StatusView, error) {
	v := StatusView{Network: c.keys.network, Carrier: c.keys.carrier, Fingerprint: c.keys.signer.Key().Fingerprint(), Waiting: []string{}}
	list, err := c.couriers.All(ctx)
	if err != nil {
		return v, err
	}
	v.Couriers = len(list)
	for _, one := range list {
		if len(one.Certificate) > 0 && one.Until > c.config.Now().UnixMicro() {
			v.Enrolled++
		}
	}
	waiting, err := c.couriers.Waiting(ctx)
	for _, r := range waiting {
		v.Waiting = append(v.Waiting, r.Key.String())
	}
	return v, err
}

// Audits are the last lines of the audit log, newest first.
func (c *Carrier) Audits(ctx context.Context, limit int) ([]AuditView, error) {
	rows, err := c.db.Reads().QueryContext(ctx, "SELECT at, actor, act, subject FROM audit ORDER BY id DESC LIMIT $1", limit)
	if err != nil {
		return nil, fmt.Errorf("carrier: audit: %w", err)
	}
	defer rows.Close()
	var list []AuditView
	for rows.Next() {
		var at int64
		var v AuditView
		if err := rows.Scan(&at, &v.Actor, &v.Act, &v.Subject); err != nil {
			return nil, fmt.Errorf("carrier: audit: %w", err)
		}
		v.At = stamp(at)
		list = append(list, v)
	}
	return list, rows.Err()
}

// audit writes what the operator of the command line did.
func (c *Carrier) audit(ctx context.Context, act, subject string) error {
	who := "operator"
	if u, err := user.Current(); err == nil {
		who += " " + u.Username
	}
	return c.db.Tx(ctx, func(tx *sql.Tx) error { return c.auditIn(ctx, tx, who, act, subject) })
}

// auditIn writes one line in the transaction that does what it tells of. Ids only.
func (c *Carrier) auditIn(ctx context.Context, tx *sql.Tx, actor, act, subject string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO audit (id, at, actor, act, subject) VALUES ($1, $2, $3, $4, $5)",
		uuid.Must(uuid.NewV7()).String(), c.config.Now().UnixMicro(), actor, act, subject)
	if err != nil {
		return fmt.Errorf("carrier: audit: %w", err)
	}
	return nil
}
