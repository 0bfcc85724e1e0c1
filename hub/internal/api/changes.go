package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/account"
	"lockstep/internal/fault"
)

type changesIn struct {
	After string    `query:"after" maxLength:"200" doc:"next of the answer before; absent for the first event there is"`
	Since time.Time `query:"since" example:"2026-11-23T20:00:00Z" doc:"Instead of after: from what became known at this time on"`
	Limit int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type changesOut struct {
	Body struct {
		Events []Notice `json:"events" doc:"Oldest first, each as webhooks have it; data.event.id is the webhook-id"`
		Next   string   `json:"next" doc:"Give it as after the next time: also when there were no events, and whenever you like"`
	}
}

func (d *door) changes() {
	route(d, huma.Operation{OperationID: "listEvents", Method: http.MethodGet, Path: "/v1/events", Tags: []string{"Events"},
		Summary: "Read everything that happens to your parcels",
		Description: "All events of all your parcels in one order that never changes: keep next, ask again after it, and you miss nothing and read nothing twice. " +
			"The order is that in which we learned of things, and for each parcel that in which they happened. Events stay. " +
			"The parcel beside an event is as it stood after it. Code: invalid_cursor (422).",
		Errors: []int{422}}, d.listChanges)
}

func (d *door) listChanges(ctx context.Context, m account.Merchant, in *changesIn) (*changesOut, error) {
	after, err := d.position(ctx, m.ID, in.After, in.Since)
	if err != nil {
		return nil, err
	}
	list, next, err := d.Custody.Changes(ctx, m.ID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &changesOut{}
	out.Body.Events, out.Body.Next = []Notice{}, changesCursor(next)
	for _, c := range list {
		out.Body.Events = append(out.Body.Events, notice(c.Event, d.GS1Prefix, d.Tracking))
	}
	return out, nil
}

// position is where to go on in a merchant's feed: by a cursor, or by a time; 0 where neither is said.
func (d *door) position(ctx context.Context, merchant, given string, since time.Time) (int64, error) {
	if given != "" && !since.IsZero() {
		return 0, fault.New(fault.Invalid, "invalid_cursor", "give a cursor or a time, not both")
	}
	if !since.IsZero() {
		return d.Custody.PositionAt(ctx, merchant, since.UnixMicro())
	}
	last, err := after("events", given)
	if err != nil || last == "" {
		return 0, err
	}
	position, err := strconv.ParseInt(last, 10, 64)
	if err != nil || position < 0 || changesCursor(position) != given {
		return 0, fault.New(fault.Invalid, "invalid_cursor", "the cursor is not one of ours")
	}
	return position, nil
}

func changesCursor(position int64) string { return cursor("events", strconv.FormatInt(position, 10)) }
