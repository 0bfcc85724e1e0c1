package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lockstep/cabinet"
	"lockstep/guard/statement"
)

// cabinetToken stands in the URL of the cabinet's page: a person's hand needs it, the software under test never learns it.
func (n *Network) cabinetToken() string {
	if n.token == "" {
		n.token = hex.EncodeToString(statement.NewSeed()[:12])
	}
	return n.token
}

func (n *Network) startCabinet(ctx context.Context) error {
	config, err := json.Marshal(cabinet.FromLocker(lockerOf(statement.Key{})))
	if err != nil {
		return err
	}
	if err := n.give(n.users.cabinet, config, "cabinet", "cabinet.json"); err != nil {
		return err
	}
	p, err := n.launch("cabinet", func() *process {
		return &process{user: n.users.cabinet, args: []string{n.bin("lockstep"), "cabinet", "--config", n.path("cabinet", "cabinet.json"),
			"--dir", n.path("cabinet"), "--control", n.path("cabinet", "control"), "--listen", n.listen(portCabinet),
			"--frame-ancestor", n.Page(), "--print-ready"}, env: []string{"LOCKSTEP_CABINET_TOKEN=" + n.cabinetToken()}}
	})
	if err != nil {
		return err
	}
	var ready cabinet.Ready
	if err := n.firstJSON(ctx, p, &ready); err != nil {
		return err
	}
	n.Cabinet = ready.Page
	for name, line := range ready.Lines {
		if n.lines[name], err = hand(line, n.users.guard); err != nil {
			return err
		}
	}
	if n.scanner, err = hand(ready.Scanner, n.users.kiosk); err != nil {
		return err
	}
	n.Front, err = cabinet.Dial(n.path("cabinet", "control"))
	return err
}

// firstJSON reads the line that a process prints when it is ready.
func (n *Network) firstJSON(ctx context.Context, p *process, into any) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	select {
	case line := <-p.first:
		if err := json.Unmarshal([]byte(line), into); err != nil {
			return fmt.Errorf("%s said %q: %w", p.name, line, err)
		}
		return nil
	case <-p.ended:
		return fmt.Errorf("%s ended: %v\n%s", p.name, p.result, n.tail(p.name))
	case <-ctx.Done():
		return fmt.Errorf("%s is not ready\n%s", p.name, n.tail(p.name))
	}
}

// gs1Prefix is the demo operator's: GS1 keeps 952 for examples.
const gs1Prefix = "9521234"

// hubArgs are what every hub command of the demo is given.
func (n *Network) hubArgs() []string {
	return []string{"--database", n.Database, "--keys", n.path("hub", "keys"), "--public-url", n.Hub, "--gs1-prefix", gs1Prefix,
		"--notifier", n.Codes, "--notifier-token-file", n.path("hub", "notifier-token"), "--clock-file", n.Clock.path}
}

func (n *Network) startHub(ctx context.Context) error {
	n.Hub, n.Database, n.Codes = n.url(portHub), cmp.Or(n.options.Database, n.path("hub", "hub.db")), n.url(portCodes)
	asks := []byte(rand.Text() + "\n")
	if err := errors.Join(n.give(n.users.hub, asks, "hub", "notifier-token"), n.give(n.users.notifier, asks, "notifier", "hub-token")); err != nil {
		return err
	}
	_, err := n.launch("hub", func() *process {
		args := append([]string{n.bin("lockstep"), "hub"}, n.hubArgs()...)
		return &process{user: n.users.hub, dir: n.path("hub"), args: append(args, "serve", "--listen", n.listen(portHub),
			"--edge", n.listen(portEdge), "--frame-ancestor", n.Page(), "--allow-private")}
	})
	if err != nil {
		return err
	}
	if err := n.ready(ctx, "hub"); err != nil {
		return err
	}
	var merchant struct{ ID, Key string }
	if err := n.HubCommand(&merchant, "merchant", "add", "Demo shop"); err != nil {
		return err
	}
	n.APIKey, n.merchant = merchant.Key, merchant.ID
	return nil
}

