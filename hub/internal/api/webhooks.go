package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/outbox"
	"lockstep/parcel"
)

// Webhook is where we tell you what happens to your parcels.
type Webhook struct {
	ID       string     `json:"id" format:"uuid"`
	URL      string     `json:"url" format:"uri" example:"https://shop.example/lockstep"`
	Types    []string   `json:"types" example:"[\"parcel.stored\",\"parcel.collected\"]" doc:"What it is told; empty is everything"`
	Created  time.Time  `json:"created"`
	Failing  *time.Time `json:"failing,omitempty" doc:"Since when every attempt has failed"`
	Disabled *time.Time `json:"disabled,omitempty" doc:"When we gave it up"`
	Reason   string     `json:"reason,omitempty" doc:"Why we gave it up"`
	Secret   string     `json:"secret,omitempty" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" doc:"For checking signatures. Shown in the answer to its creation and never again."`
}

// Delivery is one message to one webhook and what came of it.
type Delivery struct {
	ID       string     `json:"id" format:"uuid"`
	Message  string     `json:"message" doc:"The webhook-id header: the same for every attempt"`
	Type     string     `json:"type" example:"parcel.stored"`
	State    string     `json:"state" enum:"pending,delivered,failed"`
	Created  time.Time  `json:"created"`
	Changed  time.Time  `json:"changed"`
	Next     *time.Time `json:"next_attempt,omitempty" doc:"When we try next, about; absent when we do not"`
	Attempts []Attempt  `json:"attempts"`
}

// Attempt is one try.
type Attempt struct {
	Number  int       `json:"number" example:"1"`
	At      time.Time `json:"at"`
	TookMS  int64     `json:"took_ms" example:"120"`
	Status  int       `json:"status,omitempty" example:"204" doc:"Of your answer; absent without one"`
	Failure string    `json:"failure,omitempty" example:"answered 503"`
}

// Notice is the body of a webhook (Standard Webhooks).
type Notice struct {
	Type      string     `json:"type" example:"parcel.stored"`
	Timestamp time.Time  `json:"timestamp"`
	Data      NoticeData `json:"data"`
}

// NoticeData is what happened, and the parcel as it stands after.
type NoticeData struct {
	Event  Event  `json:"event"`
	Parcel Parcel `json:"parcel"`
}

// Message is what the outbox sends about a parcel's event; the prefix gives its SSCC, tracking the URL of its page.
func Message(e custody.Event, prefix parcel.GS1Prefix, tracking func(token string) string) outbox.Message {
	n := notice(e, prefix, tracking)
	return outbox.Message{ID: e.ID, Merchant: e.Parcel.Merchant, Type: n.Type, At: n.Timestamp, Data: n.Data}
}

func notice(e custody.Event, prefix parcel.GS1Prefix, tracking func(token string) string) Notice {
	return Notice{outbox.TypeOf(e.What), at(e.Received), NoticeData{event(e), shape(e.Parcel, prefix, tracking)}}
}

type webhookIn struct {
	ID string `path:"id" maxLength:"64"`
}

type newWebhookIn struct {
	Body struct {
		URL   string   `json:"url" minLength:"1" maxLength:"2000" example:"https://shop.example/lockstep" doc:"https, at a public address"`
		Types []string `json:"types,omitempty" maxItems:"50" example:"[\"parcel.stored\",\"parcel.collected\"]" doc:"What it is told; empty is everything"`
	}
}

type webhookOut struct{ Body Webhook }

type webhooksOut struct {
	Body struct {
		Webhooks []Webhook `json:"webhooks" doc:"Oldest first"`
	}
}

