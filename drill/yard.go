package drill

import (
	"context"
	"crypto/hpke"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"lockstep/cabinet"
	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/bare"
)

// Yard is where lockers stand to be attacked: one network's keys, and a folder for each bench.
type Yard struct {
	Network *ceremony.Development
	Dir     string            // everything lies below it
	Guard   string            // the guard's binary, a development build
	honest  string            // the one that lockers are filled with: a mutant could not
	Release string            // a release build of the guard, for the row that looks at one; "" where there is none
	Frames  int               // that A06 sends
	Locked  string            // the locker's other program, with its symbols; "" where there is none
	Span    time.Duration     // how long a row goes on that lasts as long as it is let; a minute where nobody says
	Server  string            // URL of a PostgreSQL server on which each hub has a database of its own; "" for SQLite files
	other   *statement.Signer // of otherCarrier
	seal    hpke.PrivateKey
	bare    *bare.Thread
	mu      sync.Mutex // of count
	filling sync.Mutex
	count   int
	stocks  map[int]*stock
	ready   map[string]func() (*stock, error) // by the flow that begins with it
}

// The users that the processes run under where we are root.
const (
	guardUser = 61003
	kioskUser = 61004
	linkUser  = 61005
)

// NewYard makes a network with fresh keys in a directory that exists.
func NewYard(dir, guard string) (*Yard, error) {
	if _, err := os.Stat(guard); err != nil {
		return nil, fmt.Errorf("drill: %w (make development builds it)", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	network, err := ceremony.NewDevelopment("drill")
	if err != nil {
		return nil, err
	}
	other, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		return nil, err
	}
	network.Charter.Carriers = append(network.Charter.Carriers, statement.Carrier{ID: otherCarrier,
		Keys: statement.Role{Threshold: 1, Holders: []statement.Holder{{Key: other.Key(), Person: "carrier Y"}}}})
	if network.Bundle, err = ceremony.SignAll(network.Charter, network.Roots...); err != nil {
		return nil, err
	}
	seal, err := statement.ParseSealKey(network.SealKey)
	if err != nil {
		return nil, err
	}
	thread, err := bare.New()
	return &Yard{bare: thread, Network: network, Dir: dir, Guard: guard, Frames: 20_000, honest: guard, other: other, seal: seal, stocks: map[int]*stock{}}, err
}

// otherCarrier is a second carrier, with a key of its own.
const otherCarrier = "carrier-y"

// root says that processes can be given users of their own.
func root() bool { return os.Getuid() == 0 }

// command is one of the guard's verbs, run as its own user.
func (y *Yard) command(args ...string) *exec.Cmd {
	cmd := exec.Command(y.Guard, args...)
	cmd.Env = []string{"HOME=/nonexistent"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if root() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: guardUser, Gid: guardUser, Groups: []uint32{kioskUser, linkUser}}
	}
	return cmd
}

// own gives a path to the guard's user.
func own(path string) error {
	if !root() {
		return nil
	}
	return os.Chown(path, guardUser, guardUser)
}

// as does something with another user's id and group, so that a socket's other end sees that user.
func as(user int, do func() error) error { return asMember(user, user, do) }

// asMember is as with a group of another name. It works on a thread of its own, and only of that thread the ids change.
func asMember(user, group int, do func() error) error {
	if !root() {
		return do()
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with this goroutine
		for _, ids := range [][2]uintptr{{syscall.SYS_SETRESGID, uintptr(group)}, {syscall.SYS_SETRESUID, uintptr(user)}} {
			if _, _, errno := syscall.RawSyscall(ids[0], ^uintptr(0), ids[1], ^uintptr(0)); errno != 0 {
				result <- errno
				return
			}
		}
		result <- do()
	}()
	return <-result
}

// dialKiosk and dialLink connect as the user whose socket it is.
func dialKiosk(path string) (client *door.KioskClient, err error) {
	return client, as(kioskUser, func() error { client, err = door.DialKiosk(path); return err })
}

