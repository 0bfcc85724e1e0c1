package drill

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lockstep/cabinet"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/lockboard"
	"lockstep/guard/statement"
)

// powerRows: the bus, the locker's own computer, its disk, its switches.
var powerRows = []Row{
	{ID: "C09", Attack: "root on the locker's computer: every channel written on the bus for a while without a press, then three presses", Holds: of(holdsRoot), Expect: "0, then at most 3", On: stocked, Do: rootOnBus, Limits: Limits{Exposed: 3, Two: true, Dishonest: true}},
	{ID: "P01", Attack: "the guard's own code in wrong hands: every compartment pulsed, again and again, nobody there", Holds: of(holdsRoot), Expect: "0 opens: the button gates the power", On: stocked, Do: evilGuard, Limits: Limits{Dishonest: true}},
	{ID: "P02", Attack: "the guard's own code in wrong hands while honest people press 20 times", Holds: of(holdsRoot), Expect: "at most one wrong door per press; the cabinet's log shows it", On: stocked, Do: evilGuardPressed, Limits: Limits{Exposed: 20, Two: true, Dishonest: true}},
	{ID: "P03", Attack: "a locker's disk in hand: its keys at another locker, its journal forged, its codes searched for", Holds: of(holdsRoot), Expect: "other lockers unaffected; no code in clear", On: stocked, Do: diskInHand},
	{ID: "P05", Attack: "wire tap on the bus: open-all, another address, replayed frames, noise", Holds: of(holdsRoot), Expect: "no open without a press; a foreign address is a lockdown", On: stocked, Do: wireTap, Limits: Limits{Locked: true, Wire: true}},
	{ID: "P06", Attack: "the driver: every output for every input", Holds: of(holdsRoot), Expect: "no frame that opens more than one", On: fresh, Do: noBroadcast},
	{ID: "P07", Attack: "kill -9 at every step of a collection, before and after; a disk that forgets what was not synced", Expect: "the invariants hold; back in service within 2 s", On: stocked, Do: killedAtEveryStep, Slow: true},
	{ID: "P09", Attack: "a full, read-only, failing disk during each flow", Expect: "no pulse without a durable intent; it recovers", On: stocked, Do: badDisk},
	{ID: "P10", Attack: "door switches that stick open, stick closed, flap", Expect: "one door at a time; JAM or left open; the compartment is set aside", On: stocked, Do: lyingSwitches},
	{ID: "P11", Attack: "the guard's disk copied, codes used, the copy put back", Holds: of(holdsRoot), Expect: "the rollback shows at the first contact", On: stocked, Do: rolledBack, Limits: Limits{Exposed: 1, Dishonest: true}},
	{ID: "U08", Attack: "a release guard: development keys, the clock file; two lockers that share key bytes", Expect: "no fixture key; no clock file; a development charter drives no real bus", On: fresh, Do: releaseBinary},
	{ID: "C11", Attack: "kiosk's user: ptrace, signals, /proc writes, the lines, the state folder", Holds: of(holdsKiosk), Expect: "refused; the guard lives on", On: stocked, Do: fromKioskUser, Root: true},
}

