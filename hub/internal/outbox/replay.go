package outbox

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"lockstep/hub/internal/outbox/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// asked is the queue of what merchants ask for: tests, and what is sent again. It goes out under the same rules as all else.
const asked = "asked"

// Test sends a message of type "webhook.test" to one endpoint and gives the delivery's id. Conflict "webhook_disabled".
func (o *Outbox) Test(ctx context.Context, merchant, id string) (delivery string, err error) {
	m := Message{ID: uuid.Must(uuid.NewV7()).String(), Merchant: merchant, Type: testType, At: o.Now(), Data: map[string]string{"webhook": id}}
	body, err := m.body()
	if err != nil {
		return "", err
	}
	err = o.again(ctx, merchant, id, func(tx *sql.Tx, _ Endpoint) error {
		delivery, _, err = o.put(ctx, tx, asked, store.AddDeliveryParams{Endpoint: id, Message: m.ID, Type: m.Type, Body: body})
		return err
	})
	return delivery, err
}

// Resend sends one message of an endpoint's log again, byte for byte but for time and signature, and gives the new delivery's id; of
// one that waits to be sent its own. Faults: NotFound "unknown_delivery", Conflict "webhook_disabled".
func (o *Outbox) Resend(ctx context.Context, merchant, id, delivery string) (again string, err error) {
	err = o.again(ctx, merchant, id, func(tx *sql.Tx, _ Endpoint) error {
		row, err := store.New(tx).Delivery(ctx, delivery)
		if err == nil && row.WebhookDelivery.Endpoint != id {
			err = sql.ErrNoRows
		}
		if row, err = db.One(row, err, "unknown_delivery", "there is no such delivery"); err != nil {
			return err
		}
		d := row.WebhookDelivery
		again, _, err = o.put(ctx, tx, asked, store.AddDeliveryParams{Endpoint: id, Message: d.Message, Type: d.Type, Body: d.Body})
		return err
	})
	return again, err
}

// Replay sends messages to one endpoint, those of the types it asked for, whether it had them before or not: receivers tell by
// their ids. It says how many it put in; what waits to be sent is not put in twice. Conflict "webhook_disabled".
func (o *Outbox) Replay(ctx context.Context, merchant, id string, messages []Message) (count int, err error) {
	err = o.again(ctx, merchant, id, func(tx *sql.Tx, e Endpoint) error {
		count = 0
		for _, m := range messages {
			if !wants(e.Types, m.Type) {
				continue
			}
			body, err := m.body()
			if err != nil {
				return err
			}
			_, added, err := o.put(ctx, tx, asked, store.AddDeliveryParams{Endpoint: id, Message: m.ID, Type: m.Type, Body: body})
			if err != nil {
				return err
			}
			if added {
				count++
			}
		}
		return nil
	})
	return count, err
}

// again does something about a merchant's endpoint that is in use, in one transaction; it cannot be removed meanwhile.
func (o *Outbox) again(ctx context.Context, merchant, id string, do func(tx *sql.Tx, e Endpoint) error) error {
	if _, err := o.Endpoint(ctx, merchant, id); err != nil {
		return err
	}
	return o.DB.Tx(ctx, func(tx *sql.Tx) error {
		row, err := store.New(tx).HoldEndpoint(ctx, id)
		if row, err = db.One(row, err, "unknown_webhook", "there is no such webhook"); err != nil {
			return err
		}
		if row.Disabled > 0 {
			return fault.New(fault.Conflict, "webhook_disabled", "this webhook was disabled; delete it and make another")
		}
		return do(tx, endpoint(row))
	})
}
