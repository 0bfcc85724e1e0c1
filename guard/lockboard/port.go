package lockboard

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// Port is an open serial line, 8N1. Read returns 0, nil when the read timeout has passed without a byte.
type Port interface {
	io.ReadWriteCloser
	SetReadTimeout(time.Duration) error
}

// SerialPort says how to open the serial device at a path; it is called again whenever a line starts afresh.
func SerialPort(path string) func(baud int) (Port, error) {
	return func(baud int) (Port, error) {
		port, err := serial.Open(path, &serial.Mode{BaudRate: baud, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit})
		if err != nil {
			return nil, fmt.Errorf("lockboard: open %s: %w", path, err)
		}
		if err := port.ResetInputBuffer(); err != nil { // whatever came before answers no question of ours
			return nil, errors.Join(fmt.Errorf("lockboard: open %s: %w", path, err), port.Close())
		}
		return port, nil
	}
}

// IsPseudoTerminal says whether a path leads to the slave side of a pseudo-terminal (Linux majors 136–143), the only
// kind of line that a development charter may drive.
func IsPseudoTerminal(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, fmt.Errorf("lockboard: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return false, fmt.Errorf("lockboard: %s: %w", path, err)
	}
	major := unix.Major(uint64(st.Rdev))
	return info.Mode()&os.ModeCharDevice != 0 && major >= 136 && major <= 143, nil
}
