// Package kiosk is the locker's screen and scanner: a page for the touch screen, served on loopback, that shows what the guard
// says and carries what people type or show to it. The guard treats it as hostile, so it decides nothing: codes and QR secrets pass
// through, and what the screen shows of a visit is the guard's view of it. It keeps nothing but, while it leads somebody from door to
// door, the secrets of the one QR code that they have shown.
package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/guard/clock"
	"lockstep/guard/door"
)

// Config is what a kiosk is told.
type Config struct {
	GuardSocket   string         // path of the guard's kiosk socket
	Listen        string         // loopback host:port of the page
	Carry         string         // path of a socket that the link dials, for what couriers' phones carry; empty: nothing is carried here
	Scanner       string         // serial device of the scanner; empty where the scanner types like a keyboard
	Support       string         // whom people are told to call, as it is to be read; empty for nobody
	FrameAncestor string         // an origin that may hold the page in a frame (the demo); empty for none
	Clock         *clock.Clock   // runs the countdowns
	Log           *slog.Logger   // never sees a code, a secret or a text that was scanned
	Ready         func(net.Addr) // called once when the page can be loaded; may be nil
}

// Run serves the screen until ctx ends. A guard or a scanner that is away is waited for, and the screen says so.
func Run(ctx context.Context, c Config) error {
	if err := checkLoopback(c.Listen); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("kiosk: %w", err)
	}
	desk := newDesk(c.Clock, c.Log)
	desk.support = c.Support
	group, ctx := errgroup.WithContext(ctx)
	server := &http.Server{
		Handler: newHandler(desk, c.FrameAncestor), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	watcher, _ := door.DialKiosk(c.GuardSocket) // a guard that is not up yet is dialled again by the next Do
	desk.guard, _ = door.DialKiosk(c.GuardSocket)
	group.Go(func() error { return desk.watch(ctx, watcher) })
	group.Go(func() error { return desk.lead(ctx) })
	if c.Carry != "" {
		links, err := listenForLink(c.Carry)
		if err != nil {
			return err
		}
		desk.links = make(chan net.Conn, 1)
		group.Go(func() error { return desk.acceptLinks(ctx, links) })
	}
	if c.Scanner != "" {
		group.Go(func() error { return readScanner(ctx, c.Scanner, desk.scanned, desk.scannerStands, c.Log) })
	}
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	group.Go(func() error { return server.Serve(listener) })
	if c.Ready != nil {
		c.Ready(listener.Addr())
	}
	if err := group.Wait(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("kiosk: %w", err)
	}
	return nil
}

func checkLoopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("kiosk: listen: %w", err)
	}
	if !isLoopback(host) {
		return fmt.Errorf("kiosk: the screen is served to this machine only; %q is not a loopback address", host)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
