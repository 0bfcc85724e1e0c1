// Command lockstep-guard is the door guard. It has four verbs: init makes its keys, provision makes it a locker's,
// run guards, journal writes what an auditor reads.
// Development builds have a fifth: probe.
package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"os/user"
	"strconv"
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
lockstep-guard journal -dir DIR
    write the public part of the journal to the standard output, for lockstep audit; the guard must not run
lockstep-guard run -dir DIR -line NAME=DEVICE … -kiosk SOCKET -link SOCKET
    guard the doors
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	verbs := map[string]func([]string) error{"init": initialise, "provision": provision, "journal": export, "run": run}
	maps.Copy(verbs, developmentVerbs())
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

func export(args []string) error {
	flags := flag.NewFlagSet("journal", flag.ExitOnError)
	dir := flags.String("dir", "", "the guard's directory")
	flags.Parse(args)
	return guard.Export(*dir, os.Stdout)
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
	c, err := configure("run", args, func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return guard.Run(ctx, c)
}

// configure reads run's flags, and more.
func configure(verb string, args []string, more func(*flag.FlagSet)) (c guard.Config, err error) {
	flags := flag.NewFlagSet(verb, flag.ExitOnError)
	c = guard.Config{Lines: map[string]string{}, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Kiosk: guard.Socket{UID: os.Getuid(), GID: -1}, Link: guard.Socket{UID: os.Getuid(), GID: -1}}
	flags.StringVar(&c.Dir, "dir", "", "the guard's directory")
	flags.Var(lines(c.Lines), "line", "NAME=DEVICE: the serial device of a line in the certificate; once per line")
	flags.StringVar(&c.Kiosk.Path, "kiosk", "", "path of the kiosk's socket")
	flags.Func("kiosk-uid", "the kiosk's user, by name or number; without it, the guard's own", id(&c.Kiosk.UID, userNamed))
	flags.Func("kiosk-gid", "group of the kiosk's socket, by name or number", id(&c.Kiosk.GID, groupNamed))
	flags.StringVar(&c.Link.Path, "link", "", "path of the link's socket")
	flags.Func("link-uid", "the link's user, by name or number; without it, the guard's own", id(&c.Link.UID, userNamed))
	flags.Func("link-gid", "group of the link's socket, by name or number", id(&c.Link.GID, groupNamed))
	offsets := flags.String("clock-file", "", "development builds only: offsets of the clocks")
	developmentFlags(flags, &c)
	more(flags)
	flags.Parse(args)
	c.Clock, err = clock.New(*offsets)
	return c, err
}

// id reads a number, or the number of a name.
func id(into *int, number func(name string) (string, error)) func(string) error {
	return func(s string) (err error) {
		if *into, err = strconv.Atoi(s); err == nil {
			return nil
		}
		if s, err = number(s); err == nil {
			*into, err = strconv.Atoi(s)
		}
		return err
	}
}

func userNamed(name string) (string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}

func groupNamed(name string) (string, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return "", err
	}
	return g.Gid, nil
}
