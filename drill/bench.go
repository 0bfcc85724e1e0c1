package drill

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"lockstep/cabinet"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// Bench is one locker under attack: a real guard process on the lines of an emulated cabinet. Whoever plays here has all that the
// row says is stolen: the sockets of kiosk and link, keys, the clock. What opened, the cabinet alone says.
type Bench struct {
	*Yard
	Locker  statement.Locker
	Cabinet *cabinet.Running
	Codes   map[string]Code   // by barcode: what the notifier would have sent
	Parcels map[string]uint16 // by barcode: where it was put

	dir    string // the guard's folder, its sockets, its clock file
	guard  *exec.Cmd
	ended  chan struct{}
	beside *watch // who stands beside its calls; nil where nobody does
	kiosk  *door.KioskClient
	link   *door.LinkClient
	began  time.Time
	queue  sync.Mutex // held by whoever stands before it, where several people may come
	*turned
	records []journal.Record // all of the journal, verified
	read    journal.Position
	serial  int
	exposed []time.Duration // when foreign parcels were shown, as Lived
	noted   int             // up to where of the cabinet's log
	tape    *tape           // of what is asked; nil where nobody listens
	output  output

	subject    string // the parcel of a flow that is being crashed
	shown      []byte // the key that an installer has read off
	toldBefore int    // pulses that the journal told of before this cabinet's first
}

// Code is one deposit's secrets.
type Code struct{ statement.SealedCode }

// output is what the guard said, kept for the report of a breach.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func (b *Bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.dir}, parts...)...)
}

// layOut makes a bench's folder and plugs its cabinet in.
func (y *Yard) layOut(l func(statement.Key) statement.Locker) (*Bench, error) {
	y.mu.Lock()
	y.count++
	name := fmt.Sprintf("locker-%d", y.count)
	y.mu.Unlock()
	b := &Bench{Yard: y, dir: filepath.Join(y.Dir, name), began: time.Now(), turned: &turned{}, Codes: map[string]Code{}, Parcels: map[string]uint16{}}
	for folder, mode := range map[string]os.FileMode{"doors": 0o755, "state": 0o700, "clock": 0o755} {
		if err := os.MkdirAll(b.dir, 0o755); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(b.path(folder), mode); err != nil {
			return nil, err
		}
		if err := own(b.path(folder)); err != nil {
			return nil, err
		}
	}
	b.file = b.path("clock", "offsets")
	b.Locker = l(statement.Key{Alg: statement.EdDSA, Public: make([]byte, 32)})
	var err error
	b.Cabinet, err = cabinet.Start(cabinet.Options{Config: cabinet.FromLocker(b.Locker), Dir: b.dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	for _, line := range b.Cabinet.Ready.Lines {
		if device, err := filepath.EvalSymlinks(line); err != nil {
			return nil, err
		} else if err := errors.Join(own(device), os.Chmod(device, 0o600)); err != nil {
			return nil, err
		}
	}
	return b, b.turn()
}

// bench is a locker fresh from its provisioning, with the time set.
func (y *Yard) bench(ctx context.Context, n int) (*Bench, error) {
	b, err := y.layOut(func(k statement.Key) statement.Locker { return Front("drill-1", k, n) })
	if err != nil {
		return nil, err
	}
	if err := first(b.provision, func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) }); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// from is a locker as a stock left it.
func (y *Yard) from(ctx context.Context, s *stock) (*Bench, error) {
	b, err := y.laid(s)
	if err != nil {
		return nil, err
	}
	if err := first(func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) }); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// laid is a locker as a stock left it, without power.
