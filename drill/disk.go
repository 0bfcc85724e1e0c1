package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// userAttr runs a command as another user.
func userAttr(user int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}}
}

// breakDisk starts the guard on a disk that fails in a certain way, by letting strace answer its calls: a full disk refuses
// writes, a read-only one too, a failing one takes them and cannot make them durable.
func (b *Bench) breakDisk(ctx context.Context, fault string) error {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return fmt.Errorf("strace is missing: %w", err)
	}
	inject := map[string]string{"full": "pwrite64,write:error=ENOSPC", "read-only": "pwrite64,write:error=EROFS", "failing": "fsync,fdatasync:error=EIO"}[fault]
	args := []string{"-f", "-qq", "-o", "/dev/null", "-P", b.newestSegment(), "-e", "inject=" + inject, "-p", fmt.Sprint(b.guard.Process.Pid)}
	for range 10 {
		b.broken = exec.CommandContext(ctx, strace, args...)
		b.broken.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := b.broken.Start(); err != nil {
			return err
		}
		holding, cancel := context.WithTimeout(ctx, 3*time.Second)
		err = b.until(holding, "strace to hold the guard", func() bool { return traced(b.guard.Process.Pid) })
		cancel()
		if err == nil || b.hasEnded() {
			break
		}
		b.letGo() // a thread that began while it took hold of the others stays free for good
	}
	return err
}

// letGo has strace end, and the disk work again.
func (b *Bench) letGo() {
	b.broken.Process.Signal(syscall.SIGINT)
	b.broken.Wait()
}

// mendDisk lets go of the guard. One that has ended because its disk could not be trusted is started again.
func (b *Bench) mendDisk(ctx context.Context) error {
	b.letGo()
	if err := b.look(ctx); err != nil || b.hasEnded() {
		if err := b.Kill(); err != nil {
			return err
		}
		if err := b.Start(ctx); err != nil {
			return err
		}
		return b.SetTime(ctx)
	}
	if err := b.Pass(ctx, 0); err != nil { // the guard tries its disk again every second
		return err
	}
	return b.until(ctx, "a disk that works", func() bool {
		v, err := b.View(ctx)
		return err == nil && v.OutOfOrder == ""
	})
}

func (b *Bench) hasEnded() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

func (b *Bench) newestSegment() string {
	names, err := os.ReadDir(b.path("state", "journal"))
	if err != nil || len(names) == 0 {
		return ""
	}
	return b.path("state", "journal", names[len(names)-1].Name())
}

// traced says whether all threads of a process are held by a tracer: one that is not would still write.
func traced(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, thread := range threads {
		data, unread := os.ReadFile(thread)
		err = errors.Join(err, unread)
		if strings.Contains(string(data), "\nTracerPid:\t0\n") {
			return false
		}
	}
	return err == nil && len(threads) > 0
}
