package sign_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// TestFirstCharter: three roots at three laptops, two of whom sign; a real network's charter.
func TestFirstCharter(t *testing.T) {
	c := newCeremony(t)
	c.write("network.toml", describe(t))
	anna, boris, clara := c.laptop("anna"), c.laptop("boris"), c.laptop("clara")
	anna.run("charter", "new", "@network.toml", "--out", "@charter.unsigned")
	anna.types("spb 1").run("charter", "sign", "@charter.unsigned", "--key", "agent", "--out", "@charter.anna")
	anna.transcript("charter-anna")
	if _, err := statement.VerifyCharter(c.envelopes("charter.anna")); statement.Reason(err) != "persons" {
		t.Errorf("one of two signed: %v", err)
	}
	boris.types("spb 1").run("charter", "sign", "@charter.anna", "--key", "agent", "--out", "@charter.bundle")
	boris.run("charter", "check", "@charter.bundle")
	boris.transcript("charter-boris")
	charter, err := statement.VerifyCharter(c.envelopes("charter.bundle"))
	if err != nil || charter.Development || charter.Network != "spb" || len(charter.Roots.Holders) != 3 {
		t.Fatalf("%+v, %v", charter, err)
	}

	clara.types("spb 1").run("charter", "sign", "@charter.unsigned", "--key", "agent", "--out", "@charter.clara")
	clara.run("charter", "check", "@charter.anna", "@charter.clara")
	clara.refused("not complete", "charter", "check", "@charter.clara")
	clara.refused("has signed this already", "charter", "sign", "@charter.clara", "--key", "agent", "--out", "@x")
	c.laptop("olga").refused("does not name the key", "charter", "sign", "@charter.anna", "--key", "agent", "--out", "@x")
}

// TestNextCharter: Clara leaves the roots, Dora comes, an operator goes, budgets shrink, clocks are set back.
func TestNextCharter(t *testing.T) {
	c, old := chartered(t)
	next := strings.NewReplacer("epoch = 1", "epoch = 2\nset_back = 2026-01-01T00:00:00Z",
		`"Clara", key = "`+keyText(t, "clara"), `"Dora", key = "`+keyText(t, "dora"),
		`{ person = "Olga", key = "`+keyText(t, "olga")+`" }, `, "").Replace(describe(t)) +
		"[budgets]\ndeposit = 100\nrecipient = 50\ncarrier = 100\noverride = 100\n"
	c.write("next.toml", next)
	anna, boris, clara, dora := c.laptop("anna"), c.laptop("boris"), c.laptop("clara"), c.laptop("dora")
	anna.run("charter", "new", "@next.toml", "--out", "@next.unsigned")
	anna.out.Reset()
	anna.refused("which with --previous", "charter", "sign", "@next.unsigned", "--key", "agent", "--out", "@x")
	anna.out.Reset()
	anna.types("spb 2").run("charter", "sign", "@next.unsigned", "--previous", "@charter.bundle", "--key", "agent", "--out", "@next.anna")
	anna.transcript("charter-next")

	clara.types("spb 2").run("charter", "sign", "@next.anna", "--previous", "@charter.bundle", "--key", "agent", "--out", "@next.clara")
	dora.types("spb 2").run("charter", "sign", "@next.clara", "--previous", "@charter.bundle", "--key", "agent", "--out", "@next.bundle")
	dora.run("charter", "check", "@next.bundle", "--previous", "@charter.bundle")
	charter, err := statement.VerifyNextCharter(c.envelopes("next.bundle"), old)
	if err != nil || charter.Epoch != 2 || charter.SetBack != time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() || charter.Budgets.Recipient != 50 {
		t.Fatalf("%+v, %v", charter, err)
	}
	if alone, err := statement.VerifyCharter(c.envelopes("next.bundle")); err != nil || alone.Epoch != 2 {
		t.Errorf("a new locker or a new hub cannot read it by itself: %v", err)
	}
	boris.types("spb 2").run("charter", "sign", "@next.anna", "--previous", "@charter.bundle", "--key", "agent", "--out", "@next.boris")
	if _, err := statement.VerifyNextCharter(c.envelopes("next.boris"), old); err != nil {
		t.Error(err)
	}
	boris.refused("does not follow", "charter", "check", "@charter.bundle", "--previous", "@next.bundle")
	clara.refused("does not name the key", "lift", "--charter", "@next.bundle", "--locker", "spb-7", "--record", "9",
		"--hash", strings.Repeat("ab", 32), "--key", "agent", "--out", "@x") // a charter that replaced another is read, too
}

