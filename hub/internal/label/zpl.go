package label

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
)

// dots are how many a label printer has to a millimetre: 203 to an inch.
const dots = 8

// ZPL writes labels for label printers with 203 dpi and media of 105 × 148 mm, one format (^XA … ^XZ) for each, in UTF-8 (^CI28).
// A line of Latin text is in the printer's own font 0; any other is sent as a picture, because what else that font has differs from
// printer to printer. Commands are those of Zebra's ZPL II Programming Guide.
func ZPL(labels []Label) ([]byte, error) {
	if len(labels) == 0 {
		return nil, fmt.Errorf("label: nothing to print")
	}
	f, err := newFaces()
	if err != nil {
		return nil, err
	}
	p := &printer{faces: f}
	for _, l := range labels {
		fmt.Fprintf(&p.out, "^XA\n^CI28\n^PW%d\n^LL%d\n^LH0,0\n", inDots(width), inDots(height))
		if err := draw(p, f, l); err != nil {
			return nil, err
		}
		p.out.WriteString("^XZ\n")
	}
	return p.out.Bytes(), p.err
}

// printer is ZPL that is being written. It is a pen.
type printer struct {
	faces
	out bytes.Buffer
	err error
}

func inDots(mm float64) int { return int(math.Round(mm * dots)) }

// fill is a box whose border (third parameter of ^GB) is as thick as its shorter side.
func (p *printer) fill(r rect) {
	w, h := inDots(r.w), inDots(r.h)
	fmt.Fprintf(&p.out, "^FO%d,%d^GB%d,%d,%d^FS\n", inDots(r.x), inDots(r.y), w, h, min(w, h))
}

func (p *printer) text(at spot, s style, line string) {
	if strings.IndexFunc(line, func(r rune) bool { return r > unicode.MaxLatin1 }) >= 0 {
		p.picture(at, s, line)
		return
	}
	size := inDots(s.size())
	fmt.Fprintf(&p.out, "^FT%d,%d^A0N,%d,%d", inDots(at.x), inDots(at.y), size, size)
	if at.middle {
		fmt.Fprintf(&p.out, "^FB%d,1,0,C", inDots(at.w))
	}
	fmt.Fprintf(&p.out, "%s^FH^FD%s^FS\n", reverse(s), escape(line))
}

// picture is a line of text as dots.
func (p *printer) picture(at spot, s style, line string) {
	drawn, err := p.faces.picture(s, line)
	if err != nil {
		p.err = errors.Join(p.err, err)
		return
	}
	if at.middle {
		at.x += (at.w - p.width(s, line)) / 2
	}
	fmt.Fprintf(&p.out, "^FO%d,%d%s%s^FS\n", inDots(at.x), inDots(at.y)-drawn.base, reverse(s), drawn.field())
}

// reverse lets a field be white on black.
func reverse(s style) string {
	if s.white {
		return "^FR"
	}
	return ""
}

// bars is Code 128 that begins in subset C (>;), for GS1-128 with FNC1 (>8) after that.
func (p *printer) bars(r rect, module float64, s symbol) {
	start := ">;"
	if s.gs1 {
		start += ">8"
	}
	fmt.Fprintf(&p.out, "^FO%d,%d^BY%d^BCN,%d,N,N,N,N^FD%s%s^FS\n", inDots(r.x), inDots(r.y), inDots(module), inDots(r.h), start, s.digits)
}

// square is a QR code of model 2 and level M (M), the printer choosing how to encode digits (A).
func (p *printer) square(x, y, module float64, digits string) {
	fmt.Fprintf(&p.out, "^FO%d,%d^BQN,2,%d^FDMA,%s^FS\n", inDots(x), inDots(y), inDots(module), digits)
}

// escape writes a text as field data after ^FH: whatever could begin a command or cannot be seen becomes its bytes in hexadecimal.
func escape(text string) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		if unicode.IsPrint(r) && !strings.ContainsRune("^~_", r) {
			out.WriteRune(r)
			continue
		}
		for _, b := range []byte(string(r)) {
			fmt.Fprintf(&out, "_%02X", b)
		}
	}
	return out.String()
}
