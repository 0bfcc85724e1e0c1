package kiosk

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"lockstep/guard/clock"
	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/line"
)

const (
	verbTimeout  = 5 * time.Second  // for a verb's answer
	watchTimeout = 30 * time.Second // for a view; the guard answers after 20 s at the latest
	dialPause    = 500 * time.Millisecond
	maxPause     = 2 * time.Second // worth waiting for within one answer
	sameText     = 3 * time.Second // a scanner that goes on seeing one text has said it once
)

// Reasons of the kiosk's own, beside the guard's.
const (
	reasonAway       door.Reason = "away"       // the guard does not answer
	reasonTypo       door.Reason = "typo"       // the check digit is wrong: the guard was not asked
	reasonUnreadable door.Reason = "unreadable" // not a code for this scanner
)

// answer is what became of something a person typed or showed.
type answer struct {
	Number   uint64      `json:"number,omitempty"` // counts what the scanner saw
	About    string      `json:"about,omitempty"`  // see about
	Accepted bool        `json:"accepted"`
	Reason   door.Reason `json:"reason,omitempty"`
	Wait     int64       `json:"wait,omitempty"` // ms
}

// desk is where people and guard meet: the guard's latest view, and the verbs.
type desk struct {
	clock   *clock.Clock
	log     *slog.Logger
	support string

	asking sync.Mutex // one verb at a time
	guard  *door.KioskClient
	links  chan net.Conn // at most one, of a link that waits; nil where nothing is carried

	mu       sync.Mutex
	here     bool // the guard answers
	view     door.View
	at       time.Duration // when view came, on the running clock
	scan     answer
	deaf     bool // the scanner's device is away
	queue    queue
	carrying carrying
	takings  []taking
	session  drawing // of the courier's or the technician's session
	order    drawing // the challenge that an override has to answer
	seen     [sha256.Size]byte
	seenAt   time.Duration
	changed  chan struct{} // closed and replaced with every change
}

func newDesk(c *clock.Clock, log *slog.Logger) *desk {
	return &desk{clock: c, log: log, changed: make(chan struct{})}
}

// update changes the desk and wakes everybody who shows it.
func (d *desk) update(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	d.wake()
}

// wake wakes everybody who shows the desk. The caller holds the lock.
func (d *desk) wake() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// watch keeps the view fresh until ctx ends.
func (d *desk) watch(ctx context.Context, guard *door.KioskClient) error {
	after := uint64(0)
	for ctx.Err() == nil {
		reply, err := within(ctx, watchTimeout, guard, door.KioskRequest{Verb: door.Watch, After: after})
		if err != nil || !reply.Accepted {
			after = 0
			d.lost(ctx, err)
			continue
		}
		after = reply.View.Version
		d.show(reply.View)
	}
	return ctx.Err()
}

func within(ctx context.Context, limit time.Duration, guard *door.KioskClient, r door.KioskRequest) (door.KioskReply, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return guard.Do(ctx, r)
}

// lost notes that the guard is away, and waits a little.
func (d *desk) lost(ctx context.Context, err error) {
	d.mu.Lock()
	was := d.here
	d.mu.Unlock()
	if was {
		d.log.Warn("guard away", "error", err)
		d.update(func() { d.here, d.queue = false, queue{} })
		d.hangUp()
	}
	select {
	case <-ctx.Done():
	case <-time.After(dialPause):
	}
}

// hangUp ends the verbs' connection too, so that the first touch after the guard's return is not lost on a dead one. A verb
// that is under way finds out by itself.
func (d *desk) hangUp() {
	if d.asking.TryLock() {
		defer d.asking.Unlock()
		_ = d.guard.Close()
	}
}

func (d *desk) show(v door.View) {
	d.update(func() {
		if !d.here {
			d.log.Info("guard here", "locker", v.Locker)
		}
		d.here, d.view, d.at = true, v, d.clock.Running()
		d.draw()
	})
}

// draw keeps the pictures in step with the view.
func (d *desk) draw() {
	prefix, data := sessionQR(d.view)
	if err := errors.Join(d.session.show(prefix, data), d.order.show(prefixChallenge, d.view.Override)); err != nil {
		d.log.Error("QR code not drawn", "error", err)
	}
}

