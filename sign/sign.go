// Package sign is the offline program that persons sign with: charters, locker certificates, overrides, lifts, a technician's
// answers. It parses what it is given itself, says in plain words what will happen, and signs after a typed confirmation. What
// several persons sign is carried between their computers as files or QR codes; nothing here has a network.
package sign

import (
	"github.com/alecthomas/kong"

	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

// commands are the program's verbs.
type commands struct {
	Key struct {
		New  keyNew  `cmd:"" help:"Make a person's key, in a file under a passphrase."`
		Show keyShow `cmd:"" help:"Show a key file's public key and fingerprint."`
		List keyList `cmd:"" help:"List the keys of the ssh-agent."`
		Seed keySeed `cmd:"" help:"Make a machine's key (dispatch, time-hub, carrier-…): a plain seed file."`
		Seal keySeal `cmd:"" help:"Make the notifier's key pair, to which codes and contacts are sealed."`
	} `cmd:"" help:"Keys of persons and machines."`
	Charter struct {
		New   charterNew                             `cmd:"" help:"Make an unsigned charter from a description of the network."`
		Sign  add[statement.Charter, charterFiles]   `cmd:"" help:"Sign a charter as one of the roots."`
		Check check[statement.Charter, charterFiles] `cmd:"" help:"Say what a charter means, who has signed it, and who is missing."`
	} `cmd:"" help:"Charters: who holds which role in a network."`
	Locker struct {
		Sign  lockerSign                           `cmd:"" help:"Describe a locker, on site, and sign its certificate first."`
		Add   add[statement.Locker, lockerFiles]   `cmd:"" help:"Sign a locker certificate after somebody else."`
		Check check[statement.Locker, lockerFiles] `cmd:"" help:"Say what a locker certificate means and who has signed it."`
	} `cmd:"" help:"Locker certificates: what one machine is made of."`
	Override struct {
		New   overrideNew                              `cmd:"" default:"withargs" help:"Open one compartment once, over the guard's challenge; sign first (the default)."`
		Add   add[statement.Override, overrideFiles]   `cmd:"" help:"Sign an override after somebody else."`
		Check check[statement.Override, overrideFiles] `cmd:"" help:"Say what an override opens and who has signed it."`
	} `cmd:"" help:"Overrides: two operators and a technician open one compartment once."`
	Lift struct {
		New   liftNew                          `cmd:"" default:"withargs" help:"End one lockdown; sign first (the default)."`
		Add   add[statement.Lift, liftFiles]   `cmd:"" help:"Sign a lift after somebody else."`
		Check check[statement.Lift, liftFiles] `cmd:"" help:"Say which lockdown a lift ends and who has signed it."`
	} `cmd:"" help:"Lifts: two operators end a lockdown."`
	Contact struct {
		Sign  add[statement.ContactKey, contactFiles]   `cmd:"" help:"Sign a merchant's contact key as one of the operators."`
		Check check[statement.ContactKey, contactFiles] `cmd:"" help:"Say what a contact key means and who has signed it."`
	} `cmd:"" help:"Contact keys: two operators name a merchant's first key, or one after a lost one."`
	Service   service   `cmd:"" help:"Answer the guard as a technician: walk-test, exchanged board, what an override found."`
	Recovered recovered `cmd:"" help:"Sign scans of parcels taken out of a dead locker by the mechanical key."`
}

// Run does what the arguments say, at a desk.
func Run(args []string, d *desk.Desk) error {
	var c commands
	parser, err := kong.New(&c, kong.Name("lockstep-sign"), kong.Writers(d.Out, d.Out), kong.Bind(d),
		kong.Description("Sign what the doors believe, offline: charters, lockers, overrides, lifts."))
	if err != nil {
		return err
	}
	k, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return k.Run()
}
