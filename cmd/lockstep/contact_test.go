package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/clock"
	"lockstep/guard/statement"
	"lockstep/hub"
	"lockstep/internal/contact"
	"lockstep/notifier"
)

// shop is a merchant's machine: a folder, the network's charter, and a key at the hub's API.
type shop struct {
	*network
	contactNetwork
	dir, name, prefix, apiKey string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	n := newNetwork(t)
	h, err := hub.Open(t.Context(), n.hub)
	check(t, err)
	m, err := h.AddMerchant(t.Context(), "Book shop", "")
	check(t, err)
	check(t, h.Close())
	s := &shop{network: n, dir: t.TempDir(), name: m.Name, prefix: m.Range, apiKey: m.Key}
	s.Charter = filepath.Join(n.hub.Keys, "charter.bundle")
	return s
}

func (s *shop) file(name string) string { return filepath.Join(s.dir, name) }

// signedByOperators is a request with two operators' signatures instead of its own.
func (s *shop) signedByOperators(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	request, err := statement.DecodeBundle(data)
	check(t, err)
	key, err := statement.ReadUnverified[statement.ContactKey](request.Envelopes[0])
	check(t, err)
	signed, err := ceremony.SignAll(key, s.Operators[0], s.Operators[1])
	check(t, err)
	out, err := signed.Encode()
	check(t, err)
	return out
}

// A merchant makes a key, operators sign it, it is handed in at the hub, the notifier believes it; then the next one.
func TestContactKeyFromHandToNotifier(t *testing.T) {
	s := newShop(t)
	h, err := hub.Open(t.Context(), s.hub)
	check(t, err)
	token, err := h.NewNotifierToken(t.Context())
	check(t, err)
	check(t, h.Close())
	base := s.serveHub(t)
	status := func(method string, body any) int {
		code, _ := ask(t, method, base+"/v1/contact-key", http.Header{"Authorization": {"Bearer " + s.apiKey}}, body)
		return code
	}

	var out bytes.Buffer
	check(t, contactKey{s.contactNetwork, s.name, s.prefix, 1, s.file("1.key"), s.file("1.request")}.make(&out))
	if !strings.HasPrefix(out.String(), "fingerprint ") {
		t.Errorf("%q", out.String())
	}
	if err := (contactKey{s.contactNetwork, s.name, s.prefix, 1, s.file("1.key"), s.file("x")}).make(&out); err == nil {
		t.Error("a key was made over another")
	}
	request, err := os.ReadFile(s.file("1.request"))
	check(t, err)
	if got := status("PUT", map[string]any{"statement": request}); got != 422 {
		t.Errorf("the request itself: %d", got)
	}
	check(t, os.WriteFile(s.file("1.statement"), s.signedByOperators(t, s.file("1.request")), 0o600))
	for _, n := range []string{"1", "2"} {
		if n == "2" {
			check(t, contactRotate{s.contactNetwork, s.file("1.key"), s.file("1.statement"), s.file("2.key"), s.file("2.statement")}.make(&out))
		}
		said, err := os.ReadFile(s.file(n + ".statement"))
		check(t, err)
		if got := status("PUT", map[string]any{"statement": said}); got != 200 {
			t.Errorf("%s: %d", n, got)
		}
	}

	book := s.runNotifier(t, base, token, 2)
	got, err := book.Status(t.Context())
	check(t, err)
	if len(got.ContactKeys) != 1 || got.ContactKeys[0].Serial != 2 || got.ContactKeys[0].Merchant != "Book shop" || len(got.Alarms) != 0 {
		t.Errorf("%+v", got)
	}
	held, err := book.AddContactKey(t.Context(), mustRead(t, s.file("2.statement"))) // as by: notifier contact-key add
	if err != nil || held.Serial != 2 {
		t.Errorf("%+v, %v", held, err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	return data
}

// lines tells of each line that is logged.
type lines chan string

func (l lines) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }

// runNotifier runs a notifier until it has read so many contact keys, and opens its book.
func (s *shop) runNotifier(t *testing.T, base, token string, keys int) notifier.Book {
	t.Helper()
	now, err := clock.New("")
	check(t, err)
	logged := make(lines, 1000)
	config := notifier.Config{Hub: base, Token: notifier.Secret(token), Keys: s.hub.Keys, Database: s.file("notifier.db"), Listen: "127.0.0.1:0",
		Inbox: "127.0.0.1:0", Clock: now, Log: slog.New(slog.NewTextHandler(logged, nil))}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- notifier.Run(ctx, config) }()
	for late := time.After(20 * time.Second); keys > 0; {
		select {
		case line := <-logged:
			if strings.Contains(line, "contact key read") {
				keys--
			}
		case err := <-ended:
			t.Fatal(err)
		case <-late:
			t.Fatal("the notifier never read the contact keys")
		}
	}
	stop()
	<-ended
	book, closeBook, err := notifier.OpenBook(t.Context(), s.hub.Keys, config.Database)
	check(t, err)
	t.Cleanup(func() { check(t, closeBook()) })
	return book
}

func TestContactSeal(t *testing.T) {
	s := newShop(t)
	var out bytes.Buffer
	check(t, contactKey{s.contactNetwork, s.name, s.prefix, 1, s.file("key"), s.file("request")}.make(&out))
	const barcode = "200010000018"
	seal := contactSeal{s.contactNetwork, s.file("key"), barcode}
	out.Reset()
	check(t, seal.seal(strings.NewReader(`{"phone":"+7 916 123-45-67","language":"ru"}`), &out))
	envelope, err := base64.StdEncoding.DecodeString(strings.TrimSpace(out.String()))
	check(t, err)
	key, err := readKey(s.file("key"))
	check(t, err)
	signer, err := ceremony.ReadSigner(s.file("key"))
	check(t, err)
	c, err := statement.VerifyContact(envelope, signer.Key())
	if err != nil || c.Barcode != barcode || key.Fingerprint() != signer.Key().Fingerprint() {
		t.Fatal(err)
	}
	opener, err := statement.ParseSealKey(s.SealKey)
	check(t, err)
	plain, err := statement.OpenContact(opener, c.Sealed, barcode)
	check(t, err)
	if to, err := contact.Decode(plain); err != nil || to.Phone != "+79161234567" {
		t.Errorf("%q, %v", plain, err)
	}
	for _, in := range []string{"", `{"name":"x"}`, `{"phone":"+7916"}`} {
		if err := seal.seal(strings.NewReader(in), &out); err == nil || strings.Contains(err.Error(), "7916") {
			t.Errorf("%q: %v", in, err)
		}
	}
	info, err := os.Stat(s.file("key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
