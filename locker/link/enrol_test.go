package link

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockstep/guard/clock"
	"lockstep/internal/line"
)

// fakeEdge certifies who brings its secret, and upgrades who shows a certificate of it.
type fakeEdge struct {
	*httptest.Server
	t         *testing.T
	key       *ecdsa.PrivateKey
	authority *x509.Certificate
	term      time.Duration
	secrets   []line.Secret // as they came
	shown     []*x509.Certificate
}

func newEdge(t *testing.T) *fakeEdge {
	e := &fakeEdge{t: t, term: 90 * 24 * time.Hour}
	e.key = e.newKey()
	root := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	e.authority = e.sign(root, e.key.Public(), nil)
	served := e.newKey()
	leaf := e.sign(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, served.Public(), e.authority)
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+line.EnrolPath, e.enrol)
	mux.HandleFunc("GET "+line.Path, e.upgrade)
	e.Server = httptest.NewUnstartedServer(mux)
	e.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	e.TLS = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw, e.authority.Raw}, PrivateKey: served}},
		ClientAuth:   tls.RequestClientCert,
	}
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

func (e *fakeEdge) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		e.t.Fatal(err)
	}
	return key
}

func (e *fakeEdge) sign(template *x509.Certificate, public any, by *x509.Certificate) *x509.Certificate {
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(e.term)
	if by == nil {
		by = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, public, e.key)
	if err != nil {
		e.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		e.t.Fatal(err)
	}
	return certificate
}

func (e *fakeEdge) enrol(w http.ResponseWriter, r *http.Request) {
	var asked line.Enrolment
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		e.t.Error(err)
	}
	e.secrets = append(e.secrets, asked.Secret)
	request, err := x509.ParseCertificateRequest(asked.Request)
	if err != nil || request.CheckSignature() != nil {
		e.t.Errorf("a bad request: %v", err)
	}
	if asked.Secret == "WRONGWRONGWRONG0" {
		http.Error(w, "the enrolment code is wrong, used or too old", http.StatusForbidden)
		return
	}
	certificate := e.sign(&x509.Certificate{Subject: pkix.Name{CommonName: asked.Locker}}, request.PublicKey, e.authority)
	_ = json.NewEncoder(w).Encode(line.Enrolled{Certificate: certificate.Raw, Authority: e.authority.Raw})
}

func (e *fakeEdge) upgrade(w http.ResponseWriter, r *http.Request) {
	if len(r.TLS.PeerCertificates) == 0 || r.Header.Get("Upgrade") != line.Protocol {
		http.Error(w, "this link is not enrolled", http.StatusForbidden)
		return
	}
	e.shown = append(e.shown, r.TLS.PeerCertificates[0])
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", line.Protocol)
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		e.t.Error(err)
		return
	}
	_ = line.FromHub{Kind: line.Welcome, Position: 7}.Write(conn)
	conn.Close()
}

func (e *fakeEdge) code(locker string) line.Code {
	return line.Code{Locker: locker, Secret: "SECRETSECRETSECRET", Authority: line.Print(e.authority)}
}

