package pickpoint_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/guard/journal"
)

type createdSendings struct {
	CreatedSendings []struct {
		EDTN, SenderCode, InvoiceNumber, Barcode, IKN string
		Places                                        []struct {
			GCBarCode, Barcode string
			CellStorageType    *int
		}
	}
	RejectedSendings []struct {
		EDTN, SenderCode string
		ErrorCode        int
		ErrorMessage     string
	}
}

// invoice is a sending that is in order but for what is changed in it.
func invoice(changes ...string) string {
	text := `{"EDTN":"1","IKN":"9990003041","Invoice":{"SenderCode":"order-1","Description":"Книги","RecipientName":"Иванов Пётр","PostamatNumber":"7701-015","MobilePhone":"+79031112233",` +
		`"PostageType":10001,"GettingType":102,"PayType":1,"Sum":0,"Places":[{"BarCode":"","GCBarCode":"box-1","Width":20,"Height":30,"Depth":15.5,"Weight":1.2}]}}`
	for i := 0; i < len(changes); i += 2 {
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

func (d *desk) create(sendings ...string) (answer createdSendings) {
	d.Helper()
	d.into(d.raw(http.MethodPost, "/api/CreateShipment", d.with(`"Sendings":[`+strings.Join(sendings, ",")+`]`)), &answer)
	return answer
}

func (d *desk) one(sending string) (number, barcode string) {
	d.Helper()
	answer := d.create(sending)
	if len(answer.CreatedSendings) != 1 || len(answer.RejectedSendings) != 0 {
		d.Fatalf("%+v", answer)
	}
	return answer.CreatedSendings[0].InvoiceNumber, answer.CreatedSendings[0].Barcode
}

func TestCreate(t *testing.T) {
	each(t, func(d *desk) {
		answer := d.create(invoice(), invoice(`"EDTN":"1"`, `"EDTN":2`, `"order-1"`, `1002`, `"7701-015"`, `"7701-999"`), invoice(`"Places"`, `"Unknown"`, `"Weight"`, `"weight"`))
		if len(answer.CreatedSendings) != 2 || len(answer.RejectedSendings) != 1 {
			d.Fatalf("%+v", answer)
		}
		is, not := answer.CreatedSendings[0], answer.RejectedSendings[0]
		if is.EDTN != "1" || is.SenderCode != "order-1" || len(is.InvoiceNumber) != 11 || is.InvoiceNumber != is.Barcode[:11] || is.IKN != "9990003041" || len(is.Places) != 1 ||
			is.Places[0].GCBarCode != "box-1" || is.Places[0].Barcode != is.Barcode || is.Places[0].CellStorageType == nil {
			d.Errorf("%+v", is)
		}
		if not.EDTN != "2" || not.SenderCode != "1002" || not.ErrorCode != 20 || not.ErrorMessage != "Нет постамата с таким номером" {
			d.Errorf("%+v", not)
		}
		if again := answer.CreatedSendings[1]; again.InvoiceNumber == is.InvoiceNumber || again.SenderCode != is.SenderCode {
			d.Errorf("a shop may use its number twice: %+v", again)
		}
	})
}

func TestWhatClientsSend(t *testing.T) {
	each(t, func(d *desk) {
		for name, sending := range map[string]string{
			"numbers as strings":       invoice(`10001`, `"10001"`, `102`, `"102"`, `"Sum":0`, `"Sum":"0.00"`, `"Width":20`, `"Width":"20"`),
			"an eight":                 invoice(`+79031112233`, `8 (903) 111-22-33`),
			"ten digits":               invoice(`"+79031112233"`, `9031112233`),
			"Belarus":                  invoice(`+79031112233`, `+375 29 123-45-67`),
			"empty arrays for objects": invoice(`"PayType":1`, `"PayType":1,"ClientReturnAddress":[],"UnclaimedReturnAddress":[],"Email":null,"SuBEncloses":[[]]`),
			"no measures":              invoice(`"Width":20,"Height":30,"Depth":15.5,"Weight":1.2`, `"Width":0,"Height":0,"Depth":"","Weight":null`),
			"no contract":              invoice(`"IKN":"9990003041",`, ``),
			"beside the invoice":       `{"EDTN":5,"SenderCode":"7","RecipientName":"А","PostamatNumber":"7701-015","MobilePhone":"+79031112233","Sum":"0","Width":1,"Height":1,"Depth":1}`,
		} {
			if answer := d.create(sending); len(answer.CreatedSendings) != 1 {
				d.Errorf("%s: %+v", name, answer.RejectedSendings)
			}
			d.cancelAll() // the locker has five compartments
		}
	})
}

// cancelAll makes room.
func (d *desk) cancelAll() {
	d.Helper()
	for _, reference := range []string{"order-1", "7"} {
		d.post("/api/cancelInvoice", d.with(`"SenderInvoiceNumber":"`+reference+`"`))
	}
}

func TestRejected(t *testing.T) {
	each(t, func(d *desk) {
		for want, sending := range map[string]string{
			"20 SenderCode":     invoice(`"order-1"`, `""`),
			"20 RecipientName":  invoice(`"Иванов Пётр"`, `null`),
			"20 PostamatNumber": invoice(`"7701-015"`, `"7701-0155"`),
			"20 MobilePhone":    invoice(`"+79031112233"`, `{}`),
			"20 телефон":        invoice(`+79031112233`, `+7903`),
			"20 имя":            invoice(`Иванов Пётр`, `Иванов\nПётр`),
			"20 электронной":    invoice(`"PayType":1`, `"Email":"nobody"`),
			"30 контракт":       invoice(`9990003041`, `9990003042`),
			"20 помещается":     invoice(`"Width":20`, `"Width":200`),
			"20 размеры":        invoice(`"Width":20`, `"Width":-1`),
			"20 вес":            invoice(`1.2`, `1200`),
		} {
			answer := d.create(sending)
			if len(answer.CreatedSendings) > 0 || len(answer.RejectedSendings) != 1 {
				d.Fatalf("%s: %+v", want, answer)
			}
			if got := fmt.Sprint(answer.RejectedSendings[0].ErrorCode, " ", answer.RejectedSendings[0].ErrorMessage); got[:2] != want[:2] || !strings.Contains(got, want[3:]) {
				d.Errorf("%s: %s", want, got)
			}
		}
		full := d.create(invoice(), invoice(), invoice(), invoice(), invoice(), invoice())
		if len(full.RejectedSendings) == 0 || !strings.Contains(full.RejectedSendings[0].ErrorMessage, "ячейки") || full.RejectedSendings[0].ErrorCode != -1 {
			d.Errorf("%+v", full.RejectedSendings)
		}
		many := strings.Repeat("{},", 1000) + "{}"
		for body, code := range map[string]int{`"Sendings":[]`: 20, `"Sendings":7`: 20, `"x":1`: 20, `"Sendings":[` + many + `]`: 20} {
			if r := d.post("/api/createsending", d.with(body)); r.code() != code {
				d.Errorf("%.30s: %v", body, r)
			}
		}
		if r := d.post("/api/createsending", `{"SessionId":"nobody's","Sendings":[`+invoice()+`]}`); r.code() != -2014 {
			d.Errorf("without a session: %v", r)
		}
	})
}

type trackedAll struct {
	Invoices []struct {
		InvoiceNumber, SenderInvoiceNumber string
		States                             []struct {
			State                  int
			StateMessage, ChangeDT string
		}
	}
	ErrorCode *int
}

func (d *desk) states(number string) (states []int) {
	d.Helper()
	var all trackedAll
	d.into(d.raw(http.MethodPost, "/api/tracksendings", d.with(`"Invoices":["`+number+`","15999999999","x"]`)), &all)
	if len(all.Invoices) != 1 || all.ErrorCode == nil || *all.ErrorCode != 0 {
		d.Fatalf("%+v", all)
	}
	last := time.Time{}
	for _, s := range all.Invoices[0].States {
		at, err := time.Parse("2006-01-02T15:04:05.000-07:00", s.ChangeDT)
		if err != nil || !at.After(last) || s.StateMessage == "" {
			d.Errorf("%+v after %s: %v", s, last, err)
		}
		states, last = append(states, s.State), at
	}
	return states
}

// A parcel's life in PickPoint's words is what its records tell.
func TestHistory(t *testing.T) {
	each(t, func(d *desk) {
		number, barcode := d.one(invoice())
		if got := d.states(number); !slices.Equal(got, []int{101}) {
			d.Errorf("%v", got)
		}
		var now []struct {
			State                              int
			StateMessage                       string
			InvoiceNumber, SenderInvoiceNumber string
		}
		d.into(d.raw(http.MethodPost, "/api/tracksending", d.with(`"SenderInvoiceNumber":"order-1"`)), &now)
		if len(now) != 1 || now[0].State != 101 || now[0].StateMessage != "Зарегистрирован" || now[0].InvoiceNumber != number || now[0].SenderInvoiceNumber != "order-1" {
			d.Errorf("%+v", now)
		}
		d.guard.Deposit(3, barcode)
		d.up()
		if got := d.states(number); !slices.Equal(got, []int{101, 109}) {
			d.Errorf("%v", got)
		}
		if r := d.post("/api/cancelInvoice", d.with(`"InvoiceNumber":"`+number+`"`)); r.code() != -1 || r["Result"] == true {
			d.Errorf("cancelled what lies in a locker: %v", r)
		}
		d.guard.Collect(3, barcode)
		d.up()
		if got := d.states(number); !slices.Equal(got, []int{101, 109, 111}) {
			d.Errorf("%v", got)
		}

		number, barcode = d.one(invoice())
		d.guard.Deposit(3, barcode)
		d.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 3, Parcel: barcode})
		d.guard.Write(journal.Record{Kind: journal.WithdrawIntent, Compartment: 3, Parcel: barcode, Carrier: "house", Courier: "anna"})
		d.guard.Write(journal.Record{Kind: journal.Withdrawn, Compartment: 3, Parcel: barcode, Carrier: "house", Courier: "anna"})
		d.up()
		if _, err := d.handovers.Return(d.Context(), []string{barcode}, "operator"); err != nil {
			d.Fatal(err)
		}
		if got := d.states(number); !slices.Equal(got, []int{101, 109, 112, 116, 113}) {
			d.Errorf("%v", got)
		}

		number, _ = d.one(invoice())
		if r := d.post("/api/cancelInvoice", d.with(`"IKN":"9990003041","GCInvoiceNumber":"x","InvoiceNumber":`+number)); r["Result"] != true || r.code() != 0 {
			d.Errorf("%v", r)
		}
		if got := d.states(number); !slices.Equal(got, []int{101, 128}) {
			d.Errorf("%v", got)
		}
	})
}

