package hub

import (
	"context"
	"fmt"
	"time"

	"lockstep/hub/internal/names"
	"lockstep/hub/internal/pickup"
)

// PickupView is what a courier is asked to fetch from a merchant; Contact and Phone where the notifier tells them.
type PickupView struct {
	Number    int64     `json:"number"`
	State     string    `json:"state"`
	Merchant  string    `json:"merchant"`
	Carrier   string    `json:"carrier"`
	City      string    `json:"city"`
	Region    string    `json:"region,omitempty"`
	Address   string    `json:"address"`
	Day       string    `json:"day"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Places    int       `json:"places"`
	WeightG   int       `json:"weight_g,omitempty"`
	Comment   string    `json:"comment,omitempty"`
	Contact   string    `json:"contact,omitempty"`
	Phone     string    `json:"phone,omitempty"`
	Reference string    `json:"reference,omitempty"`
	Created   time.Time `json:"created"`
	Changed   time.Time `json:"changed"`
	Actor     string    `json:"actor"`
}

func pickupView(o pickup.Order) PickupView {
	return PickupView{Number: o.Number, State: string(o.State), Merchant: o.Merchant, Carrier: o.Carrier, City: o.City, Region: o.Region, Address: o.Address, Day: o.Day,
		From: pickup.Clock(o.From), To: pickup.Clock(o.To), Places: o.Places, WeightG: o.WeightG, Comment: o.Comment, Reference: o.Reference,
		Created: time.UnixMicro(o.Created).UTC(), Changed: time.UnixMicro(o.Changed).UTC(), Actor: o.Actor}
}

// Pickups lists what is still to be fetched, on one day or all (""), the earliest first.
func (h *Hub) Pickups(ctx context.Context, day string) ([]PickupView, error) {
	list, err := h.pickups.Waiting(ctx, day)
	return h.withContacts(ctx, list), err
}

// withContacts shows pickups with whom to ask for, as far as the notifier tells.
func (h *Hub) withContacts(ctx context.Context, list []pickup.Order) []PickupView {
	var sealed []names.Sealed
	for _, o := range list {
		sealed = append(sealed, names.Sealed{Number: o.Number, Day: o.Day, Contact: o.Contact})
	}
	told := h.names.Contacts(ctx, sealed...)
	return views(list, func(o pickup.Order) PickupView {
		v := pickupView(o)
		v.Contact, v.Phone = told[o.Number].Name, told[o.Number].Phone
		return v
	})
}

// Pickup shows one.
func (h *Hub) Pickup(ctx context.Context, number int64) (PickupView, error) {
	o, err := h.pickups.Order(ctx, "", number)
	if err != nil {
		return PickupView{}, err
	}
	return h.withContacts(ctx, []pickup.Order{o})[0], nil
}

// AssignPickup says that a courier is to come.
func (h *Hub) AssignPickup(ctx context.Context, number int64) (PickupView, error) {
	return h.movePickup(ctx, number, pickup.Assign)
}

// FinishPickup says that one was there.
func (h *Hub) FinishPickup(ctx context.Context, number int64) (PickupView, error) {
	return h.movePickup(ctx, number, pickup.Finish)
}

// CancelPickup says that nobody comes.
func (h *Hub) CancelPickup(ctx context.Context, number int64) (PickupView, error) {
	return h.movePickup(ctx, number, pickup.Cancel)
}

func (h *Hub) movePickup(ctx context.Context, number int64, act pickup.Act) (PickupView, error) {
	o, err := h.pickups.Move(ctx, "", number, act, operator())
	if err != nil {
		return PickupView{}, err
	}
	return pickupView(o), h.accounts.Audit(ctx, operator(), "pickup: "+string(act), fmt.Sprint(number))
}
