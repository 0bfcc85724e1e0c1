package kiosk_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/locker/kiosk"
)

// stream reads the page's server-sent states.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

type shownState struct {
	Guard       bool
	Stage       door.Stage
	Compartment uint16
	More        int
	Scan        struct {
		Number   int
		Accepted bool
		Reason   door.Reason
	}
	QR *struct{ Text, Image string }
}

func listen(t *testing.T, page string) stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page+"/state", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return stream{t, bufio.NewScanner(answer.Body)}
}

// until reads states until one is as wanted.
func (s stream) until(what string, wanted func(shownState) bool) shownState {
	s.t.Helper()
	for s.lines.Scan() {
		data, found := strings.CutPrefix(s.lines.Text(), "data: ")
		if !found {
			continue
		}
		var state shownState
		if err := json.Unmarshal([]byte(data), &state); err != nil {
			s.t.Fatal(err)
		}
		if wanted(state) {
			return state
		}
	}
	s.t.Fatalf("the stream ended before %s: %v", what, s.lines.Err())
	return shownState{}
}

func post(t *testing.T, url, body string, header http.Header) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Host = header.Get("Host")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestCodesReachTheGuardAndNoLog(t *testing.T) {
	g := newFakeGuard(t)
	var log lockedBuffer
	page := startKiosk(t, g, kiosk.Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	right := statement.CompleteCode("12345678")
	permit := statement.CompleteCode("246813579")
	secret := "LSC:" + base45.Encode([]byte("sixteen bytes of"))
	for _, test := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"/code", `{"code":"` + right + `"}`, 200, `"accepted":true`},
		{"/code", `{"code":"123456780"}`, 200, `"reason":"typo"`},
		{"/code", `{"code":"12345"}`, 200, `"reason":"typo"`},
		{"/code", `{"code":12345}`, 400, "not the JSON"},
		{"/code", `{"code":"` + right + `","door":7}`, 400, "not the JSON"},
		{"/code", `{"code":"` + strings.Repeat("1", 9000) + `"}`, 400, "not the JSON"},
		{"/return", `{"code":"` + permit + `"}`, 200, `"accepted":true`},
		{"/return", `{"code":"` + right + `"}`, 200, `{"about":"return","accepted":false,"reason":"typo"}`},
		{"/code", `{"code":"` + permit + `"}`, 200, `"reason":"typo"`},
		{"/scan", `{"text":"` + secret + `"}`, 204, ""},
		{"/courier", `{}`, 200, `"accepted":true`},
		{"/larger", `{}`, 200, `{"about":"return","accepted":true}`},
		{"/technician", `{}`, 200, `"accepted":true`},
		{"/override", `{}`, 200, `"accepted":true`},
		{"/override", `{"compartment":7}`, 400, "not the JSON"},
		{"/cancel", `{"verb":"present"}`, 400, ""},
		{"/present", `{}`, 404, ""},
		{"/open", `{"compartment":7}`, 404, ""},
	} {
		if status, text := post(t, page+test.path, test.body, nil); status != test.status || !strings.Contains(text, test.says) {
			t.Errorf("%s %.40s: %d %s", test.path, test.body, status, text)
		}
	}
	var verbs []string
	for _, r := range g.verbs() {
		verbs = append(verbs, string(r.Verb))
	}
	if got := strings.Join(verbs, " "); got != "code return secret courier larger technician override" {
		t.Errorf("the guard was asked %q", got)
	}
	for _, hidden := range []string{right, permit, "sixteen", secret[4:], "123456780"} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("the log holds %q:\n%s", hidden, log.String())
		}
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	g := newFakeGuard(t)
	page := startKiosk(t, g, kiosk.Config{})
	for name, header := range map[string]http.Header{
		"another site":     {"Sec-Fetch-Site": {"cross-site"}},
		"another origin":   {"Origin": {"http://evil.example"}},
		"rebound DNS name": {"Host": {"kiosk.evil.example"}},
	} {
		if status, _ := post(t, page+"/courier", `{}`, header); status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	if asked := g.verbs(); len(asked) != 0 {
		t.Errorf("the guard was asked %v", asked)
	}
	if err := kiosk.Run(t.Context(), kiosk.Config{Listen: "0.0.0.0:0"}); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("a screen for the whole network: %v", err)
	}
}