func (y *Yard) laid(s *stock) (*Bench, error) {
	b, err := y.layOut(func(statement.Key) statement.Locker { return s.locker })
	if err != nil {
		return nil, err
	}
	b.Codes, b.Parcels, b.serial = maps.Clone(s.codes), maps.Clone(s.parcels), s.serial
	b.wall = time.Duration(s.shift) * time.Microsecond
	for barcode, at := range s.parcels {
		b.Cabinet.Cabinet.Seed(at, s.owners[barcode])
	}
	err = first(func() error { return os.RemoveAll(b.path("state")) }, func() error { return copyTree(s.state, b.path("state")) }, b.turn)
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// provision lets the guard draw its key and makes it this locker's, with the jumper set.
func (b *Bench) provision() error {
	if err := b.init(); err != nil {
		return err
	}
	certificate, err := b.Network.SignLocker(b.Locker)
	if err != nil {
		return err
	}
	return b.provisionWith(b.Network.Bundle, certificate, true)
}

// init lets the guard draw its key and reads it off.
func (b *Bench) init() error {
	out, err := b.outcome(b.command("init", "-dir", b.path("state")))
	if err != nil {
		return fmt.Errorf("init: %w: %s", err, bytes.TrimSpace(out))
	}
	b.Locker.Guard.Public, err = keyIn(string(out))
	return err
}

func keyIn(text string) ([]byte, error) {
	for line := range strings.Lines(text) {
		if coded, ok := strings.CutPrefix(strings.TrimSpace(line), "key "); ok {
			return hex.DecodeString(coded)
		}
	}
	return nil, fmt.Errorf("the guard printed no key: %q", text)
}

// provisionWith runs the guard's provision with what somebody brought, the jumper set or not.
func (b *Bench) provisionWith(charter, certificate statement.Bundle, jumper bool) error {
	for name, bundle := range map[string]statement.Bundle{"charter.bundle": charter, "locker.bundle": certificate} {
		data, err := bundle.Encode()
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.path(name), data, 0o644); err != nil {
			return err
		}
	}
	if err := b.Cabinet.Cabinet.SetInput("jumper", jumper); err != nil {
		return err
	}
	defer b.Cabinet.Cabinet.SetInput("jumper", false)
	args := []string{"provision", "-dir", b.path("state"), "-charter", b.path("charter.bundle"), "-certificate", b.path("locker.bundle"), "-line", "bus0=" + b.device("bus0")}
	if out, err := b.outcome(b.command(args...)); err != nil {
		return fmt.Errorf("provision: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func (b *Bench) device(line string) string {
	device, err := filepath.EvalSymlinks(b.Cabinet.Ready.Lines[line])
	if err != nil {
		return b.Cabinet.Ready.Lines[line]
	}
	return device
}

// Start runs the guard, with further environment, until it answers.
func (b *Bench) Start(ctx context.Context, env ...string) error {
	return b.StartWith(ctx, func() { b.guard.Env = append(b.guard.Env, env...) })
}

// StartWith is Start with something of b.guard changed before it runs.
func (b *Bench) StartWith(ctx context.Context, change func()) error {
	args := []string{"run", "-dir", b.path("state"), "-clock-file", b.file, "-kiosk", b.path("doors", "kiosk"), "-link", b.path("doors", "link")}
	if root() {
		kiosk, link := strconv.Itoa(kioskUser), strconv.Itoa(linkUser)
		args = append(args, "-kiosk-uid", kiosk, "-kiosk-gid", kiosk, "-link-uid", link, "-link-gid", link)
	} else {
		args = append(args, "-unconfined")
	}
	for line := range b.Cabinet.Ready.Lines {
		args = append(args, "-line", line+"="+b.device(line))
	}
	for _, name := range []string{"kiosk", "link"} {
		if err := os.Remove(b.path("doors", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	b.guard = b.command(args...)
	if root() {
		b.guard.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	}
	b.guard.Stderr = &b.output
	change()
	if err := b.launch(b.guard); err != nil {
		return err
	}
	return b.connect(ctx)
}

// launch starts the guard, with somebody beside its calls where there is one, and notices its end.
func (b *Bench) launch(guard *exec.Cmd) error {
	ended := make(chan struct{})
	b.ended = ended
	if b.beside != nil {
		return b.beside.start(guard, func() { close(ended) })
	}
	if err := b.bare.Start(guard); err != nil {
		close(ended)
		return err
	}
	go func() { guard.Wait(); close(ended) }()
	return nil
}

// outcome runs one of the guard's verbs to its end, with somebody beside its calls where there is one.
func (b *Bench) outcome(cmd *exec.Cmd) (out []byte, err error) {
	if b.beside == nil {
		return cmd.CombinedOutput()
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	ended := make(chan struct{})
	b.ended = ended
	if err := b.beside.start(cmd, func() { close(ended) }); err != nil {
		return nil, err
	}
	<-ended
	if status := b.beside.status; !status.Exited() || status.ExitStatus() != 0 {
		err = fmt.Errorf("ended with %#x", status)
	}
	return said.Bytes(), err
}

// connect waits for the guard's sockets and for its boards.
func (b *Bench) connect(ctx context.Context) (err error) {
	if err := b.until(ctx, "the kiosk's socket", func() bool { b.kiosk, err = dialKiosk(b.path("doors", "kiosk")); return err == nil }); err != nil {
		return err
	}
	if err := b.until(ctx, "the link's socket", func() bool { b.link, err = dialLink(b.path("doors", "link")); return err == nil }); err != nil {
		return err
	}
	return b.until(ctx, "boards that answer", func() bool {
		v, err := b.View(ctx)
		return err == nil && v.OutOfOrder == ""
	})
}

// patience bounds every wait for the guard: a machine may be busy with other things.
const patience = time.Minute

func (b *Bench) until(ctx context.Context, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for !done() {
		select {
		case <-poll.C:
		case <-b.ended:
			return fmt.Errorf("the guard ended while waiting for %s: %s", what, b.output.String())
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
	return nil
}

// Kill ends the guard at once, as a power cut would.
func (b *Bench) Kill() error {
	b.hangUp()
	err := b.guard.Process.Kill()
	<-b.ended
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// hangUp leaves the guard's sockets.
func (b *Bench) hangUp() {
	if b.kiosk != nil {
		b.kiosk.Close()
	}
	if b.link != nil {
		b.link.Close()
	}
}

// Reboot is power lost and back.
func (b *Bench) Reboot(ctx context.Context) error {
	return first(b.Kill, func() error { return b.Start(ctx) })
}

// first does one thing after the other up to the first error.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Close ends everything of this bench.
func (b *Bench) Close() {
	if b.guard != nil && b.guard.Process != nil {
		b.guard.Process.Kill()
		<-b.ended
	}
	b.Cabinet.Stop()
	os.RemoveAll(b.dir)
}

// turned is how far the clocks are turned of all who read one file.
type turned struct {
	file          string
	turning       sync.Mutex
	wall, running time.Duration
}

// turn writes the clock file.
func (t *turned) turn() error {
	if err := os.WriteFile(t.file+".next", fmt.Appendf(nil, "%d %d\n", t.wall.Microseconds(), t.running.Microseconds()), 0o644); err != nil {
		return err
	}
	return os.Rename(t.file+".next", t.file)
}

// advance lets time go by on both clocks.
func (t *turned) advance(d time.Duration) error {
	t.turning.Lock()
	defer t.turning.Unlock()
	t.wall, t.running = t.wall+d, t.running+d
	return t.turn()
}

// Now is the time that everybody but the guard knows.
func (b *Bench) Now() int64 { return time.Now().Add(b.wall).UnixMicro() }

// Lived is how long the guard's clock has run since the bench began, what was turned included.
func (b *Bench) Lived() time.Duration { return time.Since(b.began) + b.running }

// Pass lets time go by: on the wall and in powered hours. It returns when the guard has noticed, has ticked and has looked at its
// boards since.
func (b *Bench) Pass(ctx context.Context, d time.Duration) error {
	if err := b.hurry(ctx, d); err != nil {
		return err
	}
	b.wait(ctx, 130*time.Millisecond) // a tick comes every 100
	return b.until(ctx, "boards that answer", func() bool {
		v, err := b.View(ctx)
		return err == nil && v.OutOfOrder != "bus"
	})
}

// glide is Pass in steps that no board seems silent in.
func (b *Bench) glide(ctx context.Context, d time.Duration) error {
	for ; d > time.Second; d -= time.Second {
		if err := b.Pass(ctx, time.Second); err != nil {
			return err
		}
	}
	return b.Pass(ctx, d)
}

// hurry is Pass for those who let time go by a thousand times: the guard may not have ticked yet.
func (b *Bench) hurry(ctx context.Context, d time.Duration) error {
	b.noteExposed()
	before, err := b.head(ctx)
	if err != nil {
		return err
	}
	if err := b.advance(d); err != nil {
		return err
	}
	return b.until(ctx, "the clock to be noticed", func() bool {
		h, err := b.head(ctx)
		return err == nil && h.Powered >= before.Powered+d.Microseconds()
	})
}

// Kiosk asks on the kiosk's socket.
func (b *Bench) Kiosk(ctx context.Context, q door.KioskRequest) (door.KioskReply, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if b.tape != nil {
		b.tape.kiosk.keep(q)
	}
	return b.kiosk.Do(ctx, q)
}

// answered is Kiosk for a guard whose boards may only just be asked again, after its clock was turned or at its start.
func (b *Bench) answered(ctx context.Context, q door.KioskRequest) (reply door.KioskReply, err error) {
	waited := b.until(ctx, "boards that answer", func() bool {
		reply, err = b.Kiosk(ctx, q)
		return err != nil || reply.Reason != door.OutOfOrder
	})
	return reply, errors.Join(err, waited)
}

// Link asks on the link's socket.
func (b *Bench) Link(ctx context.Context, q door.LinkRequest) (door.LinkReply, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if b.tape != nil {
		b.tape.link.keep(q)
	}
	return b.link.Do(ctx, q)
}

// View is what the kiosk would draw.
func (b *Bench) View(ctx context.Context) (door.View, error) {
	reply, err := b.Kiosk(ctx, door.KioskRequest{Verb: door.Watch, After: 1 << 62})
	return reply.View, err
}

// head is a fresh head of the guard's.
func (b *Bench) head(ctx context.Context) (statement.Head, error) {
	reply, err := b.Link(ctx, door.LinkRequest{Verb: door.Beat})
	if err != nil || !reply.Accepted {
		return statement.Head{}, fmt.Errorf("no head: %s: %v", reply.Reason, err)
	}
	var s journal.Stretch
	if err := statement.Decode(reply.Stretch, &s); err != nil {
		return statement.Head{}, err
	}
	h, _, err := statement.Verify[statement.Head](s.Head, func(id statement.KeyID) (statement.Key, bool) { return b.Locker.Guard, b.Locker.Guard.ID() == id })
	return h, err
}

// SetTime lets two time keys sign a fresh head.
func (b *Bench) SetTime(ctx context.Context) error {
	for _, signer := range b.Network.Time[:2] {
		h, err := b.head(ctx)
		if err != nil {
			return err
		}
		if reply, err := b.receipt(ctx, signer, h, b.Now()); err != nil || !reply.Accepted {
			return fmt.Errorf("a receipt was refused: %s: %v", reply.Reason, err)
		}
	}
	return nil
}

func (b *Bench) receipt(ctx context.Context, by *statement.Signer, h statement.Head, utc int64) (door.LinkReply, error) {
	envelope, err := statement.Sign(by, statement.ReceiptFor(h, utc))
	if err != nil {
		return door.LinkReply{}, err
	}
	return b.Link(ctx, door.LinkRequest{Verb: door.Receipt, Statement: envelope})
}

// Records is the whole journal so far, fetched as the link would and verified as the hub and the notifier do.
func (b *Bench) Records(ctx context.Context) ([]journal.Record, error) {
	h, err := b.head(ctx)
	for err == nil && b.read.Number < h.Position {
		var reply door.LinkReply
		if reply, err = b.Link(ctx, door.LinkRequest{Verb: door.Records, After: b.read.Number}); err != nil {
			return nil, err
		}
		var s journal.Stretch
		if err = statement.Decode(reply.Stretch, &s); err != nil {
			return nil, err
		}
		var more []journal.Record
		if more, _, err = s.Verify(b.read, b.Locker.ID, b.Locker.Guard); err != nil {
			return nil, err
		}
		b.records = append(b.records, more...)
		b.read = journal.Position{Number: more[len(more)-1].Number, Hash: more[len(more)-1].Hash()}
		err = b.notify(more)
	}
	return b.records, err
}

// notify opens sealed codes, as the notifier would.
func (b *Bench) notify(records []journal.Record) error {
	for _, r := range records {
		if len(r.Sealed) == 0 {
			continue
		}
		code, err := statement.OpenCode(b.seal, r.Sealed, b.Locker.ID, r.Number, r.Parcel)
		if err != nil {
			return err
		}
		b.Codes[r.Parcel] = Code{code}
	}
	return nil
}

// count is how many records of a kind, and with a reason where one is given, the journal has.
func (b *Bench) count(ctx context.Context, kind journal.Kind, reason string) (n int, err error) {
	records, err := b.Records(ctx)
	for _, r := range records {
		if r.Kind == kind && (reason == "" || r.Reason == reason) {
			n++
		}
	}
	return n, err
}

// down signs the next numbered statement with the dispatch key and hands it over.
func (b *Bench) down(ctx context.Context, make func(number uint64) statement.Statement) (door.LinkReply, error) {
	hello, err := b.Link(ctx, door.LinkRequest{Verb: door.Hello})
	if err != nil {
		return hello, err
	}
	number := hello.Down + 1
	envelope, err := statement.Sign(b.Network.Dispatch, make(number))
	if err != nil {
		return hello, err
	}
	return b.Link(ctx, door.LinkRequest{Verb: door.Down, Number: number, Statement: envelope})
}

// manifest lets couriers of a carrier put parcels in.
func (b *Bench) manifest(ctx context.Context, carrier string, parcels ...statement.Expected) (door.LinkReply, error) {
	now := b.Now()
	return b.down(ctx, func(number uint64) statement.Statement {
		return statement.Manifest{Locker: b.Locker.ID, Number: number, Carrier: carrier, From: now, Until: now + 36*rules.Hour, Parcels: parcels}
	})
}
