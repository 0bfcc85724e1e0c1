package pickpoint_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"lockstep/hub/internal/pickpoint"
)

// open are the methods that need no session.
var open = []string{"login", "logout", "authentication", "getstates", "postamatlist", "citylist", "postindexpostamatlist"}

// papers are those that answer with a document, or with a text.
var papers = []string{"makelabel", "makezlabel", "makereestr", "getreestr"}

// failed is how a request failed: the code of JSON, or 20 and the text of a document's method.
func (d *desk) failed(method, body string) (code int, text string) {
	d.Helper()
	if slices.Contains(papers, strings.ToLower(method)) {
		_, text := d.paper(method, body)
		said, is := strings.CutPrefix(text, "Error: ")
		if !is {
			return 0, ""
		}
		return 20, said
	}
	r := d.post("/api/"+method, body)
	return r.code(), r.text("ErrorMessage")
}

func TestTenMegabytes(t *testing.T) {
	each(t, func(d *desk) {
		body := d.with(`"x":"` + strings.Repeat("x", 10<<20) + `"`)
		for _, method := range pickpoint.Methods() {
			if code, text := d.failed(method, body); code != 20 || !strings.Contains(text, "велик") {
				d.Errorf("%s: %d %s", method, code, text)
			}
		}
	})
}

func TestTenThousand(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.one(invoice())
		numbers := `"Invoices":[` + strings.Repeat(number+",", 9_999) + number + `]`
		sendings := `"Sendings":[` + strings.Repeat(`{"InvoiceNumber":`+number+`},`, 9_999) + `{}]`
		for method, body := range map[string]string{"makelabel": numbers, "makeZLabel": numbers, "makereestr": numbers, "makereestrnumber": numbers, "tracksendings": numbers, "getreturn": numbers,
			"createsending": sendings, "CreateShipment": sendings, "createreturn": sendings, "getdeliverycost": sendings} {
			if code, text := d.failed(method, d.with(body)); code != 20 || !strings.Contains(text, "Слишком много отправлений") {
				d.Errorf("%s: %d %s", method, code, text)
			}
		}
		if got := d.states(number); !slices.Equal(got, []int{101}) {
			d.Errorf("%v", got)
		}
	})
}

func TestOneCodeForAll(t *testing.T) {
	each(t, func(d *desk) {
		small := invoice(`"Width":20,"Height":30,"Depth":15.5`, `"Width":5,"Height":5,"Depth":5`)
		if answer := d.create(small, small, small, small, small); len(answer.CreatedSendings) != 5 || len(d.information(`"SenderInvoiceNumber":"order-1"`)) != 5 {
			d.Errorf("%+v", answer)
		}
		if r := d.post("/api/cancelInvoice", d.with(`"SenderInvoiceNumber":"order-1"`)); r["Result"] != true {
			d.Errorf("%v", r)
		}
		for _, is := range d.information(`"SenderInvoiceNumber":"order-1"`) {
			if got := d.states(is.InvoiceNumber); !slices.Equal(got, []int{101, 128}) {
				d.Errorf("%s: %v", is.InvoiceNumber, got)
			}
		}
	})
}

func TestAnotherContract(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.one(invoice())
		for _, ikn := range []string{`"9990003042"`, `9990003042`, `"999000304"`, `"x"`, `-1`, `1e9`} {
			for _, method := range []string{"clientpostamatlist", "getzone", "calctariff", "calctariffcms", "cancelInvoice", "rejectInvoice", "removeinvoicefromreestr", "courier",
				"getproductreturnorder", "getmoneyreturnorder"} {
				if code, text := d.failed(method, d.with(`"IKN":`+ikn+`,"InvoiceNumber":`+number+`,"DateFrom":"23.11.2026"`)); code != 30 || !strings.Contains(text, "ИКН") {
					d.Errorf("%s of %s: %d %s", method, ikn, code, text)
				}
			}
		}
		if got := d.states(number); !slices.Equal(got, []int{101}) {
			d.Errorf("%v", got)
		}
	})
}

