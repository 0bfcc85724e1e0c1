package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/line"
)

const (
	// welcomeTime is how long the hub may take for its welcome: it first ends an older session of this locker.
	welcomeTime = 30 * time.Second
	// answerTime is how long it may take to commit a stretch.
	answerTime = time.Minute
	frameTime  = 20 * time.Second // for writing a frame
	// longestHold bounds the pause that a hub can ask for, whoever it is just now.
	longestHold = 15 * time.Minute
	// refusedTime is the pause after the guard would not give records, or did not use up the number of a statement.
	refusedTime = 10 * time.Second
	// maxOffers is how often a statement is offered to a guard that takes them slowly, before the hub hears of it.
	maxOffers = 4
)

// session is one connection to the hub. Four goroutines: uploads follow the guard's journal, beats the clock, one reads what the
// hub says, and one delivers numbered statements, for which the guard may take its time. The guard is asked over two connections, because asking for records may wait for them.
type session struct {
	*link
	conn    net.Conn
	records *door.LinkClient // uploads' own
	asking  sync.Mutex
	control *door.LinkClient // under asking
	writing sync.Mutex
	turn    chan struct{}     // its one token is who has a stretch under way, so that no head is older than an upload before it
	answers chan line.FromHub // to the stretch under way
	downs   chan line.FromHub // the numbered statement under way
	down    uint64            // the guard's last number as it last said; the delivery's own
}

func (s *session) run(ctx context.Context, hello door.LinkReply) error {
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	defer stop()
	err := s.send(line.FromLocker{
		Kind: line.Hello, Version: line.Version, Locker: hello.Locker,
		Position: hello.Position, First: hello.First, Down: hello.Down,
	})
	if err != nil {
		return err
	}
	welcome, err := s.receive(welcomeTime)
	if err != nil {
		return err
	}
	if welcome.Kind != line.Welcome {
		return fmt.Errorf("link: the hub says %s, not welcome: %s", welcome.Kind, welcome.Reason)
	}
	s.log.Info("line up", "hub has", welcome.Position, "guard has", hello.Position, "down", hello.Down)
	s.down, s.downs = hello.Down, make(chan line.FromHub, 1)
	s.answers, s.turn = make(chan line.FromHub, 1), make(chan struct{}, 1)
	return s.carry(ctx, welcome.Position, hello.Position > welcome.Position)
}

// carry runs until the line breaks. behind says that the guard has records for the hub now.
func (s *session) carry(ctx context.Context, have uint64, behind bool) error {
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	defer stop()
	group.Go(func() error { return s.upload(ctx, have) })
	group.Go(func() error { return s.beat(ctx, behind) })
	group.Go(func() error { return s.listen(ctx) })
	group.Go(func() error { return s.deliverAll(ctx) })
	return group.Wait()
}

// upload offers the guard's records from the hub's last one on, a stretch at a time. Where to go on is always the hub's word.
func (s *session) upload(ctx context.Context, have uint64) error {
	for {
		stretch, err := s.next(ctx, have)
		if err != nil {
			return err
		}
		if stretch == nil {
			continue
		}
		answer, err := s.offer(ctx, line.Upload, func() ([]byte, error) { return stretch, nil })
		if err != nil {
			return err
		}
		pause := time.Duration(min(answer.Hold, longestHold.Milliseconds())) * time.Millisecond
		if answer.Reason != "" {
			s.log.Warn("the hub does not take records", "after", have, "reason", answer.Reason, "again", pause)
		}
		if answer.Position == have {
			pause = max(pause, time.Second) // no progress: do not spin
		}
		have = answer.Position
		if err := wait(ctx, s.clock, pause); err != nil {
			return err
		}
	}
}

// next gives the CBOR of a stretch with records after a number, or nil when there are none yet.
func (s *session) next(ctx context.Context, have uint64) ([]byte, error) {
	reply, err := s.records.Do(ctx, door.LinkRequest{Verb: door.Records, After: have})
	if err != nil {
		return nil, guardAway{err}
	}
	if !reply.Accepted {
		s.log.Warn("the guard does not give records", "after", have, "reason", reply.Reason)
		return nil, wait(ctx, s.clock, refusedTime)
	}
	if len(reply.Stretch) == 0 {
		return nil, nil
	}
	var stretch journal.Stretch
	if err := statement.Decode(reply.Stretch, &stretch); err != nil {
		return nil, fmt.Errorf("link: the guard's records: %w", err)
	}
	if len(stretch.Records) == 0 {
		return nil, nil
	}
	return reply.Stretch, nil
}

// beat brings a fresh head every minute, and at once unless an upload is about to.
func (s *session) beat(ctx context.Context, later bool) error {
	for {
		if !later {
			if err := s.beatOnce(ctx); err != nil {
				return err
			}
		}
		if err := wait(ctx, s.clock, line.BeatEvery); err != nil {
			return err
		}
		later = false
	}
}

func (s *session) beatOnce(ctx context.Context) error {
	answer, err := s.offer(ctx, line.Beat, func() ([]byte, error) { return s.head(ctx) })
	if err == nil && answer.Reason != "" {
		s.log.Warn("the hub does not take the head", "reason", answer.Reason)
	}
	return err
}

