package guard

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lockstep/guard/lockboard"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

func TestWhoMayBeAGuard(t *testing.T) {
	good := "Name:\tlockstep-guard\nUid:\t861\t861\t861\t861\n" + noCapability
	for what, c := range map[string]struct{ status, wants string }{
		"a user of its own":           {good, ""},
		"root":                        {strings.ReplaceAll(good, "861", "0"), "root"},
		"root behind another user":    {strings.Replace(good, "\t861\n", "\t0\n", 1), "root"},
		"a capability it has":         {strings.Replace(good, "CapEff:\t0", "CapEff:\t2", 1), "CapEff"},
		"one that it could regain":    {strings.Replace(good, "CapPrm:\t0", "CapPrm:\t1", 1), "CapPrm"},
		"one that a program gives it": {strings.Replace(good, "CapBnd:\t0", "CapBnd:\t1", 1), "CapBnd"},
		"one that children inherit":   {strings.Replace(good, "CapAmb:\t0", "CapAmb:\t4", 1), "CapAmb"},
		"a kernel that says nothing":  {"Name:\tlockstep-guard\n", "root"},
		"one that hides capabilities": {"Uid:\t861\t861\t861\t861\n", "CapInh"},
	} {
		wants(t, what, ownUser([]byte(c.status)), c.wants)
	}
}

const noCapability = "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n"

func wants(t *testing.T, what string, err error, message string) {
	t.Helper()
	if (err == nil) != (message == "") || err != nil && !strings.Contains(err.Error(), message) {
		t.Errorf("%s: %v, not %q", what, err, message)
	}
}

func TestWhichNetworksAreEmpty(t *testing.T) {
	const head = "Inter-|   Receive  |  Transmit\n face |bytes    packets|bytes    packets\n"
	for what, c := range map[string]struct{ devices, wants string }{
		"none":                         {head, ""},
		"a loopback":                   {head + "    lo:       0       0\n", ""},
		"what tunnel drivers put in":   {head + "    lo: 0\n tunl0: 0\n  sit0: 0\nip6tnl0: 0\n", ""},
		"a card":                       {head + "    lo: 0\n  eth0: 0\n", "eth0"},
		"one whose name begins so too": {head + "  lo0: 0\n", "lo0"},
		"a radio":                      {head + " wwan0: 0\n", "wwan0"},
	} {
		wants(t, what, networkIsEmpty([]byte(c.devices)), c.wants)
	}
}

// TestAnUnconfinedProcessIsNoticed: this test's own process is not confined, and what it may do is not refused.
func TestAnUnconfinedProcessIsNoticed(t *testing.T) {
	wants(t, "attempts", verifyRefusals(), "is not refused")
	status, err := os.Open("/proc/self/status")
	check(t, err)
	defer status.Close()
	wants(t, "status", verifyStatus(status), "Seccomp")
}

// run is what the kernel's own interpreter would make of a filter: the verdict on one call. Arguments are their low halves.
func run(f []unix.SockFilter, machine, call uint32, arguments ...uint32) uint32 {
	data := map[uint32]uint32{atCall: call, atMachine: machine}
	for i, a := range arguments {
		data[atArguments+8*uint32(i)] = a
	}
	var loaded uint32
	for at := 0; ; at++ {
		step := f[at]
		holds := step.Code == equal && loaded == step.K || step.Code == anyBit && loaded&step.K != 0
		switch {
		case step.Code == load:
			loaded = data[step.K]
		case step.Code == verdict:
			return step.K
		case holds:
			at += int(step.Jt)
		default:
			at += int(step.Jf)
		}
	}
}

