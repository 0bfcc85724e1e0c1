package pickpoint_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
)

type returnCode struct {
	ReturnCode, Error *string
	ErrorCode         int
}

func (d *desk) makeReturn(body string) (list []returnCode) {
	d.Helper()
	d.into(d.raw(http.MethodPost, "/api/makereturn", d.with(body)), &list)
	return list
}

type createdReturns struct {
	CreatedSendings []struct {
		EDTN, SenderCode, ReturnCode, InvoiceNumber string
		Places                                      []struct{ GCBarCode, Barcode, ReturnCode string }
	}
	RejectedSendings []struct {
		EDTN, SenderCode string
		ErrorCode        int
		ErrorMessage     string
	}
}

func (d *desk) createReturn(invoices ...string) (answer createdReturns) {
	d.Helper()
	var sendings []string
	for i, in := range invoices {
		sendings = append(sendings, fmt.Sprintf(`{"EDTN":%d,"IKN":"9990003041","Invoice":{"Description":"Книги","RecipientName":"Иванов Пётр","MobilePhone":"+79031112233",%s}}`, i+1, in))
	}
	d.into(d.raw(http.MethodPost, "/api/createreturn", d.with(`"Sendings":[`+strings.Join(sendings, ",")+`]`)), &answer)
	return answer
}

// collected is a sending that its recipient has.
func (d *desk) collected(sending string) (number, barcode string) {
	d.Helper()
	number, barcode = d.one(sending)
	d.guard.Deposit(3, barcode)
	d.guard.Collect(3, barcode)
	d.up()
	return number, barcode
}

// bringsBack is a customer with a code, and the courier after.
func (d *desk) bringsBack(barcode string) {
	d.Helper()
	d.guard.Write(journal.Record{Kind: journal.DepositIntent, Compartment: 4, Parcel: barcode, Carrier: "house", Credential: "permit"})
	d.guard.Write(journal.Record{Kind: journal.Stored, Compartment: 4, Parcel: barcode, Carrier: "house", Credential: "permit"})
	d.up()
	d.takenOut(4, barcode)
}

func (d *desk) takenOut(compartment uint16, barcode string) {
	d.Helper()
	for _, kind := range []journal.Kind{journal.WithdrawIntent, journal.Withdrawn} {
		d.guard.Write(journal.Record{Kind: kind, Compartment: compartment, Parcel: barcode, Carrier: "house", Courier: "anna"})
	}
	d.up()
}

func (d *desk) handBack(barcodes ...string) string {
	d.Helper()
	acts, err := d.handovers.Return(d.Context(), barcodes, "operator")
	if err != nil {
		d.Fatal(err)
	}
	return fmt.Sprint(acts[0].Number)
}

func TestMakeReturn(t *testing.T) {
	each(t, func(d *desk) {
		number, barcode := d.one(invoice())
		for body, want := range map[string]string{`"InvoiceNumber":"` + number + `"`: "-1 Вернуть можно только полученное отправление", `"GCInvoiceNumber":"order-2"`: "25 Отправление не найдено", `"x":1`: "20 Не указан номер отправления"} {
			list := d.makeReturn(body)
			if len(list) != 1 || list[0].ReturnCode != nil || fmt.Sprint(list[0].ErrorCode, " ", *list[0].Error) != want {
				d.Errorf("%s: %+v", body, list)
			}
		}
		d.guard.Deposit(3, barcode)
		d.guard.Collect(3, barcode)
		d.up()
		list := d.makeReturn(`"InvoiceNumber":"` + number + `"`)
		if len(list) != 1 || list[0].ReturnCode == nil || !statement.CheckPermitCode(*list[0].ReturnCode) || list[0].Error != nil {
			d.Fatalf("%+v", list)
		}
		code := *list[0].ReturnCode
		for _, body := range []string{`"InvoiceNumber":` + number, `"GCInvoiceNumber":"order-1"`} {
			if again := d.makeReturn(body); len(again) != 1 || again[0].ReturnCode == nil || *again[0].ReturnCode != code {
				d.Errorf("again: %+v", again)
			}
		}
		if again := d.createReturn(`"InvoiceNumber":"` + number + `"`); len(again.CreatedSendings) != 1 || again.CreatedSendings[0].ReturnCode != code {
			d.Errorf("again, as a sending: %+v", again)
		}
		back := d.back(number)
		if len(back) != 1 || custody.ReturnCode([]byte("key"), back[0].ReturnBarcodes[0]) != code {
			d.Fatalf("%+v", back)
		}
		own := back[0].ReturnInvoiceNumber
		for body, want := range map[string]string{`"InvoiceNumber":"` + own + `"`: "101", `"SenderInvoiceNumber":"order-1"`: "111"} {
			if got := string(d.raw(http.MethodPost, "/api/tracksending", d.with(body))); !strings.Contains(got, `"State":`+want) {
				d.Errorf("%s: %s, want %s", body, got, want)
			}
		}
		if r := d.post("/api/makereestrnumber", d.with(`"Invoices":["`+own+`"]`)); r.code() != -1 {
			d.Errorf("a return in a registry: %v", r)
		}
		if _, said := d.update(`"InvoiceNumber":"` + own + `","PostamatNumber":"5602-009"`); said != "PostamatNumber false; " {
			d.Errorf("moved: %s", said)
		}
		if kind, _ := d.paper("makelabel", d.with(`"Invoices":["`+own+`"]`)); kind != "application/pdf" {
			d.Errorf("no label: %s", kind)
		}
		if r := d.post("/api/cancelInvoice", d.with(`"InvoiceNumber":"`+own+`"`)); r["Result"] != true {
			d.Errorf("%v", r)
		}
		if other := d.makeReturn(`"InvoiceNumber":` + number); len(other) != 1 || other[0].ReturnCode == nil || *other[0].ReturnCode == code {
			d.Errorf("after one that was given up: %+v", other)
		}
		if got := d.states(number); !slices.Equal(got, []int{101, 109, 111}) {
			d.Errorf("what was returned: %v", got)
		}
		d.asAnother()
		if list := d.makeReturn(`"InvoiceNumber":"` + number + `"`); len(list) != 1 || list[0].ErrorCode != 25 {
			d.Errorf("another shop's: %+v", list)
		}
	})
}

