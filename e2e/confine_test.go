//go:build e2e

package e2e

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lockstep/demo"
	"lockstep/guard/door"
)

// confined is a running network whose guard is confined; only root can start one.
func confined(t *testing.T) *demo.Network {
	t.Helper()
	wantRoot(t)
	_, n := start(t)
	return n
}

func wantRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("confinement is tested as root")
	}
	t.Skip("only root can start a confined guard")
}

// TestTheGuardShutsItselfIn: A07 and what a guard whose code an attacker runs could do. The same guard tries the same things first
// unconfined, where each must come out otherwise, and then as it runs in a locker. What its journal needs, it can in both.
func TestTheGuardShutsItselfIn(t *testing.T) {
	n := confined(t)
	flags := targets(t)
	free, err := probe(t, n, false, flags)
	if err != nil {
		t.Fatal(err)
	}
	shut, err := probe(t, n, true, flags)
	if err != nil {
		t.Fatal(err)
	}
	if len(shut) < 35 || len(free) != len(shut) {
		t.Fatalf("%d attempts confined, %d unconfined", len(shut), len(free))
	}
	for i, a := range shut {
		t.Logf("%-36s unconfined %-12s confined %s", a.Tried, free[i].Got, a.Got)
		if free[i].Got == a.Want && a.Want != "done" {
			t.Errorf("%s: refused without confinement too, so it proves nothing", a.Tried)
		}
		if a.Got != a.Want || a.Want == "done" && free[i].Got != "done" {
			t.Errorf("%s: %s, not %s", a.Tried, a.Got, a.Want)
		}
	}
}

type attempt struct{ Tried, Want, Got string }

func probe(t *testing.T, n *demo.Network, confined bool, flags []string) (attempts []attempt, err error) {
	t.Helper()
	said, err := n.Probe(t.Context(), confined, flags...)
	for line := range strings.Lines(said) {
		var a attempt
		if json.Unmarshal([]byte(line), &a) == nil {
			attempts = append(attempts, a)
		}
	}
	return attempts, err
}

// targets are a listener, a socket and a file that everybody may use.
func targets(t *testing.T) []string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lockstep-targets")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { tcp.Close() })
	path := filepath.Join(dir, "socket")
	local, err := net.Listen("unix", path)
	must(t, err)
	t.Cleanup(func() { local.Close() })
	must(t, os.Chmod(path, 0o666))
	open := filepath.Join(dir, "open")
	must(t, os.WriteFile(open, []byte("for everybody"), 0o644))
	return []string{"-address", tcp.Addr().String(), "-socket", path, "-read", open}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryThreadIsConfined looks at the running guard from outside.
func TestEveryThreadIsConfined(t *testing.T) {
	n := confined(t)
	pid := n.PID("guard")
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	must(t, err)
	if len(threads) < 3 {
		t.Errorf("only %d threads", len(threads))
	}
	for _, path := range threads {
		status := read(t, path)
		for _, line := range []string{"NoNewPrivs:\t1", "Seccomp:\t2", "CapBnd:\t0000000000000000", "CapPrm:\t0000000000000000", "CapAmb:\t0000000000000000"} {
			if !strings.Contains(status, line+"\n") {
				t.Errorf("%s lacks %q", path, line)
			}
		}
	}
	for _, name := range []string{"hub", "link", "kiosk", "notifier", "cabinet"} {
		if status := read(t, fmt.Sprintf("/proc/%d/status", n.PID(name))); !strings.Contains(status, "NoNewPrivs:\t1\n") ||
			!strings.Contains(status, "CapBnd:\t0000000000000000\n") {
			t.Errorf("%s could gain privileges", name)
		}
	}
	devices := strings.Split(strings.TrimSpace(read(t, fmt.Sprintf("/proc/%d/net/dev", pid))), "\n")
	if len(devices) != 3 || !strings.Contains(devices[2], "lo:") {
		t.Errorf("the guard's network: %q", devices)
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6", "raw", "netlink"} {
		if lines := strings.Count(read(t, fmt.Sprintf("/proc/%d/net/%s", pid, table)), "\n"); lines != 1 && table != "netlink" {
			t.Errorf("the guard's namespace has %d %s sockets", lines-1, table)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}

// TestTheLinkListensNowhere: A08. The hub, looked at in the same way, does.
func TestTheLinkListensNowhere(t *testing.T) {
	_, n := start(t)
	if sockets := listening(t, n.PID("hub")); len(sockets) < 2 {
		t.Errorf("the hub listens on %d sockets", len(sockets))
	}
	for _, name := range []string{"link", "guard"} {
		for _, socket := range listening(t, n.PID(name)) {
			t.Errorf("the %s listens: %s", name, socket)
		}
	}
}

// listening is the lines of the kernel's tables of TCP listeners and UDP sockets that a process holds.
func listening(t *testing.T, pid int) (held []string) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	must(t, err)
	mine := map[string]bool{}
	for _, file := range files {
		target, _ := os.Readlink(file)
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			mine[strings.TrimSuffix(inode, "]")] = true
		}
	}
	const listens, inode = "0A", 9
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		for line := range strings.Lines(read(t, fmt.Sprintf("/proc/%d/net/%s", pid, table))) {
			columns := strings.Fields(line)
			if len(columns) > inode && mine[columns[inode]] && (columns[3] == listens || strings.HasPrefix(table, "udp")) {
				held = append(held, strings.TrimSpace(line))
			}
		}
	}
	return held
}

