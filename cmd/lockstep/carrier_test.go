package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lockstep/carrier"
	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
	"lockstep/hub"
	"lockstep/internal/courier"
	"lockstep/internal/secret"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// network is a house carrier and the carrier swift, which keeps its own key; with the configurations of both servers.
type network struct {
	*ceremony.Development
	hub     hub.Config
	service carrier.Config
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	its, hubs := t.TempDir(), t.TempDir()
	key, err := carrier.Init(its)
	check(t, err)
	public, err := hex.DecodeString(key.Public)
	check(t, err)
	development, err := ceremony.NewDevelopment("test", statement.Carrier{ID: "swift", Keys: statement.Role{Threshold: 1,
		Holders: []statement.Holder{{Key: statement.Key{Alg: statement.EdDSA, Public: public}, Person: "swift"}}}})
	check(t, err)
	check(t, development.Save(hubs))
	bundle, err := development.Bundle.Encode()
	check(t, err)
	check(t, os.WriteFile(filepath.Join(its, "charter.bundle"), bundle, 0o600))
	quiet := slog.New(slog.DiscardHandler)
	return &network{development,
		hub.Config{Keys: hubs, Database: filepath.Join(hubs, "hub.db"), Listen: "127.0.0.1:0", Edge: "127.0.0.1:0", EdgeNames: []string{"localhost"}, Now: time.Now, Log: quiet},
		carrier.Config{Keys: its, Database: filepath.Join(its, "carrier.db"), Origin: "https://swift.example", Listen: "127.0.0.1:0", Now: time.Now, Log: quiet}}
}

// serve runs a server until the test or stop ends it, and gives its URL.
func serve(t *testing.T, run func(ctx context.Context, listening func(net.Addr)) error) (base string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- run(ctx, func(a net.Addr) { ready <- a }); close(ended) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	select {
	case address := <-ready:
		return "http://" + address.String(), stop
	case err := <-ended:
		t.Fatal(err)
		return "", stop
	}
}

func (n *network) serveHub(t *testing.T) string {
	base, _ := serve(t, func(ctx context.Context, listening func(net.Addr)) error {
		c := n.hub
		c.Listening = func(public, _ net.Addr) { listening(public) }
		return hub.Run(ctx, c)
	})
	return base
}

func (n *network) serveCarrier(t *testing.T) (string, func()) {
	return serve(t, func(ctx context.Context, listening func(net.Addr)) error {
		c := n.service
		c.Listening = listening
		return carrier.Run(ctx, c)
	})
}

// atCarrier does one act as the command line would, beside a running service.
func (n *network) atCarrier(t *testing.T, do func(c *carrier.Carrier) error) {
	t.Helper()
	c, err := carrier.Open(t.Context(), n.service)
	check(t, err)
	check(t, do(c))
	check(t, c.Close())
}

// device is a courier's phone.
type device struct {
	private     *ecdsa.PrivateKey
	signer      *statement.Signer
	certificate []byte
}

func newDevice(t *testing.T) *device {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	signer, err := statement.NewSigner(private)
	check(t, err)
	return &device{private: private, signer: signer}
}

func (d *device) sign(t *testing.T, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, d.private, sum[:])
	check(t, err)
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

