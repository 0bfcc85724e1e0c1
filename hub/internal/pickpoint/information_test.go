package pickpoint_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"lockstep/guard/journal"
)

type sendingInfo struct {
	InvoiceNumber, SenderInvoiceNumber, CreateDate, FIO, StorageDate, ChequeNumber, PayType string
	Sum                                                                                     *float64
	Prolonged                                                                               *bool
	Barcodes                                                                                []string
	RefundInfo                                                                              map[string]any
	ReturnInfo                                                                              map[string]any
}

func (d *desk) information(body string) (list []sendingInfo) {
	d.Helper()
	d.into(d.raw(http.MethodPost, "/api/sendinginfo", d.with(body)), &list)
	if list == nil {
		d.Errorf("%s: no array", body)
	}
	return list
}

func TestSendingInfo(t *testing.T) {
	each(t, func(d *desk) {
		first, barcode := d.one(invoice())
		second, other := d.one(invoice())
		d.told[barcode] = "Иванов Пётр/2233"
		list := d.information(`"InvoiceNumber":"` + first + `","SenderInvoiceNumber":""`)
		if len(list) != 1 {
			d.Fatalf("%+v", list)
		}
		is := list[0]
		if is.InvoiceNumber != first || is.SenderInvoiceNumber != "order-1" || is.FIO != "Иванов Пётр" || is.StorageDate != "" || !slices.Equal(is.Barcodes, []string{barcode}) || is.Sum == nil || *is.Sum != 0 ||
			is.Prolonged == nil || *is.Prolonged || is.RefundInfo == nil || is.ReturnInfo == nil {
			d.Errorf("%+v", is)
		}
		if at, err := time.Parse("2006-01-02T15:04:05.000-07:00", is.CreateDate); err != nil || d.now.Sub(at) > time.Minute {
			d.Errorf("%s, %v", is.CreateDate, err)
		}
		both := d.information(`"SenderInvoiceNumber":"order-1"`)
		if len(both) != 2 || both[0].InvoiceNumber != second || both[1].InvoiceNumber != first || both[0].FIO != "" || both[0].Barcodes[0] != other || both[1].FIO != "Иванов Пётр" {
			d.Errorf("%+v", both)
		}
		d.guard.Deposit(3, barcode)
		d.guard.Write(journal.Record{Kind: journal.Extended, Compartment: 3, Parcel: barcode, Dwell: 120, Due: d.now.Add(120 * time.Hour).UnixMicro(), Down: 1})
		d.up()
		if is := d.information(`"InvoiceNumber":` + first)[0]; is.StorageDate == "" || !*is.Prolonged || is.FIO != "Иванов Пётр" {
			d.Errorf("in the locker: %+v", is)
		}
		d.guard.Collect(3, barcode)
		d.up()
		if is := d.information(`"InvoiceNumber":` + first)[0]; is.FIO != "" || is.ReturnInfo["ReturnInvoiceNumber"] != "" {
			d.Errorf("collected: %+v", is)
		}
		d.raw(http.MethodPost, "/api/makereturn", d.with(`"InvoiceNumber":"`+first+`"`))
		if is := d.information(`"InvoiceNumber":` + first)[0]; is.ReturnInfo["ReturnInvoiceNumber"] == "" || is.ReturnInfo["ReturnInvoiceNumber"] == first || is.ReturnInfo["ReturnDocumentNumber"] != "" {
			d.Errorf("on its way back: %+v", is)
		}
		dear, _ := d.one(invoice(`"Sum":0`, `"Sum":1290.5`))
		if is := d.information(`"InvoiceNumber":` + dear)[0]; *is.Sum != 1290.5 || is.ChequeNumber != "" {
			d.Errorf("to be paid for: %+v", is)
		}
		for _, body := range []string{`"InvoiceNumber":"29999999999"`, `"SenderInvoiceNumber":"order-2"`, `"InvoiceNumber":"x"`} {
			if list := d.information(body); len(list) > 0 {
				d.Errorf("%s: %+v", body, list)
			}
		}
		for body, code := range map[string]int{d.with(`"InvoiceNumber":""`): 20, `{"SessionId":"x","InvoiceNumber":1}`: -2014} {
			if r := d.post("/api/sendinginfo", body); r.code() != code {
				d.Errorf("%s: %v", body, r)
			}
		}
		d.asAnother()
		for _, body := range []string{`"InvoiceNumber":"` + first + `"`, `"SenderInvoiceNumber":"order-1"`} {
			if list := d.information(body); len(list) > 0 {
				d.Errorf("another shop's: %+v", list)
			}
		}
	})
}
