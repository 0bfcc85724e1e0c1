package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"

	"lockstep/guard/door"
	"lockstep/guard/statement"
)

// guardRows: the button, what is judged again after it, charters' budgets, and the guard's own walls.
var guardRows = []Row{
	{ID: "C14", Attack: "kiosk process and a button that is held down, or taped: codes shown while it is down, and after a reboot", Holds: of(holdsKiosk),
		Expect: "no door: a press is an edge after its prompt", On: stocked, Do: heldButton},
	{ID: "C15", Attack: "kiosk process: a prompt kept up while the code is re-issued, the locker paused, a door forced; then a hand", Holds: of(holdsKiosk),
		Expect: "what has changed since the prompt is judged again", On: stocked, Do: sincePrompt},
	{ID: "C16", Attack: "code in the guard's process: its user, capabilities, network, files and calls; a guard started without one of its walls", Holds: of(holdsRoot),
		Expect: "every wall stands; without one the guard ends", On: fresh, Do: walls, Root: true},
	{ID: "P04", Attack: "a serial device plugged into the box, owned by the guard's user: open frames for every channel, a shell's words", Holds: of(holdsRoot),
		Expect: "the guard opens its own lines and nothing else", On: stocked, Do: servicePort, Root: true},
	{ID: "U09", Attack: "a charter that leaves 10 percent of the budgets, and one that leaves 200", Holds: of(holdsNotifier),
		Expect: "a tenth of the doors; the compiled-in caps never rise", On: stocked, Do: cutBudgets},
}

func heldButton(ctx context.Context, b *Bench) (string, error) {
	at, barcode := b.occupied()
	q, before := door.KioskRequest{Verb: door.Code, Code: b.Codes[barcode].Code}, b.pulses()
	for _, step := range []struct {
		when string
		go_  func() error
	}{{"held down", func() error { return nil }}, {"held down over a reboot", func() error { return b.Reboot(ctx) }}} {
		b.Cabinet.Cabinet.Press(Thief, 4*time.Second)
		if err := first(step.go_, func() error { return b.Pass(ctx, 3*time.Second) }); err != nil {
			return "", err
		}
		if reply, err := b.typed(ctx, q.Code); err != nil || !reply.Accepted {
			return "", fmt.Errorf("%s: %s %v", step.when, reply.Reason, err)
		}
		if err := first(func() error { return b.Pass(ctx, 3*time.Second) }, func() error { return b.look(ctx) }, func() error { return b.still(before) }); err != nil {
			return "", breach("a button %s: %v", step.when, err)
		}
		if err := b.until(ctx, "the button to be let go", func() bool { return !b.Cabinet.Cabinet.State().Pressed }); err != nil {
			return "", err
		}
		if err := b.leave(ctx); err != nil {
			return "", err
		}
	}
	if v, err := b.enters(ctx, owner(barcode), q.Code); err != nil || v.Compartment != at {
		return "", fmt.Errorf("a press after the prompt opened %d: %v", v.Compartment, err)
	}
	_, err := b.shut(ctx, owner(barcode), at)
	return "held before its prompt, and over a reboot: 0 pulses; pressed after it: that door", err
}

func sincePrompt(ctx context.Context, b *Bench) (string, error) {
	at, barcode := b.occupied()
	old := b.Codes[barcode].Code
	changes := []struct {
		what string
		do   func() error
	}{
		{"the code was re-issued", func() error {
			return b.mustRestrict(ctx, statement.Restriction{Kind: statement.Reissue, Barcode: barcode})
		}},
		{"the locker was paused", func() error { return b.mustRestrict(ctx, statement.Restriction{Kind: statement.Pause, Minutes: 5}) }},
		{"another door was forced", func() error { return b.Cabinet.Cabinet.Force(Thief, 24) }},
	}
	for _, c := range changes {
		if reply, err := b.typed(ctx, old); err != nil || !reply.Accepted {
			return "", fmt.Errorf("before %s: %s %v", c.what, reply.Reason, err)
		}
		if err := c.do(); err != nil {
			return "", fmt.Errorf("%s: %w", c.what, err)
		}
		if err := first(func() error { return b.look(ctx) }, func() error { return b.deniedAtPress(ctx, "a prompt of before "+c.what) }); err != nil {
			return "", err
		}
		if err := first(func() error { return b.Cabinet.Cabinet.Close("technician", 24) }, func() error { return b.mustRestrict(ctx, statement.Restriction{Kind: statement.Pause}) },
			func() error { return b.leave(ctx) }, func() error { return b.glide(ctx, 2*time.Second) }); err != nil {
			return "", err
		}
		if _, err := b.Records(ctx); err != nil { // the notifier reads the new code
			return "", err
		}
		old = b.Codes[barcode].Code
	}
	taken, err := b.collect(ctx, owner(barcode), old)
	if err != nil || taken.Barcode != barcode {
		return "", fmt.Errorf("the new code at %d: %s %v", at, taken.Barcode, err)
	}
	return "re-issued, paused, a door forced after the prompt: no door; the new code opens", nil
}

