// Package demo is a whole network on one machine, from real processes: hub, notifier, one locker's guard, kiosk and link, and
// an emulated cabinet. People play it in a browser; the script plays three days of it by itself.
package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"lockstep/internal/bare"
)

// process is one of the network's programs.
type process struct {
	name   string
	args   []string
	env    []string
	user   int   // uid and gid, 0 to keep ours
	groups []int // further gids
	alone  bool  // in an empty network namespace
	dir    string

	cmd    *exec.Cmd
	ended  chan struct{}
	result error
	first  chan string // its first line of standard output
}

// programs starts processes in order and ends them in the opposite one.
type programs struct {
	logs    string // directory of their logs
	bare    *bare.Thread
	mu      sync.Mutex
	running []*process
}

// start runs a process. Its output goes to a log file of its name; it dies with us.
func (ps *programs) start(p *process) error {
	log, err := os.OpenFile(filepath.Join(ps.logs, p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	p.cmd = exec.Command(p.args[0], p.args[1:]...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GOTRACEBACK=all"}, p.env...)
	p.cmd.Dir, p.cmd.Stderr = p.dir, log
	p.first, p.ended = make(chan string, 1), make(chan struct{})
	p.cmd.Stdout = &firstLine{to: p.first, rest: log}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.user != 0 {
		credential := &syscall.Credential{Uid: uint32(p.user), Gid: uint32(p.user)}
		for _, g := range p.groups {
			credential.Groups = append(credential.Groups, uint32(g))
		}
		p.cmd.SysProcAttr.Credential = credential
	}
	if p.alone {
		p.cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	}
	if err := ps.bare.Start(p.cmd); err != nil {
		log.Close()
		return fmt.Errorf("%s: %w", p.name, err)
	}
	go func() {
		p.result = p.cmd.Wait()
		log.Close()
		close(p.ended)
	}()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.running = append(ps.running, p)
	return nil
}

// firstLine passes on the first line written to it and sends everything to a log.
type firstLine struct {
	to   chan string
	rest io.Writer
	held []byte
	done bool
}

func (f *firstLine) Write(b []byte) (int, error) {
	if !f.done {
		f.held = append(f.held, b...)
		if i := bytes.IndexByte(f.held, '\n'); i >= 0 {
			f.to <- string(f.held[:i])
			f.done, f.held = true, nil
		}
	}
	return f.rest.Write(b)
}

// kill ends a process at once, as a power cut would.
func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	<-p.ended
	return err
}

// stop asks a process to end and insists after five seconds.
func (p *process) stop() error {
	select {
	case <-p.ended:
		return p.result
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		_ = p.kill()
	}
	return nil
}

// stopAll ends everything that still runs, the newest first.
func (ps *programs) stopAll() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, p := range slices.Backward(ps.running) {
		_ = p.stop()
	}
	ps.running = nil
	ps.bare.End()
}

// run runs a command to its end and returns its standard output, also where it fails.
func (ps *programs) run(user int, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	if user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}}
	}
	err := ps.bare.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return out.String(), fmt.Errorf("%s %v: %w: %s", filepath.Base(name), args, err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}
