package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"lockstep/demo"
)

type demoCommand struct {
	Dir    string `help:"Where to keep the network. Without it, a directory that is removed at the end." placeholder:"DIR"`
	Port   int    `default:"8400" help:"The first of ten ports in a row."`
	Script bool   `help:"Play three days without a person, print the counts, and end. Takes free ports."`
}

// Run starts a network and serves it until Ctrl-C, or plays the script.
func (c demoCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if c.Dir == "" {
		if c.Dir, err = os.MkdirTemp("", "lockstep-demo"); err != nil {
			return err
		}
		defer os.RemoveAll(c.Dir)
	}
	if c.Script {
		c.Port = 0
	}
	fmt.Println("starting hub, notifier, payment service and lockers …")
	n, err := demo.Start(ctx, demo.Options{Dir: c.Dir, Bin: filepath.Dir(self), Port: c.Port, Second: !c.Script})
	if err != nil {
		return err
	}
	defer n.Stop()
	if !n.Confined() {
		fmt.Println("not root: all processes are one user, and the guard is not confined")
	}
	if c.Script {
		return c.script(ctx, n)
	}
	fmt.Printf(placesText, n.Page(), n.Hub, n.Inbox, n.Cabinet, n.Kiosk, n.Enrol, n.Console, n.Shop, n.APIKey, n.Locker, n.SecondLocker())
	return n.ServePage(ctx)
}

const placesText = `
  everything at once    %s
  the hub's API         %s/docs
  recipients' messages  %s
  the locker's front    %s
  the locker's screen   %s
  the courier's phone   %s
  the operator          %s
  the merchant          %s
  merchant's API key    %s
  the locker            %s
  another locker        %s

Ctrl-C ends it.
`

func (c demoCommand) script(ctx context.Context, n *demo.Network) error {
	began := time.Now()
	counts, _, err := n.Script(ctx, func(format string, args ...any) {
		fmt.Printf("%6.1f s  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...)
	})
	fmt.Printf("\nannounced %d · deposited %d · collected %d (%d while hub and notifier were dead) · overdue %d · withdrawn %d\n"+
		"too big %d · jams %d · doors left open %d\npresses %d · pulses %d · journal records %d · messages %d\n",
		counts.Announced, counts.Deposited, counts.Collected, counts.CollectedInOutage, counts.Overdue, counts.Withdrawn,
		counts.TooBig, counts.Jams, counts.LeftOpen, counts.Presses, counts.Pulses, counts.Records, counts.Messages)
	if err != nil {
		return errors.Join(err, fmt.Errorf("logs are in %s", c.Dir))
	}
	fmt.Println("every custody check holds")
	return nil
}
