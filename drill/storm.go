package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"lockstep/guard/door"
	"lockstep/guard/statement"
)

// storm is mutated frames on one of the guard's sockets, sent by the user that the socket is for. The guard has a reply for every
// frame, and closes the connection after one that is none.
type storm struct {
	socket, path string
	user         int
	random       *rand.Rand
	seeds        [][]byte                 // payloads of frames
	request      func(payload []byte) any // what the guard reads in a payload that is a request, else nil
	limit        int                      // of a reply

	answered, late, halves, turnedAway int
	slowest                            time.Duration
}

const (
	// A burst is what is sent on one connection at once: fewer frames than the guard takes in a second, and fewer bytes than a
	// socket holds while nobody reads.
	burstFrames, burstBytes = 64, 64 << 10
	// prompt is how soon a frame is answered.
	prompt = 5 * time.Millisecond
	// newsWait is more than the guard waits where a request asks it to wait for news.
	newsWait = 25 * time.Second
	// mostMemory is what the guard may take at its highest.
	mostMemory = 30 << 20
)

// weather storms both sockets at once, each with half of so many frames, and says what became of it.
func (b *Bench) weather(ctx context.Context, seeds *tape, frames int) (string, error) {
	storms := []*storm{{socket: "kiosk", user: kioskUser, seeds: seeds.kiosk, request: kioskRequest, limit: door.MaxFrame},
		{socket: "link", user: linkUser, seeds: seeds.link, request: linkRequest, limit: door.MaxJournalFrame}}
	errs := make(chan error, len(storms))
	begun := time.Now()
	for i, s := range storms {
		s.path, s.random = b.path("doors", s.socket), rand.New(rand.NewPCG(4, uint64(i)))
		go func() { errs <- s.blow(ctx, frames/len(storms)) }()
	}
	for range storms {
		if err := <-errs; err != nil {
			return "", err
		}
	}
	return b.survived(storms, time.Since(begun))
}

func (b *Bench) survived(storms []*storm, took time.Duration) (string, error) {
	var all storm
	for _, s := range storms {
		all.answered, all.late, all.halves = all.answered+s.answered, all.late+s.late, all.halves+s.halves
		all.turnedAway, all.slowest = all.turnedAway+s.turnedAway, max(all.slowest, s.slowest)
	}
	memory, err := b.highest()
	seen := fmt.Sprintf("%d frames in %.0f s, %d of them later than %s, the slowest after %s; %d halves; %.1f MB at its highest",
		all.answered, took.Seconds(), all.late, prompt, all.slowest.Round(time.Millisecond), all.halves, float64(memory)/(1<<20))
	switch {
	case err != nil:
		return seen, breach("the guard is gone: %s", b.output.String())
	case memory > mostMemory:
		return seen, breach("the guard took %d MB", memory>>20)
	case all.late > all.answered/20:
		return seen, breach("%d of %d frames were answered later than %s", all.late, all.answered, prompt)
	}
	return seen, nil
}

// blow rages, and as long as it does hangs.
func (s *storm) blow(ctx context.Context, count int) error {
	calm, end := context.WithCancel(ctx)
	hung := make(chan error, 1)
	go func() { hung <- s.hang(calm) }()
	err := s.rage(ctx, count)
	end()
	return errors.Join(err, <-hung)
}

// rage sends so many frames, a burst on each connection, and reads every answer.
func (s *storm) rage(ctx context.Context, count int) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	conns := make(chan *net.UnixConn)
	failed := make(chan error, 1)
	go func() { failed <- s.dial(ctx, conns) }()
	for s.answered < count {
		frames, length := s.burst(count - s.answered)
		for answered := false; !answered; { // one connection too many is closed without a word: again, then
			select {
			case conn := <-conns:
				var err error
				if answered, err = s.send(conn, frames, length); err != nil {
					return err
				}
			case err := <-failed:
				return err
			}
		}
	}
	return nil
}

