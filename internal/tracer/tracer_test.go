//go:build amd64

package tracer_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lockstep/internal/bare"
	"lockstep/internal/tracer"
)

// TestMain is the program that is traced, where it is started with a folder to work in.
func TestMain(m *testing.M) {
	dir := os.Getenv("TRACED_IN")
	if dir == "" {
		os.Exit(m.Run())
	}
	var all sync.WaitGroup
	for range 8 { // calls come from many threads
		all.Go(func() { runtime.LockOSThread(); os.ReadFile("/proc/self/stat") })
	}
	all.Wait()
	file, err := os.OpenFile(filepath.Join(dir, "one"), os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		_, err = file.WriteString("ten bytes.")
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(filepath.Join(dir, "one"), filepath.Join(dir, "two"))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
}

// traced runs it with somebody beside it, and says how it ended, what it said and what it left.
func traced(t *testing.T, see func(*tracer.Call) tracer.Order) (end unix.WaitStatus, said, left string) {
	t.Helper()
	thread, err := bare.New()
	if err != nil {
		t.Fatal(err)
	}
	defer thread.End()
	dir := t.TempDir()
	var out strings.Builder
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stdout = []string{"TRACED_IN=" + dir}, &out
	thread.Do(func() {
		var running *tracer.Tracer
		if running, err = tracer.Start(cmd, see); err == nil {
			end, err = running.Follow()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range names {
		data, _ := os.ReadFile(name)
		left += filepath.Base(name) + ":" + string(data) + " "
	}
	return end, out.String(), strings.TrimSpace(left)
}

// at strikes at the write to the file, or at another call.
func at(number int, order tracer.Order, made func(*tracer.Call) tracer.Order) func(*tracer.Call) tracer.Order {
	return func(c *tracer.Call) tracer.Order {
		switch {
		case c.Number != number || number == unix.SYS_WRITE && !strings.HasSuffix(c.File(c.Args[0]), "/one"):
			return tracer.Order{}
		case c.Made:
			return made(c)
		}
		return order
	}
}

func die(*tracer.Call) tracer.Order { return tracer.Order{Kill: true} }

func TestStrikes(t *testing.T) {
	for _, c := range []struct {
		name  string
		see   func(*tracer.Call) tracer.Order
		left  string
		lived bool
	}{
		{"not at all", func(*tracer.Call) tracer.Order { return tracer.Order{Watch: true} }, "two:ten bytes.", true},
		{"before the file is made", func(c *tracer.Call) tracer.Order {
			return tracer.Order{Kill: c.Number == unix.SYS_OPENAT && strings.HasSuffix(c.Path(1), "/one")}
		}, "", false},
		{"before the write", at(unix.SYS_WRITE, tracer.Order{Kill: true}, die), "one:", false},
		{"while the write is held up", at(unix.SYS_WRITE, tracer.Order{Kill: true, Hold: 50 * time.Millisecond}, die), "one:", false},
		{"after the write", at(unix.SYS_WRITE, tracer.Order{Watch: true}, die), "one:ten bytes.", false},
		{"in the middle of the write", at(unix.SYS_WRITE, tracer.Order{Watch: true, Most: 3}, die), "one:ten", false},
		{"after the rename", at(unix.SYS_RENAMEAT, tracer.Order{Watch: true}, die), "two:ten bytes.", false},
	} {
		end, _, left := traced(t, c.see)
		if left != c.left || c.lived != (end.Exited() && end.ExitStatus() == 0) || !c.lived && end.Signal() != syscall.SIGKILL {
			t.Errorf("%s: it left %q and ended with %#x", c.name, left, end)
		}
	}
}

func TestCallsFail(t *testing.T) {
	for number, errno := range map[int]syscall.Errno{unix.SYS_WRITE: unix.ENOSPC, unix.SYS_FSYNC: unix.EIO, unix.SYS_RENAMEAT: unix.EROFS} {
		end, said, left := traced(t, at(number, tracer.Order{Fail: errno}, die))
		if end.ExitStatus() != 3 || !strings.Contains(said, errno.Error()) || !strings.HasPrefix(left, "one:") {
			t.Errorf("%v: it said %q, left %q and ended with %#x", errno, said, left, end)
		}
	}
}

func TestWhatACallIsAbout(t *testing.T) {
	var did []string
	traced(t, func(c *tracer.Call) tracer.Order {
		switch path := c.File(c.Args[0]); {
		case c.Made:
			did = append(did, fmt.Sprint("gave ", c.Return))
		case c.Number == unix.SYS_WRITE && strings.HasSuffix(path, "/one"):
			data, err := c.Bytes(c.Args[1], int(c.Args[2]))
			did = append(did, fmt.Sprintf("write %q at %d %v", data, c.Offset(c.Args[0]), err))
			return tracer.Order{Watch: true}
		case c.Number == unix.SYS_RENAMEAT:
			did = append(did, "rename "+filepath.Base(c.Path(1))+" "+filepath.Base(c.Path(3)))
		}
		return tracer.Order{}
	})
	if got := strings.Join(did, ", "); got != `write "ten bytes." at 0 <nil>, gave 10, rename one two` {
		t.Error(got)
	}
}