// head gives the CBOR of a stretch without records.
func (s *session) head(ctx context.Context) ([]byte, error) {
	reply, err := s.ask(ctx, door.LinkRequest{Verb: door.Beat})
	if err == nil && !reply.Accepted {
		err = fmt.Errorf("link: the guard gives no head: %s", reply.Reason)
	}
	return reply.Stretch, err
}

// offer waits for its turn, sends a stretch as it is then, and waits for what the hub has after it.
func (s *session) offer(ctx context.Context, kind line.Kind, stretch func() ([]byte, error)) (line.FromHub, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return line.FromHub{}, ctx.Err()
	}
	data, err := stretch()
	if err != nil {
		return line.FromHub{}, err
	}
	if err := s.send(line.FromLocker{Kind: kind, Stretch: data}); err != nil {
		return line.FromHub{}, err
	}
	late := time.NewTimer(answerTime)
	defer late.Stop()
	select {
	case answer := <-s.answers:
		return answer, nil
	case <-late.C:
		return line.FromHub{}, errors.New("link: the hub does not answer")
	case <-ctx.Done():
		return line.FromHub{}, ctx.Err()
	}
}

// listen does what the hub says until the line breaks. Every beat is answered, so a silent hub is a dead one.
func (s *session) listen(ctx context.Context) error {
	for {
		frame, err := s.receive(line.Silence)
		if err != nil {
			return err
		}
		switch frame.Kind {
		case line.Uploaded:
			select {
			case s.answers <- frame:
			default:
				return errors.New("link: the hub answers what was not asked")
			}
		case line.Down:
			select {
			case s.downs <- frame:
			default:
				return errors.New("link: the hub sends a statement before the last was taken")
			}
		case line.Receipt:
			_, err = s.hand(ctx, door.Receipt, frame)
		case line.Persons:
			err = s.judge(ctx, frame)
		case line.Bye:
			err = fmt.Errorf("link: the hub says bye: %s", frame.Reason)
		default:
			err = fmt.Errorf("link: the hub says %s in mid-session", frame.Kind)
		}
		if err != nil {
			return err
		}
	}
}

// deliverAll delivers one numbered statement after the other.
func (s *session) deliverAll(ctx context.Context) error {
	for {
		select {
		case frame := <-s.downs:
			if err := s.deliver(ctx, frame); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// deliver hands the guard a numbered statement and tells the hub which number it has used up.
func (s *session) deliver(ctx context.Context, frame line.FromHub) error {
	reply, err := s.offerDown(ctx, frame)
	if err != nil {
		return err
	}
	s.down = max(s.down, reply.Down)
	taken := line.FromLocker{Kind: line.Taken, Down: s.down}
	if !reply.Accepted {
		taken.Reason = line.Word("refused: " + reply.Reason)
		s.log.Warn("the guard refuses a statement", "number", frame.Number, "reason", reply.Reason)
	}
	return s.send(taken)
}

// offerDown offers a statement until the guard has used up its number. One that takes them slowly is asked again; after every
// refusal that left the number unused there is a pause, so that no hub makes this spin.
func (s *session) offerDown(ctx context.Context, frame line.FromHub) (door.LinkReply, error) {
	for offers := 1; ; offers++ {
		reply, err := s.ask(ctx, door.LinkRequest{Verb: door.Down, Number: frame.Number, Statement: frame.Statement})
		if err != nil || reply.Accepted || reply.Down >= frame.Number {
			return reply, err
		}
		if err := wait(ctx, s.clock, refusedTime); err != nil || reply.Reason != string(door.Slow) || offers == maxOffers {
			return reply, err
		}
	}
}

// judge hands the guard what several persons have signed and tells the hub what it thinks of it.
func (s *session) judge(ctx context.Context, frame line.FromHub) error {
	reply, err := s.hand(ctx, door.Persons, frame)
	if err != nil {
		return err
	}
	judged := line.FromLocker{Kind: line.Judged}
	if !reply.Accepted {
		judged.Reason = line.Word(reply.Reason)
	}
	return s.send(judged)
}

// hand gives the guard what has no number.
func (s *session) hand(ctx context.Context, verb door.LinkVerb, frame line.FromHub) (door.LinkReply, error) {
	reply, err := s.ask(ctx, door.LinkRequest{Verb: verb, Statement: frame.Statement})
	if err == nil && !reply.Accepted {
		s.log.Info("the guard refuses what the hub sent", "kind", frame.Kind, "reason", reply.Reason)
	}
	return reply, err
}

func (s *session) ask(ctx context.Context, request door.LinkRequest) (door.LinkReply, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	reply, err := s.control.Do(ctx, request)
	if err != nil {
		err = guardAway{err}
	}
	return reply, err
}

func (s *session) send(frame line.FromLocker) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(frameTime)); err != nil {
		return err
	}
	return frame.Write(s.conn)
}

func (s *session) receive(patience time.Duration) (line.FromHub, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return line.FromHub{}, err
	}
	return line.ReadFromHub(s.conn)
}
