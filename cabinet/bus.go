package cabinet

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"lockstep/guard/statement"
)

// bus is one serial line with its boards, paced as a real wire: ten bits a byte at the family's speed.
type bus struct {
	name     string
	baud     int
	cabinet  *Cabinet
	terminal *terminal
	boards   []busBoard
	inject   chan []byte // bytes that come from somewhere else on the cable
	noise    *rand.Rand
	seed     uint64
	log      *slog.Logger
}

type busBoard struct {
	board
	index uint8
}

// quiet is the silence after which boards forget a frame begun.
const quiet = 20 * time.Millisecond

// wires connects one board's channels to the cabinet.
type wires struct {
	cabinet *Cabinet
	board   uint8
}

func (w wires) contactOpen(channel uint8) bool {
	return w.cabinet.contactOpen(statement.Point{Board: w.board, Channel: channel})
}

func (w wires) inside(channel uint8) bool {
	return w.cabinet.inside(statement.Point{Board: w.board, Channel: channel})
}

func newBus(c *Cabinet, name string, t *terminal, log *slog.Logger) *bus {
	b := &bus{name: name, cabinet: c, terminal: t, inject: make(chan []byte, 8), log: log}
	for i, config := range c.config.Boards {
		if config.Line == name {
			b.baud = bauds[config.Family]
			b.boards = append(b.boards, busBoard{newBoard(config, wires{c, uint8(i)}), uint8(i)})
		}
	}
	return b
}

// run serves the line until the context ends.
func (b *bus) run(ctx context.Context) {
	heard := make(chan []byte)
	go b.listen(ctx, heard)
	release := time.NewTicker(500 * time.Millisecond)
	defer release.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-release.C:
			if err := b.terminal.release(); err != nil {
				b.log.Warn("cabinet: line", "line", b.name, "error", err)
			}
		case frame := <-b.inject:
			b.send(ctx, frame)
		case chunk := <-heard:
			if time.Since(last) > quiet {
				b.silence()
			}
			b.take(ctx, chunk)
			last = time.Now()
		}
	}
}

// listen reads from the wire until it is closed.
func (b *bus) listen(ctx context.Context, heard chan<- []byte) {
	buffer := make([]byte, 256)
	for {
		n, err := b.terminal.master.Read(buffer)
		if err != nil {
			if ctx.Err() == nil {
				b.log.Error("cabinet: line lost", "line", b.name, "error", err)
			}
			return
		}
		select {
		case heard <- append([]byte(nil), buffer[:n]...):
		case <-ctx.Done():
			return
		}
	}
}

func (b *bus) silence() {
	for _, board := range b.boards {
		board.silence()
	}
}

// take lets bytes arrive at the speed of the wire and the boards react to them.
func (b *bus) take(ctx context.Context, chunk []byte) {
	arrived := time.Now()
	for i, x := range chunk {
		pause(ctx, time.Until(arrived.Add(b.wire(i+1))))
		if b.echoes() {
			b.write([]byte{x})
		}
		for _, board := range b.boards {
			if b.missing(board.index) {
				continue
			}
			if r := board.hear(x); r != nil {
				b.react(ctx, board.index, r)
			}
		}
	}
}

func (b *bus) react(ctx context.Context, index uint8, r *reaction) {
	for i, channel := range r.pulses {
		if i > 0 {
			pause(ctx, pulseLength)
		}
		b.cabinet.pulse(statement.Point{Board: index, Channel: channel})
	}
	if r.reply == nil {
		return
	}
	pause(ctx, r.after)
	b.send(ctx, b.garble(r.reply()))
}

// send puts bytes on the wire one by one.
func (b *bus) send(ctx context.Context, frame []byte) {
	start := time.Now()
	for i, x := range frame {
		pause(ctx, time.Until(start.Add(b.wire(i+1))))
		b.write([]byte{x})
	}
}

func (b *bus) write(bytes []byte) {
	if _, err := b.terminal.master.Write(bytes); err != nil {
		b.log.Warn("cabinet: line", "line", b.name, "error", err)
	}
}

// wire is how long n bytes take.
func (b *bus) wire(n int) time.Duration {
	return time.Duration(n) * 10 * time.Second / time.Duration(b.baud)
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (b *bus) missing(index uint8) bool {
	b.cabinet.mu.Lock()
	defer b.cabinet.mu.Unlock()
	return b.cabinet.faulty(BoardMissing, 0, index, "")
}

// echoes is true for an adapter that always does, and for one that was made to.
func (b *bus) echoes() bool {
	b.cabinet.mu.Lock()
	defer b.cabinet.mu.Unlock()
	return b.cabinet.config.Boards[b.boards[0].index].Echo || b.cabinet.faulty(Echo, 0, 0, b.name)
}

// garble spoils bytes as the line's noise has it.
func (b *bus) garble(frame []byte) []byte {
	fault, noisy := b.noiseFault()
	if !noisy {
		return frame
	}
	if b.noise == nil || b.seed != fault.Seed {
		b.noise, b.seed = rand.New(rand.NewPCG(fault.Seed, 0)), fault.Seed
	}
	for i := range frame {
		if b.noise.Float64() < fault.Probability {
			frame[i] ^= byte(1 + b.noise.IntN(255))
		}
	}
	return frame
}

func (b *bus) noiseFault() (Fault, bool) {
	b.cabinet.mu.Lock()
	defer b.cabinet.mu.Unlock()
	for _, f := range b.cabinet.faults {
		if f.Kind == Noise && f.Line == b.name {
			return f, true
		}
	}
	return Fault{}, false
}