func TestLocker(t *testing.T) {
	c, charter := chartered(t)
	c.write("locker.toml", machine)
	guard := signerOf(t, "guard").Key()
	mark := guard.Fingerprint()[len(guard.Fingerprint())-4:]
	paul, rita := c.laptop("paul"), c.laptop("rita")
	paul.types(fmt.Sprintf("%x", guard.Public), guard.Fingerprint(), "spb-7 "+mark).
		run("locker", "sign", "@locker.toml", "--charter", "@charter.bundle", "--key", "agent", "--out", "@locker.paul")
	paul.transcript("locker-paul")
	rita.types("spb-7 "+mark).run("locker", "add", "@locker.paul", "--charter", "@charter.bundle", "--key", "agent", "--out", "@locker.bundle")
	rita.run("locker", "check", "@locker.bundle", "--charter", "@charter.bundle")
	l, err := statement.VerifyAll[statement.Locker](c.envelopes("locker.bundle"), charter.Provisioning)
	if err != nil || l.ID != "spb-7" || len(l.Compartments) != 12 || l.Compartments[11].Channel != 4 || !l.Compartments[8].Low || l.Compartments[10].Size != 3 {
		t.Errorf("%+v, %v", l, err)
	}

	c.write("network.toml", strings.Replace(describe(t), `"spb"`, `"msk"`, 1))
	c.laptop("anna").run("charter", "new", "@network.toml", "-o", "@msk.unsigned")
	c.laptop("anna").types("msk 1").run("charter", "sign", "@msk.unsigned", "--key", "agent", "-o", "@msk.anna")
	c.laptop("boris").types("msk 1").run("charter", "sign", "@msk.anna", "--key", "agent", "-o", "@msk.bundle")
	rita.refused("the network spb, the charter to msk", "locker", "check", "@locker.bundle", "--charter", "@msk.bundle")
	slip := strings.Replace(guard.Fingerprint(), guard.Fingerprint()[:1], "g", 1)
	paul.types(fmt.Sprintf("%x", guard.Public), slip).
		refused("misread", "locker", "sign", "@locker.toml", "--charter", "@charter.bundle", "--key", "agent", "--out", "@x")
	paul.types(fmt.Sprintf("%x", guard.Public), guard.Fingerprint(), "spb-7").
		refused("not confirmed", "locker", "sign", "@locker.toml", "--charter", "@charter.bundle", "--key", "agent", "--out", "@x")
	c.write("without.toml", strings.Replace(machine, "interlock = true", "interlock = false", 1))
	tina := c.laptop("tina")
	tina.types(fmt.Sprintf("%x", guard.Public), guard.Fingerprint()).
		refused("among its provisioning", "locker", "sign", "@without.toml", "--charter", "@charter.bundle", "--key", "agent", "--out", "@x")
	paul.out.Reset()
	paul.types(fmt.Sprintf("%x", guard.Public), guard.Fingerprint(), "no").
		refused("not confirmed", "locker", "sign", "@without.toml", "--charter", "@charter.bundle", "--key", "agent", "--out", "@x")
	if !strings.Contains(paul.out.String(), "INTERLOCK: NO. SOFTWARE ALONE CAN OPEN EVERY DOOR.") {
		t.Error("a locker without an interlock is not said loudly")
	}
}

const reason = "Door jams, recipient waits in front"

