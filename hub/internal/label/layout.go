package label

import (
	"fmt"
	"time"
)

// pen draws a label on one kind of paper. Lengths are millimetres from the label's left upper corner. What cannot be drawn a pen
// keeps as its error until the paper is asked for.
type pen interface {
	fill(r rect)                                // black
	text(at spot, s style, line string)         // one line
	bars(r rect, module float64, s symbol)      // Code 128, as high as r, its bars from r's left edge on
	square(x, y, module float64, digits string) // a QR code
}

// spot is where a line of text stands: its baseline at y, and from x on or in the middle of w.
type spot struct {
	x, y, w float64
	middle  bool
}

// Measures of a label.
const (
	margin = 5.0 // what office printers cannot print on
	padded = margin + 3
	inner  = width - 2*padded
	border = 0.5
	rule   = 0.375

	ssccModule = 0.5  // 0.495 to 0.94 mm (GS1 General Specifications, symbol specification table 5)
	ssccHeight = 32.0 // at least 31.75 mm (there)
)

// plan says how high the sections of a label are, from above, and how wide its codes' modules. Modules are whole dots of a printer
// with eight dots a millimetre.
type plan struct {
	head, to, code, details, sscc float64
	bar, dot                      float64 // modules of Code 128 and the QR code
}

// plan is made for what the label has to hold: all of it is used.
func (l Label) plan() plan {
	if l.SSCC == "" {
		return plan{head: 25, to: 31, code: 46, details: 36, bar: 0.75, dot: 1}
	}
	return plan{head: 20, to: 24, code: 26.5, details: 26, sscc: 41.5, bar: 0.625, dot: 0.75}
}

// drawing is a label on its way to paper.
type drawing struct {
	pen
	faces
	plan
	Label
}

// draw draws a label, section under section.
func draw(p pen, f faces, l Label) error {
	if err := l.check(); err != nil {
		return err
	}
	d := drawing{p, f, l.plan(), l}
	d.outline()
	y := margin
	for _, section := range []struct {
		height float64
		draw   func(y float64)
	}{{d.head, d.drawHead}, {d.to, d.drawTo}, {d.code, d.drawCode}, {d.details, d.drawDetails}, {d.sscc, d.drawSSCC}} {
		if section.height == 0 {
			continue
		}
		if y > margin {
			d.fill(rect{margin, y, width - 2*margin, rule})
		}
		section.draw(y)
		y += section.height
	}
	return nil
}

func (d drawing) outline() {
	w, h := width-2*margin, height-2*margin
	d.fill(rect{margin, margin, w, border})
	d.fill(rect{margin, margin + h - border, w, border})
	d.fill(rect{margin, margin, border, h})
	d.fill(rect{margin + w - border, margin, border, h})
}

// drawHead is what is read from an arm's length: which locker, which size, and whether it needs a low door.
func (d drawing) drawHead(y float64) {
	edge := width - margin - d.head
	d.fill(rect{edge, y, d.head, d.head})
	d.text(spot{edge, y + d.head*0.86, d.head, true}, style{d.head / point, true, true}, d.Size.String())
	if d.Low {
		edge = d.drawLow(edge, y)
	}
	d.caption(padded, y, "ПОСТАМАТ / LOCKER")
	w := edge - padded - 2
	s := d.fit(style{points: 34, bold: true}, d.LockerID, w, 13)
	lines := d.wrap(s, d.LockerID, w, 2)
	d.block(padded, y+4+(d.head-4-leading(s)*float64(len(lines)))/2, w, s, lines)
}

// drawLow says it beside the size, and where that begins.
func (d drawing) drawLow(edge, y float64) float64 {
	const w = 17
	edge -= w
	d.fill(rect{edge, y, w - rule, d.head})
	for i, word := range []string{"НИЗКО", "LOW"} {
		d.text(spot{edge, y + d.head/2 - 0.5 + 5*float64(i), w - rule, true}, style{11, true, true}, word)
	}
	return edge
}

func (d drawing) drawTo(y float64) {
	d.caption(padded, y, "КУДА / TO")
	name, address := style{points: 12.5, bold: true}, style{points: 10.5}
	foot := y + d.to
	if d.Recipient != "" {
		foot = d.drawRecipient(foot)
	}
	below := d.block(padded, y+4.5, inner, name, d.wrap(name, d.LockerName, inner, 2)) + 0.5
	d.block(padded, below, inner, address, d.wrap(address, d.LockerAddress, inner, max(1, int((foot-below)/leading(address)))))
}

