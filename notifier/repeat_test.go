package notifier

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A task that fails is tried again, each time later up to half a minute, and at its own pace once it succeeds.
func TestRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var gaps []time.Duration
		last, runs := time.Now(), 0
		err := repeat(ctx, slog.New(slog.NewTextHandler(io.Discard, nil)), "task", 2*time.Second, func(context.Context) error {
			gaps = append(gaps, time.Since(last))
			last = time.Now()
			if runs++; runs == 8 {
				stop()
			}
			if runs < 6 {
				return errors.New("no")
			}
			return nil
		})
		s := time.Second
		if want := []time.Duration{0, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s, 2 * s, 2 * s}; err != nil || !slices.Equal(gaps, want) {
			t.Errorf("%v, %v", gaps, err)
		}
	})
}

func TestLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outer, stop := context.WithCancel(t.Context())
		inner, done := lingering(outer)
		defer done()
		stop()
		synctest.Wait()
		time.Sleep(3*time.Second - 1) // of the bubble's own clock
		if inner.Err() != nil {
			t.Error("too early")
		}
		time.Sleep(1)
		synctest.Wait()
		if inner.Err() == nil {
			t.Error("it does not end")
		}
	})
}
