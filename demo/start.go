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

	"lockstep/guard/statement"
)

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
			"--edge", n.listen(portEdge), "--frame-ancestor", n.Page(), "--allow-private",
			"--api-rate", "5000")} // attackers and tests ask faster than any shop, and are to be heard
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
		return &process{user: n.users.link, args: append(n.linkArgs(name), "--guard", guard, "--kiosk", n.carry(strings.Replace(name, "link", "kiosk", 1)))}
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
func (n *Network) LockerAtHub() (LockerView, error) { return n.first.atHub() }

func (n *Network) inviteCourier(context.Context) error {
	var courier struct{ URL string }
	err := n.HubCommand(&courier, "courier", "add", courierID)
	n.Enrol = courier.URL
	return err
}

func (n *Network) inviteUsers(context.Context) error {
	var user struct{ Link string }
	err := n.HubCommand(&user, "user", "add", "Operator", "--role", "admin")
	n.Console = user.Link
	if err != nil {
		return err
	}
	err = n.HubCommand(&user, "user", "add", "Merchant", "--role", "merchant", "--merchant", n.merchant)
	n.Shop = user.Link
	return err
}

// RunKiosk starts the screen of the guard with that socket, with a scanner on a device that the kiosk's user may open.
func (n *Network) RunKiosk(ctx context.Context, guard, scanner string) error {
	n.Kiosk = n.url(portKiosk)
	return n.runKiosk(ctx, "kiosk", n.listen(portKiosk), guard, scanner)
}

func (n *Network) runKiosk(ctx context.Context, name, listen, guard, scanner string) error {
	if err := n.folder(n.users.kiosk, 0o755, name); err != nil {
		return err
	}
	_, err := n.launch(name, func() *process {
		return &process{user: n.users.kiosk, args: []string{n.bin("lockstep-locker"), "kiosk", "--guard", guard,
			"--listen", listen, "--carry", n.carry(name), "--scanner", scanner, "--support", "8 800 555-01-23", "--frame-ancestor", n.Page(),
			"--clock-file", n.Clock.path}}
	})
	if err != nil {
		return err
	}
	return n.waitHTTP(ctx, name, "http://"+listen+"/healthz")
}

// carry is the socket of a kiosk that the link beside it dials.
func (n *Network) carry(kiosk string) string { return n.path(kiosk, "carry") }

// startCabinet and startKiosk are the first locker's, whose front and screen the network shows.
func (n *Network) startCabinet(ctx context.Context) error {
	err := n.first.startCabinet(ctx)
	n.Cabinet, n.Front = n.first.front, n.first.hand
	return err
}

func (n *Network) startKiosk(ctx context.Context) error {
	err := n.first.startKiosk(ctx)
	n.Kiosk = n.first.screen
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
