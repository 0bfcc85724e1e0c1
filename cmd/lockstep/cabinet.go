package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"lockstep/cabinet"
)

type cabinetCommand struct {
	Config        string   `required:"" type:"existingfile" env:"LOCKSTEP_CABINET_CONFIG" help:"What the cabinet is made of (JSON)."`
	Dir           string   `required:"" type:"existingdir" env:"LOCKSTEP_CABINET_DIR" help:"Directory in which the lines and the scanner get their names."`
	Control       string   `env:"LOCKSTEP_CABINET_CONTROL" help:"Path of the control socket; a bare name lies in the directory. None if empty."`
	Listen        string   `env:"LOCKSTEP_CABINET_LISTEN" help:"Address of the page, for example 127.0.0.1:0. None if empty."`
	Token         string   `env:"LOCKSTEP_CABINET_TOKEN" help:"What the page's URL must carry, 16 characters or more."`
	FrameAncestor []string `env:"LOCKSTEP_CABINET_FRAME_ANCESTOR" help:"Origin that may frame the page and speak to it. May be given several times."`
	Truth         string   `env:"LOCKSTEP_CABINET_TRUTH" help:"File to which the log of physical facts is appended, one JSON object a line."`
	PrintReady    bool     `env:"LOCKSTEP_CABINET_PRINT_READY" help:"Print one line of JSON when everything is up."`
}

func (c cabinetCommand) Run() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	options, closeTruth, err := c.options()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTruth()) }()
	running, err := cabinet.Start(options)
	if err != nil {
		return err
	}
	defer running.Stop()
	if c.PrintReady {
		if err := json.NewEncoder(os.Stdout).Encode(running.Ready); err != nil {
			return fmt.Errorf("cabinet: %w", err)
		}
	}
	<-ctx.Done()
	return nil
}

func (c cabinetCommand) options() (o cabinet.Options, closeTruth func() error, err error) {
	config, err := cabinet.ReadConfig(c.Config)
	if err != nil {
		return o, nil, err
	}
	control := c.Control
	if control != "" && filepath.Base(control) == control {
		control = filepath.Join(c.Dir, control)
	}
	var truth io.Writer
	closeTruth = func() error { return nil }
	if c.Truth != "" {
		f, err := cabinet.OpenTruth(c.Truth)
		if err != nil {
			return o, nil, err
		}
		truth, closeTruth = f, f.Close
	}
	return cabinet.Options{
		Config: config, Dir: c.Dir, Control: control, Listen: c.Listen, Token: c.Token,
		FrameAncestors: c.FrameAncestor, Truth: truth, Log: slog.Default(),
	}, closeTruth, nil
}
