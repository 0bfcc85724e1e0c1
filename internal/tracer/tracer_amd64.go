package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// calls are those that are stood beside: whatever changes a file, a name or what a peer sees. All others run at full speed.
var calls = []uint32{unix.SYS_OPENAT, unix.SYS_WRITE, unix.SYS_PWRITE64, unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_FTRUNCATE,
	unix.SYS_RENAME, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_UNLINKAT, unix.SYS_MKDIRAT, unix.SYS_BIND, unix.SYS_LISTEN,
	unix.SYS_FCHOWNAT, unix.SYS_FCHMODAT, unix.SYS_SENDTO, unix.SYS_SENDMSG}

const options = unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACESECCOMP

// Start starts a command on this thread, which must be locked to its goroutine and able to gain no privilege (package bare), with
// see beside it. The command must not be started, nor waited for, elsewhere. It runs once Follow is called.
func Start(cmd *exec.Cmd, see func(*Call) Order) (*Tracer, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Ptrace = true
	cmd.SysProcAttr.Setpgid = true // to wait for its threads alone: the kernel gives this thread the children of others that end
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &Tracer{cmd: cmd, see: see, process: cmd.Process.Pid, threads: map[int]*Call{cmd.Process.Pid: nil}}
	if err := t.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("tracer: %w", err), cmd.Process.Kill(), cmd.Wait())
	}
	return t, nil
}

// Tracer is a program under way.
type Tracer struct {
	cmd     *exec.Cmd
	see     func(*Call) Order
	process int
	threads map[int]*Call // the call that each is in, where it is to be told of
}

// prepare has the program, which stands at its first instruction, ask the kernel to stop it at the calls.
func (t *Tracer) prepare() error {
	var status unix.WaitStatus
	if _, err := unix.Wait4(t.process, &status, unix.WALL, nil); err != nil || !status.Stopped() {
		return fmt.Errorf("it does not stop at its beginning: %#x: %v", status, err)
	}
	if err := unix.PtraceSetOptions(t.process, options); err != nil {
		return err
	}
	var before unix.PtraceRegs
	if err := unix.PtraceGetRegs(t.process, &before); err != nil {
		return err
	}
	var text [8]byte
	if _, err := unix.PtracePeekText(t.process, uintptr(before.Rip), text[:]); err != nil {
		return err
	}
	filter := program()
	at := before.Rsp - 4096
	head := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(len(filter)/8)), at+16)
	if _, err := unix.PtracePokeData(t.process, uintptr(at), append(head, filter...)); err != nil {
		return err
	}
	if _, err := unix.PtracePokeText(t.process, uintptr(before.Rip), []byte{0x0f, 0x05}); err != nil { // syscall
		return err
	}
	asked := before
	asked.Rax, asked.Orig_rax = unix.SYS_SECCOMP, ^uint64(0)
	asked.Rdi, asked.Rsi, asked.Rdx = unix.SECCOMP_SET_MODE_FILTER, 0, at
	if err := unix.PtraceSetRegs(t.process, &asked); err != nil {
		return err
	}
	if err := unix.PtraceSingleStep(t.process); err != nil {
		return err
	}
	if _, err := unix.Wait4(t.process, &status, unix.WALL, nil); err != nil || !status.Stopped() {
		return fmt.Errorf("it does not stop after its first call: %#x: %v", status, err)
	}
	if err := unix.PtraceGetRegs(t.process, &asked); err != nil || asked.Rax != 0 {
		return fmt.Errorf("its filter is refused: %d: %v", int64(asked.Rax), err)
	}
	if _, err := unix.PtracePokeText(t.process, uintptr(before.Rip), text[:]); err != nil {
		return err
	}
	return unix.PtraceSetRegs(t.process, &before)
}

// program is a seccomp filter that stops at the calls, as the kernel reads it.
func program() []byte {
	var filter []unix.SockFilter
	filter = append(filter, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS})
	for _, call := range calls {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1}, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_TRACE})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW})
	return unsafe.Slice((*byte)(unsafe.Pointer(&filter[0])), len(filter)*int(unsafe.Sizeof(filter[0])))
}

// Follow lets the program run until it has ended, on the thread that it was started on, and says how it ended.
func (t *Tracer) Follow() (end unix.WaitStatus, err error) {
	err = unix.PtraceCont(t.process, 0)
	for err == nil {
		var status unix.WaitStatus
		var thread int
		if thread, err = unix.Wait4(-t.process, &status, unix.WALL|unix.WNOTHREAD, nil); err == unix.EINTR {
			err = nil
			continue
		}
		if err == nil && (status.Exited() || status.Signaled()) {
			if delete(t.threads, thread); thread == t.process {
				end = status
			}
		} else if err == nil && status.Stopped() {
			err = t.stopped(thread, status)
		}
	}
	t.cmd.Process.Kill()
	t.cmd.Wait() // nothing is left to be waited for but its output
	if errors.Is(err, unix.ECHILD) {
		err = nil
	}
	return end, err
}

// stopped goes on from a stop. A thread that has been killed meanwhile is gone, which is told later.
func (t *Tracer) stopped(thread int, status unix.WaitStatus) error {
	call, known := t.threads[thread]
	signal := 0
	var err error
	resume := unix.PtraceCont
	switch stop := status.StopSignal(); {
	case stop == unix.SIGTRAP && status.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
		var order Order
		if order, err = t.entry(thread); order.Hold > 0 {
			return err // it stands until the end
		} else if order.Watch {
			resume = unix.PtraceSyscall
		}
	case stop == unix.SIGTRAP|0x80:
		t.threads[thread] = nil
		if call != nil {
			err = t.exit(thread, call)
		}
	case stop == unix.SIGTRAP && status.TrapCause() > 0:
	case !known && stop == unix.SIGSTOP: // how a new thread begins
		t.threads[thread] = nil
	default:
		signal = int(stop)
	}
	if err = errors.Join(err, resume(thread, signal)); errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

func (t *Tracer) entry(thread int) (order Order, err error) {
	var registers unix.PtraceRegs
	if err := unix.PtraceGetRegs(thread, &registers); err != nil {
		return order, err
	}
	call := &Call{Number: int(registers.Orig_rax), Process: t.process,
		Args: [6]uint64{registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8, registers.R9}}
	order = t.see(call)
	switch {
	case order.Kill && order.Hold > 0:
		time.AfterFunc(order.Hold, func() { t.cmd.Process.Kill() })
	case order.Kill:
		err = unix.Kill(t.process, unix.SIGKILL)
	case order.Fail != 0:
		registers.Orig_rax, registers.Rax = ^uint64(0), -uint64(order.Fail)
		err, order.Watch = unix.PtraceSetRegs(thread, &registers), false
	case order.Most > 0:
		registers.Rdx, call.Args[2] = order.Most, order.Most
		err = unix.PtraceSetRegs(thread, &registers)
	}
	if order.Watch {
		t.threads[thread] = call
	}
	return order, err
}

func (t *Tracer) exit(thread int, call *Call) error {
	var registers unix.PtraceRegs
	if err := unix.PtraceGetRegs(thread, &registers); err != nil {
		return err
	}
	call.Made, call.Return = true, int64(registers.Rax)
	if t.see(call).Kill {
		return unix.Kill(t.process, unix.SIGKILL)
	}
	return nil
}