// dial connects as the socket's user, one connection ahead.
func (s *storm) dial(ctx context.Context, conns chan<- *net.UnixConn) error {
	return as(s.user, func() error {
		for {
			conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: s.path, Net: "unix"})
			if err != nil {
				return err
			}
			select {
			case conns <- conn:
			case <-ctx.Done():
				conn.Close()
				return ctx.Err()
			}
		}
	})
}

// burst is frames for one connection: only the last may be one after which the guard hangs up.
func (s *storm) burst(most int) (wire []byte, frames int) {
	for frames < min(most, burstFrames) && len(wire) < burstBytes {
		frame := spoil(s.random, s.seeds)
		request := s.read(frame)
		if asksToWait(request) {
			continue
		}
		wire, frames = append(wire, frame...), frames+1
		if request == nil {
			break
		}
	}
	return wire, frames
}

// read is the request that the guard sees in a frame, nil where it sees none.
func (s *storm) read(frame []byte) any {
	rest := bytes.NewReader(frame)
	payload, err := door.ReadFrame(rest, door.MaxFrame)
	if err != nil || rest.Len() > 0 {
		return nil
	}
	return s.request(payload)
}

func kioskRequest(payload []byte) any {
	var q door.KioskRequest
	if statement.Decode(payload, &q) != nil {
		return nil
	}
	return q
}

func linkRequest(payload []byte) any {
	var q door.LinkRequest
	if statement.Decode(payload, &q) != nil {
		return nil
	}
	return q
}

// asksToWait says whether a request may ask for news that are not there yet: its answer takes 20 s by intention.
func asksToWait(request any) bool {
	const far = 1 << 40
	switch q := request.(type) {
	case door.KioskRequest:
		return q.Verb == door.Watch && q.After < far
	case door.LinkRequest:
		return q.Verb == door.Records && q.After > 0 && q.After < far
	}
	return false
}

// send writes a burst and reads its answers. It is false where the guard had no place for the connection.
func (s *storm) send(conn *net.UnixConn, wire []byte, frames int) (bool, error) {
	defer conn.Close()
	at := time.Now()
	if err := conn.SetDeadline(at.Add(newsWait)); err != nil {
		return false, err
	}
	_, _ = conn.Write(wire) // what the guard hung up upon, the answers show
	_ = conn.CloseWrite()
	for i := range frames {
		reply, err := door.ReadFrame(conn, s.limit)
		switch {
		case i == 0 && (err == io.EOF || errors.Is(err, syscall.ECONNRESET)):
			s.turnedAway++
			return false, nil
		case err != nil:
			return false, breach("%s: frame %d of %d was not answered: %v: %x", s.socket, i+1, frames, err, wire)
		case len(reply) == 0:
			return false, breach("%s: an empty answer", s.socket)
		}
		at = s.clock(at)
	}
	return true, nil
}

// clock notes how long an answer took since.
func (s *storm) clock(since time.Time) time.Time {
	now := time.Now()
	took := now.Sub(since)
	s.answered++
	s.slowest = max(s.slowest, took)
	if took > prompt {
		s.late++
	}
	return now
}

// hang sends half a frame on a connection and nothing more, again and again until ctx ends: the guard must give each up by itself.
func (s *storm) hang(ctx context.Context) error {
	random := rand.New(rand.NewPCG(5, 1))
	for ctx.Err() == nil {
		frame := framed(s.seeds[random.IntN(len(s.seeds))])
		if err := s.half(ctx, frame[:1+random.IntN(len(frame)-1)]); err != nil {
			return err
		}
	}
	return nil
}

func (s *storm) half(ctx context.Context, frame []byte) error {
	var conn net.Conn
	if err := as(s.user, func() (err error) { conn, err = net.Dial("unix", s.path); return err }); err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_, _ = conn.Write(frame)
	_ = conn.SetReadDeadline(time.Now().Add(newsWait))
	said, err := io.Copy(io.Discard, conn)
	if isTimeout(err) {
		return breach("%s: half a frame was still waited for after %s", s.socket, newsWait)
	}
	if said > 0 {
		s.halves++
	}
	return nil
}