func TestTheFilterLetsThroughWhatIsListedAndNothingElse(t *testing.T) {
	const pid = 4711
	f := filter(pid)
	judged := []uint32{unix.SYS_CLONE, unix.SYS_TGKILL, unix.SYS_KILL, mapMemory}
	for call := range uint32(1024) {
		if slices.Contains(judged, call) {
			continue
		}
		want := uint32(deny)
		if slices.Contains(allowed, call) || slices.Contains(native, call) {
			want = allow
		}
		if got := run(f, machine, call); got != want {
			t.Errorf("call %d: %#x, not %#x", call, got, want)
		}
		if got := run(f, machine, call|0x40000000); got != deny {
			t.Errorf("call %d by the x32 numbering: %#x", call, got)
		}
		if got := run(f, unix.AUDIT_ARCH_I386, call); got != killed {
			t.Errorf("call %d by another machine's numbering: %#x", call, got)
		}
	}
	const ofGo = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD
	for what, c := range map[string]struct {
		call      uint32
		arguments []uint32
		want      uint32
	}{
		"a thread":                     {unix.SYS_CLONE, []uint32{ofGo}, allow},
		"a process":                    {unix.SYS_CLONE, []uint32{uint32(unix.SIGCHLD)}, deny},
		"a signal to itself":           {unix.SYS_TGKILL, []uint32{pid, 7, 9}, allow},
		"a signal to another":          {unix.SYS_TGKILL, []uint32{pid + 1, 7, 9}, deny},
		"its own end":                  {unix.SYS_KILL, []uint32{pid, 9}, allow},
		"another's end":                {unix.SYS_KILL, []uint32{1, 9}, deny},
		"everybody's end":              {unix.SYS_KILL, []uint32{^uint32(0), 9}, deny},
		"memory":                       {mapMemory, []uint32{0, 4096, unix.PROT_READ | unix.PROT_WRITE}, allow},
		"memory that can be executed":  {mapMemory, []uint32{0, 4096, unix.PROT_READ | unix.PROT_EXEC}, deny},
		"memory of all three, at once": {mapMemory, []uint32{0, 4096, 7}, deny},
	} {
		if got := run(f, machine, c.call, c.arguments...); got != c.want {
			t.Errorf("%s: %#x, not %#x", what, got, c.want)
		}
	}
}

// TestTheFilterRefusesByName names what nobody behind the wall has business with; each is a mistake that a longer list could make.
func TestTheFilterRefusesByName(t *testing.T) {
	f := filter(1)
	for what, call := range map[string]uint32{
		"socket": unix.SYS_SOCKET, "socketpair": unix.SYS_SOCKETPAIR, "connect": unix.SYS_CONNECT, "bind": unix.SYS_BIND, "listen": unix.SYS_LISTEN,
		"sendto": unix.SYS_SENDTO, "sendmsg": unix.SYS_SENDMSG, "recvmsg": unix.SYS_RECVMSG, "execve": unix.SYS_EXECVE, "execveat": unix.SYS_EXECVEAT,
		"clone3": unix.SYS_CLONE3, "ptrace": unix.SYS_PTRACE, "process_vm_readv": unix.SYS_PROCESS_VM_READV, "process_vm_writev": unix.SYS_PROCESS_VM_WRITEV,
		"mount": unix.SYS_MOUNT, "move_mount": unix.SYS_MOVE_MOUNT, "unshare": unix.SYS_UNSHARE, "setns": unix.SYS_SETNS, "bpf": unix.SYS_BPF,
		"io_uring_setup": unix.SYS_IO_URING_SETUP, "io_uring_enter": unix.SYS_IO_URING_ENTER, "keyctl": unix.SYS_KEYCTL, "add_key": unix.SYS_ADD_KEY,
		"request_key": unix.SYS_REQUEST_KEY, "kexec_load": unix.SYS_KEXEC_LOAD, "init_module": unix.SYS_INIT_MODULE, "finit_module": unix.SYS_FINIT_MODULE,
		"delete_module": unix.SYS_DELETE_MODULE, "personality": unix.SYS_PERSONALITY, "userfaultfd": unix.SYS_USERFAULTFD, "perf_event_open": unix.SYS_PERF_EVENT_OPEN,
		"mprotect": unix.SYS_MPROTECT, "memfd_create": unix.SYS_MEMFD_CREATE, "prctl": unix.SYS_PRCTL, "pidfd_open": unix.SYS_PIDFD_OPEN,
		"chroot": unix.SYS_CHROOT, "pivot_root": unix.SYS_PIVOT_ROOT, "open_by_handle_at": unix.SYS_OPEN_BY_HANDLE_AT, "truncate": unix.SYS_TRUNCATE,
		"setresuid": unix.SYS_SETRESUID, "reboot": unix.SYS_REBOOT, "clock_settime": unix.SYS_CLOCK_SETTIME, "fchmodat": unix.SYS_FCHMODAT,
		"linkat": unix.SYS_LINKAT, "symlinkat": unix.SYS_SYMLINKAT, "renameat2": unix.SYS_RENAMEAT2,
	} {
		if got := run(f, machine, call); got != deny {
			t.Errorf("%s: %#x", what, got)
		}
	}
}

