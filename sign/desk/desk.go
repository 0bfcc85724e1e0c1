// Package desk is the table at which a person signs: what is printed, what is asked and typed, QR codes on the terminal, files.
// Whatever was not written in this program's source is printed with every character visible, so that no hostile file can paint
// the terminal.
package desk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"
	"unicode"
)

// Terminal is the person. Both give one line, without its end.
type Terminal interface {
	Line(prompt string) (string, error)
	Secret(prompt string) (string, error) // what is typed is not shown
}

// Desk is what a command works with.
type Desk struct {
	Out io.Writer
	Terminal
	Now   func() time.Time // this computer's clock, which nobody trusts
	Agent string           // socket of the ssh-agent; empty for none
	Work  int              // power of two of scrypt's work for new key files
}

// Say prints a line of ours, into which others' texts are put visibly (see Visible).
func (d *Desk) Say(format string, args ...any) {
	fmt.Fprintln(d.Out, Sprintf(format, args...))
}

// Sprintf is fmt.Sprintf with every text among args made Visible.
func Sprintf(format string, args ...any) string {
	shown := make([]any, len(args))
	for i, arg := range args {
		shown[i] = arg
		switch arg := arg.(type) {
		case error:
			shown[i] = Visible(arg.Error())
		case fmt.Stringer:
			shown[i] = Visible(arg.String())
		default:
			if v := reflect.ValueOf(arg); v.Kind() == reflect.String {
				shown[i] = Visible(v.String())
			}
		}
	}
	return fmt.Sprintf(format, shown...)
}

// Visible writes every character that would not show itself as its code: line ends, control and direction characters, spaces
// other than the ordinary one.
func Visible(s string) string {
	var out strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, "<U+%04X>", r)
		}
	}
	return out.String()
}

// ErrNotConfirmed is a person who did not type what was asked.
var ErrNotConfirmed = errors.New("not confirmed: nothing was signed")

// Confirm goes on only when the person types exactly want, which is not an answer that one gives out of habit.
func (d *Desk) Confirm(what, want string) error {
	typed, err := d.Line(Sprintf("To sign, type %s (%s): ", what, want))
	if err != nil {
		return err
	}
	if strings.Join(strings.Fields(typed), " ") != want {
		return ErrNotConfirmed
	}
	return nil
}

// NewPassphrase asks for a passphrase twice.
func (d *Desk) NewPassphrase() (string, error) {
	first, err := d.Secret("A passphrase for the new key: ")
	if err != nil {
		return "", err
	}
	again, err := d.Secret("The same again: ")
	if err == nil && first != again {
		err = errors.New("the two passphrases are not the same")
	}
	return first, err
}

// Free says whether a file can be written, so that nobody types a passphrase for nothing.
func (d *Desk) Free(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists and is not written over", path)
	}
	return nil
}

// Write writes a file and never over another.
func (d *Desk) Write(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		d.Say("written to %s", path)
	}
	return err
}
