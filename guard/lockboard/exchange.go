package lockboard

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"time"
)

// wire is how long n bytes take at a speed, ten bits each.
func wire(n, baud int) time.Duration {
	return time.Duration(n) * 10 * time.Second / time.Duration(baud)
}

// gap is the quiet time that ends a frame: 3.5 characters and a millisecond.
func gap(baud int) time.Duration {
	return max(shortestGap, wire(7, baud)/2+time.Millisecond)
}

// exchange sends a question and hears what comes until the line is quiet. The answer is empty when nothing came within the
// time allowed. want is the length of a whole answer: a pause in a shorter one is not yet its end. An echo that was
// announced is taken away; one that was not is an error.
func (l *Line) exchange(b *asked, question []byte, want int, patience time.Duration) ([]byte, error) {
	if err := l.clear(); err != nil {
		return nil, err
	}
	l.ring.put(Frame{l.config.Now(), true, question})
	if n, err := l.port.Write(question); err != nil || n != len(question) {
		return nil, fmt.Errorf("lockboard: write to line %q: %w", l.config.Name, cmp.Or(err, io.ErrShortWrite))
	}
	whole := want
	if b.Echo {
		whole += len(question)
	}
	heard, err := l.hear(whole, wire(len(question)+whole, l.baud)+patience)
	if err != nil {
		return nil, err
	}
	return stripEcho(question, heard, want, b.Echo)
}

// stripEcho takes an announced echo from the head of what was heard. One that was not announced is refused: our own question
// before a whole answer of want bytes, or alone where no answer has its length. (An answer may begin like the question.)
func stripEcho(question, heard []byte, want int, announced bool) ([]byte, error) {
	echoed := bytes.HasPrefix(heard, question)
	switch {
	case len(heard) == 0:
		return nil, nil
	case announced && echoed:
		return heard[len(question):], nil
	case announced:
		return nil, ErrEcho
	case echoed && len(heard) >= len(question)+want, echoed && len(heard) == len(question) && want != len(question):
		return nil, ErrEcho
	}
	return heard, nil
}

// hear reads until a whole answer was followed by quiet, or the time is over.
func (l *Line) hear(want int, allowed time.Duration) ([]byte, error) {
	var heard []byte
	buffer := make([]byte, 64)
	end := time.Now().Add(allowed)
	for len(heard) < maxHeard {
		wait := time.Until(end)
		if len(heard) >= want && len(heard) > 0 {
			wait = gap(l.baud)
		}
		if wait <= 0 {
			break
		}
		n, err := l.read(buffer, wait)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		heard = append(heard, buffer[:n]...)
	}
	if len(heard) > 0 {
		l.ring.put(Frame{l.config.Now(), false, heard})
	}
	return heard, nil
}

// maxHeard is more than any answer with its echo and stray bytes.
const maxHeard = 128

func (l *Line) read(buffer []byte, wait time.Duration) (int, error) {
	if err := l.port.SetReadTimeout(wait); err != nil {
		return 0, fmt.Errorf("lockboard: line %q: %w", l.config.Name, err)
	}
	n, err := l.port.Read(buffer)
	if err != nil {
		return 0, fmt.Errorf("lockboard: read from line %q: %w", l.config.Name, err)
	}
	return n, nil
}

// clear takes away bytes that came while nobody had asked. A sound frame among them is reported if its address is foreign.
func (l *Line) clear() error {
	heard := []byte(nil)
	buffer := make([]byte, 64)
	for len(heard) < maxHeard {
		n, err := l.read(buffer, 0)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		heard = append(heard, buffer[:n]...)
	}
	if len(heard) == 0 {
		return nil
	}
	l.ring.put(Frame{l.config.Now(), false, heard})
	b := l.boards[0]
	if address, ok := b.family.stranger(b.Address, heard); ok {
		l.noteStranger(b, Foreign{address})
	}
	return nil
}
