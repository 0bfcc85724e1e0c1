package drill

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"lockstep/demo"
	"lockstep/internal/base45"
)

// fleetRows: the network between hub and lockers, with as many lockers as it takes.
var fleetRows = []Row{
	{ID: "A07", Attack: "connect to every TCP port and send to every UDP port of the guard's network namespace", Holds: of(holdsNetwork), Expect: "nothing answers; the guard has no inet socket", Net: portSweep, Parcels: 1, Root: true},
	{ID: "A08", Attack: "a shell beside locker 1: locker 2's link, bus and guard", Holds: of(holdsNetwork), Expect: "no path; a link accepts nothing inbound", Net: lateral, Lockers: 2, Parcels: 1, Root: true},
	{ID: "C05", Attack: "hostile texts to the scanner: SQL, shell, HTML, 4 KB, NUL, right-to-left, GS1 controls, UTF-7, spoilt codes of ours", Expect: "refused by their form; what is stored is text and nothing else", Net: hostileScans, Parcels: 1},
	{ID: "A01", Attack: "in the hub's place with its certificate: every kind of message to 50 lockers, each with a verb that opens, 10⁵ in a minute", Holds: of(holdsNetwork), Slow: true,
		Expect: "0 pulses; refusals are counted; honest recipients are served during the storm", Net: fleetStorm, Lockers: fleetSize, Parcels: 2, Alone: true},
	{ID: "B01", Attack: "root on the hub, with its database, its keys and the house carrier's: every call, every statement, restarts, for as long as --hours says", Holds: of(holdsHub), Slow: true,
		Expect: "0 pulses at 50 lockers; honest recipients are served throughout", Net: hubRoot, Lockers: fleetSize, Parcels: 2, Alone: true},
	{ID: "K03", Attack: "the kiosks of 50 lockers relay codes and couriers' answers, nobody is there", Holds: of(holdsKiosk), Slow: true,
		Expect: "the answers are believed and the doors stay shut; alarm at every tenth", Net: remotePresence, Lockers: fleetSize, Parcels: 1, Alone: true},
}

const lastPort = 65535

// portSweep first sweeps the namespace that the hub listens in, where the same sweep must find it.
func portSweep(ctx context.Context, n *Net) (string, error) {
	b := n.Lockers[0]
	found, err := sweep(ctx, os.Getpid())
	if err != nil {
		return "", err
	}
	if found < 4 {
		return "", fmt.Errorf("the sweep finds %d of the servers' ports: it would find nothing", found)
	}
	if open, err := inetSockets(n.Office.PID("hub")); err != nil || open < 2 {
		return "", fmt.Errorf("the hub has %d inet sockets, %v: they are not counted", open, err)
	}
	if open, err := inetSockets(b.guard.Process.Pid); err != nil || open > 0 {
		return "", breach("the guard has %d inet sockets: %v", open, err)
	}
	answered, err := sweep(ctx, b.guard.Process.Pid)
	if err != nil {
		return "", err
	}
	if answered > 0 {
		return "", breach("%d ports of the guard's namespace answer", answered)
	}
	return fmt.Sprintf("%d TCP and UDP ports: none answers; no inet socket (the servers' namespace: %d answer)", 2*lastPort, found), nil
}

// sweep tries every port of a process's network namespace from inside it and counts those that answer.
func sweep(ctx context.Context, pid int) (answered int, err error) {
	var found atomic.Int64
	group, _ := errgroup.WithContext(ctx)
	const workers = 4
	for w := range workers {
		group.Go(func() error {
			return inNamespace(pid, func() error {
				for port := 1 + w; port <= lastPort; port += workers {
					if connects(unix.SOCK_STREAM, port) || connects(unix.SOCK_DGRAM, port) {
						found.Add(1)
					}
				}
				return nil
			})
		})
	}
	err = group.Wait()
	return int(found.Load()), err
}

// connects says whether something answers on a port of the loopback: a TCP handshake, or no ICMP refusal of a datagram.
func connects(kind, port int) bool {
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}) != nil {
		return false
	}
	if kind == unix.SOCK_STREAM {
		return true
	}
	if _, err := unix.Write(fd, []byte("open")); err != nil {
		return false
	}
	_, err = unix.Write(fd, []byte("open")) // the refusal of the first comes with the second
	return err == nil
}

