package pickpoint

import (
	"context"
	"math"
	"strconv"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/label"
	"lockstep/internal/fault"
)

// orderPeriod reads what a request for acts says: its contract and its period, which may be absent where it names an act.
func (d *door) orderPeriod(c *call) (from, to int64, err error) {
	if err := c.underContract(c.text("ikn")); err != nil {
		return 0, 0, err
	}
	if c.text("documentnumber") != "" && c.text("datefrom") == "" {
		return 0, math.MaxInt64, nil
	}
	return d.period(c)
}

// returnedGoods is an act of goods that the carrier has handed back.
type returnedGoods struct {
	DocumentNumber, Date string
	Invoices             []returnedInvoice
	TotalEncloses        int
	Error                any
}

type returnedInvoice struct {
	InvoiceNumber, ReturnInvoiceNumber string // as in getreturn
	GCInvoiceNumber                    string
	Encloses                           []returnedEnclose
}

type returnedEnclose struct{ Barcode, GCBarcode string }

// goodsOrders lists the acts of goods that came back in a period, or one.
func (d *door) goodsOrders(ctx context.Context, c *call) (any, error) {
	from, to, err := d.orderPeriod(c)
	if err != nil {
		return nil, err
	}
	var acts []handover.ReturnAct
	if number := c.text("documentnumber"); number != "" {
		a, err := d.returnActNamed(ctx, c, number)
		if err != nil {
			return nil, err
		}
		if a.Created >= from && a.Created < to {
			acts = append(acts, a)
		}
	} else if acts, err = d.Handovers.ReturnActs(ctx, c.merchant.ID, from, to, maxReturned); err != nil {
		return nil, err
	}
	return d.goods(ctx, c, acts)
}

func (d *door) goods(ctx context.Context, c *call, acts []handover.ReturnAct) ([]returnedGoods, error) {
	var barcodes []string
	for _, a := range acts {
		barcodes = append(barcodes, a.Barcodes...)
	}
	with, err := d.Custody.ShipmentsWith(ctx, c.merchant.ID, barcodes)
	if err != nil {
		return nil, err
	}
	var back []custody.Shipment
	for _, s := range with {
		back = append(back, s)
	}
	sources, err := d.sources(ctx, c, back)
	list := []returnedGoods{}
	for _, a := range acts {
		g := returnedGoods{DocumentNumber: strconv.FormatInt(a.Number, 10), Date: printed(a.Created), TotalEncloses: len(a.Barcodes)}
		at := map[string]int{}
		for _, barcode := range a.Barcodes {
			s := with[barcode]
			i, there := at[s.ID]
			if !there {
				i = len(g.Invoices)
				at[s.ID] = i
				g.Invoices = append(g.Invoices, returnedInvoice{InvoiceNumber: sourceNumber(s, sources), ReturnInvoiceNumber: s.Number(), GCInvoiceNumber: s.Reference})
			}
			g.Invoices[i].Encloses = append(g.Invoices[i].Encloses, returnedEnclose{barcode, referenceOf(s, barcode)})
		}
		list = append(list, g)
	}
	return list, err
}

// referenceOf is the shop's own barcode of a place.
func referenceOf(s custody.Shipment, barcode string) string {
	for _, p := range s.Parcels {
		if p.Barcode == barcode {
			return p.Reference
		}
	}
	return ""
}

// roubles is the currency of all sums in the API.
const roubles = "RUB"

// moneyOrder is an act of money that was paid on collection and transferred to the shop.
type moneyOrder struct {
	DocumentNumber, Date, PayOrderNumber string
	Invoices                             []settledInvoice
	TotalNPSum, TotalRetSum              float64
	Error                                any
}

type settledInvoice struct {
	InvoiceNumber, GCInvoiceNumber string
	NPSum                          float64 // paid
	RetSum                         float64 // of it, for goods that came back
	Encloses                       []returnedEnclose
}

// moneyOrders lists the acts of money of a period, or one.
func (d *door) moneyOrders(ctx context.Context, c *call) (any, error) {
	from, to, err := d.orderPeriod(c)
	if err != nil {
		return nil, err
	}
	var acts []handover.MoneyAct
	if text := c.text("documentnumber"); text != "" {
		a, err := d.moneyActNamed(ctx, c, text)
		if err != nil {
			return nil, err
		}
		if a.Created >= from && a.Created < to {
			acts = append(acts, a)
		}
	} else if acts, err = d.Handovers.MoneyActs(ctx, c.merchant.ID, from, to, maxReturned); err != nil {
		return nil, err
	}
	return d.money(ctx, c, acts)
}

// money tells of acts; of those in another currency this API cannot.
func (d *door) money(ctx context.Context, c *call, acts []handover.MoneyAct) ([]moneyOrder, error) {
	var ids []string
	for _, a := range acts {
		ids = append(ids, a.Shipments()...)
	}
	named, err := d.Custody.ShipmentsNamed(ctx, c.merchant.ID, ids)
	list := []moneyOrder{}
	for _, a := range acts {
		if a.Currency != roubles {
			continue
		}
		total := a.Total()
		m := moneyOrder{DocumentNumber: strconv.FormatInt(a.Number, 10), Date: printed(a.Created), PayOrderNumber: a.Order, TotalNPSum: inRoubles(total.Paid), TotalRetSum: inRoubles(total.Returned)}
		for _, is := range a.Settled {
			s := named[is.Shipment]
			in := settledInvoice{InvoiceNumber: s.Number(), GCInvoiceNumber: s.Reference, NPSum: inRoubles(is.Paid), RetSum: inRoubles(is.Returned)}
			for _, p := range s.Parcels {
				in.Encloses = append(in.Encloses, returnedEnclose{p.Barcode, p.Reference})
			}
			m.Invoices = append(m.Invoices, in)
		}
		list = append(list, m)
	}
	return list, err
}

func inRoubles(kopecks int64) float64 { return float64(kopecks) / 100 }

// moneyActNamed is an act of money that was transferred to the shop, by its number.
func (d *door) moneyActNamed(ctx context.Context, c *call, text string) (handover.MoneyAct, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		number = 0 // nobody's
	}
	return d.Handovers.MoneyAct(ctx, c.merchant.ID, number)
}

// returnActNamed is an act of what came back to the shop, by its number.
func (d *door) returnActNamed(ctx context.Context, c *call, text string) (handover.ReturnAct, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return handover.ReturnAct{}, fault.New(fault.NotFound, "unknown_return_act", "there is no such act")
	}
	return d.Handovers.ReturnAct(ctx, c.merchant.ID, number)
}

func (d *door) printReturnAct(ctx context.Context, c *call, a handover.ReturnAct) (any, error) {
	with, err := d.Custody.ShipmentsWith(ctx, c.merchant.ID, a.Barcodes)
	if err != nil {
		return nil, err
	}
	return label.ActPDF(label.ReturnAct(a.Number, c.merchant.Name, a.Carrier, time.UnixMicro(a.Created).In(moscow), a.Barcodes, with))
}

func (d *door) printMoneyAct(ctx context.Context, c *call, a handover.MoneyAct) (any, error) {
	sums, err := d.Handovers.Sums(ctx, a)
	if err != nil {
		return nil, err
	}
	return label.ActPDF(label.MoneyAct(a.Number, c.merchant.Name, a.Order, a.Currency, time.UnixMicro(a.Created).In(moscow), sums))
}
