package label_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/label"
	"lockstep/internal/scantest"
)

func act(rows int) label.Act {
	a := label.Act{Number: "10000017", Merchant: "Книжная лавка", Carrier: "house", Where: "Москва, Московская обл.", Made: made}
	for i := range rows {
		a.Rows = append(a.Rows, label.ActRow{Number: fmt.Sprintf("2000100%04d", i), Reference: fmt.Sprintf("Заказ-%d", i), Barcodes: []string{fmt.Sprintf("2000100%04d7", i), "200010000018"}[:1+i%2], Locker: "7701-015"})
	}
	return a
}

func TestAct(t *testing.T) {
	long := act(120)
	long.Rows[0].Reference = strings.Repeat("ЗАКАЗ", 20)
	pdf, err := label.ActPDF(long)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := label.ActPDF(long); err != nil || !bytes.Equal(pdf, again) {
		t.Errorf("the same act gives other bytes: %v", err)
	}
	pages := render(t, pdf)
	if len(pages) < 3 {
		t.Fatalf("%d pages", len(pages))
	}
	if got := scantest.All(t, pages[0]); len(got) != 1 || got[0] != (scantest.Code{Symbology: "CODE-128", Text: "10000017"}) {
		t.Errorf("read %v", got)
	}
	text := textOf(t, pdf)
	for _, want := range []string{"Акт приёма-передачи № 10000017", "Книжная лавка", "Москва, Московская обл.", "20001000119", "Заказ-119", "7701-015", "отправлений: 120, мест: 180", "Сдал", "Принял", "лист 3", "ЗАКАЗЗАК"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the act", want)
		}
	}
	if strings.Contains(text, long.Rows[0].Reference) {
		t.Error("a reference runs out of its cell")
	}
	if strings.Contains(string(pdf), "Error") {
		t.Error("clients would take it for a failure")
	}
}

// TestReturnAct: parcels of one shipment stand in one row, the sides are the other way round.
func TestReturnAct(t *testing.T) {
	two := custody.Shipment{ID: "a", Reference: "Заказ-1", Locker: "7701-015", Parcels: []custody.Parcel{{Barcode: "200010000018"}, {Barcode: "200010000025"}}}
	one := custody.Shipment{ID: "b", Reference: "Заказ-2", Locker: "7701-016", Parcels: []custody.Parcel{{Barcode: "200010000032"}}}
	a := label.ReturnAct(10000018, "Книжная лавка", "house", made, []string{"200010000018", "200010000032", "200010000025"},
		map[string]custody.Shipment{"200010000018": two, "200010000025": two, "200010000032": one})
	if got := fmt.Sprint(a.Rows); got != "[{20001000001 Заказ-1 [200010000018 200010000025] 7701-015  } {20001000003 Заказ-2 [200010000032] 7701-016  }]" {
		t.Error(got)
	}
	pdf, err := label.ActPDF(a)
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, pdf)
	for _, want := range []string{"Акт возврата товара № 10000018", "Получатель: Книжная лавка", "Перевозчик: house", "отправлений: 2, мест: 3"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the act", want)
		}
	}
}

// TestMoneyAct: no places and lockers, but sums.
func TestMoneyAct(t *testing.T) {
	pdf, err := label.ActPDF(label.Act{Kind: label.Money, Number: "10000019", Merchant: "Книжная лавка", Order: "4711", Made: made, Paid: "2790,50 RUB", Returned: "1500,00 RUB", Rows: []label.ActRow{
		{Number: "20001000001", Reference: "Заказ-1", Paid: "1290,50 RUB", Returned: "0,00 RUB"}, {Number: "20001000002", Reference: "Заказ-2", Paid: "1500,00 RUB", Returned: "1500,00 RUB"}}})
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, pdf)
	for _, want := range []string{"Акт о перечислении денег № 10000019", "Получатель: Книжная лавка", "Платёжное поручение: 4711", "20001000001", "Заказ-2", "1290,50 RUB", "Из них за возврат",
		"отправлений: 2, оплачено: 2790,50 RUB, из них за возврат: 1500,00 RUB", "Сдал", "Принял"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the act", want)
		}
	}
	for _, no := range []string{"Перевозчик", "Постамат", "мест:"} {
		if strings.Contains(text, no) {
			t.Errorf("%q is on the act", no)
		}
	}
	if got := scantest.All(t, render(t, pdf)[0]); len(got) != 1 || got[0].Text != "10000019" {
		t.Errorf("read %v", got)
	}
}

// TestActRefuses: a number that is none has no barcode, and no act.
func TestActRefuses(t *testing.T) {
	for _, number := range []string{"", "ж"} {
		a := act(1)
		a.Number = number
		if _, err := label.ActPDF(a); err == nil {
			t.Errorf("number %q: no error", number)
		}
	}
}
