//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

const phrase = "correct horse battery"

// paperwork is a folder in which persons at terminals sign with the real program.
type paperwork struct {
	t        *testing.T
	dir, bin string
}

// sign types the lines at a real terminal, one at each question, and gives what the screen showed.
func (p *paperwork) sign(args string, lines ...string) string {
	p.t.Helper()
	cmd := exec.Command(filepath.Join(p.bin, "lockstep-sign"), strings.Fields(args)...)
	cmd.Dir = p.dir
	terminal, err := pty.Start(cmd)
	if err != nil {
		p.t.Fatal(err)
	}
	defer terminal.Close()
	var screen []byte
	part := make([]byte, 4096)
	for {
		n, err := terminal.Read(part)
		screen = append(screen, part[:n]...)
		if err != nil {
			break
		}
		if len(lines) > 0 && strings.HasSuffix(string(screen), ": ") {
			fmt.Fprint(terminal, lines[0]+"\r")
			lines = lines[1:]
		}
	}
	if err := cmd.Wait(); err != nil || len(lines) > 0 {
		p.t.Fatalf("lockstep-sign %s: %v, not asked for: %q\n%s", args, err, lines, screen)
	}
	return string(screen)
}

func (p *paperwork) run(program string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(p.bin, program), args...)
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var shownKey = regexp.MustCompile(`key +(ed25519:[0-9a-f]{64})`)

// TestCeremony goes from the first key to a real network's hub and guard, with the programs that persons run.
func TestCeremony(t *testing.T) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	p := &paperwork{t, t.TempDir(), bin}
	var description strings.Builder
	description.WriteString("network = \"real\"\nepoch = 1\nnotifier = \"notifier.pub\"\n")
	describe := func(table string, threshold int, persons, machines []string) {
		fmt.Fprintf(&description, "%s\nthreshold = %d\nkeys = [\n", table, threshold)
		for _, name := range persons {
			shown := p.sign("key new --person "+name+" --role any -o "+name+".key", phrase, phrase)
			fmt.Fprintf(&description, "{ person = %q, key = %q },\n", name, shownKey.FindStringSubmatch(shown)[1])
		}
		for _, name := range machines {
			fmt.Fprintf(&description, "{ person = %q, key = %q },\n", name, shownKey.FindStringSubmatch(p.sign("key seed -o " + name + ".seed"))[1])
		}
		description.WriteString("]\n")
	}
	describe("[roots]", 2, []string{"anna", "boris", "clara"}, nil)
	describe("[provisioning]", 2, []string{"paul", "rita"}, nil)
	describe("[dispatch]", 1, nil, []string{"dispatch"})
	describe("[time]", 1, nil, []string{"time-hub", "time-notifier"})
	describe("[[carriers]]\nid = \"house\"\nkey_at_hub = true", 1, nil, []string{"carrier-house"})
	p.sign("key seal -o notifier.seal --public notifier.pub")
	p.write("network.toml", description.String())
	p.sign("charter new network.toml -o charter.unsigned")
	p.sign("charter sign charter.unsigned --key anna.key -o charter.anna", "real 1", phrase)
	if shown := p.sign("charter sign charter.anna --key clara.key -o charter.bundle", "real 1", "a slip", phrase); !strings.Contains(shown, "COMPLETE") || strings.Contains(shown, phrase) {
		t.Errorf("the screen showed\n%s", shown)
	}

	if out, err := p.run("lockstep", "hub", "--keys", ".", "--database", "hub.db", "status"); err != nil {
		t.Errorf("the hub does not take the charter: %v\n%s", err, out)
	}
	printed, err := p.run("lockstep-guard", "init", "-dir", "guard")
	if err != nil {
		t.Fatal(err)
	}
	p.write("guard.txt", printed)
	p.write("locker.toml", machine)
	confirm := "real-1 " + printed[len(printed)-5:len(printed)-1]
	p.sign("locker sign locker.toml --guard guard.txt --charter charter.bundle --key paul.key -o real-1.paul", confirm, phrase)
	p.sign("locker add real-1.paul --charter charter.bundle --key rita.key -o real-1.bundle", confirm, phrase)
	provision := func(certificate string) string {
		out, err := p.run("lockstep-guard", "provision", "-dir", "guard", "-charter", "charter.bundle", "-certificate", certificate)
		if err == nil {
			t.Error("a guard was provisioned without a jumper")
		}
		return out
	}
	if out := provision("real-1.paul"); !strings.Contains(out, "1 of 2 distinct persons") {
		t.Errorf("one signature: %s", out)
	}
	if out := provision("real-1.bundle"); !strings.Contains(out, `no device was given for line "bus0"`) { // all that is left is the jumper
		t.Errorf("two signatures: %s", out)
	}
	p.refusesWithoutTerminal()
}

const machine = `id = "real-1"
zone = "Europe/Moscow"
interlock = true
boards = [{ line = "bus0", family = "8a", address = 1, channels = 24 }]
inputs = { gate = { board = 0, channel = 22 }, jumper = { board = 0, channel = 24 } }
compartments = [{ first = 1, last = 20, size = "S", board = 0, channel = 1 }]
`

func (p *paperwork) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// refusesWithoutTerminal: a script that pipes the confirmation gets no signature.
func (p *paperwork) refusesWithoutTerminal() {
	p.t.Helper()
	cmd := exec.Command(filepath.Join(p.bin, "lockstep-sign"), "charter", "sign", "charter.anna", "--key", "boris.key", "-o", "piped")
	cmd.Dir, cmd.Stdin, cmd.SysProcAttr = p.dir, strings.NewReader("real 1\n"+phrase+"\n"), &syscall.SysProcAttr{Setsid: true}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "there is no terminal") {
		p.t.Errorf("got %v, %s", err, out)
	}
}
