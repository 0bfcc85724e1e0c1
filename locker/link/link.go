// Package link is the locker's line to the hub: it carries the guard's journal up and statements down, and keeps neither. Both
// ends hold the queues: the guard its journal, the hub its table. The link is treated as hostile by both.
package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/guard/clock"
	"lockstep/guard/door"
)

// Config is what a link stands on.
type Config struct {
	Guard string // the guard's link socket
	Hub   string // https://host:port of the hub's edge
	Dir   string // the folder that Enrol filled
	Log   *slog.Logger
	Clock *clock.Clock

	Kiosk string // path of the kiosk's socket, by which couriers' phones carry both streams; empty: nothing comes by that road
}

// Run keeps the line up until ctx is done. It fails at once where the link is not enrolled or the configuration is wrong, and
// never because guard or hub are away.
func Run(ctx context.Context, c Config) error {
	address, err := parseHub(c.Hub)
	if err != nil {
		return err
	}
	identity, err := openIdentity(c.Dir, c.Clock)
	if err != nil {
		return err
	}
	l := &link{
		locker: identity.locker, log: c.Log.With("locker", identity.locker), clock: c.Clock, random: rand.Float64,
		guard: func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", c.Guard) },
		hub:   func(ctx context.Context) (net.Conn, error) { return dial(ctx, address, identity) },
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { identity.keepRenewed(ctx, c.Hub, l.log); return nil })
	work.Go(func() error { l.run(ctx); return nil })
	if c.Kiosk != "" {
		work.Go(func() error { l.serveKiosk(ctx, c.Kiosk); return nil })
	}
	return work.Wait()
}

// link is the line itself, over wires that are handed in.
type link struct {
	locker     string
	log        *slog.Logger
	clock      *clock.Clock
	random     func() float64                          // 0 ≤ x < 1, for the back-off
	guard, hub func(context.Context) (net.Conn, error) // hub gives a line that has been upgraded
}

const (
	shortestWait = time.Second
	firstWait    = 4 * time.Second
	longestWait  = time.Minute
	steady       = time.Minute // a session that lasted this long was no failure
)

// guardAway is a session that ended on the guard's side. The hub is not to blame and need not be spared.
type guardAway struct{ error }

func (g guardAway) Unwrap() error { return g.error }

// run connects again and again. Each wait is drawn between one second and a bound that doubles with every failure up to a
// minute, so that a network of lockers that lost its hub does not come back in one moment. A guard that was restarted is waited
// for at the shortest pace.
func (l *link) run(ctx context.Context) {
	bound := firstWait
	for ctx.Err() == nil {
		began := l.clock.Running()
		err := l.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if l.clock.Running()-began >= steady {
			bound = firstWait
		}
		pause := shortestWait
		if away := (guardAway{}); !errors.As(err, &away) {
			pause += time.Duration(l.random() * float64(bound-shortestWait))
			bound = min(2*bound, longestWait)
		}
		l.log.Info("line down", "err", err, "again", pause.Round(time.Millisecond))
		wait(ctx, l.clock, pause)
	}
}

// connect runs one session: guard first, for without a guard there is nothing to say to the hub.
func (l *link) connect(ctx context.Context) error {
	s := &session{link: l, control: door.LinkOver(l.guard), records: door.LinkOver(l.guard)}
	defer s.control.Close()
	defer s.records.Close()
	hello, err := s.ask(ctx, door.LinkRequest{Verb: door.Hello})
	if err != nil {
		return err
	}
	if !hello.Accepted {
		return fmt.Errorf("link: the guard refuses: %s", hello.Reason)
	}
	if hello.Locker != l.locker {
		return fmt.Errorf("link: enrolled for %s, but the guard is %s's", l.locker, hello.Locker)
	}
	if s.conn, err = l.hub(ctx); err != nil {
		return err
	}
	defer s.conn.Close()
	return s.run(ctx, hello)
}

// errStopped is a wait that ctx ended.
var errStopped = errors.New("link: stopped")

// wait lets d pass on the running clock, which in development may be pushed forward, and says whether all of it has.
func wait(ctx context.Context, c *clock.Clock, d time.Duration) error {
	end := c.Running() + d
	for left := d; left > 0; left = end - c.Running() {
		step := time.NewTimer(min(left, time.Second))
		select {
		case <-step.C:
		case <-ctx.Done():
			step.Stop()
			return errStopped
		}
	}
	return nil
}
