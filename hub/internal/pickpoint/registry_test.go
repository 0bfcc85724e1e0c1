package pickpoint_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestRegistries(t *testing.T) {
	each(t, func(d *desk) {
		first, _ := d.one(invoice())
		second, _ := d.one(invoice(`102`, `"103"`))
		third, barcode := d.one(invoice(`"PayType":1`, `"PayType":1,"SenderCity":{"CityName":"Казань","RegionName":"Татарстан респ."}`))
		raw := string(d.raw(http.MethodPost, "/api/makereestrnumber", d.with(`"Invoices":["`+first+`","`+second+`",`+third+`],"ReestrNumber":"17"`)))
		if strings.Count(raw, "Error") != strings.Count(raw, `"ErrorCode":0`)+strings.Count(raw, `"ErrorMessage":null`) {
			d.Errorf("%s", raw)
		}
		var made struct {
			Numbers   []string
			ErrorCode *int
		}
		d.into([]byte(raw), &made)
		if len(made.Numbers) != 3 || made.ErrorCode == nil || *made.ErrorCode != 0 {
			d.Fatalf("ways and cities apart: %s", raw)
		}
		if a, b, c := d.states(first), d.states(second), d.states(third); !slices.Equal(a, []int{101, 102}) || !slices.Equal(b, []int{101, 103}) || !slices.Equal(c, []int{101, 102}) {
			d.Errorf("%v %v %v", a, b, c)
		}
		if r := d.post("/api/getreestrnumber", d.with(`"InvoiceNumber":"`+second+`"`)); r.text("Number") != made.Numbers[1] || r["ErrorMessage"] != nil {
			d.Errorf("%v, want %s", r, made.Numbers[1])
		}
		for _, body := range []string{`"ReestrNumber":"` + made.Numbers[0] + `"`, `"reestrNumber":` + made.Numbers[0], `"InvoiceNumber":` + first} {
			if kind, pdf := d.paper("getreestr", d.with(body)); kind != "application/pdf" || strings.Contains(pdf, "Error") {
				d.Errorf("%s: %s %.80s", body, kind, pdf)
			}
		}
		again := d.post("/api/makereestrnumber", d.with(`"Invoices":["`+second+`"]`))
		if again.code() != -1 || again.text("ErrorMessage") != "Не все отправления находятся в статусе «Зарегистрирован» № отправления: "+second {
			d.Errorf("%v", again)
		}

		if r := d.post("/api/cancelInvoice", d.with(`"InvoiceNumber":`+first)); r.code() != -1 {
			d.Errorf("cancelled what is in a registry: %v", r)
		}
		if r := d.post("/api/removeinvoicefromreestr", d.with(`"IKN":9990003041,"InvoiceNumber":`+first)); r.code() != 0 {
			d.Errorf("%v", r)
		}
		if got := d.states(first); !slices.Equal(got, []int{101}) {
			d.Errorf("%v", got)
		}
		if kind, text := d.paper("getreestr", d.with(`"ReestrNumber":`+made.Numbers[0])); !strings.HasPrefix(text, "Error: Реестр не найден") {
			d.Errorf("an empty registry is still there: %s %.60s", kind, text)
		}

		number, err := strconv.ParseInt(made.Numbers[2], 10, 64)
		if err != nil {
			d.Fatal(err)
		}
		if _, err := d.handovers.Accept(d.Context(), number, "operator"); err != nil {
			d.Fatal(err)
		}
		if r := d.post("/api/removeinvoicefromreestr", d.with(`"InvoiceNumber":`+third)); r.code() != -1 || !strings.Contains(r.text("Error"), "принят") {
			d.Errorf("%v", r)
		}
		d.guard.Deposit(3, barcode)
		d.guard.Collect(3, barcode)
		d.up()
		if got := d.states(third); !slices.Equal(got, []int{101, 102, 105, 109, 111}) {
			d.Errorf("%v", got)
		}
		d.asAnother()
		for _, body := range []string{`"ReestrNumber":` + made.Numbers[1], `"InvoiceNumber":` + second} {
			if _, text := d.paper("getreestr", d.with(body)); !strings.HasPrefix(text, "Error: ") {
				d.Errorf("another shop reads %.60s", text)
			}
		}
	})
}

func TestRegistryOnPaper(t *testing.T) {
	each(t, func(d *desk) {
		number, _ := d.one(invoice())
		if kind, pdf := d.paper("makereestr", d.with(`"CityName":"Москва","RegionName":"Московская обл.","Invoices":["`+number+`"]`)); kind != "application/pdf" || !strings.HasPrefix(pdf, "%PDF-") {
			d.Fatalf("%s %.80s", kind, pdf)
		}
		if got := d.states(number); !slices.Equal(got, []int{101, 102}) {
			d.Errorf("%v", got)
		}
		for body, want := range map[string]string{`"Invoices":["` + number + `"]`: "Error: Не все отправления", `"Invoices":[]`: "Error: Не указаны", `"Invoices":["29999999999"]`: "Error: Отправление не найдено"} {
			if _, text := d.paper("makereestr", d.with(body)); !strings.HasPrefix(text, want) {
				d.Errorf("%s: %.80s", body, text)
			}
		}
	})
}
