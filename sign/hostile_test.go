package sign_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"lockstep/guard/statement"
)

// paints says whether a screen holds anything but lines of visible characters and our own QR codes.
func paints(screen string) bool {
	return strings.ContainsAny(qrLines.ReplaceAllString(screen, ""), "\x1b\x00\x07\x08\r\u009b\u202e")
}

func TestDescriptionsRefused(t *testing.T) {
	c := newCeremony(t)
	good := describe(t)
	l := c.laptop("anna")
	for want, text := range map[string]string{
		"nothing here is called operators.treshold": strings.Replace(good, "[operators]\nthreshold", "[operators]\ntreshold", 1),
		"a key in two roles":                        strings.Replace(good, keyText(t, "tom"), keyText(t, "tom-operator"), 1),
		"threshold 4 of 3 persons":                  strings.Replace(good, "[roots]\nthreshold = 2", "[roots]\nthreshold = 4", 1),
		"whose name can be printed":                 strings.Replace(good, `"Anna"`, `"Anna\u001b[2J"`, 1),
		"technicians, Tina":                         strings.Replace(good, keyText(t, "tina"), "ed25519:12", 1),
		"line 2":                                    strings.Replace(good, "epoch = 1", "epoch = one", 1),
		"the notifier's public key":                 strings.Replace(good, "notifier.pub", "nobody.pub", 1),
		"epochs begin at 1":                         strings.Replace(good, "epoch = 1", "epoch = 0", 1),
		"no proper name":                            strings.Replace(good, `"spb"`, `"SPB 1"`, 1),
	} {
		c.write("bad.toml", text)
		l.refused(want, "charter", "new", "@bad.toml", "-o", "@x")
	}
	c.write("good.toml", good)
	l.run("charter", "new", "@good.toml", "-o", "@charter.unsigned")
}

func TestLockersRefused(t *testing.T) {
	c, _ := chartered(t)
	guard := signerOf(t, "guard").Key()
	c.write("guard.txt", fmt.Sprintf("key %x\nfingerprint %s\n", guard.Public, guard.Fingerprint()))
	l := c.laptop("paul")
	for want, text := range map[string]string{
		"whether interlock":            strings.Replace(machine, "interlock = true\n", "", 1),
		"which is not there":           strings.Replace(machine, "low = [9", "low = [99", 1),
		"used twice":                   strings.Replace(machine, "channel = 3", "channel = 3\n[[compartments]]\nfirst = 13\nlast = 13\nsize = \"S\"\nboard = 1\nchannel = 4", 1),
		"would have channel 256":       strings.Replace(machine, "first = 11\nlast = 12\nsize = \"L\"\nboard = 1\nchannel = 3", "first = 11\nlast = 20\nsize = \"L\"\nboard = 1\nchannel = 250", 1),
		"compartments from 65530 to 3": strings.Replace(machine, "first = 1\nlast = 10", "first = 65530\nlast = 3", 1),
		"a size is S, M or L":          strings.Replace(machine, `size = "S"`, `size = "XS"`, 1),
		"no button":                    strings.Replace(machine, "gate = { board = 0, channel = 22 }\n", "", 1),
		"time zone":                    strings.Replace(machine, "Europe/Moscow", "\\u001b[2J", 1),
	} {
		c.write("bad.toml", text)
		l.refused(want, "locker", "sign", "@bad.toml", "--guard", "@guard.txt", "--charter", "@charter.bundle", "--key", "agent", "-o", "@x")
	}
}