type deliveriesIn struct {
	ID     string `path:"id" maxLength:"64"`
	State  string `query:"state" enum:"pending,delivered,failed" doc:"Only deliveries in this state"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"100"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
}

type deliveriesOut struct {
	Body struct {
		Deliveries []Delivery `json:"deliveries" doc:"Newest first; those of the last thirty days"`
		Next       string     `json:"next_cursor,omitempty" doc:"Give it as cursor for the next page; absent on the last"`
	}
}

type testOut struct {
	Body struct {
		Delivery string `json:"delivery" format:"uuid" doc:"Look it up in the webhook's deliveries"`
	}
}

func (d *door) webhooks() {
	tags := []string{"Webhooks"}
	route(d, huma.Operation{OperationID: "createWebhook", Method: http.MethodPost, Path: "/v1/webhooks", Tags: tags, DefaultStatus: 201,
		Summary:     "Add a webhook",
		Description: "Messages follow Standard Webhooks (standardwebhooks.com): check webhook-signature with the secret, tell repetitions by webhook-id. We try for three days, and give up a webhook that failed for five.",
		Errors:      []int{400, 409, 413, 415}}, d.addWebhook)
	route(d, huma.Operation{OperationID: "listWebhooks", Method: http.MethodGet, Path: "/v1/webhooks", Tags: tags,
		Summary: "List webhooks", Errors: []int{422}}, d.listWebhooks)
	route(d, huma.Operation{OperationID: "getWebhook", Method: http.MethodGet, Path: "/v1/webhooks/{id}", Tags: tags,
		Summary: "Look at a webhook", Errors: []int{404}}, d.getWebhook)
	route(d, huma.Operation{OperationID: "deleteWebhook", Method: http.MethodDelete, Path: "/v1/webhooks/{id}", Tags: tags, DefaultStatus: 204,
		Summary: "Remove a webhook", Description: "With its deliveries, sent or not.", Errors: []int{404}}, d.dropWebhook)
	route(d, huma.Operation{OperationID: "testWebhook", Method: http.MethodPost, Path: "/v1/webhooks/{id}/test", Tags: tags, DefaultStatus: 202,
		Summary: "Send a test message", Description: "Of type webhook.test, signed as all are.", Errors: []int{404, 409}}, d.testWebhook)
	route(d, huma.Operation{OperationID: "listDeliveries", Method: http.MethodGet, Path: "/v1/webhooks/{id}/deliveries", Tags: tags,
		Summary: "See what was sent and how it was answered", Errors: []int{404}}, d.deliveries)
	d.replays()
}

func webhook(e outbox.Endpoint) Webhook {
	w := Webhook{ID: e.ID, URL: e.URL, Types: e.Types, Created: at(e.Created), Failing: ago(e.Failing), Disabled: ago(e.Disabled), Reason: e.Reason}
	if w.Types == nil {
		w.Types = []string{}
	}
	return w
}

func (d *door) addWebhook(ctx context.Context, m account.Merchant, in *newWebhookIn) (*webhookOut, error) {
	if err := clean(in.Body.URL); err != nil {
		return nil, err
	}
	e, secret, err := d.Outbox.AddEndpoint(ctx, m.ID, in.Body.URL, in.Body.Types)
	if err != nil {
		return nil, err
	}
	out := &webhookOut{webhook(e)}
	out.Body.Secret = secret.Reveal()
	return out, nil
}

func (d *door) listWebhooks(ctx context.Context, m account.Merchant, _ *struct{}) (*webhooksOut, error) {
	list, err := d.Outbox.Endpoints(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	out := &webhooksOut{}
	out.Body.Webhooks = []Webhook{}
	for _, e := range list {
		out.Body.Webhooks = append(out.Body.Webhooks, webhook(e))
	}
	return out, nil
}

func (d *door) getWebhook(ctx context.Context, m account.Merchant, in *webhookIn) (*webhookOut, error) {
	if err := known(in.ID, "unknown_webhook", "webhook"); err != nil {
		return nil, err
	}
	e, err := d.Outbox.Endpoint(ctx, m.ID, in.ID)
	return &webhookOut{webhook(e)}, err
}

func (d *door) dropWebhook(ctx context.Context, m account.Merchant, in *webhookIn) (*struct{}, error) {
	if err := known(in.ID, "unknown_webhook", "webhook"); err != nil {
		return nil, err
	}
	return nil, d.Outbox.DropEndpoint(ctx, m.ID, in.ID)
}

func (d *door) testWebhook(ctx context.Context, m account.Merchant, in *webhookIn) (*testOut, error) {
	if err := known(in.ID, "unknown_webhook", "webhook"); err != nil {
		return nil, err
	}
	id, err := d.Outbox.Test(ctx, m.ID, in.ID)
	out := &testOut{}
	out.Body.Delivery = id
	return out, err
}

func (d *door) deliveries(ctx context.Context, m account.Merchant, in *deliveriesIn) (*deliveriesOut, error) {
	if err := known(in.ID, "unknown_webhook", "webhook"); err != nil {
		return nil, err
	}
	last, err := after("deliveries", in.Cursor)
	if err != nil {
		return nil, err
	}
	list, next, err := d.Outbox.Deliveries(ctx, m.ID, in.ID, outbox.Filter{State: in.State, After: last, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &deliveriesOut{}
	out.Body.Deliveries, out.Body.Next = []Delivery{}, cursor("deliveries", next)
	for _, v := range list {
		out.Body.Deliveries = append(out.Body.Deliveries, delivery(v))
	}
	return out, nil
}

func delivery(v outbox.Delivery) Delivery {
	out := Delivery{ID: v.ID, Message: v.Message, Type: v.Type, State: v.State, Created: at(v.Created), Changed: at(v.Changed), Next: ago(v.Next), Attempts: []Attempt{}}
	for _, a := range v.Attempts {
		out.Attempts = append(out.Attempts, Attempt{a.Number, at(a.At), a.Took.Milliseconds(), a.Status, a.Failure})
	}
	return out
}