func (n *Network) startNotifier(ctx context.Context) error {
	var token struct{ Token string }
	if err := n.HubCommand(&token, "notifier", "token"); err != nil {
		return err
	}
	if err := n.give(n.users.notifier, []byte(token.Token+"\n"), "notifier", "token"); err != nil {
		return err
	}
	n.Inbox = n.url(portInbox)
	_, err := n.launch("notifier", func() *process {
		return &process{user: n.users.notifier, dir: n.path("notifier"), args: []string{n.bin("lockstep"), "notifier", "serve",
			"--keys", n.path("notifier", "keys"), "--database", n.path("notifier", "notifier.db"), "--hub", n.Hub,
			"--token-file", n.path("notifier", "token"), "--listen", n.listen(portCodes), "--origin", n.Codes,
			"--hub-token-file", n.path("notifier", "hub-token"), "--inbox", n.listen(portInbox), "--clock-file", n.Clock.path}}
	})
	if err != nil {
		return err
	}
	return n.ready(ctx, "notifier")
}

func (n *Network) startPayment(ctx context.Context) error {
	var token struct{ Token string }
	if err := n.HubCommand(&token, "payment", "token"); err != nil {
		return err
	}
	n.provider = "whsec_" + base64.StdEncoding.EncodeToString(statement.NewSeed())
	for name, text := range map[string]string{"token": token.Token, "secret": n.provider} {
		if err := n.give(n.users.payment, []byte(text+"\n"), "payment", name); err != nil {
			return err
		}
	}
	_, err := n.launch("payment", func() *process {
		return &process{user: n.users.payment, dir: n.path("payment"), args: []string{n.bin("lockstep"), "payment", "--keys", n.path("payment", "keys"),
			"--hub", n.Hub, "--token-file", n.path("payment", "token"), "--clock-file", n.Clock.path,
			"serve", "--secret-file", n.path("payment", "secret"), "--listen", n.listen(portPayment)}}
	})
	if err != nil {
		return err
	}
	return n.ready(ctx, "payment")
}

// Pay is the payment provider's webhook: somebody has paid what is due for a parcel's shipment.
func (n *Network) Pay(ctx context.Context, barcode string, kopecks int64) error {
	id := "msg_" + hex.EncodeToString(statement.NewSeed()[:8])
	body, err := json.Marshal(map[string]any{"type": "payment.succeeded",
		"data": map[string]any{"barcode": barcode, "amount": kopecks, "currency": "RUB", "reference": id}})
	if err != nil {
		return err
	}
	hook, err := standardwebhooks.NewWebhook(n.provider)
	if err != nil {
		return err
	}
	now := n.Clock.Now()
	signature, err := hook.Sign(id, now, body)
	if err != nil {
		return err
	}
	return call(ctx, http.MethodPost, n.url(portPayment)+"/webhook", map[string]string{standardwebhooks.HeaderWebhookID: id,
		standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(now.Unix(), 10), standardwebhooks.HeaderWebhookSignature: signature}, json.RawMessage(body), nil)
}

func (n *Network) startGuard(ctx context.Context) error {
	key, err := n.guardKey()
	if err != nil {
		return err
	}
	certificate, err := n.certify(key)
	if err != nil {
		return err
	}
	if err := n.give(n.users.guard, certificate, "guard", "locker.bundle"); err != nil {
		return err
	}
	charter, err := n.keys.Bundle.Encode()
	if err != nil {
		return err
	}
	if err := n.give(n.users.guard, charter, "guard", "charter.bundle"); err != nil {
		return err
	}
	state := n.path("guard", "state")
	if err := n.provision(ctx, state); err != nil {
		return err
	}
	_, err = n.launch("guard", func() *process {
		args := []string{n.bin("lockstep-guard"), "run", "-dir", state, "-clock-file", n.Clock.path,
			"-line", "bus0=" + n.lines["bus0"], "-line", "bus1=" + n.lines["bus1"],
			"-kiosk", n.path("doors", "kiosk"), "-link", n.path("doors", "link")}
		if n.Confined() {
			args = append(args, "-kiosk-uid", fmt.Sprint(n.users.kiosk), "-link-uid", fmt.Sprint(n.users.link),
				"-kiosk-gid", fmt.Sprint(n.users.kiosk), "-link-gid", fmt.Sprint(n.users.link))
		} else {
			args = append(args, "-unconfined")
		}
		return &process{user: n.users.guard, groups: []int{n.users.kiosk, n.users.link}, alone: n.Confined(), args: args}
	})
	if err != nil {
		return err
	}
	return n.ready(ctx, "guard")
}

