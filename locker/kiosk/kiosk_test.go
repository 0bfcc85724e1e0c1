package kiosk_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	Several     *struct {
		Step          string
		At, Of        int
		Taken, Passed int
		Reason        door.Reason
		Left, Again   int64
	}
	Scan struct {
		Number   int
		Accepted bool
		Reason   door.Reason
	}
	QR      *struct{ Text, Image string }
	Carried *struct {
		Step     string
		Have, Of int
		Taken    int
		Reason   string
	}
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

// leads waits until the screen leads to a parcel, and how.
func (s stream) leads(step string, at int) shownState {
	s.t.Helper()
	return s.until(fmt.Sprint(step, " ", at), func(s shownState) bool { return s.Several != nil && s.Several.Step == step && s.Several.At == at })
}

func scanSeveral(t *testing.T, page string, first ...byte) {
	t.Helper()
	var all []byte
	for _, b := range first {
		all = append(all, bytes.Repeat([]byte{b}, 16)...)
	}
	if status, _ := post(t, page+"/scan", `{"text":"LSC:`+base45.Encode(all)+`"}`, nil); status != http.StatusNoContent {
		t.Fatal(status)
	}
}

func touch(t *testing.T, url string) {
	t.Helper()
	if status, text := post(t, url, `{}`, nil); status != http.StatusNoContent {
		t.Fatalf("%s: %d %s", url, status, text)
	}
}

func TestSeveralParcelsInOneCode(t *testing.T) {
	g := newFakeGuard(t)
	g.answer = func(r door.KioskRequest) door.KioskReply {
		if r.Verb == door.Secret && r.Secret[0] == 2 { // that one is in another locker
			return door.KioskReply{Reason: door.WrongCode, Wait: 1}
		}
		return door.KioskReply{Accepted: true}
	}
	page := startKiosk(t, g, kiosk.Config{})
	states := listen(t, page)
	states.until("the guard is here", func(s shownState) bool { return s.Guard })
	scanSeveral(t, page, 1, 2, 3)
	states.leads("leading", 1)
	g.show(door.View{Stage: door.Open, Errand: door.Collecting, Compartment: 7})
	states.until("open", func(s shownState) bool { return s.Stage == door.Open })
	if asked := g.verbs(); len(asked) != 1 {
		t.Fatalf("asked %d times before the first door was closed", len(asked))
	}
	touch(t, page+"/stop") // not while a door is open
	g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 7, Outcome: "collected"})
	if s := states.leads("leading", 3); s.Several.Taken != 1 || s.Several.Passed != 1 {
		t.Errorf("%+v", s.Several)
	}
	g.show(door.View{Stage: door.Failed, Errand: door.Collecting, Compartment: 9, Outcome: "no press"})
	states.leads("held", 3)
	touch(t, page+"/next")
	states.leads("leading", 3)
	g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 9})
	states.until("press", func(s shownState) bool { return s.Stage == door.Press })
	touch(t, page+"/stop")
	if s := states.leads("over", 3); s.Several.Taken != 1 {
		t.Errorf("%+v", s.Several)
	}
	var asked strings.Builder
	for _, r := range g.verbs() {
		fmt.Fprint(&asked, r.Verb, r.Secret[:min(1, len(r.Secret))], " ")
	}
	if got := asked.String(); got != "secret[1] secret[2] secret[3] secret[3] cancel[] " {
		t.Errorf("the guard was asked %s", got)
	}
}

// What is skipped stays; the guard takes its prompt back before the next is asked for.
func TestSkipping(t *testing.T) {
	g := newFakeGuard(t)
	page := startKiosk(t, g, kiosk.Config{})
	states := listen(t, page)
	states.until("the guard is here", func(s shownState) bool { return s.Guard })
	scanSeveral(t, page, 1, 2)
	states.leads("leading", 1)
	g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 7})
	states.until("press", func(s shownState) bool { return s.Stage == door.Press })
	touch(t, page+"/skip")
	states.leads("leading", 2)
	if asked := g.verbs(); len(asked) != 3 || asked[1].Verb != door.Cancel || asked[2].Secret[0] != 2 {
		t.Errorf("asked %v", asked)
	}
	if _, text := post(t, page+"/code", `{"code":"`+statement.CompleteCode("12345678")+`"}`, nil); !strings.Contains(text, "true") {
		t.Error(text)
	}
	states.until("a typed code ends it", func(s shownState) bool { return s.Several == nil })
}

// A QR code of several parcels of which none is here is refused as one of one parcel is, and nothing is left of it.
func TestNoneOfSeveralIsHere(t *testing.T) {
	g := newFakeGuard(t)
	g.answer = func(door.KioskRequest) door.KioskReply { return door.KioskReply{Reason: door.WrongCode, Wait: 1} }
	page := startKiosk(t, g, kiosk.Config{})
	states := listen(t, page)
	states.until("the guard is here", func(s shownState) bool { return s.Guard })
	scanSeveral(t, page, 1, 2)
	if s := states.until("it is refused", func(s shownState) bool { return s.Scan.Number == 1 }); s.Scan.Accepted || s.Scan.Reason != door.WrongCode || s.Several != nil {
		t.Errorf("%+v, %+v", s.Scan, s.Several)
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
