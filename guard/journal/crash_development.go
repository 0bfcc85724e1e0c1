//go:build development

package journal

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// crash is read from LOCKSTEP_CRASH: "N:before", "N:torn", "N:after" kill this process at its N-th durable write: before
// any byte is written, after half of the bytes, or when they are safe and nothing has been done about them yet.
var crash = func() (c struct {
	at   int
	how  string
	seen int
}) {
	at, how, _ := strings.Cut(os.Getenv("LOCKSTEP_CRASH"), ":")
	c.at, _ = strconv.Atoi(at)
	c.how = how
	return c
}()

func crashPoint(file File, frames []byte) {
	if crash.at == 0 {
		return
	}
	before := file != nil
	if before {
		crash.seen++
	}
	if crash.seen != crash.at || before == (crash.how == "after") {
		return
	}
	if crash.how == "torn" {
		file.Write(frames[:len(frames)/2])
		file.Sync()
	}
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