// inNamespace does something on a thread that has entered a process's network namespace; the thread ends with it.
func inNamespace(pid int, do func() error) error {
	if pid == os.Getpid() {
		return do()
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		if err == nil {
			err = do()
		}
		result <- err
	}()
	return <-result
}

// inetSockets counts the internet sockets that a process holds.
func inetSockets(pid int) (held int, err error) {
	sockets, err := socketsOf(pid)
	if err != nil {
		return 0, err
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6"} {
		lines, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			continue // a kernel without it
		}
		for line := range strings.Lines(string(lines)) {
			if columns := strings.Fields(line); len(columns) > 9 && sockets[columns[9]] {
				held++
			}
		}
	}
	return held, nil
}

// socketsOf are the inodes of a process's sockets.
func socketsOf(pid int) (map[string]bool, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("process %d cannot be looked into: %v", pid, err)
	}
	sockets := map[string]bool{}
	for _, file := range files {
		target, _ := os.Readlink(file)
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			sockets[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return sockets, nil
}

// lanUser is somebody beside the locker who is none of its processes' users.
const lanUser = 61009

func lateral(ctx context.Context, n *Net) (string, error) {
	other := n.Lockers[1]
	ports, err := listening(n.Office.PID(linkOf(other.Locker.ID)))
	if err != nil || len(ports) > 0 {
		return "", breach("the link listens on %v: %v", ports, err)
	}
	if hub, err := listening(n.Office.PID("hub")); err != nil || len(hub) < 2 {
		return "", fmt.Errorf("the hub listens on %v, %v: listeners are not seen", hub, err)
	}
	tried := 0
	for _, path := range []string{other.path("doors", "kiosk"), other.path("doors", "link")} {
		if reached(lanUser, path) {
			return "", breach("a stranger reaches %s", filepath.Base(path))
		}
		tried++
	}
	for line := range other.Cabinet.Ready.Lines {
		if opens(lanUser, other.device(line)) {
			return "", breach("a stranger opens the line %s", line)
		}
		tried++
	}
	for _, path := range []string{other.path("state"), other.path("state", "guard.key"), n.Office.Path(linkOf(other.Locker.ID), "link.key")} {
		if opens(lanUser, path) {
			return "", breach("a stranger reads %s", filepath.Base(path))
		}
		tried++
	}
	if !reached(linkUser, other.path("doors", "link")) {
		return "", fmt.Errorf("not even the link reaches its guard: refusals prove nothing")
	}
	return fmt.Sprintf("the link listens nowhere; %d sockets, lines and files refused", tried), nil
}

// reached says whether a user gets a connection on a unix socket.
func reached(user int, path string) bool {
	return as(user, func() error {
		conn, err := net.DialTimeout("unix", path, time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	}) == nil
}

// opens says whether a user may open a file for reading or writing.
func opens(user int, path string) bool {
	return as(user, func() error {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}) == nil
}

// listening are the local addresses at which a process waits for others.
func listening(pid int) (at []string, err error) {
	sockets, err := socketsOf(pid)
	if err != nil {
		return nil, err
	}
	const listens = "0A"
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		lines, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(lines)) {
			columns := strings.Fields(line)
			if len(columns) > 9 && sockets[columns[9]] && (columns[3] == listens || strings.HasPrefix(table, "udp")) {
				at = append(at, columns[1])
			}
		}
	}
	return at, nil
}

// hostileTexts are what a printer, or a phone's screen, can show to a scanner.
func hostileTexts() []string {
	texts := []string{"' OR 1=1; DROP TABLE parcel; --", "$(reboot)`reboot`; open 1", "<script>fetch('/code')</script>", "<img src=x onerror=alert(1)>", "=cmd|'/C calc'!A0",
		strings.Repeat("A", 4000), "4000\x000000017", "\u202e710000000004", "]C1\x1d0104000000000017\x1d10OPEN", "+ADw-script+AD4-", "%n%s%x", "\x1b[2J\x1b]0;x\x07",
		"{\"verb\":\"open\",\"compartment\":1}", "LSC:", "LSC:OPEN", "LSA:" + strings.Repeat("00", 900), "LSO:BB8", "LSQ:BB8", "LSR:BB8", "lsc:bb8", "LSX:BB8", "LSC:" + base45.Encode(make([]byte, 15)),
		"LSC:" + base45.Encode(make([]byte, 16)), "LSC:" + base45.Encode(make([]byte, 16*21)), "LSA:" + base45.Encode([]byte("\xa1\x01\x41\x00")), "LSO:" + base45.Encode([]byte("\x81\x41\x00"))}
	return texts
}

