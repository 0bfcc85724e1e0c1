package notifier

import (
	"context"
	"log/slog"
	"time"
)

// longestPause bounds how long a task that fails again and again waits.
const longestPause = 30 * time.Second

// repeat does one task until ctx ends, with a pause after each run. A failure is logged and makes the pauses longer: whatever
// is wrong with the hub or the database must not stop the rest.
func repeat(ctx context.Context, log *slog.Logger, name string, pause time.Duration, do func(context.Context) error) error {
	failures := 0
	for ctx.Err() == nil {
		wait := pause
		if err := do(ctx); err != nil && ctx.Err() == nil {
			failures++
			wait = min(longestPause, max(pause, time.Second)<<min(failures, 6))
			log.Warn("will try again", "task", name, "failures", failures, "in", wait, "error", err)
		} else {
			failures = 0
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}
