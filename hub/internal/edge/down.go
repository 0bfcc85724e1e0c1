package edge

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"lockstep/hub/internal/dispatch"
	"lockstep/internal/line"
)

const (
	takenTime = time.Minute      // for the guard to take a statement
	holdDown  = 10 * time.Minute // before what the guard did not take is tried again
	holdSlow  = time.Minute      // before a statement is tried again that came too fast for it
	slow      = "refused: slow"  // a taken's reason where it did
)

// downward is where the way down stands in one session.
type downward struct {
	*session
	down     uint64        // the guard's last number
	again    time.Time     // not before this, after a statement that was not taken
	cosigned bundle        // the last one sent
	receipts []receiptHash // sent already
}

type receiptHash [sha256.Size]byte

// bundle is what persons have signed, once it was sent.
type bundle struct {
	kind  string
	mark  uint64
	made  int64
	again time.Time // it is not sent again before this
}

// push sends what waits for the locker, now, whenever the bell rings, and now and then for other nodes' news. It ends with ctx
// or when the connection fails; what the rooms cannot tell just now is asked again at the next ring.
func (s *session) push(ctx context.Context, down uint64) error {
	ring, stop := s.Listen(s.locker)
	defer stop()
	look := time.NewTicker(line.BeatEvery)
	defer look.Stop()
	p := &downward{session: s, down: down}
	for {
		for _, send := range []func(context.Context) error{p.sendReceipts, p.sendPersons, p.sendDown} {
			if err := send(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ring:
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sendReceipts sends the latest receipts, those that this session has not sent yet.
func (p *downward) sendReceipts(ctx context.Context) error {
	envelopes, err := p.Receipts(ctx, p.locker)
	if err != nil {
		p.log.Warn("no receipts", "err", err)
		return nil
	}
	sent := make([]receiptHash, 0, len(envelopes))
	for _, envelope := range envelopes {
		hash := receiptHash(sha256.Sum256(envelope))
		sent = append(sent, hash)
		if slices.Contains(p.receipts, hash) {
			continue
		}
		if err := p.send(line.FromHub{Kind: line.Receipt, Statement: envelope}); err != nil {
			return err
		}
	}
	p.receipts = sent
	return nil
}

// sendPersons sends what persons have signed, one bundle at a time: before numbered statements, for a charter says who signs them.
// One that the guard believed, or may believe later, waits for its record and is sent again only after a while.
func (p *downward) sendPersons(ctx context.Context) error {
	for {
		c, err := p.Persons(ctx, p.locker)
		if err != nil {
			p.log.Warn("no bundles", "err", err)
			return nil
		}
		if c == nil || p.cosigned.is(c) && p.Now().Before(p.cosigned.again) {
			return nil
		}
		if len(c.Bundle) > line.MaxStatement {
			p.raise(ctx, "down refused", fmt.Sprintf("a %s of %d bytes", c.Kind, len(c.Bundle)))
			return nil
		}
		final, err := p.judge(ctx, c)
		if err != nil || !final {
			return err
		}
	}
}

func (b bundle) is(c *dispatch.Cosigned) bool {
	return b.kind == c.Kind && b.mark == c.Mark && b.made == c.Made
}

// judge sends a bundle and says whether the guard's word on it is final.
func (p *downward) judge(ctx context.Context, c *dispatch.Cosigned) (final bool, err error) {
	p.cosigned = bundle{c.Kind, c.Mark, c.Made, p.Now().Add(holdDown)}
	if err := p.send(line.FromHub{Kind: line.Persons, Statement: c.Bundle}); err != nil {
		return false, err
	}
	answer, err := await(ctx, p.judged)
	if err != nil || answer.Reason == "" {
		return false, err
	}
	p.log.Warn("the guard refused what persons have signed", "kind", c.Kind, "mark", c.Mark, "reason", answer.Reason)
	if final, err = p.Judged(ctx, *c, answer.Reason); err != nil {
		p.log.Error("not noted", "err", err)
		return false, nil
	}
	return final, nil
}

// sendDown sends the statements after the guard's last number, one at a time, until there are no more.
func (p *downward) sendDown(ctx context.Context) error {
	for p.Now().After(p.again) {
		list, err := p.Down(ctx, p.locker, p.down)
		if err != nil {
			p.log.Warn("no statements", "after", p.down, "err", err)
			return nil
		}
		if len(list) == 0 {
			return nil
		}
		if err := p.sendOne(ctx, list); err != nil {
			return err
		}
	}
	return nil
}

// sendOne sends a list's statements for as long as the guard takes exactly the next one each time.
func (p *downward) sendOne(ctx context.Context, list []dispatch.Statement) error {
	for _, statement := range list {
		if statement.Number != p.down+1 || len(statement.Envelope) > line.MaxStatement {
			p.stuck(ctx, statement.Number, fmt.Sprintf("it follows %d with %d bytes", p.down, len(statement.Envelope)))
			return nil
		}
		answer, err := p.deliver(ctx, statement)
		if err != nil {
			return err
		}
		p.down = answer.Down
		if answer.Reason != "" {
			p.log.Warn("the guard refused a statement", "number", statement.Number, "reason", answer.Reason)
		}
		if answer.Down < statement.Number {
			p.stuck(ctx, statement.Number, answer.Reason)
			return nil
		}
		if answer.Down > statement.Number {
			return nil // it came by another road; look again from there
		}
	}
	return nil
}

func (p *downward) deliver(ctx context.Context, statement dispatch.Statement) (line.FromLocker, error) {
	err := p.send(line.FromHub{Kind: line.Down, Number: statement.Number, Statement: statement.Envelope})
	if err != nil {
		return line.FromLocker{}, err
	}
	return await(ctx, p.taken)
}

func await(ctx context.Context, answers <-chan line.FromLocker) (line.FromLocker, error) {
	late := time.NewTimer(takenTime)
	defer late.Stop()
	select {
	case answer := <-answers:
		return answer, nil
	case <-late.C:
		return line.FromLocker{}, errors.New("edge: no answer to a statement")
	case <-ctx.Done():
		return line.FromLocker{}, ctx.Err()
	}
}

// stuck says that the stream does not go on: the guard did not use up the number, or the hub has nothing fit to send. That a guard
// takes its time is nothing alarming.
func (p *downward) stuck(ctx context.Context, number uint64, why string) {
	if why == slow {
		p.again = p.Now().Add(holdSlow)
		return
	}
	p.again = p.Now().Add(holdDown)
	p.raise(ctx, "down refused", fmt.Sprintf("statement %d: %s", number, why))
}