// provision makes the guard a locker's, with the jumper set for as long as that takes.
func (n *Network) provision(ctx context.Context, state string) error {
	if err := n.Front.SetInput(ctx, "jumper", true); err != nil {
		return err
	}
	_, err := n.programs.run(n.users.guard, n.bin("lockstep-guard"), "provision", "-dir", state,
		"-charter", n.path("guard", "charter.bundle"), "-certificate", n.path("guard", "locker.bundle"), "-line", "bus0="+n.lines["bus0"])
	return errors.Join(err, n.Front.SetInput(ctx, "jumper", false))
}

// guardKey lets the guard draw its keys and reads the public one, as a technician would on site.
func (n *Network) guardKey() (statement.Key, error) {
	out, err := n.programs.run(n.users.guard, n.bin("lockstep-guard"), "init", "-dir", n.path("guard", "state"))
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

func (n *Network) startLink(ctx context.Context) error {
	var locker struct{ Code string }
	if err := n.HubCommand(&locker, "locker", "add", lockerID, "--name", "Demo locker", "--address", "Tverskaya ulitsa 1, Moskva",
		"--zone", "Europe/Moscow", "--latitude", "55.7577", "--longitude", "37.6136"); err != nil {
		return err
	}
	if err := n.RunLink("link", locker.Code, n.path("doors", "link")); err != nil {
		return err
	}
	return n.wait(ctx, "link", func() bool {
		l, err := n.LockerAtHub()
		return err == nil && l.State == "provisioned"
	})
}

// RunLink enrols a locker's link by its one-time code, in a folder of its own, and starts it beside the guard with that socket.
func (n *Network) RunLink(name, code, guard string) error {
	if err := n.folder(n.users.link, 0o700, name); err != nil {
		return err
	}
	link := append(n.linkArgs(name), "--enrol", code)
	if _, err := n.programs.run(n.users.link, link[0], link[1:]...); err != nil {
		return err
	}
	return n.StartLink(name, guard)
}

// StartLink starts a link that was enrolled in its folder.
func (n *Network) StartLink(name, guard string) error {
	_, err := n.launch(name, func() *process {
		return &process{user: n.users.link, args: append(n.linkArgs(name), "--guard", guard)}
	})
	return err
}

// CopyLink makes a second folder of a link's, as whoever copies its disk would.
func (n *Network) CopyLink(from, to string) error {
	if err := os.CopyFS(n.path(to), os.DirFS(n.path(from))); err != nil || n.users.link == 0 {
		return err
	}
	return filepath.WalkDir(n.path(to), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, n.users.link, n.users.link))
	})
}

func (n *Network) linkArgs(name string) []string {
	return []string{n.bin("lockstep-locker"), "link", "--hub", "https://" + n.Edge(), "--dir", n.path(name), "--clock-file", n.Clock.path}
}

// Edge is the address at which the hub listens for links.
func (n *Network) Edge() string { return n.listen(portEdge) }

// LockerView is the locker as the hub knows it.
type LockerView struct {
	State        string `json:"state"`
	Line         string `json:"line"`
	Position     uint64 `json:"position"`
	Head         uint64 `json:"head"`
	Compartments []struct {
		Number  uint16 `json:"number"`
		State   string `json:"state"`
		Faulted bool   `json:"faulted"`
		Parcel  string `json:"parcel"`
	} `json:"compartments"`
}

// LockerAtHub asks the hub for its picture of the locker.
func (n *Network) LockerAtHub() (LockerView, error) {
	var l LockerView
	return l, n.HubCommand(&l, "locker", "show", lockerID)
}

func (n *Network) startKiosk(ctx context.Context) error {
	return n.RunKiosk(ctx, n.path("doors", "kiosk"), n.scanner)
}

// RunKiosk starts the screen of the guard with that socket, with a scanner on a device that the kiosk's user may open.
func (n *Network) RunKiosk(ctx context.Context, guard, scanner string) error {
	n.Kiosk = n.url(portKiosk)
	_, err := n.launch("kiosk", func() *process {
		return &process{user: n.users.kiosk, args: []string{n.bin("lockstep-locker"), "kiosk", "--guard", guard,
			"--listen", n.listen(portKiosk), "--scanner", scanner, "--frame-ancestor", n.Page(),
			"--clock-file", n.Clock.path}}
	})
	if err != nil {
		return err
	}
	return n.ready(ctx, "kiosk")
}

func (n *Network) inviteCourier(context.Context) error {
	var courier struct{ URL string }
	err := n.HubCommand(&courier, "courier", "add", courierID)
	n.Enrol = courier.URL
	return err
}

// pause is for polls of what another process does in its own time.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