// onWire writes frames to a line's device as root could, past the guard.
func (b *Bench) onWire(line string, frames ...[]byte) error {
	port, err := os.OpenFile(b.device(line), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer port.Close()
	for _, f := range frames {
		if _, err := port.Write(f); err != nil {
			return err
		}
		time.Sleep(8 * time.Millisecond) // a frame ends with quiet
	}
	return nil
}

// openFrame is what the driver would send for a compartment.
func (b *Bench) openFrame(c statement.Compartment) []byte {
	channel, err := lockboard.NewChannel(b.Locker.Boards[c.Board], c.Channel)
	if err != nil {
		return nil
	}
	return lockboard.OpenFrame(b.Locker.Boards[c.Board], channel)
}

func rootOnBus(ctx context.Context, b *Bench) (string, error) {
	if err := b.Kill(); err != nil { // root ends the guard first
		return "", err
	}
	before := b.pulses()
	for range 20 {
		for _, c := range b.Locker.Compartments {
			if err := b.onWire(b.Locker.Boards[c.Board].Line, b.openFrame(c)); err != nil {
				return "", err
			}
		}
	}
	if err := b.still(before); err != nil {
		return "", err
	}
	for _, c := range b.Locker.Compartments[:3] {
		b.press(Thief)
		for range 5 {
			if err := b.onWire(b.Locker.Boards[c.Board].Line, b.openFrame(c), b.openFrame(b.Locker.Compartments[9])); err != nil {
				return "", err
			}
		}
	}
	after := b.pulses() - before
	if after > 3 {
		return "", breach("%d pulses after 3 presses", after)
	}
	if after == 0 {
		return "", fmt.Errorf("the frames do not open at all: this proves nothing")
	}
	return fmt.Sprintf("%d frames without a press: 0 pulses; with 3 presses: %d", 20*len(b.Locker.Compartments), after), nil
}

func evilGuard(ctx context.Context, b *Bench) (string, error) {
	if err := b.Kill(); err != nil {
		return "", err
	}
	before, sent := b.pulses(), 0
	for begun := time.Now(); time.Since(begun) < 5*time.Second; {
		for _, c := range b.Locker.Compartments {
			if err := b.onWire(b.Locker.Boards[c.Board].Line, b.openFrame(c)); err != nil {
				return "", err
			}
			sent++
		}
	}
	refused := b.Cabinet.Cabinet.State().Verdict.Refused
	if refused == 0 {
		return "", fmt.Errorf("no frame reached a latch: this proves nothing")
	}
	return fmt.Sprintf("%d frames sent, %d reached a latch without power: 0 opens", sent, refused), b.still(before)
}

func evilGuardPressed(ctx context.Context, b *Bench) (string, error) {
	if err := b.Kill(); err != nil {
		return "", err
	}
	before := b.pulses()
	for i := range 20 {
		b.press(Thief)
		c := b.Locker.Compartments[i%len(b.Locker.Compartments)]
		for range 3 {
			if err := b.onWire(b.Locker.Boards[c.Board].Line, b.openFrame(c), b.openFrame(b.Locker.Compartments[0])); err != nil {
				return "", err
			}
		}
		b.Cabinet.Cabinet.Close(Thief, c.Number)
		b.Cabinet.Cabinet.Close(Thief, 1)
	}
	pulses := b.pulses() - before
	if pulses > 20 || pulses == 0 {
		return "", breach("%d pulses after 20 presses", pulses)
	}
	return fmt.Sprintf("%d pulses after 20 presses, each in the cabinet's log", pulses), nil
}

func diskInHand(ctx context.Context, b *Bench) (string, error) {
	if err := b.Kill(); err != nil {
		return "", err
	}
	other, err := b.Yard.bench(ctx, 24)
	if err != nil {
		return "", err
	}
	defer other.Close()
	if err := other.Stock(ctx, 2); err != nil {
		return "", err
	}
	other.Locker.Guard, b.Locker.Guard = b.Locker.Guard, other.Locker.Guard // who believes the stolen key for the other locker
	_, err = other.head(ctx)
	other.Locker.Guard, b.Locker.Guard = b.Locker.Guard, other.Locker.Guard
	if err == nil {
		return "", breach("a head of the other locker was taken for this key's")
	}
	found := 0
	err = filepath.WalkDir(b.path("state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, c := range b.Codes {
			if strings.Contains(string(data), c.Code) || strings.Contains(string(data), string(c.Secret[:])) {
				found++
			}
		}
		return err
	})
	if err == nil && found > 0 {
		err = breach("%d codes lie in clear on the disk", found)
	}
	if err != nil {
		return "", err
	}
	if err := b.spoilJournal(); err != nil {
		return "", err
	}
	if err := b.Start(ctx); err == nil {
		return "", breach("a guard started on a forged journal")
	}
	return "the other locker's heads are its own; no code in clear; a changed byte and the guard does not start", b.unspoil(ctx)
}

// spoilJournal changes one byte in the middle of the journal; unspoil puts it back and starts the guard.
func (b *Bench) spoilJournal() error { return b.flip() }

func (b *Bench) unspoil(ctx context.Context) error {
	return first(b.flip, func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) })
}