// TestOverride: three laptops, files and texts between them, and what comes out is what the guard verifies.
func TestOverride(t *testing.T) {
	c, charter := provisioned(t)
	asked, code := challenge(t, "guard", statement.ForOverride)
	c.write("challenge.txt", code+"\n")
	olga, oleg, tina := c.laptop("olga"), c.laptop("oleg"), c.laptop("tina")
	olga.types("7", "200010000001", reason, "7 spb-7").run("override", "@challenge.txt", "--certificate", "@locker.bundle", "--charter", "@charter.bundle", "--key", "agent", "-o", "@override.olga")
	olga.transcript("override-olga")

	carried := text("LSO:", c.read("override.olga"))
	oleg.types("7 spb-7").run("override", "add", carried, "--charter", "@charter.bundle", "--key", "agent", "-o", "@override.oleg")
	tina.types(code, "7 spb-7").run("override", "add", "@override.olga", "--challenge", "-", "--certificate", "@locker.bundle", "--charter", "@charter.bundle", "--key", "agent", "-o", "@override.tina")
	tina.out.Reset()
	tina.run("override", "check", "@override.oleg", "@override.tina", "--charter", "@charter.bundle")
	tina.refused("not complete", "override", "check", "@override.oleg", "--charter", "@charter.bundle")

	tina.types("7 spb-7").run("override", "add", "@override.oleg", "--challenge", code, "--certificate", "@locker.bundle", "--charter", "@charter.bundle", "--key", "agent", "-o", "@override.bundle")
	tina.transcript("override-tina")
	shown := tina.texts("LSO:")
	if len(shown) != 1 || !bytes.Equal(shown[0], c.read("override.bundle")) {
		t.Fatal("the code shown is not the file")
	}
	later, err := statement.Sign(signerOf(t, "guard"), statement.Challenge{Locker: "spb-7", Boot: 3, Counter: 42, Purpose: statement.ForOverride})
	if err != nil {
		t.Fatal(err)
	}
	tina.refused("does not answer this challenge", "override", "check", "@override.bundle", "--challenge", text("LSQ:", later), "--certificate", "@locker.bundle", "--charter", "@charter.bundle")
	bundle, err := statement.DecodeBundle(shown[0])
	if err != nil {
		t.Fatal(err)
	}
	o, persons, err := statement.VerifyOverride(bundle.Envelopes, charter)
	if err != nil || !o.Answers(asked) || o.Compartment != 7 || o.Parcel != "200010000001" || o.Reason != reason || !slices.Equal(persons, []statement.Person{"Olga", "Oleg", "Tina"}) {
		t.Errorf("%+v by %v, %v", o, persons, err)
	}
}

// TestOverrideWithoutCertificate is said loudly, and an unknown parcel is.
func TestOverrideWithoutCertificate(t *testing.T) {
	c, _ := chartered(t)
	_, code := challenge(t, "guard", statement.ForOverride)
	olga := c.laptop("olga")
	olga.types(code, "7 spb-7").run("override", "--compartment", "7", "--parcel", "none", "--reason", reason, "--charter", "@charter.bundle", "--key", "agent", "-o", "@o")
	for _, said := range []string{"UNVERIFIED", "none is known to be inside"} {
		if !strings.Contains(olga.out.String(), said) {
			t.Errorf("it does not say %q", said)
		}
	}
}

// TestOnePersonIsOne: Tom is operator and technician, and signs as one of them only.
func TestOnePersonIsOne(t *testing.T) {
	c, _ := provisioned(t)
	_, code := challenge(t, "guard", statement.ForOverride)
	args := []string{"--charter", "@charter.bundle", "--key", "agent", "-o"}
	c.laptop("tom-operator").types("7 spb-7").run(append([]string{"override", code, "--compartment", "7", "--parcel", "none", "--reason", reason}, append(args, "@tom")...)...)
	c.laptop("tom").refused("must be another person", append([]string{"override", "add", "@tom"}, append(args, "@x")...)...)
	c.laptop("paul").refused("among its operators or technicians", append([]string{"override", "add", "@tom"}, append(args, "@x")...)...)
}

