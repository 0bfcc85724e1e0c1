// Command lockstep is the command people run: the hub, the notifier, the emulated cabinet, the demo.
package main

import "github.com/alecthomas/kong"

type commands struct {
	Hub      hubCommand      `cmd:"" help:"The hub: bookkeeping for a network of parcel lockers."`
	Notifier notifierCommand `cmd:"" help:"The notifier: holds contacts and brings codes to recipients."`
	Cabinet  cabinetCommand  `cmd:"" help:"An emulated cabinet: lock boards on pseudo-terminals, doors, a button."`
	Demo     demoCommand     `cmd:"" help:"A whole network on this machine, to try."`
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("lockstep"), kong.UsageOnError(),
		kong.Description("An open parcel-locker network in which nobody can open doors from afar."))
	k.FatalIfErrorf(k.Run())
}
