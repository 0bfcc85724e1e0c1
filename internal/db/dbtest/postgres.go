package dbtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// nobody runs PostgreSQL when the tests run as root, which it refuses to be.
const nobody = 65534

type postgres struct {
	once   sync.Once
	failed error
	dir    string // data and socket; short, because a socket's path is
	server *exec.Cmd
	ended  chan struct{}
}

var cluster postgres

var errMissing = errors.New("dbtest: no PostgreSQL on this machine")

func missing(err error) bool { return errors.Is(err, errMissing) }

func (p *postgres) start() error {
	p.once.Do(func() { p.failed = p.run() })
	return p.failed
}

func (p *postgres) run() error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("/tmp", "pg"); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if err := os.Chown(p.dir, nobody, nobody); err != nil {
			return err
		}
	}
	if err := os.Chmod(p.dir, 0o711); err != nil { // processes of other users reach the socket; the data stays closed
		return err
	}
	data := filepath.Join(p.dir, "data")
	initdb := p.command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("dbtest: initdb: %w\n%s", err, out)
	}
	p.server = p.command(filepath.Join(bin, "postgres"), "-D", data, "-k", p.dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "max_connections=200")
	return p.serve()
}

// serve starts the server on a thread that stays as long as it runs: the server ends with the thread, so also when the test
// process dies.
func (p *postgres) serve() error {
	started := make(chan error)
	p.ended = make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(p.ended)
		err := p.server.Start()
		started <- err
		if err == nil {
			p.server.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("dbtest: %w", err)
	}
	return p.ready()
}

// ready waits until the socket is there: a real process on a real clock.
func (p *postgres) ready() error {
	for range 200 {
		select {
		case <-p.ended:
			return errors.New("dbtest: PostgreSQL ended at once")
		case <-time.After(50 * time.Millisecond):
		}
		if exec.Command(filepath.Join(filepath.Dir(p.server.Path), "pg_isready"), "-h", p.dir).Run() == nil {
			return nil
		}
	}
	return errors.New("dbtest: PostgreSQL did not get ready within 10 s")
}

func (p *postgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

func (p *postgres) stop() {
	if p.server != nil && p.server.Process != nil {
		p.server.Process.Signal(syscall.SIGQUIT)
		<-p.ended
	}
	if p.dir != "" {
		os.RemoveAll(p.dir)
	}
}

// binaries is the folder of the newest installed PostgreSQL.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errMissing
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}
