package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"lockstep/drill"
)

type drillCommand struct {
	Rows  []string `arg:"" optional:"" help:"Rows of the corpus to play, such as D06. Without any, all of them."`
	Quick bool     `help:"Only the rows that take seconds."`
	Guard string   `help:"The guard's binary. Without it, the one beside this program; it must be a development build." placeholder:"FILE"`

	Mutants  bool    `help:"Build the guard with one rule off, rule by rule, from the source in this directory: the corpus must fail on each."`
	Rule     string  `help:"With --mutants: only those whose name contains this." placeholder:"WORD"`
	Hours    float64 `help:"How long the rows go on that last as long as they are let; a minute without it." placeholder:"N"`
	Database string  `help:"A PostgreSQL server, where every hub of the drill gets a database of its own; SQLite files without it." placeholder:"URL"`
	Release  string  `help:"A release build of the guard, which row U08 looks at." placeholder:"FILE"`
}

// Run plays the corpus in a directory of its own, which is removed at the end.
func (c drillCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if c.Guard == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		c.Guard = filepath.Join(filepath.Dir(self), "lockstep-guard")
	}
	if c.Mutants {
		here, err := os.Getwd()
		if err != nil {
			return err
		}
		return drill.Mutate(ctx, here, c.Guard, c.Rule, os.Stdout)
	}
	dir, err := os.MkdirTemp("", "lockstep-drill")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	yard, err := drill.NewYard(dir, c.Guard)
	if err != nil {
		return err
	}
	yard.Release, yard.Locked = c.Release, filepath.Join(filepath.Dir(c.Guard), "lockstep-locker")
	yard.Span, yard.Server = time.Duration(c.Hours*float64(time.Hour)), c.Database
	rows, err := drill.Pick(c.Rows...)
	if err != nil {
		return err
	}
	if c.Quick && len(c.Rows) == 0 {
		rows = drill.Quick()
	}
	_, err = yard.Run(ctx, rows, os.Stdout)
	return err
}
