package edge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"lockstep/internal/line"
)

const (
	frameTime = 20 * time.Second // for the rest of a frame once it has begun, and for writing one
	byeTime   = time.Second
	// framesPerSecond and burst bound a session; faster ones are read more slowly, not hung up on.
	framesPerSecond, burst = 100, 200
)

// session is one link's connection. Two goroutines serve it: run reads and answers, push sends what waits for the locker.
type session struct {
	*Edge
	locker string
	until  time.Time // its certificate's end
	log    *slog.Logger
	conn   net.Conn
	pace   *rate.Limiter
	done   chan struct{}        // closed when nothing of this session is under way any more
	taken  chan line.FromLocker // answers to push
	judged chan line.FromLocker // likewise, to what persons signed

	ending  sync.Once
	writing sync.Mutex

	have     uint64 // records the hub has; run's own
	failures int    // uploads in a row that could not be committed; run's own
}

// upgrade turns a link's request into its session.
func (e *Edge) upgrade(ctx context.Context, running *sync.WaitGroup, w http.ResponseWriter, r *http.Request) {
	certificate, err := e.linkOf(ctx, r.TLS)
	if err != nil {
		e.Log.Warn("link refused", "from", r.RemoteAddr, "err", err)
		http.Error(w, "this link is not enrolled", http.StatusForbidden)
		return
	}
	if !strings.EqualFold(r.Header.Get("Connection"), "upgrade") || r.Header.Get("Upgrade") != line.Protocol {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", line.Protocol)
		http.Error(w, "this is a line for lockers' links", http.StatusUpgradeRequired)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		e.Log.Error("line not upgraded", "err", err)
		return
	}
	locker := certificate.Subject.CommonName
	s := &session{
		Edge: e, locker: locker, until: certificate.NotAfter, log: e.Log.With("locker", locker), conn: conn,
		pace: rate.NewLimiter(framesPerSecond, burst), done: make(chan struct{}), taken: make(chan line.FromLocker, 1), judged: make(chan line.FromLocker, 1),
	}
	if !e.begin(ctx, running) {
		s.end(line.Stopping)
		return
	}
	go func() {
		defer running.Done()
		s.run(ctx, buffered.Reader)
	}()
}

// begin counts a session, unless the edge is stopping.
func (e *Edge) begin(ctx context.Context, running *sync.WaitGroup) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	running.Add(1)
	return true
}

func (s *session) run(ctx context.Context, early *bufio.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	var pushing sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { s.end(line.Stopping) })
	err := s.accept(early)
	if err == nil {
		err = s.serve(ctx, &pushing)
	}
	stop()
	s.end("")
	cancel()
	pushing.Wait()
	s.leave()
	close(s.done)
	s.log.Info("link gone", "err", err)
}

// accept agrees to the upgrade. Nothing may have been sent ahead of it, so that no buffer need be kept.
func (s *session) accept(early *bufio.Reader) error {
	if early.Buffered() > 0 {
		return errors.New("edge: frames before the upgrade")
	}
	if err := s.conn.SetDeadline(time.Now().Add(frameTime)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", line.Protocol)
	return err
}

// serve welcomes the link from where the hub stands, once an older session of this locker is over, and reads until it goes.
func (s *session) serve(ctx context.Context, pushing *sync.WaitGroup) error {
	hello, err := line.ReadFromLocker(s.conn)
	if err != nil {
		return err
	}
	if hello.Kind != line.Hello || hello.Version != line.Version || hello.Locker != s.locker {
		s.end("not this hub's version, or not this link's locker")
		return fmt.Errorf("edge: %s of version %d for locker %q", hello.Kind, hello.Version, hello.Locker)
	}
	s.supersede(ctx)
	have, err := s.Position(ctx, s.locker)
	if err != nil {
		s.end(line.Unavailable)
		return err
	}
	s.have = have.Number
	if hello.First > s.have+1 {
		s.raise(ctx, "gap", fmt.Sprintf("the guard's oldest record is %d, the hub has %d", hello.First, s.have))
	}
	if err := s.send(line.FromHub{Kind: line.Welcome, Position: s.have}); err != nil {
		return err
	}
	s.log.Info("link here", "have", s.have, "guard", hello.Position, "down", hello.Down)
	pushing.Go(func() {
		if err := s.push(ctx, hello.Down); err != nil && ctx.Err() == nil {
			s.log.Info("push ended", "err", err)
			s.end("")
		}
	})
	for err == nil {
		err = s.next(ctx)
	}
	return err
}

// supersede makes this the locker's session. Two links of one locker would race; the newer one wins, and starts when all that
// the older one brought is committed or given up.
func (s *session) supersede(ctx context.Context) {
	s.mu.Lock()
	older := s.sessions[s.locker]
	s.sessions[s.locker] = s
	s.mu.Unlock()
	if older == nil {
		return
	}
	older.end(line.Superseded)
	select {
	case <-older.done:
	case <-ctx.Done():
	}
}

func (s *session) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[s.locker] == s {
		delete(s.sessions, s.locker)
	}
}

// end hangs up, once. A reason is sent as the last frame where that is still possible.
func (s *session) end(reason string) {
	s.ending.Do(func() {
		_ = s.conn.SetDeadline(time.Now().Add(byeTime)) // also wakes who holds the lock in a write
		s.writing.Lock()
		defer s.writing.Unlock()
		if reason != "" {
			_ = line.FromHub{Kind: line.Bye, Reason: line.Word(reason)}.Write(s.conn)
		}
		_ = s.conn.Close()
	})
}

func (s *session) send(f line.FromHub) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(frameTime)); err != nil {
		return err
	}
	return f.Write(s.conn)
}

// next waits for a frame without holding memory for it, then reads and handles it as one of atOnce.
func (s *session) next(ctx context.Context) error {
	var length [4]byte
	if err := s.conn.SetReadDeadline(time.Now().Add(line.Silence)); err != nil {
		return err
	}
	if _, err := io.ReadFull(s.conn, length[:]); err != nil {
		return err
	}
	if err := s.pace.Wait(ctx); err != nil {
		return err
	}
	select {
	case s.reading <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.reading }()
	if err := s.conn.SetReadDeadline(time.Now().Add(frameTime)); err != nil {
		return err
	}
	frame, err := line.ReadFromLocker(io.MultiReader(bytes.NewReader(length[:]), s.conn))
	if err != nil {
		return err
	}
	return s.handle(ctx, frame)
}

func (s *session) handle(ctx context.Context, frame line.FromLocker) error {
	if s.Now().After(s.until) {
		s.end(line.Expired)
		return errors.New("edge: the link's certificate has ended")
	}
	switch frame.Kind {
	case line.Upload, line.Beat:
		return s.ingest(ctx, frame)
	case line.Taken:
		return answer(s.taken, frame)
	case line.Judged:
		return answer(s.judged, frame)
	case line.Bye:
		return fmt.Errorf("edge: the link says bye: %s", frame.Reason)
	}
	return fmt.Errorf("edge: a %s in mid-session", frame.Kind)
}

// answer gives push what it waits for.
func answer(to chan<- line.FromLocker, frame line.FromLocker) error {
	select {
	case to <- frame:
		return nil
	default:
		return fmt.Errorf("edge: a %s that nothing asked for", frame.Kind)
	}
}