// hostileScans shows them to the scanner of a real kiosk, and then an honest recipient's code.
func hostileScans(ctx context.Context, n *Net) (string, error) {
	b, p := n.Lockers[0], n.Parcels[0]
	scanner, err := filepath.EvalSymlinks(b.Cabinet.Ready.Scanner)
	if err != nil {
		return "", err
	}
	if root() {
		if err := os.Chown(scanner, kioskUser, -1); err != nil {
			return "", err
		}
	}
	if err := n.Office.RunKiosk(ctx, b.path("doors", "kiosk"), scanner); err != nil {
		return "", err
	}
	screen := demo.Watch(ctx, n.Office.Kiosk)
	if _, err := screen.Wait(ctx, "an idle screen", func(v demo.ScreenState) bool { return v.Guard && v.OutOfOrder == "" }); err != nil {
		return "", err
	}
	before := b.pulses()
	for _, text := range hostileTexts() {
		seen := screen.See().Scan.Number
		if err := b.Cabinet.Scan(text); err != nil {
			return "", err
		}
		v, err := screen.WaitFor(ctx, patience, "what became of a scan", func(v demo.ScreenState) bool { return v.Scan.Number > seen })
		if err != nil {
			return "", breach("after %.40q: %v", text, err)
		}
		if v.Scan.Accepted {
			return "", breach("%.40q was accepted", text)
		}
		if v.QR != nil && strings.Contains(v.QR.Text, text) {
			return "", breach("the screen shows %.40q", text)
		}
	}
	if err := b.pressInVain(ctx, "hostile texts", b.opened(Thief)); err != nil {
		return "", err
	}
	if err := b.still(before); err != nil {
		return "", err
	}
	if _, err := b.Records(ctx); err != nil {
		return "", err
	}
	err = n.visit(b, 1, func() error {
		code := b.Codes[p.Barcode]
		if err := b.Cabinet.Scan("LSC:" + base45.Encode(code.Secret[:])); err != nil {
			return err
		}
		if _, err := b.pressed(ctx, owner(p.Barcode)); err != nil {
			return fmt.Errorf("an honest QR code: %w", err)
		}
		_, err := b.shut(ctx, owner(p.Barcode), b.Parcels[p.Barcode])
		return err
	})
	if err != nil {
		return "", err
	}
	if err := n.hostileReferences(ctx, b); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d texts, none accepted; the recipient's QR code opened; as references they are refused or come back as they are, as JSON", len(hostileTexts())), n.Office.End("kiosk")
}

// hostileReferences gives the same texts to the API as a merchant's own words: what it takes it must give back unharmed, and as
// nothing but text.
func (n *Net) hostileReferences(ctx context.Context, b *Bench) error {
	for _, text := range hostileTexts() {
		var made struct {
			ID, Reference string
			Parcels       []demo.Announced
		}
		body := map[string]any{"locker": b.Locker.ID, "reference": text, "recipient": map[string]string{"phone": thiefsPhone}, "parcels": []map[string]string{{"size": "S"}}}
		a, err := n.ask(ctx, "POST", "/v1/shipments", body, &made)
		if err != nil || a.Status >= 500 {
			return breach("the API fails over %.40q: %d: %v", text, a.Status, err)
		}
		if a.Status >= 300 {
			continue
		}
		if made.Reference != text {
			return breach("%.40q came back as %.40q", text, made.Reference)
		}
		page, err := call(ctx, "GET", made.Parcels[0].Tracking, "", nil)
		if err != nil || page.Status != 200 || strings.Contains(string(page.Body), text) {
			return breach("a page shows %.40q: %d: %v", text, page.Status, err)
		}
		if a, err := n.ask(ctx, "POST", "/v1/shipments/"+made.ID+"/cancel", nil, nil); err != nil || a.Status >= 300 {
			return fmt.Errorf("cancelling: %d %s: %v", a.Status, a.Body, err)
		}
	}
	return nil
}
