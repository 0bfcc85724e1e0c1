package pickpoint_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/internal/fault"
)

type moneyAct struct {
	DocumentNumber, Date, PayOrderNumber string
	Invoices                             []struct {
		InvoiceNumber, GCInvoiceNumber string
		NPSum, RetSum                  float64
		Encloses                       []struct{ Barcode, GCBarcode string }
	}
	TotalNPSum, TotalRetSum float64
	Error                   any
}

func (d *desk) money(body string) (list []moneyAct) {
	d.Helper()
	d.into(d.raw(http.MethodPost, "/api/getmoneyreturnorder", d.with(body)), &list)
	if list == nil {
		d.Fatal("not even an empty array")
	}
	return list
}

// What is paid on collection becomes the shop's by one act, once.
func TestActsOfMoney(t *testing.T) {
	each(t, func(d *desk) {
		collected, first := d.one(invoice(`"Sum":0`, `"Sum":"1 290,50"`))
		returned, second := d.one(invoice(`"Sum":0`, `"Sum":100`, `order-1`, `order-2`))
		unpaid, _ := d.one(invoice(`"Sum":0`, `"Sum":77`, `order-1`, `order-3`))
		if _, err := d.handovers.Settle(d.Context(), d.merchant.ID, "PP-1", "RUB", "operator olga"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("nothing is paid: %v", err)
		}
		d.pay("7701-015", second, 10000)
		d.now = d.now.Add(time.Minute)
		d.pay("7701-015", first, 129050)
		d.guard.Deposit(3, first)
		d.guard.Collect(3, first)
		d.guard.Deposit(4, second)
		d.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 4, Parcel: second})
		d.takenOut(4, second)
		for _, order := range []string{"", " ", "a\nb", strings.Repeat("7", 51)} {
			if _, err := d.handovers.Settle(d.Context(), d.merchant.ID, order, "RUB", "operator olga"); fault.KindOf(err) != fault.Invalid {
				t.Errorf("order %q: %v", order, err)
			}
		}
		if _, err := d.handovers.Settle(d.Context(), d.merchant.ID, "PP-1", "KZT", "operator olga"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("in another currency: %v", err)
		}
		if rows := d.information(`"InvoiceNumber":` + collected); rows[0].RefundInfo["RefundNumber"] != "" || rows[0].RefundInfo["Sum"] != 0.0 {
			t.Errorf("before: %+v", rows)
		}
		a, err := d.handovers.Settle(d.Context(), d.merchant.ID, "PP-1", "RUB", "operator olga")
		if err != nil || len(a.Settled) != 2 {
			t.Fatalf("%+v, %v", a, err)
		}
		number, day := fmt.Sprint(a.Number), d.now.Format("02.01.2006")
		for _, body := range []string{`"IKN":"9990003041","DateFrom":"` + day + `","DateEnd":"` + day + `"`, `"DocumentNumber":` + number, `"DocumentNumber":"` + number + `","DateFrom":"` + day + `"`} {
			list := d.money(body)
			want := fmt.Sprintf("[{%s order-2 100 100 [{%s box-1}]} {%s order-1 1290.5 0 [{%s box-1}]}]", returned, second, collected, first)
			if len(list) != 1 || list[0].DocumentNumber != number || list[0].PayOrderNumber != "PP-1" || list[0].TotalNPSum != 1390.5 || list[0].TotalRetSum != 100 || list[0].Error != nil ||
				!strings.HasPrefix(list[0].Date, d.now.Format("2006-01-02T")) || fmt.Sprint(list[0].Invoices) != want {
				t.Errorf("%s: %+v\nwant %s", body, list, want)
			}
		}
		if list := d.money(`"DocumentNumber":` + number + `,"DateFrom":"01.11.2026","DateEnd":"02.11.2026"`); len(list) != 0 {
			t.Errorf("of another time: %+v", list)
		}
		if kind, pdf := d.paper("getreestr", d.with(`"ReestrNumber":`+number)); kind != "application/pdf" || !strings.Contains(textOf(t, pdf), "оплачено: 1390,50 RUB, из них за возврат: 100,00 RUB") {
			t.Errorf("its paper: %s %.60q", kind, pdf)
		}
		if is := d.information(`"InvoiceNumber":` + collected)[0].RefundInfo; is["RefundNumber"] != number || is["PaymentNumber"] != "PP-1" || is["Sum"] != 1290.5 || is["AgencyFee"] != 0.0 || is["RefundDate"] == "" {
			t.Errorf("%+v", is)
		}
		if is := d.information(`"InvoiceNumber":` + unpaid)[0].RefundInfo; is["RefundNumber"] != "" {
			t.Errorf("unpaid: %+v", is)
		}
		for _, order := range []string{"PP-1", "PP-2"} {
			if _, err := d.handovers.Settle(d.Context(), d.merchant.ID, order, "RUB", "operator olga"); fault.KindOf(err) != map[string]fault.Kind{"PP-1": fault.Conflict, "PP-2": fault.NotFound}[order] {
				t.Errorf("%s again: %v", order, err)
			}
		}
		if totals, err := d.handovers.MoneyTotals(d.Context(), ""); err != nil || len(totals) != 1 || totals[0].Shipments != 2 || totals[0].Paid != 139050 || totals[0].Returned != 10000 || totals[0].Number != a.Number {
			t.Errorf("%+v, %v", totals, err)
		}
		if _, said := d.update(`"InvoiceNumber":"` + collected + `","Sum":1`); said != "Sum false; " {
			t.Errorf("once it is settled: %q", said)
		}
		d.asAnother()
		if r := d.post("/api/getmoneyreturnorder", d.with(`"DocumentNumber":`+number)); r.code() != 21 || r.text("Error") != "Акт не найден" || len(d.money(`"DateFrom":"`+day+`"`)) != 0 {
			t.Errorf("another shop's: %v", r)
		}
		if r := d.post("/api/getmoneyreturnorder", d.with(`"DocumentNumber":"x"`)); r.code() != 21 {
			t.Errorf("%v", r)
		}
	})
}

// However many say it at once, a payment is settled once.
func TestSettledOnce(t *testing.T) {
	each(t, func(d *desk) {
		_, barcode := d.one(invoice(`"Sum":0`, `"Sum":100`))
		d.pay("7701-015", barcode, 10000)
		done := make(chan error, 4)
		for i := range cap(done) {
			go func() {
				_, err := d.handovers.Settle(d.Context(), d.merchant.ID, fmt.Sprint("PP-", i), "RUB", "operator")
				done <- err
			}()
		}
		settled := 0
		for range cap(done) {
			if err := <-done; err == nil {
				settled++
			} else if fault.KindOf(err) != fault.NotFound {
				t.Error(err)
			}
		}
		if settled != 1 {
			t.Errorf("settled %d times", settled)
		}
	})
}