// ask sends one request and gives status and body.
func ask(t *testing.T, method, url string, header http.Header, body any) (int, []byte) {
	t.Helper()
	data, err := json.Marshal(body)
	check(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(data))
	check(t, err)
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := http.DefaultClient.Do(request)
	check(t, err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	check(t, err)
	return answer.StatusCode, got
}

func (d *device) enrol(t *testing.T, base, link string) (int, []byte) {
	t.Helper()
	_, token, _ := strings.Cut(link, "#enrol=")
	status, body := ask(t, http.MethodPost, base+"/courier/v1/enrol", nil,
		map[string]any{"token": token, "key": d.signer.Key().Public, "proof": d.sign(t, courier.EnrolmentMessage(token))})
	var got struct{ Certificate []byte }
	if status == http.StatusOK {
		check(t, json.Unmarshal(body, &got))
	}
	d.certificate = got.Certificate
	return status, body
}

func (d *device) today(t *testing.T, base, id string) (int, []byte) {
	t.Helper()
	at := time.Now().UnixMicro()
	proof := d.sign(t, courier.RequestMessage(http.MethodGet, "/courier/v1/today", at))
	return ask(t, http.MethodGet, base+"/courier/v1/today", http.Header{"Lockstep-Courier": {id}, "Lockstep-At": {strconv.FormatInt(at, 10)},
		"Lockstep-Proof": {base64.StdEncoding.EncodeToString(proof)}}, nil)
}

// bench is the judgement of a guard whose time is set and who expects one parcel of swift's.
type bench struct {
	*testing.T
	rules rules.Rules
	guard *statement.Signer
	state rules.State
	heard rules.Heard
	reply door.KioskReply
}

var awaited = "20001000001" + string(statement.GS1CheckDigit("20001000001"))

func newBench(t *testing.T, n *network) *bench {
	t.Helper()
	guard, err := statement.SignerFromSeed(statement.NewSeed())
	check(t, err)
	b := &bench{T: t, guard: guard, rules: rules.Rules{Key: [32]byte{7}, Sign: func(s statement.Statement) ([]byte, error) { return statement.Sign(guard, s) }}}
	certificate, err := n.SignLocker(statement.Locker{Network: "test", ID: "l1", Zone: "Europe/Moscow", Guard: guard.Key(), Interlock: true,
		Boards:       []statement.Board{{Line: "bus0", Family: "8a", Address: 1, Channels: 3, OpenBit: 1, OpenAnswer: 0x11}},
		Compartments: []statement.Compartment{{Number: 1, Size: 1, Channel: 1}}, Inputs: statement.Inputs{Gate: &statement.Point{Channel: 3}}})
	check(t, err)
	_, b.state.Facts, err = b.state.Provision(n.Bundle.Envelopes, certificate.Envelopes)
	check(t, err)
	b.do(rules.Boot{})
	b.do(rules.Seen{Channels: []rules.Switch{rules.Closed, rules.Closed, rules.Open}})
	wall := time.Now().UnixMicro()
	head := b.state.Head(rules.Second)
	b.heard = b.heard.Signed(head)
	for _, signer := range n.Time[:2] {
		b.link(0, signer, statement.ReceiptFor(head, wall))
	}
	b.link(1, n.Dispatch, statement.Manifest{Locker: "l1", Number: 1, Carrier: "swift", From: wall - rules.Hour, Until: wall + rules.Hour,
		Parcels: []statement.Expected{{Barcode: awaited, Size: 1, DwellHours: 24}}})
	return b
}

func (b *bench) do(what any) {
	next, effects := b.rules.Decide(b.state, rules.Event{At: rules.Second, What: what})
	b.state = next
	for _, e := range effects {
		if r, ok := e.(rules.Reply); ok {
			b.reply = r.Reply
		}
	}
}

func (b *bench) link(number uint64, signer *statement.Signer, s statement.Statement) {
	b.Helper()
	envelope, err := statement.Sign(signer, s)
	check(b.T, err)
	heard, entries, verdict := b.rules.FromLink(b.state, b.heard, rules.FromLink{At: rules.Second, Number: number, Envelopes: [][]byte{envelope}})
	if b.heard = heard; !verdict.Accepted {
		b.Fatalf("%s was refused: %s", s.Type(), verdict.Reason)
	}
	for _, e := range entries {
		b.state.Facts, err = b.state.Facts.Fold(e)
		check(b.T, err)
	}
}

// deposit is a courier in front of a fresh guard: what it says to a wish to put the awaited parcel in.
func (d *device) deposit(t *testing.T, n *network) door.Reason {
	t.Helper()
	b := newBench(t, n)
	b.do(rules.Asked{Request: door.KioskRequest{Verb: door.Courier}})
	view := b.state.View(rules.Second)
	if view.Session == nil {
		t.Fatalf("no challenge: %s", b.reply.Reason)
	}
	challenge, _, err := statement.Verify[statement.Challenge](view.Session.Challenge, func(statement.KeyID) (statement.Key, bool) { return b.guard.Key(), true })
	check(t, err)
	answer, err := statement.Sign(d.signer, statement.Answer{Locker: "l1", Nonce: challenge.Nonce, Number: 1, Want: statement.WantDeposit, Barcode: awaited})
	check(t, err)
	b.do(rules.Asked{Request: door.KioskRequest{Verb: door.Present, Presentation: statement.Encode(statement.Presentation{Answer: answer, Certificate: d.certificate})}})
	if asks := b.state.View(rules.Second).Stage == door.Press; asks != (b.reply.Reason == "") {
		t.Errorf("the guard answers %q and stands at %q", b.reply.Reason, b.state.View(rules.Second).Stage)
	}
	return b.reply.Reason
}

// A courier of a carrier with its own key, from the link to a door, and to the end of their phone.
func TestACourierOfACarrierWithItsOwnKey(t *testing.T) {
	n := newNetwork(t)
	h, err := hub.Open(t.Context(), n.hub)
	check(t, err)
	its, err := h.AddCarrier(t.Context(), "swift")
	check(t, err)
	merchant, err := h.AddMerchant(t.Context(), "Hat shop", "swift")
	check(t, err)
	if merchant.Carrier != "swift" {
		t.Errorf("%+v", merchant)
	}
	check(t, h.Close())

	told := make(chan int, 10) // what the hub answers to revocations
	behind, err := url.Parse(n.serveHub(t))
	check(t, err)
	proxy := httputil.NewSingleHostReverseProxy(behind)
	proxy.ModifyResponse = func(r *http.Response) error {
		if strings.HasSuffix(r.Request.URL.Path, "/revocations") {
			told <- r.StatusCode
		}
		return nil
	}
	road := httptest.NewServer(proxy)
	t.Cleanup(road.Close)
	n.service.Hub, n.service.Token = road.URL, secret.Known(its.Token)

	base, stop := n.serveCarrier(t)
	var link string
	n.atCarrier(t, func(c *carrier.Carrier) error {
		v, err := c.AddCourier(t.Context(), carrier.NewCourier{ID: "anna", Lockers: []string{"*"}, Deposit: true, Withdraw: true})
		link = v.URL
		return err
	})
	d := newDevice(t)
	if status, body := d.enrol(t, base, link); status != http.StatusOK {
		t.Fatalf("enrolment: %d %s", status, body)
	}
	if reason := d.deposit(t, n); reason != "" {
		t.Errorf("the guard refuses swift's courier: %s", reason)
	}
	if status, body := d.today(t, base, "anna"); status != http.StatusOK || !strings.Contains(string(body), `"lockers":[]`) {
		t.Errorf("today, through the hub: %d %s", status, body)
	}
	n.atCarrier(t, func(c *carrier.Carrier) error { _, err := c.RevokeCourier(t.Context(), "anna"); return err })
	if status, body := d.today(t, base, "anna"); status != http.StatusForbidden || !strings.Contains(string(body), "not_enrolled") {
		t.Errorf("after the revocation: %d %s", status, body)
	}
	stop()
	n.serveCarrier(t) // it looks at once, not after its pace
	if status := <-told; status != http.StatusNoContent {
		t.Errorf("the hub answers %d", status)
	}
}

// B05: who has all that the hub has makes no courier of a carrier that keeps its own key.
func TestTheHubMakesNoCourierOfAnothersCarrier(t *testing.T) {
	n := newNetwork(t)
	h, err := hub.Open(t.Context(), n.hub)
	check(t, err)
	t.Cleanup(func() { h.Close() })
	if v, err := h.AddCourier(t.Context(), "mallory", "swift", []string{"*"}); err == nil || !strings.Contains(err.Error(), "keeps its own key") {
		t.Errorf("the hub invites a courier of swift: %+v, %v", v, err)
	}
	seeds, err := filepath.Glob(filepath.Join(n.hub.Keys, "*.seed"))
	check(t, err)
	keys := map[string]*statement.Signer{}
	for _, seed := range seeds { // more than a hub has: every key of the network but swift's
		keys[filepath.Base(seed)], err = ceremony.ReadSigner(seed)
		check(t, err)
	}
	if keys["carrier-house.seed"] == nil || keys["dispatch.seed"] == nil {
		t.Fatalf("only %v", seeds)
	}
	keys["its own making"], err = statement.SignerFromSeed(statement.NewSeed())
	check(t, err)
	certified := func(carrier string, by *statement.Signer) *device {
		d, now := newDevice(t), time.Now()
		d.certificate, err = statement.Sign(by, statement.Courier{Carrier: carrier, ID: "mallory", Key: d.signer.Key(), Lockers: []string{"*"},
			Deposit: true, Withdraw: true, From: now.Add(-24 * time.Hour).UnixMicro(), Until: now.Add(24 * time.Hour).UnixMicro()})
		check(t, err)
		return d
	}
	for name, key := range keys {
		d := certified("swift", key)
		if _, err := statement.VerifyCourier(d.certificate, n.Charter); err == nil {
			t.Errorf("%s certifies a courier of swift", name)
		}
		if reason := d.deposit(t, n); reason != door.NotBelieved {
			t.Errorf("a courier of swift by %s: the guard says %q", name, reason)
		}
	}
	if reason := certified(ceremony.HouseCarrier, n.Carrier).deposit(t, n); reason == "" || reason == door.NotBelieved {
		t.Errorf("a house courier is believed and has no such parcel; the guard says %q", reason)
	}
	own, err := ceremony.ReadSigner(filepath.Join(n.service.Keys, "carrier.seed"))
	check(t, err)
	if reason := certified("swift", own).deposit(t, n); reason != "" {
		t.Errorf("swift's own courier: the guard says %q", reason)
	}
}
