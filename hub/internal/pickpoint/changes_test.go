package pickpoint_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

type changedState struct {
	BarCode, ChangeDT, StateMessage, VisualState, InvoiceNumber, SenderInvoiceNumber string
	State, VisualStateCode, PostageType                                              int
}

func (d *desk) changed(body string) (list []changedState, said string) {
	d.Helper()
	d.into(d.raw(http.MethodPost, "/api/getInvoicesChangeState", d.with(body)), &list)
	for _, c := range list {
		said += fmt.Sprint(c.State, " ")
	}
	return list, said
}

func TestChangedStates(t *testing.T) {
	each(t, func(d *desk) {
		number, barcode := d.one(invoice())
		if err := d.custody.Publish(d.Context()); err != nil { // as the hub does all the time
			d.Fatal(err)
		}
		first := d.now
		d.now = first.Add(14 * time.Hour)
		d.post("/api/makereestrnumber", d.with(`"Invoices":["`+number+`"]`))
		d.now = first.Add(16 * time.Hour)
		d.guard.Deposit(1, barcode)
		d.up()
		day := func(n int, layout string) string {
			return first.In(time.FixedZone("", 3*3600)).AddDate(0, 0, n).Format(layout)
		}
		for _, row := range []struct{ body, want string }{
			{`"DateFrom":"` + day(0, "02.01.06") + `","DateTo":"` + day(2, "02.01.06") + `"`, "101 102 109 "},
			{`"DateFrom":"` + day(0, "02.01.2006") + `"`, "101 102 109 "},
			{`"DateFrom":"` + day(0, "02.01.2006") + ` 00:00","DateTo":"` + day(0, "02.01.06") + ` 23:59","State":null`, "101 "},
			{`"DateFrom":"` + day(1, "02.01.2006") + ` 00:00:00","DateTo":"` + day(1, "02.01.2006") + `"`, "102 109 "},
			{`"DateFrom":"` + day(0, "2006-01-02") + `","State":"109"`, "109 "},
			{`"DateFrom":"` + day(0, "02.01.06") + `","State":111`, ""},
		} {
			list, said := d.changed(row.body)
			if said != row.want || list == nil {
				d.Errorf("%s: %q, want %q", row.body, said, row.want)
			}
			for _, c := range list {
				if _, err := time.Parse("02.01.2006 15:04", c.ChangeDT); err != nil || c.InvoiceNumber != number || c.BarCode != barcode || c.SenderInvoiceNumber != "order-1" || c.StateMessage == "" || c.VisualStateCode != c.State*100+1 || c.PostageType != 10001 {
					d.Errorf("%+v", c)
				}
			}
		}
		for _, body := range []string{`"DateTo":"01.01.26"`, `"DateFrom":"31.02.26"`, `"DateFrom":"` + day(0, "02.01.06") + `","DateTo":"` + day(-1, "02.01.06") + `"`, `"DateFrom":"01.01.20","DateTo":"01.01.26"`, `"DateFrom":20261123`, `"DateFrom":{}`} {
			if r := d.post("/api/getInvoicesChangeState", d.with(body)); r.code() != 20 || r.text("Error") == "" {
				d.Errorf("%s: %v", body, r)
			}
		}
	})
}

func TestChangedSendings(t *testing.T) {
	each(t, func(d *desk) {
		number, barcode := d.one(invoice())
		d.guard.Deposit(1, barcode)
		d.up()
		var answer struct {
			Invoices []struct {
				Number, CustomerNumber string
				Encloses               []struct {
					Description string
					Measures    []any
					Statuses    []struct {
						Code        int
						Description string
						Modified    string
					}
				}
				Expirations []struct{ Date, Modified string }
				Forwards    []any
			}
			ErrorCode *int
		}
		d.into(d.raw(http.MethodPost, "/api/InvoicesChanging", d.with(`"DateFrom":"`+d.now.Format("02.01.2006")+`"`)), &answer)
		if len(answer.Invoices) != 1 {
			d.Fatalf("%+v", answer)
		}
		in := answer.Invoices[0]
		if in.Number != number || in.CustomerNumber != "order-1" || len(in.Encloses) != 1 || in.Encloses[0].Description != barcode || len(in.Encloses[0].Statuses) != 2 || len(in.Expirations) != 1 || in.Forwards == nil || *answer.ErrorCode != 0 {
			d.Fatalf("%+v", in)
		}
		var ms int64
		if _, err := fmt.Sscanf(in.Encloses[0].Statuses[1].Modified, "/Date(%d+0300)/", &ms); err != nil || in.Encloses[0].Statuses[1].Code != 109 || d.now.Sub(time.UnixMilli(ms)).Abs() > time.Hour {
			d.Errorf("%+v, %v", in.Encloses[0].Statuses, err)
		}
	})
}