// TestTheGuardIsStatic: no interpreter, so nothing to preload.
func TestTheGuardIsStatic(t *testing.T) {
	program, err := elf.Open(filepath.Join(bin, "lockstep-guard"))
	must(t, err)
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the guard is linked dynamically")
		}
	}
}

// TestAGuardThatIsNotShutInEnds starts it with too much, and it ends before it has read anything.
func TestAGuardThatIsNotShutInEnds(t *testing.T) {
	wantRoot(t)
	dir, err := os.MkdirTemp("", "lockstep-guard")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	program := filepath.Join(dir, "lockstep-guard")
	must(t, os.WriteFile(program, []byte(read(t, filepath.Join(bin, "lockstep-guard"))), 0o755))
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	for _, wrong := range []struct {
		how   syscall.SysProcAttr
		wants string
	}{
		{syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}, "runs as root"},
		{syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Credential: nobody}, "may have capabilities"},
		{syscall.SysProcAttr{Credential: nobody}, "can see a network"},
	} {
		guard := exec.Command(program, "run", "-dir", dir)
		guard.SysProcAttr = &wrong.how
		said, err := guard.CombinedOutput()
		if err == nil || !strings.Contains(string(said), wrong.wants) {
			t.Errorf("not %q: %v, %s", wrong.wants, err, said)
		}
	}
}

// TestTheKiosksUserCannotReachTheGuard: C11. Root can do each of these, so that a refusal is of the user and of nothing else.
func TestTheKiosksUserCannotReachTheGuard(t *testing.T) {
	n := confined(t)
	pid := n.PID("guard")
	of := func(name string) string { return fmt.Sprintf("/proc/%d/%s", pid, name) }
	open := func(path string, flag int) func() error {
		return func() error {
			fd, err := unix.Open(path, flag|unix.O_CLOEXEC, 0)
			if err == nil {
				unix.Close(fd)
			}
			return err
		}
	}
	attempts := map[string]func() error{
		"ask whether a signal may be sent": func() error { return unix.Kill(pid, 0) },
		"attach to it":                     func() error { return unix.PtraceSeize(pid) },
		"write its memory":                 open(of("mem"), unix.O_RDWR),
		"read its memory":                  func() error { return readMemory(pid) },
		"read its map":                     open(of("maps"), unix.O_RDONLY),
		"read its environment":             open(of("environ"), unix.O_RDONLY),
		"list its files":                   open(of("fd"), unix.O_RDONLY|unix.O_DIRECTORY),
		"open a lock line":                 open(n.Line("bus0"), unix.O_RDWR|unix.O_NOCTTY),
		"list its directory":               open(n.State(), unix.O_RDONLY|unix.O_DIRECTORY),
		"read its key":                     open(filepath.Join(n.State(), "guard.key"), unix.O_RDONLY),
		"watch its journal":                func() error { return watch(filepath.Join(n.State(), "journal")) },
		"make a socket beside its own":     func() error { return bind(filepath.Join(filepath.Dir(n.Door("kiosk")), "squat")) },
		"put a file in its socket's place": func() error { return replace(n.Door("link")) },
		"connect to the link's socket":     func() error { return closed(connect(n.Door("link"))) },
	}
	for what, try := range attempts {
		if err := as(0, 0, try); err != nil {
			t.Errorf("root: %s: %v", what, err)
		}
		if err := as(n.User("kiosk"), n.User("kiosk"), try); !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
			t.Errorf("the kiosk's user: %s: %v", what, err)
		}
	}
	for _, what := range []string{"attach to it", "write its memory", "read its memory", "read its map"} {
		if err := as(n.User("guard"), n.User("guard"), attempts[what]); !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
			t.Errorf("another process of the guard's own user: %s: %v", what, err)
		}
	}
	must(t, n.Kill("kiosk"))
	must(t, answered(n))
}