// A sending of several places is as far as its last.
func TestPlaces(t *testing.T) {
	each(t, func(d *desk) {
		two := `{"GCBarCode":"a","Width":5,"Height":5,"Depth":5},{"GCBarCode":"b","Width":5,"Height":5,"Depth":5}`
		answer := d.create(invoice(`{"BarCode":"","GCBarCode":"box-1","Width":20,"Height":30,"Depth":15.5,"Weight":1.2}`, two))
		if len(answer.CreatedSendings) != 1 || len(answer.CreatedSendings[0].Places) != 2 {
			d.Fatalf("%+v", answer)
		}
		is := answer.CreatedSendings[0]
		first, second := is.Places[0].Barcode, is.Places[1].Barcode
		d.guard.Deposit(1, first)
		d.up()
		if got := d.states(is.InvoiceNumber); !slices.Equal(got, []int{101}) {
			d.Errorf("%v", got)
		}
		d.guard.Deposit(2, second)
		d.guard.Collect(1, first)
		d.up()
		if got := d.states(second[:11]); !slices.Equal(got, []int{101, 109}) {
			d.Errorf("%v", got)
		}
		d.guard.Collect(2, second)
		d.up()
		if got := d.states(is.InvoiceNumber); !slices.Equal(got, []int{101, 109, 111}) {
			d.Errorf("%v", got)
		}
	})
}