// TestSocketsWantAFolderOfTheirOwn: C08. Where others may write, they could put a socket of theirs in the place of the guard's.
func TestSocketsWantAFolderOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "k")
	for mode, message := range map[os.FileMode]string{0o755: "", 0o700: "", 0o775: "writable by nobody else", 0o757: "writable by nobody else",
		0o777 | os.ModeSticky: "writable by nobody else"} {
		check(t, os.Chmod(dir, mode))
		l, err := Socket{path, os.Getuid(), -1}.open()
		wants(t, mode.String(), err, message)
		if err == nil {
			l.Close()
		}
	}
	_, err := Socket{filepath.Join(dir, "none", "k"), os.Getuid(), -1}.open()
	wants(t, "no folder", err, "no such file")
}

// TestAnotherDeviceInALinesPlaceEndsTheGuard: the confinement does not reach it, only a restart does. A device that is only silent, or gone, ends
// nothing.
func TestAnotherDeviceInALinesPlaceEndsTheGuard(t *testing.T) {
	g, dir := onDisk(t, &fullDisk{})
	check(t, g.do(rules.Boot{}))
	device := filepath.Join(dir, "tty")
	check(t, os.WriteFile(device, nil, 0o600))
	first, err := os.Stat(device)
	check(t, err)
	g.names, g.devices = map[string]string{"bus0": device}, map[string]os.FileInfo{"bus0": first}
	news := func() error {
		g.heardBus(lockboard.Event{Kind: lockboard.Polled, Err: lockboard.ErrSilent}, []statement.Board{{Line: "bus0", Channels: 48}})
		return g.take(<-g.inbox)
	}
	check(t, news())
	check(t, os.Rename(device, device+".old"))
	check(t, news())
	check(t, os.WriteFile(device, nil, 0o600))
	wants(t, "another device", news(), "another device")
	g.free = true
	check(t, news())
}

// TestAnUnconfinedGuardDrivesNoRealLine, whatever its charter.
func TestAnUnconfinedGuardDrivesNoRealLine(t *testing.T) {
	g, _ := onDisk(t, &fullDisk{})
	g.state.Network.Development = false
	g.names = map[string]string{"bus0": "/dev/null"}
	check(t, g.openLines())
	g.closeLines()
	g.free = true
	wants(t, "a real device", g.openLines(), "only pseudo-terminals")
}

// TestOnlyDevelopmentBuildsCanBeLeftUnconfined builds the guard as it is shipped.
func TestOnlyDevelopmentBuildsCanBeLeftUnconfined(t *testing.T) {
	program := filepath.Join(t.TempDir(), "lockstep-guard")
	build := exec.Command("go", "build", "-o", program, "lockstep/cmd/lockstep-guard")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	said, err := exec.Command(program, "run", "-unconfined", "-dir", t.TempDir()).CombinedOutput()
	if err == nil || !strings.Contains(string(said), "not defined: -unconfined") {
		t.Errorf("run: %v, %s", err, said)
	}
	said, err = exec.Command(program, "probe").CombinedOutput()
	if err == nil || !strings.Contains(string(said), "lockstep-guard init") {
		t.Errorf("probe: %v, %s", err, said)
	}
}