// as does something on a thread of its own that belongs to another user, and ends with it.
func as(uid, gid int, do func() error) error {
	if uid == os.Getuid() {
		return do()
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		for _, set := range [][2]uintptr{{unix.SYS_SETGROUPS, 0}, {unix.SYS_SETRESGID, uintptr(gid)}, {unix.SYS_SETRESUID, uintptr(uid)}} {
			if _, _, errno := unix.RawSyscall(set[0], set[1], set[1], set[1]); errno != 0 {
				result <- fmt.Errorf("become %d: %w", uid, errno)
				return
			}
		}
		result <- do()
	}()
	return <-result
}

func closed(conn net.Conn, err error) error {
	if err != nil {
		return err
	}
	return conn.Close()
}

func readMemory(pid int) error {
	here := make([]byte, 16)
	const code = 0x400000 // where Go's linker puts a program
	_, err := unix.ProcessVMReadv(pid, []unix.Iovec{{Base: &here[0], Len: 16}}, []unix.RemoteIovec{{Base: code, Len: 16}}, 0)
	return err
}

func watch(path string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.InotifyAddWatch(fd, path, unix.IN_ALL_EVENTS)
	return err
}

func bind(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return err
	}
	return unix.Unlink(path)
}

func replace(path string) error {
	if err := unix.Rename(path, path+".old"); err != nil {
		return err
	}
	return unix.Rename(path+".old", path)
}

// connect opens a connection as whoever this thread is.
func connect(path string) (net.Conn, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return nil, err
	}
	return net.FileConn(file)
}

// answered says whether the guard answers a new connection of its link.
func answered(n *demo.Network) error {
	var conn net.Conn
	link := n.User("link")
	err := as(link, link, func() (err error) { conn, err = connect(n.Door("link")); return err })
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if err := door.Send(conn, door.MaxFrame, door.LinkRequest{Verb: door.Hello}); err != nil {
		return err
	}
	var reply door.LinkReply
	return door.Receive(conn, door.MaxJournalFrame, &reply)
}

// TestAThousandSlowConnections: C08. The kiosk's user opens a thousand connections, sends half a frame with a file descriptor on
// each, and goes on holding them; the link is served, the guard keeps few files open, and the kiosk is served again afterwards.
func TestAThousandSlowConnections(t *testing.T) {
	n := confined(t)
	must(t, n.Kill("kiosk"))
	before := openFiles(t, n)
	var held []net.Conn
	must(t, as(n.User("kiosk"), n.User("kiosk"), func() error {
		for range 1000 {
			conn, err := connect(n.Door("kiosk"))
			if err != nil {
				return err
			}
			held = append(held, conn)
			_, _, err = conn.(*net.UnixConn).WriteMsgUnix([]byte{0, 0}, unix.UnixRights(1), nil)
			if err != nil && !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) {
				return err
			}
		}
		return nil
	}))
	if open := openFiles(t, n); open > before+8 {
		t.Errorf("the guard had %d files open and now has %d", before, open)
	}
	began := time.Now()
	must(t, answered(n))
	if took := time.Since(began); took > time.Second {
		t.Errorf("the link waited %s", took)
	}
	for _, conn := range held {
		conn.Close()
	}
	must(t, n.Again(t.Context(), "kiosk"))
}

// openFiles counts the guard's open files.
func openFiles(t *testing.T, n *demo.Network) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", n.PID("guard")))
	must(t, err)
	return len(entries)
}

// TestWhatSquatsOnASocketsPath: C08. Before the guard starts, something is in its socket's place.
func TestWhatSquatsOnASocketsPath(t *testing.T) {
	n := confined(t)
	path := n.Door("link")
	must(t, n.End("guard"))
	for what, squat := range map[string]func() error{
		"a file":            func() error { return os.WriteFile(path, nil, 0o666) },
		"a link to nowhere": func() error { return os.Symlink("/nonexistent", path) },
		"an empty folder":   func() error { return os.Mkdir(path, 0o777) },
		"another's socket":  func() error { l, err := net.Listen("unix", path); _ = l; return err },
	} {
		must(t, squat())
		must(t, n.Relaunch("guard"))
		if err := eventually(func() error { return answered(n) }); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		must(t, n.End("guard"))
	}
	must(t, os.MkdirAll(filepath.Join(path, "full"), 0o777))
	must(t, n.Relaunch("guard"))
	select {
	case <-n.Ended("guard"):
	case <-time.After(10 * time.Second):
		t.Error("a guard runs without its socket")
	}
	must(t, os.RemoveAll(path))
	must(t, os.Chmod(filepath.Dir(path), 0o777))
	must(t, n.Relaunch("guard"))
	select {
	case <-n.Ended("guard"):
	case <-time.After(10 * time.Second):
		t.Error("a guard runs with its sockets in a folder that others may write")
	}
}

func eventually(try func() error) (err error) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}
