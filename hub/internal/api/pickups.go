package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/pickup"
	"lockstep/internal/contact"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

type newPickup struct {
	City      string        `json:"city" minLength:"1" maxLength:"100" example:"Казань"`
	Region    string        `json:"region,omitempty" maxLength:"100" example:"Татарстан респ." doc:"Tells cities of one name apart"`
	Address   string        `json:"address" minLength:"1" maxLength:"300" example:"ул. Баумана, 7"`
	Contact   contactPerson `json:"contact" doc:"Whom the courier asks for. Sealed at once to the notifier; we cannot show it again."`
	Day       string        `json:"day" format:"date" example:"2026-12-01" doc:"In Moscow's time, like from and to"`
	From      string        `json:"from,omitempty" pattern:"^[0-2][0-9]:[0-5][0-9]$" default:"09:00" doc:"Not before 09:00"`
	To        string        `json:"to,omitempty" pattern:"^[0-2][0-9]:[0-5][0-9]$" default:"18:00" doc:"Not after 18:00, and four hours after from or later"`
	Places    int           `json:"places" minimum:"1" maximum:"10000" example:"12" doc:"How many things there are to carry"`
	WeightG   int           `json:"weight_g,omitempty" minimum:"1" maximum:"20000000" example:"34000" doc:"Of all together"`
	Comment   string        `json:"comment,omitempty" maxLength:"500" example:"Entrance from the yard" doc:"For the courier; nothing about persons, for it is not sealed"`
	Reference string        `json:"reference,omitempty" maxLength:"100" example:"DAY-117" doc:"Yours"`
}

type contactPerson struct {
	Name  sealed `json:"name" minLength:"1" maxLength:"100" example:"Ann"`
	Phone sealed `json:"phone" minLength:"5" maxLength:"100" example:"+7 843 200-00-00, ext. 12"`
}

// Pickup is what a courier is asked to fetch from a merchant.
type Pickup struct {
	Number    string    `json:"number" example:"30000017"`
	State     string    `json:"state" enum:"ordered,assigned,done,cancelled" example:"ordered" doc:"assigned: a courier is to come; done: one was there, or so the operator says"`
	City      string    `json:"city"`
	Region    string    `json:"region,omitempty"`
	Address   string    `json:"address"`
	Day       string    `json:"day" format:"date" example:"2026-12-01"`
	From      string    `json:"from" example:"09:00"`
	To        string    `json:"to" example:"18:00"`
	Places    int       `json:"places" example:"12"`
	WeightG   int       `json:"weight_g,omitempty" example:"34000"`
	Comment   string    `json:"comment,omitempty"`
	Reference string    `json:"reference,omitempty" example:"DAY-117"`
	Created   time.Time `json:"created"`
	Changed   time.Time `json:"changed"`
}

