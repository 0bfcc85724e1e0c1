package sign_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/agent"

	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/sign"
	"lockstep/sign/desk"
	"lockstep/sign/keys"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// now is what every laptop's clock says: before any file here was written, so that none is old unless it was made so.
var now = time.Date(2026, 11, 1, 9, 30, 0, 0, time.UTC)

// ceremony is some persons, each at a laptop of their own, and the files that go from one to the other.
type ceremony struct {
	t   *testing.T
	dir string
}

func newCeremony(t *testing.T) *ceremony {
	c := &ceremony{t, t.TempDir()}
	notifier, err := statement.ParseSealKey(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	c.write("notifier.pub", hex.EncodeToString(notifier.PublicKey().Bytes())+"\n")
	return c
}

func (c *ceremony) path(name string) string { return filepath.Join(c.dir, name) }

func (c *ceremony) write(name, text string) string {
	c.t.Helper()
	if err := os.WriteFile(c.path(name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return c.path(name)
}

func (c *ceremony) read(name string) []byte {
	c.t.Helper()
	data, err := os.ReadFile(c.path(name))
	if err != nil {
		c.t.Fatal(err)
	}
	return data
}

func (c *ceremony) envelopes(name string) [][]byte {
	c.t.Helper()
	b, err := statement.DecodeBundle(c.read(name))
	if err != nil {
		c.t.Fatal(err)
	}
	return b.Envelopes
}

// seedOf makes everybody's keys the same in every run, so that transcripts can be compared.
func seedOf(name string) []byte {
	sum := sha256.Sum256([]byte("seed of " + name))
	return sum[:]
}

func signerOf(t *testing.T, name string) *statement.Signer {
	t.Helper()
	s, err := statement.SignerFromSeed(seedOf(name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keyText(t *testing.T, name string) string { return keys.Text(signerOf(t, name).Key()) }

// laptop is one person's: an ssh-agent with their keys, and what they will type.
type laptop struct {
	*ceremony
	desk  *desk.Desk
	out   bytes.Buffer
	typed []string
}

func (c *ceremony) laptop(keys ...string) *laptop {
	c.t.Helper()
	return c.laptopWith(func(a agent.Agent) agent.Agent { return a }, keys...)
}

// laptopWith is a laptop whose agent is not quite an ordinary one.
func (c *ceremony) laptopWith(change func(agent.Agent) agent.Agent, keys ...string) *laptop {
	c.t.Helper()
	ring := agent.NewKeyring()
	for _, name := range keys {
		private := ed25519.NewKeyFromSeed(seedOf(name))
		if err := ring.Add(agent.AddedKey{PrivateKey: &private, Comment: name}); err != nil {
			c.t.Fatal(err)
		}
	}
	socket := filepath.Join(c.t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(change(ring), conn)
		}
	}()
	l := &laptop{ceremony: c}
	l.desk = &desk.Desk{Out: &l.out, Terminal: l, Now: func() time.Time { return now }, Agent: socket, Work: 4}
	return l
}

func (l *laptop) Line(prompt string) (string, error) {
	if len(l.typed) == 0 {
		return "", fmt.Errorf("nobody was told what to type at %q", prompt)
	}
	line := l.typed[0]
	l.typed = l.typed[1:]
	fmt.Fprintln(&l.out, prompt+line)
	return line, nil
}

func (l *laptop) Secret(prompt string) (string, error) {
	if len(l.typed) == 0 {
		return "", errors.New("nobody was told the passphrase")
	}
	line := l.typed[0]
	l.typed = l.typed[1:]
	fmt.Fprintln(&l.out, prompt)
	return line, nil
}

// types says what the person will type next.
func (l *laptop) types(lines ...string) *laptop {
	l.typed = lines
	return l
}

// try runs the program; names of files in the ceremony's folder are written @NAME.
func (l *laptop) try(args ...string) error {
	l.t.Helper()
	real := make([]string, len(args))
	for i, arg := range args {
		real[i] = arg
		if name, ok := strings.CutPrefix(arg, "@"); ok {
			real[i] = l.path(name)
		}
	}
	fmt.Fprintf(&l.out, "$ lockstep-sign %s\n", strings.Join(args, " "))
	err := sign.Run(real, l.desk)
	if err == nil && len(l.typed) > 0 {
		l.t.Fatalf("nobody asked for %q", l.typed)
	}
	return err
}

func (l *laptop) run(args ...string) {
	l.t.Helper()
	if err := l.try(args...); err != nil {
		l.t.Fatalf("%v\n%s", err, l.out.String())
	}
}

// refused runs the program, which must say this.
func (l *laptop) refused(want string, args ...string) {
	l.t.Helper()
	if err := l.try(args...); err == nil || !strings.Contains(err.Error(), want) {
		l.t.Errorf("lockstep-sign %s: got %v, want %q", strings.Join(args, " "), err, want)
	}
	l.typed = nil
}

var qrLines = regexp.MustCompile(`(\x1b\[30;107m[ ▀▄█]*\x1b\[0m\n)+`)

// transcript is what the person saw and typed, held against testdata.
func (l *laptop) transcript(name string) string {
	l.t.Helper()
	got := qrLines.ReplaceAllString(strings.ReplaceAll(l.out.String(), l.dir+"/", "@"), "[QR code]\n")
	if strings.ContainsRune(got, 0x1b) {
		l.t.Error("something painted the terminal")
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		l.t.Fatal(err)
	}
	if got != string(want) {
		l.t.Errorf("%s is no longer what is said; go test ./sign -update writes it anew\n%s", path, got)
	}
	return got
}

// texts are the codes that were shown, decoded.
func (l *laptop) texts(prefix string) (out [][]byte) {
	l.t.Helper()
	for line := range strings.Lines(l.out.String()) {
		coded, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), prefix)
		if !ok {
			continue
		}
		data, err := base45.Decode(coded)
		if err != nil {
			l.t.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

func text(prefix string, data []byte) string { return prefix + base45.Encode(data) }

// network describes a real network: three roots of whom two sign, and everybody else.
const network = `network = "spb"
epoch = 1
notifier = "notifier.pub"

[roots]
threshold = 2
keys = [
  { person = "Anna", key = "%s" },
  { person = "Boris", key = "%s" },
  { person = "Clara", key = "%s" },
]
[provisioning]
threshold = 2
keys = [{ person = "Paul", key = "%s" }, { person = "Rita", key = "%s" }]
[dispatch]
threshold = 1
keys = [{ person = "hub", key = "%s" }]
[time]
threshold = 1
keys = [{ person = "hub", key = "%s" }, { person = "notifier", key = "%s" }]
[operators]
threshold = 2
keys = [{ person = "Olga", key = "%s" }, { person = "Oleg", key = "%s" }, { person = "Tom", key = "%s" }]
[technicians]
threshold = 1
keys = [{ person = "Tom", key = "%s" }, { person = "Tina", key = "%s" }]
[[carriers]]
id = "house"
key_at_hub = true
threshold = 1
keys = [{ person = "hub", key = "%s" }]
`

func describe(t *testing.T) string {
	var k []any
	for _, name := range []string{"anna", "boris", "clara", "paul", "rita", "dispatch", "time-hub", "time-notifier", "olga", "oleg", "tom-operator", "tom", "tina", "house"} {
		k = append(k, keyText(t, name))
	}
	return fmt.Sprintf(network, k...)
}

// chartered is a ceremony whose charter stands.
func chartered(t *testing.T) (*ceremony, statement.Charter) {
	t.Helper()
	c := newCeremony(t)
	c.write("network.toml", describe(t))
	anna, boris := c.laptop("anna"), c.laptop("boris")
	anna.run("charter", "new", "@network.toml", "--out", "@charter.unsigned")
	anna.types("spb 1").run("charter", "sign", "@charter.unsigned", "--key", "agent", "--out", "@charter.anna")
	boris.types("spb 1").run("charter", "sign", "@charter.anna", "--key", "agent", "--out", "@charter.bundle")
	charter, err := statement.VerifyCharter(c.envelopes("charter.bundle"))
	if err != nil {
		t.Fatal(err)
	}
	return c, charter
}

const machine = `id = "spb-7"
zone = "Europe/Moscow"
interlock = true
low = [9, 10, 12]

[[boards]]
line = "bus0"
family = "8a"
address = 1
channels = 24
last_byte_first = true

[[boards]]
line = "bus1"
family = "cu16"
address = 0
channels = 16
sensors = true

[inputs]
gate = { board = 0, channel = 22 }
case = { board = 0, channel = 23 }
jumper = { board = 0, channel = 24 }

[[compartments]]
first = 1
last = 10
size = "S"
board = 0
channel = 1

[[compartments]]
first = 11
last = 12
size = "L"
board = 1
channel = 3
`

// provisioned is a ceremony with a locker that two persons have certified.
func provisioned(t *testing.T) (*ceremony, statement.Charter) {
	t.Helper()
	c, charter := chartered(t)
	c.write("locker.toml", machine)
	guard := signerOf(t, "guard").Key()
	c.write("guard.txt", fmt.Sprintf("key %x\nfingerprint %s\n", guard.Public, guard.Fingerprint()))
	mark := guard.Fingerprint()[len(guard.Fingerprint())-4:]
	c.laptop("paul").types("spb-7 "+mark).run("locker", "sign", "@locker.toml", "--guard", "@guard.txt", "--charter", "@charter.bundle", "--key", "agent", "-o", "@locker.paul")
	c.laptop("rita").types("spb-7 "+mark).run("locker", "add", "@locker.paul", "--charter", "@charter.bundle", "--key", "agent", "-o", "@locker.bundle")
	return c, charter
}

func challenge(t *testing.T, signer string, purpose statement.Purpose) (statement.Challenge, string) {
	t.Helper()
	c := statement.Challenge{Locker: "spb-7", Boot: 3, Counter: 41, Nonce: statement.Nonce{1, 2, 3}, Purpose: purpose}
	envelope, err := statement.Sign(signerOf(t, signer), c)
	if err != nil {
		t.Fatal(err)
	}
	return c, text("LSQ:", envelope)
}
