package outbox

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/riverqueue/river"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lockstep/hub/internal/outbox/store"
)

// States of a delivery.
const (
	Pending   = "pending"   // to be sent, or sent again
	Delivered = "delivered" // answered with 2xx
	Failed    = "failed"    // given up
)

// Delivery is one message to one endpoint with what came of it.
type Delivery struct {
	ID, Message, Type, State string
	Created, Changed         int64 // µs UTC
	Next                     int64 // when it is tried next, reckoned, µs UTC; 0 when it is not
	Attempts                 []Attempt
}

// Attempt is one try.
type Attempt struct {
	Number  int
	At      int64 // µs UTC
	Took    time.Duration
	Status  int    // of the answer; 0 without one
	Failure string // empty when it was delivered
}

// Filter narrows a list of deliveries. Zero fields do not.
type Filter struct {
	State string
	After string // id of the last delivery of the page before
	Limit int    // 1 to 100; 0 is 100
}

// Deliveries are an endpoint's of thirty days, newest first; NotFound also for another merchant's. next is the After of the next
// page, empty on the last.
func (o *Outbox) Deliveries(ctx context.Context, merchant, endpoint string, f Filter) (list []Delivery, next string, err error) {
	if _, err := o.Endpoint(ctx, merchant, endpoint); err != nil {
		return nil, "", err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 100)
	q := store.New(o.DB.Reads())
	rows, err := q.Deliveries(ctx, store.DeliveriesParams{Endpoint: endpoint, State: f.State, After: f.After, AtMost: int32(limit + 1)})
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	list, err = withAttempts(ctx, q, endpoint, rows)
	return list, next, err
}

// withAttempts fills a page, newest first, in one query.
func withAttempts(ctx context.Context, q *store.Queries, endpoint string, rows []store.WebhookDelivery) (list []Delivery, err error) {
	attempts, err := q.Attempts(ctx, store.AttemptsParams{Endpoint: endpoint, First: rows[len(rows)-1].ID, Last: rows[0].ID})
	of := map[string][]Attempt{}
	for _, a := range attempts {
		of[a.Delivery] = append(of[a.Delivery], Attempt{int(a.Number), a.At, time.Duration(a.Took) * time.Microsecond, int(a.Status), a.Failure})
	}
	for _, r := range rows {
		list = append(list, Delivery{r.ID, r.Message, r.Type, r.State, r.Created, r.Changed, r.Next, of[r.ID]})
	}
	return list, err
}

// task is the job that sends one delivery.
type task struct {
	Delivery string `json:"delivery"`
}

// Kind names the job in the job library's table.
func (task) Kind() string { return "webhook" }

type sender struct {
	river.WorkerDefaults[task]
	outbox *Outbox
}

// NextRetry is the job library's time, not ours.
func (s *sender) NextRetry(job *river.Job[task]) time.Time {
	return time.Now().Add(s.outbox.pause(job.Args.Delivery, job.Attempt))
}

// pause is how long a delivery waits after an attempt that failed: as the schedule says, and up to a tenth longer so that what failed
// together does not come back together. Asked again it says the same.
func (o *Outbox) pause(delivery string, attempt int) time.Duration {
	wait := o.Schedule[min(max(attempt, 1), len(o.Schedule))-1]
	apart := fnv.New32a()
	fmt.Fprint(apart, delivery, attempt)
	return wait + wait/10*time.Duration(apart.Sum32()%1000)/1000
}

// Work makes one attempt. An error makes the job library call again later. A crash between the answer and the mark sends the same
// message again; receivers tell by webhook-id.
func (s *sender) Work(ctx context.Context, job *river.Job[task]) error {
	o := s.outbox
	row, err := store.New(o.DB.Reads()).Delivery(ctx, job.Args.Delivery)
	if errors.Is(err, sql.ErrNoRows) || err == nil && row.WebhookDelivery.State != Pending {
		return nil // its endpoint was deleted, or a crash came after the mark
	}
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if row.WebhookEndpoint.Disabled > 0 {
		return o.finish(ctx, row.WebhookDelivery.ID, Failed)
	}
	a := o.attempt(ctx, row.WebhookDelivery, row.WebhookEndpoint)
	if ctx.Err() != nil && a.Failure != "" {
		return ctx.Err() // we were told to stop; that says nothing about the endpoint
	}
	a.Number = job.Attempt
	if err := o.record(ctx, row, a, job.Attempt >= job.MaxAttempts); err != nil {
		return err
	}
	if a.Failure != "" && a.Status != http.StatusGone {
		return errors.New(a.Failure)
	}
	return nil
}

