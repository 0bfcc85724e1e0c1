package cabinet_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockstep/cabinet"
)

func TestControlSocket(t *testing.T) {
	r := start(t, demoConfig())
	info, err := os.Stat(r.running.Ready.Control)
	r.must(err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	for _, bad := range []cabinet.Request{
		{Verb: "open"}, {Verb: "put", Compartment: 1}, {Verb: "close", Compartment: 99}, {Verb: "input", Input: "gate", Closed: true},
		{Verb: "fault"}, {Verb: "mend"}, {Verb: "wait"}, {Verb: "inject", Line: "bus9", Hex: "00"}, {Verb: "inject", Line: "bus0", Hex: "zz"},
		{Verb: "scan", Text: "two\nlines"}, {Verb: "take", Compartment: 1},
	} {
		if _, err := r.Do(r.ctx, bad); err == nil {
			t.Errorf("%+v was done", bad)
		}
	}
	r.must(r.Press(r.ctx, "anna"))
	log, err := r.Log(r.ctx, 0)
	r.must(err)
	if len(log) != 2 || log[1].What != cabinet.Pressed || log[1].Person != "anna" {
		t.Errorf("%+v", log)
	}
	armed := true
	if _, err := r.Wait(r.ctx, cabinet.Condition{Armed: &armed}, time.Second); err != nil {
		t.Error(err)
	}
	if _, err := r.Wait(r.ctx, cabinet.Condition{Compartment: 1, Door: "open"}, time.Millisecond); err == nil {
		t.Error("a door that is closed was waited for with success")
	}
}

func TestControlSocketSaysWhatItCannotRead(t *testing.T) {
	r := start(t, demoConfig())
	conn, err := net.Dial("unix", r.running.Ready.Control)
	r.must(err)
	defer conn.Close()
	_, err = conn.Write([]byte("open sesame\n{\"verb\":\"state\"}\n"))
	r.must(err)
	in := bufio.NewScanner(conn)
	var replies []cabinet.Reply
	for len(replies) < 2 && in.Scan() {
		var reply cabinet.Reply
		r.must(json.Unmarshal(in.Bytes(), &reply))
		replies = append(replies, reply)
	}
	if len(replies) != 2 || replies[0].Error == "" || replies[1].State == nil {
		t.Errorf("%+v", replies)
	}
}

func TestScanner(t *testing.T) {
	r := start(t, demoConfig())
	scanner, err := os.Open(r.running.Ready.Scanner)
	r.must(err)
	defer scanner.Close()
	lines := bufio.NewReader(scanner)
	for _, text := range []string{"LSC:ABC 123", "900000000014"} {
		r.must(r.Scan(r.ctx, text))
		if got, err := lines.ReadString('\n'); err != nil || got != text+"\n" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestStopLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	running, err := cabinet.Start(cabinet.Options{Config: demoConfig(), Dir: dir, Control: filepath.Join(dir, "control"), Log: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	client, err := cabinet.Dial(running.Ready.Control)
	if err != nil {
		t.Fatal(err)
	}
	running.Stop()
	if _, err := client.State(t.Context()); err == nil {
		t.Error("a stopped cabinet answers")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

const token = "a-token-for-the-page"

// page is a running cabinet's page.
type page struct {
	*testing.T
	running *cabinet.Running
	base    string
}

func openPage(t *testing.T) page {
	t.Helper()
	running, err := cabinet.Start(cabinet.Options{
		Config: demoConfig(), Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: token, FrameAncestors: []string{"http://demo.example"}, Log: slog.Default(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	base, _, _ := strings.Cut(running.Ready.Page, "/?")
	return page{t, running, base}
}

func (p page) post(path, body string) int {
	p.Helper()
	reply, err := http.Post(p.base+path, "application/json", strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	reply.Body.Close()
	return reply.StatusCode
}

func (p page) do(body string) int { return p.post("/do?token="+token, body) }

func TestPageWantsItsToken(t *testing.T) {
	p := openPage(t)
	for _, path := range []string{"/", "/?token=", "/?token=another-token-here", "/events"} {
		reply, err := http.Get(p.base + path)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		if reply.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", path, reply.StatusCode)
		}
	}
	if p.post("/do", `{"verb":"press"}`) != http.StatusForbidden || p.post("/scan", "x") != http.StatusForbidden {
		t.Error("acts without a token")
	}
	reply, err := http.Get(p.running.Ready.Page)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	policy := reply.Header.Get("Content-Security-Policy")
	if reply.StatusCode != http.StatusOK || !strings.Contains(policy, "frame-ancestors http://demo.example") || strings.Contains(policy, "unsafe") {
		t.Errorf("%d, %s", reply.StatusCode, policy)
	}
	text, err := io.ReadAll(reply.Body)
	if err != nil || !bytes.Contains(text, []byte(`content="http://demo.example"`)) {
		t.Errorf("the page does not know who may speak to it: %v", err)
	}
	if _, err := cabinet.Start(cabinet.Options{Config: demoConfig(), Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "short", Log: slog.Default()}); err == nil {
		t.Error("a short token was accepted")
	}
}

func TestAParcelGoesThroughThePage(t *testing.T) {
	p := openPage(t)
	steps := []struct {
		body string
		want int
	}{
		{`{"verb":"pick up","barcode":"900000000014"}`, 204},
		{`{"verb":"pick up","barcode":"<script>"}`, 409},
		{`{"verb":"put","compartment":3,"barcode":"900000000014"}`, 409}, // the door is closed; the parcel stays in hand
		{`{"verb":"force","compartment":3}`, 204},
		{`{"verb":"put","compartment":3,"barcode":"900000000014"}`, 204},
		{`{"verb":"put","compartment":3,"barcode":"900000000014"}`, 409}, // no longer in hand
		{`{"verb":"take","compartment":3,"barcode":"900000000014"}`, 204},
		{`{"verb":"put","compartment":3,"barcode":"900000000014"}`, 204},
		{`{"verb":"close","compartment":3}`, 204},
		{`{"verb":"press","holdMs":250}`, 204},
		{`{"verb":"input","input":"jumper","closed":true}`, 409}, // not for the page
		{`{"verb":"inject","line":"bus0","hex":"00"}`, 409},
		{`{`, 400},
	}
	for _, s := range steps {
		if got := p.do(s.body); got != s.want {
			t.Errorf("%s: %d, want %d", s.body, got, s.want)
		}
	}
	state := p.running.Cabinet.State()
	if c := byNumber(state, 3); len(c.Parcels) != 1 || c.Open {
		t.Errorf("%+v", c)
	}
	if state.Verdict.Presses != 1 || !state.Armed {
		t.Errorf("%+v", state.Verdict)
	}
}

func TestEventsFollowTheCabinet(t *testing.T) {
	p := openPage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/events?token="+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	next := events(t, bufio.NewReader(reply.Body))
	if v := next(); v.Armed || len(v.Compartments) != 24 || len(v.Hands) != 0 {
		t.Errorf("at first: %+v", v)
	}
	p.running.Cabinet.Press("anna", 0)
	for !next().Armed {
	}
	p.do(`{"verb":"pick up","barcode":"900000000014"}`)
	for len(next().Hands) != 1 {
	}
}

type view struct {
	cabinet.State
	Hands []cabinet.Parcel
}

// events reads a stream of views.
func events(t *testing.T, in *bufio.Reader) func() view {
	return func() (v view) {
		t.Helper()
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				if err := json.Unmarshal([]byte(data), &v); err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
	}
}

func byNumber(s cabinet.State, number uint16) cabinet.CompartmentState {
	for _, c := range s.Compartments {
		if c.Number == number {
			return c
		}
	}
	return cabinet.CompartmentState{}
}

// A request that is given up leaves a client that works.
func TestClientDialsAgain(t *testing.T) {
	r := start(t, demoConfig())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Wait(ctx, cabinet.Condition{Compartment: 1, Door: "open"}, time.Minute); err == nil {
		t.Fatal("a door was open")
	}
	if _, err := r.State(t.Context()); err != nil {
		t.Error("after a request that was given up:", err)
	}
}
