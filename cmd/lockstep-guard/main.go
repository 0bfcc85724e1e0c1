// Command lockstep-guard is the door guard. It has three verbs: init makes its keys, provision makes it a locker's, run guards.
package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"lockstep/guard"
	"lockstep/guard/clock"
	"lockstep/guard/statement"
)

const usage = `lockstep-guard init -dir DIR
    make the guard's keys, where there are none, and print the public key and its fingerprint
lockstep-guard provision -dir DIR -charter FILE -certificate FILE -line NAME=DEVICE …
    make this guard a locker's, by its charter and the certificate signed on site; the jumper must be set.
    Again, while every compartment is empty: describe the locker anew
lockstep-guard run -dir DIR -line NAME=DEVICE … -kiosk SOCKET -link SOCKET
    guard the doors
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	verbs := map[string]func([]string) error{"init": initialise, "provision": provision, "run": run}
	verb, ok := verbs[os.Args[1]]
	if !ok {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := verb(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "lockstep-guard:", err)
		os.Exit(1)
	}
}

func initialise(args []string) error {
	flags := flag.NewFlagSet("init", flag.ExitOnError)
	dir := flags.String("dir", "", "the guard's directory")
	flags.Parse(args)
	key, err := guard.Init(*dir)
	if err != nil {
		return err
	}
	fmt.Println("key", hex.EncodeToString(key.Public))
	fmt.Println("fingerprint", key.Fingerprint())
	return nil
}

func provision(args []string) error {
	flags := flag.NewFlagSet("provision", flag.ExitOnError)
	dir := flags.String("dir", "", "the guard's directory")
	charter := flags.String("charter", "", "bundle with the charter")
	certificate := flags.String("certificate", "", "bundle with the locker certificate")
	devices := lines{}
	flags.Var(devices, "line", "NAME=DEVICE: the serial device of the line with the jumper")
	flags.Parse(args)
	c, err := readBundle(*charter)
	if err != nil {
		return err
	}
	l, err := readBundle(*certificate)
	if err != nil {
		return err
	}
	return guard.Provision(*dir, c, l, guard.ReadJumper(devices, slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

func readBundle(path string) (statement.Bundle, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return statement.Bundle{}, err
	}
	return statement.DecodeBundle(data)
}

// lines collects -line NAME=DEVICE flags.
type lines map[string]string

func (l lines) String() string { return "" }

func (l lines) Set(s string) error {
	name, device, ok := strings.Cut(s, "=")
	if !ok || name == "" || device == "" {
		return fmt.Errorf("want NAME=DEVICE, not %q", s)
	}
	l[name] = device
	return nil
}

func run(args []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	c := guard.Config{Lines: map[string]string{}, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	flags.StringVar(&c.Dir, "dir", "", "the guard's directory")
	flags.Var(lines(c.Lines), "line", "NAME=DEVICE: the serial device of a line in the certificate; once per line")
	flags.StringVar(&c.Kiosk.Path, "kiosk", "", "path of the kiosk's socket")
	flags.IntVar(&c.Kiosk.UID, "kiosk-uid", os.Getuid(), "the kiosk's user")
	flags.IntVar(&c.Kiosk.GID, "kiosk-gid", -1, "group of the kiosk's socket")
	flags.StringVar(&c.Link.Path, "link", "", "path of the link's socket")
	flags.IntVar(&c.Link.UID, "link-uid", os.Getuid(), "the link's user")
	flags.IntVar(&c.Link.GID, "link-gid", -1, "group of the link's socket")
	offsets := flags.String("clock-file", "", "development builds only: offsets of the clocks")
	flags.Parse(args)
	var err error
	if c.Clock, err = clock.New(*offsets); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return guard.Run(ctx, c)
}
