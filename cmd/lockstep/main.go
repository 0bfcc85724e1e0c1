// Command lockstep is the command people run: the hub, the notifier, a carrier's service, the emulated cabinet, the demo, audits.
package main

import (
	"os"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"lockstep/internal/secret"
)

type commands struct {
	Hub      hubCommand      `cmd:"" help:"The hub: bookkeeping for a network of parcel lockers."`
	Carrier  carrierCommand  `cmd:"" help:"A carrier's own service: its key, its couriers' certificates, their page."`
	Payment  paymentCommand  `cmd:"" help:"The payment service: it hears from a payment provider and signs what was paid."`
	Notifier notifierCommand `cmd:"" help:"The notifier: holds contacts and brings codes to recipients."`
	Contact  contactCommand  `cmd:"" help:"For merchants: seal recipients' contacts, so that the hub never sees one."`
	Cabinet  cabinetCommand  `cmd:"" help:"An emulated cabinet: lock boards on pseudo-terminals, doors, a button."`
	Audit    auditCommand    `cmd:"" help:"Who opened which door, when and on what authority, from a charter and a locker's journal alone."`
	Demo     demoCommand     `cmd:"" help:"A whole network on this machine, to try."`
	Drill    drillCommand    `cmd:"" help:"Attacks lockers in every way of the corpus, and says what opened."`
}

func main() {
	var c commands
	parser := kong.Must(&c, kong.Name("lockstep"), kong.UsageOnError(),
		kong.Description("An open parcel-locker network in which nobody can open doors from afar."))
	k, err := parser.Parse(longFlags(os.Args[1:]))
	parser.FatalIfErrorf(err)
	k.FatalIfErrorf(k.Run())
}

var oneDash = regexp.MustCompile(`^-[a-z][a-z-]+(=.*)?$`)

// longFlags lets flags be written with one dash or with two, as the guard's are.
func longFlags(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if oneDash.MatchString(arg) {
			arg = "-" + arg
		}
		out[i] = arg
	}
	return out
}

// textOrFile is a secret that is given, or that a file holds.
func textOrFile(text, file string) (secret.Text, error) {
	if file == "" {
		return secret.Known(text), nil
	}
	data, err := os.ReadFile(file)
	return secret.Known(strings.TrimSpace(string(data))), err
}
