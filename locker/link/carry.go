package link

import (
	"context"
	"net"
	"time"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/line"
)

const (
	carryPace = 2 * time.Second  // between two exchanges: whoever has the kiosk has no more of the guard than that
	carryDial = 5 * time.Second  // before a kiosk that is away is dialled again
	carryTime = 30 * time.Second // for one exchange
)

// serveKiosk waits at the kiosk's socket for what a courier's phone has shown it, and gives records for the phone (package line), until ctx
// is done. A load is handed to the guard as if the hub had sent it, on the link's own socket: nothing more can come of it than of the line.
func (l *link) serveKiosk(ctx context.Context, path string) {
	for ctx.Err() == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
		if err == nil {
			err = l.serveCarry(ctx, conn)
			l.log.Info("kiosk away", "err", err)
		}
		wait(ctx, l.clock, carryDial)
	}
}

// serveCarry answers one exchange after the other, until the connection breaks.
func (l *link) serveCarry(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for {
		var asked line.Carry
		if err := door.Receive(conn, line.MaxCarry, &asked); err != nil {
			return err
		}
		done, err := l.carryOnce(ctx, asked)
		if err != nil {
			l.log.Warn("nothing was carried", "err", err)
			done = line.Carried{Reason: "away"}
		}
		l.log.Info("carried", "taken", done.Taken, "records up to", done.Last, "reason", done.Reason)
		if err := door.Send(conn, line.MaxCarried, done); err != nil {
			return err
		}
		if err := wait(ctx, l.clock, carryPace); err != nil {
			return err
		}
	}
}

func (l *link) carryOnce(ctx context.Context, asked line.Carry) (line.Carried, error) {
	ctx, cancel := context.WithTimeout(ctx, carryTime)
	defer cancel()
	guard := door.LinkOver(l.guard)
	defer guard.Close()
	return l.carry(ctx, guard, asked)
}

// carry does one exchange with the guard.
func (l *link) carry(ctx context.Context, guard *door.LinkClient, asked line.Carry) (done line.Carried, err error) {
	hello, err := guard.Do(ctx, door.LinkRequest{Verb: door.Hello})
	if err != nil {
		return done, err
	}
	load, err := line.ReadLoad(asked.Load)
	if err != nil || load.Locker != l.locker {
		return line.Carried{Reason: "not for here"}, nil
	}
	done.Accepted = true
	for _, item := range load.Items {
		if item.Kind == line.Down && item.Number <= hello.Down {
			continue // it came by another road
		}
		reply, err := guard.Do(ctx, door.LinkRequest{Verb: verbOf[item.Kind], Number: item.Number, Statement: item.Statement})
		if err != nil {
			return done, err
		}
		if reply.Accepted {
			done.Taken++
		} else if done.Reason == "" {
			done.Reason = line.Word(reply.Reason)
		}
	}
	return done, stretchFor(ctx, guard, asked.After, &done)
}

var verbOf = map[line.Kind]door.LinkVerb{line.Down: door.Down, line.Persons: door.Persons, line.Receipt: door.Receipt}

// stretchFor adds the records after one, as many as the guard gives at once.
func stretchFor(ctx context.Context, guard *door.LinkClient, after uint64, done *line.Carried) error {
	hello, err := guard.Do(ctx, door.LinkRequest{Verb: door.Hello})
	if err != nil || after >= hello.Position {
		return err // the guard would wait for news
	}
	reply, err := guard.Do(ctx, door.LinkRequest{Verb: door.Records, After: after})
	if err != nil || !reply.Accepted {
		return err
	}
	var s journal.Stretch
	if err := statement.Decode(reply.Stretch, &s); err != nil || len(s.Records) == 0 {
		return err
	}
	last, err := journal.Decode(s.Records[len(s.Records)-1])
	if err != nil {
		return err
	}
	done.Stretch, done.Last, done.More = reply.Stretch, last.Number, last.Number < hello.Position
	return nil
}
