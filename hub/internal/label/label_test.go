package label_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/label"
	"lockstep/internal/debian"
	"lockstep/internal/scantest"
	"lockstep/parcel"
)

var made = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// shop's prefix is of those that GS1 keeps for examples.
const prefix parcel.GS1Prefix = "9521234"

// sample is a label without an SSCC.
func sample(t *testing.T, serial int64) label.Label {
	t.Helper()
	barcode, err := parcel.MakeBarcode("20001", serial)
	if err != nil {
		t.Fatal(err)
	}
	return label.Label{Barcode: barcode, Size: parcel.Medium, Place: 1, Of: 2, LockerID: "msk-0042", LockerName: "Постамат у метро «Чистые пруды»",
		LockerAddress: "Москва, Мясницкая улица, дом 24/7, строение 1, вход со двора, за углом направо", Merchant: "Книжная лавка", Reference: "ORDER-2026-000117", WeightG: 850, Made: made}
}

// shipment are the labels of one of many parcels.
func shipment(t *testing.T, parcels int, prefix parcel.GS1Prefix) (list []label.Label) {
	t.Helper()
	for i := range parcels {
		l := sample(t, int64(i)*47_111)
		l.SSCC, l.Place, l.Of, l.Size = prefix.SSCC(l.Barcode), i+1, parcels, parcel.Sizes()[i%3]
		list = append(list, l)
	}
	return list
}

// render is a PDF as a printer with 203 dpi sees it, page by page, in PNG.
func render(t *testing.T, pdf []byte) (pages [][]byte) {
	t.Helper()
	program := debian.Program(t, "pdftoppm", "poppler-utils")
	dir := t.TempDir()
	file := filepath.Join(dir, "label.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-r", "203", "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
	for i, name := range names {
		png, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		keep(fmt.Sprintf("%s-%d.png", filepath.Base(t.Name()), i), png)
		pages = append(pages, png)
	}
	return pages
}

// keep leaves a picture to look at where one is wanted.
func keep(name string, png []byte) {
	if dir := os.Getenv("LOCKSTEP_SCREENSHOTS"); dir != "" {
		os.WriteFile(filepath.Join(dir, name), png, 0o644)
	}
}

// codesOf are the codes that labels must have, each once.
func codesOf(labels []label.Label) map[scantest.Code]int {
	want := map[scantest.Code]int{}
	for _, l := range labels {
		want[scantest.Code{Symbology: "CODE-128", Text: l.Barcode}]++
		want[scantest.Code{Symbology: "QR-Code", Text: l.Barcode}]++
		if l.SSCC != "" {
			want[scantest.Code{Symbology: "CODE-128", Modifiers: "GS1", Text: "00" + l.SSCC}]++
		}
	}
	return want
}

// TestScannerReadsTheLabel reads every code of every page back: no more, no fewer, and GS1-128 as what it is.
func TestScannerReadsTheLabel(t *testing.T) {
	for _, tt := range []struct {
		name           string
		paper          label.Paper
		prefix         parcel.GS1Prefix
		parcels, pages int
	}{{"a6", label.A6, "", 2, 2}, {"a6-sscc", label.A6, prefix, 2, 2}, {"a4", label.A4, "", 20, 5}, {"a4-sscc", label.A4, prefix, 20, 5}, {"a4-rest", label.A4, prefix, 5, 2}} {
		t.Run(tt.name, func(t *testing.T) {
			labels := shipment(t, tt.parcels, tt.prefix)
			pdf, err := label.PDF(tt.paper, labels)
			if err != nil {
				t.Fatal(err)
			}
			pages, read := render(t, pdf), map[scantest.Code]int{}
			for _, page := range pages {
				for _, code := range scantest.All(t, page) {
					read[code]++
				}
			}
			if want := codesOf(labels); len(pages) != tt.pages || !maps.Equal(read, want) {
				t.Errorf("%d pages, want %d; read\n%v, want\n%v", len(pages), tt.pages, read, want)
			}
		})
	}
}

func TestTextIsOnTheLabel(t *testing.T) {
	l := sample(t, 7)
	l.Low, l.SSCC = true, prefix.SSCC(l.Barcode)
	pdf, err := label.PDF(label.A6, []label.Label{l})
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, pdf)
	for _, want := range []string{"msk-0042", "M", "НИЗКО", "LOW", "Постамат у метро «Чистые пруды»", "Мясницкая", "Книжная лавка", "ORDER-2026-000117", "1/2", "0.85 kg",
		"2026-11-23", "20001 000 007", "(00) " + l.SSCC} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the label:\n%s", want, text)
		}
	}
}

