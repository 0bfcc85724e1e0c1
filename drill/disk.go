package drill

import (
	"context"
	"syscall"
)

// userAttr runs a command as another user.
func userAttr(user int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}}
}

// onSpoiltDisk starts the guard again on a disk that can be made to fail.
func (b *Bench) onSpoiltDisk(ctx context.Context) (w *watch, err error) {
	if w, err = b.watch(nil); err != nil {
		return nil, err
	}
	b.beside = w
	return w, first(b.Kill, func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) })
}

// mendDisk has the disk work again. A guard that has ended because its disk could not be trusted is started again.
func (b *Bench) mendDisk(ctx context.Context) error {
	b.beside.mend()
	if err := b.look(ctx); err != nil || b.hasEnded() {
		return first(b.Kill, func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) })
	}
	if err := b.Pass(ctx, 0); err != nil { // the guard tries its disk again every second
		return err
	}
	return b.until(ctx, "a disk that works", func() bool {
		v, err := b.View(ctx)
		return err == nil && v.OutOfOrder == ""
	})
}

func (b *Bench) hasEnded() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}
