package kiosk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"go.bug.st/serial"
)

// reopenAfter is how long a scanner that is away is left alone.
const reopenAfter = 2 * time.Second

// readScanner hands every line that the scanner sends to seen, until ctx ends. It opens the device again when it goes away, and tells
// stands whenever it went or came.
func readScanner(ctx context.Context, device string, seen func(context.Context, string), stands func(bool), log *slog.Logger) error {
	away := false
	for {
		port, err := openScanner(device)
		if err == nil {
			if away {
				log.Info("scanner here", "device", device)
				stands(true)
			}
			away = false
			err = readPort(ctx, port, func(line string) { seen(ctx, line) })
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !away {
			log.Warn("scanner away", "device", device, "error", err)
			stands(false)
		}
		away = true
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(reopenAfter):
		}
	}
}

func openScanner(device string) (serial.Port, error) {
	// The speed matters to scanners on a real UART only; 9600 8N1 is what their data sheets ship.
	port, err := serial.Open(device, &serial.Mode{BaudRate: 9600})
	if err != nil {
		return nil, fmt.Errorf("kiosk: scanner: %w", err)
	}
	return port, nil
}

func readPort(ctx context.Context, port serial.Port, line func(string)) error {
	defer context.AfterFunc(ctx, func() { _ = port.Close() })()
	defer port.Close()
	return readLines(port, line)
}

// readLines hands on every line that ends in CR or LF. A line longer than any QR code is dropped whole.
func readLines(r io.Reader, line func(string)) error {
	buffer, held, dropping := make([]byte, 512), make([]byte, 0, 512), false
	for {
		n, err := r.Read(buffer)
		for _, b := range buffer[:n] {
			switch {
			case b == '\r' || b == '\n':
				if len(held) > 0 && !dropping {
					line(string(held))
				}
				clear(held)
				held, dropping = held[:0], false
			case len(held) >= maxText:
				dropping = true
			default:
				held = append(held, b)
			}
		}
		clear(buffer[:n])
		if err != nil {
			return err
		}
		if n == 0 { // a port that is closed under us reads nothing, without an error
			return errors.New("the device reads nothing more")
		}
	}
}
