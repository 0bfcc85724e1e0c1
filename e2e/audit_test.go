//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lockstep/audit"
	"lockstep/demo"
)

// audited asks what the days' journal proves: as the hub gives it, beside what the guard's own disk gives, and with one byte changed.
func audited(t *testing.T, n *demo.Network, counts demo.Counts) {
	t.Helper()
	dir := filepath.Dir(n.Database)
	keys, atHub := filepath.Join(dir, "keys"), filepath.Join(dir, "7701-015.journal")
	if err := n.HubCommand(nil, "locker", "journal", "7701-015", atHub); err != nil {
		t.Fatal(err)
	}
	report := runAudit(t, 0, "--charter", keys, atHub)
	pressed := 0
	for _, o := range report.Openings {
		pressed += len(o.Pressed)
	}
	if !report.Sound || report.Locker != "7701-015" || pressed != counts.Pulses || report.Records.Last != uint64(counts.Records) {
		t.Errorf("sound %v, %d presses of %d, %d records of %d: %+v", report.Sound, pressed, counts.Pulses, report.Records.Last, counts.Records, report.Findings)
	}
	if w := report.Seen; w == nil || len(w.By) != 2 {
		t.Errorf("two time keys have seen %+v", w)
	}
	if err := n.End("guard"); err != nil {
		t.Fatal(err)
	}
	onDisk, err := exec.Command(filepath.Join(bin, "lockstep-guard"), "journal", "-dir", n.State()).Output()
	if err != nil {
		t.Fatal(err)
	}
	box := filepath.Join(t.TempDir(), "box.journal")
	write(t, box, onDisk)
	if both := runAudit(t, 0, "--charter", keys, atHub, box, "--compartment", "1"); !both.Sound || both.Records.Last < report.Records.Last {
		t.Errorf("beside the guard's own disk: %+v", both.Findings)
	}
	at := bytes.Index(onDisk, []byte("collect intent"))
	onDisk[at]++
	write(t, box, onDisk)
	if changed := runAudit(t, 1, "--charter", keys, box); changed.Sound || len(changed.Findings) == 0 || changed.Findings[0].Kind != audit.Altered {
		t.Errorf("with one byte changed: %+v", changed.Findings)
	}
	runAudit(t, 2, "--charter", keys, n.Database)
	words, err := exec.Command(filepath.Join(bin, "lockstep"), "audit", "--charter", keys, atHub, "--locker", "7701-015", "--compartment", "1").Output()
	if err != nil || !strings.Contains(string(words), "The journal is whole") {
		t.Errorf("%v: %s", err, words)
	}
	t.Logf("%s", words)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// runAudit is lockstep audit with an exit status; only with 2 there is no report.
func runAudit(t *testing.T, status int, args ...string) (r audit.Report) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "lockstep"), append([]string{"audit", "--json"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	exit := new(exec.ExitError)
	if got := 0; err != nil {
		if errors.As(err, &exit) {
			got = exit.ExitCode()
		}
		if got != status {
			t.Fatalf("%v ended with %d, not %d: %s", args, got, status, errs.String())
		}
	}
	if status == 2 {
		return r
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return r
}