func dialLink(path string) (client *door.LinkClient, err error) {
	return client, as(linkUser, func() error { client, err = door.DialLink(path); return err })
}

// Front is a locker's certificate: n compartments of one size on boards of 48 channels, and one board for the button, the case and the
// jumper.
func Front(id string, guard statement.Key, n int) statement.Locker {
	l := statement.Locker{Network: "drill", ID: id, Zone: "Europe/Moscow", Guard: guard, Interlock: true,
		Boards: []statement.Board{{Line: "bus0", Family: "cu16", Address: 0, Channels: 16}},
		Inputs: statement.Inputs{Gate: &statement.Point{Board: 0, Channel: 1}, Case: &statement.Point{Board: 0, Channel: 2}, Jumper: &statement.Point{Board: 0, Channel: 3}}}
	for i := range n {
		if i%48 == 0 {
			l.Boards = append(l.Boards, statement.Board{Line: "bus1", Family: "cu48", Address: uint8(i / 48), Channels: 48})
		}
		l.Compartments = append(l.Compartments, statement.Compartment{Number: uint16(i + 1), Size: 1, Low: i%4 == 0, Board: uint8(1 + i/48), Channel: uint8(i%48 + 1)})
	}
	return l
}

// stock is a locker as it was left: what a bench that starts with parcels inside begins with.
type stock struct {
	state   string // copy of the guard's folder
	locker  statement.Locker
	codes   map[string]Code
	parcels map[string]uint16
	owners  map[string]cabinet.Parcel
	serial  int
	shift   int64 // µs that its clocks had been turned
	records []journal.Record
	read    journal.Position
}

// Stocked is a bench with n compartments, filled of them holding parcels that an honest courier put in.
func (y *Yard) Stocked(ctx context.Context, n, filled int) (*Bench, error) {
	s, err := y.stock(ctx, n, filled)
	if err != nil {
		return nil, fmt.Errorf("drill: filling a locker: %w", err)
	}
	return y.from(ctx, s)
}

// stock fills a locker once; who comes meanwhile waits for it.
func (y *Yard) stock(ctx context.Context, n, filled int) (s *stock, err error) {
	y.filling.Lock()
	defer y.filling.Unlock()
	key := n*1000 + filled
	if y.stocks[key] == nil {
		y.stocks[key], err = y.fill(ctx, n, filled)
	}
	return y.stocks[key], err
}

func (y *Yard) fill(ctx context.Context, n, filled int) (*stock, error) {
	honest := Yard{bare: y.bare, Network: y.Network, Dir: y.Dir + "/stock", Guard: y.honest, other: y.other, seal: y.seal}
	if err := os.MkdirAll(honest.Dir, 0o755); err != nil {
		return nil, err
	}
	b, err := honest.bench(ctx, n)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if err := b.Stock(ctx, filled); err != nil {
		return nil, err
	}
	return b.keep(fmt.Sprintf("%s.of-%d-%d", b.dir, n, filled))
}

// keep ends a bench and keeps it as a stock in a folder.
func (b *Bench) keep(state string) (*stock, error) {
	if err := b.Kill(); err != nil {
		return nil, err
	}
	s := &stock{state: state, locker: b.Locker, codes: b.Codes, parcels: b.Parcels, owners: map[string]cabinet.Parcel{}, serial: b.serial, shift: b.wall.Microseconds(), records: b.records, read: b.read}
	for _, c := range b.Cabinet.Cabinet.State().Compartments {
		for _, p := range c.Parcels {
			s.owners[p.Barcode], s.parcels[p.Barcode] = p, c.Number
		}
	}
	return s, copyTree(b.path("state"), s.state)
}

func copyTree(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return errors.Join(os.Chmod(to, 0o700), walkOwn(to))
}

func walkOwn(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error { return errors.Join(err, own(path)) })
}
