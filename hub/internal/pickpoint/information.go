package pickpoint

import (
	"context"
	"slices"
	"strconv"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// information is what is known of a sending, with its recipient's name.
type information struct {
	InvoiceNumber, SenderInvoiceNumber          string
	Sum                                         float64 // to be paid on collection
	CreateDate                                  string
	FIO                                         string // only while it is on its way to the locker or there
	StorageDate                                 string // until when it may wait; empty before it is put in
	Prolonged                                   bool
	Barcodes                                    []string
	RefundInfo                                  refund
	ReturnInfo                                  returnInfo
	ClientReturnAddress, UnclaimedReturnAddress any    // not kept: null
	ChequeNumber                                string // what the payment is called where it was made; empty before
	PayType                                     string // not known: empty
}

// refund is empty as long as what was paid is not transferred to the shop.
type refund struct {
	RefundDate, RefundNumber, PaymentNumber string
	Sum, AgencyFee                          float64 // no fee is known here
}

// refundBy is how the shop got what was paid for one sending.
func refundBy(a handover.MoneyAct) refund {
	return refund{RefundDate: printed(a.Created), RefundNumber: strconv.FormatInt(a.Number, 10), PaymentNumber: a.Order, Sum: inRoubles(a.Total().Paid)}
}

type returnInfo struct {
	ReturnDocumentDate, ReturnDocumentNumber, ReturnInvoiceNumber, ReturnDeliveryDate, ReturnFromCity, ReturnAddress string
	SubEncloses                                                                                                      []string
}

// information tells all of the named sendings, the newest first; none is an empty list.
func (d *door) information(ctx context.Context, c *call) (any, error) {
	list := []information{}
	shipments, err := d.findAll(ctx, c)
	if code, _ := fault.Public(err); err != nil && code == "unknown_shipment" {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	var asked []string
	for _, s := range shipments {
		if barcode := named(s); barcode != "" {
			asked = append(asked, barcode)
		}
	}
	told := d.Names.Recipients(ctx, asked...)
	back, err := d.returnInvoices(ctx, c, shipments)
	if err != nil {
		return nil, err
	}
	settled, err := d.Handovers.MoneyActsOf(ctx, shipments...)
	if err != nil {
		return nil, err
	}
	for _, s := range shipments {
		is, err := d.informationOf(ctx, c, s)
		if err != nil {
			return nil, err
		}
		is.FIO = told[named(s)].Name
		for _, r := range back {
			if r.InvoiceNumber == is.InvoiceNumber {
				is.ReturnInfo.ReturnInvoiceNumber, is.ReturnInfo.ReturnDocumentNumber = r.ReturnInvoiceNumber, r.ReturnDocumentNumber
			}
		}
		if a, in := settled[s.ID]; in {
			is.RefundInfo = refundBy(a)
		}
		list = append(list, is)
	}
	return list, nil
}

// named is a parcel by which the notifier may know a shipment's recipient; empty where nothing is on its way or in a locker.
func named(s custody.Shipment) string {
	for _, p := range s.Parcels {
		if !p.Outbound && (p.State.Waits() || p.State.Inside()) {
			return p.Barcode
		}
	}
	return ""
}

func (d *door) informationOf(ctx context.Context, c *call, s custody.Shipment) (information, error) {
	is := information{InvoiceNumber: s.Number(), SenderInvoiceNumber: s.Reference, Sum: inRoubles(s.COD.Amount), ChequeNumber: s.PaidReference, CreateDate: printed(s.Created), ReturnInfo: returnInfo{SubEncloses: []string{}}}
	var due []int64
	for _, p := range s.Parcels {
		is.Barcodes = append(is.Barcodes, p.Barcode)
		if p.Due > 0 {
			due = append(due, p.Due)
		}
		events, err := d.Custody.Events(ctx, c.merchant.ID, p.Barcode)
		if err != nil {
			return is, err
		}
		is.Prolonged = is.Prolonged || slices.ContainsFunc(events, func(e custody.Event) bool { return e.What == parcel.WasExtended })
	}
	if len(due) > 0 {
		is.StorageDate = printed(slices.Min(due))
	}
	return is, nil
}

// printed is a time, µs UTC, as the API writes it.
func printed(us int64) string { return time.UnixMicro(us).In(moscow).Format(dateTime) }
