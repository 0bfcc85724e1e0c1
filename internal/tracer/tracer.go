// Package tracer runs a program and stands beside its system calls: it sees each that may last or be seen outside before it is made
// and after, and can end the program right there, cut a write short, or have a call fail. It works on Linux on amd64.
package tracer

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Call is a system call that one thread of the traced program is about to make, or has made.
type Call struct {
	Number int
	Args   [6]uint64
	Made   bool
	Return int64 // of a call that was made: what it gave, or minus an errno

	Process int
}

// Order says what becomes of a call. The zero Order lets it be made, unobserved further.
type Order struct {
	Kill  bool          // SIGKILL: a call that is not made yet never will be
	Hold  time.Duration // with Kill, before the call: it is held up for so long first, while the other threads go on
	Watch bool          // be told again when it has been made
	Fail  syscall.Errno // it is not made, and gives this error
	Most  uint64        // its third argument is this: a write is cut short; 0 leaves it
}

// Bytes reads the program's memory.
func (c *Call) Bytes(at uint64, n int) ([]byte, error) {
	data := make([]byte, n)
	if n == 0 {
		return nil, nil
	}
	local := []unix.Iovec{{Base: &data[0], Len: uint64(n)}}
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: n}}
	got, err := unix.ProcessVMReadv(c.Process, local, remote, 0)
	return data[:max(got, 0)], err
}

// Path reads a path that an argument points to.
func (c *Call) Path(argument int) string {
	data, err := c.Bytes(c.Args[argument], unix.PathMax)
	for n := 1 << 11; err != nil && n > 0; n /= 2 { // it may lie at the end of what is mapped
		data, err = c.Bytes(c.Args[argument], n)
	}
	text, _, _ := bytes.Cut(data, []byte{0})
	return string(text)
}

// File is what a descriptor leads to: a path, or "socket:[…]" and the like.
func (c *Call) File(descriptor uint64) string {
	to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", c.Process, int32(descriptor)))
	return to
}

// Offset is where the next write on a descriptor goes.
func (c *Call) Offset(descriptor uint64) int64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", c.Process, int32(descriptor)))
	_, after, _ := strings.Cut(string(data), "pos:")
	line, _, _ := strings.Cut(after, "\n")
	at, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return at
}
