package edge_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/edge"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/internal/line"
)

// rooms stands for the hub's rooms: it keeps what the edge brings, and verifies as they do.
type rooms struct {
	guard *statement.Signer

	mu       sync.Mutex
	now      time.Time
	secret   string // of locker l1's code
	enrolled map[string]string
	end      journal.Position
	failing  error // of Ingest
	down     []dispatch.Statement
	receipts [][]byte
	persons  []dispatch.Cosigned
	judged   []string // as Judged was told
	bell     chan struct{}
	alarms   []string
	gate     chan struct{} // when set, Ingest waits for it
	entered  chan struct{} // has a token when Ingest waits
}

func (r *rooms) Now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rooms) CheckEnrol(_ context.Context, locker, secret string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if locker != "l1" || r.secret == "" || secret != r.secret {
		return fault.New(fault.Denied, "bad_code", "the code is wrong")
	}
	return nil
}

func (r *rooms) Enrol(ctx context.Context, locker, secret, fingerprint string) error {
	if err := r.CheckEnrol(ctx, locker, secret); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret, r.enrolled[locker] = "", fingerprint
	return nil
}

func (r *rooms) Fingerprint(_ context.Context, locker string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.enrolled[locker], nil
}

func (r *rooms) Position(context.Context, string) (journal.Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end, nil
}

func (r *rooms) Ingest(_ context.Context, locker string, s journal.Stretch) (journal.Position, error) {
	r.mu.Lock()
	gate := r.gate
	r.mu.Unlock()
	if gate != nil {
		r.entered <- struct{}{}
		<-gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failing != nil {
		return r.end, r.failing
	}
	records, head, err := s.Verify(r.end, locker, r.guard.Key())
	if err != nil {
		return r.end, fault.Wrap(err, fault.Invalid, "broken", "the stretch does not verify")
	}
	if len(records) > 0 {
		r.end = journal.Position{Number: head.Position, Hash: head.Hash}
	}
	return r.end, nil
}

func (r *rooms) Down(_ context.Context, _ string, after uint64) ([]dispatch.Statement, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []dispatch.Statement
	for _, s := range r.down {
		if s.Number > after && len(list) < 2 {
			list = append(list, s)
		}
	}
	return list, nil
}

func (r *rooms) Receipts(context.Context, string) ([][]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.receipts, nil
}

func (r *rooms) Persons(context.Context, string) (*dispatch.Cosigned, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.persons) == 0 {
		return nil, nil
	}
	first := r.persons[0]
	return &first, nil
}

func (r *rooms) Judged(_ context.Context, c dispatch.Cosigned, reason string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judged = append(r.judged, c.Kind+" "+reason)
	if reason == "cause" {
		return false, nil
	}
	r.persons = r.persons[1:]
	return true, nil
}

func (r *rooms) Listen(string) (<-chan struct{}, func()) { return r.bell, func() {} }

func (r *rooms) Raise(_ context.Context, a fleet.Alarm) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alarms = append(r.alarms, a.Locker+" "+a.Reason)
	return nil
}

// set changes what the rooms hold and rings.
func (r *rooms) set(change func()) {
	r.mu.Lock()
	change()
	r.mu.Unlock()
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// harness is an edge over real TLS on loopback.
type harness struct {
	*testing.T
	*rooms
	authority *edge.Authority
	address   string
	roots     *x509.CertPool
	stop      func() error
}

func start(t *testing.T) *harness {
	t.Helper()
	signer, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	r := &rooms{
		guard: signer, now: time.Now(), secret: "SECRETSECRETSECRET", enrolled: map[string]string{},
		bell: make(chan struct{}, 1), entered: make(chan struct{}, 10),
	}
	authority, err := edge.OpenAuthority(t.TempDir(), r.Now)
	if err != nil {
		t.Fatal(err)
	}
	e, err := edge.New(edge.Config{
		Authority: authority, Names: []string{"127.0.0.1"}, Now: r.Now, Log: slog.New(slog.DiscardHandler),
		CheckEnrol: r.CheckEnrol, Enrol: r.Enrol, Fingerprint: r.Fingerprint, Position: r.Position, Ingest: r.Ingest,
		Down: r.Down, Persons: r.Persons, Judged: r.Judged, Receipts: r.Receipts, Listen: r.Listen, Raise: r.Raise,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx, l) }()
	h := &harness{t, r, authority, l.Addr().String(), nil, nil}
	h.stop = sync.OnceValue(func() error { cancel(); return <-served })
	t.Cleanup(func() { _ = h.stop() })
	return h
}

func newLinkKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// enrol posts a body and gives the status and, at 200, the certificate. The first one teaches the harness its roots.
func (h *harness) enrol(body any) (int, *x509.Certificate) {
	h.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		h.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: h.roots == nil, RootCAs: h.roots, Time: h.Now}}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	response, err := client.Post("https://"+h.address+line.EnrolPath, "application/json", strings.NewReader(string(encoded)))
	if err != nil {
		h.Fatal(err)
	}
	defer response.Body.Close()
	data, _ := io.ReadAll(response.Body)
	if strings.Contains(string(data), "SECRET") {
		h.Errorf("the answer holds the secret: %s", data)
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, nil
	}
	var enrolled line.Enrolled
	if err := json.Unmarshal(data, &enrolled); err != nil {
		h.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(enrolled.Certificate)
	if err != nil {
		h.Fatal(err)
	}
	authority, err := x509.ParseCertificate(enrolled.Authority)
	if err != nil || line.Print(authority) != h.authority.Print() {
		h.Fatalf("another authority: %v", err)
	}
	h.roots = x509.NewCertPool()
	h.roots.AddCert(authority)
	return http.StatusOK, certificate
}

func requestOf(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// dial asks for the line; without a certificate for nil. It gives the status and, at 101, the line.
func (h *harness) dial(key *ecdsa.PrivateKey, certificate *x509.Certificate) (int, net.Conn) {
	h.Helper()
	config := &tls.Config{RootCAs: h.roots, InsecureSkipVerify: h.roots == nil, Time: h.Now}
	if certificate != nil {
		config.Certificates = []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}}
	}
	conn, err := tls.Dial("tcp", h.address, config)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { conn.Close() })
	ask := "GET /line HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: " + line.Protocol + "\r\n\r\n"
	if _, err := io.WriteString(conn, ask); err != nil {
		h.Fatal(err)
	}
	return statusOf(h.T, conn), conn
}
