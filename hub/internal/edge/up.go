package edge

import (
	"context"
	"errors"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/internal/line"
)

const (
	// holdBroken is how long a link waits after a stretch that does not verify: only a person can mend that.
	holdBroken = 10 * time.Minute
	// holdFirst and holdMost bound the wait after a stretch that the hub could not commit; it doubles with each failure.
	holdFirst, holdMost = 5 * time.Second, 5 * time.Minute
)

// ingest takes an upload or beat in and answers what the hub has then. A stretch that is not taken ends no session: what goes
// down still goes down, and the link asks again after the hold.
func (s *session) ingest(ctx context.Context, frame line.FromLocker) error {
	var stretch journal.Stretch
	err := statement.Decode(frame.Stretch, &stretch)
	if err != nil || (len(stretch.Records) > 0) != (frame.Kind == line.Upload) {
		s.raise(ctx, line.Malformed, "not a stretch")
		return s.send(line.FromHub{Kind: line.Uploaded, Position: s.have, Reason: line.Malformed, Hold: holdBroken.Milliseconds()})
	}
	position, err := s.Ingest(ctx, s.locker, stretch)
	if err == nil {
		s.have, s.failures = position.Number, 0
		return s.send(line.FromHub{Kind: line.Uploaded, Position: s.have})
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.send(s.refusal(ctx, err))
}

// refusal says why the hub did not take a stretch, and when to try again.
func (s *session) refusal(ctx context.Context, err error) line.FromHub {
	s.log.Warn("upload refused", "have", s.have, "err", err)
	if now, err := s.Position(ctx, s.locker); err == nil && now.Number > s.have {
		s.have = now.Number // it came by another node meanwhile; go on from there
		return line.FromHub{Kind: line.Uploaded, Position: s.have}
	}
	reason, hold := line.Malformed, holdBroken
	if broken, ok := errors.AsType[*journal.Break](err); ok {
		reason = broken.Reason
	} else if fault.KindOf(err) != fault.Invalid {
		reason, hold = line.Unavailable, min(holdFirst<<min(s.failures, 10), holdMost)
		s.failures++
	}
	return line.FromHub{Kind: line.Uploaded, Position: s.have, Reason: line.Word(reason), Hold: hold.Milliseconds()}
}

// raise tells the fleet what no record will; a failure to do so is only logged.
func (s *session) raise(ctx context.Context, reason, text string) {
	s.log.Warn("alarm", "reason", reason, "text", text)
	if err := s.Raise(ctx, fleet.Alarm{Locker: s.locker, Kind: fleet.Broken, Reason: reason}); err != nil {
		s.log.Error("alarm not raised", "reason", reason, "err", err)
	}
}
