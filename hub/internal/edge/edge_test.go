package edge_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/edge"
	"lockstep/internal/line"
)

const secret = "SECRETSECRETSECRET"

// statusOf reads a response's head byte by byte, so that nothing after it is swallowed.
func statusOf(t *testing.T, conn net.Conn) int {
	t.Helper()
	var head bytes.Buffer
	for one := make([]byte, 1); !bytes.HasSuffix(head.Bytes(), []byte("\r\n\r\n")); {
		if _, err := io.ReadFull(conn, one); err != nil {
			t.Fatal(err)
		}
		head.Write(one)
	}
	response, err := http.ReadResponse(bufio.NewReader(&head), nil)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

func TestEnrolment(t *testing.T) {
	h := start(t)
	key, other := newLinkKey(t), newLinkKey(t)
	good := line.Enrolment{Locker: "l1", Secret: secret, Request: requestOf(t, key)}
	broken := bytes.Clone(good.Request)
	broken[len(broken)-1] ^= 1
	for _, c := range []struct {
		name string
		body any
		want int
	}{
		{"no JSON object", "hello", 400},
		{"an unknown field", map[string]any{"locker": "l1", "admin": true}, 400},
		{"too large", line.Enrolment{Locker: "l1", Request: make([]byte, 5000)}, 400},
		{"no request", line.Enrolment{Locker: "l1", Secret: secret}, 400},
		{"a request signed by nobody", line.Enrolment{Locker: "l1", Secret: secret, Request: broken}, 400},
		{"a wrong secret", line.Enrolment{Locker: "l1", Secret: "WRONGWRONGWRONG0", Request: good.Request}, 403},
		{"no secret", line.Enrolment{Locker: "l1", Request: good.Request}, 403},
		{"another locker", line.Enrolment{Locker: "l2", Secret: secret, Request: good.Request}, 403},
		{"the code", good, 200},
		{"the code again, for its answer was lost", good, 200},
		{"the used code with another key", line.Enrolment{Locker: "l1", Secret: secret, Request: requestOf(t, other)}, 403},
		{"a renewal", line.Enrolment{Locker: "l1", Request: requestOf(t, key)}, 200},
		{"a renewal with another key", line.Enrolment{Locker: "l1", Request: requestOf(t, other)}, 403},
	} {
		got, certificate := h.enrol(c.body)
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		if certificate != nil && (certificate.Subject.CommonName != "l1" || certificate.NotAfter.Sub(h.Now()) > 91*24*time.Hour || !key.PublicKey.Equal(certificate.PublicKey)) {
			t.Errorf("%s: a certificate for %q until %v", c.name, certificate.Subject.CommonName, certificate.NotAfter)
		}
	}
}

// enrolled gives the key and certificate of l1's link.
func (h *harness) enrolled() (*ecdsa.PrivateKey, *x509.Certificate) {
	h.Helper()
	key := newLinkKey(h.T)
	_, certificate := h.enrol(line.Enrolment{Locker: "l1", Secret: secret, Request: requestOf(h.T, key)})
	if certificate == nil {
		h.Fatal("not enrolled")
	}
	return key, certificate
}

func TestWhoMayUseTheLine(t *testing.T) {
	h := start(t)
	if status, _ := h.dial(nil, nil); status != 403 {
		t.Errorf("without a certificate: %d", status)
	}
	key, certificate := h.enrolled()
	if status, _ := h.dial(key, certificate); status != 101 {
		t.Errorf("enrolled: %d", status)
	}
	stranger, err := edge.OpenAuthority(t.TempDir(), h.Now)
	if err != nil {
		t.Fatal(err)
	}
	h2 := start(t)
	if stranger.Print() == h.authority.Print() {
		t.Fatal("two authorities have one key")
	}
	key2, certificate2 := h2.enrolled()
	if status, _ := h.dial(key2, certificate2); status != 403 {
		t.Errorf("certified by another hub: %d", status)
	}
	h.set(func() { h.rooms.enrolled["l1"] = "another key's" })
	if status, _ := h.dial(key, certificate); status != 403 {
		t.Errorf("after somebody else enrolled: %d", status)
	}
	h.set(func() {
		h.rooms.enrolled["l1"] = line.KeyPrint(certificate.RawSubjectPublicKeyInfo)
		h.now = h.now.Add(91 * 24 * time.Hour)
	})
	if status, _ := h.dial(key, certificate); status != 403 {
		t.Errorf("with a certificate that has ended: %d", status)
	}
	if status, _ := h.enrol(line.Enrolment{Locker: "l1", Request: requestOf(t, key)}); status != 200 {
		t.Errorf("renewal after the end: %d", status)
	}
}

func TestServerCertificateIsRenewed(t *testing.T) {
	h := start(t)
	serving := func() *x509.Certificate {
		conn, err := tls.Dial("tcp", h.address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0]
	}
	first := serving()
	if !serving().Equal(first) {
		t.Error("a new server certificate for every connection")
	}
	h.set(func() { h.now = h.now.Add(61 * 24 * time.Hour) })
	if next := serving(); next.Equal(first) || !next.NotAfter.After(first.NotAfter) {
		t.Error("not renewed in its last 30 days")
	}
}

func TestAuthorityIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := edge.OpenAuthority(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := edge.OpenAuthority(dir, time.Now)
	if err != nil || again.Print() != first.Print() {
		t.Fatalf("another authority after a restart: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("ca.key: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := edge.OpenAuthority(dir, time.Now); err == nil {
		t.Error("a broken key was accepted, or replaced")
	}
}

// linked gives a line after its welcome, of a link whose guard has used up down.
func (h *harness) linked(key *ecdsa.PrivateKey, certificate *x509.Certificate, down uint64) net.Conn {
	h.Helper()
	status, conn := h.dial(key, certificate)
	if status != 101 {
		h.Fatalf("status %d", status)
	}
	h.say(conn, line.FromLocker{Kind: line.Hello, Version: line.Version, Locker: "l1", First: 1, Down: down})
	h.hear(conn, line.FromHub{Kind: line.Welcome, Position: h.end.Number})
	return conn
}

func (h *harness) say(conn net.Conn, frame line.FromLocker) {
	h.Helper()
	if err := frame.Write(conn); err != nil {
		h.Fatal(err)
	}
}

// hear expects exactly this frame next.
func (h *harness) hear(conn net.Conn, want line.FromHub) {
	h.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		h.Fatal(err)
	}
	got, err := line.ReadFromHub(conn)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		h.Fatalf("heard %+v, %v, want %+v", got, err, want)
	}
}

// stretch makes n records after a position, and a head over the last. It gives the frame and the end.
func (h *harness) stretch(after journal.Position, n int) (line.FromLocker, journal.Position) {
	h.Helper()
	s := journal.Stretch{}
	for range n {
		r := journal.Record{Number: after.Number + 1, Prev: after.Hash, Boot: 1, Kind: journal.Ticked}
		s.Records = append(s.Records, r.Encode())
		after = journal.Position{Number: r.Number, Hash: r.Hash()}
	}
	var err error
	s.Head, err = statement.Sign(h.guard, statement.Head{Locker: "l1", Boot: 1, Position: after.Number, Hash: after.Hash})
	if err != nil {
		h.Fatal(err)
	}
	kind := line.Upload
	if n == 0 {
		kind = line.Beat
	}
	return line.FromLocker{Kind: kind, Stretch: statement.Encode(s)}, after
}

func TestUp(t *testing.T) {
	h := start(t)
	conn := h.fresh()
	first, end := h.stretch(journal.Position{}, 3)
	h.say(conn, first)
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 3})
	beat, _ := h.stretch(end, 0)
	h.say(conn, beat)
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 3})

	fork, _ := h.stretch(journal.Position{Number: 3}, 1)
	h.say(conn, fork)
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 3, Reason: "fork", Hold: 600_000})
	gap, _ := h.stretch(journal.Position{Number: 5, Hash: end.Hash}, 1)
	h.say(conn, gap)
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 3, Reason: "gap", Hold: 600_000})
	h.say(conn, line.FromLocker{Kind: line.Upload, Stretch: []byte{0xff}})
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 3, Reason: line.Malformed, Hold: 600_000})
	beat.Kind = line.Upload
	h.say(conn, beat)
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 3, Reason: line.Malformed, Hold: 600_000})

	next, _ := h.stretch(end, 2)
	h.set(func() { h.failing = errors.New("the disk is full") })
	h.say(conn, next)
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 3, Reason: line.Unavailable, Hold: 5_000})
	h.say(conn, next)
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 3, Reason: line.Unavailable, Hold: 10_000})
	h.set(func() { h.failing = nil })
	h.say(conn, next)
	h.hear(conn, line.FromHub{Kind: line.Uploaded, Position: 5})
	if want := []string{"l1 malformed", "l1 malformed"}; !slices.Equal(h.alarms, want) {
		t.Errorf("alarms %v, want %v", h.alarms, want)
	}
}

