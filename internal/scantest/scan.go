// Package scantest reads codes off pictures with Debian's zbar, as a scanner or a phone's camera would.
package scantest

import (
	"bytes"
	"encoding/xml"
	"os/exec"
	"strings"
	"testing"

	"lockstep/internal/debian"
)

// Codes are the texts of all codes of one symbology, such as qrcode or code128, on a picture in PNG. It needs
// zbarimg.
func Codes(t *testing.T, symbology string, png []byte) []string {
	t.Helper()
	out := scan(t, png, "--raw", "-S"+symbology+".enable")
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// Code is one code on a picture.
type Code struct {
	Symbology string `xml:"type,attr"`      // as zbar calls it: CODE-128, QR-Code
	Modifiers string `xml:"modifiers,attr"` // GS1 where FNC1 makes it one of GS1's
	Text      string `xml:"data"`
}

// All are all codes on a picture in PNG that are Code 128 or QR. It needs zbarimg.
func All(t *testing.T, png []byte) []Code {
	t.Helper()
	var found struct {
		Codes []Code `xml:"source>index>symbol"`
	}
	if err := xml.Unmarshal(scan(t, png, "--xml", "-Scode128.enable", "-Sqrcode.enable"), &found); err != nil {
		t.Fatal(err)
	}
	return found.Codes
}

func scan(t *testing.T, png []byte, options ...string) []byte {
	t.Helper()
	scanner := exec.Command(debian.Program(t, "zbarimg", "zbar-tools"), append(append([]string{"--quiet", "-Sdisable"}, options...), "png:-")...)
	scanner.Stdin = bytes.NewReader(png)
	out, err := scanner.Output()
	if err != nil {
		t.Fatalf("no code can be read with %v: %v", options, err)
	}
	return out
}