func TestSessionsThatAreOver(t *testing.T) {
	each(t, func(d *desk) {
		out := d.post("/api/login", `{"Login":"apitest","Password":"apitest"}`).text("SessionId")
		d.post("/api/logout", `{"SessionId":"`+out+`"}`)
		d.now = d.now.Add(26 * time.Hour)
		for _, session := range []string{`"` + d.session + `"`, `"` + out + `"`, `""`, `null`, `7`, `{}`, `["` + d.session + `"]`, `"` + strings.Repeat("x", 100_000) + `"`, `"\u0000"`} {
			for _, method := range pickpoint.Methods() {
				if slices.Contains(open, method) {
					continue
				}
				if code, text := d.failed(method, `{"SessionId":`+session+`}`); code != -2014 && code != 20 || !strings.Contains(text, "Сессия") {
					d.Errorf("%s with %.40s: %d %s", method, session, code, text)
				}
			}
		}
	})
}

// What another shop has is nobody's, to the letter, whichever method asks.
func TestWhatAnotherShopHas(t *testing.T) {
	each(t, func(d *desk) {
		number, barcode := d.one(invoice())
		made := d.post("/api/makereestrnumber", d.with(`"Invoices":[`+number+`]`))
		act, order := made["Numbers"].([]any)[0].(string), d.call(courierCall())
		d.asAnother()
		nobodys := strings.NewReplacer(number, "29999999999", barcode, "299999999992", act, "99999999", order, "99999998", "order-1", "order-x", "box-1", "box-x")
		for _, row := range []struct{ methods, body string }{
			{"calctariff calctariffcms cancelinvoice rejectinvoice updateinvoice tracksending sendinginfo makereturn getreestrnumber getreestr removeinvoicefromreestr", `"InvoiceNumber":"` + number + `","PostamatNumber":"7701-015"`},
			{"cancelinvoice rejectinvoice updateinvoice tracksending sendinginfo makereturn getreestrnumber removeinvoicefromreestr", `"GCInvoiceNumber":"order-1","SenderCode":"order-1"`},
			{"cancelinvoice rejectinvoice tracksending sendinginfo removeinvoicefromreestr", `"SenderInvoiceNumber":"order-1"`},
			{"makelabel makezlabel makereestr makereestrnumber tracksendings getreturn", `"Invoices":["` + number + `"]`},
			{"makelabel tracksendings getreturn", `"Invoices":["order-1"]`},
			{"encloseinfo", `"BarCode":"` + barcode + `"`},
			{"encloseinfo", `"BarCode":"box-1"`},
			{"getdeliverycost createreturn", `"Sendings":[{"InvoiceNumber":"` + number + `"}]`},
			{"getreestr getreestrnumber", `"ReestrNumber":"` + act + `"`},
			{"getmoneyreturnorder getproductreturnorder", `"DocumentNumber":"` + act + `"`},
			{"couriercancel", `"OrderNumber":"` + order + `"`},
		} {
			for method := range strings.FieldsSeq(row.methods) {
				_, theirs := d.paper(method, d.with(row.body))
				_, none := d.paper(method, d.with(nobodys.Replace(row.body)))
				if nobodys.Replace(theirs) != none {
					d.Errorf("%s %s: %s, nobody's: %s", method, row.body, theirs, none)
				}
			}
		}
	})
}

func TestLabelsOfWhatIsCancelled(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.one(invoice())
		other, _ := d.one(invoice())
		d.post("/api/cancelInvoice", d.with(`"InvoiceNumber":`+number))
		for _, method := range []string{"makelabel", "makeZLabel"} {
			for _, numbers := range []string{number, other + "," + number} {
				if code, text := d.failed(method, d.with(`"Invoices":[`+numbers+`]`)); code != 20 || !strings.Contains(text, "Этикетку") {
					d.Errorf("%s: %d %s", method, code, text)
				}
			}
		}
		for _, method := range []string{"makereestr", "makereestrnumber"} {
			if code, text := d.failed(method, d.with(`"Invoices":[`+other+`,`+number+`]`)); code == 0 || !strings.Contains(text, number) {
				d.Errorf("%s: %d %s", method, code, text)
			}
		}
		if got := d.states(other); !slices.Equal(got, []int{101}) {
			d.Errorf("half of it was done: %v", got)
		}
	})
}