// fresh is linked with a fresh enrolment and an empty down stream.
func (h *harness) fresh() net.Conn {
	h.Helper()
	key, certificate := h.enrolled()
	return h.linked(key, certificate, 0)
}

func down(n uint64) dispatch.Statement {
	return dispatch.Statement{Number: n, Envelope: fmt.Appendf(nil, "statement %d", n)}
}

func sent(s dispatch.Statement) line.FromHub {
	return line.FromHub{Kind: line.Down, Number: s.Number, Statement: s.Envelope}
}

func TestDown(t *testing.T) {
	h := start(t)
	h.receipts = [][]byte{{1}}
	h.down = []dispatch.Statement{down(1), down(2), down(3), down(4), down(5)}
	key, certificate := h.enrolled()
	conn := h.linked(key, certificate, 1)
	h.hear(conn, line.FromHub{Kind: line.Receipt, Statement: []byte{1}})
	h.hear(conn, sent(down(2)))
	h.say(conn, line.FromLocker{Kind: line.Taken, Down: 2, Reason: "refused: late"})
	h.hear(conn, sent(down(3)))
	h.say(conn, line.FromLocker{Kind: line.Taken, Down: 4}) // 4 came by another road
	h.hear(conn, sent(down(5)))
	h.say(conn, line.FromLocker{Kind: line.Taken, Down: 5})
	h.set(func() { h.receipts = [][]byte{{1}, {2}} })
	h.hear(conn, line.FromHub{Kind: line.Receipt, Statement: []byte{2}})
	h.set(func() { h.down = append(h.down, down(6)) })
	h.hear(conn, sent(down(6)))
	h.say(conn, line.FromLocker{Kind: line.Taken, Down: 5, Reason: "refused: signature"})
	h.set(func() { h.receipts = [][]byte{{3}} })
	h.hear(conn, line.FromHub{Kind: line.Receipt, Statement: []byte{3}}) // and not statement 6 again
	if want := []string{"l1 down refused"}; !slices.Equal(h.alarms, want) {
		t.Errorf("alarms %v, want %v", h.alarms, want)
	}
	h.set(func() { h.now = h.now.Add(11 * time.Minute) })
	h.hear(conn, sent(down(6)))
}

