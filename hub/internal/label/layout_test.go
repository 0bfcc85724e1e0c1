package label

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"lockstep/parcel"
)

// recorder is a pen that writes down what it is told to draw.
type recorder struct {
	faces
	did []mark
}

// mark is one thing drawn, and the room it takes: a code's with the blank around it.
type mark struct {
	kind, text string
	style      style
	at         spot
	module     float64
	gs1        bool
	room       rect
}

func (r *recorder) fill(at rect) { r.did = append(r.did, mark{kind: "fill", room: at}) }

func (r *recorder) text(at spot, s style, line string) {
	room := rect{at.x, at.y - s.size()*0.76, r.width(s, line), s.size() * 0.98}
	if at.middle {
		room.x += (at.w - room.w) / 2
	}
	r.did = append(r.did, mark{kind: "text", text: line, style: s, at: at, room: room})
}

func (r *recorder) bars(at rect, module float64, s symbol) {
	room := rect{at.x - quiet128*module, at.y, at.w + 2*quiet128*module, at.h}
	r.did = append(r.did, mark{kind: "bars", text: s.digits, gs1: s.gs1, at: spot{x: at.x, y: at.y}, module: module, room: room})
}

func (r *recorder) square(x, y, module float64, digits string) {
	const side = squareOurs + 2*quietQR
	room := rect{x - quietQR*module, y - quietQR*module, side * module, side * module}
	r.did = append(r.did, mark{kind: "square", text: digits, at: spot{x: x, y: y}, module: module, room: room})
}

func record(t *testing.T, l Label) []mark {
	t.Helper()
	f, err := newFaces()
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{faces: f}
	if err := draw(r, f, l); err != nil {
		t.Fatal(err)
	}
	return r.did
}

// overlap says whether two rooms share more than a hair.
func overlap(a, b rect) bool {
	const hair = 0.05
	return a.x+a.w > b.x+hair && b.x+b.w > a.x+hair && a.y+a.h > b.y+hair && b.y+b.h > a.y+hair
}

// checkLayout: everything lies within the frame; no text and no code lies on anything else, but white text on its ground.
func checkLayout(t *testing.T, did []mark) {
	t.Helper()
	frame := rect{margin, margin, width - 2*margin, height - 2*margin}
	for i, m := range did {
		if m.room.x < frame.x-0.01 || m.room.y < frame.y-0.01 || m.room.x+m.room.w > frame.x+frame.w+0.01 || m.room.y+m.room.h > frame.y+frame.h+0.01 {
			t.Errorf("%s %q is outside: %v", m.kind, m.text, m.room)
		}
		for _, other := range did[i+1:] {
			fills := (m.kind == "fill") != (other.kind == "fill")
			if m.kind == "fill" && other.kind == "fill" || fills && (m.style.white || other.style.white) {
				continue
			}
			if overlap(m.room, other.room) {
				t.Errorf("%s %q %v lies on %s %q %v", m.kind, m.text, m.room, other.kind, other.text, other.room)
			}
		}
	}
}