func TestLift(t *testing.T) {
	c, charter := provisioned(t)
	first := journal.Record{Number: 160, Kind: journal.Alarm, Reason: "uncommanded", Compartment: 3}
	began := journal.Record{Number: 161, Prev: first.Hash(), Kind: journal.Lockdown, Reason: "a second uncommanded door", Compartment: 4}
	head := statement.Head{Locker: "spb-7", Boot: 3, Position: 161, Hash: began.Hash()}
	envelope, err := statement.Sign(signerOf(t, "guard"), head)
	if err != nil {
		t.Fatal(err)
	}
	stretch := journal.Stretch{Records: [][]byte{first.Encode(), began.Encode()}, Head: envelope}
	c.write("stretch", string(statement.Encode(stretch)))
	olga, oleg := c.laptop("olga"), c.laptop("oleg")
	olga.types("161 spb-7").run("lift", "--stretch", "@stretch", "--certificate", "@locker.bundle", "--charter", "@charter.bundle", "--key", "agent", "-o", "@lift.olga")
	olga.transcript("lift-olga")
	oleg.types("161 spb-7").run("lift", "--locker", "spb-7", "--record", "161", "--hash", fmt.Sprintf("%x", began.Hash()), "--charter", "@charter.bundle", "--key", "agent", "-o", "@lift.oleg")
	oleg.run("lift", "check", "@lift.olga", "@lift.oleg", "--charter", "@charter.bundle")
	oleg.types("161 spb-7").run("lift", "add", text("LSO:", c.read("lift.olga")), "--charter", "@charter.bundle", "--key", "agent", "-o", "@lift.bundle")
	l, persons, err := statement.VerifyLift(c.envelopes("lift.bundle"), charter)
	if err != nil || l.Record != 161 || l.Hash != began.Hash() || len(persons) != 2 {
		t.Errorf("%+v by %v, %v", l, persons, err)
	}

	lifted := journal.Record{Number: 162, Prev: began.Hash(), Kind: journal.Lifted}
	head.Position, head.Hash = 162, lifted.Hash()
	if envelope, err = statement.Sign(signerOf(t, "guard"), head); err != nil {
		t.Fatal(err)
	}
	c.write("over", string(statement.Encode(journal.Stretch{Records: append(stretch.Records, lifted.Encode()), Head: envelope})))
	olga.refused("no lockdown that stands", "lift", "--stretch", "@over", "--certificate", "@locker.bundle", "--charter", "@charter.bundle", "--key", "agent", "-o", "@x")
	stretch.Records[1] = slices.Concat(began.Encode()[:20], []byte{0}, began.Encode()[21:])
	c.write("changed", string(statement.Encode(stretch)))
	olga.refused("journal", "lift", "--stretch", "@changed", "--certificate", "@locker.bundle", "--charter", "@charter.bundle", "--key", "agent", "-o", "@x")
	olga.refused("by the certificate of its locker", "lift", "--stretch", "@stretch", "--charter", "@charter.bundle", "--key", "agent", "-o", "@x")
	olga.refused("64 hexadecimal digits", "lift", "--locker", "spb-7", "--record", "1", "--hash", "abcd", "--charter", "@charter.bundle", "--key", "agent", "-o", "@x")
}

// TestService: a technician walks, exchanges a board and ends, with one typing error on the way.
func TestService(t *testing.T) {
	c, charter := provisioned(t)
	asked, code := challenge(t, "guard", statement.ForService)
	c.write("board.toml", "line = \"bus1\"\nfamily = \"cu16\"\naddress = 2\nchannels = 16\nopen_bit = 1\nsensors = true\n")
	tina := c.laptop("tina")
	tina.types(code, "walk", "spb-7", "commission 0 "+c.path("board.toml"), "opn", "commission 1 "+c.path("board.toml"), "spb-7", "end", "spb-8", "end", "spb-7").
		run("service", "--certificate", "@locker.bundle", "--charter", "@charter.bundle", "--key", "agent")
	tina.transcript("service")
	said := answers(t, tina, charter)
	if len(said) != 3 || said[0].Task != statement.TaskWalk || said[1].Task != statement.TaskCommission || said[1].Index != 1 ||
		said[1].Board.Address != 2 || said[2].Task != statement.TaskEnd {
		t.Fatalf("%+v", said)
	}
	for i, s := range said {
		if s.Nonce != asked.Nonce || s.Locker != "spb-7" || s.Number != uint32(i+1) {
			t.Errorf("answer %d: %+v", i+1, s)
		}
	}
	c.laptop("olga").refused("among its technicians", "service", code, "--charter", "@charter.bundle", "--key", "agent")
	_, courier := challenge(t, "guard", statement.ForCourier)
	tina.refused("for a courier", "service", courier, "--charter", "@charter.bundle", "--key", "agent")
}