// TestPersons: charters before anything numbered, one bundle at a time, and none twice in a row while it waits for its record.
func TestPersons(t *testing.T) {
	h := start(t)
	h.persons = []dispatch.Cosigned{{Kind: dispatch.Charter, Mark: 2, Bundle: []byte("charter 2")}, {Kind: dispatch.Charter, Mark: 3, Bundle: []byte("charter 3")},
		{Kind: dispatch.Lift, Mark: 9, Bundle: []byte("lift")}}
	h.down = []dispatch.Statement{down(1), down(2)}
	conn := h.fresh()
	h.hear(conn, line.FromHub{Kind: line.Persons, Statement: []byte("charter 2")})
	h.say(conn, line.FromLocker{Kind: line.Judged, Reason: "key"})
	h.hear(conn, line.FromHub{Kind: line.Persons, Statement: []byte("charter 3")})
	h.say(conn, line.FromLocker{Kind: line.Judged})
	h.hear(conn, sent(down(1)))                 // and not charter 3 again, nor the lift
	h.set(func() { h.persons = h.persons[1:] }) // its record has come
	h.say(conn, line.FromLocker{Kind: line.Taken, Down: 1})
	h.hear(conn, sent(down(2)))
	h.say(conn, line.FromLocker{Kind: line.Taken, Down: 2})
	h.hear(conn, line.FromHub{Kind: line.Persons, Statement: []byte("lift")})
	h.say(conn, line.FromLocker{Kind: line.Judged, Reason: "cause"})
	h.set(func() { h.down = append(h.down, down(3)) })
	h.hear(conn, sent(down(3)))
	h.say(conn, line.FromLocker{Kind: line.Taken, Down: 3})
	h.set(func() { h.now = h.now.Add(11 * time.Minute) })
	h.hear(conn, line.FromHub{Kind: line.Persons, Statement: []byte("lift")})
	h.set(func() {
		if want := []string{"charter key", "lift cause"}; !slices.Equal(h.judged, want) || len(h.alarms) != 0 {
			t.Errorf("judged %q, want %q; alarms %q", h.judged, want, h.alarms)
		}
	})
}

