package sign

import (
	"fmt"

	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

type certificateFlag struct {
	Certificate string `env:"LOCKSTEP_CERTIFICATE" help:"Bundle with the locker's certificate: what the guard says is then verified."`
}

// read reads the locker's certificate by the charter; nil where none is given.
func (f certificateFlag) read(d *desk.Desk, charter statement.Charter) (*statement.Locker, error) {
	if f.Certificate == "" {
		return nil, nil
	}
	_, bundle, err := load[statement.Locker](d, []string{f.Certificate})
	if err != nil {
		return nil, err
	}
	l, err := statement.VerifyAll[statement.Locker](bundle.Envelopes, charter.Provisioning)
	if err == nil && l.Network != charter.Network {
		err = fmt.Errorf("it belongs to the network %s", l.Network)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Certificate, err)
	}
	return &l, nil
}

// readChallenge reads the guard's question. With the locker's certificate it must be that guard's; without, nobody knows whose it is.
func readChallenge(d *desk.Desk, source string, l *statement.Locker) (statement.Challenge, error) {
	envelope, err := take(d, source, prefixChallenge)
	if err != nil {
		return statement.Challenge{}, err
	}
	warnOld(d, source)
	if l == nil {
		return statement.ReadUnverified[statement.Challenge](envelope)
	}
	c, _, err := statement.Verify[statement.Challenge](envelope, only(l.Guard))
	if err != nil {
		return c, fmt.Errorf("the challenge is not of the guard that the certificate names: %w", err)
	}
	if c.Locker != l.ID {
		return c, fmt.Errorf("the challenge is of the locker %s, the certificate of %s", c.Locker, l.ID)
	}
	return c, nil
}

var purposes = map[statement.Purpose]string{statement.ForCourier: "a courier", statement.ForOverride: "an override", statement.ForService: "a technician"}

// sayUnverified is the loud word that nobody knows who asked.
func sayUnverified(d *desk.Desk) {
	d.Say("")
	d.Say("!! UNVERIFIED: without the guard's challenge and --certificate nobody knows whether this locker asked for it.")
	d.Say("!! Speak with somebody you know at the locker before you sign.")
}
