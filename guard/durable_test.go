//go:build amd64

package guard

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	stripped "lockstep/internal/bare"
	"lockstep/internal/tracer"
)

// TestInitCanBeKilledAnywhere: an installer who begins again has a key, and one that was shown stays the key. What is shown is safe,
// and so are the names that lead to it.
func TestInitCanBeKilledAnywhere(t *testing.T) {
	if dir := os.Getenv("INIT_IN"); dir != "" { // this is the program that is killed
		if _, err := Init(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	kills := 0
	for at := 1; ; at++ {
		dir := filepath.Join(t.TempDir(), "state")
		did := killedInit(t, dir, at)
		key, err := Init(dir)
		if err != nil {
			t.Fatalf("after a kill before call %d (%s): %v", at, did[len(did)-1], err)
		}
		if again, err := Init(dir); err != nil || !again.Equal(key) {
			t.Fatalf("another key: %v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
			t.Fatalf("it left %v", left)
		}
		if len(did) < at {
			if order := strings.Join(did, ", "); !strings.HasSuffix(order, "write guard.key.new, sync guard.key.new, rename guard.key, sync state, sync "+filepath.Base(filepath.Dir(dir))) {
				t.Errorf("it did %s", order)
			}
			break
		}
		kills++
	}
	if kills < 6 {
		t.Errorf("only %d kills", kills)
	}
}

// killedInit runs init and kills it before its at-th call that lasts; it says which calls those were.
func killedInit(t *testing.T, dir string, at int) (did []string) {
	t.Helper()
	thread, err := stripped.New()
	if err != nil {
		t.Fatal(err)
	}
	defer thread.End()
	cmd := exec.Command(os.Args[0], "-test.run=^TestInitCanBeKilledAnywhere$")
	cmd.Env = []string{"INIT_IN=" + dir}
	above := filepath.Dir(dir)
	thread.Do(func() {
		var running *tracer.Tracer
		running, err = tracer.Start(cmd, func(c *tracer.Call) tracer.Order {
			what, path := "", ""
			switch c.Number {
			case unix.SYS_MKDIRAT:
				what, path = "mkdir", c.Path(1)
			case unix.SYS_OPENAT:
				if path = c.Path(1); c.Args[2]&unix.O_CREAT != 0 {
					what = "open"
				}
			case unix.SYS_WRITE:
				what, path = "write", c.File(c.Args[0])
			case unix.SYS_FSYNC:
				what, path = "sync", c.File(c.Args[0])
			case unix.SYS_RENAMEAT:
				what, path = "rename", c.Path(3)
			}
			if what == "" || path != above && !strings.HasPrefix(path, above+"/") {
				return tracer.Order{}
			}
			did = append(did, what+" "+filepath.Base(path))
			return tracer.Order{Kill: len(did) == at}
		})
		if err == nil {
			_, err = running.Follow()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return did
}