// labelOf has everything a label can have.
func labelOf(prefix parcel.GS1Prefix, low bool, id, name, address, merchant, reference string) Label {
	const barcode = "200010000421"
	return Label{Barcode: barcode, SSCC: prefix.SSCC(barcode), Size: parcel.Medium, Place: 20, Of: 20, LockerID: id, LockerName: name, LockerAddress: address,
		Merchant: merchant, Reference: reference, WeightG: 99_990, Low: low, Made: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

func TestLayout(t *testing.T) {
	texts := []string{"", "x", "msk-0042", "Щука", strings.Repeat("W", 32), strings.Repeat("Щ", 100), strings.Repeat("ab cd ", 30), "\x00\u202e^XA\n~JA", strings.Repeat("😀", 40), "a\xffb"}
	for _, prefix := range []parcel.GS1Prefix{"", "9521234"} {
		for i, text := range texts {
			t.Run(fmt.Sprint(prefix, "/", i), func(t *testing.T) {
				l := labelOf(prefix, i%2 == 0, text, text, text, text, text)
				checkLayout(t, record(t, l))
				l.Recipient = text
				checkLayout(t, record(t, l))
			})
		}
	}
	if !overlap(rect{0, 0, 2, 2}, rect{1, 1, 2, 2}) || overlap(rect{0, 0, 2, 2}, rect{2, 0, 2, 2}) {
		t.Error("overlap does not see what overlaps")
	}
}

// TestRecipient: a name takes one line of the address's room, and nothing else moves.
func TestRecipient(t *testing.T) {
	for _, prefix := range []parcel.GS1Prefix{"", "9521234"} {
		long := strings.Repeat("Постамат у метро «Библиотека имени Ленина» ", 4)
		l := labelOf(prefix, true, "msk-0042", long, long, "Книжная лавка", "ORDER")
		without := record(t, l)
		l.Recipient = "Цеткина Клара, *4567"
		with := record(t, l)
		added := slices.DeleteFunc(slices.Clone(with), func(m mark) bool { return slices.Contains(without, m) })
		if len(added) < 1 || added[0].text != l.Recipient || len(added) > 2 { // the address's last line may be another
			t.Errorf("%q: %v", prefix, added)
		}
		address := slices.IndexFunc(with, func(m mark) bool { return m.style == style{points: 10.5} })
		if address < 0 {
			t.Errorf("%q: no line of the address is left", prefix)
		}
		l.Recipient = long
		if with := record(t, l); !slices.ContainsFunc(with, func(m mark) bool { return m.style.points == 9.5 && strings.HasSuffix(m.text, "…") }) {
			t.Errorf("%q: a long name is not cut", prefix)
		}
	}
}

func TestWrap(t *testing.T) {
	f, err := newFaces()
	if err != nil {
		t.Fatal(err)
	}
	s := style{points: 10}
	m := f.width(s, "m")
	for _, tt := range []struct {
		text  string
		wide  float64 // in m
		lines int
		want  []string
	}{
		{"", 10, 3, nil},
		{" \n\t ", 10, 3, nil},
		{"mm", 10, 3, []string{"mm"}},
		{"mm  mm\nmm", 5.5, 3, []string{"mm mm", "mm"}},
		{"mm mm mm", 2.9, 2, []string{"mm", "m…"}},
		{"mmmmm", 2.1, 3, []string{"mm", "mm", "m"}},
		{"mmm", 0.1, 1, []string{"…"}},
		{"mm", 0.1, 5, []string{"m", "m"}},
		{"mm, mm", 3.7, 1, []string{"mm…"}},
		{"щщ\u202eщ\x00щ", 20, 1, []string{"щщщщ"}},
		{"😀", 20, 1, []string{"□"}},
	} {
		if got := f.wrap(s, tt.text, tt.wide*m, tt.lines); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

// FuzzWrap: lines are no more than were asked for, each fits, and together they say what the text says, up to the ellipsis.
func FuzzWrap(f *testing.F) {
	f.Add("Постамат у метро «Чистые пруды», вход со двора", 30.0, 2)
	f.Add("REFERENCE-WITHOUT-ANY-SPACE", 10.0, 3)
	f.Fuzz(func(t *testing.T, text string, w float64, most int) {
		if most < 1 || most > 10 || !(w >= 5 && w <= 200) {
			t.Skip()
		}
		f, err := newFaces()
		if err != nil {
			t.Fatal(err)
		}
		s := style{points: 11}
		lines := f.wrap(s, text, w, most)
		if len(lines) > most {
			t.Fatalf("%d lines of %d", len(lines), most)
		}
		for _, line := range lines {
			if line == "" || !utf8.ValidString(line) || f.width(s, line) > w+0.001 && utf8.RuneCountInString(line) > 1 {
				t.Fatalf("%q is not a line of %v mm", line, w)
			}
		}
		without := strings.NewReplacer(" ", "")
		all := without.Replace(plain(text))
		got := without.Replace(strings.Join(lines, ""))
		if cut, short := strings.CutSuffix(got, "…"); got != all && !(short && strings.HasPrefix(all, cut)) {
			t.Fatalf("%q became %q", text, lines)
		}
	})
}

// TestSectionsFillTheLabel: a plan uses all of the height, and its modules are whole dots.
func TestSectionsFillTheLabel(t *testing.T) {
	for _, sscc := range []string{"", "095212340010000423"} {
		p := Label{SSCC: sscc}.plan()
		if sum := p.head + p.to + p.code + p.details + p.sscc; sum != height-2*margin {
			t.Errorf("the sections are %v mm high, the label %v", sum, height-2*margin)
		}
		for _, module := range []float64{p.bar, p.dot, ssccModule} {
			if module*dots != float64(int(module*dots)) {
				t.Errorf("a module of %v mm is %v dots", module, module*dots)
			}
		}
	}
}
