// Command lockstep-locker is what a locker carries besides the guard: its line to the hub and its screen.
package main

import "github.com/alecthomas/kong"

type commands struct {
	Link  linkCommand  `cmd:"" help:"The locker's line to the hub."`
	Kiosk kioskCommand `cmd:"" help:"The locker's screen."`
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("lockstep-locker"), kong.UsageOnError(), kong.Description("The locker's line and its screen."))
	k.FatalIfErrorf(k.Run())
}
