// Package scantest reads codes off pictures with Debian's zbar, as a scanner or a phone's camera would.
package scantest

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"lockstep/internal/debian"
)

// Codes are the texts of all codes of one symbology, such as qrcode or code128, on a picture in PNG. It needs
// zbarimg.
func Codes(t *testing.T, symbology string, png []byte) []string {
	t.Helper()
	scanner := exec.Command(debian.Program(t, "zbarimg", "zbar-tools"), "--quiet", "--raw", "-Sdisable", "-S"+symbology+".enable", "png:-")
	scanner.Stdin = bytes.NewReader(png)
	out, err := scanner.Output()
	if err != nil {
		t.Fatalf("no %s can be read: %v", symbology, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}
