package cabinet

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal in raw mode: the cabinet holds one side, the software under test opens the other by its path.
type terminal struct {
	master, slave *os.File
	link          string // a stable name for the slave's path
}

func openTerminal(dir, name string) (*terminal, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("cabinet: pseudo-terminal: %w", err)
	}
	t := &terminal{master: master, slave: slave, link: filepath.Join(dir, name)}
	if err := t.prepare(); err != nil {
		t.close()
		return nil, fmt.Errorf("cabinet: pseudo-terminal %s: %w", name, err)
	}
	return t, nil
}

func (t *terminal) prepare() error {
	if err := t.control(makeRaw); err != nil {
		return err
	}
	if err := os.Remove(t.link); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(t.slave.Name(), t.link)
}

// makeRaw is cfmakeraw(3).
func makeRaw(fd int) error {
	mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	mode.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	mode.Oflag &^= unix.OPOST
	mode.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	mode.Cflag = mode.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	return unix.IoctlSetTermios(fd, unix.TCSETS, mode)
}

// release gives up an exclusive hold that a killed process has left. A real port forgets it with its last close; this one
// is never closed for good, because the cabinet itself keeps the slave open.
func (t *terminal) release() error {
	return t.control(func(fd int) error { return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0) })
}

func (t *terminal) control(act func(fd int) error) error {
	raw, err := t.slave.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = act(int(fd)) }); err != nil {
		return err
	}
	return inner
}

func (t *terminal) close() {
	_ = os.Remove(t.link) // it may never have been made
	_ = t.master.Close()
	_ = t.slave.Close()
}