func newClock(t *testing.T) *clock.Clock {
	c, err := clock.New("")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (e *fakeEdge) dial(i *identity) (line.FromHub, error) {
	conn, err := dial(e.t.Context(), strings.TrimPrefix(e.URL, "https://"), i)
	if err != nil {
		return line.FromHub{}, err
	}
	defer conn.Close()
	return line.ReadFromHub(conn)
}

func TestEnrolThenConnectThenRenew(t *testing.T) {
	e, dir, now := newEdge(t), filepath.Join(t.TempDir(), "link"), newClock(t)
	if _, err := openIdentity(dir, now); !errors.Is(err, ErrNotEnrolled) {
		t.Errorf("before enrolment: %v", err)
	}
	e.term = 20 * 24 * time.Hour // so that it is time to renew at once
	if err := Enrol(t.Context(), e.URL, dir, e.code("l1"), now); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{keyFile, certificateFile, hubFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	i, err := openIdentity(dir, now)
	if err != nil || i.locker != "l1" {
		t.Fatalf("after enrolment: %v", err)
	}
	if frame, err := e.dial(i); err != nil || frame.Position != 7 {
		t.Fatalf("heard %+v, %v", frame, err)
	}
	e.term = 90 * 24 * time.Hour
	renewed := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go i.keepRenewed(ctx, e.URL, slog.New(slog.NewTextHandler(writer(func(text string) {
		if strings.Contains(text, "certificate renewed") {
			close(renewed)
		}
	}), nil)))
	<-renewed
	cancel()
	if _, err := e.dial(i); err != nil {
		t.Fatal(err)
	}
	again, err := openIdentity(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	kept, _ := again.current()
	if last := e.shown[len(e.shown)-1]; !last.Equal(kept) || !last.NotAfter.After(e.shown[0].NotAfter) || !again.key.Equal(i.key) {
		t.Error("the renewed certificate is not the one used and kept, or the key changed")
	}
	if e.secrets[0] == "" || e.secrets[1] != "" {
		t.Error("the first request needs the secret, the renewal must not have one")
	}
}

type writer func(string)

func (w writer) Write(b []byte) (int, error) { w(string(b)); return len(b), nil }

func TestEnrolmentRefused(t *testing.T) {
	e, other, now := newEdge(t), newEdge(t), newClock(t)
	wrong := e.code("l1")
	wrong.Secret = "WRONGWRONGWRONG0"
	for _, c := range []struct {
		name, hub string
		code      line.Code
		want      string
	}{
		{"another hub's code", e.URL, other.code("l1"), "not the hub"},
		{"a wrong secret", e.URL, wrong, "the hub answers 403: the enrolment code is wrong, used or too old"},
		{"no TLS", "http://127.0.0.1:1", e.code("l1"), "must be https"},
		{"a path", e.URL + "/x", e.code("l1"), "must be https"},
		{"nobody there", "https://127.0.0.1:1", e.code("l1"), "refused"},
	} {
		dir := t.TempDir()
		err := Enrol(t.Context(), c.hub, dir, c.code, now)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), string(c.code.Secret)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if _, err := openIdentity(dir, now); !errors.Is(err, ErrNotEnrolled) {
			t.Errorf("%s: enrolled nevertheless: %v", c.name, err)
		}
	}
	if len(e.secrets) != 1 || len(other.secrets) != 0 {
		t.Error("a hub that was not believed was told the secret")
	}
}

func TestOnlyTheEnrolledHubIsBelieved(t *testing.T) {
	e, other, dir, now := newEdge(t), newEdge(t), t.TempDir(), newClock(t)
	if err := Enrol(t.Context(), e.URL, dir, e.code("l1"), now); err != nil {
		t.Fatal(err)
	}
	i, err := openIdentity(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.dial(i); err == nil || len(other.shown) > 0 {
		t.Errorf("the link spoke to another hub: %v", err)
	}
	if _, err := e.dial(i); err != nil {
		t.Errorf("its own hub: %v", err)
	}
}

func TestUpgradeRefused(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno\x1b!":                            "the hub answers 403: no!",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n":                        "the hub answers 101",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + line.Protocol + "\r\n\r\nearly":       "before it is greeted",
		"HTTP/1.1 101 Switching Protocols\r\nX: " + strings.Repeat("x", maxAnswer) + "\r\n\r\n": "unexpected EOF",
		"SSH-2.0\r\n": "malformed",
	} {
		near, far := net.Pipe()
		go func() {
			_, _ = http.ReadRequest(bufio.NewReader(far))
			_, _ = io.WriteString(far, answer)
			far.Close()
		}()
		if err := upgrade(near, "hub"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", answer, err, want)
		}
		near.Close()
	}
}
