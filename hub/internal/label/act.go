package label

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Act is a paper with room for two signatures: what the merchant gives and the carrier takes, the other way round, or money.
type Act struct {
	Kind              ActKind
	Number            string // digits
	Merchant, Carrier string // of money there is no carrier
	Where             string // city and region, may be empty
	Order             string // of money: the number of the payment order
	Made              time.Time
	Rows              []ActRow
	Paid, Returned    string // of money: what all rows come to
}

// ActRow is one shipment of it.
type ActRow struct {
	Number, Reference string // ours and the merchant's
	Barcodes          []string
	Locker            string
	Paid, Returned    string // of money: what was paid for it, and what of that is for goods that came back; as people write it
}

// ActKind says what an act is about.
type ActKind uint8

const (
	Handed   ActKind = iota // the merchant gives, the carrier takes
	Returned                // the carrier gives, the merchant takes
	Money                   // what was paid on collection is the merchant's
)

// form is what papers of one kind have that others have not.
type form struct {
	title   string
	sides   func(Act) []string // who gives, then who takes; what is empty behind its colon is left out
	columns []column
	total   func(Act) string
}

var forms = map[ActKind]form{
	Handed: {"Акт приёма-передачи",
		func(a Act) []string {
			return []string{"Отправитель: " + a.Merchant, "Перевозчик: " + a.Carrier}
		}, goods, Act.places},
	Returned: {"Акт возврата товара",
		func(a Act) []string {
			return []string{"Перевозчик: " + a.Carrier, "Получатель: " + a.Merchant}
		}, goods, Act.places},
	Money: {"Акт о перечислении денег",
		func(a Act) []string {
			return []string{"Получатель: " + a.Merchant, "Платёжное поручение: " + a.Order}
		}, money, Act.sums},
}

// column of an act's table; the rows' numbers come before all.
type column struct {
	head  string
	width float64
	cell  func(ActRow) []string
}

var (
	ours   = column{"Отправление", 32, func(r ActRow) []string { return []string{r.Number} }}
	theirs = column{"Номер заказа", 50, func(r ActRow) []string { return []string{r.Reference} }}

	goods = []column{ours, theirs, {"Штрихкоды мест", 52, func(r ActRow) []string { return r.Barcodes }}, {"Постамат", 34, func(r ActRow) []string { return []string{r.Locker} }}}
	money = []column{ours, theirs, {"Оплачено", 43, func(r ActRow) []string { return []string{r.Paid} }}, {"Из них за возврат", 43, func(r ActRow) []string { return []string{r.Returned} }}}
)

func (a Act) places() string {
	n := 0
	for _, r := range a.Rows {
		n += len(r.Barcodes)
	}
	return fmt.Sprintf("Всего отправлений: %d, мест: %d", len(a.Rows), n)
}

func (a Act) sums() string {
	return fmt.Sprintf("Всего отправлений: %d, оплачено: %s, из них за возврат: %s", len(a.Rows), a.Paid, a.Returned)
}

// Measures of an act, in millimetres: A4 upright.
const (
	actMargin = 15.0
	actWidth  = 180.0
	actRow    = 5.0
	actBottom = 297 - 20.0
	actNumber = 12.0 // the column of the rows' numbers
)

// act is an act on its way to paper; y is where the page goes on.
type act struct {
	Act
	form
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
	a := &act{Act: paper, form: forms[paper.Kind], sheet: p}
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
	a.line(style{points: 15, bold: true}, 120, a.title+" № "+a.Number, 9)
	for _, line := range slices.Concat([]string{"Дата: " + a.Made.Format("02.01.2006 15:04")}, a.sides(a.Act), []string{"Место передачи: " + a.Where}) {
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
	a.heads()
	for i, r := range a.Rows {
		if a.need(actRow * float64(max(1, len(r.Barcodes)))) {
			a.heads()
		}
		cells := [][]string{{fmt.Sprint(i + 1)}}
		for _, c := range a.columns {
			cells = append(cells, c.cell(r))
		}
		a.row(style{points: 9}, cells)
	}
}

func (a *act) heads() {
	cells := [][]string{{"№"}}
	for _, c := range a.columns {
		cells = append(cells, []string{c.head})
	}
	a.row(style{points: 9, bold: true}, cells)
}

// row writes one row of the table, each cell of one or more lines.
func (a *act) row(s style, cells [][]string) {
	h := actRow
	for _, lines := range cells {
		h = max(h, actRow*float64(len(lines)))
	}
	x, width := actMargin, actNumber
	a.pdf.SetLineWidth(0.2)
	for i, lines := range cells {
		if i > 0 {
			width = a.columns[i-1].width
		}
		a.pdf.Rect(x, a.y, width, h, "D")
		for n, text := range lines {
			for _, line := range a.wrap(s, text, width-3, 1) {
				a.text(spot{x: x + 1.5, y: a.y + float64(n)*actRow + 3.6}, s, line)
			}
		}
		x += width
	}
	a.y += h
}

func (a *act) foot() {
	a.need(45)
	a.y += 4
	a.line(style{points: 10, bold: true}, actWidth, a.total(a.Act), actRow)
	for _, who := range []string{"Сдал", "Принял"} {
		a.y += 9
		a.line(style{points: 10}, actWidth, who+" ______________________ / ______________________ /   «____» ______________ 20___ г.", actRow)
	}
}
