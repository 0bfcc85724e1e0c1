// Package scantest reads codes off pictures with Debian's zbar, as a scanner or a phone's camera would.
package scantest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"lockstep/internal/debian"
)

// Codes are the texts of all codes of one symbology, such as qrcode or code128, on a picture in PNG. It needs
// zbarimg.
func Codes(t *testing.T, symbology string, png []byte) []string {
	t.Helper()
	codes := Seen(t, symbology, png)
	if len(codes) == 0 {
		t.Fatalf("no %s can be read", symbology)
	}
	return codes
}

// Seen is Codes where there may be none: a picture may be taken while what it shows changes.
func Seen(t *testing.T, symbology string, png []byte) []string {
	t.Helper()
	out := scan(t, png, "--raw", "-S"+symbology+".enable")
	if len(out) == 0 {
		return nil
	}
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
	out := scan(t, png, "--xml", "-Scode128.enable", "-Sqrcode.enable")
	if len(out) == 0 {
		t.Fatal("no code can be read")
	}
	if err := xml.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found.Codes
}

// scan is what zbarimg says of a picture; nothing where it sees no code.
func scan(t *testing.T, png []byte, options ...string) []byte {
	t.Helper()
	scanner := exec.Command(debian.Program(t, "zbarimg", "zbar-tools"), append(append([]string{"--quiet", "-Sdisable"}, options...), "png:-")...)
	scanner.Stdin = bytes.NewReader(png)
	out, err := scanner.Output()
	const none = 4 // zbarimg(1)
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() == none {
		return nil
	}
	if err != nil {
		t.Fatalf("zbarimg with %v: %v", options, err)
	}
	return out
}
