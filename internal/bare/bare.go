// Package bare starts processes that can gain nothing.
package bare

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// Thread is a thread that has nothing to hand down: what is started on it can never gain a privilege, and as root it leaves its
// children without a capability to regain. It must live as long as they do, for they are told to die with the thread that started
// them.
type Thread struct {
	starts chan func()
	End    func() // lets the thread go; nothing that it started may still run
}

// New makes one.
func New() (*Thread, error) {
	starts, ready := make(chan func()), make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		ready <- strip()
		for start := range starts {
			start()
		}
	}()
	return &Thread{starts, sync.OnceFunc(func() { close(starts) })}, <-ready
}

// strip takes from this thread what its children must not have.
func strip() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if os.Getuid() != 0 {
		return nil
	}
	for capability := 0; ; capability++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(capability), 0, 0, 0)
		if errors.Is(err, unix.EINVAL) {
			return nil // there are no more
		}
		if err != nil {
			return fmt.Errorf("capability %d: %w", capability, err)
		}
	}
}

// Do does something on the thread, and returns when it is done.
func (t *Thread) Do(do func()) {
	done := make(chan struct{})
	t.starts <- func() { defer close(done); do() }
	<-done
}

// Start starts a command on the thread.
func (t *Thread) Start(cmd *exec.Cmd) (err error) {
	t.Do(func() { err = cmd.Start() })
	return err
}
