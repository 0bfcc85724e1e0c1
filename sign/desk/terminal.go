package desk

import (
	"errors"
	"io"
	"os"

	"golang.org/x/term"
)

// TTY is a person at the terminal of this process, whatever its standard input and output are. It is opened when something is asked.
type TTY struct {
	Path  string // /dev/tty
	file  *os.File
	lines *term.Terminal
}

// ErrNoTerminal is a program that runs where no person can see and type.
var ErrNoTerminal = errors.New("there is no terminal: nothing is signed where no person can read and type")

// Line reads a line of up to 4,096 characters.
func (t *TTY) Line(prompt string) (string, error) {
	return t.raw(func() (string, error) {
		t.lines.SetPrompt(prompt)
		return t.lines.ReadLine()
	})
}

// Secret reads a line and shows nothing of it.
func (t *TTY) Secret(prompt string) (string, error) {
	return t.raw(func() (string, error) { return t.lines.ReadPassword(prompt) })
}

func (t *TTY) raw(read func() (string, error)) (string, error) {
	if err := t.open(); err != nil {
		return "", err
	}
	before, err := term.MakeRaw(int(t.file.Fd()))
	if err != nil {
		return "", err
	}
	line, err := read()
	if errors.Is(err, io.EOF) {
		err = errors.New("given up: nothing was signed")
	}
	return line, errors.Join(err, term.Restore(int(t.file.Fd()), before))
}

func (t *TTY) open() error {
	if t.file != nil {
		return nil
	}
	file, err := os.OpenFile(t.Path, os.O_RDWR, 0)
	if err != nil {
		return ErrNoTerminal
	}
	if !term.IsTerminal(int(file.Fd())) {
		return errors.Join(ErrNoTerminal, file.Close())
	}
	t.file, t.lines = file, term.NewTerminal(file, "")
	return nil
}
