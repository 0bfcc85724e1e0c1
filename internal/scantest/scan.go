// Package scantest reads codes off pictures with Debian's zbar, as a scanner or a phone's camera would.
package scantest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Codes are the texts of all codes of one symbology, such as qrcode or code128, on a picture in PNG. Where zbarimg is not installed the
// test is skipped, or fails when CI=true.
func Codes(t *testing.T, symbology string, png []byte) []string {
	t.Helper()
	path, err := exec.LookPath("zbarimg")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("zbarimg is missing: install the Debian package zbar-tools")
	} else if err != nil {
		t.Skip("zbarimg is missing: no code is read (install the Debian package zbar-tools)")
	}
	scanner := exec.Command(path, "--quiet", "--raw", "-Sdisable", "-S"+symbology+".enable", "png:-")
	scanner.Stdin = bytes.NewReader(png)
	out, err := scanner.Output()
	if err != nil {
		t.Fatalf("no %s can be read: %v", symbology, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}
