package label

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
)

// SVG draws one label for a screen. The same label gives the same bytes.
func SVG(l Label) ([]byte, error) {
	f, err := newFaces()
	if err != nil {
		return nil, err
	}
	p := &canvas{faces: f}
	fmt.Fprintf(&p.out, `<svg xmlns="http://www.w3.org/2000/svg" width="420" height="592" viewBox="0 0 %g %g" role="img" aria-label="Label of parcel %s" font-family="Go, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">`+"\n", width, height, l.Barcode)
	fmt.Fprintf(&p.out, `<rect width="%g" height="%g" rx="3" fill="#fff"/>`+"\n", width, height)
	if err := draw(p, f, l); err != nil {
		return nil, err
	}
	p.out.WriteString("</svg>\n")
	return p.out.Bytes(), p.err
}

// canvas is an SVG that is being drawn. It is a pen.
type canvas struct {
	faces
	out bytes.Buffer
	err error
}

func (c *canvas) fill(r rect) { c.fillAll([]rect{r}) }

func (c *canvas) fillAll(list []rect) {
	c.out.WriteString(`<path d="`)
	for _, r := range list {
		fmt.Fprintf(&c.out, "M%s %sh%sv%sh-%sz", short(r.x), short(r.y), short(r.w), short(r.h), short(r.w))
	}
	c.out.WriteString(`"/>` + "\n")
}

// text is as wide as in the fonts of the PDF, whatever font the viewer has.
func (c *canvas) text(at spot, s style, line string) {
	w := c.width(s, line)
	if at.middle {
		at.x += (at.w - w) / 2
	}
	c.out.WriteString("<text")
	if s.bold {
		c.out.WriteString(` font-weight="700"`)
	}
	if s.white {
		c.out.WriteString(` fill="#fff"`)
	}
	fmt.Fprintf(&c.out, ` font-size="%s" x="%s" y="%s" textLength="%s" lengthAdjust="spacingAndGlyphs">`, short(s.size()), short(at.x), short(at.y), short(w))
	xml.EscapeText(&c.out, []byte(line)) // a buffer takes everything
	c.out.WriteString("</text>\n")
}

func (c *canvas) bars(r rect, module float64, s symbol) {
	list, err := s.bars(r.x, r.y, module, r.h)
	c.err = errors.Join(c.err, err)
	c.fillAll(list)
}

func (c *canvas) square(x, y, module float64, digits string) {
	list, err := square(digits, x, y, module)
	c.err = errors.Join(c.err, err)
	c.fillAll(list)
}

// short is a length in as few digits as a thousandth of a millimetre takes.
func short(mm float64) string {
	text := strconv.FormatFloat(mm, 'f', 3, 64)
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	return text
}