type newPickupIn struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"255" example:"pickup-117" doc:"Yours, one for each pickup: send it again after a doubt and nobody comes twice"`
	Body newPickup
}

type newPickupOut struct {
	Location string `header:"Location" doc:"Of the pickup"`
	Replayed string `header:"Idempotency-Replayed" doc:"true when this key had ordered the pickup before"`
	Body     Pickup
}

type pickupIn struct {
	Number string `path:"id" maxLength:"64" example:"30000017" doc:"The pickup's number"`
}

type pickupOut struct{ Body Pickup }

type pickupsIn struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
}

type pickupsOut struct {
	Body struct {
		Pickups []Pickup `json:"pickups" doc:"Newest first"`
		Next    string   `json:"next_cursor,omitempty" doc:"Give it as cursor for the next page; absent on the last"`
	}
}

func (d *door) pickups() {
	tags := []string{"Pickups"}
	route(d, huma.Operation{OperationID: "createPickup", Method: http.MethodPost, Path: "/v1/pickups", Tags: tags, DefaultStatus: 201,
		Summary:     "Ask for a courier",
		Description: "Who asks for the same day asks before 10:30 in Moscow and its region, before 14:00 elsewhere, by Moscow's clock. Codes: idempotency_conflict (409); invalid_window, invalid_day, day_over, too_far, too_late_today, invalid_person, invalid_person_phone, invalid_address (422).",
		Errors:      []int{400, 409, 413, 415}}, d.createPickup)
	route(d, huma.Operation{OperationID: "listPickups", Method: http.MethodGet, Path: "/v1/pickups", Tags: tags,
		Summary: "List pickups", Errors: []int{422}}, d.listPickups)
	route(d, huma.Operation{OperationID: "getPickup", Method: http.MethodGet, Path: "/v1/pickups/{id}", Tags: tags,
		Summary: "Look at a pickup", Errors: []int{404}}, d.getPickup)
	route(d, huma.Operation{OperationID: "cancelPickup", Method: http.MethodPost, Path: "/v1/pickups/{id}/cancel", Tags: tags,
		Summary:     "Take a pickup back",
		Description: "As long as no courier is assigned to it; doing it twice is no error. Codes: pickup_too_late (409).",
		Errors:      []int{404, 409}}, d.cancelPickup)
}

func (d *door) createPickup(ctx context.Context, m account.Merchant, in *newPickupIn) (*newPickupOut, error) {
	n, err := d.newPickup(m, in)
	if err != nil {
		return nil, err
	}
	o, replayed, err := d.Pickups.Make(ctx, n)
	if err != nil {
		return nil, err
	}
	out := &newPickupOut{Location: fmt.Sprintf("/v1/pickups/%d", o.Number), Body: pickupShape(o)}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// newPickup is a request as the room takes it; its contact goes into a seal or nowhere.
func (d *door) newPickup(m account.Merchant, in *newPickupIn) (n pickup.NewOrder, err error) {
	body := in.Body
	person, err := contact.NewPerson(string(body.Contact.Name), string(body.Contact.Phone))
	if err != nil {
		return n, err
	}
	window := pickup.Window{Day: body.Day}
	if window.From, err = minuteOf(body.From); err != nil {
		return n, err
	}
	if window.To, err = minuteOf(body.To); err != nil {
		return n, err
	}
	plain := person.Encode()
	body.Contact = contactPerson{}
	return pickup.NewOrder{Merchant: m.ID, Carrier: m.Carrier, Key: in.Key, Body: secret.Keyed(d.BodyKey, []byte(m.ID), []byte("pickup"), marshal(body), plain), Reference: body.Reference,
		Place: pickup.Place{City: body.City, Region: body.Region, Address: body.Address}, Window: window, Load: pickup.Load{Places: body.Places, WeightG: body.WeightG},
		Comment: body.Comment, Seal: func(number int64, day string) ([]byte, error) {
			return statement.SealPickup(d.Notifier, plain, number, day)
		}}, nil
}

// minuteOf is a time of day in minutes.
func minuteOf(text string) (int, error) {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fault.New(fault.Invalid, "invalid_window", "a time of day is written like 09:00")
	}
	return at.Hour()*60 + at.Minute(), nil
}

func pickupShape(o pickup.Order) Pickup {
	return Pickup{Number: strconv.FormatInt(o.Number, 10), State: string(o.State), City: o.City, Region: o.Region, Address: o.Address, Day: o.Day, From: pickup.Clock(o.From), To: pickup.Clock(o.To),
		Places: o.Places, WeightG: o.WeightG, Comment: o.Comment, Reference: o.Reference, Created: at(o.Created), Changed: at(o.Changed)}
}

// pickupNumber reads a number; what is none is nobody's.
func pickupNumber(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(number, 10) != text {
		return 0, fault.New(fault.NotFound, "unknown_pickup", "there is no such pickup")
	}
	return number, nil
}

func (d *door) getPickup(ctx context.Context, m account.Merchant, in *pickupIn) (*pickupOut, error) {
	number, err := pickupNumber(in.Number)
	if err != nil {
		return nil, err
	}
	o, err := d.Pickups.Order(ctx, m.ID, number)
	return &pickupOut{pickupShape(o)}, err
}

func (d *door) cancelPickup(ctx context.Context, m account.Merchant, in *pickupIn) (*pickupOut, error) {
	number, err := pickupNumber(in.Number)
	if err != nil {
		return nil, err
	}
	o, err := d.Pickups.Move(ctx, m.ID, number, pickup.Cancel, "merchant "+m.ID)
	return &pickupOut{pickupShape(o)}, err
}

func (d *door) listPickups(ctx context.Context, m account.Merchant, in *pickupsIn) (*pickupsOut, error) {
	last, err := after("pickups", in.Cursor)
	if err != nil {
		return nil, err
	}
	var before int64
	if last != "" {
		if before, err = strconv.ParseInt(last, 10, 64); err != nil || before < 1 {
			return nil, fault.New(fault.Invalid, "invalid_cursor", "the cursor is not one of ours")
		}
	}
	list, next, err := d.Pickups.Orders(ctx, m.ID, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &pickupsOut{}
	out.Body.Pickups = []Pickup{}
	for _, o := range list {
		out.Body.Pickups = append(out.Body.Pickups, pickupShape(o))
	}
	if next > 0 {
		out.Body.Next = cursor("pickups", strconv.FormatInt(next, 10))
	}
	return out, nil
}