func textOf(t *testing.T, pdf []byte) string {
	t.Helper()
	cmd := exec.Command(debian.Program(t, "pdftotext", "poppler-utils"), "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func TestOf(t *testing.T) {
	first, second := sample(t, 1), sample(t, 2)
	s := custody.Shipment{Reference: "ORDER", Parcels: []custody.Parcel{
		{Barcode: first.Barcode, Place: 1, Size: parcel.Small, WeightG: 100, Created: made.UnixMicro()},
		{Barcode: second.Barcode, Place: 2, Size: parcel.Large, Low: true, Reference: "BOX", Created: made.UnixMicro()}}}
	got := label.Of("Shop", prefix, fleet.Locker{ID: "l1", Name: "N", Address: "A"}, s)
	want := []label.Label{
		{Barcode: first.Barcode, SSCC: prefix.SSCC(first.Barcode), Size: parcel.Small, Place: 1, Of: 2, LockerID: "l1", LockerName: "N", LockerAddress: "A", Merchant: "Shop", Reference: "ORDER", WeightG: 100, Made: made},
		{Barcode: second.Barcode, SSCC: prefix.SSCC(second.Barcode), Size: parcel.Large, Place: 2, Of: 2, LockerID: "l1", LockerName: "N", LockerAddress: "A", Merchant: "Shop", Reference: "BOX", Low: true, Made: made}}
	if fmt.Sprint(got) != fmt.Sprint(want) || got[0].SSCC == "" {
		t.Errorf("%v, want %v", got, want)
	}
	if none := label.Of("Shop", "", fleet.Locker{}, s); none[0].SSCC != "" {
		t.Error("an SSCC without a prefix")
	}
}

func TestSameLabelSameBytes(t *testing.T) {
	for name, draw := range map[string]func(l label.Label) ([]byte, error){
		"pdf": func(l label.Label) ([]byte, error) { return label.PDF(label.A6, []label.Label{l}) },
		"zpl": func(l label.Label) ([]byte, error) { return label.ZPL([]label.Label{l}) },
		"svg": label.SVG,
	} {
		a, err := draw(sample(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		b, err := draw(sample(t, 1))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: two drawings of one label differ (%v)", name, err)
		}
		if c, err := draw(sample(t, 2)); err != nil || bytes.Equal(a, c) {
			t.Errorf("%s: two labels are drawn alike (%v)", name, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	wrongDigit, wrongSSCC := sample(t, 1), sample(t, 1)
	wrongDigit.Barcode, wrongSSCC.SSCC = "200010000010", "095212340010000420"
	for _, tt := range []struct {
		paper  label.Paper
		labels []label.Label
	}{{"a5", []label.Label{sample(t, 1)}}, {label.A6, nil}, {label.A6, []label.Label{{Barcode: "ж", Size: parcel.Small}}}, {label.A6, []label.Label{wrongDigit}}, {label.A6, []label.Label{wrongSSCC}}} {
		if _, err := label.PDF(tt.paper, tt.labels); err == nil {
			t.Errorf("paper %q, %d labels: no error", tt.paper, len(tt.labels))
		}
		if _, err := label.ZPL(tt.labels); err == nil && tt.paper == label.A6 {
			t.Errorf("ZPL, %d labels: no error", len(tt.labels))
		}
	}
}
