package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"lockstep/cabinet"
	"lockstep/guard/journal"
)

// Breach is an attack that came further than it may. Every other error means that the drill itself went wrong.
type Breach struct{ What string }

func (b *Breach) Error() string { return b.What }

func breach(format string, args ...any) error { return &Breach{fmt.Sprintf(format, args...)} }

// IsBreach says whether err is, or holds, a breach.
func IsBreach(err error) bool {
	var b *Breach
	return errors.As(err, &b)
}

// Limits are what a row's attack may reach at most, where the rules grant more than nothing.
type Limits struct {
	Exposed   int  // foreign parcels shown
	Wire      bool // the attacker writes on the bus past the guard
	Two       bool // two doors may stand open: the attacker holds the switches
	Locked    bool // the locker may be in lockdown at the end: no honest collection then
	Dishonest bool // the guard itself is the attacker's: its journal says what it likes
}

// Measure is what the cabinet saw of one attack.
type Measure struct {
	Exposed   int // foreign parcels shown to whoever stood there
	Hour      int // of them, in the worst hour of the guard's clock
	Presses   int
	Unpressed int // pulses that went through a coil without a press
}

// onItsWay is how long a pulse may be under way to its door on a busy machine: the guard counts when it decides, the cabinet when
// a door opens.
const onItsWay = 10 * time.Second

func (b *Bench) measure() Measure {
	b.noteExposed()
	v := b.Cabinet.Cabinet.State().Verdict
	return Measure{v.Exposed, most(b.exposed, time.Hour-onItsWay), v.Presses, v.Unpressed}
}

// noteExposed notes when foreign parcels were shown since it was last called: the clock has not been turned in between.
func (b *Bench) noteExposed() {
	for _, e := range b.Cabinet.Cabinet.Log(b.noted) {
		if b.noted = e.N; e.What == cabinet.ForeignExposed {
			b.exposed = append(b.exposed, e.At.Sub(b.began)+b.running)
		}
	}
}

// opened counts the doors that pulses opened while somebody of a name stood before the cabinet.
func (b *Bench) opened(person string) (n int) {
	for _, e := range b.Cabinet.Cabinet.Log(0) {
		if e.What == cabinet.DoorOpened && e.Note == "" && e.Person == person {
			n++
		}
	}
	return n
}

// pulses counts what went through a coil.
func (b *Bench) pulses() int { return b.Cabinet.Cabinet.State().Verdict.Pulses }

// judge holds what must hold after every attack: O1 to O4. The honest visit (O5) is honest.
func (b *Bench) judge(ctx context.Context, l Limits) error {
	v := b.Cabinet.Cabinet.State().Verdict
	switch {
	case v.Exposed > l.Exposed:
		return breach("O1: %d foreign parcels exposed, at most %d", v.Exposed, l.Exposed)
	case v.Pulses > v.Presses || v.Unpressed > 0:
		return breach("O2: %d pulses after %d presses", v.Pulses, v.Presses)
	case v.Refused > 0 && !l.Wire && !l.Dishonest:
		return breach("O2: the guard sent %d pulses without a hand; the button kept them from the latches", v.Refused)
	case v.TwoOpen > 0 && !l.Two:
		return breach("O3: two doors open")
	case l.Dishonest:
		return nil
	}
	records, err := b.Records(ctx)
	if err != nil {
		return breach("O4: the journal does not verify: %v", err)
	}
	if intents := intents(records); v.Pulses > intents {
		return breach("O4: %d pulses, %d in the journal", v.Pulses, intents)
	}
	return nil
}

// intents counts the records that are written before a pulse.
func intents(records []journal.Record) (n int) {
	for _, r := range records {
		switch r.Kind {
		case journal.DepositIntent, journal.CollectIntent, journal.WithdrawIntent, journal.ReopenIntent, journal.PulseAgain, journal.OverrideIntent, journal.TestIntent:
			n++
		}
	}
	return n
}

// honest is O5: an honest deposit and its collection succeed within 30 s.
func (b *Bench) honest(ctx context.Context) error {
	begun := time.Now()
	if err := b.visitHonestly(ctx); err != nil {
		return breach("O5: an honest visit: %v%s", err, b.lockedDown(ctx))
	}
	if took := time.Since(begun); took > soon() {
		return breach("O5: an honest visit took %s", took.Round(time.Second))
	}
	return nil
}

// lockedDown says what locked the locker down, where something did.
func (b *Bench) lockedDown(ctx context.Context) (why string) {
	records, _ := b.Records(ctx)
	for _, r := range records {
		if r.Kind == journal.Lockdown {
			why = fmt.Sprintf(" (record %d: %s, compartment %d)", r.Number, r.Reason, r.Compartment)
		}
	}
	return why
}

// soon is 30 s, on a machine that has nothing else to do; in proportion to its load otherwise.
func soon() time.Duration {
	load := 0.0
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Sscanf(string(data), "%g", &load)
	}
	return time.Duration(float64(30*time.Second) * max(1, load/float64(runtime.NumCPU())))
}

func (b *Bench) visitHonestly(ctx context.Context) error {
	if err := b.leave(ctx); err != nil {
		return err
	}
	if err := b.SetTime(ctx); err != nil {
		return err
	}
	barcodes, err := b.expect(ctx, 1)
	if err != nil {
		return err
	}
	p, err := b.challenged(ctx)
	if err != nil {
		return err
	}
	if _, err := p.deposit(ctx, barcodes[0]); err != nil {
		return err
	}
	if _, err := b.Records(ctx); err != nil {
		return err
	}
	taken, err := b.collect(ctx, owner(barcodes[0]), b.Codes[barcodes[0]].Code)
	if err == nil && taken.Barcode != barcodes[0] {
		err = fmt.Errorf("the code of %s opened the door of %s", barcodes[0], taken.Barcode)
	}
	return err
}