// TestASlowGuardIsNoAlarm: its line tries again after a minute instead of ten.
func TestASlowGuardIsNoAlarm(t *testing.T) {
	h := start(t)
	h.down = []dispatch.Statement{down(1)}
	conn := h.fresh()
	h.hear(conn, sent(down(1)))
	h.say(conn, line.FromLocker{Kind: line.Taken, Reason: "refused: slow"})
	h.set(func() { h.receipts = [][]byte{{1}} })
	h.hear(conn, line.FromHub{Kind: line.Receipt, Statement: []byte{1}}) // and not statement 1 again
	h.set(func() { h.now = h.now.Add(61 * time.Second) })
	h.hear(conn, sent(down(1)))
	h.set(func() {
		if len(h.alarms) != 0 {
			t.Errorf("alarms %q", h.alarms)
		}
	})
}

func TestTheNewerConnectionWinsAfterTheOlderHasCommitted(t *testing.T) {
	h := start(t)
	key, certificate := h.enrolled()
	older := h.linked(key, certificate, 0)
	gate := make(chan struct{})
	h.set(func() { h.gate = gate })
	upload, _ := h.stretch(journal.Position{}, 2)
	h.say(older, upload)
	<-h.entered
	_, newer := h.dial(key, certificate)
	h.say(newer, line.FromLocker{Kind: line.Hello, Version: line.Version, Locker: "l1", Position: 2, First: 1})
	h.hear(older, line.FromHub{Kind: line.Bye, Reason: line.Superseded})
	close(gate)
	h.hear(newer, line.FromHub{Kind: line.Welcome, Position: 2})
}

func TestBadFramesEndTheSession(t *testing.T) {
	for name, send := range map[string]func(h *harness, conn net.Conn){
		"too long":      func(h *harness, conn net.Conn) { _, _ = conn.Write([]byte{0xff, 0xff, 0xff, 0xff}) },
		"not CBOR":      func(h *harness, conn net.Conn) { _, _ = conn.Write([]byte{0, 0, 0, 1, 0xff}) },
		"a hub's frame": func(h *harness, conn net.Conn) { _ = line.FromHub{Kind: line.Welcome}.Write(conn) },
		"a second hello": func(h *harness, conn net.Conn) {
			h.say(conn, line.FromLocker{Kind: line.Hello, Version: 1, Locker: "l1"})
		},
		"bye":     func(h *harness, conn net.Conn) { h.say(conn, line.FromLocker{Kind: line.Bye}) },
		"its end": func(h *harness, conn net.Conn) { conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t)
			conn := h.fresh()
			send(h, conn)
			if frame, err := line.ReadFromHub(conn); err == nil {
				t.Errorf("answered with %+v", frame)
			}
		})
	}
}

func TestHelloIsChecked(t *testing.T) {
	h := start(t)
	key, certificate := h.enrolled()
	for _, hello := range []line.FromLocker{
		{Kind: line.Hello, Version: line.Version + 1, Locker: "l1"},
		{Kind: line.Hello, Version: line.Version, Locker: "l2"},
		{Kind: line.Taken},
	} {
		_, conn := h.dial(key, certificate)
		h.say(conn, hello)
		if frame, err := line.ReadFromHub(conn); err != nil || frame.Kind != line.Bye {
			t.Errorf("%+v was answered with %+v, %v", hello, frame, err)
		}
	}
}

func TestStopping(t *testing.T) {
	h := start(t)
	conn := h.fresh()
	stopped := make(chan error, 1)
	go func() { stopped <- h.stop() }()
	h.hear(conn, line.FromHub{Kind: line.Bye, Reason: line.Stopping})
	if err := <-stopped; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