func TestAReturnsLife(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.collected(invoice())
		made := d.createReturn(`"InvoiceNumber":"` + number + `","SenderCode":"rma-1"`).CreatedSendings
		if len(made) != 1 || made[0].SenderCode != "rma-1" || made[0].EDTN != "1" || len(made[0].Places) != 1 || made[0].Places[0].GCBarCode != "box-1" || made[0].Places[0].ReturnCode != made[0].ReturnCode {
			d.Fatalf("%+v", made)
		}
		own, barcode := made[0].InvoiceNumber, made[0].Places[0].Barcode
		if p, err := d.custody.Parcel(d.Context(), "", barcode); err != nil || p.Size.String() != "M" || p.WeightG != 1200 {
			d.Errorf("not as what comes back: %+v, %v", p, err)
		}
		if contacts, err := d.custody.Contacts(d.Context(), 10); err != nil || len(contacts) != 1 {
			d.Errorf("%d contacts, %v: a return has none", len(contacts), err)
		}
		d.guard.Write(journal.Record{Kind: journal.Permitted, Parcel: barcode, Carrier: "house", Down: 1})
		d.up()
		if got := d.states(own); !slices.Equal(got, []int{101}) {
			d.Errorf("%v", got)
		}
		d.guard.Write(journal.Record{Kind: journal.DepositIntent, Compartment: 4, Parcel: barcode, Carrier: "house", Credential: "permit"})
		d.guard.Write(journal.Record{Kind: journal.Stored, Compartment: 4, Parcel: barcode, Carrier: "house", Credential: "permit"})
		d.up()
		if got := d.states(own); !slices.Equal(got, []int{101, 129}) {
			d.Errorf("%v", got)
		}
		for _, method := range []string{"cancelInvoice", "rejectInvoice"} {
			if r := d.post("/api/"+method, d.with(`"InvoiceNumber":"`+own+`"`)); r.code() != -1 {
				d.Errorf("%s of what a customer has put in: %v", method, r)
			}
		}
		d.takenOut(4, barcode)
		act := d.handBack(barcode)
		if got := d.states(own); !slices.Equal(got, []int{101, 129, 116, 113}) {
			d.Errorf("%v", got)
		}
		if back := d.back("rma-1"); len(back) != 1 || back[0].InvoiceNumber != number || back[0].ReturnInvoiceNumber != own || back[0].ReturnDocumentNumber != act || !slices.Equal(back[0].ReturnBarcodes, []string{barcode}) {
			d.Errorf("%+v", back)
		}
		if again := d.createReturn(`"InvoiceNumber":"` + number + `"`).CreatedSendings; len(again) != 1 || again[0].InvoiceNumber != own {
			d.Errorf("a second return of what has come back: %+v", again)
		}
	})
}

