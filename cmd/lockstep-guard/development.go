//go:build development

package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"lockstep/guard"
)

func developmentVerbs() map[string]func([]string) error {
	return map[string]func([]string) error{"probe": probe}
}

func developmentFlags(flags *flag.FlagSet, c *guard.Config) {
	flags.BoolVar(&c.Unconfined, "unconfined", false, "run without confinement, on pseudo-terminals")
}

// probe starts a guard as run does. When it is up, it tries from inside what it must not be able to do, prints a line of JSON for each
// attempt (tried, what a confined guard gets, what it got), and ends.
func probe(args []string) error {
	var t targets
	c, err := configure("probe", args, func(flags *flag.FlagSet) {
		flags.StringVar(&t.address, "address", "", "a TCP listener to connect to")
		flags.StringVar(&t.socket, "socket", "", "a local socket to connect to")
		flags.Func("read", "a file to read; may be given more than once", func(path string) error {
			t.files = append(t.files, path)
			return nil
		})
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	t.journal = filepath.Join(c.Dir, "journal")
	c.OnOpen = func() { t.tryAll(slog.New(slog.NewJSONHandler(os.Stdout, nil))); stop() }
	return guard.Run(ctx, c)
}

// targets are things outside of a guard that are really there, so that an attempt on one fails for no other reason than confinement.
type targets struct {
	address string   // of a TCP listener
	socket  string   // path of a socket that anybody may connect to
	files   []string // that anybody may read
	journal string   // the guard's own, where it may still do what it needs
}

func (t targets) tryAll(log *slog.Logger) {
	for _, a := range slices.Concat(t.onNetwork(), t.onFiles(), calls(), t.onJournal()) {
		log.Info("probe", "tried", a.what, "want", named(a.want), "got", outcome(a.do()))
	}
}

type attempt struct {
	what string
	want syscall.Errno // 0 for what a confined guard must still be able to do
	do   func() error
}

func outcome(err error) string {
	var errno syscall.Errno
	if err == nil || errors.As(err, &errno) {
		return named(errno)
	}
	return err.Error()
}

func named(errno syscall.Errno) string {
	if errno == 0 {
		return "done"
	}
	return unix.ErrnoName(errno)
}

func (t targets) onNetwork() []attempt {
	dial := func(d net.Dialer, network, address string) func() error {
		return func() error {
			conn, err := d.Dial(network, address)
			if err != nil {
				return err
			}
			defer conn.Close()
			_, err = conn.Write([]byte("probe"))
			return err
		}
	}
	multipath, single := net.Dialer{}, net.Dialer{}
	multipath.SetMultipathTCP(true)
	single.SetMultipathTCP(false)
	socket := func(family, kind, protocol int) func() error {
		return func() error {
			fd, err := unix.Socket(family, kind, protocol)
			return errors.Join(err, unix.Close(fd))
		}
	}
	return []attempt{
		{"connect by TCP", unix.EPERM, dial(single, "tcp", t.address)},
		{"connect by MPTCP", unix.EPERM, dial(multipath, "tcp", t.address)},
		{"send by UDP", unix.EPERM, dial(single, "udp", t.address)},
		{"listen on TCP", unix.EPERM, func() error { return closed(net.Listen("tcp", "127.0.0.1:0")) }},
		{"listen on UDP", unix.EPERM, func() error { return closed(net.ListenPacket("udp", "127.0.0.1:0")) }},
		{"connect to a local socket", unix.EPERM, dial(single, "unix", t.socket)},
		{"MPTCP socket", unix.EPERM, socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)},
		{"IPv6 socket", unix.EPERM, socket(unix.AF_INET6, unix.SOCK_STREAM, 0)},
		{"netlink socket", unix.EPERM, socket(unix.AF_NETLINK, unix.SOCK_RAW, 0)},
		{"pair of sockets", unix.EPERM, func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
	}
}

func closed(c io.Closer, err error) error {
	if err != nil {
		return err
	}
	return c.Close()
}

func (t targets) onFiles() []attempt {
	read := func(path string) func() error { return func() error { return closed(os.Open(path)) } }
	tried := []attempt{
		{"list /", unix.EACCES, read("/")},
		{"read /etc/passwd", unix.EACCES, read("/etc/passwd")},
		{"read /etc/passwd in 40 threads", unix.EACCES, func() error { return inThreads(40, read("/etc/passwd")) }},
		{"read its own program", unix.EACCES, read("/proc/self/exe")},
		{"write into /tmp", unix.EACCES, func() error {
			file, err := os.CreateTemp("/tmp", "lockstep-probe")
			if err == nil {
				os.Remove(file.Name())
			}
			return closed(file, err)
		}},
	}
	for _, path := range t.files {
		tried = append(tried, attempt{"read " + path, unix.EACCES, read(path)})
	}
	return tried
}

// onJournal is what closing a long segment and forgetting an old one take.
func (t targets) onJournal() []attempt {
	segment := filepath.Join(t.journal, "probe")
	return []attempt{
		{"begin a segment", 0, func() error {
			file, err := os.OpenFile(segment, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			_, err = file.WriteString("probe")
			return errors.Join(err, file.Truncate(1), file.Sync(), file.Close())
		}},
		{"make its name durable", 0, func() error {
			dir, err := os.Open(t.journal)
			if err != nil {
				return err
			}
			return errors.Join(dir.Sync(), dir.Close())
		}},
		{"read it back", 0, func() error { _, err := os.ReadFile(segment); return err }},
		{"list segments", 0, func() error { _, err := os.ReadDir(t.journal); return err }},
		{"forget it", 0, func() error { return os.Remove(segment) }},
	}
}

// inThreads does the same on n threads at once and returns nil if one of them could.
func inThreads(n int, do func() error) error {
	results, together, all := make(chan error, n), make(chan struct{}), sync.WaitGroup{}
	all.Add(n)
	for range n {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			<-together
			results <- do()
		}()
	}
	all.Wait()
	close(together)
	var refused error
	for range n {
		err := <-results
		if err == nil {
			return nil
		}
		refused = err
	}
	return refused
}

// calls are made so that an unconfined process gets any answer but EPERM: nowhere is 1, where nobody's memory is.
func calls() []attempt {
	const nowhere = 1
	one := func(what string, call uintptr, args ...uintptr) attempt {
		return attempt{what, unix.EPERM, func() error {
			var a [5]uintptr
			copy(a[:], args)
			if _, _, errno := unix.Syscall6(call, a[0], a[1], a[2], a[3], a[4], 0); errno != 0 {
				return errno
			}
			return nil
		}}
	}
	const noProcess = 1 << 30
	return []attempt{
		{"start a program", unix.EPERM, func() error {
			p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
			if err == nil {
				_, err = p.Wait()
			}
			return err
		}},
		{"map memory to execute", unix.EPERM, func() error {
			_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
			return err
		}},
		one("execve", unix.SYS_EXECVE, nowhere, 0, 0),
		one("execveat", unix.SYS_EXECVEAT, 0, nowhere, 0, 0, 0),
		one("mprotect", unix.SYS_MPROTECT, 0, 0, unix.PROT_EXEC),
		one("ptrace", unix.SYS_PTRACE, unix.PTRACE_PEEKDATA, noProcess),
		one("process_vm_readv", unix.SYS_PROCESS_VM_READV, noProcess),
		one("process_vm_writev", unix.SYS_PROCESS_VM_WRITEV, noProcess),
		one("kill somebody", unix.SYS_KILL, noProcess, 0),
		one("pidfd_open", unix.SYS_PIDFD_OPEN, noProcess),
		one("clone3", unix.SYS_CLONE3),
		one("mount", unix.SYS_MOUNT, nowhere, nowhere, nowhere),
		one("unshare", unix.SYS_UNSHARE, 0),
		one("setns", unix.SYS_SETNS, noProcess, 0),
		one("io_uring_setup", unix.SYS_IO_URING_SETUP, 1, nowhere),
		one("add_key", unix.SYS_ADD_KEY, nowhere, nowhere),
		one("keyctl", unix.SYS_KEYCTL, unix.KEYCTL_DESCRIBE, noProcess),
		one("personality", unix.SYS_PERSONALITY, 0xffffffff),
		one("userfaultfd", unix.SYS_USERFAULTFD, 1), // UFFD_USER_MODE_ONLY
		one("perf_event_open", unix.SYS_PERF_EVENT_OPEN, nowhere),
		one("memfd_create", unix.SYS_MEMFD_CREATE, nowhere),
		one("let others read its memory", unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1),
	}
}