func (b *Bench) flip() error {
	names, err := filepath.Glob(b.path("state", "journal", "*.journal"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("no journal: %v", err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(names[0], data, 0o600)
}

func wireTap(ctx context.Context, b *Bench) (string, error) {
	before := b.pulses()
	openAll, err := hex.DecodeString("02f0320327") // CU: unlock all of every address
	if err != nil {
		return "", err
	}
	random := rand.New(rand.NewPCG(5, 1))
	for range 200 {
		noise := make([]byte, 1+random.IntN(12))
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		for _, frame := range [][]byte{openAll, noise} {
			if err := b.onWire("bus1", frame); err != nil {
				return "", err
			}
		}
	}
	for _, c := range b.Locker.Compartments[:8] {
		for range 3 {
			if err := b.onWire("bus1", b.openFrame(c)); err != nil {
				return "", err
			}
		}
	}
	if err := b.still(before); err != nil {
		return "", err
	}
	// Another board answers where only ours should: a foreign address.
	foreign := append([]byte{0x02, 9, 0x00, 0x75}, make([]byte, 12)...) // a cu48's state answer, of board 9
	foreign = append(foreign, 0x03)
	foreign = append(foreign, byte(0x02+9+0x75+0x03))
	seen := false
	for range 100 {
		if err := b.Cabinet.Inject("bus1", foreign); err != nil {
			return "", err
		}
		if err := b.look(ctx); err != nil {
			return "", err
		}
		if n, err := b.count(ctx, journal.Lockdown, ""); err != nil {
			return "", err
		} else if seen = n > 0; seen {
			break
		}
	}
	if !seen {
		return "", breach("a foreign address raised no lockdown")
	}
	_, barcode := b.occupied()
	return "open-all, replays and noise: 0 pulses; a foreign address: LOCKDOWN", b.refused(ctx, "a code in lockdown", door.KioskRequest{Verb: door.Code, Code: b.Codes[barcode].Code}, door.LockedDown, door.OutOfOrder)
}

func noBroadcast(context.Context, *Bench) (string, error) {
	n := 0
	for family, channels := range map[string]uint8{"8a": 50, "cu16": 16, "cu48": 48} {
		seen := map[string]bool{}
		for number := range 256 {
			board := statement.Board{Line: "bus0", Family: family, Address: 1, Channels: channels}
			channel, err := lockboard.NewChannel(board, uint8(number))
			if err != nil {
				continue
			}
			frame := string(lockboard.OpenFrame(board, channel))
			if seen[frame] {
				return "", breach("%s: two channels share one frame", family)
			}
			seen[frame] = true
			n++
			if opens := cabinet.Opens(board, []byte(frame)); opens != 1 {
				return "", breach("%s: the frame of channel %d opens %d locks", family, number, opens)
			}
		}
		if len(seen) != int(channels) {
			return "", breach("%s: %d frames for %d channels", family, len(seen), channels)
		}
	}
	return fmt.Sprintf("%d frames of three families, each opens one lock", n), nil
}

func badDisk(ctx context.Context, b *Bench) (string, error) {
	_, barcode := b.occupied()
	code := b.Codes[barcode].Code
	w, err := b.onSpoiltDisk(ctx)
	if err != nil {
		return "", err
	}
	var seen []string
	for _, fault := range []struct {
		name    string
		gives   syscall.Errno
		refuses string
	}{
		{"full", unix.ENOSPC, refusing[unix.ENOSPC]},
		{"read-only", unix.EROFS, refusing[unix.EROFS]},
		{"failing", unix.EIO, "sync"}, // it takes writes and cannot make them durable
	} {
		before := b.pulses()
		if reply, err := b.typed(ctx, code); err != nil || !reply.Accepted {
			return "", fmt.Errorf("the code: %s %v", reply.Reason, err)
		}
		w.spoil(fault.gives, fault.refuses)
		b.pressed(ctx, Thief)    // whatever comes of it: a guard that cannot trust its disk ends, and answers nobody
		b.wait(ctx, time.Second) // a frame that is on the wire arrives
		if err := b.still(before); err != nil {
			return "", breach("with a %s disk: %v", fault.name, err)
		}
		if err := b.mendDisk(ctx); err != nil {
			return "", err
		}
		seen = append(seen, fault.name+": 0 pulses")
	}
	return strings.Join(seen, ", "), nil
}

func lyingSwitches(ctx context.Context, b *Bench) (string, error) {
	if err := first(func() error { return b.openOverPowerCut(ctx) }, func() error { return b.stuckClosed(ctx) }); err != nil {
		return "", err
	}
	flapping, err := b.flapping(ctx)
	if err != nil {
		return "", err
	}
	open := cabinet.Fault{Kind: cabinet.StuckOpen, Compartment: 21}
	if err := first(func() error { return b.Cabinet.Cabinet.SetFault(open) }, func() error { return b.glide(ctx, 4*time.Second) }); err != nil {
		return "", err
	}
	if err := b.refused(ctx, "a code beside an open door", door.KioskRequest{Verb: door.Code, Code: b.Codes[Barcode(2)].Code}, door.CloseDoor); err != nil {
		return "", err
	}
	if err := b.untilRecord(ctx, journal.Quarantined, "uncommanded"); err != nil {
		return "", err
	}
	b.Cabinet.Cabinet.ClearFault(open)
	return "open over a power cut: no second door; stuck closed: JAM; flapping: " + flapping + "; stuck open: QUARANTINE, nothing opens beside it", b.Pass(ctx, time.Second)
}

// flapping has a switch go to and fro. Where the guard happens to look only while it says open, three times over a second, that is an
// uncommanded opening: then what comes next waits until a second one would not be a lockdown.
func (b *Bench) flapping(ctx context.Context) (seen string, err error) {
	flap := cabinet.Fault{Kind: cabinet.Flapping, Compartment: 20}
	if err := b.Cabinet.Cabinet.SetFault(flap); err != nil {
		return "", err
	}
	for range 12 { // three seconds, of no turned clock: a switch goes to and fro too fast for it
		if err := b.look(ctx); err != nil {
			return "", err
		}
	}
	b.Cabinet.Cabinet.ClearFault(flap)
	if err := b.glide(ctx, 2*time.Second); err != nil { // it is seen closed
		return "", err
	}
	switch forced, err := b.count(ctx, journal.Quarantined, "uncommanded"); {
	case err != nil:
		return "", err
	case forced == 0:
		return "nothing", nil
	case forced > 1:
		return "", breach("one flapping switch is %d uncommanded openings", forced)
	}
	return "QUARANTINE", b.Pass(ctx, 11*time.Minute)
}

// openOverPowerCut has a recipient's door stand open while the power goes, and then somebody with another code.
func (b *Bench) openOverPowerCut(ctx context.Context) error {
	standing, barcode := b.Parcels[Barcode(3)], Barcode(3)
	if _, err := b.enters(ctx, owner(barcode), b.Codes[barcode].Code); err != nil {
		return err
	}
	if _, err := b.Cabinet.Cabinet.Take(owner(barcode), standing, barcode); err != nil {
		return err
	}
	delete(b.Parcels, barcode)
	if err := b.Reboot(ctx); err != nil {
		return err
	}
	reply, err := b.answered(ctx, door.KioskRequest{Verb: door.Code, Code: b.Codes[Barcode(4)].Code})
	if err != nil {
		return err
	}
	if reply.Accepted {
		b.pressed(ctx, owner(Barcode(4)))
	}
	if reply.Reason != door.CloseDoor {
		return breach("another code while a door stands open: accepted %v, %q", reply.Accepted, reply.Reason)
	}
	return first(func() error { return b.Cabinet.Cabinet.Close(owner(barcode), standing) }, func() error { return b.glide(ctx, 2*time.Second) })
}

// stuckClosed has a switch say closed while its door opens: nobody may be told that it is open.
func (b *Bench) stuckClosed(ctx context.Context) error {
	barcode := Barcode(2)
	stuck := cabinet.Fault{Kind: cabinet.StuckClosed, Compartment: b.Parcels[barcode]}
	if err := b.Cabinet.Cabinet.SetFault(stuck); err != nil {
		return err
	}
	if reply, err := b.typed(ctx, b.Codes[barcode].Code); err != nil || !reply.Accepted {
		return fmt.Errorf("the code: %s %v", reply.Reason, err)
	}
	if v, err := b.pressed(ctx, owner(barcode)); err == nil {
		return breach("a door whose switch says closed was called open: %+v", v)
	}
	if err := b.Cabinet.Cabinet.Close(owner(barcode), stuck.Compartment); err != nil {
		return err
	}
	b.Cabinet.Cabinet.ClearFault(stuck)
	return first(func() error { return b.Pass(ctx, 30*time.Second) }, func() error { return b.Pass(ctx, 30*time.Second) })
}

func rolledBack(ctx context.Context, b *Bench) (string, error) {
	_, barcode := b.occupied()
	code := b.Codes[barcode].Code
	image := b.dir + ".image"
	if err := first(b.Kill, func() error { return copyTree(b.path("state"), image) }, func() error { return b.Start(ctx) }); err != nil {
		return "", err
	}
	defer os.RemoveAll(image)
	if _, err := b.collect(ctx, owner(barcode), code); err != nil {
		return "", err
	}
	if _, err := b.Records(ctx); err != nil {
		return "", err
	}
	known := b.read
	if err := first(b.Kill, func() error { return os.RemoveAll(b.path("state")) }, func() error { return copyTree(image, b.path("state")) }, func() error { return b.Start(ctx) }); err != nil {
		return "", err
	}
	reply, err := b.Link(ctx, door.LinkRequest{Verb: door.Beat}) // the first thing that the link asks for
	if err != nil {
		return "", err
	}
	var s journal.Stretch
	if err := statement.Decode(reply.Stretch, &s); err != nil {
		return "", err
	}
	if _, _, err := s.Verify(known, b.Locker.ID, b.Locker.Guard); err == nil {
		return "", breach("the rolled back journal continues what was known")
	}
	return "the hub's verifier refuses the first stretch after it: a rollback, or a fork", nil
}

func releaseBinary(ctx context.Context, b *Bench) (string, error) {
	if b.Release == "" {
		return "", fmt.Errorf("no release build of the guard was given")
	}
	out, err := exec.Command(b.Release, "run", "-dir", b.path("state"), "-clock-file", b.path("clock", "offsets"), "-kiosk", b.path("k"), "-link", b.path("l")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "clock") {
		return "", breach("a release guard took a clock file: %s", out)
	}
	data, err := os.ReadFile(b.Release)
	if err != nil {
		return "", err
	}
	for _, word := range []string{"development person", "unconfined"} {
		if strings.Contains(string(data), word) {
			return "", breach("the release guard contains %q", word)
		}
	}
	other, err := b.Yard.bench(ctx, 1)
	if err != nil {
		return "", err
	}
	defer other.Close()
	one, err := os.ReadFile(b.path("state", "guard.key"))
	if err != nil {
		return "", err
	}
	two, err := os.ReadFile(other.path("state", "guard.key"))
	if err != nil {
		return "", err
	}
	for i := 0; i+16 <= len(one); i += 2 {
		if strings.Contains(string(two), string(one[i:i+16])) {
			return "", breach("two lockers share eight bytes of their keys")
		}
	}
	return "no clock file, no key in the binary; two lockers' keys differ", nil
}

func noVerb(ctx context.Context, b *Bench) (string, error) {
	tried := 0
	for _, verb := range []string{"open", "unlock", "pulse", "release", "openall", "reset", "empty", "test", "press"} {
		if err := b.linkRefused(ctx, verb, door.LinkRequest{Verb: door.LinkVerb(verb)}, "verb"); err != nil {
			return "", err
		}
		if err := b.refused(ctx, verb, door.KioskRequest{Verb: door.KioskVerb(verb)}, door.Malformed); err != nil {
			return "", err
		}
		tried += 2
	}
	if b.Locked == "" {
		return fmt.Sprintf("%d verbs refused on both sockets", tried), nil
	}
	out, err := exec.Command("go", "tool", "nm", b.Locked).Output()
	if err != nil {
		return "", fmt.Errorf("go tool nm: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "lockstep/guard/lockboard.") || strings.Contains(line, "lockstep/guard/rules.") {
			return "", breach("the locker's program holds %s", strings.TrimSpace(line))
		}
	}
	return fmt.Sprintf("%d verbs refused on both sockets; link and kiosk hold no code of the bus", tried), nil
}

func fromKioskUser(ctx context.Context, b *Bench) (string, error) {
	pid := b.guard.Process.Pid
	tries := []string{fmt.Sprintf("kill -9 %d", pid), fmt.Sprintf("kill -STOP %d", pid), fmt.Sprintf("cat /proc/%d/mem", pid), fmt.Sprintf("echo x > /proc/%d/mem", pid),
		fmt.Sprintf("cat /proc/%d/environ", pid), fmt.Sprintf("ls /proc/%d/fd", pid), "ls " + b.path("state"), "cat " + b.path("state", "guard.key"),
		"cat " + b.path("state", "journal", "000000000001.journal"), "echo x > " + b.device("bus1"), "cat < " + b.device("bus0"), "rm " + b.path("doors", "link"),
		"mv " + b.path("doors", "kiosk") + " " + b.path("doors", "old"), fmt.Sprintf("strace -p %d", pid)}
	for _, try := range tries {
		cmd := exec.CommandContext(ctx, "sh", "-c", try)
		cmd.SysProcAttr = userAttr(kioskUser)
		if out, err := cmd.CombinedOutput(); err == nil {
			return "", breach("%q succeeded: %.80s", try, out)
		}
	}
	if _, err := b.head(ctx); err != nil {
		return "", breach("the guard does not answer any more: %v", err)
	}
	return fmt.Sprintf("%d tries, each refused", len(tries)), nil
}
