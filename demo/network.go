package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lockstep/cabinet"
	"lockstep/ceremony"
	"lockstep/internal/bare"
)

// Options are how a network is started.
type Options struct {
	Dir      string // where everything lies; it must be empty or not exist
	Bin      string // where the development binaries are
	Port     int    // the first of ten ports in a row; 0 takes free ones
	Second   bool   // a second locker stands in another city
	Database string // the hub's, a postgres:// URL; empty for an SQLite file

	Compartments int // of each locker; 0 for 24

	Keys *ceremony.Development // the network's; nil for fresh ones
}

// Network is a running demo network. Everything about it is reached through its front doors.
type Network struct {
	Hub      string // URL of the hub's public listener
	Inbox    string // URL of the page with what was sent
	Kiosk    string // URL of the locker's screen
	Cabinet  string // URL of the locker's front, with its token
	Codes    string // URL of the notifier's own origin
	APIKey   string // the demo merchant's
	Enrol    string // one-time URL for the courier's phone
	Console  string // one-time URL with which somebody becomes the operator
	Shop     string // and the merchant
	Locker   string
	Front    *cabinet.Client // the cabinet's control socket
	Clock    Clock
	Database string // the hub's: path of an SQLite file, or a URL

	options  Options
	merchant string // the demo merchant's id
	programs *programs
	ports    []int
	users    users
	keys     *ceremony.Development
	recipes  map[string]func() *process
	alive    map[string]*process
	provider string // what the payment provider signs its webhooks with
	first    *site
	second   *site // nil where there is none
}

// users are the ids that the processes run under: each its own where we are root, else all ours.
type users struct{ hub, notifier, guard, kiosk, link, cabinet, payment int }

func pickUsers() users {
	if os.Getuid() != 0 {
		return users{}
	}
	return users{61001, 61002, 61003, 61004, 61005, 61006, 61007}
}

const (
	lockerID  = "7701-015"
	secondID  = "5602-009"
	courierID = "courier-1"
)

// Start brings up a whole network. On an error everything that was started is ended.
func Start(ctx context.Context, o Options) (*Network, error) {
	return bringUp(ctx, o, func(n *Network) []step { return append(n.servers(), n.locker()...) })
}

// StartServers brings up a network without a locker: its hub and its notifier.
func StartServers(ctx context.Context, o Options) (*Network, error) {
	return bringUp(ctx, o, (*Network).servers)
}

// step is one thing to do on the way up.
type step struct {
	name string
	do   func(context.Context) error
}

func (n *Network) servers() []step {
	return []step{{"ceremony", n.ceremony}, {"hub", n.startHub}, {"notifier", n.startNotifier}}
}

func (n *Network) locker() []step {
	n.first = &site{Network: n, id: lockerID, name: "Demo locker", address: "Tverskaya ulitsa 1, Moskva", latitude: "55.7577", longitude: "37.6136", port: portCabinet}
	steps := []step{{"cabinet", n.startCabinet}, {"guard", n.first.startGuard}, {"link", n.first.startLink}, {"payment", n.startPayment}}
	if n.options.Second {
		n.second = &site{Network: n, id: secondID, name: "Second demo locker", address: "ulitsa Baumana 44, Kazan", latitude: "55.7887", longitude: "49.1221", mark: "-2", port: portSecondCabinet}
		steps = append(steps, step{"second locker", n.second.start})
	}
	return append(steps, step{"sandbox", n.sandbox}, step{"kiosk", n.startKiosk}, step{"courier", n.inviteCourier}, step{"users", n.inviteUsers})
}

func bringUp(ctx context.Context, o Options, steps func(*Network) []step) (_ *Network, err error) {
	n := &Network{options: o, users: pickUsers(), Locker: lockerID, recipes: map[string]func() *process{}, alive: map[string]*process{}}
	if err := n.layOut(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			n.Stop()
		}
	}()
	for _, step := range steps(n) {
		if err := step.do(ctx); err != nil {
			return nil, fmt.Errorf("demo: %s: %w", step.name, err)
		}
	}
	return n, nil
}

