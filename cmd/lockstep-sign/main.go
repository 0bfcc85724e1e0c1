// Command lockstep-sign is what persons sign with, offline: charters, locker certificates, overrides, lifts.
package main

import (
	"fmt"
	"os"
	"time"

	"lockstep/sign"
	"lockstep/sign/desk"
)

// work is the power of two of scrypt's work for new key files: about a second.
const work = 18

func main() {
	d := &desk.Desk{Out: os.Stdout, Terminal: &desk.TTY{Path: "/dev/tty"}, Now: time.Now, Agent: os.Getenv("SSH_AUTH_SOCK"), Work: work}
	if err := sign.Run(os.Args[1:], d); err != nil {
		fmt.Fprintln(os.Stderr, "lockstep-sign:", desk.Visible(err.Error()))
		os.Exit(1)
	}
}
