package label

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// Act is the paper of a handover: what the merchant gives and the carrier takes, with room for both signatures.
type Act struct {
	Number            string // digits
	Merchant, Carrier string
	Where             string // city and region, may be empty
	Made              time.Time
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
	actRow    = 5.0
	actBottom = 297 - 20.0
)

// columns of an act: head, width.
var columns = []struct {
	head  string
	width float64
}{{"№", 12}, {"Отправление", 32}, {"Номер заказа", 50}, {"Штрихкоды мест", 52}, {"Постамат", 34}}

// ActPDF draws an act, over as many pages as it takes. The same act gives the same bytes.
func ActPDF(a Act) ([]byte, error) {
	pdf := sheet(A4, a.Made)
	pdf.SetTitle("Act "+a.Number, false)
	page := 0
	begin := func() {
		pdf.AddPage()
		page++
		pdf.SetFont("go", "", 8)
		pdf.SetXY(actMargin, 287)
		pdf.CellFormat(180, 5, fmt.Sprintf("Акт № %s · лист %d", a.Number, page), "", 0, "R", false, 0, "")
		pdf.SetXY(actMargin, actMargin)
	}
	begin()
	if err := actHead(pdf, a); err != nil {
		return nil, err
	}
	places := 0
	actColumns(pdf)
	for i, r := range a.Rows {
		height := actRow * float64(max(1, len(r.Barcodes)))
		if pdf.GetY()+height > actBottom {
			begin()
			actColumns(pdf)
		}
		actCells(pdf, height, fmt.Sprint(i+1), r.Number, r.Reference, strings.Join(r.Barcodes, "\n"), r.Locker)
		places += len(r.Barcodes)
	}
	if pdf.GetY()+45 > actBottom {
		begin()
	}
	actFoot(pdf, len(a.Rows), places)
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("label: act: %w", err)
	}
	return out.Bytes(), nil
}

func actHead(pdf *fpdf.Fpdf, a Act) error {
	pdf.SetFont("go", "B", 15)
	pdf.CellFormat(120, 8, "Акт приёма-передачи № "+a.Number, "", 1, "L", false, 0, "")
	for _, line := range []string{"Дата: " + a.Made.Format("02.01.2006 15:04"), "Отправитель: " + a.Merchant, "Перевозчик: " + a.Carrier, "Место передачи: " + a.Where} {
		if !strings.HasSuffix(line, ": ") {
			pdf.SetX(actMargin)
			block(pdf, actMargin, 120, "", 10, line, 1)
		}
	}
	if err := bars(pdf, a.Number, 140, actMargin, 55, 14); err != nil {
		return err
	}
	pdf.SetY(max(pdf.GetY(), actMargin+24) + 4)
	return nil
}

func actColumns(pdf *fpdf.Fpdf) {
	pdf.SetFont("go", "B", 9)
	pdf.SetX(actMargin)
	for _, c := range columns {
		pdf.CellFormat(c.width, 7, c.head, "1", 0, "C", false, 0, "")
	}
	pdf.Ln(-1)
}

func actCells(pdf *fpdf.Fpdf, height float64, cells ...string) {
	x, y := actMargin, pdf.GetY()
	for i, c := range columns {
		pdf.Rect(x, y, c.width, height, "D")
		for line, text := range strings.Split(cells[i], "\n") {
			pdf.SetXY(x+1, y+float64(line)*actRow)
			pdf.SetFont("go", "", 9)
			if split := pdf.SplitText(text, c.width-2); len(split) > 1 {
				text = split[0] + "…"
			}
			pdf.CellFormat(c.width-2, actRow, text, "", 0, "L", false, 0, "")
		}
		x += c.width
	}
	pdf.SetXY(actMargin, y+height)
}

func actFoot(pdf *fpdf.Fpdf, shipments, places int) {
	pdf.SetXY(actMargin, pdf.GetY()+4)
	block(pdf, actMargin, 180, "B", 10, fmt.Sprintf("Всего отправлений: %d, мест: %d", shipments, places), 1)
	for _, who := range []string{"Сдал", "Принял"} {
		pdf.SetXY(actMargin, pdf.GetY()+9)
		block(pdf, actMargin, 180, "", 10, who+" ______________________ / ______________________ /   «____» ______________ 20___ г.", 1)
	}
}
