package label

import (
	"fmt"
	"image"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// picture is a line of text in black dots, baseline at row base.
type picture struct {
	*image.Alpha
	base int
}

// picture draws a line of text in the fonts that go with the PDF, a dot being dark where the letter covers half of it.
func (f faces) picture(s style, line string) (picture, error) {
	face, err := opentype.NewFace(f.face(s), &opentype.FaceOptions{Size: s.size() * dots, DPI: 72})
	if err != nil {
		return picture{}, fmt.Errorf("label: font: %w", err)
	}
	m := face.Metrics()
	base := m.Ascent.Ceil()
	w := (font.MeasureString(face, line).Ceil() + 7) / 8 * 8
	p := picture{image.NewAlpha(image.Rect(0, 0, w, base+m.Descent.Ceil())), base}
	pen := font.Drawer{Dst: p, Src: image.Opaque, Face: face, Dot: fixed.P(0, base)}
	pen.DrawString(line)
	return p, face.Close()
}

// field is the picture as a ^GF field: as many bytes, as many bytes a row, and the rows in compressed hexadecimal.
func (p picture) field() string {
	size, before := p.Bounds().Size(), ""
	var out strings.Builder
	fmt.Fprintf(&out, "^GFA,%d,%d,%d,", size.X/8*size.Y, size.X/8*size.Y, size.X/8)
	for y := range size.Y {
		row := p.row(y)
		if row == before {
			out.WriteByte(':') // as the row before
			continue
		}
		before = row
		out.WriteString(compress(row))
	}
	return out.String()
}

// row is a row of dots in hexadecimal.
func (p picture) row(y int) string {
	row := make([]byte, p.Bounds().Dx()/8)
	for x := range p.Bounds().Dx() {
		if p.AlphaAt(x, y).A >= 0x80 {
			row[x/8] |= 0x80 >> (x % 8)
		}
	}
	return fmt.Sprintf("%X", row)
}

// compress writes repetitions as letters before their digit, G to Y for 1 to 19 and g to z for 20 to 400, and a comma for zeros up to
// the row's end (ZPL II Programming Guide, Alternative Data Compression Scheme). A row is no wider than a label: 210 digits.
func compress(row string) string {
	var out strings.Builder
	rest := strings.TrimRight(row, "0")
	short := len(rest) < len(row)
	for rest != "" {
		n := len(rest) - len(strings.TrimLeft(rest, rest[:1]))
		if n >= 20 {
			out.WriteByte(byte('f' + n/20))
		}
		if n%20 > 0 && n > 1 {
			out.WriteByte(byte('F' + n%20))
		}
		out.WriteByte(rest[0])
		rest = rest[n:]
	}
	if short {
		out.WriteByte(',')
	}
	return out.String()
}
