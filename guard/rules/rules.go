// Package rules is the guard's judgement: every rule of the doors as a pure function over facts and events.
//
// Facts are the fold of the journal. A Scene is what is only true until the power goes: who stands in front, which doors are
// seen open, what was asked. Decide takes both and one event and says what to write, what to pulse and what to answer, in that
// order; nothing in here reads a clock, a disk or a source of randomness.
package rules

import (
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Rules holds what does not change while a guard runs.
type Rules struct {
	Key    [32]byte                                                                                                       // for the MACs of codes; never leaves the guard
	Seal   func(notifier []byte, code statement.SealedCode, locker string, record uint64, barcode string) ([]byte, error) // statement.SealCode
	Sign   func(statement.Statement) ([]byte, error)                                                                      // with the guard's key
	Drives func(statement.Board) error                                                                                    // why no driver here can speak to a board
}

// State is everything Decide goes by.
type State struct {
	Facts
	Scene
}

// Event is one thing that happened, when (powered µs), with fresh randomness for whatever it leads to.
type Event struct {
	At      int64
	Entropy [32]byte
	What    any // Boot, Tick, Seen, Foreign, Asked, Refused, Housekeeping, StorageFault, StorageRetry
}

// Boot is the first event after a start: the facts are those the journal told.
type Boot struct{}

// Tick comes at least ten times a second.
type Tick struct{}

// Seen is one board's answer to a read-all, or its silence.
type Seen struct {
	Board    uint8
	Silent   bool
	Channels []Switch // by channel, from 1 at index 0; a short answer leaves the rest unknown
	Inside   []Inside // by channel, where the board has sensors
}

// Foreign is a sound answer on the bus from an address that the certificate does not know.
type Foreign struct{ Board uint8 }

// Refused counts something that was turned away before it came here.
type Refused struct{ What string }

// Asked is a request of the kiosk. To comes back in the Reply.
type Asked struct {
	To      any
	Request door.KioskRequest
}

// Housekeeping asks for a checkpoint record, so that the journal's segment can be closed.
type Housekeeping struct{}

// StorageFault says that the last Write did not become durable; nothing of that decision happened.
type StorageFault struct{}

// StorageRetry tries after a while whether the disk takes records again.
type StorageRetry struct{}

// Switch is what a door's switch says.
type Switch uint8

const (
	Unknown Switch = iota
	Open
	Closed
)

// Inside is what a compartment's sensor says.
type Inside uint8

const (
	NoSensor Inside = iota
	Nothing
	Something
)

// Effect is one thing to do. Effects are done in order; when a Write fails nothing after it is done, the state from before the
// event is kept, and a StorageFault follows.
type Effect interface{ effect() }

// Write makes entries durable, all or none.
type Write struct{ Entries []journal.Entry }

// Pulse sends the one frame that fires one latch.
type Pulse struct{ Board, Channel uint8 }

// Reply answers the kiosk.
type Reply struct {
	To    any
	Reply door.KioskReply
}

// Rewire opens the lines again, as the boards are described now.
type Rewire struct{}

func (Write) effect() {}
func (Pulse) effect() {}
func (Reply) effect() {}

func (Rewire) effect() {}

// Decide is the guard. It never keeps or changes what s shares with the state it returns.
func (r *Rules) Decide(s State, e Event) (State, []Effect) {
	d := &decision{rules: r, State: s, now: e.At, random: entropy{seed: e.Entropy}}
	if d.epoch != d.Network.Epoch {
		d.rechartered()
	}
	switch what := e.What.(type) {
	case Boot:
		d.boot()
	case Tick:
		if !d.StorageBroken {
			d.tick()
		}
	case Seen:
		d.see(what)
	case Foreign:
		d.foreign(what)
	case Asked:
		d.ask(what)
	case Refused:
		d.refused(what.What)
	case Housekeeping:
		d.write(journal.Record{Kind: journal.Checkpoint}, d.checkpoint())
	case StorageFault:
		d.storageFault()
	case StorageRetry:
		d.retry()
	}
	d.flush()
	return d.State, d.effects
}

// rechartered ends what was believed under the charter before: a courier's session and every prompt but those of recipients and
// customers, whose right rests in the locker. An open door goes on; a technician's session ends at the next tick.
func (d *decision) rechartered() {
	d.epoch, d.session = d.Network.Epoch, nil
	if d.service != nil {
		d.changeService(func(s *service) { s.lapsed = true })
	}
	if v := d.visit; v != nil && v.stage == door.Press && v.errand != door.Collecting && v.errand != door.Returning {
		d.end(door.Failed, string(door.NotBelieved))
	}
}

// retry writes what does no harm, or, where not even the boot could be written, the boot.
func (d *decision) retry() {
	if !d.booted {
		d.boot()
		return
	}
	d.StorageBroken = false
	d.write(journal.Record{Kind: journal.Ticked})
}

// storageFault drops a prompt. A visit whose door was pulsed goes on when the disk takes records again.
func (d *decision) storageFault() {
	if !d.booted {
		d.Scene = d.dark()
	}
	d.StorageBroken = true
	if d.visit != nil && d.visit.pulses == 0 {
		d.visit = nil
	}
}

// decision is one Decide in progress.
type decision struct {
	rules *Rules
	State
	now     int64
	random  entropy
	pending []journal.Entry
	effects []Effect
}

// write adds a record to what this decision will make durable and folds it at once.
func (d *decision) write(r journal.Record, private ...[]byte) {
	entry := d.Facts.entry(r, d.now, &d.random, private...)
	facts, err := d.Facts.Fold(entry)
	if err != nil {
		panic("rules: a record that does not fold: " + err.Error()) // every caller has asked Next before
	}
	d.Facts, d.pending = facts, append(d.pending, entry)
}

// entry completes a record as the next of the journal.
func (f *Facts) entry(r journal.Record, now int64, random *entropy, private ...[]byte) journal.Entry {
	r.Number, r.Prev, r.Boot, r.Powered = f.Position.Number+1, f.Position.Hash, max(r.Boot, f.Boot), now
	if r.Kind != journal.TimeSet && r.Kind != journal.Booted {
		r.Low, r.High = f.time(now)
	}
	if len(private) == 0 {
		return journal.Entry{Record: r}
	}
	return journal.Seal(r, random.sixteen(), private[0])
}

// flush turns what was written so far into one effect: before a pulse, and at the end.
func (d *decision) flush() {
	if len(d.pending) > 0 {
		d.effects = append(d.effects, Write{d.pending})
		d.pending = nil
	}
}

// alarm writes an alarm record.
func (d *decision) alarm(reason string, compartment uint16) {
	d.write(journal.Record{Kind: journal.Alarm, Reason: reason, Compartment: compartment})
}