// Each is there wholly or not at all, and the answer says which.
func TestCreateReturns(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.collected(invoice())
		waiting, _ := d.one(invoice())
		answer := d.createReturn(
			`"InvoiceNumber":"`+number+`","Places":[{"GCBarCode":"a","Width":5,"Height":5,"Depth":5},{"GCBarCode":"b","Width":0,"Height":"","Depth":0}]`,
			`"InvoiceNumber":"`+waiting+`"`,
			`"InvoiceNumber":"15999999999"`,
			`"SenderCode":"post"`,
			`"SenderCode":"loose","PostamatNumber":"7701-015","Width":5,"Height":5,"Depth":5,"Sum":"100"`,
			`"PostamatNumber":"7701-999"`,
			`"PostamatNumber":"7701-015","Width":500`,
			`"SenderCode":"`+strings.Repeat("x", 51)+`","PostamatNumber":"7701-015"`,
			`"InvoiceNumber":"`+number+`","PostamatNumber":"7701-999"`,
		)
		var codes []string
		for _, is := range answer.CreatedSendings {
			codes = append(codes, is.EDTN)
		}
		if !slices.Equal(codes, []string{"1", "5", "9"}) {
			d.Fatalf("%+v", answer)
		}
		first, loose := answer.CreatedSendings[0], answer.CreatedSendings[1]
		if len(first.Places) != 2 || first.Places[0].ReturnCode != first.ReturnCode || first.Places[1].ReturnCode == first.ReturnCode || first.Places[1].GCBarCode != "b" || first.SenderCode != "order-1" ||
			answer.CreatedSendings[2].InvoiceNumber != first.InvoiceNumber {
			d.Errorf("%+v", answer.CreatedSendings)
		}
		if p, err := d.custody.Parcel(d.Context(), "", first.Places[1].Barcode); err != nil || p.Size.String() != "M" {
			d.Errorf("unmeasured: %+v, %v", p, err)
		}
		if loose.SenderCode != "loose" || len(loose.Places) != 1 || !statement.CheckPermitCode(loose.ReturnCode) {
			d.Errorf("%+v", loose)
		}
		want := []string{"2 -1 Вернуть", "3 25 Отправление не найдено", "4 20 Почтовые", "6 20 Нет постамата", "7 20 ", "8 20 "}
		for i, not := range answer.RejectedSendings {
			if got := fmt.Sprint(not.EDTN, " ", not.ErrorCode, " ", not.ErrorMessage); i >= len(want) || !strings.HasPrefix(got, want[i]) {
				d.Errorf("%d: %s", i, got)
			}
		}
		if len(answer.RejectedSendings) != len(want) {
			d.Errorf("%+v", answer.RejectedSendings)
		}
		full := d.createReturn(`"SenderCode":"l","PostamatNumber":"7701-015","Places":[{"Width":36,"Height":40,"Depth":60},{"Width":36,"Height":40,"Depth":60}]`)
		if len(full.RejectedSendings) != 1 || !strings.Contains(full.RejectedSendings[0].ErrorMessage, "ячейки") || len(d.back("l")) != 0 {
			d.Errorf("%+v", full)
		}
		if r := d.post("/api/createreturn", d.with(`"Sendings":[{"IKN":"1","PostamatNumber":"7701-015"}]`)); !strings.Contains(fmt.Sprint(r["RejectedSendings"]), "контракт") {
			d.Errorf("%v", r)
		}
		if r := d.post("/api/createreturn", d.with(`"Sendings":[]`)); r.code() != 20 {
			d.Errorf("%v", r)
		}
	})
}

type backRow struct {
	InvoiceNumber, ReturnInvoiceNumber, ReturnDocumentNumber string
	ReturnBarcodes                                           []string
}

// back is what getreturn tells.
func (d *desk) back(numbers ...string) []backRow {
	d.Helper()
	var answer struct {
		SessionID      string `json:"SessionId"`
		ReturnInvoices []backRow
		ErrorCode      *int
	}
	d.into(d.raw(http.MethodPost, "/api/getreturn", d.with(`"Invoices":["`+strings.Join(numbers, `","`)+`"]`)), &answer)
	if answer.ReturnInvoices == nil || answer.ErrorCode == nil || *answer.ErrorCode != 0 || answer.SessionID != d.session {
		d.Fatalf("%+v", answer)
	}
	return answer.ReturnInvoices
}

type turned struct{ InvoiceNumber, SenderInvoiceNumber, Barcode, DateOfCreate, ReturnReason string }

