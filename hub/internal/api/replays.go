package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/outbox"
	"lockstep/internal/fault"
)

// One request replays at most this many events, a page in each transaction.
const (
	maxReplay  = 1000
	replayPage = 100
)

type replayIn struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Delivery string    `json:"delivery,omitempty" maxLength:"64" example:"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f" doc:"One delivery of the log, as it was sent"`
		After    string    `json:"after,omitempty" maxLength:"200" doc:"Or every event after this cursor: next of listEvents, or of the replay before"`
		Since    time.Time `json:"since,omitzero" doc:"Or every event that became known at this time or later"`
	}
}

type replayOut struct {
	Body struct {
		Count    int    `json:"count" example:"17" doc:"How many messages were put in to be sent. What waits to be sent already is not put in again."`
		Delivery string `json:"delivery,omitempty" format:"uuid" doc:"The new delivery, where you named one"`
		Next     string `json:"next,omitempty" doc:"There are more events: replay again after this cursor. Absent when that is all."`
	}
}

func (d *door) replays() {
	route(d, huma.Operation{OperationID: "replayWebhook", Method: http.MethodPost, Path: "/v1/webhooks/{id}/replay", Tags: []string{"Webhooks"}, DefaultStatus: 202,
		Summary: "Send messages again",
		Description: "One delivery, or every event after a cursor or since a time, of the types the webhook asked for, at most a thousand at once. " +
			"A message that is sent again has the webhook-id it had, so that your software tells repetitions. Codes: webhook_disabled (409); one_of_three, invalid_cursor (422).",
		RequestBody: example(map[string]any{"since": "2026-11-23T20:00:00Z"}),
		Errors:      []int{400, 404, 409, 413, 415}}, d.replay)
}

func (d *door) replay(ctx context.Context, m account.Merchant, in *replayIn) (*replayOut, error) {
	if err := known(in.ID, "unknown_webhook", "webhook"); err != nil {
		return nil, err
	}
	said := 0
	for _, is := range []bool{in.Body.Delivery != "", in.Body.After != "", !in.Body.Since.IsZero()} {
		if is {
			said++
		}
	}
	if said != 1 {
		return nil, fault.New(fault.Invalid, "one_of_three", "name a delivery, or a cursor, or a time")
	}
	if in.Body.Delivery != "" {
		return d.resend(ctx, m, in.ID, in.Body.Delivery)
	}
	if _, err := d.Outbox.Endpoint(ctx, m.ID, in.ID); err != nil {
		return nil, err
	}
	from, err := d.position(ctx, m.ID, in.Body.After, in.Body.Since)
	if err != nil {
		return nil, err
	}
	return d.replayFrom(ctx, m, in.ID, from)
}

func (d *door) resend(ctx context.Context, m account.Merchant, webhook, delivery string) (*replayOut, error) {
	if err := known(delivery, "unknown_delivery", "delivery"); err != nil {
		return nil, err
	}
	again, err := d.Outbox.Resend(ctx, m.ID, webhook, delivery)
	out := &replayOut{}
	out.Body.Delivery, out.Body.Count = again, 1
	if again == delivery {
		out.Body.Count = 0 // it waits
	}
	return out, err
}

// replayFrom puts in what follows a position, page by page. What was put in before a page failed is sent.
func (d *door) replayFrom(ctx context.Context, m account.Merchant, webhook string, from int64) (*replayOut, error) {
	out := &replayOut{}
	for range maxReplay / replayPage {
		list, next, err := d.Custody.Changes(ctx, m.ID, from, replayPage)
		if err != nil {
			return nil, err
		}
		count, err := d.Outbox.Replay(ctx, m.ID, webhook, d.messages(list))
		if err != nil {
			return nil, err
		}
		out.Body.Count += count
		if from = next; len(list) < replayPage {
			return out, nil
		}
	}
	out.Body.Next = changesCursor(from)
	return out, nil
}

func (d *door) messages(list []custody.Change) (all []outbox.Message) {
	for _, c := range list {
		all = append(all, Message(c.Event, d.GS1Prefix, d.Tracking))
	}
	return all
}
