// Package debian finds the programs of Debian's that tests run.
package debian

import (
	"os"
	"os/exec"
	"testing"
)

// Program is the path of a program. Where it is not installed the test is skipped, saying which package has it; when CI=true it fails.
func Program(t testing.TB, program, packages string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: install the Debian package %s", program, packages)
	}
	t.Skipf("%s is missing: install the Debian package %s to run this", program, packages)
	return ""
}