func (o *Outbox) finish(ctx context.Context, delivery, state string) error {
	return o.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := store.New(tx).SetDelivery(ctx, store.SetDeliveryParams{ID: delivery, State: state, Changed: o.Now().UnixMicro()})
		return err
	})
}

// attempt sends once. What went wrong is told without the URL, which may hold a secret of the merchant's.
func (o *Outbox) attempt(ctx context.Context, d store.WebhookDelivery, e store.WebhookEndpoint) Attempt {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := o.Now()
	a := Attempt{At: began.UnixMicro()}
	request, err := sign(ctx, d, e, began)
	if err != nil {
		a.Failure = "the message could not be signed"
		return a
	}
	answer, err := o.http.Do(request)
	a.Took = o.Now().Sub(began)
	if err != nil {
		a.Failure = plainly(err)
		return a
	}
	defer answer.Body.Close()
	defer time.AfterFunc(restTime, cancel).Stop()
	io.Copy(io.Discard, io.LimitReader(answer.Body, 16<<10)) // lets the connection be used again; nobody reads what it says
	a.Status = answer.StatusCode
	if a.Status < 200 || a.Status > 299 {
		a.Failure = fmt.Sprintf("answered %d", a.Status)
	}
	return a
}

func sign(ctx context.Context, d store.WebhookDelivery, e store.WebhookEndpoint, at time.Time) (*http.Request, error) {
	hook, err := webhooks.NewWebhook(e.Secret)
	if err != nil {
		return nil, err
	}
	signature, err := hook.Sign(d.Message, at, d.Body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Url, bytes.NewReader(d.Body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Lockstep-Webhooks/1")
	request.Header.Set(webhooks.HeaderWebhookID, d.Message)
	request.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	request.Header.Set(webhooks.HeaderWebhookSignature, signature)
	return request, nil
}

func plainly(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		if e.Timeout() {
			return "no answer in time"
		}
		err = e.Err
	}
	if errors.Is(err, errPrivate) {
		return errPrivate.Error()
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "the name does not resolve"
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return "no connection"
	}
	return "no valid answer"
}

// record writes the attempt and what follows from it for delivery and endpoint.
func (o *Outbox) record(ctx context.Context, row store.DeliveryRow, a Attempt, last bool) error {
	d, e, now := row.WebhookDelivery, row.WebhookEndpoint, o.Now().UnixMicro()
	return o.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		err := q.AddAttempt(ctx, store.AddAttemptParams{Delivery: d.ID, Number: int64(a.Number), At: a.At, Took: a.Took.Microseconds(),
			Status: int64(a.Status), Failure: a.Failure})
		if err != nil {
			return err
		}
		if a.Failure == "" {
			if _, err := q.SetDelivery(ctx, store.SetDeliveryParams{ID: d.ID, State: Delivered, Changed: now}); err != nil {
				return err
			}
			return q.Succeeded(ctx, e.ID)
		}
		if last || a.Status == http.StatusGone {
			_, err = q.SetDelivery(ctx, store.SetDeliveryParams{ID: d.ID, State: Failed, Changed: now})
		} else {
			err = q.SetNext(ctx, store.SetNextParams{ID: d.ID, Next: now + o.pause(d.ID, a.Number).Microseconds()})
		}
		if err != nil {
			return err
		}
		return o.blame(ctx, q, e.ID, a, now)
	})
}

// blame notes that an endpoint fails, and gives it up when it says 410 Gone or has failed for five days.
func (o *Outbox) blame(ctx context.Context, q *store.Queries, id string, a Attempt, now int64) error {
	if err := q.Failing(ctx, store.FailingParams{ID: id, Failing: now}); err != nil {
		return err
	}
	e, err := q.Endpoint(ctx, id)
	if err != nil {
		return err
	}
	reason := ""
	switch {
	case a.Status == http.StatusGone:
		reason = "it answered 410 Gone"
	case now-e.Failing >= giveUpAfter.Microseconds():
		reason = "every attempt failed for five days"
	default:
		return nil
	}
	rows, err := q.Disable(ctx, store.DisableParams{ID: id, Disabled: now, Reason: reason})
	if err == nil && rows > 0 {
		o.Log.Warn("webhook disabled", "webhook", id, "merchant", e.Merchant, "reason", reason)
	}
	return err
}