// sessionQR is what a device is to read off the screen: the challenge until it has been answered, then nothing, then the receipt.
func sessionQR(v door.View) (prefix string, data []byte) {
	var challenge, receipt []byte
	begun := false
	switch {
	case v.Session != nil:
		challenge, receipt, begun = v.Session.Challenge, v.Session.Receipt, v.Session.Courier != ""
	case v.Service != nil:
		challenge, receipt, begun = v.Service.Challenge, v.Service.Receipt, v.Service.Technician != ""
	}
	switch {
	case len(receipt) > 0:
		return prefixReceipt, receipt
	case begun:
		return "", nil
	}
	return prefixChallenge, challenge
}

// ask asks the guard.
func (d *desk) ask(ctx context.Context, r door.KioskRequest) answer {
	d.asking.Lock()
	defer d.asking.Unlock()
	reply, err := d.patient(ctx, r)
	if err != nil {
		d.log.Warn("guard did not answer", "verb", r.Verb, "error", err)
		return answer{About: about(r), Reason: reasonAway}
	}
	return answer{About: about(r), Accepted: reply.Accepted, Reason: reply.Reason, Wait: reply.Wait}
}

// patient asks once more where the guard only wants a moment's pause between two secrets.
func (d *desk) patient(ctx context.Context, r door.KioskRequest) (door.KioskReply, error) {
	reply, err := within(ctx, verbTimeout, d.guard, r)
	pause := time.Duration(reply.Wait) * time.Millisecond
	if err != nil || r.Verb != door.Secret || reply.Reason != door.Slow || pause > maxPause {
		return reply, err
	}
	select {
	case <-ctx.Done():
		return reply, ctx.Err()
	case <-time.After(pause):
	}
	return within(ctx, verbTimeout, d.guard, r)
}

// scanned takes a text that the scanner saw. The answer is shown to whoever looks at the screen; of several parcels in one code the
// guard is asked one by one (see lead).
func (d *desk) scanned(ctx context.Context, text string) {
	if d.links != nil && strings.HasPrefix(text, line.PrefixDown) {
		d.bring(ctx, text)
		return
	}
	if d.sameAgain(text) {
		return
	}
	a := answer{Reason: reasonUnreadable}
	requests, err := parseText(text)
	switch {
	case err != nil:
	case len(requests) > 1:
		d.log.Info("scanned", "parcels", len(requests))
		if !d.shownAgain(text) {
			q := begin(d.fresh(requests))
			q.text = sha256.Sum256([]byte(text))
			d.update(func() { d.queue = q })
		}
		return
	default:
		d.drop()
		a = d.ask(ctx, requests[0])
	}
	d.log.Info("scanned", "accepted", a.Accepted, "reason", a.Reason)
	d.update(func() {
		a.Number = d.scan.Number + 1
		d.scan = a
	})
}

// scannerStands notes whether the scanner's device is there.
func (d *desk) scannerStands(there bool) {
	d.update(func() { d.deaf = !there })
}

func (d *desk) sameAgain(text string) bool {
	sum, now := sha256.Sum256([]byte(text)), d.clock.Running()
	d.mu.Lock()
	defer d.mu.Unlock()
	same := sum == d.seen && now-d.seenAt < sameText
	d.seen, d.seenAt = sum, now
	return same
}

// about is whose request it is, in the page's words: one refusal has another way out for a recipient than for a technician.
func about(r door.KioskRequest) string {
	switch r.Verb {
	case door.Present:
		var p statement.Presentation
		if err := statement.Decode(r.Presentation, &p); err == nil {
			if typ, _ := statement.Peek(p.Answer); typ == statement.TypeService {
				return string(door.Technician)
			}
		}
		return string(door.Courier)
	case door.Cosigned:
		if cosignedType(r.Presentation) == statement.TypeLift {
			return "lift"
		}
		return string(door.Override)
	case door.Larger:
		return string(door.Return)
	}
	return string(r.Verb)
}
