package main

import (
	"context"
	"fmt"
	"io"

	"lockstep/hub"
)

type hubPickup struct {
	List   pickupList   `cmd:"" help:"List pickups that nobody has done yet, the earliest first."`
	Show   pickupShow   `cmd:"" help:"Show a pickup."`
	Assign pickupAssign `cmd:"" help:"Say that a courier is to come; the merchant cannot cancel it any more."`
	Done   pickupDone   `cmd:"" help:"Say that a courier was there."`
	Cancel pickupCancel `cmd:"" help:"Say that nobody comes."`
}

type pickupList struct {
	Day string `help:"Only of this day, like 2026-11-30."`
}

func (p pickupList) Run(c *commands) error {
	return list(c, func(h *hub.Hub, ctx context.Context) ([]hub.PickupView, error) { return h.Pickups(ctx, p.Day) }, pickupLine)
}

type pickupNumber struct {
	Number int64 `arg:"" help:"The pickup's number."`
}

type pickupShow struct{ pickupNumber }

func (p pickupShow) Run(c *commands) error { return p.do(c, (*hub.Hub).Pickup) }

type pickupAssign struct{ pickupNumber }

func (p pickupAssign) Run(c *commands) error { return p.do(c, (*hub.Hub).AssignPickup) }

type pickupDone struct{ pickupNumber }

func (p pickupDone) Run(c *commands) error { return p.do(c, (*hub.Hub).FinishPickup) }

type pickupCancel struct{ pickupNumber }

func (p pickupCancel) Run(c *commands) error { return p.do(c, (*hub.Hub).CancelPickup) }

func (p pickupNumber) do(c *commands, act func(*hub.Hub, context.Context, int64) (hub.PickupView, error)) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.PickupView, error) { return act(h, ctx, p.Number) }, pickupLine)
}

func pickupLine(w io.Writer, p hub.PickupView) {
	fmt.Fprintf(w, "%d\t%s\t%s %s-%s\t%s\t%s\t%d places, %.1f kg\tmerchant %s\t%s %s\t%s\n", p.Number, p.State, p.Day, p.From, p.To, p.City, p.Address, p.Places, float64(p.WeightG)/1000, p.Merchant, p.Contact, p.Phone, p.Comment)
}
