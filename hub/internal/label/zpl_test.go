package label

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	painter "image/draw"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"lockstep/internal/scantest"
	"lockstep/parcel"
)

// A field of a format is one line, and one of these: nothing else is ZPL of ours.
var (
	opening = []string{"^XA", "^CI28", "^PW840", "^LL1184", "^LH0,0"}
	boxes   = regexp.MustCompile(`^\^FO(\d+),(\d+)\^GB(\d+),(\d+),(\d+)\^FS$`)
	texts   = regexp.MustCompile(`^\^FT(\d+),(\d+)\^A0N,(\d+),(\d+)(?:\^FB(\d+),1,0,C)?(\^FR)?\^FH\^FD([^^~]*)\^FS$`)
	images  = regexp.MustCompile(`^\^FO(\d+),(\d+)(\^FR)?\^GFA,(\d+),(\d+),(\d+),([0-9A-Yg-z,:]*)\^FS$`)
	bars128 = regexp.MustCompile(`^\^FO(\d+),(\d+)\^BY([1-9])\^BCN,(\d+),N,N,N,N\^FD>;(>8)?((?:\d\d)+)\^FS$`)
	squares = regexp.MustCompile(`^\^FO(\d+),(\d+)\^BQN,2,(\d+)\^FDMA,(\d+)\^FS$`)
)

// field is one of a format's, as a printer would understand it.
type field struct {
	kind, text  string
	x, y, w, h  int // in dots
	points      int // size of text in dots
	module      int
	middle, gs1 bool
	white       bool
	picture     *image.Gray
}

// formats reads ZPL strictly: every byte belongs to a command that we write.
func formats(zpl []byte) (list [][]field, err error) {
	if !utf8.Valid(zpl) {
		return nil, fmt.Errorf("not UTF-8")
	}
	lines := strings.Split(strings.TrimSuffix(string(zpl), "\n"), "\n")
	for len(lines) > 0 {
		for _, want := range opening {
			if len(lines) == 0 || lines[0] != want {
				return nil, fmt.Errorf("no %s", want)
			}
			lines = lines[1:]
		}
		var format []field
		for len(lines) > 0 && lines[0] != "^XZ" {
			f, err := readField(lines[0])
			if err != nil {
				return nil, err
			}
			format, lines = append(format, f), lines[1:]
		}
		if len(lines) == 0 {
			return nil, fmt.Errorf("no ^XZ")
		}
		list, lines = append(list, format), lines[1:]
	}
	return list, nil
}

func readField(line string) (field, error) {
	n := func(s string) int { v, _ := strconv.Atoi(s); return v }
	if m := boxes.FindStringSubmatch(line); m != nil && n(m[5]) == min(n(m[3]), n(m[4])) {
		return field{kind: "fill", x: n(m[1]), y: n(m[2]), w: n(m[3]), h: n(m[4])}, nil
	}
	if m := texts.FindStringSubmatch(line); m != nil && m[3] == m[4] {
		text, err := unescape(m[7])
		return field{kind: "text", x: n(m[1]), y: n(m[2]), w: n(m[5]), points: n(m[3]), middle: m[5] != "", white: m[6] != "", text: text}, err
	}
	if m := images.FindStringSubmatch(line); m != nil && m[4] == m[5] {
		drawn, err := decompress(m[7], n(m[6])*8, n(m[4])/max(1, n(m[6])))
		return field{kind: "picture", x: n(m[1]), y: n(m[2]), white: m[3] != "", picture: drawn}, err
	}
	if m := bars128.FindStringSubmatch(line); m != nil {
		return field{kind: "bars", x: n(m[1]), y: n(m[2]), module: n(m[3]), h: n(m[4]), gs1: m[5] != "", text: m[6]}, nil
	}
	if m := squares.FindStringSubmatch(line); m != nil {
		return field{kind: "square", x: n(m[1]), y: n(m[2]), module: n(m[3]), text: m[4]}, nil
	}
	return field{}, fmt.Errorf("%q is no field of ours", line)
}

// unescape is what a printer makes of field data after ^FH; the data must show everything else as it is.
func unescape(data string) (string, error) {
	var out []byte
	for i := 0; i < len(data); i++ {
		if data[i] != '_' {
			if data[i] < ' ' || data[i] == '^' || data[i] == '~' || data[i] == 0x7f {
				return "", fmt.Errorf("%q has a byte that a printer acts on", data)
			}
			out = append(out, data[i])
			continue
		}
		b, err := hex.DecodeString(data[i+1 : min(i+3, len(data))])
		if err != nil || len(b) != 1 {
			return "", fmt.Errorf("%q has a broken escape", data)
		}
		out, i = append(out, b[0]), i+2
	}
	return string(out), nil
}

