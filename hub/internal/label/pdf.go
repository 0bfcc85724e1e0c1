package label

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// Paper is what a PDF is printed on.
type Paper string

const (
	A6 Paper = "a6" // one label a page, for label printers
	A4 Paper = "a4" // four labels a page, to cut
)

// PDF draws labels on paper. The same labels give the same bytes.
func PDF(paper Paper, labels []Label) ([]byte, error) {
	if paper != A6 && paper != A4 {
		return nil, fmt.Errorf("label: no paper %q", paper)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("label: nothing to print")
	}
	p, err := newSheet(paper, "Parcel labels", labels[0].Made)
	if err != nil {
		return nil, err
	}
	for i, l := range labels {
		p.place(paper, i)
		if err := draw(p, p.faces, l); err != nil {
			return nil, err
		}
	}
	return p.bytes()
}

// place makes room for the i-th label.
func (p *sheet) place(paper Paper, i int) {
	if paper == A4 {
		p.x, p.y = float64(i%2)*width, float64(i/2%2)*height
	}
	if p.x == 0 && p.y == 0 {
		p.pdf.AddPage()
		if paper == A4 {
			p.cuts()
		}
	}
}

// cuts are the lines along which four labels are cut apart.
func (p *sheet) cuts() {
	p.pdf.SetLineWidth(0.1)
	p.pdf.SetDashPattern([]float64{1, 2}, 0)
	p.pdf.Line(width, 0, width, 2*height)
	p.pdf.Line(0, height, 2*width, height)
	p.pdf.SetDashPattern(nil, 0)
}

// sheet is a PDF that is being drawn; x and y are where the label on it begins, in millimetres. It is a pen.
type sheet struct {
	faces
	pdf  *fpdf.Fpdf
	x, y float64
	err  error
}

// newSheet has no page yet.
func newSheet(paper Paper, title string, made time.Time) (*sheet, error) {
	f, err := newFaces()
	if err != nil {
		return nil, err
	}
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
	pdf.SetTitle(title, false)
	pdf.AddUTF8FontFromBytes("go", "", goregular.TTF)
	pdf.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	return &sheet{faces: f, pdf: pdf}, nil
}

func (p *sheet) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := errors.Join(p.err, p.pdf.Output(&out)); err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	return out.Bytes(), nil
}

func (p *sheet) fill(r rect) { p.fillAll([]rect{r}) }

// fillAll draws rectangles as one path: a viewer then leaves no seam between neighbours.
func (p *sheet) fillAll(list []rect) {
	p.pdf.SetFillColor(0, 0, 0)
	for _, r := range list {
		x, y := p.x+r.x, p.y+r.y
		p.pdf.MoveTo(x, y)
		p.pdf.LineTo(x+r.w, y)
		p.pdf.LineTo(x+r.w, y+r.h)
		p.pdf.LineTo(x, y+r.h)
		p.pdf.ClosePath()
	}
	p.pdf.DrawPath("F")
}

func (p *sheet) text(at spot, s style, line string) {
	if at.middle {
		at.x += (at.w - p.width(s, line)) / 2
	}
	weight, tone := "", 0
	if s.bold {
		weight = "B"
	}
	if s.white {
		tone = 255
	}
	p.pdf.SetTextColor(tone, tone, tone)
	p.pdf.SetFont("go", weight, s.points)
	p.pdf.Text(p.x+at.x, p.y+at.y, line)
}

func (p *sheet) bars(r rect, module float64, s symbol) {
	list, err := s.bars(r.x, r.y, module, r.h)
	p.err = errors.Join(p.err, err)
	p.fillAll(list)
}

func (p *sheet) square(x, y, module float64, digits string) {
	list, err := square(digits, x, y, module)
	p.err = errors.Join(p.err, err)
	p.fillAll(list)
}