func TestScannerOnASerialLine(t *testing.T) {
	g := newFakeGuard(t)
	far, device, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { far.Close(); device.Close() })
	states := listen(t, startKiosk(t, g, kiosk.Config{Scanner: device.Name()}))
	states.until("the guard is here", func(s shownState) bool { return s.Guard })
	secret := bytes.Repeat([]byte{7}, 16)
	scan := func(text string, number int) shownState {
		t.Helper()
		if _, err := io.WriteString(far, text+"\r\n"); err != nil {
			t.Fatal(err)
		}
		return states.until("scan", func(s shownState) bool { return s.Scan.Number >= number })
	}
	if s := scan("460010000016", 1); s.Scan.Accepted || s.Scan.Reason != "unreadable" {
		t.Errorf("a label: %+v", s.Scan)
	}
	text := "LSC:" + base45.Encode(secret)
	if _, err := io.WriteString(far, text+"\r\n"+text+"\r\n"+text+"\r\n"); err != nil { // one code, held still
		t.Fatal(err)
	}
	if s := states.until("scan", func(s shownState) bool { return s.Scan.Number >= 2 }); !s.Scan.Accepted {
		t.Errorf("a recipient's code: %+v", s.Scan)
	}
	if s := scan("LSC:", 3); s.Scan.Number != 3 {
		t.Errorf("one text held still was taken %d times", s.Scan.Number-2)
	}
	if asked := g.verbs(); len(asked) != 1 || !bytes.Equal(asked[0].Secret, secret) {
		t.Errorf("the guard was asked %d times", len(asked))
	}
}

func TestSeveralParcelsInOneCode(t *testing.T) {
	g := newFakeGuard(t)
	g.answer = func(r door.KioskRequest) door.KioskReply {
		if r.Secret[0] == 2 { // that one is in another locker
			return door.KioskReply{Reason: door.WrongCode, Wait: 1}
		}
		return door.KioskReply{Accepted: true}
	}
	page := startKiosk(t, g, kiosk.Config{})
	states := listen(t, page)
	states.until("the guard is here", func(s shownState) bool { return s.Guard })
	all := bytes.Join([][]byte{bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16), bytes.Repeat([]byte{3}, 16)}, nil)
	if status, _ := post(t, page+"/scan", `{"text":"LSC:`+base45.Encode(all)+`"}`, nil); status != http.StatusNoContent {
		t.Fatal(status)
	}
	g.show(door.View{Stage: door.Open, Errand: door.Collecting, Compartment: 7})
	if s := states.until("open", func(s shownState) bool { return s.Stage == door.Open }); s.More != 2 {
		t.Errorf("%d more parcels", s.More)
	}
	if asked := g.verbs(); len(asked) != 1 {
		t.Fatalf("asked %d times before the first door was closed", len(asked))
	}
	g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 7, Outcome: "collected"})
	states.until("the next is accepted", func(s shownState) bool { return s.Scan.Number == 2 && s.Scan.Accepted })
	g.show(door.View{Stage: door.Failed, Errand: door.Collecting, Compartment: 9, Outcome: "no press"})
	states.until("nothing is left", func(s shownState) bool { return s.Stage == door.Failed && s.More == 0 })
	asked := g.verbs()
	if len(asked) != 3 || asked[1].Secret[0] != 2 || asked[2].Secret[0] != 3 {
		t.Errorf("asked %d times", len(asked))
	}
}

func TestAGuardThatDiesAndComesBack(t *testing.T) {
	g := newFakeGuard(t)
	page := startKiosk(t, g, kiosk.Config{})
	states := listen(t, page)
	states.until("the guard is here", func(s shownState) bool { return s.Guard })
	challenge, _ := envelopes(t)
	g.show(door.View{Stage: door.Idle, Session: &door.Session{Challenge: challenge, Left: 60000}})
	s := states.until("challenge", func(s shownState) bool { return s.QR != nil })
	if s.QR.Text != "LSQ:"+base45.Encode(challenge) || !strings.HasPrefix(s.QR.Image, "data:image/svg+xml;base64,") {
		t.Errorf("the screen shows %.40q", s.QR.Text)
	}
	g.stop()
	states.until("the guard is away", func(s shownState) bool { return !s.Guard })
	if _, text := post(t, page+"/courier", `{}`, nil); !strings.Contains(text, `"reason":"away"`) {
		t.Errorf("with the guard away: %s", text)
	}
	if answer, err := http.Get(page + "/healthz"); err != nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("health: %v, %v", answer, err)
	}
	os.Remove(g.path)
	g.start(t)
	g.show(door.View{Stage: door.Idle})
	states.until("the guard is back", func(s shownState) bool { return s.Guard && s.QR == nil })
	if _, text := post(t, page+"/courier", `{}`, nil); !strings.Contains(text, `"accepted":true`) {
		t.Errorf("with the guard back: %s", text)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
