package notifier

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/notifier/internal/channel"
	"lockstep/notifier/internal/codepage"
	"lockstep/notifier/internal/ledger"
	"lockstep/notifier/internal/text"
)

// sender turns the ledger's notices into messages and hands them to the channels.
type sender struct {
	book     *ledger.Ledger
	channels map[channel.Name]channel.Channel
	origin   string
	clock    now
	log      *slog.Logger
	wake     <-chan struct{}
}

const (
	look      = time.Second // how often, when nothing wakes it: reminders and retries come due by the clock
	atOnce    = 8           // messages on their way at the same time
	sendBatch = 64
)

func (s *sender) run(ctx context.Context) error {
	return repeat(ctx, s.log, "sending", 0, func(ctx context.Context) error {
		if err := s.once(ctx); err != nil {
			return err
		}
		select {
		case <-s.wake:
		case <-time.After(look):
		case <-ctx.Done():
		}
		return nil
	})
}

// once plans and sends all that is due.
func (s *sender) once(ctx context.Context) error {
	if _, err := s.book.Plan(ctx, slices.Collect(maps.Keys(s.channels)), s.clock.Now()); err != nil {
		return err
	}
	for {
		due, err := s.book.Due(ctx, s.clock.Now(), sendBatch)
		if err != nil || len(due) == 0 {
			return err
		}
		some, ctx := errgroup.WithContext(ctx)
		some.SetLimit(atOnce)
		for _, d := range due {
			some.Go(func() error { return s.send(ctx, d) })
		}
		if err := some.Wait(); err != nil {
			return err
		}
	}
}

// send brings one delivery to its end, or puts it off. Its error is the ledger's only.
func (s *sender) send(ctx context.Context, d ledger.Delivery) error {
	message, err := s.compose(ctx, d)
	if errors.Is(err, ledger.ErrPointless) {
		return s.book.Drop(ctx, d, s.clock.Now())
	}
	if err == nil {
		err = s.hand(ctx, d.Channel, message)
	}
	if err == nil {
		s.log.Info("sent", "delivery", d.ID, "channel", d.Channel, "kind", d.Kind)
		return s.book.Sent(context.WithoutCancel(ctx), d, s.clock.Now()) // what was handed over is marked, even while stopping
	}
	if ctx.Err() != nil {
		return ctx.Err() // stopped on the way: it stays due
	}
	reason, final := channel.Reason(err), channel.Permanent(err)
	s.log.Warn("not sent", "delivery", d.ID, "channel", d.Channel, "kind", d.Kind, "reason", reason, "final", final)
	return s.book.Failed(ctx, d, reason, final, s.clock.Now())
}

func (s *sender) hand(ctx context.Context, name channel.Name, m channel.Message) error {
	c, ok := s.channels[name]
	if !ok {
		return &channel.Failure{Permanent: true, Reason: "no such channel here"}
	}
	ctx, cancel := lingering(ctx)
	defer cancel()
	return c.Send(ctx, m)
}

// lingering ends three seconds after ctx does: what is half handed over when we are told to stop is better finished than sent
// again.
func lingering(ctx context.Context) (context.Context, func()) {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(3*time.Second, cancel) })
	return inner, func() { stop(); cancel() }
}

func (s *sender) compose(ctx context.Context, d ledger.Delivery) (channel.Message, error) {
	t, err := s.book.Read(ctx, d, s.clock.Now())
	if errors.Is(err, ledger.ErrUnreadable) {
		return channel.Message{}, &channel.Failure{Permanent: true, Reason: "what is sealed does not open"}
	}
	if err != nil {
		return channel.Message{}, err
	}
	if len(t.Codes) > 0 {
		if t.Facts.Link, err = s.link(t); err != nil {
			return channel.Message{}, &channel.Failure{Permanent: true, Reason: "no link can be made"}
		}
	}
	words, err := text.Compose(t.Facts)
	if err != nil {
		return channel.Message{}, &channel.Failure{Permanent: true, Reason: err.Error()}
	}
	return channel.Message{ID: d.ID, To: t.To, Subject: words.Subject, Short: words.Short, Plain: words.Plain, HTML: words.HTML, At: s.clock.Now()}, nil
}

// link leads to the page that shows all codes of a telling. Its one deadline is the first that has not passed.
func (s *sender) link(t ledger.Telling) (string, error) {
	ticket := codepage.Ticket{Language: t.Facts.Language, Place: t.Facts.Place, Address: t.Facts.Address, Due: t.Facts.Due}
	for _, c := range t.Codes {
		ticket.MoreTime = ticket.MoreTime || c.MoreTime
		ticket.Codes = append(ticket.Codes, codepage.Code{Barcode: c.Barcode, SealedCode: c.SealedCode})
		if passed := ticket.Due.Before(s.clock.Now()); c.Due.After(s.clock.Now()) && (passed || c.Due.Before(ticket.Due)) {
			ticket.Due = c.Due
		}
	}
	if !ticket.Due.IsZero() {
		ticket.Due = ticket.Due.In(t.Facts.Zone)
	}
	return ticket.Link(s.origin)
}
