package kiosk

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"lockstep/internal/base45"
)

// quiet is the white border that a camera needs, in modules (ISO/IEC 18004 §6.3.8).
const quiet = 4

// picture is a QR code on the screen: what a camera would read, and the drawing as a data: URL.
type picture struct {
	Text  string `json:"text"`
	Image string `json:"image"`
}

// drawing is a picture that is drawn again only when what it shows has changed.
type drawing struct {
	picture picture
	of      []byte
}

// show draws data, or nothing where there is none.
func (d *drawing) show(prefix string, data []byte) (err error) {
	if bytes.Equal(data, d.of) {
		return nil
	}
	*d = drawing{of: data}
	if len(data) > 0 {
		d.picture, err = drawQR(prefix, data)
	}
	return err
}

// shown is the picture for the page, nil for none.
func (d *drawing) shown() *picture {
	if d.picture.Text == "" {
		return nil
	}
	p := d.picture
	return &p
}

// drawQR draws bytes as one of our texts.
func drawQR(prefix string, data []byte) (picture, error) {
	text := prefix + base45.Encode(data)
	drawn, err := svgOf(text)
	return picture{text, "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(drawn))}, err
}

// svgOf draws one of our texts.
func svgOf(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.AlphaNumeric)
	if err != nil {
		return "", fmt.Errorf("kiosk: draw a QR code of %d characters: %w", len(text), err)
	}
	return drawSVG(code), nil
}

func drawSVG(code barcode.Barcode) string {
	n := code.Bounds().Dx()
	side := n + 2*quiet
	var path strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			width := 0
			for ; x+width < n && isDark(code, x+width, y); width++ {
			}
			if width > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, width, width)
				x += width
			}
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, side, side, side, side, path.String())
}

func isDark(code barcode.Barcode, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}