// TestPapersRefused: bytes that are nearly ours.
func TestPapersRefused(t *testing.T) {
	c, charter := provisioned(t)
	_, code := challenge(t, "guard", statement.ForOverride)
	olga := c.laptop("olga")
	with := func(args ...string) []string { return append(args, "--charter", "@charter.bundle") }
	olga.types("7 spb-7").run(with("override", code, "--compartment", "7", "--parcel", "none", "--reason", reason, "--key", "agent", "-o", "@good")...)
	good := c.read("good")
	o, err := statement.ReadUnverified[statement.Override](c.envelopes("good")[0])
	if err != nil {
		t.Fatal(err)
	}
	bundleBy := func(name string, said statement.Statement) string {
		envelope, err := statement.Sign(signerOf(t, name), said)
		if err != nil {
			t.Fatal(err)
		}
		data, err := statement.Bundle{Envelopes: [][]byte{envelope}}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	other := o
	other.Compartment = 8
	broken := bytes.Clone(good)
	broken[len(broken)-1] ^= 1
	charter.Roots.Holders[0].Person = "Anna\x1b[2J\nCOMPLETE."
	for name, f := range map[string]struct{ data, want string }{
		"a byte too many":     {string(good) + "\x00", "neither a signed nor an unsigned"},
		"cut":                 {string(good[:len(good)-1]), "neither a signed nor an unsigned"},
		"a changed signature": {string(broken), "does not verify"},
		"a stranger's":        {bundleBy("stranger", o), "does not hold this role"},
		"another statement":   {bundleBy("olga", statement.Lift{Locker: "spb-7", Record: 1}), "this is not a lockstep/override"},
		"an unknown field":    {string(statement.Encode(map[int]any{1: "spb-7", 99: "x"})), "neither a signed nor an unsigned"},
		"indefinite":          {"\xbf\x01\x65spb-7\xff", "neither a signed nor an unsigned"},
		"a reason that hides": {string(statement.Encode(statement.Override{Locker: "spb-7", Counter: 1, Compartment: 1, Reason: "harmless\x1b[2Jreason"})), "printable characters"},
		"huge":                {strings.Repeat("x", 2<<20), "no file of ours is that long"},
		"not a text of ours":  {"LSO:abc", "damaged"},
	} {
		c.write("bad", f.data)
		olga.refused(f.want, with("override", "check", "@bad")...)
		if err := olga.try(with("override", "add", "@bad", "--key", "agent", "-o", "@x")...); err == nil {
			t.Errorf("%s was signed", name)
		}
	}
	c.write("other", bundleBy("oleg", other))
	olga.refused("does not say the same", with("override", "check", "@good", "@other")...)
	c.write("charter.hostile", string(statement.Encode(charter)))
	c.laptop("anna").refused("whose name can be printed", "charter", "sign", "@charter.hostile", "--key", "agent", "-o", "@x")
	olga.refused("no such file", with("override", "check", "@nowhere")...)
	if paints(olga.out.String()) {
		t.Errorf("the terminal was painted: %q", olga.out.String())
	}
	if _, err := os.Stat(c.path("x")); !errors.Is(err, os.ErrNotExist) {
		t.Error("something was written")
	}
}

func TestChallengesRefused(t *testing.T) {
	c, _ := provisioned(t)
	_, code := challenge(t, "guard", statement.ForOverride)
	_, courier := challenge(t, "guard", statement.ForCourier)
	_, foreign := challenge(t, "another guard", statement.ForOverride)
	elsewhere, err := statement.Sign(signerOf(t, "guard"), statement.Challenge{Locker: "spb-8", Counter: 1, Purpose: statement.ForOverride})
	if err != nil {
		t.Fatal(err)
	}
	head, err := statement.Sign(signerOf(t, "guard"), statement.Head{Locker: "spb-7", Position: 1})
	if err != nil {
		t.Fatal(err)
	}
	olga := c.laptop("olga")
	args := func(challenge, compartment, why string) []string {
		return []string{"override", challenge, "--compartment", compartment, "--parcel", "none", "--reason", why,
			"--certificate", "@locker.bundle", "--charter", "@charter.bundle", "--key", "agent", "-o", "@x"}
	}
	for want, challenge := range map[string]string{"for a courier": courier, "not of the guard": foreign, "of the locker spb-8": text("LSQ:", elsewhere),
		"lockstep/challenge": text("LSQ:", head), "damaged": code[:len(code)-2], "no such file": "LSA:1"} {
		olga.refused(want, args(challenge, "7", reason)...)
	}
	olga.refused("no compartment 99", args(code, "99", reason)...)
	olga.refused("the number on its door", args(code, "0", reason)...)
	olga.refused("8 to 120 printable", args(code, "7", "short")...)
	olga.refused("8 to 120 printable", args(code, "7", "looks fine\x1b[8m but is not")...)
	olga.refused("check digit", append(args(code, "7", reason), "--parcel", "200010000002")...)
	olga.types("y").refused("not confirmed", args(code, "7", reason)...)
	olga.types("7 spb-8").refused("not confirmed", args(code, "7", reason)...)
	if _, err := os.Stat(c.path("x")); !errors.Is(err, os.ErrNotExist) {
		t.Error("something was written")
	}

	path := c.write("old.txt", code)
	if err := os.Chtimes(path, now.Add(-43*time.Minute), now.Add(-43*time.Minute)); err != nil {
		t.Fatal(err)
	}
	olga.types("7 spb-7").run(args("@old.txt", "7", reason)...) // it is said and not refused: nobody trusts this clock
	if !strings.Contains(olga.out.String(), "43 minutes old") {
		t.Error("an old challenge is not mentioned")
	}
}

// liar is an agent whose signatures do not verify, and whose comments paint.
type liar struct{ agent.Agent }

func (l liar) Sign(key ssh.PublicKey, data []byte) (*ssh.Signature, error) {
	return l.Agent.Sign(key, append(data, '!'))
}

func (l liar) List() ([]*agent.Key, error) {
	all, err := l.Agent.List()
	for _, k := range all {
		k.Comment = "olga\x1b[2J\nCOMPLETE."
	}
	return all, err
}

func TestLyingAgent(t *testing.T) {
	c, _ := chartered(t)
	olga := c.laptopWith(func(a agent.Agent) agent.Agent { return liar{a} }, "olga")
	olga.run("key", "list")
	if paints(olga.out.String()) || strings.Contains(olga.out.String(), "\nCOMPLETE") {
		t.Errorf("a comment painted the terminal: %q", olga.out.String())
	}
	olga.types("161 spb-7").refused("nothing was signed", "lift", "--locker", "spb-7", "--record", "161", "--hash", strings.Repeat("ab", 32),
		"--charter", "@charter.bundle", "--key", "agent", "-o", "@x")
	if _, err := os.Stat(c.path("x")); !errors.Is(err, os.ErrNotExist) {
		t.Error("something was written")
	}
	honest := c.laptop("olga")
	honest.refused("holds no such key", "lift", "--locker", "spb-7", "--record", "161", "--hash", strings.Repeat("ab", 32),
		"--charter", "@charter.bundle", "--key", "agent:0000", "-o", "@x")
}

// TestAgentOfSeveralKeys: the one key that may sign is taken, whatever else the agent holds; of two, one must be named.
func TestAgentOfSeveralKeys(t *testing.T) {
	c, charter := chartered(t)
	lift := func(key, out string) []string {
		return []string{"lift", "--locker", "spb-7", "--record", "161", "--hash", strings.Repeat("ab", 32), "--charter", "@charter.bundle", "--key", key, "-o", out}
	}
	mixed := c.laptop("stranger", "olga", "tina")
	mixed.types("161 spb-7").run(lift("agent", "@a")...)
	if !strings.Contains(mixed.out.String(), "You sign as Olga,") {
		t.Errorf("it said\n%s", mixed.out.String())
	}
	both := c.laptop("olga", "oleg")
	both.refused("say which", lift("agent", "@x")...)
	both.types("161 spb-7").run(lift("agent:"+signerOf(t, "oleg").Key().Fingerprint()[:9], "@b")...)
	both.run("lift", "check", "@a", "@b", "--charter", "@charter.bundle")
	if _, persons, err := statement.VerifyLift(append(c.envelopes("a"), c.envelopes("b")...), charter); err != nil || len(persons) != 2 {
		t.Errorf("by %v, %v", persons, err)
	}
}
