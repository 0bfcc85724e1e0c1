package pickpoint

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// maxReturned bounds the parcels that one answer tells have turned back, or have come back.
const maxReturned = 5000

// bySender is why customers' returns come back.
const bySender = "Возврат покупателя"

// returns lists what began to come back in a period: customers' returns that were registered, and sendings that the carrier has taken out
// of lockers for the shop. Those come back under their own numbers.
func (d *door) returns(ctx context.Context, c *call) (any, error) {
	from, to, err := d.period(c)
	if err != nil {
		return nil, err
	}
	turned, err := d.Custody.TurnedBackBetween(ctx, c.merchant.ID, from, to, maxReturned+1)
	if err != nil {
		return nil, err
	}
	if len(turned) > maxReturned {
		return nil, fault.New(fault.Invalid, "too_much", "more than %d parcels turned back; ask for a shorter period", maxReturned)
	}
	var ids []string
	for _, t := range turned {
		ids = append(ids, t.Parcel.Shipment)
	}
	of, err := d.Custody.ShipmentsNamed(ctx, c.merchant.ID, ids)
	if err != nil {
		return nil, err
	}
	type info struct{ InvoiceNumber, SenderInvoiceNumber, Barcode, ConsultantNumber, DateOfCreate, PhoneNumber, ReturnReason string }
	answer := struct {
		SendingsInfo []info
		failure
	}{SendingsInfo: []info{}}
	for _, t := range turned {
		s, first := of[t.Parcel.Shipment]
		if delete(of, s.ID); !first || givenUp(s) {
			continue
		}
		answer.SendingsInfo = append(answer.SendingsInfo, info{InvoiceNumber: s.Number(), SenderInvoiceNumber: s.Reference, Barcode: t.Parcel.Barcode, DateOfCreate: printed(t.Happened), ReturnReason: reason(t)})
	}
	return answer, nil
}

// reason is why a parcel comes back; empty where nobody knows.
func reason(t custody.TurnedBack) string {
	switch {
	case t.Parcel.Outbound:
		return bySender
	case t.Parcel.Hold != "": // cancelled or declined
		return refused.String()
	case t.Before == parcel.Overdue:
		return unclaimed.String()
	}
	return ""
}

// cameBack says whether a parcel is with its carrier or its merchant after it was meant for somebody, or after that one has sent it back.
func cameBack(p custody.Parcel) bool {
	return p.State == parcel.Withdrawn || p.State == parcel.Recovered || p.State == parcel.Returned
}

// returnInvoice is a sending, and under which number it comes back.
type returnInvoice struct {
	InvoiceNumber, ReturnInvoiceNumber string
	ReturnDocumentNumber               string // of the act, or acts with commas between; empty before there is one
	ReturnBarcodes                     []string
}

// returnsNamed tells of sendings, by our number or the shop's, how they come back. What does not is left out.
func (d *door) returnsNamed(ctx context.Context, c *call) (any, error) {
	numbers := c.texts("invoices")
	if len(numbers) > maxTracked {
		return nil, fault.New(fault.Invalid, "too_many_sendings", "at most %d sendings at once", maxTracked)
	}
	asked, err := d.numbered(ctx, c, numbers)
	if err != nil {
		return nil, err
	}
	list, err := d.returnInvoices(ctx, c, asked)
	return struct {
		SessionID      string `json:"SessionId"`
		ReturnInvoices []returnInvoice
		failure
	}{SessionID: c.text("sessionid"), ReturnInvoices: list}, err
}

// returnInvoices are how sendings come back, those that do.
func (d *door) returnInvoices(ctx context.Context, c *call, asked []custody.Shipment) ([]returnInvoice, error) {
	back, err := d.comingBack(ctx, c, asked)
	if err != nil {
		return nil, err
	}
	of, err := d.sources(ctx, c, back)
	if err != nil {
		return nil, err
	}
	var barcodes []string
	for _, s := range back {
		barcodes = append(barcodes, barcodesBack(s)...)
	}
	in, err := d.Handovers.ReturnedIn(ctx, barcodes)
	list := []returnInvoice{}
	for _, s := range back {
		list = append(list, returnInvoice{sourceNumber(s, of), s.Number(), documents(s, in), barcodesBack(s)})
	}
	return list, err
}

// numbered are the shipments of numbers that are ours or else the shop's, without repetition.
func (d *door) numbered(ctx context.Context, c *call, numbers []string) (list []custody.Shipment, err error) {
	found, err := d.findMany(ctx, c, numbers)
	if err != nil {
		return nil, err
	}
	references := slices.DeleteFunc(slices.Clone(numbers), func(number string) bool { _, ours := found[number]; return ours })
	referred, err := d.Custody.ShipmentsReferred(ctx, c.merchant.ID, references)
	for _, number := range numbers {
		if s, ours := found[number]; ours {
			list = append(list, s)
		}
		list = append(list, referred[number]...)
	}
	return once(list), err
}

// once leaves out what came before.
func once(list []custody.Shipment) []custody.Shipment {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s custody.Shipment) bool {
		before := seen[s.ID]
		seen[s.ID] = true
		return before
	})
}

// comingBack are those of sendings that come back or have, and the returns of all of them.
func (d *door) comingBack(ctx context.Context, c *call, asked []custody.Shipment) (list []custody.Shipment, err error) {
	var ids []string
	for _, s := range asked {
		ids = append(ids, s.ID)
	}
	returns, err := d.Custody.ReturnsOf(ctx, c.merchant.ID, ids...)
	for _, s := range asked {
		list = append(append(list, s), returns[s.ID]...)
	}
	return slices.DeleteFunc(once(list), func(s custody.Shipment) bool { return len(barcodesBack(s)) == 0 }), err
}

// barcodesBack are the parcels of a sending that come back or have: all of a return that is not given up.
func barcodesBack(s custody.Shipment) (list []string) {
	for _, p := range s.Parcels {
		if cameBack(p) || p.Outbound && p.State != parcel.Cancelled {
			list = append(list, p.Barcode)
		}
	}
	return list
}

// sources are what returns are of, by its id.
func (d *door) sources(ctx context.Context, c *call, returns []custody.Shipment) (map[string]custody.Shipment, error) {
	var ids []string
	for _, s := range returns {
		ids = append(ids, s.ReturnOf)
	}
	return d.Custody.ShipmentsNamed(ctx, c.merchant.ID, ids)
}

// sourceNumber is the number of the sending that a return is of; its own, where it is none of ours or no return.
func sourceNumber(s custody.Shipment, sources map[string]custody.Shipment) string {
	if of, ok := sources[s.ReturnOf]; ok {
		return of.Number()
	}
	return s.Number()
}

// documents are the acts in which a sending's parcels came back.
func documents(s custody.Shipment, in map[string]int64) string {
	var list []string
	for _, barcode := range barcodesBack(s) {
		if number, ok := in[barcode]; ok && !slices.Contains(list, strconv.FormatInt(number, 10)) {
			list = append(list, strconv.FormatInt(number, 10))
		}
	}
	return strings.Join(list, ",")
}
