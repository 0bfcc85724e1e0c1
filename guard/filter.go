package guard

import (
	"fmt"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// allowed are the system calls a guard makes once its doors are open, the same on every machine; native adds those whose names
// differ. Whatever is not here is refused with EPERM: no socket of any kind is made (two are open already), no program or process
// started, no memory made executable, and nothing is named that the runtime or the guard does not use.
var allowed = []uint32{
	// Files, lines and connections that are open, and those that landlock lets be opened.
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_PREAD64, unix.SYS_OPENAT, unix.SYS_CLOSE, unix.SYS_FSYNC, unix.SYS_GETDENTS64,
	unix.SYS_UNLINKAT, unix.SYS_IOCTL, unix.SYS_ACCEPT4, unix.SYS_GETSOCKNAME, unix.SYS_GETSOCKOPT,
	unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_PIPE2, // PIPE2 by a line that is opened afresh
	// The runtime's threads, memory, time and signals. RESTART_SYSCALL is the kernel's own, after a signal.
	unix.SYS_FUTEX, unix.SYS_NANOSLEEP, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETTID, unix.SYS_GETPID,
	unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_GETRANDOM, unix.SYS_CLOCK_GETTIME, unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK,
	unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}

// offsets in what the kernel hands a filter (struct seccomp_data); of an argument the low half is read.
const (
	atCall, atMachine, atArguments = 0, 4, 16

	load     = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	equal    = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	anyBit   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	verdict  = unix.BPF_RET | unix.BPF_K
	allow    = unix.SECCOMP_RET_ALLOW
	deny     = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	killed   = unix.SECCOMP_RET_KILL_PROCESS
	itself   = 0 // first argument
	protects = 2 // third argument of mmap
)

// filter is the whole program for a process: a call of another machine's numbering ends it, so that no number means two things.
func filter(pid uint32) []unix.SockFilter {
	f := []unix.SockFilter{
		{Code: load, K: atMachine},
		{Code: equal, K: machine, Jt: 1},
		{Code: verdict, K: killed},
		{Code: load, K: atCall},
	}
	for _, call := range slices.Concat(native, allowed) {
		f = append(f, unix.SockFilter{Code: equal, K: call, Jf: 1}, unix.SockFilter{Code: verdict, K: allow})
	}
	f = append(f, when(unix.SYS_CLONE, itself, anyBit, unix.CLONE_THREAD, allow, deny)...)
	f = append(f, when(unix.SYS_TGKILL, itself, equal, pid, allow, deny)...)
	f = append(f, when(unix.SYS_KILL, itself, equal, pid, allow, deny)...)
	f = append(f, when(mapMemory, protects, anyBit, unix.PROT_EXEC, deny, allow)...)
	return append(f, unix.SockFilter{Code: verdict, K: deny})
}

// when judges one call by an argument: yes if the comparison holds, else no.
func when(call, argument uint32, comparison uint16, value, yes, no uint32) []unix.SockFilter {
	return []unix.SockFilter{
		{Code: equal, K: call, Jf: 4},
		{Code: load, K: atArguments + 8*argument},
		{Code: comparison, K: value, Jf: 1},
		{Code: verdict, K: yes},
		{Code: verdict, K: no},
	}
}

// restrictCalls puts the filter on all threads at once.
func restrictCalls() error {
	f := filter(uint32(os.Getpid()))
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno == 0 && thread != 0 {
		return fmt.Errorf("seccomp: thread %d has a filter of its own", thread)
	}
	return asError("seccomp", errno)
}