func TestAnotherShopsNumbersAreNobodys(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.one(invoice())
		d.asAnother()
		for _, way := range []struct{ method, body string }{{"tracksending", `"InvoiceNumber":"` + number + `"`}, {"tracksending", `"SenderInvoiceNumber":"order-1"`},
			{"cancelInvoice", `"InvoiceNumber":"` + number + `"`}} {
			mine := d.raw(http.MethodPost, "/api/"+way.method, d.with(way.body))
			none := d.raw(http.MethodPost, "/api/"+way.method, d.with(strings.NewReplacer(number, "29999999999", "order-1", "order-2").Replace(way.body)))
			if string(mine) != string(none) || !strings.Contains(string(mine), `"ErrorCode":25`) {
				d.Errorf("%s: %s, of nobody's %s", way.method, mine, none)
			}
		}
	})
}

// asAnother signs another shop in.
func (d *desk) asAnother() {
	d.Helper()
	m, err := d.accounts.AddMerchant(d.Context(), "Другая", "")
	if err != nil {
		d.Fatal(err)
	}
	if _, err := d.accounts.SetLogin(d.Context(), loginOf(m.ID), "other"); err != nil {
		d.Fatal(err)
	}
	d.session = d.post("/api/login", `{"Login":"other","Password":"other"}`).text("SessionId")
}
