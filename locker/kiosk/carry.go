package kiosk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"lockstep/internal/line"
)

const (
	bringFor = 20 * time.Second // without another part of what a phone brings
	haulFor  = 3 * time.Minute  // to read what it takes away; longer while the courier's session lasts is no use
	tellFor  = 15 * time.Second // what came of it stands
	askFor   = 30 * time.Second // the link's answer
	linkFor  = 7 * time.Second  // for a link that was restarted to come back
	pieceUp  = 900              // bytes in one picture: read by a phone at arm's length
)

// carrying is the exchange with a courier's phone where the locker is cut off (package line): parts of a load come by the scanner, and once
// the link has handed that on, the journal stands on the screen in pictures that change. To the kiosk both are bytes.
type carrying struct {
	gather line.Gathering
	step   string // reading · handing · giving · over; empty for nothing
	until  time.Duration
	done   line.Carried
	parts  []string // texts of the pictures
}

// carried is what the page shows of it.
type carried struct {
	Step   string `json:"step"`
	Have   int    `json:"have"`             // reading: parts that the scanner has read
	Of     int    `json:"of"`               // reading: of how many; giving: pictures
	Taken  uint64 `json:"taken"`            // statements that were new here
	More   bool   `json:"more,omitempty"`   // there are more records than these
	Reason string `json:"reason,omitempty"` // over: why nothing was carried
	Left   int64  `json:"left"`             // ms until it is forgotten
}

func (c *carrying) shown(now time.Duration) *carried {
	if c.step == "" || now >= c.until {
		return nil
	}
	s := &carried{Step: c.step, Have: c.gather.Have, Of: c.gather.Of(), Taken: c.done.Taken, More: c.done.More, Reason: c.done.Reason, Left: (c.until - now).Milliseconds()}
	if c.step == "giving" {
		s.Of = len(c.parts)
	}
	return s
}

// at is the next step, for so long.
func (c *carrying) at(step string, until time.Duration) { c.step, c.until = step, until }

// bring takes a part of what a phone shows. With the last one the link is asked; that the phone goes on showing what was read is nothing new.
func (d *desk) bring(ctx context.Context, text string) {
	var cargo []byte
	d.update(func() {
		c, now := &d.carrying, d.clock.Running()
		whole := c.gather.Whole() && c.step != "" && now < c.until
		part, err := c.gather.Add(line.PrefixDown, text)
		if err != nil || whole && c.gather.Whole() {
			return
		}
		cargo = part
		c.at("reading", now+bringFor)
	})
	if cargo != nil {
		d.exchange(ctx, cargo)
	}
}

// exchange hands a load on and puts what goes back on the screen. The journal's public part says which parcels are inside: it is shown only
// to a courier in whom the guard believes, during their session.
func (d *desk) exchange(ctx context.Context, cargo []byte) {
	after, load, err := line.Unpack(cargo)
	if err != nil {
		return
	}
	d.update(func() { d.carrying.at("handing", d.clock.Running()+askFor) })
	done, err := d.askLink(ctx, line.Carry{Load: load, After: after})
	if err != nil {
		d.log.Warn("link did not answer", "error", err)
		done = line.Carried{Reason: string(reasonAway)}
	}
	d.log.Info("carried", "accepted", done.Accepted, "taken", done.Taken, "reason", done.Reason)
	d.update(func() {
		c, now := &d.carrying, d.clock.Running()
		c.done, c.parts = done, nil
		c.at("over", now+tellFor)
		if len(done.Stretch) > 0 && d.view.Session != nil && d.view.Session.Courier != "" {
			c.parts = line.Parts(line.PrefixUp, line.Cargo(done.Last, done.Stretch), pieceUp)
			c.at("giving", now+haulFor)
		}
		c.done.Stretch = nil
	})
}

// askLink asks a link that waits.
func (d *desk) askLink(ctx context.Context, c line.Carry) (done line.Carried, err error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	select {
	case conn := <-d.links:
		if done, err = c.Ask(ctx, conn); err != nil {
			conn.Close()
		} else {
			d.keepLink(conn)
		}
		return done, err
	case <-time.After(linkFor):
		return done, errNoLink
	case <-ctx.Done():
		return done, ctx.Err()
	}
}

var errNoLink = errors.New("kiosk: no link waits")

// listenForLink makes the socket that the link dials. Whoever else of this machine came there would be given what any courier is, and could
// give nothing that a guard or a hub would believe.
func listenForLink(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("kiosk: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o666)
	}
	if err != nil {
		return nil, fmt.Errorf("kiosk: %w", err)
	}
	return listener, nil
}

// acceptLinks keeps the connection that came last.
func (d *desk) acceptLinks(ctx context.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("kiosk: %w", err)
		}
		d.keepLink(conn)
	}
}

func (d *desk) keepLink(conn net.Conn) {
	for {
		select {
		case d.links <- conn:
			return
		case old := <-d.links:
			old.Close()
		}
	}
}

// carriedAway is the courier's word that the phone has it all.
func (d *desk) carriedAway() {
	d.update(func() { d.carrying = carrying{} })
}

// servePart draws one picture of what goes away.
func (d *desk) servePart(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("part"))
	text := ""
	d.mu.Lock()
	if c := &d.carrying; err == nil && n >= 0 && n < len(c.parts) && c.step == "giving" && d.clock.Running() < c.until {
		text = c.parts[n]
	}
	d.mu.Unlock()
	image, err := svgOf(text)
	if text == "" || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(image)) // a page that went away asks again
}