// drawRecipient is one line above foot, and says where it begins. There is room for the locker's name and one line of its address above it.
func (d drawing) drawRecipient(foot float64) float64 {
	s := style{points: 9.5, bold: true}
	foot -= leading(s) + 0.4
	d.block(padded, foot, inner, s, d.wrap(s, d.Recipient, inner, 1))
	return foot
}

// drawCode is the barcode that lockers and couriers read, once in bars and once in figures.
func (d drawing) drawCode(y float64) {
	w := barsOurs * d.bar
	d.bars(rect{(width - w) / 2, y + 3, w, d.code - 11}, d.bar, symbol{digits: d.Barcode})
	d.text(spot{padded, y + d.code - 2.2, inner, true}, style{points: 17, bold: true}, spaced(d.Barcode))
}

// drawDetails is the same barcode as a QR code, and who sends what.
func (d drawing) drawDetails(y float64) {
	side, quiet := (squareOurs+2*quietQR)*d.dot, quietQR*d.dot
	d.square(margin+1+quiet, y+(d.details-side)/2+quiet, d.dot, d.Barcode)
	left := margin + side + 2
	d.fill(rect{left, y, rule, d.details})
	x, w := left+3, width-padded-left-3
	d.caption(x, y, "ОТ / FROM")
	merchant, reference := style{points: 11, bold: true}, style{points: 10}
	foot := y + d.details - 10
	below := d.block(x, y+4.5, w, merchant, d.wrap(merchant, d.Merchant, w, int((foot-y-4.5)/2/leading(merchant)))) + 0.5
	d.block(x, below, w, reference, d.wrap(reference, d.Reference, w, int((foot-below)/leading(reference))))
	d.drawCells(left, foot)
}

// drawCells are the small facts at the foot of the details.
func (d drawing) drawCells(left, y float64) {
	d.fill(rect{left, y, width - margin - left, rule})
	x, w := left+3, width-padded-left-3
	value := style{points: 10, bold: true}
	for _, cell := range []struct {
		caption, value string
		share          float64 // of the width
	}{{"МЕСТО / PIECE", fmt.Sprintf("%d / %d", d.Place, d.Of), 0.3}, {"ДАТА / DATE", d.Made.UTC().Format(time.DateOnly), 0.4}, {"ВЕС / WEIGHT", d.weight(), 0.3}} {
		if cell.value != "" {
			d.caption(x, y, cell.caption)
			d.text(spot{x: x, y: y + 8, w: cell.share * w}, value, cell.value)
		}
		x += cell.share * w
	}
}

func (l Label) weight() string {
	if l.WeightG == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f kg", float64(l.WeightG)/1000)
}

// drawSSCC is the parcel's number for everybody else's scanners, with its application identifier 00 (GS1 General Specifications §3.3.1).
func (d drawing) drawSSCC(y float64) {
	const w = barsSSCC * ssccModule
	d.bars(rect{(width - w) / 2, y + 2.5, w, ssccHeight}, ssccModule, symbol{"00" + d.SSCC, true})
	d.text(spot{padded, y + ssccHeight + 7, inner, true}, style{points: 12}, "(00) "+d.SSCC)
}

// caption says in small letters what stands below it; y is the upper edge of both.
func (d drawing) caption(x, y float64, line string) {
	small := style{points: 5.8}
	d.text(spot{x: x, y: y + 3.2, w: d.width(small, line)}, small, line)
}

// block writes lines below y, and says where they end.
func (d drawing) block(x, y, w float64, s style, lines []string) float64 {
	for _, line := range lines {
		d.text(spot{x: x, y: y + s.size()*0.8, w: w}, s, line)
		y += leading(s)
	}
	return y
}

// leading is from one line to the next, in millimetres.
func leading(s style) float64 { return s.size() * 1.15 }

// spaced writes a barcode's digits as people read them: range, serial in two parts, check digit.
func spaced(digits string) string {
	return digits[:5] + " " + digits[5:8] + " " + digits[8:11] + " " + digits[11:]
}