func TestDates(t *testing.T) {
	each(t, func(d *desk) {
		for date, right := range map[string]bool{
			`"23.11.26"`: true, `"23.11.2026"`: true, `"23.11.26 11:05"`: true, `"23.11.2026 11:05:30"`: true, `"2026-11-23"`: true, `"2026-11-23T09:00:00"`: true, `" 23.11.2026  09:00 "`: true, `"2026.11.23"`: true,
			`"31.02.2026"`: false, `"29.02.2027"`: false, `"00.11.2026"`: false, `"0000-00-00"`: false, `"01.01.0001"`: false, `"9999-12-31"`: false, `"23.11.2026 24:00"`: false, `"23/11/2026"`: false, `"11/23/2026"`: false,
			`"2026-11-23T09:00:00+03:00"`: false, `"/Date(1795424400000+0300)/"`: false, `1795424400`: false, `1795424400000`: false, `20261123`: false, `"today"`: false, `"23.11.2026\u000009:00"`: false, `["23.11.2026"]`: false, `{"a":1}`: false, `true`: false, `null`: false,
		} {
			for _, method := range []string{"getInvoicesChangeState", "InvoicesChanging", "getreturninvoiceslist", "getproductreturnorder", "getmoneyreturnorder"} {
				var code int
				if answer := d.raw(http.MethodPost, "/api/"+method, d.with(`"DateFrom":`+date)); !bytes.HasPrefix(answer, []byte("[")) {
					var r reply
					d.into(answer, &r)
					code = r.code()
				}
				if want := map[bool]int{true: 0, false: 20}[right]; code != want {
					d.Errorf("%s from %s: %d", method, date, code)
				}
			}
		}
	})
}

// What would be a formula in a spreadsheet is a text like any other here, and comes back as it was.
func TestFormulas(t *testing.T) {
	each(t, func(d *desk) {
		for _, text := range []string{`=HYPERLINK(\"http://x\")`, `@SUM(1+1)*cmd|' /C calc'!A0`, `+7`, `-1+1`} {
			answer := d.create(invoice(`"order-1"`, `"`+text+`"`, `box-1`, text))
			if want := strings.ReplaceAll(text, `\`, ``); len(answer.CreatedSendings) != 1 || answer.CreatedSendings[0].SenderCode != want || answer.CreatedSendings[0].Places[0].GCBarCode != want {
				d.Errorf("%s: %+v", text, answer)
			}
			d.post("/api/cancelInvoice", d.with(`"SenderInvoiceNumber":"`+text+`"`))
		}
	})
}

func TestCodePages(t *testing.T) {
	each(t, func(d *desk) {
		body := d.with(`"Sendings":[` + invoice() + `]`)
		var wide, narrow []byte
		for _, unit := range utf16.Encode([]rune("\uFEFF" + body)) {
			wide, narrow = append(wide, byte(unit), byte(unit>>8)), append(narrow, byte(unit>>8), byte(unit))
		}
		for name, text := range map[string]string{"UTF-16, as Windows writes it": string(wide), "UTF-16": string(narrow), "a zero between": strings.Replace(body, `,`, "\x00,", 1), "compressed": "\x1f\x8b\x08\x00"} {
			if code, said := d.failed("CreateShipment", text); code != 20 || !strings.Contains(said, "JSON") {
				d.Errorf("%s: %d %s", name, code, said)
			}
		}
		half := strings.Replace(body, "order-1", "\xd0", 1) // half a letter makes it no UTF-8: it is taken for Windows-1251
		if answer := d.post("/api/CreateShipment", half); len(answer["CreatedSendings"].([]any)) != 1 {
			d.Errorf("%v", answer)
		}
	})
}
