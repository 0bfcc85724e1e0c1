package notifier_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/clock"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/internal/inbox"
)

// network is a development network, a hub's feed, one locker and a folder for a notifier.
type network struct {
	*testing.T
	dev   *ceremony.Development
	hub   *hub
	guard *chaintest.Guard
	dir   string
	log   *logbook

	change func(*notifier.Config) // of what it is started with; may be nil
}

func newNetwork(t *testing.T) *network {
	dev, err := ceremony.NewDevelopment("test")
	must(t, err)
	n := &network{T: t, dev: dev, hub: newHub(t, dev.Time[1].Key()), guard: chaintest.NewGuard(t, dev, "l1", time.Now()), dir: t.TempDir(), log: &logbook{}}
	must(t, dev.Save(filepath.Join(n.dir, "keys")))
	n.hub.with(func() {
		n.hub.lockers = []map[string]any{{"id": "l1", "name": "Lenina 5", "address": "Lenina, 5, Yekaterinburg", "line": "online", "since": 1}}
	})
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (n *network) announce(i int, contact, shipment string) {
	barcode := chaintest.Barcode(i)
	n.hub.announce(barcode, shipment, chaintest.SealContact(n, n.dev, contact, barcode))
}

func (n *network) upload() { n.hub.upload("l1", n.guard.Upload()) }

// run starts a notifier and gives the addresses of its inbox and of its own pages. stop ends it and waits.
func (n *network) run() (inboxURL, pages string, stop func()) {
	n.Helper()
	ctx, cancel := context.WithCancel(n.Context())
	now, err := clock.New("")
	must(n.T, err)
	done := make(chan error, 1)
	n.log.start()
	config := notifier.Config{Hub: n.hub.URL, Token: token, Keys: filepath.Join(n.dir, "keys"), Database: filepath.Join(n.dir, "n.db"),
		Listen: "127.0.0.1:0", Origin: "https://n.example", Inbox: "127.0.0.1:0", Keep: notifier.DefaultKeep, Clock: now,
		Log: slog.New(slog.NewJSONHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if n.change != nil {
		n.change(&config)
	}
	go func() { done <- notifier.Run(ctx, config) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			n.Errorf("run: %v", err)
		}
	})
	n.Cleanup(stop)
	inboxURL = n.log.find(n.T, `"page":"([^"]+)"`)
	return inboxURL, "http://" + n.log.find(n.T, `"listen":"([^"]+)"`), stop
}

// until reads the inbox at each of its events until enough says so.
func (n *network) until(inboxURL string, enough func([]inbox.Message) bool) []inbox.Message {
	n.Helper()
	ctx, cancel := context.WithTimeout(n.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", inboxURL+"events", nil)
	must(n.T, err)
	events, err := http.DefaultClient.Do(request)
	must(n.T, err)
	defer events.Body.Close()
	lines := bufio.NewScanner(events.Body)
	var messages []inbox.Message
	for lines.Scan() {
		if lines.Text() == "" {
			continue
		}
		if messages = n.messages(inboxURL); enough(messages) {
			return messages
		}
	}
	n.Fatalf("not enough messages: %+v\n%s", messages, n.log.String())
	return nil
}

func (n *network) messages(inboxURL string) []inbox.Message {
	n.Helper()
	response, err := http.Get(inboxURL + "messages")
	must(n.T, err)
	defer response.Body.Close()
	var body struct{ Messages []inbox.Message }
	must(n.T, json.NewDecoder(response.Body).Decode(&body))
	return body.Messages
}

func count(want int) func([]inbox.Message) bool {
	return func(m []inbox.Message) bool { return len(m) >= want }
}

const (
	anna  = `{"phone":"+79161234567","email":"anna.k@example.org","name":"Anna Karenina","language":"en"}`
	boris = `{"phone":"+79990000042","language":"ru"}`
)

// The whole walk over real wires: sealed contact, deposit, message with code and link, collection, receipts; then a restart
// on the same database, after which nothing is told again.
func TestWalk(t *testing.T) {
	n := newNetwork(t)
	inboxURL, pages, stop := n.run()
	n.announce(1, anna, "s1")
	code := n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.upload()
	messages := n.until(inboxURL, count(2))
	channels := map[string]inbox.Message{}
	for _, m := range messages {
		channels[m.Channel] = m
		if len(m.Codes) != 1 || m.Codes[0] != code.Code || !strings.HasPrefix(m.Links[0], "https://n.example/c/#") {
			t.Errorf("%+v", m)
		}
	}
	if channels["sms"].To != "+79161234567" || channels["mail"].To != "anna.k@example.org" || !channels["mail"].HTML {
		t.Errorf("%+v", channels)
	}
	for path, status := range map[string]int{"/c/": 200, "/healthz": 200, "/": 404, "/c/none.js": 404} {
		response, err := http.Get(pages + path)
		must(t, err)
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	n.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Opened, journal.Collected)
	n.upload()
	n.until(inboxURL, count(4))
	n.log.find(t, `(?s)(?:"msg":"sent".*){4}()`) // and marked
	stop()

	inboxURL, _, stop = n.run()
	n.announce(2, boris, "s2")
	other := n.guard.Store(chaintest.Barcode(2), 2, 72)
	n.upload()
	messages = n.until(inboxURL, count(1))
	n.hub.await(func() bool { return len(n.hub.contacts) == 0 })
	stop()
	if len(messages) != 1 || messages[0].To != "+79990000042" || messages[0].Codes[0] != other.Code || !strings.Contains(messages[0].Text, "Посылка") {
		t.Errorf("after the restart: %+v", messages)
	}
	if len(n.hub.receipts) == 0 || n.hub.receipts[0].Locker != "l1" || time.Since(time.UnixMicro(n.hub.receipts[0].UTC)).Abs() > time.Minute {
		t.Errorf("receipts %+v", n.hub.receipts)
	}
	n.holdsNothing(code.Code, other.Code)
}

// A locker's guard is replaced while the notifier runs: whoever waited is told once, and the next deposit's code comes as ever.
func TestGuardReplaced(t *testing.T) {
	n := newNetwork(t)
	inboxURL, _, stop := n.run()
	n.announce(1, boris, "s1")
	first := n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.upload()
	n.until(inboxURL, count(1))
	n.guard = chaintest.NewGuard(t, n.dev, "l1", time.Now())
	n.upload()
	told := n.until(inboxURL, count(2))
	second := n.guard.Store(chaintest.Barcode(1), 2, 72)
	n.upload()
	messages := n.until(inboxURL, count(3))
	n.hub.await(func() bool {
		return slices.ContainsFunc(n.hub.receipts, func(r statement.Receipt) bool { return r.Position == 1 })
	})
	stop()
	if got := told[0]; !strings.Contains(got.Text, "отремонтировали") || len(got.Codes) != 0 {
		t.Errorf("%+v", got)
	}
	if got := messages[0]; !slices.Equal(got.Codes, []string{second.Code}) || second.Code == first.Code {
		t.Errorf("%+v", got)
	}
}

// A hub that lies is answered with alarms; nobody gets a message for it.
func TestLies(t *testing.T) {
	n := newNetwork(t)
	inboxURL, _, stop := n.run()
	n.hub.upload("l1", []byte("no stretch"))
	barcode := chaintest.Barcode(1)
	n.hub.announce(barcode, "s1", chaintest.SealContact(t, n.dev, boris, chaintest.Barcode(2))) // swapped
	stranger, err := ceremony.NewDevelopment("test")
	must(t, err)
	n.announce(3, boris, "s3")
	forger := chaintest.NewGuard(t, stranger, "l1", time.Now())
	forger.Store(chaintest.Barcode(3), 1, 72)
	n.hub.upload("l1", forger.Upload())
	n.announce(4, boris, "s4")
	n.guard.Store(chaintest.Barcode(4), 2, 72)
	n.upload()
	messages := n.until(inboxURL, count(1))
	stop()
	if len(messages) != 1 {
		t.Errorf("%+v", messages)
	}
	book, closeBook, err := notifier.OpenBook(t.Context(), filepath.Join(n.dir, "keys"), filepath.Join(n.dir, "n.db"))
	must(t, err)
	defer closeBook()
	alarms, err := book.Alarms(t.Context(), 10)
	must(t, err)
	kinds := map[string]int{}
	for _, a := range alarms {
		kinds[a.Kind]++
	}
	if kinds["chain"] != 1 || kinds["certificate"] != 1 || kinds["contact unreadable"] != 1 || len(alarms) != 3 {
		t.Errorf("%+v", alarms)
	}
	n.holdsNothing(messages[0].Codes[0])
}

// A merchant that seals itself, over real wires, and a hub that tries its own contact: the code goes to the merchant's word
// alone. Then the key and the charter are rotated, and nothing is lost.
func TestSealedByTheMerchant(t *testing.T) {
	n := newNetwork(t)
	shop, next := chaintest.Signer(t), chaintest.Signer(t)
	key := statement.ContactKey{Network: "test", Merchant: "Book shop", Prefix: "10000", Key: shop.Key(), Serial: 1}
	n.hub.handIn(chaintest.ContactKey(t, key, n.dev.Operators[0], n.dev.Operators[1]))
	one, two := chaintest.Barcode(1), chaintest.Barcode(2)
	n.announce(1, anna, "s1") // the hub's own seal
	inboxURL, _, stop := n.run()
	n.hub.await(func() bool { return len(n.hub.contacts) == 0 })
	n.hub.announce(one, "s1", chaintest.SignContact(t, n.dev, shop, boris, one))
	first := n.guard.Store(one, 1, 72)
	n.upload()
	messages := n.until(inboxURL, count(1))
	if messages[0].To != "+79990000042" || messages[0].Codes[0] != first.Code {
		t.Errorf("%+v", messages)
	}
	stop()

	rotated := chaintest.Rotate(t, n.dev)
	older := filepath.Join(n.dir, "keys")
	must(t, os.MkdirAll(filepath.Join(older, "charters"), 0o700))
	must(t, os.MkdirAll(filepath.Join(older, "seals"), 0o700))
	must(t, os.Rename(filepath.Join(older, "charter.bundle"), filepath.Join(older, "charters", "1.bundle")))
	must(t, os.Rename(filepath.Join(older, "notifier.seal"), filepath.Join(older, "seals", "1.seal")))
	must(t, rotated.Save(older))
	key.Key, key.Serial = next.Key(), 2
	n.hub.handIn(chaintest.ContactKey(t, key, shop))
	n.guard.Reissue(one, 1) // sealed to the key of before
	n.guard.Follow(rotated)
	n.hub.announce(two, "s2", chaintest.SignContact(t, rotated, next, boris, two))
	second := n.guard.Store(two, 2, 72)
	n.upload()
	inboxURL, _, stop = n.run()
	messages = n.until(inboxURL, count(2))
	stop()
	for _, m := range messages {
		if m.To != "+79990000042" || m.Codes[0] == first.Code {
			t.Errorf("%+v", m)
		}
	}
	n.holdsNothing(first.Code, second.Code, messages[0].Codes[0], messages[1].Codes[0])
	book, closeBook, err := notifier.OpenBook(t.Context(), older, filepath.Join(n.dir, "n.db"))
	must(t, err)
	defer closeBook()
	status, err := book.Status(t.Context())
	must(t, err)
	if len(status.Alarms) != 1 || status.Alarms["contact not signed"] != 1 || status.ContactKeys[0].Serial != 2 {
		t.Errorf("%+v", status)
	}
}

// holdsNothing fails where the logs, or the database at rest, hold anything of a person, a code or a credential.
func (n *network) holdsNothing(codes ...string) {
	n.Helper()
	words := []string{"79161234567", "9161234567", "79990000042", "anna.k", "Karenina", token, "/c/#"}
	for _, code := range codes {
		words = append(words, code, code[:3]+" "+code[3:6]+" "+code[6:])
	}
	files, err := filepath.Glob(filepath.Join(n.dir, "n.db*"))
	must(n.T, err)
	places := map[string]string{"log": n.log.String()}
	for _, file := range files {
		data, err := os.ReadFile(file)
		must(n.T, err)
		places[filepath.Base(file)] = string(data)
	}
	if len(places) < 2 || len(places["log"]) < 100 {
		n.Fatalf("nothing was searched: %d places", len(places))
	}
	for place, content := range places {
		for _, word := range words {
			if strings.Contains(content, word) {
				n.Errorf("%s holds %q", place, word)
			}
		}
	}
}

func TestRefusesToRun(t *testing.T) {
	n := newNetwork(t)
	now, err := clock.New("")
	must(t, err)
	good := notifier.Config{Hub: n.hub.URL, Token: token, Keys: filepath.Join(n.dir, "keys"), Database: filepath.Join(n.dir, "n.db"),
		Listen: "127.0.0.1:0", Inbox: "127.0.0.1:0", Clock: now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for name, change := range map[string]func(*notifier.Config){
		"no channel":          func(c *notifier.Config) { c.Inbox = "" },
		"inbox for everybody": func(c *notifier.Config) { c.Inbox = "0.0.0.0:0" },
		"token in the clear":  func(c *notifier.Config) { c.Hub = "http://hub.example" },
		"no token":            func(c *notifier.Config) { c.Token = "" },
		"no hub":              func(c *notifier.Config) { c.Hub = "hub" },
		"a short token":       func(c *notifier.Config) { c.HubToken = "short" },
		"less than nothing":   func(c *notifier.Config) { c.HubToken, c.AsksPerHour = hubToken, -1 },
		"no keys":             func(c *notifier.Config) { c.Keys = n.dir },
		"mail in the clear over the net": func(c *notifier.Config) {
			c.SMTP = &notifier.SMTPConfig{Host: "mail.example", TLS: "none", From: "a@b.c"}
		},
	} {
		config := good
		change(&config)
		if err := notifier.Run(t.Context(), config); err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// logbook is what a notifier logs, to be waited on and searched.
type logbook struct {
	mu    sync.Mutex
	text  bytes.Buffer
	from  int
	lines chan struct{}
}

func (l *logbook) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from, l.lines = l.text.Len(), make(chan struct{}, 1000)
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.lines <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *logbook) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.text.String() }

// find waits for a line that matches and gives the first group.
func (l *logbook) find(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		l.mu.Lock()
		found := re.FindSubmatch(l.text.Bytes()[l.from:])
		l.mu.Unlock()
		if found != nil {
			return string(found[1])
		}
		select {
		case <-l.lines:
		case <-time.After(20 * time.Second):
			t.Fatalf("never logged: %s\n%s", pattern, l.String())
		}
	}
}
