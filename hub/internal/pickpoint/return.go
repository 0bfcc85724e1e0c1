package pickpoint

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// A return is a sending of its own, which a customer puts into a locker with a code. Its contact is not asked for: the shop has it, and
// tells its customer the code.

// makeReturn gives the codes to bring a sending back with, one for each place.
func (d *door) makeReturn(ctx context.Context, c *call) (any, error) {
	type code struct {
		ReturnCode any
		failure
	}
	list := []code{}
	back, err := d.returnAgain(ctx, c)
	if err != nil {
		return append(list, code{failure: d.failure(ctx, err)}), nil
	}
	for _, p := range back.Parcels {
		list = append(list, code{ReturnCode: d.ReturnCode(p.Barcode)})
	}
	return list, nil
}

// returnAgain is the return of the sending that a request names; of several under one number, of the newest that was collected.
func (d *door) returnAgain(ctx context.Context, c *call) (custody.Shipment, error) {
	list, err := d.findAll(ctx, c)
	if err != nil {
		return custody.Shipment{}, err
	}
	of := list[max(0, slices.IndexFunc(list, func(s custody.Shipment) bool { return s.Some(parcel.Collected) }))]
	return d.returnOf(ctx, c, of, custody.NewShipment{Locker: of.Locker, Reference: of.Reference, Parcels: alike(of)})
}

// broughtBack is a return that is registered now.
type broughtBack struct {
	EDTN, SenderCode, InvoiceNumber string
	ReturnCode                      string // of the first place
	Places                          []placeBack
}

// placeBack is one parcel of it.
type placeBack struct {
	place
	ReturnCode string
}

// createReturns registers returns one by one, as create does sendings.
func (d *door) createReturns(ctx context.Context, c *call) (any, error) {
	return register(ctx, d, c, func(s, invoice object) (broughtBack, error) {
		back, err := d.createReturn(ctx, c, s, invoice)
		if err != nil {
			return broughtBack{}, err
		}
		is := broughtBack{EDTN: cut(s.text("edtn"), 50), SenderCode: back.Reference, InvoiceNumber: back.Number(), ReturnCode: d.ReturnCode(back.Parcels[0].Barcode)}
		for _, p := range back.Parcels {
			is.Places = append(is.Places, placeBack{place{GCBarCode: p.Reference, Barcode: p.Barcode}, d.ReturnCode(p.Barcode)})
		}
		return is, nil
	})
}

// createReturn registers a return: of a sending of ours, or of something else that a customer brings to a locker.
func (d *door) createReturn(ctx context.Context, c *call, s, invoice object) (custody.Shipment, error) {
	if err := c.underContract(or(s.text("ikn"), c.text("ikn"))); err != nil {
		return custody.Shipment{}, err
	}
	n := custody.NewShipment{Locker: invoice.text("postamatnumber"), Reference: invoice.text("sendercode"), Terms: custody.Terms{Description: cut(invoice.text("description"), 200)}}
	if utf8.RuneCountInString(n.Reference) > 50 {
		return custody.Shipment{}, fault.New(fault.Invalid, "needs_sendercode", "SenderCode has at most 50 characters")
	}
	var of custody.Shipment
	var err error
	if number := invoice.text("invoicenumber"); number != "" {
		if of, err = d.find(ctx, c, number); err != nil {
			return of, err
		}
		n.Locker, n.Reference = or(n.Locker, of.Locker), or(n.Reference, of.Reference)
	}
	if n.Locker == "" {
		return of, fault.New(fault.Invalid, "no_post", "a return is brought to a locker: InvoiceNumber or PostamatNumber is needed")
	}
	if n.Parcels, err = placesBack(s, invoice, of); err != nil {
		return of, err
	}
	if of.ID == "" {
		n.Key = uuid.NewString() // as announcement
		return d.bringBack(ctx, c, n)
	}
	return d.returnOf(ctx, c, of, n)
}

// returnOf is the return of a sending: the one that there is, unless it was given up, else a new one. However often and by however many
// at once it is asked for, there is one.
func (d *door) returnOf(ctx context.Context, c *call, of custody.Shipment, n custody.NewShipment) (custody.Shipment, error) {
	returns, err := d.Custody.ReturnsOf(ctx, c.merchant.ID, of.ID)
	if err != nil {
		return of, err
	}
	for _, back := range returns[of.ID] {
		if !givenUp(back) {
			return back, nil
		}
	}
	if !of.Some(parcel.Collected) {
		return of, fault.New(fault.Conflict, "not_collected", "nobody has collected this sending, so nobody can return it")
	}
	n.ReturnOf, n.Key = of.ID, fmt.Sprintf("pickpoint return %d of %s", len(returns[of.ID])+1, of.ID)
	return d.bringBack(ctx, c, n)
}

// givenUp says whether nothing of a shipment is to be put in any more, nor ever was.
func givenUp(s custody.Shipment) bool {
	return !slices.ContainsFunc(s.Parcels, func(p custody.Parcel) bool { return p.State != parcel.Cancelled })
}

func (d *door) bringBack(ctx context.Context, c *call, n custody.NewShipment) (custody.Shipment, error) {
	n.Merchant, n.Range, n.Carrier, n.Body = c.merchant.ID, c.merchant.Range, c.merchant.Carrier, []byte{}
	n.Return, n.Code = true, d.ReturnCode
	back, _, err := d.Custody.CreateShipment(ctx, n)
	return back, err
}

// placesBack are the parcels of a return: as listed, else as those of what comes back. What nobody has measured needs the room of the
// largest of those.
func placesBack(s, invoice object, of custody.Shipment) ([]custody.NewParcel, error) {
	listed := append(invoice.objects("places"), s.objects("places")...)
	if len(listed) == 0 {
		listed = []object{invoice}
		if of.ID != "" && !measured(invoice) {
			return alike(of), nil
		}
	}
	parcels, err := places(s, invoice)
	for i := range parcels {
		if of.ID != "" && !measured(listed[i]) {
			parcels[i].Size = slices.MaxFunc(of.Parcels, func(a, b custody.Parcel) int { return int(a.Size) - int(b.Size) }).Size
		}
	}
	return parcels, err
}

func measured(place object) bool {
	return slices.ContainsFunc([]string{"width", "height", "depth"}, func(edge string) bool {
		centimetres, _ := place.decimal(edge)
		return centimetres != 0
	})
}

// alike are parcels as those of a sending that were collected.
func alike(of custody.Shipment) (parcels []custody.NewParcel) {
	for _, p := range of.Parcels {
		if p.State == parcel.Collected {
			parcels = append(parcels, custody.NewParcel{Size: p.Size, Low: p.Low, WeightG: p.WeightG, Reference: p.Reference})
		}
	}
	return parcels
}
