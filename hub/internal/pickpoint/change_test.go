package pickpoint_test

import (
	"fmt"
	"net/http"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
)

type updated struct {
	InvoiceNumber, GCInvoiceNumber string
	Results                        []struct {
		FieldName string
		Updated   *bool
		Comment   string
	}
	ErrorCode *int
}

func (d *desk) update(body string) (u updated, said string) {
	d.Helper()
	d.into(d.raw(http.MethodPost, "/api/updateInvoice", d.with(body)), &u)
	for _, r := range u.Results {
		said += fmt.Sprint(r.FieldName, " ", *r.Updated, "; ")
	}
	return u, said
}

func TestUpdate(t *testing.T) {
	each(t, func(d *desk) {
		d.second()
		number, barcode := d.one(invoice())
		named := `"InvoiceNumber":"` + number + `",`
		for _, row := range []struct{ body, want string }{
			{named + `"Phone":"+745642411","RecipientName":"Сидоров","Sum":0`, "Phone false; RecipientName false; Sum true; "},
			{named + `"PostamatNumber":"","Phone":null,"Email":"","SubEncloses":[]`, ""},
			{named + `"PostamatNumber":"7701-999"`, "PostamatNumber false; "},
			{named + `"PostamatNumber":"7701-015","PostageType":"10001"`, "PostamatNumber true; PostageType true; "},
			{named + `"Sum":"100,00","PostageType":10003,"Email":"a@b.example","SubEncloses":[{"Line":1}]`, "Email false; SubEncloses false; Sum false; PostageType false; "},
			{`"GCInvoiceNumber":"order-1","PostamatNumber":"5602-009"`, "PostamatNumber true; "},
		} {
			body, want := row.body, row.want
			u, said := d.update(body)
			if said != want || u.InvoiceNumber != number || u.GCInvoiceNumber != "order-1" || u.ErrorCode == nil || *u.ErrorCode != 0 {
				d.Errorf("%s: %q, %+v", body, said, u)
			}
			for _, r := range u.Results {
				if !*r.Updated && r.Comment == "" {
					d.Errorf("%s says not why", r.FieldName)
				}
			}
		}
		if p, err := d.custody.Parcel(d.Context(), "", barcode); err != nil || p.Locker != "5602-009" {
			d.Errorf("%+v, %v", p, err)
		}
		if states := d.states(number); fmt.Sprint(states) != "[101]" {
			d.Errorf("%v", states)
		}
		if r := d.post("/api/updateInvoice", d.with(`"InvoiceNumber":"15000000000","PostamatNumber":"5602-009"`)); r.code() != 25 {
			d.Errorf("%v", r)
		}
	})
}

// What a sending costs can change until it is paid for; whether it costs anything cannot.
func TestCashOnDelivery(t *testing.T) {
	each(t, func(d *desk) {
		number, barcode := d.one(invoice(`"Sum":0`, `"Sum":"1 290,50"`, `10001`, `"10001"`)) // the sum says more than the kind
		due := func() custody.Money {
			d.Helper()
			s, err := d.custody.Charged(d.Context(), barcode)
			if err != nil {
				d.Fatal(err)
			}
			return s.COD
		}
		if is := due(); is != (custody.Money{Amount: 129050, Currency: "RUB"}) {
			d.Fatalf("%+v", is)
		}
		named := `"InvoiceNumber":"` + number + `",`
		for _, row := range []struct{ body, want string }{
			{named + `"Sum":0`, "Sum false; "},
			{named + `"Sum":"990.00","PostageType":"10003"`, "Sum true; PostageType true; "},
			{named + `"PostageType":10001`, "PostageType false; "},
			{named + `"Sum":-5`, ""},
		} {
			if _, said := d.update(row.body); said != row.want {
				d.Errorf("%s: %q", row.body, said)
			}
		}
		if is := due(); is != (custody.Money{Amount: 99000, Currency: "RUB"}) {
			d.Errorf("%+v", is)
		}
		word, err := statement.Sign(d.network.Payment, statement.Paid{Locker: "7701-015", Barcode: barcode, Amount: 99000, Currency: "RUB", At: 1, Reference: "p-1"})
		if err != nil {
			d.Fatal(err)
		}
		if _, err := d.custody.Pay(d.Context(), [][]byte{word}); err != nil {
			d.Fatal(err)
		}
		if _, said := d.update(named + `"Sum":1`); said != "Sum false; " {
			d.Errorf("once it is paid for: %q", said)
		}
	})
}

// Once the carrier has said that it has the sending, it goes where it was to go.
func TestUpdateTooLate(t *testing.T) {
	each(t, func(d *desk) {
		other := d.second()
		number, barcode := d.one(invoice())
		d.post("/api/makereestrnumber", d.with(`"Invoices":["`+number+`"]`))
		if _, said := d.update(`"InvoiceNumber":"` + number + `","PostamatNumber":"5602-009"`); said != "PostamatNumber true; " {
			d.Errorf("in a registry: %s", said)
		}
		other.Deposit(1, barcode)
		d.bring(other)
		if _, said := d.update(`"InvoiceNumber":"` + number + `","PostamatNumber":"7701-015"`); said != "PostamatNumber false; " {
			d.Errorf("delivered: %s", said)
		}
	})
}