// decompress reads the rows of a ^GF field.
func decompress(data string, w, h int) (*image.Gray, error) {
	drawn := image.NewGray(image.Rect(0, 0, w, h))
	var row, before string
	rows := 0
	count := 0
	put := func() error {
		bits, err := hex.DecodeString(row)
		if err != nil || len(bits) != w/8 || rows >= h {
			return fmt.Errorf("row %d of %d is %q", rows, h, row)
		}
		for x := range w {
			if bits[x/8]&(0x80>>(x%8)) != 0 {
				drawn.SetGray(x, rows, color.Gray{0xff})
			}
		}
		row, before, rows = "", row, rows+1
		return nil
	}
	for _, c := range data {
		switch {
		case c == ':' && row == "":
			row = before
		case c == ',':
			row += strings.Repeat("0", w/4-len(row))
		case 'G' <= c && c <= 'Y':
			count += int(c - 'F')
			continue
		case 'g' <= c && c <= 'z':
			count += 20 * int(c-'f')
			continue
		case c == ':':
			return nil, fmt.Errorf("a row is repeated within a row")
		default:
			row += strings.Repeat(string(c), max(count, 1))
		}
		count = 0
		if len(row) >= w/4 {
			if err := put(); err != nil {
				return nil, err
			}
		}
	}
	if rows != h || row != "" || count != 0 {
		return nil, fmt.Errorf("%d rows of %d", rows, h)
	}
	return drawn, nil
}

// checkFields: a format's fields are what the layout says, one for one: nothing is added by any text, and nothing lies elsewhere.
func checkFields(t *testing.T, fields []field, want []mark) {
	t.Helper()
	if len(fields) != len(want) {
		t.Fatalf("%d fields, the label has %d", len(fields), len(want))
	}
	dot := func(mm float64) int { return int(math.Round(mm * 8)) }
	for i, m := range want {
		f := fields[i]
		ok := f.kind == m.kind && f.text == m.text && f.module == dot(m.module) && f.gs1 == m.gs1
		switch m.kind {
		case "fill":
			ok = ok && f.x == dot(m.room.x) && f.y == dot(m.room.y) && f.w == dot(m.room.w) && f.h == dot(m.room.h)
		case "text":
			latin := strings.IndexFunc(m.text, func(r rune) bool { return r > unicode.MaxLatin1 }) < 0
			if !latin {
				ok = f.kind == "picture" && f.white == m.style.white && f.x == dot(m.room.x) && f.y < dot(m.at.y) && f.x+f.picture.Bounds().Dx() <= 800+8 && dark8(f.picture)
			} else {
				ok = ok && f.white == m.style.white && f.middle == m.at.middle && f.x == dot(m.at.x) && f.y == dot(m.at.y)
			}
		default:
			ok = ok && f.x == dot(m.at.x) && f.y == dot(m.at.y)
		}
		if !ok {
			t.Errorf("field %d is %+v, the layout says %+v", i, f, m)
		}
	}
}

// dark8 says that something is to be seen.
func dark8(p *image.Gray) bool { return bytes.IndexByte(p.Pix, 0xff) >= 0 }

func read(t *testing.T, labels ...Label) [][]field {
	t.Helper()
	zpl, err := ZPL(labels)
	if err != nil {
		t.Fatal(err)
	}
	list, err := formats(zpl)
	if err != nil {
		t.Fatalf("%v\n%s", err, zpl)
	}
	if len(list) != len(labels) {
		t.Fatalf("%d formats for %d labels", len(list), len(labels))
	}
	return list
}

// hostile texts would be commands if they could.
var hostile = []string{"^XZ^XA^FO1,1^FDx^FS^XZ", "~JA", "~DGR:X.GRF,1,1,FF", "x^FS\n^FO1,1^GB8,8,8^FS\n", "^CC!!XZ", "_5EXZ", "^FD_", "\x1b\x02\x10^", "\\&\\&", "a\r\n^XZ", "^", "_", "é^ñ~", ">8>;^"}

func TestHostileTextIsNoCommand(t *testing.T) {
	for _, text := range hostile {
		l := labelOf("9521234", true, text, text, text, text, text)
		checkFields(t, read(t, l)[0], record(t, l))
	}
}

