package dispatch

import "sync"

// bells wakes whoever waits for something new for a locker.
type bells struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]bool
}

// Listen gives a channel that gets a token whenever something new waits for a locker (a down statement, a receipt). Tokens do
// not pile up, and other nodes' news rings nothing here: listeners also look now and then. stop ends it.
func (d *Dispatch) Listen(locker string) (ring <-chan struct{}, stop func()) {
	b, bell := &d.bells, make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = map[string]map[chan struct{}]bool{}
	}
	if b.waiting[locker] == nil {
		b.waiting[locker] = map[chan struct{}]bool{}
	}
	b.waiting[locker][bell] = true
	return bell, func() { b.remove(locker, bell) }
}

func (b *bells) remove(locker string, bell chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting[locker], bell)
	if len(b.waiting[locker]) == 0 {
		delete(b.waiting, locker)
	}
}

// Ring tells those who listen that something new waits for the locker.
func (d *Dispatch) Ring(locker string) {
	d.bells.mu.Lock()
	defer d.bells.mu.Unlock()
	for bell := range d.bells.waiting[locker] {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
}
