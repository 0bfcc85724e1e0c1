package guard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A guard shuts itself in. Whoever starts it gives it a user, an empty network namespace and no capability; it takes from itself,
// for good, every file but a few (landlock) and every system call but those of filter.go (seccomp), in all its threads. Then it
// tries what must be refused, and ends if anything is not. docs/confinement.md says which layer carries what.
//
// The order in Run is: surroundings before any secret is read; journal, lines and sockets opened; confine; only then is anybody
// answered.

// surroundings is what must be so before the guard starts; it also lets nobody of the same user look into this process's memory.
func (c Config) surroundings() error {
	if c.free() {
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("guard: confinement: this process's memory stays readable: %w", err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return fmt.Errorf("guard: confinement: %w", err)
	}
	devices, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		return fmt.Errorf("guard: confinement: %w", err)
	}
	if err := errors.Join(ownUser(status), networkIsEmpty(devices)); err != nil {
		return fmt.Errorf("guard: confinement: %w", err)
	}
	return nil
}

// ownUser checks the lines of a /proc/PID/status that say who a process is: not root, and no capability in any set.
func ownUser(status []byte) error {
	says := statusLines(status)
	if slices.Contains(strings.Fields(says["Uid"]), "0") || says["Uid"] == "" {
		return errors.New("the guard runs as root; it wants a user of its own")
	}
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		if strings.Trim(says[set], "0") != "" || says[set] == "" {
			return fmt.Errorf("the guard may have capabilities (%s %s); start it with none, and an empty bounding set", set, says[set])
		}
	}
	return nil
}

func statusLines(status []byte) map[string]string {
	says := map[string]string{}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		says[name] = strings.TrimSpace(value)
	}
	return says
}

// harmless are the interfaces of a new network namespace: the loopback, and what tunnel drivers of the kernel put into each.
var harmless = []string{"lo", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"}

// networkIsEmpty reads a /proc/PID/net/dev.
func networkIsEmpty(devices []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(devices))
	for lines.Scan() {
		name, _, ok := strings.Cut(lines.Text(), ":")
		if name = strings.TrimSpace(name); ok && !slices.Contains(harmless, name) {
			return fmt.Errorf("the guard can see a network (%s); start it in an empty network namespace", name)
		}
	}
	return lines.Err()
}

// confine applies landlock and the filter to all threads and sees that both hold. What is open stays open.
func (g *loop) confine(c Config) error {
	if c.free() {
		g.slog.Warn("this guard is not confined")
		return nil
	}
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return fmt.Errorf("guard: confinement: %w", err)
	}
	defer status.Close()
	for _, step := range []func() error{noNewPrivileges, c.restrictFiles, restrictCalls, verifyRefusals, func() error { return verifyStatus(status) }} {
		if err := step(); err != nil {
			return fmt.Errorf("guard: confinement: %w", err)
		}
	}
	return nil
}

func noNewPrivileges() error {
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0)
	if errno == unix.ENOTSUP {
		return errors.New("this binary was built with cgo, whose threads cannot be reached; build it with CGO_ENABLED=0")
	}
	return asError("no_new_privs", errno)
}

func asError(what string, errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", what, errno)
}

// fileRights is how many of landlock's rights over files each version of it knows.
var fileRights = [...]int{1: 13, 2: 14, 3: 15, 4: 15, 5: 16}

// grant is what stays allowed on a path and beneath it.
type grant struct {
	path   string
	rights uint64
}

// grants are all paths that a running guard still opens: it reopens its lines, begins, reads and forgets journal segments, and
// removes its sockets at the end. A line that is not there is left out; see replaced.
func (c Config) grants() []grant {
	const read, write = unix.LANDLOCK_ACCESS_FS_READ_FILE, unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	out := []grant{
		{journalDir(c.Dir), read | write | unix.LANDLOCK_ACCESS_FS_READ_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
			unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE},
		{filepath.Dir(c.Kiosk.Path), unix.LANDLOCK_ACCESS_FS_REMOVE_FILE},
		{filepath.Dir(c.Link.Path), unix.LANDLOCK_ACCESS_FS_REMOVE_FILE},
	}
	for _, device := range c.Lines {
		if _, err := os.Stat(device); err == nil {
			out = append(out, grant{device, read | write | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV})
		}
	}
	if file := c.Clock.File(); file != "" {
		out = append(out, grant{filepath.Dir(file), read})
	}
	return out
}

func (c Config) restrictFiles() error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return fmt.Errorf("landlock cannot be used (it wants Linux 5.13, landlock among the kernel's lsm=, and no container that hides it): %w", errno)
	}
	handled := unix.LandlockRulesetAttr{Handled_access_fs: 1<<fileRights[min(int(version), len(fileRights)-1)] - 1}
	if version >= 4 {
		handled.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	rules, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&handled)), unsafe.Sizeof(handled), 0)
	if errno != 0 {
		return asError("landlock", errno)
	}
	defer unix.Close(int(rules))
	for _, g := range c.grants() {
		if err := g.add(rules, handled.Handled_access_fs); err != nil {
			return fmt.Errorf("landlock: %s: %w", g.path, err)
		}
	}
	_, _, errno = syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0)
	return asError("landlock", errno)
}

func (g grant) add(rules uintptr, known uint64) error {
	fd, err := unix.Open(g.path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: g.rights & known, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, rules, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0)
	return asError("add rule", errno)
}

// verifyRefusals tries in every thread what must be refused. Unconfined, each of these would be answered otherwise. Were one
// thread answered otherwise than the rest, the runtime would end the process.
func verifyRefusals() error {
	root, nothing := []byte("/\x00"), []byte("/nonexistent\x00")
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&root[0])
	pin.Pin(&nothing[0])
	here := unix.AT_FDCWD
	for _, a := range []struct {
		what       string
		call       uintptr
		a1, a2, a3 uintptr
		refused    syscall.Errno
	}{
		{"opening a directory that is not the guard's", unix.SYS_OPENAT, uintptr(here), uintptr(unsafe.Pointer(&root[0])), unix.O_RDONLY, unix.EACCES},
		{"a network socket", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0, unix.EPERM},
		{"a local socket", unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM, 0, unix.EPERM},
		{"starting a program", unix.SYS_EXECVE, uintptr(unsafe.Pointer(&nothing[0])), 0, 0, unix.EPERM},
		{"tracing a process", unix.SYS_PTRACE, unix.PTRACE_PEEKDATA, 0, 0, unix.EPERM},
	} {
		if _, _, errno := unix.RawSyscall(a.call, a.a1, a.a2, a.a3); errno != a.refused {
			return fmt.Errorf("%s is not refused (%v)", a.what, errno)
		}
		if _, _, errno := syscall.AllThreadsSyscall(a.call, a.a1, a.a2, a.a3); errno != a.refused {
			return fmt.Errorf("%s is not refused in every thread (%v)", a.what, errno)
		}
	}
	return nil
}

func verifyStatus(status *os.File) error {
	data := make([]byte, 8<<10)
	n, _ := status.ReadAt(data, 0)
	says := statusLines(data[:n])
	if says["NoNewPrivs"] != "1" || says["Seccomp"] != "2" {
		return fmt.Errorf("the kernel says NoNewPrivs %q, Seccomp %q", says["NoNewPrivs"], says["Seccomp"])
	}
	return nil
}