func (d *desk) turned(period string) (list []turned, said string) {
	d.Helper()
	var answer struct {
		SendingsInfo []turned
		Error        any
		ErrorCode    *int
	}
	d.into(d.raw(http.MethodPost, "/api/getreturninvoiceslist", d.with(period)), &answer)
	if answer.SendingsInfo == nil || answer.Error != nil || answer.ErrorCode == nil || *answer.ErrorCode != 0 {
		d.Fatalf("%+v", answer)
	}
	for _, one := range answer.SendingsInfo {
		said += fmt.Sprintf("%s %s %s; ", one.SenderInvoiceNumber, one.InvoiceNumber, one.ReturnReason)
	}
	return answer.SendingsInfo, said
}

// Customers' returns, and what goes back under its own number because nobody came or the shop gave it up.
func TestWhatComesBack(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.collected(invoice())
		d.makeReturn(`"InvoiceNumber":"` + number + `"`)
		back := d.back(number)[0]
		overdue, late := d.one(invoice(`order-1`, `order-2`))
		d.guard.Deposit(3, late)
		d.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 3, Parcel: late})
		d.up()
		if rows := d.back(overdue); len(rows) != 0 {
			d.Errorf("it lies in its locker: %+v", rows)
		}
		d.takenOut(3, late)
		rejected, unwanted := d.one(invoice(`order-1`, `order-3`))
		d.guard.Deposit(3, unwanted)
		d.up()
		d.post("/api/rejectInvoice", d.with(`"InvoiceNumber":"`+rejected+`"`))
		d.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 3, Parcel: unwanted})
		d.takenOut(3, unwanted)
		today := `"DateFrom":"` + d.now.Format("02.01.2006") + `","DatetTo":"` + d.now.Format("02.01.2006") + `"`
		list, said := d.turned(today)
		want := fmt.Sprintf("order-1 %s Возврат покупателя; order-2 %s Невостребованное; order-3 %s Отказ; ", back.ReturnInvoiceNumber, overdue, rejected)
		if said != want || list[1].Barcode != late || !strings.HasPrefix(list[0].DateOfCreate, d.now.Format("2006-01-02T")) {
			d.Errorf("%s, want %s\n%+v", said, want, list)
		}
		if _, said := d.turned(`"DateFrom":"01.11.2026","DateTo":"02.11.2026"`); said != "" {
			d.Error(said)
		}
		d.post("/api/cancelInvoice", d.with(`"InvoiceNumber":"`+back.ReturnInvoiceNumber+`"`))
		if _, said := d.turned(today); strings.Contains(said, "order-1") {
			d.Errorf("given up: %s", said)
		}
		act := d.handBack(late, unwanted)
		rows := d.back("order-3", overdue, overdue, number, "nobody's")
		if got := fmt.Sprint(rows); got != fmt.Sprintf("[{%[1]s %[1]s %[3]s [%[4]s]} {%[2]s %[2]s %[3]s [%[5]s]}]", rejected, overdue, act, unwanted, late) {
			d.Error(got)
		}
		for _, body := range []string{`"DateTo":"01.01.26"`, `"DateFrom":"01.01.20","DateTo":"01.01.26"`} {
			if r := d.post("/api/getreturninvoiceslist", d.with(body)); r.code() != 20 || r.text("Error") == "" {
				d.Errorf("%s: %v", body, r)
			}
		}
		d.asAnother()
		if rows := d.back(number, overdue, "order-3"); len(rows) != 0 {
			d.Errorf("another shop's: %v", rows)
		}
		if _, said := d.turned(today); said != "" {
			d.Errorf("another shop's: %s", said)
		}
	})
}

type goods struct {
	DocumentNumber, Date string
	Invoices             []struct {
		InvoiceNumber, ReturnInvoiceNumber, GCInvoiceNumber string
		Encloses                                            []struct{ Barcode, GCBarcode string }
	}
	TotalEncloses int
	Error         any
}

func (d *desk) goods(body string) (list []goods) {
	d.Helper()
	d.into(d.raw(http.MethodPost, "/api/getproductreturnorder", d.with(body)), &list)
	if list == nil {
		d.Fatal("not even an empty array")
	}
	return list
}