// TestServiceAfterOverride: over an override's challenge a technician can say only what is inside.
func TestServiceAfterOverride(t *testing.T) {
	c, charter := provisioned(t)
	_, code := challenge(t, "guard", statement.ForOverride)
	tina := c.laptop("tina")
	tina.types("walk", "empty", "spb-7").run("service", code, "--charter", "@charter.bundle", "--key", "agent")
	if said := answers(t, tina, charter); len(said) != 1 || said[0].Task != statement.TaskEmpty {
		t.Errorf("%+v", said)
	}
}

func answers(t *testing.T, l *laptop, charter statement.Charter) (out []statement.Service) {
	t.Helper()
	for _, data := range l.texts("LSA:") {
		var p statement.Presentation
		if err := statement.Decode(data, &p); err != nil {
			t.Fatal(err)
		}
		s, _, err := statement.Verify[statement.Service](p.Answer, charter.Technicians.Lookup)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func TestRecovered(t *testing.T) {
	c, charter := chartered(t)
	tina := c.laptop("tina")
	tina.types("spb-7 2").run("recovered", "--locker", "spb-7", "200010000001", "200010000018", "--charter", "@charter.bundle", "--key", "agent", "-o", "@recovered")
	tina.transcript("recovered")
	var scans [][]byte
	if err := statement.Decode(c.read("recovered"), &scans); err != nil || len(scans) != 2 {
		t.Fatalf("%d scans, %v", len(scans), err)
	}
	for i, want := range []string{"200010000001", "200010000018"} {
		s, _, err := statement.Verify[statement.Recovered](scans[i], charter.Technicians.Lookup)
		if err != nil || s.Barcode != want || s.UTC != now.UnixMicro() || s.Locker != "spb-7" {
			t.Errorf("%+v, %v", s, err)
		}
	}
	tina.refused("200010000002", "recovered", "--locker", "spb-7", "200010000001", "200010000002", "--charter", "@charter.bundle", "--key", "agent", "-o", "@x")
	tina.refused("stands there twice", "recovered", "--locker", "spb-7", "200010000001", "200010000001", "--charter", "@charter.bundle", "--key", "agent", "-o", "@x")
}

// TestKeyFiles: the same with a key in a file, from its making to a signature.
func TestKeyFiles(t *testing.T) {
	c := newCeremony(t)
	olga := c.laptop("nobody")
	const passphrase = "correct horse battery"
	olga.types(passphrase, passphrase).run("key", "new", "--person", "Olga", "--role", "operator", "-o", "@olga.key")
	olga.out.Reset()
	olga.run("key", "show", "@olga.key")
	_, shown, _ := strings.Cut(olga.out.String(), "key          ")
	c.write("network.toml", strings.Replace(describe(t), keyText(t, "olga"), strings.TrimSpace(shown), 1))
	anna, boris := c.laptop("anna"), c.laptop("boris")
	anna.run("charter", "new", "@network.toml", "-o", "@charter.unsigned")
	anna.types("spb 1").run("charter", "sign", "@charter.unsigned", "--key", "agent", "-o", "@charter.anna")
	boris.types("spb 1").run("charter", "sign", "@charter.anna", "--key", "agent", "-o", "@charter.bundle")

	lift := []string{"lift", "--locker", "spb-7", "--record", "161", "--hash", strings.Repeat("ab", 32), "--charter", "@charter.bundle", "--key", "@olga.key", "-o", "@lift"}
	olga.types("161 spb-7", "wrong", "wrong again", "and again", passphrase).refused("does not open", lift...)
	olga.types("161 spb-7", "wrong", passphrase).run(lift...)
	olga.refused("exists", lift...)
	lift[len(lift)-1] = "@another"
	if err := os.Chmod(c.path("olga.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	olga.refused("can be read by others", lift...)
	olga.types(passphrase, "another").refused("not the same", "key", "new", "--person", "O", "--role", "o", "-o", "@new.key")
}

func TestMachineKeys(t *testing.T) {
	c := newCeremony(t)
	l := c.laptop("anna")
	l.run("key", "seed", "-o", "@dispatch.seed")
	l.run("key", "seal", "-o", "@notifier.seal", "--public", "@new.pub")
	l.run("key", "list")
	for _, said := range []string{"fingerprint", "ed25519:", "1 keys", "belongs to the notifier"} {
		if !strings.Contains(l.out.String(), said) {
			t.Errorf("it does not say %q", said)
		}
	}
}
