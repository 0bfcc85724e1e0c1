package label_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"lockstep/hub/internal/label"
	"lockstep/parcel"
)

var update = flag.Bool("update", false, "write testdata anew")

// goldens are labels of every kind: both alphabets, with and without an SSCC, and names that are too long for any label.
func goldens(t *testing.T) map[string][]label.Label {
	latin, cyrillic, long := sample(t, 1), sample(t, 2), sample(t, 3)
	latin.LockerName, latin.LockerAddress, latin.Merchant = "Riverside Mall", "12 Quay Street, Bristol, by the north entrance", "Book & Paper Ltd"
	cyrillic.SSCC = prefix.SSCC(cyrillic.Barcode)
	long.SSCC, long.Low, long.LockerID = prefix.SSCC(long.Barcode), true, "a-locker-id-of-32-characters-000"
	long.LockerName = strings.Repeat("Постамат у метро «Библиотека имени Ленина» ", 4)
	long.LockerAddress, long.Merchant = long.LockerName, strings.Repeat("Long & Longer ", 7)
	long.Reference = strings.Repeat("NO-SPACE_IN~THIS^", 6)[:100]
	named := cyrillic
	named.Recipient = "Цеткина Клара, *4567"
	return map[string][]label.Label{"named": {named}, "latin": {latin}, "cyrillic": {cyrillic}, "long": {long}, "twenty": shipment(t, 20, "")[18:]}
}

// TestGolden holds what labels look like: the ZPL to the byte, the PDF as what it draws and where. After a change that is meant,
// go test ./hub/internal/label -update writes testdata anew; look at the difference.
func TestGolden(t *testing.T) {
	for name, labels := range goldens(t) {
		zpl, err := label.ZPL(labels)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".zpl", zpl)
		for _, paper := range []label.Paper{label.A6, label.A4} {
			pdf, err := label.PDF(paper, labels)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+"-"+string(paper)+".txt", []byte(drawn(t, pdf)))
		}
	}
	pdf, err := label.ActPDF(act(4))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "act.txt", []byte(drawn(t, pdf)))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is no longer what is drawn (%v); go test ./hub/internal/label -update writes it anew", name, err)
	}
}

var (
	stream    = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	operator  = regexp.MustCompile(`(?s)(\S+) (\S+) [ml]\n|()()f\n|(\S+) (\S+) (\S+) (\S+) re|/F\w+ (\S+) Tf|(q 1\.000 g )?BT (\S+) (\S+) Td \(((?:\\.|[^\\)])*)\) Tj`)
	backslash = strings.NewReplacer(`\\`, `\`, `\(`, `(`, `\)`, `)`, `\r`, "\r")
)

// drawn is what a PDF's pages draw, a line for each path and each line of text, in millimetres from below.
func drawn(t *testing.T, pdf []byte) string {
	t.Helper()
	var out strings.Builder
	for _, m := range stream.FindAllSubmatch(pdf, -1) {
		inflated, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // not compressed: no page
		}
		content, err := io.ReadAll(inflated)
		if err != nil || !bytes.Contains(content, []byte(" Td (")) {
			continue
		}
		out.WriteString("page\n")
		points, size := [][2]float64(nil), ""
		for _, m := range operator.FindAllStringSubmatch(string(content), -1) {
			switch {
			case m[1] != "":
				points = append(points, [2]float64{mm(t, m[1]), mm(t, m[2])})
			case m[5] != "":
				fmt.Fprintf(&out, "  box %.1f %.1f  %.1f × %.1f\n", mm(t, m[5]), mm(t, m[6]), mm(t, m[7]), mm(t, m[8]))
			case m[9] != "":
				size = m[9]
			case m[11] != "":
				fmt.Fprintf(&out, "  text %.1f %.1f  %s %s%s\n", mm(t, m[11]), mm(t, m[12]), size, map[bool]string{true: "white "}[m[10] != ""], said(m[13]))
			default:
				fmt.Fprintf(&out, "  %s\n", around(points))
				points = nil
			}
		}
	}
	if out.Len() == 0 {
		t.Fatal("the PDF has no page")
	}
	return out.String()
}

func mm(t *testing.T, points string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(points, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n * 25.4 / 72
}

// around says how many rectangles a path has, and where.
func around(points [][2]float64) string {
	if len(points) == 0 {
		return "nothing"
	}
	low, high := points[0], points[0]
	for _, p := range points {
		low, high = [2]float64{min(low[0], p[0]), min(low[1], p[1])}, [2]float64{max(high[0], p[0]), max(high[1], p[1])}
	}
	return fmt.Sprintf("fill %.1f %.1f  %.1f × %.1f  %d", low[0], low[1], high[0]-low[0], high[1]-low[1], len(points)/4)
}

// said is a string of a page, in UTF-16.
func said(escaped string) string {
	raw := []byte(backslash.Replace(escaped))
	var units []uint16
	for ; len(raw) > 1; raw = raw[2:] {
		units = append(units, binary.BigEndian.Uint16(raw))
	}
	return string(utf16.Decode(units))
}

// TestReadmeShowsALabel: the picture in the README is a label as it is drawn, and small.
func TestReadmeShowsALabel(t *testing.T) {
	svg, err := os.ReadFile("../../../docs/label.svg")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	sscc := parcel.GS1Prefix("9521234").SSCC("200010000421")
	if !bytes.Contains(svg, []byte(sscc)) || len(svg) > 60<<10 || !bytes.Contains(readme, []byte("(docs/label.svg)")) {
		t.Errorf("%d bytes, SSCC %s", len(svg), sscc)
	}
}
