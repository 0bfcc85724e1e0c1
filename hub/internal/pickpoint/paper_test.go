package pickpoint_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"lockstep/internal/debian"
	"lockstep/parcel"
)

// paper is what a method that gives a document answers, which is 200 also for failures.
func (d *desk) paper(method, body string) (kind, content string) {
	d.Helper()
	w := httptest.NewRecorder()
	d.door.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://hub.example/api/"+method, strings.NewReader(body)))
	if w.Code != http.StatusOK {
		d.Fatalf("%s: %d", method, w.Code)
	}
	return w.Header().Get("Content-Type"), w.Body.String()
}

func textOf(t testing.TB, pdf string) string {
	t.Helper()
	cmd := exec.Command(debian.Program(t, "pdftotext", "poppler-utils"), "-", "-")
	cmd.Stdin = strings.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestLabels(t *testing.T) {
	each(t, func(d *desk) {
		first, barcode := d.one(invoice())
		second, _ := d.one(invoice())
		for _, method := range []string{"makelabel", "makeZLabel", "makeZlabel"} {
			kind, pdf := d.paper(method, d.with(`"Invoices":["`+first+`",`+second+`]`))
			if kind != "application/pdf" || !strings.HasPrefix(pdf, "%PDF-") || strings.Contains(pdf, "Error") {
				d.Errorf("%s: %s %.60s", method, kind, pdf)
			}
		}
		if _, pdf := d.paper("makeZLabel", d.with(`"Invoices":["`+first+`"]`)); !strings.Contains(textOf(d.TB, pdf), "(00) "+parcel.GS1Prefix("9521234").SSCC(barcode)) {
			d.Errorf("no SSCC of %s is on its label", barcode)
		}
		d.told[barcode] = "Цеткина Клара/4567"
		if _, pdf := d.paper("makeZLabel", d.with(`"Invoices":["`+first+`"]`)); !strings.Contains(textOf(d.TB, pdf), "Цеткина Клара, *4567") {
			d.Error("the name that the notifier tells is not on the label")
		}
		d.guard.Deposit(3, barcode)
		d.up()
		for body, want := range map[string]string{d.with(`"Invoices":[]`): "Error: Не указаны", d.with(`"Invoices":["` + second + `","29999999999"]`): "Error: Отправление не найдено",
			d.with(`"Invoices":["` + first + `"]`): "Error: Этикетку", `{"SessionId":"x","Invoices":["` + first + `"]}`: "Error: Сессия", `[`: "Error: Запрос"} {
			if kind, text := d.paper("makelabel", body); !strings.HasPrefix(kind, "text/plain") || !strings.HasPrefix(text, want) {
				d.Errorf("%s: %s %s", body, kind, text)
			}
		}
	})
}
