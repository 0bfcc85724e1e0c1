package label

import (
	"fmt"
	"strings"
	"time"
)

// Act is the paper of a handover: what the merchant gives and the carrier takes, or the other way round, with room for both signatures.
type Act struct {
	Number            string // digits
	Merchant, Carrier string
	Where             string // city and region, may be empty
	Made              time.Time
	Return            bool // the carrier gives, the merchant takes
	Rows              []ActRow
}

// ActRow is one shipment of it.
type ActRow struct {
	Number, Reference string // ours and the merchant's
	Barcodes          []string
	Locker            string
}

// Measures of an act, in millimetres: A4 upright.
const (
	actMargin = 15.0
	actWidth  = 180.0
	actRow    = 5.0
	actBottom = 297 - 20.0
)

// columns of an act: head, width.
var columns = []struct {
	head  string
	width float64
}{{"№", 12}, {"Отправление", 32}, {"Номер заказа", 50}, {"Штрихкоды мест", 52}, {"Постамат", 34}}

// act is an act on its way to paper; y is where the page goes on.
type act struct {
	Act
	*sheet
	page int
	y    float64
}

// ActPDF draws an act, over as many pages as it takes. The same act gives the same bytes.
func ActPDF(paper Act) ([]byte, error) {
	p, err := newSheet(A4, "Act "+paper.Number, paper.Made)
	if err != nil {
		return nil, err
	}
	a := &act{Act: paper, sheet: p}
	a.begin()
	a.head()
	a.table()
	a.foot()
	return a.bytes()
}

// begin begins a page.
func (a *act) begin() {
	a.pdf.AddPage()
	a.page++
	line, small := fmt.Sprintf("Акт № %s · лист %d", a.Number, a.page), style{points: 8}
	a.text(spot{x: actMargin + actWidth - a.width(small, line), y: 290}, small, line)
	a.sheet.y, a.y = 0, actMargin
}

// need begins another page where this one has no room of some height; it says whether it did.
func (a *act) need(h float64) bool {
	if a.y+h <= actBottom {
		return false
	}
	a.begin()
	return true
}

// line writes one line and goes on below it.
func (a *act) line(s style, w float64, text string, leading float64) {
	for _, line := range a.wrap(s, text, w, 1) {
		a.text(spot{x: actMargin, y: a.y + s.size()}, s, line)
	}
	a.y += leading
}

func (a *act) head() {
	title, sides := "Акт приёма-передачи", []string{"Отправитель: " + a.Merchant, "Перевозчик: " + a.Carrier}
	if a.Return {
		title, sides = "Акт возврата товара", []string{"Перевозчик: " + a.Carrier, "Получатель: " + a.Merchant}
	}
	a.line(style{points: 15, bold: true}, 120, title+" № "+a.Number, 9)
	for _, line := range append([]string{"Дата: " + a.Made.Format("02.01.2006 15:04")}, append(sides, "Место передачи: "+a.Where)...) {
		if !strings.HasSuffix(line, ": ") {
			a.line(style{points: 10}, 120, line, actRow)
		}
	}
	a.y = max(a.y, actMargin+24) + 4
	a.number()
}

// number is the act's number as Code 128, in the upper corner.
func (a *act) number() {
	const right, module, h = actMargin + actWidth, 0.5, 14.0
	code := symbol{digits: a.Number}
	w := code.width(module)
	a.bars(rect{right - w - quiet128*module, actMargin, w, h}, module, code)
}

func (a *act) table() {
	a.columns()
	for i, r := range a.Rows {
		if a.need(actRow * float64(max(1, len(r.Barcodes)))) {
			a.columns()
		}
		a.row(style{points: 9}, []string{fmt.Sprint(i + 1)}, []string{r.Number}, []string{r.Reference}, r.Barcodes, []string{r.Locker})
	}
}

func (a *act) columns() {
	var heads [][]string
	for _, c := range columns {
		heads = append(heads, []string{c.head})
	}
	a.row(style{points: 9, bold: true}, heads...)
}

// row writes one row of the table, each cell of one or more lines.
func (a *act) row(s style, cells ...[]string) {
	h := actRow
	for _, lines := range cells {
		h = max(h, actRow*float64(len(lines)))
	}
	x := actMargin
	a.pdf.SetLineWidth(0.2)
	for i, c := range columns {
		a.pdf.Rect(x, a.y, c.width, h, "D")
		for n, text := range cells[i] {
			for _, line := range a.wrap(s, text, c.width-3, 1) {
				a.text(spot{x: x + 1.5, y: a.y + float64(n)*actRow + 3.6}, s, line)
			}
		}
		x += c.width
	}
	a.y += h
}

func (a *act) foot() {
	places := 0
	for _, r := range a.Rows {
		places += len(r.Barcodes)
	}
	a.need(45)
	a.y += 4
	a.line(style{points: 10, bold: true}, actWidth, fmt.Sprintf("Всего отправлений: %d, мест: %d", len(a.Rows), places), actRow)
	for _, who := range []string{"Сдал", "Принял"} {
		a.y += 9
		a.line(style{points: 10}, actWidth, who+" ______________________ / ______________________ /   «____» ______________ 20___ г.", actRow)
	}
}
