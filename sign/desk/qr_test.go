package desk

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"lockstep/internal/scantest"
)

// TestQR photographs the terminal and reads the code back.
func TestQR(t *testing.T) {
	for _, text := range []string{"LSO:0", "LSO:" + strings.Repeat("0123456789ABCDEFGHIJ $%*+-./:", 28)} {
		var out bytes.Buffer
		(&Desk{Out: &out}).QR(text)
		if got := photograph(t, out.String()); got != text {
			t.Errorf("%d characters were read as %q", len(text), got)
		}
	}
	var out bytes.Buffer
	(&Desk{Out: &out}).QR(strings.Repeat("A", 5000))
	if !strings.Contains(out.String(), "carry the file") {
		t.Errorf("a code too long shows %q", out.String())
	}
}

const module = 4 // pixels

func photograph(t *testing.T, screen string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(screen), "\n")[1:]
	picture := image.NewGray(image.Rect(0, 0, len([]rune(lines[0]))*module, 2*len(lines)*module))
	for row, line := range lines {
		line = strings.TrimSuffix(strings.TrimPrefix(line, paper), plain)
		for x, r := range []rune(line) {
			half := slices.Index(halves, r)
			for y := range 2 {
				ink(picture, x, 2*row+y, half>>y&1 == 1)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return scantest.Codes(t, "qrcode", out.Bytes())[0]
}

func ink(picture *image.Gray, x, y int, dark bool) {
	shade := color.Gray{Y: 255}
	if dark {
		shade.Y = 0
	}
	for dx := range module {
		for dy := range module {
			picture.SetGray(x*module+dx, y*module+dy, shade)
		}
	}
}
