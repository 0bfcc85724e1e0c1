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
	holdDown  = 10 * time.Minute // before a statement that the guard did not take is tried again
)

// downward is where the way down stands in one session.
type downward struct {
	*session
	down     uint64        // the guard's last number
	again    time.Time     // not before this, after a statement that was not taken
	receipts []receiptHash // sent already
}

type receiptHash [sha256.Size]byte

// push sends what waits for the locker, now, whenever the bell rings, and now and then for other nodes' news. It ends with ctx
// or when the connection fails; what the rooms cannot tell just now is asked again at the next ring.
func (s *session) push(ctx context.Context, down uint64) error {
	ring, stop := s.Listen(s.locker)
	defer stop()
	look := time.NewTicker(line.BeatEvery)
	defer look.Stop()
	p := &downward{session: s, down: down}
	for {
		if err := errors.Join(p.sendReceipts(ctx), p.sendDown(ctx)); err != nil {
			return err
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
	late := time.NewTimer(takenTime)
	defer late.Stop()
	select {
	case answer := <-p.taken:
		return answer, nil
	case <-late.C:
		return line.FromLocker{}, errors.New("edge: no answer to a statement")
	case <-ctx.Done():
		return line.FromLocker{}, ctx.Err()
	}
}

// stuck says that the stream does not go on: the guard did not use up the number, or the hub has nothing fit to send.
func (p *downward) stuck(ctx context.Context, number uint64, why string) {
	p.again = p.Now().Add(holdDown)
	p.raise(ctx, "down refused", fmt.Sprintf("statement %d: %s", number, why))
}
