package label

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// style is how a line of text looks.
type style struct {
	points      float64
	bold, white bool // white is for black ground
}

// point is in millimetres.
const point = 25.4 / 72

// size is the style's height in millimetres: from the top of an É to the foot of a щ, roughly.
func (s style) size() float64 { return s.points * point }

// faces measure text in the fonts that go with the PDF. They break lines for every kind of paper, so that each says the same; a
// printer's own fonts are narrower.
type faces struct{ regular, bold *sfnt.Font }

func newFaces() (faces, error) {
	regular, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return faces{}, fmt.Errorf("label: font: %w", err)
	}
	bold, err := sfnt.Parse(gobold.TTF)
	if err != nil {
		return faces{}, fmt.Errorf("label: font: %w", err)
	}
	return faces{regular, bold}, nil
}

func (f faces) face(s style) *sfnt.Font {
	if s.bold {
		return f.bold
	}
	return f.regular
}

// width is how wide a line is, in millimetres.
func (f faces) width(s style, line string) (w float64) {
	for _, r := range line {
		w += f.advance(s, r)
	}
	return w
}

func (f faces) advance(s style, r rune) float64 {
	face := f.face(s)
	units := fixed.Int26_6(face.UnitsPerEm())
	glyph, err := face.GlyphIndex(nil, r)
	if err != nil {
		return s.size()
	}
	advance, err := face.GlyphAdvance(nil, glyph, units, font.HintingNone)
	if err != nil {
		return s.size()
	}
	return float64(advance) / float64(units) * s.size()
}

// fit is the style with as many points as let a line fit into w, but not fewer than least.
func (f faces) fit(s style, line string, w, least float64) style {
	line = plain(line)
	if wide := f.width(s, line); wide > w {
		s.points = max(least, 0.999*s.points*w/wide) // a little less, lest the last letter be too wide by a rounding
	}
	return s
}

// wrap breaks a text into at most some lines that fit into w, at spaces where there are any. What is too long ends with an ellipsis.
func (f faces) wrap(s style, text string, w float64, most int) (lines []string) {
	for rest := plain(text); rest != ""; {
		line, after := f.first(s, rest, w)
		if after != "" && len(lines) == most-1 {
			return append(lines, f.shorten(s, rest, w))
		}
		lines, rest = append(lines, line), after
	}
	return lines
}

// first is a text's first line, and what comes after it.
func (f faces) first(s style, text string, w float64) (line, rest string) {
	end := f.fits(s, text, w)
	if end == len(text) {
		return text, ""
	}
	if space := strings.LastIndexByte(text[:end+1], ' '); space > 0 {
		return text[:space], text[space+1:]
	}
	if _, one := utf8.DecodeRuneInString(text); end == 0 {
		end = one
	}
	return text[:end], text[end:]
}

// fits is how many bytes of a text fit into w.
func (f faces) fits(s style, text string, w float64) int {
	for i, r := range text {
		if w -= f.advance(s, r); w < 0 {
			return i
		}
	}
	return len(text)
}

func (f faces) shorten(s style, text string, w float64) string {
	const ellipsis = "…"
	return strings.TrimRight(text[:f.fits(s, text, w-f.width(s, ellipsis))], " ,") + ellipsis
}

// plain is a text as one line of signs that are seen: single spaces, nothing that steers a printer or the direction of writing, and a
// box for what lies beyond the fonts' first plane.
func plain(text string) string {
	seen := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		case r > 0xFFFF:
			return '□'
		}
		return r
	}, text)
	return strings.Join(strings.Fields(seen), " ")
}
