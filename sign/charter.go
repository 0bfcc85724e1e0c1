package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

// fingerprint is what persons compare of something longer: the first 16 bytes of its SHA-256 in groups of four hex digits, as a
// key's fingerprint is written.
func fingerprint(data []byte) string {
	sum := sha256.Sum256(data)
	id := hex.EncodeToString(sum[:16])
	var groups []string
	for group := range slices.Chunk([]byte(id), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

type charterFlag struct {
	Charter string `required:"" env:"LOCKSTEP_CHARTER" help:"Bundle with the network's charter."`
}

// read reads the charter that everything else is judged by and says which one it is, for the person to know it again.
func (f charterFlag) read(d *desk.Desk) (statement.Charter, error) {
	c, _, err := ceremony.ReadCharter(f.Charter)
	if err != nil {
		return c, fmt.Errorf("%s: %w", f.Charter, err)
	}
	d.Say("By the charter of %s, epoch %d, fingerprint %s.", c.Network, c.Epoch, fingerprint(statement.Encode(c)))
	if c.Development {
		d.Say("DEVELOPMENT: a network to try, which moves no real door.")
	}
	return c, nil
}

// facts are everything that a charter says, one thing a line. Two charters differ in the lines that only one of them has.
func facts(c statement.Charter) []string {
	out := []string{desk.Sprintf("network: %s", c.Network)}
	if c.Development {
		out = append(out, "DEVELOPMENT: it drives only pseudo-terminals, no real door")
	} else {
		out = append(out, "a real network: it drives real doors")
	}
	for _, r := range roles(c) {
		out = append(out, r.facts()...)
	}
	for _, k := range c.Carriers {
		if k.KeyAtHub {
			out = append(out, desk.Sprintf("carrier %s: ITS KEY LIES AT THE HUB; whoever takes over the hub can certify its couriers", k.ID))
		}
	}
	out = append(out, desk.Sprintf("notifier: codes and contacts are sealed to the key %s", fingerprint(c.Notifier)))
	return append(out, budgetFact(c.Budgets), setBackFact(c.SetBack))
}

type namedRole struct {
	name string
	statement.Role
}

func roles(c statement.Charter) []namedRole {
	out := []namedRole{{"roots", c.Roots}, {"provisioning", c.Provisioning}, {"dispatch", c.Dispatch}, {"time", c.Time},
		{"operators", c.Operators}, {"technicians", c.Technicians}}
	if len(c.Payments.Holders) > 0 {
		out = append(out, namedRole{"payments", c.Payments})
	}
	for _, k := range c.Carriers {
		out = append(out, namedRole{"carrier " + k.ID, k.Keys})
	}
	return out
}

func (r namedRole) facts() []string {
	if len(r.Holders) == 0 {
		return []string{desk.Sprintf("%s: nobody", r.name)}
	}
	out := []string{desk.Sprintf("%s: %d of %d persons", r.name, r.Threshold, len(persons(r.Role)))}
	for _, h := range r.Holders {
		out = append(out, desk.Sprintf("%s: %s, key %s", r.name, h.Person, h.Key.Fingerprint()))
	}
	return out
}

func persons(r statement.Role) []statement.Person {
	var out []statement.Person
	for _, h := range r.Holders {
		if !slices.Contains(out, h.Person) {
			out = append(out, h.Person)
		}
	}
	return out
}

func budgetFact(b *statement.Budgets) string {
	if b == nil {
		return "budgets: the guard's own caps"
	}
	return desk.Sprintf("budgets, in percent of the guard's own caps: deposits %d, recipients %d, carriers %d, overrides %d", b.Deposit, b.Recipient, b.Carrier, b.Override)
}

func setBackFact(at int64) string {
	if at == 0 {
		return "clocks: no guard's time is set back"
	}
	return desk.Sprintf("clocks: GUARDS THAT TAKE THIS CHARTER SET THEIR TIME BACK to %s", time.UnixMicro(at).UTC().Format(time.RFC3339))
}

// doubts are what a charter may say and what nobody may have meant.
func doubts(c statement.Charter) (out []string) {
	doubt := func(when bool, format string, args ...any) {
		if when {
			out = append(out, desk.Sprintf(format, args...))
		}
	}
	roots := len(persons(c.Roots))
	doubt(c.Roots.Threshold == 1, "one root alone can change everything")
	doubt(roots > 1 && int(c.Roots.Threshold) == roots, "if one root's key is lost, nobody can ever change this network's charter")
	doubt(len(c.Dispatch.Holders) == 0, "nobody can send a parcel to a locker: dispatch has no key")
	doubt(len(c.Time.Holders) < 2, "guards will never know the time: that takes two time keys")
	doubt(len(persons(c.Operators)) < 2 || len(c.Technicians.Holders) == 0, "nobody can open a jammed door or end a lockdown: that takes two operators and a technician")
	for _, p := range persons(c.Technicians) {
		doubt(slices.Contains(persons(c.Operators), p), "%s is operator and technician, and cannot be both for one override", p)
	}
	return out
}

// sayCharter prints a charter whole, what changes, and what may be a mistake.
func sayCharter(d *desk.Desk, c statement.Charter, previous *statement.Charter) {
	d.Say("")
	d.Say("CHARTER of %s, epoch %d", c.Network, c.Epoch)
	d.Say("fingerprint %s", fingerprint(statement.Encode(c)))
	d.Say("")
	for _, fact := range facts(c) {
		d.Say("  %s", fact)
	}
	d.Say("")
	switch {
	case previous != nil:
		sayDifference(d, *previous, c)
	case c.Epoch == 1:
		d.Say("It is the first charter of this network: it replaces none.")
	default:
		d.Say("It replaces another charter. What changes is said where it is signed.")
	}
	for _, doubt := range doubts(c) {
		d.Say("WARNING: %s", doubt)
	}
}

func sayDifference(d *desk.Desk, old, next statement.Charter) {
	d.Say("It replaces epoch %d, fingerprint %s. What changes:", old.Epoch, fingerprint(statement.Encode(old)))
	before, after := facts(old), facts(next)
	gone := slices.DeleteFunc(slices.Clone(before), func(f string) bool { return slices.Contains(after, f) })
	come := slices.DeleteFunc(slices.Clone(after), func(f string) bool { return slices.Contains(before, f) })
	for _, fact := range gone {
		d.Say("  no longer  %s", fact)
	}
	for _, fact := range come {
		d.Say("  new        %s", fact)
	}
	if len(gone)+len(come) == 0 {
		d.Say("  nothing but the epoch")
	}
}

type charterNew struct {
	File string `arg:"" help:"Description of the network, in TOML; see docs/ceremony.md."`
	outFlag
}

func (n charterNew) Run(d *desk.Desk) error {
	c, err := readNetwork(n.File)
	if err != nil {
		return err
	}
	sayCharter(d, c, nil)
	d.Say("")
	return d.Write(n.Out, statement.Encode(c))
}

type charterFiles struct {
	Files    []string `arg:"" help:"The charter: unsigned, or what others have signed of it."`
	Previous string   `help:"Bundle with the charter that this one replaces."`
}

func (s charterFiles) paper(d *desk.Desk) (*paper[statement.Charter], error) {
	c, bundle, err := load[statement.Charter](d, s.Files)
	if err != nil {
		return nil, err
	}
	p := &paper[statement.Charter]{said: c, bundle: bundle, what: "the network's name and the epoch", want: desk.Sprintf("%s %d", c.Network, c.Epoch),
		addressee: "the hub, the notifier, and with each locker's provisioning to its guard"}
	p.sides = []side{{"roots", c.Roots, int(c.Roots.Threshold)}}
	if s.Previous == "" {
		if c.Epoch > 1 {
			return nil, fmt.Errorf("epoch %d replaces another charter: say which with --previous", c.Epoch)
		}
		p.complete = func(e [][]byte) error { _, err := statement.VerifyCharter(e); return err }
		p.words = func(d *desk.Desk) { sayCharter(d, c, nil) }
		return p, nil
	}
	old, _, err := ceremony.ReadCharter(s.Previous)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Previous, err)
	}
	if old.Network != c.Network || old.Development != c.Development || c.Epoch <= old.Epoch {
		return nil, fmt.Errorf("epoch %d of %s does not follow epoch %d of %s", c.Epoch, c.Network, old.Epoch, old.Network)
	}
	p.sides = append([]side{{"roots of the charter before", old.Roots, int(old.Roots.Threshold)}}, p.sides...)
	p.complete = func(e [][]byte) error { _, err := statement.VerifyNextCharter(e, old); return err }
	p.words = func(d *desk.Desk) { sayCharter(d, c, &old) }
	return p, nil
}
