package pickpoint

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/label"
	"lockstep/internal/fault"
)

// A registry ("reestr") is an act of handover.

// makeActs puts sendings into registries: one for each way of handing over and city.
func (d *door) makeActs(ctx context.Context, c *call) ([]handover.Act, error) {
	shipments, err := d.named(ctx, c)
	if err != nil {
		return nil, err
	}
	n := handover.NewAct{City: cut(c.text("cityname"), 100), Region: cut(c.text("regionname"), 100), Point: cut(c.text("deliverypoint"), 32), Reference: cut(c.text("reestrnumber"), 100)}
	acts, err := d.Handovers.Make(ctx, n, shipments)
	if refused, ok := errors.AsType[*handover.Refused](err); ok {
		text := "Не все отправления находятся в статусе «Зарегистрирован» № отправления: " + refused.Shipment.Number()
		return nil, fault.Wrap(err, fault.Conflict, "", "%s", text)
	}
	return acts, err
}

func (d *door) makeRegistries(ctx context.Context, c *call) (any, error) {
	acts, err := d.makeActs(ctx, c)
	if err != nil {
		return nil, err
	}
	answer := struct {
		Numbers      []string
		ErrorMessage any
		ErrorCode    int
	}{}
	for _, a := range acts {
		answer.Numbers = append(answer.Numbers, strconv.FormatInt(a.Number, 10))
	}
	return answer, nil
}

// printRegistries makes registries and gives the paper of the first: clients that want one know of no other.
func (d *door) printRegistries(ctx context.Context, c *call) (any, error) {
	acts, err := d.makeActs(ctx, c)
	if err != nil {
		return nil, err
	}
	return d.printAct(ctx, c, acts[0])
}

// actNamed is the registry that a request names by its number or by a sending in it.
func (d *door) actNamed(ctx context.Context, c *call) (handover.Act, error) {
	unknown := fault.New(fault.NotFound, "unknown_act", "there is no such act")
	if text := c.text("reestrnumber"); text != "" {
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return handover.Act{}, unknown
		}
		return d.Handovers.Act(ctx, c.merchant.ID, number)
	}
	list, err := d.findAll(ctx, c)
	if err != nil {
		return handover.Act{}, err
	}
	a, found, err := d.Handovers.Of(ctx, list[0].ID)
	if err != nil {
		return a, err
	}
	if !found {
		return a, unknown
	}
	return d.Handovers.Act(ctx, c.merchant.ID, a.Number)
}

// registry gives the paper of a registry, or of an act of what came back or of money: no two have the same number.
func (d *door) registry(ctx context.Context, c *call) (any, error) {
	a, err := d.actNamed(ctx, c)
	if err == nil {
		return d.printAct(ctx, c, a)
	}
	if fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if back, no := d.returnActNamed(ctx, c, c.text("reestrnumber")); no == nil {
		return d.printReturnAct(ctx, c, back)
	}
	if money, no := d.moneyActNamed(ctx, c, c.text("reestrnumber")); no == nil {
		return d.printMoneyAct(ctx, c, money)
	}
	return nil, err
}

func (d *door) registryNumber(ctx context.Context, c *call) (any, error) {
	a, err := d.actNamed(ctx, c)
	if err != nil {
		return nil, err
	}
	return struct {
		Number string
		failure
	}{Number: strconv.FormatInt(a.Number, 10)}, nil
}

func (d *door) printAct(ctx context.Context, c *call, a handover.Act) (any, error) {
	paper := label.Act{Number: strconv.FormatInt(a.Number, 10), Merchant: c.merchant.Name, Carrier: a.Carrier, Where: joined(a.City, a.Region, a.Point), Made: time.UnixMicro(a.Created).In(moscow)}
	named, err := d.Custody.ShipmentsNamed(ctx, c.merchant.ID, a.Shipments)
	if err != nil {
		return nil, err
	}
	for _, id := range a.Shipments {
		s, ok := named[id]
		if !ok {
			return nil, fmt.Errorf("pickpoint: act %d: no shipment %s", a.Number, id)
		}
		row := label.ActRow{Number: s.Number(), Reference: s.Reference, Locker: s.Locker}
		for _, p := range s.Parcels {
			row.Barcodes = append(row.Barcodes, p.Barcode)
		}
		paper.Rows = append(paper.Rows, row)
	}
	return label.ActPDF(paper)
}

func joined(parts ...string) string {
	var given []string
	for _, part := range parts {
		if part != "" {
			given = append(given, part)
		}
	}
	return strings.Join(given, ", ")
}

func (d *door) removeFromRegistry(ctx context.Context, c *call) (any, error) {
	if err := c.underContract(c.text("ikn")); err != nil {
		return nil, err
	}
	list, err := d.findAll(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if err := d.Handovers.Remove(ctx, c.merchant.ID, s.ID); err != nil {
			return nil, err
		}
	}
	return failure{}, nil
}

// wayOf is how a sending comes to the carrier: GettingType 101 to 104.
func wayOf(invoice object) custody.Way {
	kind, _ := invoice.whole("gettingtype")
	return map[int]custody.Way{101: custody.Collect, 102: custody.Bring, 103: custody.Self, 104: custody.Self}[kind]
}

// inRegistry is the state of what is in a registry that the carrier does not have yet.
func inRegistry(way custody.Way) state {
	if way == custody.Self {
		return selfDrive
	}
	return listed
}
