package desk

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// quiet is the white border that a scanner needs, in modules (ISO/IEC 18004 §6.3.8).
const quiet = 4

// paper is black on white, whatever the terminal's own colours are (ECMA-48 §8.3.117); plain takes it back.
const (
	paper = "\x1b[30;107m"
	plain = "\x1b[0m"
)

// halves are two modules, one above the other: nothing, upper, lower, both.
var halves = []rune{' ', '▀', '▄', '█'}

// QR draws a text on the terminal, two modules a character. What does not fit a QR code is said, and is no error: the text and the
// file are still there.
func (d *Desk) QR(text string) {
	code, err := qr.Encode(text, qr.L, qr.AlphaNumeric)
	if err != nil {
		d.Say("(too long for a QR code: carry the file)")
		return
	}
	n := code.Bounds().Dx()
	d.Say("(%d columns and %d lines: make the letters smaller where it breaks)", n+2*quiet, (n+2*quiet+1)/2)
	for y := -quiet; y < n+quiet; y += 2 {
		fmt.Fprintln(d.Out, paper+row(code, y)+plain)
	}
}

func row(code barcode.Barcode, y int) string {
	var out strings.Builder
	for x := -quiet; x < code.Bounds().Dx()+quiet; x++ {
		out.WriteRune(halves[dark(code, x, y)+2*dark(code, x, y+1)])
	}
	return out.String()
}

func dark(code barcode.Barcode, x, y int) int {
	n := code.Bounds().Dx()
	if x >= 0 && y >= 0 && x < n && y < n && code.At(x, y) == color.Black {
		return 1
	}
	return 0
}