func TestActsOfReturnedGoods(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.collected(invoice())
		made := d.createReturn(`"InvoiceNumber":"` + number + `"`).CreatedSendings[0]
		d.bringsBack(made.Places[0].Barcode)
		overdue, late := d.one(invoice(`order-1`, `order-2`))
		d.guard.Deposit(3, late)
		d.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: 3, Parcel: late})
		d.up()
		if _, err := d.handovers.Return(d.Context(), []string{made.Places[0].Barcode, late}, "operator"); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), late) {
			t.Errorf("one lies in its locker: %v", err)
		}
		if p, err := d.custody.Parcel(d.Context(), "", made.Places[0].Barcode); err != nil || p.State != "withdrawn" || len(d.goods(`"DateFrom":"`+d.now.Format("02.01.2006")+`"`)) != 0 {
			t.Errorf("half of it was done: %+v, %v", p, err)
		}
		d.takenOut(3, late)
		if _, err := d.handovers.Return(d.Context(), nil, "operator"); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		act := d.handBack(made.Places[0].Barcode, late, late)
		day := d.now.Format("02.01.2006")
		for _, body := range []string{`"IKN":"9990003041","DateFrom":"` + day + `","DateEnd":"` + day + `"`, `"DocumentNumber":` + act, `"DocumentNumber":"` + act + `","DateFrom":"` + day + `","DateEnd":"` + day + `"`} {
			list := d.goods(body)
			if len(list) != 1 || list[0].DocumentNumber != act || len(list[0].Invoices) != 2 || list[0].TotalEncloses != 2 || list[0].Error != nil || !strings.HasPrefix(list[0].Date, d.now.Format("2006-01-02T")) {
				d.Fatalf("%s: %+v", body, list)
			}
			if got := fmt.Sprint(list[0].Invoices); got != fmt.Sprintf("[{%s %s order-1 [{%s box-1}]} {%[4]s %[4]s order-2 [{%[5]s box-1}]}]", number, made.InvoiceNumber, made.Places[0].Barcode, overdue, late) {
				d.Error(got)
			}
		}
		if list := d.goods(`"DocumentNumber":` + act + `,"DateFrom":"01.11.2026","DateEnd":"02.11.2026"`); len(list) != 0 {
			d.Errorf("of another time: %+v", list)
		}
		for _, method := range []string{"getproductreturnorder", "getmoneyreturnorder"} {
			for body, code := range map[string]int{`"IKN":"1","DateFrom":"` + day + `"`: 30, `"DateFrom":"x"`: 20, `"x":1`: 20, `"DateFrom":"01.01.20","DateEnd":"01.01.26"`: 20} {
				if r := d.post("/api/"+method, d.with(body)); r.code() != code || r.text("Error") == "" {
					d.Errorf("%s %s: %v", method, body, r)
				}
			}
		}
		if got := string(d.raw(http.MethodPost, "/api/getmoneyreturnorder", d.with(`"IKN":"9990003041","DateFrom":"`+day+`","DateEnd":"`+day+`"`))); strings.TrimSpace(got) != "[]" {
			d.Error(got)
		}
		if kind, pdf := d.paper("getreestr", d.with(`"ReestrNumber":`+act)); kind != "application/pdf" || strings.Contains(pdf, "Error") {
			d.Errorf("%s %.80s", kind, pdf)
		}
		if _, err := d.handovers.Return(d.Context(), []string{late}, "operator"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("again: %v", err)
		}
		d.asAnother()
		if r := d.post("/api/getproductreturnorder", d.with(`"DocumentNumber":`+act)); r.code() != 21 || len(d.goods(`"DateFrom":"`+day+`"`)) != 0 {
			d.Errorf("another shop's: %v", r)
		}
		if _, text := d.paper("getreestr", d.with(`"ReestrNumber":`+act)); !strings.HasPrefix(text, "Error: Реестр не найден") {
			d.Errorf("%.80s", text)
		}
	})
}

// One command for all that a carrier has handed back makes an act for each shop.
func TestAnActForEachShop(t *testing.T) {
	each(t, func(d *desk) {
		_, first := d.one(invoice())
		d.asAnother()
		_, other := d.one(invoice(`"IKN":"9990003041",`, ``))
		for i, barcode := range []string{first, other} {
			d.guard.Deposit(uint16(3+i), barcode)
			d.guard.Write(journal.Record{Kind: journal.Overdue, Compartment: uint16(3 + i), Parcel: barcode})
			d.takenOut(uint16(3+i), barcode)
		}
		acts, err := d.handovers.Return(d.Context(), []string{other, first}, "operator olga")
		if err != nil || len(acts) != 2 || acts[0].Number == acts[1].Number || acts[0].Merchant == acts[1].Merchant || acts[0].Carrier != "house" || acts[0].Actor != "operator olga" {
			t.Fatalf("%+v, %v", acts, err)
		}
		for _, a := range acts {
			if shown, err := d.handovers.ReturnAct(d.Context(), "", a.Number); err != nil || fmt.Sprint(shown) != fmt.Sprint(a) || len(a.Barcodes) != 1 {
				t.Errorf("%+v, %v, want %+v", shown, err, a)
			}
		}
	})
}
