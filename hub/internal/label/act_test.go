package label_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"lockstep/hub/internal/label"
	"lockstep/internal/debian"
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
	pdf, err := label.ActPDF(act(120))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := label.ActPDF(act(120)); err != nil || !bytes.Equal(pdf, again) {
		t.Errorf("the same act gives other bytes: %v", err)
	}
	pages := render(t, pdf)
	if len(pages) < 3 {
		t.Errorf("%d pages", len(pages))
	}
	if dir := os.Getenv("LOCKSTEP_SCREENSHOTS"); dir != "" {
		for i, page := range pages {
			if png, err := os.ReadFile(page); err == nil {
				os.WriteFile(fmt.Sprintf("%s/act-%d.png", dir, i), png, 0o644)
			}
		}
	}
	first, err := os.ReadFile(pages[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := scantest.Codes(t, "code128", first); len(got) != 1 || got[0] != "10000017" {
		t.Errorf("read %q", got)
	}
	cmd := exec.Command(debian.Program(t, "pdftotext", "poppler-utils"), "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range []string{"Акт приёма-передачи № 10000017", "Книжная лавка", "Москва, Московская обл.", "20001000119", "Заказ-119", "7701-015", "отправлений: 120, мест: 180", "Сдал", "Принял", "лист 3"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the act", want)
		}
	}
	if strings.Contains(string(pdf), "Error") {
		t.Error("clients would take it for a failure")
	}
}
