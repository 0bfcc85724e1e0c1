//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockstep/demo"
)

// BenchmarkFootprint prints what a locker's processes weigh: the guard's binary as it is shipped, its start until both sockets
// answer (with the journal of a played day), and everybody's resident memory when nothing happens.
func BenchmarkFootprint(b *testing.B) {
	ctx, n := startWith(b, demo.Options{})
	if _, _, err := n.Script(ctx, func(string, ...any) {}); err != nil {
		b.Fatal(err)
	}
	release := filepath.Join(b.TempDir(), "lockstep-guard")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", release, "../cmd/lockstep-guard")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	info, err := os.Stat(release)
	if err != nil {
		b.Fatal(err)
	}
	quickest := time.Hour
	for b.Loop() {
		if err := n.End("guard"); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := n.Relaunch("guard"); err != nil {
			b.Fatal(err)
		}
		answers(b, n)
		quickest = min(quickest, time.Since(began))
	}
	b.ReportMetric(float64(info.Size())/1e6, "guard-binary-MB")
	b.ReportMetric(float64(quickest.Microseconds())/1e3, "guard-start-ms")
	for _, name := range []string{"guard", "kiosk", "link"} {
		b.ReportMetric(residentMB(b, n.PID(name)), name+"-RSS-MB")
	}
}

// answers waits until the guard answers its link.
func answers(b *testing.B, n *demo.Network) {
	b.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if answered(n) == nil {
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
	b.Fatal("the guard does not answer")
}

func residentMB(b *testing.B, pid int) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var kB float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kB); err == nil {
			return kB / 1e3
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