// mustRestrict is a restriction that the guard takes.
func (b *Bench) mustRestrict(ctx context.Context, r statement.Restriction) error {
	reply, err := b.restrict(ctx, r)
	if err == nil && !reply.Accepted {
		err = fmt.Errorf("a %s was refused: %s", r.Kind, reply.Reason)
	}
	return err
}

func walls(ctx context.Context, b *Bench) (string, error) {
	pid := b.guard.Process.Pid
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "", err
	}
	says := map[string]string{}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		says[name] = strings.Join(strings.Fields(value), " ")
	}
	uid := fmt.Sprint(guardUser)
	none := strings.Repeat("0", 16)
	for name, want := range map[string]string{"Uid": strings.Join([]string{uid, uid, uid, uid}, " "), "NoNewPrivs": "1", "Seccomp": "2",
		"CapInh": none, "CapPrm": none, "CapEff": none, "CapBnd": none, "CapAmb": none} {
		if says[name] != want {
			return "", breach("the guard has %s %q, not %q", name, says[name], want)
		}
	}
	devices, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
	if err != nil || strings.Contains(string(devices), "eth0") || strings.Contains(string(devices), "veth") {
		return "", breach("the guard sees a network: %s %v", devices, err)
	}
	if err := b.Kill(); err != nil {
		return "", err
	}
	for _, lack := range []struct {
		what, says string
		change     func()
	}{
		{"its network namespace", "can see a network", func() { b.guard.SysProcAttr.Cloneflags = 0 }},
		{"its own user", "runs as root", func() { b.guard.SysProcAttr.Credential = &syscall.Credential{} }},
	} {
		err := b.StartWith(ctx, lack.change)
		b.Kill()
		if err == nil || !strings.Contains(err.Error(), lack.says) {
			return "", breach("a guard without %s does not say so and end: %v", lack.what, err)
		}
	}
	return "own user, no capability, no network, a filter, no way to new rights; without namespace or user it ends", first(func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) })
}

// servicePort is all of the row that a guard can answer for; that the box offers no shell and no boot menu is its image's business.
func servicePort(ctx context.Context, b *Bench) (string, error) {
	plug, device, err := pty.Open()
	if err != nil {
		return "", err
	}
	defer plug.Close()
	name, before := device.Name(), b.pulses()
	if err := errors.Join(own(name), device.Close()); err != nil { // the name stays for as long as the plug is in
		return "", err
	}
	said := []byte("\r\n\x03root\r\nopen all\r\n/usr/bin/lockstep-guard\r\n")
	for _, c := range b.Locker.Compartments {
		said = append(said, b.openFrame(c)...)
	}
	for range 20 {
		if _, err := plug.Write(said); err != nil {
			return "", err
		}
		if err := b.Pass(ctx, 100*time.Millisecond); err != nil {
			return "", err
		}
	}
	lines := map[string]bool{}
	for line := range b.Cabinet.Ready.Lines {
		lines[b.device(line)] = true
	}
	opened, err := terminals(b.guard.Process.Pid)
	if err != nil {
		return "", err
	}
	for _, terminal := range opened {
		if !lines[terminal] {
			return "", breach("the guard has opened %s", terminal)
		}
		delete(lines, terminal)
	}
	if len(lines) > 0 {
		return "", fmt.Errorf("the guard is not seen to have %v open", lines)
	}
	return fmt.Sprintf("%d bytes, read by nobody; the guard has its %d lines open and no other device", 20*len(said), len(opened)), b.still(before)
}

// terminals are the serial devices that a process has open.
func terminals(pid int) (opened []string, err error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, file := range files {
		if target, _ := os.Readlink(file); strings.HasPrefix(target, "/dev/") && target != os.DevNull && !slices.Contains(opened, target) {
			opened = append(opened, target)
		}
	}
	return opened, err
}

func cutBudgets(ctx context.Context, b *Bench) (string, error) {
	left := func(percent uint8) func(*statement.Charter) {
		return func(c *statement.Charter) {
			c.Budgets = &statement.Budgets{Deposit: 100, Recipient: percent, Carrier: 100, Override: 100}
		}
	}
	roots := b.Network.Roots[:2]
	raised, err := b.charter(left(200), roots...)
	if err != nil {
		return "", err
	}
	if err := b.linkRefused(ctx, "a charter with 200 percent", raised, ""); err != nil {
		return "", err
	}
	cut, err := b.charter(left(10), roots...)
	if err != nil {
		return "", err
	}
	if reply, err := b.Link(ctx, cut); err != nil || !reply.Accepted {
		return "", fmt.Errorf("a charter with 10 percent: %s %v", reply.Reason, err)
	}
	if _, err := b.collect(ctx, owner(Barcode(1)), b.Codes[Barcode(1)].Code); err != nil { // the one of ten
		return "", err
	}
	delete(b.Parcels, Barcode(1))
	if err := b.look(ctx); err != nil {
		return "", err
	}
	if err := b.refused(ctx, "a second collection in ten minutes", door.KioskRequest{Verb: door.Code, Code: b.Codes[Barcode(2)].Code}, door.Budget); err != nil {
		return "", err
	}
	return "200 percent: refused; 10 percent of 10 in ten minutes: the second collection waits", b.Pass(ctx, 11*time.Minute)
}
