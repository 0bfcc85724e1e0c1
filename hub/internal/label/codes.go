package label

import (
	"fmt"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/qr"
)

// Modules of the codes that a label has.
const (
	quiet128   = 10  // blank on either side of Code 128 (ISO/IEC 15417 §4.2 e)
	quietQR    = 4   // blank around a QR code (ISO/IEC 18004 §6.3.8)
	barsOurs   = 101 // Code 128 of our twelve digits
	barsSSCC   = 156 // GS1-128 of an SSCC
	squareOurs = 21  // the QR code of our twelve digits
)

// symbol is what a bar code says: digits, and whether it is GS1-128, which begins with FNC1 (GS1 General Specifications §5.4.1).
type symbol struct {
	digits string
	gs1    bool
}

// rect is a dark rectangle, in millimetres.
type rect struct{ x, y, w, h float64 }

func (s symbol) code() (barcode.Barcode, error) {
	content := s.digits
	if s.gs1 {
		content = string(code128.FNC1) + content
	}
	code, err := code128.Encode(content)
	if err != nil {
		return nil, fmt.Errorf("label: barcode: %w", err)
	}
	return code, nil
}

// width is how wide the bars are, 0 where there are none for it.
func (s symbol) width(module float64) float64 {
	code, err := s.code()
	if err != nil {
		return 0
	}
	return float64(code.Bounds().Dx()) * module
}

// bars are the dark bars of Code 128, the first one's left upper corner at x, y.
func (s symbol) bars(x, y, module, h float64) ([]rect, error) {
	code, err := s.code()
	if err != nil {
		return nil, err
	}
	return dark(code, x, y, module, h), nil
}

// square are the dark parts of a QR code. Level M lets twelve digits stay in the smallest code, also with a printer that takes
// digits for bytes.
func square(digits string, x, y, module float64) ([]rect, error) {
	code, err := qr.Encode(digits, qr.M, qr.Numeric)
	if err != nil {
		return nil, fmt.Errorf("label: QR code: %w", err)
	}
	return dark(code, x, y, module, module), nil
}

// dark are a code's dark modules, each row's neighbours as one.
func dark(code barcode.Barcode, x, y, module, h float64) (list []rect) {
	size := code.Bounds().Max
	for row := range size.Y {
		for from, to := 0, 0; from < size.X; from = to {
			for to = from; to < size.X && isDark(code, to, row) == isDark(code, from, row); {
				to++
			}
			if isDark(code, from, row) {
				list = append(list, rect{x + float64(from)*module, y + float64(row)*h, float64(to-from) * module, h})
			}
		}
	}
	return list
}

func isDark(code barcode.Barcode, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}
