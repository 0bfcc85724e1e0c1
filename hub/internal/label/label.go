// Package label draws the label that a merchant sticks on a parcel: the barcode that lockers read, the size, where it goes, the
// merchant's reference. A label says nothing about the recipient.
package label

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/parcel"
)

// Paper is what the label is printed on.
type Paper string

const (
	A6 Paper = "a6" // one label a page, for label printers
	A4 Paper = "a4" // four labels a page, to cut
)

// A6 in millimetres; A4 is two by two of it.
const width, height = 105.0, 148.0

// Label is what one parcel's label says.
type Label struct {
	Barcode       string // 12 digits
	Size          parcel.Size
	Place, Of     int    // "1 / 3" within its shipment
	LockerID      string // as couriers know it
	LockerName    string
	LockerAddress string
	Merchant      string // the merchant's name
	Reference     string // the merchant's own, may be empty
	Low           bool   // its recipient needs a low door
	Made          time.Time
}

// Of are the labels of a shipment's parcels. A parcel's own reference goes before the shipment's.
func Of(merchant string, locker fleet.Locker, s custody.Shipment) (list []Label) {
	for _, p := range s.Parcels {
		reference := s.Reference
		if p.Reference != "" {
			reference = p.Reference
		}
		list = append(list, Label{Barcode: p.Barcode, Size: p.Size, Place: p.Place, Of: len(s.Parcels), LockerID: locker.ID, LockerName: locker.Name,
			LockerAddress: locker.Address, Merchant: merchant, Reference: reference, Low: p.Low, Made: time.UnixMicro(p.Created).UTC()})
	}
	return list
}

// PDF draws labels on paper. The same labels give the same bytes.
func PDF(paper Paper, labels []Label) ([]byte, error) {
	if paper != A6 && paper != A4 {
		return nil, fmt.Errorf("label: no paper %q", paper)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("label: nothing to print")
	}
	pdf := sheet(paper, labels[0].Made)
	for i, l := range labels {
		x, y := 0.0, 0.0
		if paper == A4 {
			x, y = float64(i%2)*width, float64(i/2%2)*height
		}
		if x == 0 && y == 0 {
			pdf.AddPage()
		}
		if err := draw(pdf, l, x, y); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	return out.Bytes(), nil
}

func sheet(paper Paper, made time.Time) *fpdf.Fpdf {
	size := fpdf.SizeType{Wd: width, Ht: height}
	if paper == A4 {
		size = fpdf.SizeType{Wd: 2 * width, Ht: 2 * height}
	}
	pdf := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: size})
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(made.UTC())
	pdf.SetModificationDate(made.UTC())
	pdf.SetTitle("Parcel labels", false)
	pdf.AddUTF8FontFromBytes("go", "", goregular.TTF)
	pdf.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	return pdf
}

// draw puts one label with its left upper corner at x, y.
func draw(pdf *fpdf.Fpdf, l Label, x, y float64) error {
	inner := width - 16
	pdf.SetXY(x+8, y+8)
	block(pdf, x+8, inner-28, "B", 20, l.LockerID, 1)
	pdf.SetXY(x+8, pdf.GetY()+1)
	block(pdf, x+8, inner-28, "B", 12, l.LockerName, 2)
	block(pdf, x+8, inner-28, "", 11, l.LockerAddress, 4)
	emblem(pdf, l.Size, x+width-32, y+8)
	if err := bars(pdf, l.Barcode, x+8, y+62, inner, 40); err != nil {
		return err
	}
	pdf.SetXY(x+8, y+104)
	pdf.SetFont("go", "B", 20)
	pdf.CellFormat(inner, 9, spaced(l.Barcode), "", 1, "C", false, 0, "")
	pdf.SetXY(x+8, y+119)
	block(pdf, x+8, inner, "B", 11, l.Merchant, 1)
	block(pdf, x+8, inner, "", 10, l.Reference, 2)
	pdf.SetXY(x+8, y+137)
	block(pdf, x+8, inner, "", 9, l.footer(), 1)
	return nil
}

func (l Label) footer() string {
	text := fmt.Sprintf("%d / %d  ·  %s", l.Place, l.Of, l.Made.UTC().Format(time.DateOnly))
	if l.Low {
		text += "  ·  low door"
	}
	return text
}

// emblem is the size's letter, white on black, to be seen from an arm's length.
func emblem(pdf *fpdf.Fpdf, size parcel.Size, x, y float64) {
	pdf.SetFillColor(0, 0, 0)
	pdf.Rect(x, y, 24, 24, "F")
	pdf.SetTextColor(255, 255, 255)
	pdf.SetFont("go", "B", 44)
	pdf.SetXY(x, y)
	pdf.CellFormat(24, 24, size.String(), "", 0, "CM", false, 0, "")
	pdf.SetTextColor(0, 0, 0)
}

// block writes at most lines lines of text in a column that begins at x, and shortens what does not fit.
func block(pdf *fpdf.Fpdf, x, w float64, style string, points float64, text string, lines int) {
	if text == "" {
		return
	}
	pdf.SetFont("go", style, points)
	leading := points * 0.44 // mm: a point is 0.353 mm
	split := pdf.SplitText(text, w)
	for i, line := range split {
		if i == lines {
			return
		}
		if i == lines-1 && len(split) > lines {
			line += "…"
		}
		pdf.SetX(x)
		pdf.CellFormat(w, leading, line, "", 1, "L", false, 0, "")
	}
}

// quiet is the blank space a scanner wants on either side, in modules (ISO/IEC 15417 §4.2 e).
const quiet = 10

// bars draws Code 128 as rectangles, not as a picture: sharp on every printer.
func bars(pdf *fpdf.Fpdf, digits string, x, y, w, h float64) error {
	code, err := code128.Encode(digits)
	if err != nil {
		return fmt.Errorf("label: barcode: %w", err)
	}
	modules := code.Bounds().Dx()
	module := w / float64(modules+2*quiet)
	x += quiet * module
	pdf.SetFillColor(0, 0, 0)
	for from := 0; from < modules; {
		to := from
		for to < modules && dark(code, to) == dark(code, from) {
			to++
		}
		if dark(code, from) {
			pdf.Rect(x+float64(from)*module, y, float64(to-from)*module, h, "F")
		}
		from = to
	}
	return nil
}

func dark(code barcode.Barcode, module int) bool {
	r, _, _, _ := code.At(module, 0).RGBA()
	return r == 0
}

// spaced writes a barcode's digits as people read them: range, serial in two parts, check digit.
func spaced(digits string) string {
	if len(digits) != 12 {
		return digits
	}
	return digits[:5] + " " + digits[5:8] + " " + digits[8:11] + " " + digits[11:]
}
