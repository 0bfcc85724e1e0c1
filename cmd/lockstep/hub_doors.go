package main

import (
	"context"
	"errors"
	"io"
	"os"

	"lockstep/hub"
)

// What operators ask of lockers, and what other persons have signed for them. None of it opens a door.

type lockerPause struct {
	ID      string `arg:"" help:"The locker's id."`
	Minutes uint16 `arg:"" help:"For how long: 1 to 240."`
}

func (p lockerPause) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.RequestView, error) { return h.Pause(ctx, p.ID, p.Minutes) }, requestLine)
}

type lockerUnpause struct {
	ID string `arg:"" help:"The locker's id."`
}

func (p lockerUnpause) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.RequestView, error) { return h.Pause(ctx, p.ID, 0) }, requestLine)
}

type compartments struct {
	ID           string   `arg:"" help:"The locker's id."`
	Compartments []uint16 `arg:"" help:"Numbers of compartments."`
}

type lockerBlock struct{ compartments }

func (b lockerBlock) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.RequestView, error) {
		return h.Block(ctx, b.ID, b.Compartments)
	}, requestLine)
}

type lockerUnblock struct{ compartments }

func (b lockerUnblock) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.RequestView, error) {
		return h.Unblock(ctx, b.ID, b.Compartments)
	}, requestLine)
}

// signed is a file of which the hub believes nothing until it has verified it.
type signed struct {
	File string `arg:"" type:"existingfile" help:"The signed file."`
}

type lockerLift struct{ signed }

func (l lockerLift) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (v hub.RequestView, err error) {
		data, err := os.ReadFile(l.File)
		if err != nil {
			return v, err
		}
		return h.Lift(ctx, data)
	}, requestLine)
}

type lockerCharter struct {
	IDs []string `arg:"" optional:"" help:"Lockers; all where none is named."`
}

func (l lockerCharter) Run(c *commands) error {
	return list(c, func(h *hub.Hub, ctx context.Context) ([]hub.RequestView, error) { return h.Charter(ctx, l.IDs) }, requestLine)
}

type lockerJournal struct {
	ID    string `arg:"" help:"The locker's id."`
	File  string `arg:"" help:"Where to write it; a file that is there is not replaced."`
	Guard uint64 `help:"Of which of the locker's guards, from 1; the one it has now where none is named."`
}

func (j lockerJournal) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error {
		return create(j.File, func(w io.Writer) error { return h.Journal(ctx, j.ID, j.Guard, w) })
	})
}

type lockerReplace struct {
	ID      string `arg:"" help:"The locker's id."`
	Abandon bool   `help:"Go on though parcels are inside that nobody has scanned: they become uncertain, with an alarm each."`
}

func (l lockerReplace) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.LockerView, error) {
		return h.ReplaceLocker(ctx, l.ID, l.Abandon)
	}, lockerLine)
}

type parcelExtend struct {
	Barcode string `arg:"" help:"The parcel's 12 digits."`
	Hours   uint16 `arg:"" help:"From its deposit on: 24 to 1440, and more than now."`
}

func (p parcelExtend) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.RequestView, error) {
		return h.Extend(ctx, p.Barcode, p.Hours)
	}, requestLine)
}

type parcelReissue struct {
	Barcode string `arg:"" help:"The parcel's 12 digits."`
}

func (p parcelReissue) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.RequestView, error) { return h.Reissue(ctx, p.Barcode) }, requestLine)
}

type hubRecovered struct{ signed }

func (r hubRecovered) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error {
		data, err := os.ReadFile(r.File)
		if err != nil {
			return err
		}
		taken, failed := h.Recovered(ctx, data) // what was taken is shown, whatever failed
		err = c.Hub.print(append([]hub.ParcelView{}, taken...), func(w io.Writer) {
			for _, v := range taken {
				parcelLine(w, v)
			}
		})
		return errors.Join(err, failed)
	})
}

type hubAlarms struct {
	Locker string `help:"Only this locker's."`
}

func (a hubAlarms) Run(c *commands) error {
	return list(c, func(h *hub.Hub, ctx context.Context) ([]hub.AlarmView, error) { return h.Alarms(ctx, a.Locker) }, alarmLine)
}

type hubEvidence struct {
	ID   string `arg:"" help:"The alarm's id."`
	File string `arg:"" help:"Where to write it; a file that is there is not replaced."`
}

func (e hubEvidence) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error {
		data, err := h.Evidence(ctx, e.ID)
		if err != nil {
			return err
		}
		return create(e.File, func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
	})
}

// create writes a new file, for its owner only. Where that fails there is none.
func create(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
