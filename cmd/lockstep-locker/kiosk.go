package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"lockstep/guard/clock"
	"lockstep/locker/kiosk"
)

type kioskCommand struct {
	Guard         string `required:"" env:"LOCKSTEP_GUARD_KIOSK_SOCKET" help:"The guard's kiosk socket." placeholder:"PATH"`
	Carry         string `env:"LOCKSTEP_KIOSK_CARRY" help:"A socket that the link dials, by which couriers' phones carry what its line does not." placeholder:"PATH"`
	Listen        string `default:"127.0.0.1:8300" env:"LOCKSTEP_KIOSK_LISTEN" help:"Where the screen's page is served; a loopback address."`
	Scanner       string `env:"LOCKSTEP_KIOSK_SCANNER" help:"The scanner's serial device. Without it the scanner types like a keyboard." placeholder:"DEVICE"`
	Support       string `env:"LOCKSTEP_KIOSK_SUPPORT" help:"Whom people are told to call, as the screen shows it, such as 8 800 555-00-00." placeholder:"TEXT"`
	FrameAncestor string `env:"LOCKSTEP_KIOSK_FRAME_ANCESTOR" help:"An origin that may show the page in a frame." placeholder:"ORIGIN"`
	ClockFile     string `env:"LOCKSTEP_CLOCK_FILE" help:"Clock offsets; development builds only." placeholder:"PATH"`
	PrintReady    bool   `help:"Print one line of JSON when the page can be loaded: {\"ready\":true,\"page\":URL}."`
}

func (c kioskCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	now, err := clock.New(c.ClockFile)
	if err != nil {
		return err
	}
	return kiosk.Run(ctx, kiosk.Config{
		GuardSocket: c.Guard, Carry: c.Carry, Listen: c.Listen, Scanner: c.Scanner, Support: c.Support, FrameAncestor: c.FrameAncestor,
		Clock: now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Ready: c.ready,
	})
}

func (c kioskCommand) ready(at net.Addr) {
	page := "http://" + at.String() + "/"
	slog.Info("screen ready", "page", page)
	if c.PrintReady {
		_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"ready": true, "page": page})
	}
}
