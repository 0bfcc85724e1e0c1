package kiosk

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"lockstep/guard/door"
)

// queue leads through what one QR code of several parcels stands for: each secret is shown to the guard when the door before it is
// closed, and each door takes a press of its own. It is a convenience, no authority: the guard would take the secrets one by one
// from anybody who has them. It forgets them as soon as nobody is seen to follow it.
type queue struct {
	step    step
	text    [sha256.Size]byte   // of the QR code: its digest
	of      int                 // parcels of the QR code; 0 where none is led through
	waiting []door.KioskRequest // the one that is led to, and those after it
	taken   int
	passed  int           // not here, or taken before
	led     bool          // a door was prompted for, or some of it was taken a moment ago
	from    uint64        // leading: version of the view in which the guard accepted
	until   time.Duration // looking, waiting: when to ask; held, over: when that ends; on the running clock
	reason  door.Reason   // waiting, held, over: what the guard said
	again   time.Duration // over: when it is worth another try, where the guard has said so
}

// step is where it stands.
type step string

const (
	looking step = "looking" // the guard is asked for the next
	leading step = "leading" // a visit goes on
	waiting step = "waiting" // the guard wants a moment: it is asked again by itself
	held    step = "held"    // the visit ended without its parcel: the person says whether to go on
	over    step = "over"    // what came of it stands on the screen
)

const (
	heldFor = 20 * time.Second // as long as the guard's prompt
	overFor = 12 * time.Second
	// longestWait is how long a pause the guard wants is waited for: after a longer one somebody else may stand here.
	longestWait = 30 * time.Second
)

// begin is a queue for these secrets, of which some were passed over before the guard was asked.
func begin(requests []door.KioskRequest, passed int) queue {
	return queue{step: looking, of: len(requests) + passed, waiting: requests, passed: passed, led: passed > 0}
}

// due says whether the guard is to be asked now; else how long it is until something is due by itself, 0 for never.
func (q queue) due(now time.Duration) (ask bool, in time.Duration) {
	switch q.step {
	case looking, waiting:
		return now >= q.until, max(0, q.until-now)
	case held, over:
		return false, max(time.Millisecond, q.until-now)
	}
	return false, 0
}

// tick ends what ends by itself.
func (q queue) tick(now time.Duration) queue {
	switch {
	case q.step == held && now >= q.until:
		return q.end("", now)
	case q.step == over && now >= q.until:
		return queue{}
	}
	return q
}

// answered is the queue after the guard's answer to its next request.
func (q queue) answered(r door.KioskReply, now time.Duration) queue {
	pause := time.Duration(r.Wait) * time.Millisecond
	switch {
	case r.Accepted:
		q.step, q.led, q.from, q.reason = leading, true, r.View.Version, ""
	case r.Reason == door.WrongCode:
		q.passed++
		q = q.next(now)
		q.until = max(q.until, now+pause)
	case r.Reason == door.Slow && pause <= maxPause: // between two secrets
		q.until = now + pause
	case pause > 0 && pause <= longestWait:
		q.step, q.until, q.reason = waiting, now+pause, r.Reason
	case pause == 0 && q.led && (r.Reason == door.CloseDoor || r.Reason == door.Busy):
		q.step, q.until, q.reason = held, now+heldFor, r.Reason
	default:
		q = q.end(r.Reason, now)
		q.again = now + pause
	}
	return q
}

// saw is the queue after a view: a visit that it leads to may have come to its end.
func (q queue) saw(v door.View, now time.Duration) queue {
	if q.step != leading || v.Version <= q.from {
		return q
	}
	switch {
	case v.Stage != door.Idle && v.Errand != door.Collecting:
		return queue{} // somebody else's
	case v.Stage == door.Done:
		q.taken++
		return q.next(now)
	case v.Stage == door.Failed:
		return q.failed(v.Outcome, now)
	case v.Stage == door.Idle:
		return q.end("", now)
	}
	return q
}

// spoilt are ends of a visit after which the same secret is not worth another try.
var spoilt = []string{"jam", "left open", "quarantine", string(door.WrongCode)}

func (q queue) failed(outcome string, now time.Duration) queue {
	if slices.Contains(spoilt, outcome) {
		q.waiting = q.waiting[1:]
	}
	if len(q.waiting) == 0 {
		return q.end("", now)
	}
	q.step, q.until, q.reason = held, now+heldFor, ""
	return q
}

// next goes on with the request after this one.
func (q queue) next(now time.Duration) queue {
	if q.waiting = q.waiting[1:]; len(q.waiting) == 0 {
		return q.end("", now)
	}
	q.step, q.until, q.reason = looking, now, ""
	return q
}

func (q queue) end(why door.Reason, now time.Duration) queue {
	q.step, q.waiting, q.until, q.reason = over, nil, now+overFor, why
	return q
}

// goOn is a person's word at a held queue.
func (q queue) goOn(now time.Duration) queue {
	if q.step == held {
		q.step, q.until, q.reason = looking, now, ""
	}
	return q
}

// at is which of the parcels is led to, counted from 1.
func (q queue) at() int { return min(q.of, q.of-len(q.waiting)+1) }

// active says whether it still holds secrets.
func (q queue) active() bool { return len(q.waiting) > 0 }

// lead asks the guard for the parcels of a QR code, each in its turn, until ctx ends.
func (d *desk) lead(ctx context.Context) error {
	for ctx.Err() == nil {
		ask, in, changed := d.follow()
		if ask {
			d.askNext(ctx)
		} else {
			wait(ctx, changed, in)
		}
	}
	return ctx.Err()
}