// TestFormatsAreReadStrictly: what a command smuggled in would look like is refused.
func TestFormatsAreReadStrictly(t *testing.T) {
	zpl, err := ZPL([]Label{labelOf("", false, "l1", "name", "address", "shop", "MARK")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := formats(zpl); err != nil || !bytes.Contains(zpl, []byte("MARK")) {
		t.Fatal(err)
	}
	for _, smuggled := range append([]string{"M^FS^XZ", "~JA", "a\nb", "_zz", "_5", "\x07", "\xff"}, hostile[:4]...) {
		if _, err := formats(bytes.Replace(zpl, []byte("MARK"), []byte(smuggled), 1)); err == nil {
			t.Errorf("%q went unnoticed", smuggled)
		}
	}
	for _, cut := range []string{"^XA\n", "^XZ\n", "^CI28\n", "^FS\n"} {
		if _, err := formats(bytes.Replace(zpl, []byte(cut), nil, 1)); err == nil {
			t.Errorf("without one %q it is still read", cut)
		}
	}
}

// FuzzZPL: whatever people call their lockers, shops and orders, the printer gets the layout's fields and no other command.
func FuzzZPL(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, text, text, true)
	}
	f.Add("msk-0042", "Постамат у метро «Чистые пруды»", "Book & Paper", false)
	f.Fuzz(func(t *testing.T, id, place, merchant string, sscc bool) {
		if len(id)+len(place)+len(merchant) > 1000 {
			t.Skip()
		}
		prefix := parcel.GS1Prefix("")
		if sscc {
			prefix = "9521234"
		}
		l := labelOf(prefix, sscc, id, place, place, merchant, merchant)
		did := record(t, l)
		checkLayout(t, did)
		checkFields(t, read(t, l)[0], did)
	})
}

// FuzzEscape: field data holds nothing that a printer acts on, and says what was said.
func FuzzEscape(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := unescape(escape(text)); err != nil || got != strings.ToValidUTF8(text, "\uFFFD") {
			t.Fatalf("%q becomes %q, %v", text, got, err)
		}
	})
}

// TestScannerReadsTheZPL draws a format dot by dot as a printer would and reads every code of it back.
func TestScannerReadsTheZPL(t *testing.T) {
	for _, prefix := range []parcel.GS1Prefix{"", "9521234"} {
		l := labelOf(prefix, true, "msk-0042", "Постамат у метро «Чистые пруды»", "Мясницкая улица, дом 24/7", "Book & Paper", "ORDER-117")
		picture := print(t, read(t, l)[0])
		if dir := os.Getenv("LOCKSTEP_SCREENSHOTS"); dir != "" {
			os.WriteFile(filepath.Join(dir, "zpl"+string(prefix)+".png"), picture, 0o644)
		}
		want := map[scantest.Code]int{{Symbology: "CODE-128", Text: l.Barcode}: 1, {Symbology: "QR-Code", Text: l.Barcode}: 1}
		if l.SSCC != "" {
			want[scantest.Code{Symbology: "CODE-128", Modifiers: "GS1", Text: "00" + l.SSCC}] = 1
		}
		got := map[scantest.Code]int{}
		for _, code := range scantest.All(t, picture) {
			got[code]++
		}
		if !maps.Equal(got, want) {
			t.Errorf("read %v, want %v", got, want)
		}
	}
}

// print draws a format's codes, boxes and pictures on 840 × 1184 dots, in PNG.
func print(t *testing.T, format []field) []byte {
	t.Helper()
	paper := image.NewGray(image.Rect(0, 0, 840, 1184))
	painter.Draw(paper, paper.Bounds(), image.White, image.Point{}, painter.Src)
	black := func(x, y, w, h int) {
		painter.Draw(paper, image.Rect(x, y, x+w, y+h), image.Black, image.Point{}, painter.Src)
	}
	for _, f := range format {
		var list []rect
		var err error
		switch f.kind {
		case "fill":
			black(f.x, f.y, f.w, f.h)
		case "bars":
			list, err = symbol{f.text, f.gs1}.bars(float64(f.x), float64(f.y), float64(f.module), float64(f.h))
		case "square":
			list, err = square(f.text, float64(f.x), float64(f.y+10), float64(f.module)) // printers put it ten dots lower
		case "picture":
			for y := range f.picture.Bounds().Dy() {
				for x := range f.picture.Bounds().Dx() {
					if f.picture.GrayAt(x, y).Y != 0 {
						paper.SetGray(f.x+x, f.y+y, color.Gray{map[bool]uint8{true: 0xff}[f.white]})
					}
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			black(int(r.x), int(r.y), int(r.w), int(r.h))
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, paper); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPicturesComeBack: what is compressed is read back dot by dot, however long its runs are.
func TestPicturesComeBack(t *testing.T) {
	const w, h = 8 * 112, 60
	for name, dark := range map[string]func(x, y int) bool{
		"none": func(x, y int) bool { return false }, "all": func(x, y int) bool { return true }, "left": func(x, y int) bool { return x < 16*y },
		"right": func(x, y int) bool { return x >= 16*y }, "middle": func(x, y int) bool { return x%(4*y+1) > 3 }, "same": func(x, y int) bool { return x/4%7 == 0 },
	} {
		p := picture{Alpha: image.NewAlpha(image.Rect(0, 0, w, h))}
		for y := range h {
			for x := range w {
				if dark(x, y) {
					p.SetAlpha(x, y, color.Alpha{0xff})
				}
			}
		}
		got, err := readField("^FO0,0" + p.field() + "^FS")
		if err != nil || !bytes.Equal(got.picture.Pix, p.Pix) {
			t.Errorf("%s: %v\n%.200s", name, err, p.field())
		}
	}
}
