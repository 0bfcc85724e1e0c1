package pickpoint

import (
	"context"

	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// outcome is what became of one field of a change. The others stand whatever becomes of it.
type outcome struct {
	FieldName string
	Updated   bool
	Comment   string
}

// The texts of what is not changed.
const (
	contactsPinned = "Контакты получателя запечатаны при регистрации и не меняются"
	notKept        = "Состав отправления не хранится"
	paymentFixed   = "Оплата при получении закрепляется при регистрации"
	paidAlready    = "Отправление уже оплачено"
	tooLateToMove  = "Постамат меняется, пока отправление не принято перевозчиком"
)

// update changes what can be changed of a sending, field by field, and says of each field that is given what became of it.
func (d *door) update(ctx context.Context, c *call) (any, error) {
	list, err := d.findAll(ctx, c)
	if err != nil {
		return nil, err
	}
	s := list[0]
	results := []outcome{}
	if locker := c.text("postamatnumber"); locker != "" {
		o, err := d.moveTo(ctx, c, s, locker)
		if err != nil {
			return nil, err
		}
		results = append(results, o)
	}
	for _, field := range []struct{ name, key, comment string }{{"Phone", "phone", contactsPinned}, {"RecipientName", "recipientname", contactsPinned}, {"Email", "email", contactsPinned}, {"SubEncloses", "subencloses", notKept}} {
		if c.any(field.key) != nil && (field.key != "subencloses" || len(c.list(field.key)) > 0) {
			results = append(results, outcome{field.name, false, field.comment})
		}
	}
	if _, given := c.kopecks("sum"); given {
		o, err := d.reprice(ctx, c, s)
		if err != nil {
			return nil, err
		}
		results = append(results, o)
	}
	if kind, given := c.whole("postagetype"); given {
		o := outcome{FieldName: "PostageType", Updated: (kind == 10003 || kind == 10004) == (s.COD.Amount > 0)}
		if !o.Updated {
			o.Comment = paymentFixed
		}
		results = append(results, o)
	}
	return struct {
		InvoiceNumber, GCInvoiceNumber string
		Results                        []outcome
		failure
	}{InvoiceNumber: s.Number(), GCInvoiceNumber: s.Reference, Results: results}, nil
}

// reprice changes what a sending costs on collection, as long as it is not paid.
func (d *door) reprice(ctx context.Context, c *call, s custody.Shipment) (outcome, error) {
	err := d.Custody.Reprice(ctx, c.merchant.ID, s.ID, cod(c.object))
	switch code, _ := fault.Public(err); {
	case err == nil:
		return outcome{"Sum", true, ""}, nil
	case code == "fixed":
		return outcome{"Sum", false, paymentFixed}, nil
	case code == "paid_already":
		return outcome{"Sum", false, paidAlready}, nil
	}
	return outcome{}, err
}

// moveTo sends a sending to another locker, as long as the carrier does not have it.
func (d *door) moveTo(ctx context.Context, c *call, s custody.Shipment, locker string) (outcome, error) {
	o := outcome{FieldName: "PostamatNumber"}
	if s.Locker == locker {
		o.Updated = true
		return o, nil
	}
	states, err := d.statesOf(ctx, s)
	if err != nil {
		return o, err
	}
	if states[0].rank() > formed.rank() {
		o.Comment = tooLateToMove
		return o, nil
	}
	_, err = d.Custody.Redirect(ctx, c.merchant.ID, s.ID, locker, "merchant")
	if kind := fault.KindOf(err); err != nil && kind != fault.Invalid && kind != fault.Conflict {
		return o, err
	}
	if o.Updated = err == nil; err != nil {
		o.Comment = d.failure(ctx, err).Error.(string)
	}
	return o, nil
}

// cancel gives up those of the named sendings that have not gone further than being registered; a failure where there is none.
func (d *door) cancel(ctx context.Context, c *call) (any, error) {
	return d.giveUp(ctx, c, "not_registered", func(at state) bool { return at == registered })
}

// reject gives sendings up that have gone further. What lies in a locker goes back when its time is over, and is "refused" until then.
func (d *door) reject(ctx context.Context, c *call) (any, error) {
	return d.giveUp(ctx, c, "too_late", func(at state) bool { return at.rank() <= unclaimed.rank() })
}

func (d *door) giveUp(ctx context.Context, c *call, otherwise string, may func(state) bool) (any, error) {
	if err := c.underContract(c.text("ikn")); err != nil {
		return nil, err
	}
	list, err := d.findAll(ctx, c)
	if err != nil {
		return nil, err
	}
	states, err := d.statesOf(ctx, list...)
	if err != nil {
		return nil, err
	}
	given := 0
	for i, s := range list {
		if !may(states[i]) {
			continue
		}
		if _, err := d.Custody.CancelShipment(ctx, c.merchant.ID, s.ID); err != nil {
			return nil, err
		}
		given++
	}
	if given == 0 {
		return nil, fault.New(fault.Conflict, otherwise, "it is too late for that")
	}
	return struct {
		Result bool
		failure
	}{Result: true}, nil
}

// enclosure tells of one place by its barcode. Its measures are those of the compartment it needs: shops' own are not kept.
func (d *door) enclosure(ctx context.Context, c *call) (any, error) {
	p, err := d.Custody.Parcel(ctx, c.merchant.ID, or(c.text("barcode"), "-"))
	if err != nil {
		return nil, err
	}
	s, err := d.Custody.Shipment(ctx, c.merchant.ID, p.Shipment)
	if err != nil {
		return nil, err
	}
	type enclose struct {
		Barcode, GCBarCode, InvoiceNumber, SenderInvoiceNumber string
		Width, Height, Depth                                   float64 // cm
		Weight                                                 float64 // kg
		CellStorageType                                        int
	}
	in := centimetres(p.Size)
	return struct {
		Enclose enclose
		failure
	}{Enclose: enclose{Barcode: p.Barcode, GCBarCode: p.Reference, InvoiceNumber: s.Number(), SenderInvoiceNumber: s.Reference, Width: in[1], Height: in[0], Depth: in[2], Weight: float64(p.WeightG) / 1000}}, nil
}

func centimetres(size parcel.Size) (edges [3]float64) {
	for i, mm := range size.Inner() {
		edges[i] = float64(mm) / 10
	}
	return edges
}