// follow brings the queue up to the view and the clock: whether the guard is to be asked now, else how long it is until something is
// due, and what closes when the desk has changed before.
func (d *desk) follow() (ask bool, in time.Duration, changed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, before := d.clock.Running(), d.queue
	d.queue = before.saw(d.view, now).tick(now)
	if d.queue.taken > before.taken {
		d.remember(before.waiting[0].Secret, now)
	}
	if d.queue.step != before.step {
		d.wake()
	}
	ask, in = d.queue.due(now)
	return ask, in, d.changed
}

// wait returns when the desk has changed, or after so long; 0 is for ever.
func wait(ctx context.Context, changed <-chan struct{}, in time.Duration) {
	var due <-chan time.Time
	if in > 0 {
		due = time.After(in)
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-due:
	}
}

// askNext asks the guard for the next parcel, unless the queue was dropped while another verb was asked.
func (d *desk) askNext(ctx context.Context) {
	d.asking.Lock()
	defer d.asking.Unlock()
	d.mu.Lock()
	q := d.queue
	ask, _ := q.due(d.clock.Running())
	d.mu.Unlock()
	if !ask || !q.active() {
		return
	}
	reply, err := within(ctx, verbTimeout, d.guard, q.waiting[0])
	if err != nil {
		d.log.Warn("guard did not answer", "verb", q.waiting[0].Verb, "error", err)
		reply = door.KioskReply{Reason: reasonAway}
	}
	d.update(func() {
		if !d.queue.same(q) { // dropped meanwhile; a prompt that was accepted all the same ends by itself
			return
		}
		d.queue = q.answered(reply, d.clock.Running())
		if refused := d.queue.step == over && !d.queue.led; reply.Accepted || refused {
			d.scan = answer{Number: d.scan.Number + 1, About: string(door.Secret), Accepted: reply.Accepted, Reason: reply.Reason, Wait: reply.Wait}
			if refused { // as a code of one parcel would be; what comes after the first door is the queue's to tell
				d.queue = queue{}
			}
		}
	})
}

func (q queue) same(o queue) bool {
	return q.step == o.step && len(q.waiting) == len(o.waiting) && (len(q.waiting) == 0 || &q.waiting[0] == &o.waiting[0]) && q.until == o.until
}

// drop forgets the rest of a QR code.
func (d *desk) drop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.queue.of > 0 {
		d.queue = queue{}
		d.wake()
	}
}

// shownAgain says whether a QR code is the one that is led through now; to a held queue that says to go on.
func (d *desk) shownAgain(text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.queue.active() || d.queue.text != sha256.Sum256([]byte(text)) {
		return false
	}
	d.queue = d.queue.goOn(d.clock.Running())
	d.wake()
	return true
}

// goOn is "go on" after a visit that ended without its parcel.
func (d *desk) goOn() {
	d.update(func() { d.queue = d.queue.goOn(d.clock.Running()) })
}

// skip leaves the parcel that is led to where it is and goes on with the one after it; stop ends it all. What the guard has asked a
// press for is taken back first.
func (d *desk) skip(ctx context.Context) { d.leave(ctx, queue.next) }
func (d *desk) stop(ctx context.Context) {
	d.leave(ctx, func(q queue, now time.Duration) queue { return q.end("", now) })
}

func (d *desk) leave(ctx context.Context, to func(queue, time.Duration) queue) {
	d.mu.Lock()
	q := d.queue
	if !q.active() {
		d.mu.Unlock()
		return
	}
	prompted := q.step == leading && (d.view.Stage == door.Press || d.view.Stage == door.Jammed)
	if q.step == leading && !prompted { // a door is open or opens: it has to be closed first
		d.mu.Unlock()
		return
	}
	d.queue = queue{of: q.of} // nothing is due while the guard is asked
	d.mu.Unlock()
	if prompted {
		d.ask(ctx, door.KioskRequest{Verb: door.Cancel})
	}
	d.update(func() {
		if d.queue.step == "" && d.queue.of == q.of {
			d.queue = to(q, d.clock.Running())
		}
	})
}

// taking is a secret whose parcel was taken here: for a while the guard would open its empty compartment again.
type taking struct {
	sum [sha256.Size]byte
	at  time.Duration
}

// graceFor is a little longer than the guard's grace (doors.md R3).
const graceFor = 4 * time.Minute

// remember notes a secret whose parcel was taken, as a digest. The caller holds the lock.
func (d *desk) remember(secret []byte, now time.Duration) {
	d.takings = slices.DeleteFunc(d.takings, func(t taking) bool { return now-t.at > graceFor })
	d.takings = append(d.takings, taking{sha256.Sum256(secret), now})
}

// fresh leaves out what was taken here a moment ago, so that a QR code shown again goes on where it was left; all of it where all was
// taken: somebody may have forgotten something inside.
func (d *desk) fresh(requests []door.KioskRequest) (rest []door.KioskRequest, passed int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock.Running()
	for _, r := range requests {
		sum := sha256.Sum256(r.Secret)
		if !slices.ContainsFunc(d.takings, func(t taking) bool { return t.sum == sum && now-t.at <= graceFor }) {
			rest = append(rest, r)
		}
	}
	if len(rest) == 0 {
		return requests, 0
	}
	return rest, len(requests) - len(rest)
}