// Stop ends every process.
func (n *Network) Stop() { n.programs.stopAll() }

// Log is where a process of the network writes.
func (n *Network) Log(name string) string { return n.path("logs", name+".log") }

// Path is one below the network's directory: each server has a folder of its name there, with its keys in keys.
func (n *Network) Path(parts ...string) string { return n.path(parts...) }

func (n *Network) path(parts ...string) string {
	return filepath.Join(append([]string{n.options.Dir}, parts...)...)
}

func (n *Network) bin(name string) string { return filepath.Join(n.options.Bin, name) }

var programNames = []string{"lockstep", "lockstep-locker", "lockstep-guard"}

func (n *Network) layOut() error {
	for _, name := range programNames {
		if _, err := os.Stat(n.bin(name)); err != nil {
			return fmt.Errorf("demo: %w (make development builds it)", err)
		}
	}
	if entries, err := os.ReadDir(n.options.Dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("demo: %s is not empty", n.options.Dir)
	}
	if err := os.MkdirAll(n.path("logs"), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(n.options.Dir, 0o755); err != nil {
		return err
	}
	if err := n.bringPrograms(); err != nil {
		return err
	}
	thread, err := bare.New()
	if err != nil {
		return err
	}
	n.programs = &programs{logs: n.path("logs"), bare: thread}
	own := map[string]int{"hub": n.users.hub, "notifier": n.users.notifier, "guard": n.users.guard, "link": n.users.link,
		"cabinet": n.users.cabinet, "payment": n.users.payment}
	for name, user := range own {
		if err := n.folder(user, 0o700, name); err != nil {
			return err
		}
	}
	n.Clock = Clock{n.path("clock", "offsets")} // in a folder of its own, because the guard may read all of that
	if err := errors.Join(n.folder(0, 0o755, "clock"), n.Clock.set(0, 0), n.folder(n.users.guard, 0o755, "doors")); err != nil {
		return err
	}
	return n.takePorts()
}

// folder makes a directory that belongs to one of the users.
func (n *Network) folder(user int, mode os.FileMode, parts ...string) error {
	path := n.path(parts...)
	if err := os.MkdirAll(path, mode); err != nil {
		return err
	}
	if user == 0 {
		return nil
	}
	return os.Chown(path, user, user)
}

// give writes a file for one of the users alone.
func (n *Network) give(user int, data []byte, parts ...string) error {
	path := n.path(parts...)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	if user == 0 {
		return nil
	}
	return os.Chown(path, user, user)
}

const portCount = 10

func (n *Network) takePorts() error {
	for i := range portCount {
		port := 0
		if n.options.Port > 0 {
			port = n.options.Port + i
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			return fmt.Errorf("demo: %w (choose others with --port)", err)
		}
		defer l.Close() // all at once, so that free ones differ
		n.ports = append(n.ports, l.Addr().(*net.TCPAddr).Port)
	}
	return nil
}

// port names: what listens where.
const (
	portPage = iota
	portHub
	portEdge
	portCodes
	portInbox
	portKiosk
	portCabinet
	portPayment
	portSecondKiosk
	portSecondCabinet
)

func (n *Network) listen(port int) string { return "127.0.0.1:" + strconv.Itoa(n.ports[port]) }
func (n *Network) url(port int) string    { return "http://" + n.listen(port) }

// SecondLocker is the other locker's number, and where its front and its screen are; empty where there is none.
func (n *Network) SecondLocker() string {
	if n.second == nil {
		return ""
	}
	return fmt.Sprintf("%s (front %s, screen %s)", secondID, n.second.front, n.second.screen)
}

// Page is the URL at which the demo's own page will be served.
func (n *Network) Page() string { return n.url(portPage) }

// ceremony makes the network's keys and gives each process its own.
func (n *Network) ceremony(context.Context) error {
	if n.keys = n.options.Keys; n.keys == nil {
		keys, err := ceremony.NewDevelopment("demo")
		if err != nil {
			return err
		}
		n.keys = keys
	}
	all := n.path("ceremony")
	if err := n.keys.Save(all); err != nil {
		return err
	}
	shares := map[string][]string{"hub": {"dispatch.seed", "time-hub.seed", "carrier-house.seed"}, "notifier": {"time-notifier.seed", "notifier.seal"}, "payment": {"payment.seed"}}
	owners := map[string]int{"hub": n.users.hub, "notifier": n.users.notifier, "payment": n.users.payment}
	for name, files := range shares {
		if err := n.folder(owners[name], 0o700, name, "keys"); err != nil {
			return err
		}
		for _, file := range append(files, "charter.bundle") {
			data, err := os.ReadFile(filepath.Join(all, file))
			if err != nil {
				return err
			}
			if err := n.give(owners[name], data, name, "keys", file); err != nil {
				return err
			}
		}
	}
	return nil
}

// launch starts a process by its recipe and remembers both, so that it can be killed and started again.
func (n *Network) launch(name string, recipe func() *process) (*process, error) {
	p := recipe()
	p.name = name
	n.recipes[name], n.alive[name] = recipe, p
	return p, n.programs.start(p)
}

// Confined says whether the guard is: only root can start it so.
func (n *Network) Confined() bool { return n.users.guard != 0 }

// Kill ends a process at once, as a power cut would.
func (n *Network) Kill(name string) error { return n.alive[name].kill() }

// End asks a process to end and waits.
func (n *Network) End(name string) error { return n.alive[name].stop() }

// Again starts a process that has ended, with further environment for this one start, and waits until it answers.
func (n *Network) Again(ctx context.Context, name string, env ...string) error {
	if err := n.Relaunch(name, env...); err != nil {
		return err
	}
	return n.ready(ctx, name)
}

// Relaunch is Again without the wait.
func (n *Network) Relaunch(name string, env ...string) error {
	p := n.recipes[name]()
	p.name, p.env = name, append(p.env, env...)
	n.alive[name] = p
	return n.programs.start(p)
}

// Probe ends the guard and starts it as it was, but to try what it must not be able to do. It returns what the guard printed: a
// line of JSON for each attempt. Unconfined, it runs as an ordinary user's guard would.
func (n *Network) Probe(ctx context.Context, confined bool, flags ...string) (string, error) {
	if err := n.End("guard"); err != nil {
		return "", err
	}
	p := n.recipes["guard"]()
	p.name, p.args[1] = "probe", "probe"
	p.args = append(p.args, flags...)
	if !confined {
		p.alone, p.args = false, append(p.args, "-unconfined")
	}
	if err := os.RemoveAll(n.Log("probe")); err != nil {
		return "", err
	}
	if err := n.programs.start(p); err != nil {
		return "", err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	said, err := os.ReadFile(n.Log("probe"))
	if err != nil || p.result != nil {
		return "", fmt.Errorf("probe: %w\n%s", errors.Join(err, p.result), said)
	}
	return string(said), nil
}

// User is the id that one of the locker's processes runs under.
func (n *Network) User(name string) int {
	if !n.Confined() {
		return os.Getuid()
	}
	return map[string]int{"guard": n.users.guard, "kiosk": n.users.kiosk, "link": n.users.link}[name]
}

// Line is the device of one of the lock boards' lines.
func (n *Network) Line(name string) string { return n.first.lines[name] }

// State is the guard's own directory.
func (n *Network) State() string { return n.path("guard", "state") }

// Door is the path of one of the guard's sockets: kiosk or link.
func (n *Network) Door(name string) string { return n.path("doors", name) }

// PID is a running process's number.
func (n *Network) PID(name string) int { return n.alive[name].cmd.Process.Pid }

// Runs says whether a process has been started and has not ended.
func (n *Network) Runs(name string) bool {
	select {
	case <-n.Ended(name):
		return false
	default:
		return true
	}
}

// Ended is closed when a process has ended by itself or was killed.
func (n *Network) Ended(name string) <-chan struct{} { return n.alive[name].ended }

// ready waits until a process that was started answers.
func (n *Network) ready(ctx context.Context, name string) error {
	switch name {
	case "hub":
		return n.waitHTTP(ctx, name, n.Hub+"/healthz")
	case "notifier":
		return n.waitHTTP(ctx, name, n.Codes+"/healthz")
	case "payment":
		return n.waitHTTP(ctx, name, n.url(portPayment)+"/healthz")
	case "kiosk":
		return n.waitHTTP(ctx, name, n.Kiosk+"/healthz")
	case "guard-2":
		return n.waitFile(ctx, name, n.path("doors-2", "link"))
	case "guard":
		if err := n.waitFile(ctx, name, n.Door("link")); err != nil || n.alive["kiosk"] == nil {
			return err
		}
		return n.waitHTTP(ctx, name, n.Kiosk+"/healthz")
	}
	return nil
}

func (n *Network) waitHTTP(ctx context.Context, name, url string) error {
	return n.wait(ctx, name, func() bool {
		r, err := http.Get(url)
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode < 300
	})
}

func (n *Network) waitFile(ctx context.Context, name, path string) error {
	return n.wait(ctx, name, func() bool {
		_, err := os.Stat(path)
		return err == nil
	})
}

const startTime = 20 * time.Second

// wait polls until a process is ready, has ended, or took too long.
func (n *Network) wait(ctx context.Context, name string, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	p := n.alive[name]
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for !ready() {
		select {
		case <-poll.C:
		case <-p.ended:
			return fmt.Errorf("%s ended: %v\n%s", name, p.result, n.tail(name))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", name, ctx.Err(), n.tail(name))
		}
	}
	return nil
}

// tail is the end of a process's log.
func (n *Network) tail(name string) string {
	data, err := os.ReadFile(n.Log(name))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}

// HubCommand runs `lockstep hub …` with the network's database and reads its JSON into a value.
func (n *Network) HubCommand(into any, args ...string) error {
	out, err := n.hub(args...)
	if err != nil || into == nil {
		return err
	}
	return said(into, out, args)
}

// HubSays is HubCommand for one that ends with an error where it finds something: what it printed counts.
func (n *Network) HubSays(into any, args ...string) error {
	out, err := n.hub(args...)
	if out == "" {
		return err
	}
	return said(into, out, args)
}

func (n *Network) hub(args ...string) (string, error) {
	full := append([]string{"hub"}, args...)
	full = append(append(full, n.hubArgs()...), "--json")
	return n.programs.run(n.users.hub, n.bin("lockstep"), full...)
}

func said(into any, out string, args []string) error {
	if err := json.Unmarshal([]byte(out), into); err != nil {
		return fmt.Errorf("hub %s: %w: %s", args[0], err, out)
	}
	return nil
}

// NotifierCommand runs `lockstep notifier …` beside the running one and reads its JSON into a value.
func (n *Network) NotifierCommand(into any, args ...string) error {
	full := append([]string{"notifier"}, args...)
	full = append(full, "--keys", n.path("notifier", "keys"), "--database", n.path("notifier", "notifier.db"), "--clock-file", n.Clock.path)
	out, err := n.programs.run(n.users.notifier, n.bin("lockstep"), full...)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal([]byte(out), into)
}

// hand lets another user use a device of the cabinet's and returns its real path, which needs no way through the cabinet's
// own directory.
func hand(path string, user int) (string, error) {
	device, err := filepath.EvalSymlinks(path)
	if err != nil || user == 0 {
		return device, err
	}
	return device, errors.Join(os.Chown(device, user, -1), os.Chmod(device, 0o600))
}
