package desk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

func TestNothingPaintsTheTerminal(t *testing.T) {
	type person string
	for _, hostile := range []string{"\x1b[2J", "a\nCOMPLETE.", "a\rb", "\u202egnp.exe", "a\u200bb", "\u009b31m", "tab\there", "\u00a0", "bad \xff byte"} {
		var out bytes.Buffer
		d := &Desk{Out: &out}
		d.Say("%s|%v|%q|%v", hostile, errors.New(hostile), person(hostile), person(hostile))
		for _, r := range strings.TrimSuffix(out.String(), "\n") {
			if Visible(string(r)) != string(r) {
				t.Errorf("%q printed %q", hostile, out.String())
			}
		}
	}
	if got := Sprintf("%d of %s", 3, "Анна"); got != "3 of Анна" {
		t.Errorf("an honest text became %q", got)
	}
}

type typing string

func (s typing) Line(string) (string, error)   { return string(s), nil }
func (s typing) Secret(string) (string, error) { return string(s), nil }

func TestConfirm(t *testing.T) {
	for typed, want := range map[string]error{"17 demo-1": nil, "  17   demo-1 ": nil, "": ErrNotConfirmed, "y": ErrNotConfirmed, "yes": ErrNotConfirmed,
		"17": ErrNotConfirmed, "17 demo-2": ErrNotConfirmed, "17 DEMO-1": ErrNotConfirmed} {
		d := &Desk{Terminal: typing(typed)}
		if err := d.Confirm("both", "17 demo-1"); !errors.Is(err, want) {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestWriteNeverOver(t *testing.T) {
	d, path := &Desk{Out: &bytes.Buffer{}}, filepath.Join(t.TempDir(), "x")
	if err := d.Write(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(path, []byte("second")); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "first" {
		t.Errorf("the file now holds %q", data)
	}
}

// TestTTY types at a real pseudo-terminal: a long line arrives whole, a passphrase is not shown.
func TestTTY(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	defer master.Close()
	defer slave.Close()
	long := strings.Repeat("LSQ:0123456789", 290)
	shown := make(chan string)
	go func() {
		shown <- typeAt(master, map[string]string{"paste: ": long + "\r", "passphrase: ": "correct horse\r", "again: ": "\x04"})
	}()
	tty := &TTY{Path: slave.Name()}
	if line, err := tty.Line("paste: "); err != nil || line != long {
		t.Errorf("%d characters of %d, %v", len(line), len(long), err)
	}
	if line, err := tty.Secret("passphrase: "); err != nil || line != "correct horse" {
		t.Errorf("got %q, %v", line, err)
	}
	if _, err := tty.Line("again: "); err == nil {
		t.Error("the end of the input was taken for a line")
	}
	tty.file.Close()
	slave.Close()
	if all := <-shown; strings.Contains(all, "correct horse") || !strings.Contains(all, "passphrase: ") || !strings.Contains(all, "LSQ:0123") {
		t.Errorf("the terminal showed %q", all)
	}
}

// typeAt answers each prompt once it is shown, and gives all that was shown until the terminal is closed.
func typeAt(master *os.File, answers map[string]string) string {
	var all []byte
	part := make([]byte, 4096)
	for {
		n, err := master.Read(part)
		if all = append(all, part[:n]...); err != nil {
			return string(all)
		}
		for prompt, answer := range answers {
			if strings.HasSuffix(string(all), prompt) {
				delete(answers, prompt)
				go master.WriteString(answer) // the terminal echoes while it reads
			}
		}
	}
}

func TestNoTerminal(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), os.DevNull} {
		if _, err := (&TTY{Path: path}).Line("?"); !errors.Is(err, ErrNoTerminal) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
