package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"lockstep/guard/clock"
	"lockstep/internal/line"
	"lockstep/locker/link"
)

type linkCommand struct {
	Hub       string `required:"" env:"LOCKSTEP_HUB" help:"The hub's edge, as https://host:port." placeholder:"URL"`
	Dir       string `required:"" env:"LOCKSTEP_LINK_DIR" help:"Where this link keeps its key and certificate." placeholder:"FOLDER"`
	Guard     string `env:"LOCKSTEP_GUARD_LINK_SOCKET" help:"The guard's link socket; not needed to enrol." placeholder:"PATH"`
	Kiosk     string `env:"LOCKSTEP_KIOSK_CARRY" help:"The kiosk's socket, by which couriers' phones carry what the line does not." placeholder:"PATH"`
	Enrol     string `env:"LOCKSTEP_ENROL" help:"Enrol with the one-time code that 'lockstep hub locker add' printed, and stop." placeholder:"CODE"`
	ClockFile string `env:"LOCKSTEP_CLOCK_FILE" help:"Clock offsets; development builds only." placeholder:"PATH"`
}

func (c linkCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	now, err := clock.New(c.ClockFile)
	if err != nil {
		return err
	}
	if c.Enrol != "" {
		return c.enrol(ctx, now)
	}
	if c.Guard == "" {
		return fmt.Errorf("missing flags: --guard=PATH")
	}
	return link.Run(ctx, link.Config{
		Guard: c.Guard, Hub: c.Hub, Dir: c.Dir, Clock: now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Kiosk: c.Kiosk,
	})
}

func (c linkCommand) enrol(ctx context.Context, now *clock.Clock) error {
	code, err := line.ParseCode(c.Enrol)
	if err != nil {
		return err
	}
	if err := link.Enrol(ctx, c.Hub, c.Dir, code, now); err != nil {
		return err
	}
	fmt.Printf("enrolled for %s; certificate in %s\n", code.Locker, c.Dir)
	return nil
}
