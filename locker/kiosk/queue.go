package kiosk

import (
	"context"

	"lockstep/guard/door"
)

// queue is what is left of a QR code that stands for several parcels: secrets to be asked one after the other, each when the
// door before it is closed. It lives as long as its visits follow one another.
type queue struct {
	waiting []door.KioskRequest
	from    uint64 // version of the view in which the last one was accepted
	done    int    // parcels before this one
}

// after is the queue once one request of it was accepted.
func (q queue) after(rest []door.KioskRequest, version uint64) queue {
	if len(q.waiting) == 0 && q.done == 0 {
		return queue{waiting: rest, from: version, done: 1}
	}
	return queue{waiting: rest, from: version, done: q.done + 1}
}

// next says whether the visit the queue waits for is over, and if so whether the next request follows.
func (q queue) next(v door.View) (over, follows bool) {
	if len(q.waiting) == 0 || v.Version <= q.from {
		return false, false
	}
	switch v.Stage {
	case door.Done:
		return true, v.Errand == door.Collecting
	case door.Failed, door.Idle:
		return true, false
	}
	return false, false
}

// goOn asks for the next parcel of a QR code when the door before it has closed.
func (d *desk) goOn(ctx context.Context) {
	d.mu.Lock()
	over, follows := d.queue.next(d.view)
	waiting := d.queue.waiting
	if over {
		d.queue.waiting = nil
	}
	d.mu.Unlock()
	if !follows {
		return
	}
	a := d.ask(ctx, waiting...)
	d.update(func() {
		a.Number = d.scan.Number + 1
		d.scan = a
	})
}

// drop forgets the rest of a QR code.
func (d *desk) drop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = queue{}
}
