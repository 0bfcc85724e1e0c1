package sign

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

type overrideNew struct {
	Challenge   string `arg:"" optional:"" default:"-" help:"The challenge on the kiosk's screen: its LSQ: text, a file with it, or - to paste it."`
	Compartment string `help:"Number on the door. You are asked where it is not said here, as for the next two."`
	Parcel      string `help:"Barcode of what is inside, as hub and guard know it; none where they know none."`
	Reason      string `help:"8 to 120 characters, for the journal and the recipient."`
	charterFlag
	certificateFlag
	keyFlag
	outFlag
}

func (n overrideNew) Run(d *desk.Desk) error {
	charter, l, err := n.read(d)
	if err != nil {
		return err
	}
	c, err := readChallenge(d, n.Challenge, l)
	if err != nil {
		return err
	}
	if c.Purpose != statement.ForOverride {
		return fmt.Errorf("this challenge of the locker %s is for %s, not for an override", c.Locker, purposes[c.Purpose])
	}
	o := statement.Override{Locker: c.Locker, Boot: c.Boot, Counter: c.Counter, Nonce: c.Nonce}
	if err := n.ask(d, &o); err != nil {
		return err
	}
	p, err := overridePaper(o, statement.Bundle{}, charter, l, l != nil)
	if err != nil {
		return err
	}
	return p.cosign(d, n.Key, n.Out)
}

func (n overrideNew) read(d *desk.Desk) (charter statement.Charter, l *statement.Locker, err error) {
	if charter, err = n.charterFlag.read(d); err == nil {
		l, err = n.certificateFlag.read(d, charter)
	}
	return charter, l, err
}

// noParcel is what is typed where nobody knows of a parcel.
const noParcel = "none"

// ask completes the override from what was said on the command line, or is typed.
func (n overrideNew) ask(d *desk.Desk, o *statement.Override) error {
	for _, q := range []struct {
		prompt string
		answer *string
	}{{"Compartment number: ", &n.Compartment}, {"Barcode of the parcel inside (none where nobody knows one): ", &n.Parcel}, {"Reason: ", &n.Reason}} {
		if *q.answer != "" {
			continue
		}
		line, err := d.Line(q.prompt)
		if err != nil {
			return err
		}
		*q.answer = line
	}
	number, err := strconv.ParseUint(n.Compartment, 10, 16)
	if err != nil || number == 0 {
		return errors.New("a compartment is named by the number on its door")
	}
	o.Compartment, o.Parcel, o.Reason = uint16(number), n.Parcel, n.Reason
	if n.Parcel == noParcel {
		o.Parcel = ""
	}
	return o.Check()
}

type overrideFiles struct {
	Files     []string `arg:"" help:"The override as others have signed it: its LSO: text, or files."`
	Challenge string   `help:"The challenge on the kiosk's screen, to see that the override answers it."`
	charterFlag
	certificateFlag
}

func (f overrideFiles) paper(d *desk.Desk) (*paper[statement.Override], error) {
	charter, err := f.charterFlag.read(d)
	if err != nil {
		return nil, err
	}
	l, err := f.certificateFlag.read(d, charter)
	if err != nil {
		return nil, err
	}
	o, bundle, err := load[statement.Override](d, f.Files)
	if err != nil {
		return nil, err
	}
	for _, file := range f.Files {
		warnOld(d, file)
	}
	if f.Challenge != "" {
		c, err := readChallenge(d, f.Challenge, l)
		if err != nil {
			return nil, err
		}
		if !o.Answers(c) {
			return nil, errors.New("the override does not answer this challenge")
		}
	}
	return overridePaper(o, bundle, charter, l, l != nil && f.Challenge != "")
}

// overridePaper: verified says that the guard's own challenge was seen to be the one that is answered.
func overridePaper(o statement.Override, bundle statement.Bundle, charter statement.Charter, l *statement.Locker, verified bool) (*paper[statement.Override], error) {
	if l != nil {
		if l.ID != o.Locker {
			return nil, fmt.Errorf("the override is for the locker %s, the certificate of %s", o.Locker, l.ID)
		}
		if !slices.ContainsFunc(l.Compartments, func(c statement.Compartment) bool { return c.Number == o.Compartment }) {
			return nil, fmt.Errorf("the locker %s has no compartment %d", o.Locker, o.Compartment)
		}
	}
	return &paper[statement.Override]{
		said: o, bundle: bundle, distinct: true,
		sides:    []side{{"operators", charter.Operators, max(2, int(charter.Operators.Threshold))}, {"technicians", charter.Technicians, 1}},
		complete: func(e [][]byte) error { _, _, err := statement.VerifyOverride(e, charter); return err },
		words:    func(d *desk.Desk) { sayOverride(d, o, verified) },
		what:     "the compartment's number and the locker's id", want: fmt.Sprintf("%d %s", o.Compartment, o.Locker),
		addressee: "the kiosk's scanner: show the QR code", shown: true,
	}, nil
}

func sayOverride(d *desk.Desk, o statement.Override, verified bool) {
	d.Say("")
	d.Say("OVERRIDE: one compartment will open, once, after a press on the locker's button.")
	d.Say("")
	d.Say("  locker       %s", o.Locker)
	d.Say("  compartment  %d", o.Compartment)
	if o.Parcel == "" {
		d.Say("  parcel       none is known to be inside")
	} else {
		d.Say("  parcel       %s; its recipient is told", o.Parcel)
	}
	d.Say("  reason       %s", o.Reason)
	d.Say("  expiry       30 minutes after the guard showed its challenge, when the locker restarts, or when it has opened")
	d.Say("  challenge    %d of start %d", o.Counter, o.Boot)
	if !verified {
		sayUnverified(d)
	}
}
