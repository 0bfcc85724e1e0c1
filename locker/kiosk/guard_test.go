package kiosk_test

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lockstep/guard/clock"
	"lockstep/guard/door"
	"lockstep/locker/kiosk"
)

// fakeGuard speaks the kiosk's socket: it shows the views it is given and answers verbs with a handed-in function.
type fakeGuard struct {
	path    string
	answer  func(door.KioskRequest) door.KioskReply
	mu      sync.Mutex
	locker  string
	view    door.View
	changed chan struct{}
	asked   []door.KioskRequest
	conns   []net.Conn
	listen  net.Listener
}

func newFakeGuard(t *testing.T) *fakeGuard {
	t.Helper()
	g := &fakeGuard{path: filepath.Join(t.TempDir(), "kiosk.sock"), locker: "msk-0042", changed: make(chan struct{})}
	g.answer = func(door.KioskRequest) door.KioskReply { return door.KioskReply{Accepted: true} }
	g.view = door.View{Version: 1, Locker: "msk-0042", Stage: door.Idle, Doors: doors()}
	g.start(t)
	t.Cleanup(g.stop)
	return g
}

// doors is a front of 24 compartments in three sizes.
func doors() []door.Door {
	var out []door.Door
	for i := range uint16(24) {
		size := uint8(1)
		if i%6 == 3 || i%6 == 4 {
			size = 2
		}
		if i%6 == 5 {
			size = 3
		}
		out = append(out, door.Door{Number: i + 1, Size: size, Low: i%6 == 5, Broken: i == 13})
	}
	return out
}

func (g *fakeGuard) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("unix", g.path)
	if err != nil {
		t.Fatal(err)
	}
	g.listen = listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.mu.Lock()
			g.conns = append(g.conns, conn)
			g.mu.Unlock()
			go g.serve(conn)
		}
	}()
}

// stop is a guard that dies: the socket and every connection are gone.
func (g *fakeGuard) stop() {
	g.listen.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range g.conns {
		conn.Close()
	}
	g.conns = nil
}

func (g *fakeGuard) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var r door.KioskRequest
		if door.Receive(conn, door.MaxFrame, &r) != nil {
			return
		}
		if door.Send(conn, door.MaxFrame, g.reply(r)) != nil {
			return
		}
	}
}

func (g *fakeGuard) reply(r door.KioskRequest) door.KioskReply {
	if r.Verb == door.Watch {
		return door.KioskReply{Accepted: true, View: g.waitFor(r.After)}
	}
	g.mu.Lock()
	g.asked = append(g.asked, r)
	g.mu.Unlock()
	reply := g.answer(r)
	g.mu.Lock()
	defer g.mu.Unlock()
	reply.View = g.view
	return reply
}

func (g *fakeGuard) waitFor(after uint64) door.View {
	for {
		g.mu.Lock()
		view, changed := g.view, g.changed
		g.mu.Unlock()
		if view.Version != after {
			return view
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Second):
			return view
		}
	}
}

// show makes v the view; version and locker are filled in, and doors where it has none.
func (g *fakeGuard) show(v door.View) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v.Version, v.Locker = g.view.Version+1, g.locker
	if v.Doors == nil {
		v.Doors = doors()
	}
	g.view = v
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *fakeGuard) verbs() []door.KioskRequest {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]door.KioskRequest(nil), g.asked...)
}

// startKiosk runs a kiosk at the guard and gives the address of its page, once it can be loaded.
func startKiosk(t *testing.T, g *fakeGuard, c kiosk.Config) string {
	t.Helper()
	return startKioskUntil(t, g, c, func(func()) {})
}

// startKioskUntil hands out what ends it before the test does.
func startKioskUntil(t *testing.T, g *fakeGuard, c kiosk.Config, ending func(stop func())) string {
	t.Helper()
	now, err := clock.New("")
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	c.GuardSocket, c.Listen, c.Clock = g.path, "127.0.0.1:0", now
	c.Ready = func(at net.Addr) { ready <- "http://" + at.String() }
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ending(cancel)
	ended := make(chan error, 1)
	go func() { ended <- kiosk.Run(ctx, c) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the kiosk ended with %v", err)
		}
	})
	select {
	case page := <-ready:
		return page
	case err := <-ended:
		ended <- err
		t.Fatalf("the kiosk did not start: %v", err)
		return ""
	}
}
