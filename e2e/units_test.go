//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mostExposed is how much each unit may be exposed by systemd's own count, in tenths. What is left of the guard's is named in
// docs/confinement.md; those who speak to a network owe it the rest.
var mostExposed = map[string]string{
	"lockstep-guard.service": "10", "lockstep-kiosk.service": "15", "lockstep-link.service": "15",
	"lockstep-hub.service": "15", "lockstep-notifier.service": "15",
}

func systemd(t *testing.T, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
	return string(out), err
}

func TestUnitsExposeLittle(t *testing.T) {
	units, err := filepath.Glob("../deploy/systemd/*.service")
	must(t, err)
	if len(units) != len(mostExposed) {
		t.Errorf("%d units, %d bounds", len(units), len(mostExposed))
	}
	for _, unit := range units {
		name := filepath.Base(unit)
		said, err := systemd(t, "security", "--offline=true", "--no-pager", "--threshold="+mostExposed[name], unit)
		for line := range strings.Lines(said) {
			if strings.HasPrefix(line, "✗") || strings.HasPrefix(line, "→") {
				t.Log(strings.Join(strings.Fields(line), " "))
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	open, err := exposed(t, "[Service]\nExecStart=/bin/true\n")
	if err == nil {
		t.Errorf("a unit without any protection passes: %s", open)
	}
}

func exposed(t *testing.T, unit string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "open.service")
	must(t, os.WriteFile(path, []byte(unit), 0o644))
	return systemd(t, "security", "--offline=true", "--no-pager", "--threshold=10", path)
}

// TestUnitsAreUnderstood: systemd knows every word of them. The programs are taken from where they were built.
func TestUnitsAreUnderstood(t *testing.T) {
	built, err := filepath.Abs(bin)
	must(t, err)
	units, err := filepath.Glob("../deploy/systemd/*.service")
	must(t, err)
	dir := t.TempDir()
	args := []string{"verify", "--man=no", "--recursive-errors=one"}
	for _, unit := range units {
		path := filepath.Join(dir, filepath.Base(unit))
		must(t, os.WriteFile(path, []byte(strings.ReplaceAll(read(t, unit), "/usr/bin/", built+"/")), 0o644))
		args = append(args, path)
	}
	if said, err := systemd(t, args...); err != nil || said != "" {
		t.Errorf("%v\n%s", err, said)
	}
	wrong := filepath.Join(dir, "wrong.service")
	must(t, os.WriteFile(wrong, []byte("[Service]\nExecStart=/bin/true\nPrivateNetworks=yes\n"), 0o644))
	if said, _ := systemd(t, "verify", "--man=no", wrong); !strings.Contains(said, "PrivateNetworks") {
		t.Errorf("a word that systemd does not know went unnoticed: %s", said)
	}
}
