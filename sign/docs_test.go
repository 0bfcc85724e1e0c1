package sign_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// TestDocs runs the ceremony of docs/ceremony.md on its own samples, up to a guard that takes what comes out.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/ceremony.md")
	if err != nil {
		t.Fatal(err)
	}
	samples := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(samples) != 2 {
		t.Fatalf("%d samples", len(samples))
	}
	c := newCeremony(t)
	holders := regexp.MustCompile(`person = "(\w+)[^"]*", key = "\w+:…"`)
	n := 0
	c.write("network.toml", holders.ReplaceAllStringFunc(samples[0][1], func(holder string) string {
		person := strings.ToLower(holders.FindStringSubmatch(holder)[1])
		if person == "hub" || person == "notifier" {
			n++
			person = fmt.Sprint("machine ", n)
		}
		return fmt.Sprintf(`person = "%s", key = "%s"`, person, keyText(t, person))
	}))
	c.write("locker.toml", samples[1][1])
	guard := signerOf(t, "guard").Key()
	c.write("guard.txt", fmt.Sprintf("key %x\nfingerprint %s\n", guard.Public, guard.Fingerprint()))
	mark := "spb-7 " + guard.Fingerprint()[len(guard.Fingerprint())-4:]

	c.laptop("anna").run("charter", "new", "@network.toml", "-o", "@charter.unsigned")
	c.laptop("anna").types("spb 1").run("charter", "sign", "@charter.unsigned", "--key", "agent", "-o", "@charter.anna")
	c.laptop("boris").types("spb 1").run("charter", "sign", "@charter.anna", "--key", "agent", "-o", "@charter.bundle")
	c.laptop("paul").types(mark).run("locker", "sign", "@locker.toml", "--guard", "@guard.txt", "--charter", "@charter.bundle", "--key", "agent", "-o", "@spb-7.paul")
	c.laptop("rita").types(mark).run("locker", "add", "@spb-7.paul", "--charter", "@charter.bundle", "--key", "agent", "-o", "@spb-7.bundle")

	_, facts, err := rules.Facts{}.Provision(c.envelopes("charter.bundle"), c.envelopes("spb-7.bundle"))
	if err != nil || facts.Locker.ID != "spb-7" || len(facts.Compartments) != 10 || facts.Network.Development {
		t.Errorf("the guard has the locker %q of %d compartments, %v", facts.Locker.ID, len(facts.Compartments), err)
	}
	if _, _, err := (rules.Facts{}).Provision(c.envelopes("charter.bundle"), c.envelopes("spb-7.paul")); statement.Reason(err) != "persons" {
		t.Errorf("one of two signed: %v", err)
	}
}
