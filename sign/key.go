package sign

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"lockstep/guard/statement"
	"lockstep/sign/desk"
	"lockstep/sign/keys"
)

type keyFlag struct {
	Key string `required:"" env:"LOCKSTEP_SIGN_KEY" placeholder:"FILE|agent[:FINGERPRINT]" help:"Your key: a key file, or the key in the ssh-agent that may sign this."`
}

type outFlag struct {
	Out string `required:"" short:"o" help:"File to write; it must not exist."`
}

// chosen is a key that may sign what is at hand. It is opened after the person has confirmed.
type chosen struct {
	public statement.Key
	open   func() (*statement.Signer, error)
	close  func()
}

// choose finds the key that ref names and that may sign; may says why not.
func choose(d *desk.Desk, ref string, may func(statement.Key) error) (*chosen, error) {
	name, fingerprint, _ := strings.Cut(ref, ":")
	if name == "agent" {
		return chooseHeld(d, digits(fingerprint), may)
	}
	file, err := keys.Read(ref)
	if err != nil {
		return nil, err
	}
	public, err := file.Key()
	if err != nil {
		return nil, err
	}
	return &chosen{public, func() (*statement.Signer, error) { return openFile(d, ref, file) }, func() {}}, may(public)
}

// openFile asks for the passphrase, three times at most: a slip does not lose what was typed before.
func openFile(d *desk.Desk, path string, file keys.File) (signer *statement.Signer, err error) {
	for range 3 {
		passphrase, asked := d.Secret(desk.Sprintf("Passphrase of %s: ", path))
		if asked != nil {
			return nil, asked
		}
		if signer, err = file.Open(passphrase); !errors.Is(err, keys.ErrPassphrase) {
			return signer, err
		}
		d.Say("%v", err)
	}
	return nil, err
}

func digits(fingerprint string) string {
	return strings.ReplaceAll(strings.ToLower(fingerprint), " ", "")
}

// chooseHeld takes the one key of the agent that may sign and whose fingerprint begins as is said.
func chooseHeld(d *desk.Desk, fingerprint string, may func(statement.Key) error) (*chosen, error) {
	agent, err := keys.Dial(d.Agent)
	if err != nil {
		return nil, err
	}
	held, err := held(agent, fingerprint, may)
	if err != nil {
		return nil, errors.Join(err, agent.Close())
	}
	return &chosen{held.Key, func() (*statement.Signer, error) { return agent.Signer(held) }, func() { agent.Close() }}, nil
}

func held(agent *keys.Agent, fingerprint string, may func(statement.Key) error) (keys.Held, error) {
	all, err := agent.List()
	if err != nil {
		return keys.Held{}, err
	}
	var fit []keys.Held
	whyNot := errors.New("the ssh-agent holds no such key")
	for _, h := range all {
		if !strings.HasPrefix(digits(h.Key.Fingerprint()), fingerprint) {
			continue
		}
		if h.Refused != "" {
			whyNot = fmt.Errorf("%s: %s", h.Comment, h.Refused)
		} else if err := may(h.Key); err != nil {
			whyNot = err
		} else {
			fit = append(fit, h)
		}
	}
	if len(fit) > 1 {
		return keys.Held{}, errors.New("several keys in the ssh-agent may sign this: say which, as agent:FINGERPRINT")
	}
	if len(fit) == 0 {
		return keys.Held{}, whyNot
	}
	return fit[0], nil
}

type keyNew struct {
	Person string `required:"" help:"Who holds the key, as the charter will say."`
	Role   string `required:"" help:"What for: root, provisioning, operator, technician. For you to remember; the charter decides."`
	outFlag
}

func (k keyNew) Run(d *desk.Desk) error {
	passphrase, err := d.NewPassphrase()
	if err != nil {
		return err
	}
	file, err := keys.New(k.Out, k.Person, k.Role, passphrase, d.Work)
	if err != nil {
		return err
	}
	d.Say("written to %s", k.Out)
	return sayFile(d, file)
}

type keyShow struct {
	File string `arg:"" help:"Key file."`
}

func (k keyShow) Run(d *desk.Desk) error {
	file, err := keys.Read(k.File)
	if err != nil {
		return err
	}
	return sayFile(d, file)
}

// sayFile says what goes into the charter's description, and what is read aloud when it is compared.
func sayFile(d *desk.Desk, f keys.File) error {
	key, err := f.Key()
	if err != nil {
		return err
	}
	d.Say("person       %s", f.Person)
	d.Say("made for     %s", f.Role)
	sayKey(d, key)
	return nil
}

func sayKey(d *desk.Desk, key statement.Key) {
	d.Say("fingerprint  %s", key.Fingerprint())
	d.Say("key          %s", keys.Text(key))
}

type keyList struct{}

func (keyList) Run(d *desk.Desk) error {
	agent, err := keys.Dial(d.Agent)
	if err != nil {
		return err
	}
	defer agent.Close()
	all, err := agent.List()
	if err != nil {
		return err
	}
	for _, h := range all {
		d.Say("%s", h.Comment)
		if h.Refused != "" {
			d.Say("  cannot be used: %s", h.Refused)
			continue
		}
		sayKey(d, h.Key)
	}
	d.Say("%d keys", len(all))
	return nil
}

type keySeed struct{ outFlag }

func (k keySeed) Run(d *desk.Desk) error {
	key, err := keys.MakeSeed(k.Out)
	if err != nil {
		return err
	}
	d.Say("written to %s, without a passphrase: it belongs on one machine and nowhere else", k.Out)
	sayKey(d, key)
	return nil
}

type keySeal struct {
	outFlag
	Public string `required:"" help:"File for the public half, which goes into the charter."`
}

func (k keySeal) Run(d *desk.Desk) error {
	public, err := keys.MakeSeal(k.Out)
	if err != nil {
		return err
	}
	d.Say("written to %s, without a passphrase: it belongs to the notifier and nowhere else", k.Out)
	if err := d.Write(k.Public, []byte(hex.EncodeToString(public)+"\n")); err != nil {
		return err
	}
	d.Say("fingerprint  %s", fingerprint(public))
	return nil
}