// A recipient who says at the locker, or from afar, that they do not want the parcel: that is a refusal for the shop, and for good only if
// it stays so.
func TestDeclinedByItsRecipient(t *testing.T) {
	for where, decline := range map[string]func(d *desk, barcode string){
		"at the locker": func(d *desk, barcode string) {
			d.guard.Write(journal.Record{Kind: journal.Declined, Compartment: 1, Parcel: barcode, Credential: "code"})
			d.up()
		},
		"from afar": func(d *desk, barcode string) {
			if err := d.custody.Refuse(d.Context(), barcode); err != nil {
				d.Fatal(err)
			}
		},
	} {
		t.Run(where, func(t *testing.T) {
			each(t, func(d *desk) {
				number, barcode := d.one(invoice())
				d.guard.Deposit(1, barcode)
				d.up()
				decline(d, barcode)
				if states := d.states(number); fmt.Sprint(states) != "[101 109 114]" {
					d.Errorf("%v", states)
				}
				d.guard.Collect(1, barcode)
				d.up()
				if states := d.states(number); fmt.Sprint(states) != "[101 109 114 111]" {
					d.Errorf("who has changed their mind: %v", states)
				}
			})
		})
	}
}

func TestReject(t *testing.T) {
	each(t, func(d *desk) {
		number, barcode := d.one(invoice())
		d.guard.Deposit(1, barcode)
		d.up()
		if r := d.post("/api/cancelInvoice", d.with(`"InvoiceNumber":"`+number+`"`)); r.code() != -1 || r["Result"] != nil {
			d.Errorf("cancel: %v", r)
		}
		if r := d.post("/api/rejectInvoice", d.with(`"IKN":"9990003041","InvoiceNumber":"`+number+`"`)); r.code() != 0 || r["Result"] != true {
			d.Errorf("reject: %v", r)
		}
		if states := d.states(number); fmt.Sprint(states) != "[101 109 114]" {
			d.Errorf("%v", states)
		}
		d.guard.Collect(1, barcode) // the recipient was faster than the parcel's time
		d.up()
		if r := d.post("/api/rejectInvoice", d.with(`"GCInvoiceNumber":"order-1"`)); r.code() != -1 || r.text("Error") == "" {
			d.Errorf("collected: %v", r)
		}
		if r := d.post("/api/rejectInvoice", d.with(`"IKN":"9990003042","InvoiceNumber":"`+number+`"`)); r.code() != 30 {
			d.Errorf("another contract: %v", r)
		}
		waiting, _ := d.one(invoice())
		if r := d.post("/api/rejectInvoice", d.with(`"InvoiceNumber":"`+waiting+`"`)); r.code() != 0 || r["Result"] != true {
			d.Errorf("registered: %v", r)
		}
	})
}

func TestEnclosure(t *testing.T) {
	each(t, func(d *desk) {
		number, barcode := d.one(invoice())
		for _, key := range []string{"BarCode", "Barcode"} {
			var answer struct {
				Enclose struct {
					Barcode, GCBarCode, InvoiceNumber, SenderInvoiceNumber string
					Width, Height, Depth, Weight                           float64
				}
				ErrorCode *int
			}
			d.into(d.raw(http.MethodPost, "/api/encloseinfo", d.with(`"`+key+`":"`+barcode+`"`)), &answer)
			if got := fmt.Sprint(answer.Enclose); got != fmt.Sprintf("{%s box-1 %s order-1 38 19 64 1.2}", barcode, number) || answer.ErrorCode == nil {
				d.Error(got)
			}
		}
		for _, body := range []string{`"BarCode":"200010000017"`, `"BarCode":""`, `"200010000017":"BarCode"`, `"BarCode":[1]`} {
			if r := d.post("/api/encloseinfo", d.with(body)); r.code() != 25 || r.text("Error") != "Отправление не найдено" {
				d.Errorf("%s: %v", body, r)
			}
		}
	})
}

func TestAuthentication(t *testing.T) {
	each(t, func(d *desk) {
		r := d.post("/api/authentication", `{"Login":"apitest","Password":"apitest","Ikn":"9990003041"}`)
		if cities, _ := r["Cities"].([]any); r["Success"] != true || len(cities) != 2 || r.code() != 0 {
			d.Errorf("%v", r)
		}
		for body, code := range map[string]int{`{"Login":"apitest","Password":"x","Ikn":"9990003041"}`: 10, `{"Login":"apitest","Password":"apitest","Ikn":"1"}`: 30, `{}`: 10} {
			if r := d.post("/api/authentication", body); r.code() != code || r["Success"] == true || r.text("Error") == "" {
				d.Errorf("%s: %v", body, r)
			}
		}
	})
}
