package label_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockstep/hub/internal/label"
	"lockstep/internal/debian"
	"lockstep/internal/scantest"
	"lockstep/parcel"
)

var made = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func sample(t *testing.T, serial int64) label.Label {
	t.Helper()
	barcode, err := parcel.MakeBarcode("20001", serial)
	if err != nil {
		t.Fatal(err)
	}
	return label.Label{Barcode: barcode, Size: parcel.Medium, Place: 1, Of: 2, LockerID: "msk-0042", LockerName: "Постамат у метро «Чистые пруды»",
		LockerAddress: "Москва, Мясницкая улица, дом 24/7, строение 1, вход со двора, за углом направо", Merchant: "Книжная лавка", Reference: "ORDER-2026-000117", Made: made}
}

func render(t *testing.T, pdf []byte) []string {
	t.Helper()
	program := debian.Program(t, "pdftoppm", "poppler-utils")
	dir := t.TempDir()
	file := filepath.Join(dir, "label.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-r", "150", "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	pages, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
	return pages
}

func TestScannerReadsTheLabel(t *testing.T) {
	for _, tt := range []struct {
		paper         label.Paper
		labels, pages int
	}{{label.A6, 2, 2}, {label.A4, 5, 2}} {
		t.Run(string(tt.paper), func(t *testing.T) {
			var labels []label.Label
			want := map[string]bool{}
			for i := range tt.labels {
				labels = append(labels, sample(t, int64(i)*111_111))
				want[labels[i].Barcode] = true
			}
			pdf, err := label.PDF(tt.paper, labels)
			if err != nil {
				t.Fatal(err)
			}
			pages := render(t, pdf)
			if len(pages) != tt.pages {
				t.Errorf("%d pages, want %d", len(pages), tt.pages)
			}
			for _, page := range pages {
				png, err := os.ReadFile(page)
				if err != nil {
					t.Fatal(err)
				}
				for _, read := range scantest.Codes(t, "code128", png) {
					if !want[read] {
						t.Errorf("read %q, which is on no label", read)
					}
					delete(want, read)
				}
			}
			if len(want) > 0 {
				t.Errorf("not read: %v", want)
			}
		})
	}
}

func TestTextIsOnTheLabel(t *testing.T) {
	program := debian.Program(t, "pdftotext", "poppler-utils")
	l := sample(t, 7)
	l.Low = true
	pdf, err := label.PDF(label.A6, []label.Label{l})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"msk-0042", "Чистые пруды", "Мясницкая", "Книжная лавка", "ORDER-2026-000117", "1 / 2", "low door", "20001 000 007"} {
		if !strings.Contains(strings.Join(strings.Fields(string(out)), " "), want) {
			t.Errorf("%q is not on the label:\n%s", want, out)
		}
	}
}

func TestSameLabelSameBytes(t *testing.T) {
	a, err := label.PDF(label.A6, []label.Label{sample(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := label.PDF(label.A6, []label.Label{sample(t, 1)})
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("two drawings of one label differ (%v)", err)
	}
}

func TestRefuses(t *testing.T) {
	for _, tt := range []struct {
		paper  label.Paper
		labels []label.Label
	}{{"a5", []label.Label{sample(t, 1)}}, {label.A6, nil}, {label.A6, []label.Label{{Barcode: "ж", Size: parcel.Small}}}} {
		if _, err := label.PDF(tt.paper, tt.labels); err == nil {
			t.Errorf("paper %q, %d labels: no error", tt.paper, len(tt.labels))
		}
	}
}
