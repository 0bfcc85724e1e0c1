package demo

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"lockstep/cabinet"
	"lockstep/guard/statement"
)

// site is a locker of the demo's with all that stands there: cabinet, guard, link and kiosk, each a process of its own.
type site struct {
	*Network
	id, name, address, latitude, longitude string

	mark    string            // at the end of its processes' and folders' names
	port    int               // of the cabinet's page; the kiosk's is the one before
	token   string            // of that page
	front   string            // URL of that page, with its token
	screen  string            // URL of the kiosk
	scanner string            // device of the scanner
	lines   map[string]string // devices of the lock boards' lines
	hand    *cabinet.Client   // the cabinet's control socket
}

// named is what one of its processes is called, and its folder.
func (s *site) named(process string) string { return process + s.mark }

// start brings up all of it, in folders of its own.
func (s *site) start(ctx context.Context) error {
	for name, mode := range map[string]os.FileMode{"guard": 0o700, "cabinet": 0o700, "doors": 0o755} {
		user := s.users.guard
		if name == "cabinet" {
			user = s.users.cabinet
		}
		if err := s.folder(user, mode, s.named(name)); err != nil {
			return err
		}
	}
	for _, step := range []step{{"cabinet", s.startCabinet}, {"guard", s.startGuard}, {"link", s.startLink}, {"kiosk", s.startKiosk}} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// cabinetToken stands in the URL of the cabinet's page: a person's hand needs it, the software under test never learns it.
func (s *site) cabinetToken() string {
	if s.token == "" {
		s.token = hex.EncodeToString(statement.NewSeed()[:12])
	}
	return s.token
}

func (s *site) startCabinet(ctx context.Context) error {
	config, err := json.Marshal(cabinet.FromLocker(s.options.lockerOf(s.id, statement.Key{})))
	if err != nil {
		return err
	}
	if err := s.give(s.users.cabinet, config, s.named("cabinet"), "cabinet.json"); err != nil {
		return err
	}
	p, err := s.launch(s.named("cabinet"), func() *process {
		return &process{user: s.users.cabinet, args: []string{s.bin("lockstep"), "cabinet", "--config", s.path(s.named("cabinet"), "cabinet.json"),
			"--dir", s.path(s.named("cabinet")), "--control", s.path(s.named("cabinet"), "control"), "--listen", s.listen(s.port),
			"--frame-ancestor", s.Page(), "--print-ready"}, env: []string{"LOCKSTEP_CABINET_TOKEN=" + s.cabinetToken()}}
	})
	if err != nil {
		return err
	}
	var ready cabinet.Ready
	if err := s.firstJSON(ctx, p, &ready); err != nil {
		return err
	}
	s.front = ready.Page
	s.lines = map[string]string{}
	for name, line := range ready.Lines {
		if s.lines[name], err = hand(line, s.users.guard); err != nil {
			return err
		}
	}
	if s.scanner, err = hand(ready.Scanner, s.users.kiosk); err != nil {
		return err
	}
	s.hand, err = cabinet.Dial(s.path(s.named("cabinet"), "control"))
	return err
}

func (s *site) startGuard(ctx context.Context) error {
	key, err := s.guardKey()
	if err != nil {
		return err
	}
	certificate, err := s.certify(key)
	if err != nil {
		return err
	}
	if err := s.give(s.users.guard, certificate, s.named("guard"), "locker.bundle"); err != nil {
		return err
	}
	charter, err := s.keys.Bundle.Encode()
	if err != nil {
		return err
	}
	if err := s.give(s.users.guard, charter, s.named("guard"), "charter.bundle"); err != nil {
		return err
	}
	state := s.path(s.named("guard"), "state")
	if err := s.provision(ctx, state); err != nil {
		return err
	}
	_, err = s.launch(s.named("guard"), func() *process {
		args := []string{s.bin("lockstep-guard"), "run", "-dir", state, "-clock-file", s.Clock.path,
			"-line", "bus0=" + s.lines["bus0"], "-line", "bus1=" + s.lines["bus1"],
			"-kiosk", s.path(s.named("doors"), "kiosk"), "-link", s.path(s.named("doors"), "link")}
		if s.Confined() {
			args = append(args, "-kiosk-uid", fmt.Sprint(s.users.kiosk), "-link-uid", fmt.Sprint(s.users.link),
				"-kiosk-gid", fmt.Sprint(s.users.kiosk), "-link-gid", fmt.Sprint(s.users.link))
		} else {
			args = append(args, "-unconfined")
		}
		return &process{user: s.users.guard, groups: []int{s.users.kiosk, s.users.link}, alone: s.Confined(), args: args}
	})
	if err != nil {
		return err
	}
	return s.ready(ctx, s.named("guard"))
}

// provision makes the guard a locker's, with the jumper set for as long as that takes.
func (s *site) provision(ctx context.Context, state string) error {
	if err := s.hand.SetInput(ctx, "jumper", true); err != nil {
		return err
	}
	_, err := s.programs.run(s.users.guard, s.bin("lockstep-guard"), "provision", "-dir", state,
		"-charter", s.path(s.named("guard"), "charter.bundle"), "-certificate", s.path(s.named("guard"), "locker.bundle"), "-line", "bus0="+s.lines["bus0"])
	return errors.Join(err, s.hand.SetInput(ctx, "jumper", false))
}

// guardKey lets the guard draw its keys and reads the public one, as a technician would on site.
func (s *site) guardKey() (statement.Key, error) {
	out, err := s.programs.run(s.users.guard, s.bin("lockstep-guard"), "init", "-dir", s.path(s.named("guard"), "state"))
	if err != nil {
		return statement.Key{}, err
	}
	for line := range strings.Lines(out) {
		if coded, ok := strings.CutPrefix(strings.TrimSpace(line), "key "); ok {
			public, err := hex.DecodeString(coded)
			return statement.Key{Alg: statement.EdDSA, Public: public}, err
		}
	}
	return statement.Key{}, fmt.Errorf("the guard printed no key: %q", out)
}

// certify makes the locker's certificate for the key its guard has drawn.
func (s *site) certify(guard statement.Key) ([]byte, error) {
	bundle, err := s.keys.SignLocker(s.options.lockerOf(s.id, guard))
	if err != nil {
		return nil, err
	}
	return bundle.Encode()
}

func (s *site) startLink(ctx context.Context) error {
	var locker struct{ Code string }
	if err := s.HubCommand(&locker, "locker", "add", s.id, "--name", s.name, "--address", s.address,
		"--zone", "Europe/Moscow", "--latitude", s.latitude, "--longitude", s.longitude); err != nil {
		return err
	}
	if err := s.RunLink(s.named("link"), locker.Code, s.path(s.named("doors"), "link")); err != nil {
		return err
	}
	return s.wait(ctx, s.named("link"), func() bool {
		l, err := s.atHub()
		return err == nil && l.State == "provisioned"
	})
}

// atHub is the locker as the hub knows it.
func (s *site) atHub() (LockerView, error) {
	var l LockerView
	return l, s.HubCommand(&l, "locker", "show", s.id)
}

func (s *site) startKiosk(ctx context.Context) error {
	s.screen = s.url(s.port - 1)
	return s.runKiosk(ctx, s.named("kiosk"), s.listen(s.port-1), s.path(s.named("doors"), "kiosk"), s.scanner)
}
