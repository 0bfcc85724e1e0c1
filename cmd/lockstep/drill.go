package main

import (
	"context"
	"errors"
	"fmt"
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
	Crash    bool    `help:"Kill the guard at each of its calls that lasts or is seen outside, in every flow; tear its writes, let the disk forget, have calls fail."`
	Flow     string  `help:"With --crash: only flows whose name contains this." placeholder:"WORD"`
	Sample   int     `help:"With --crash: only every so-manieth of all blows." placeholder:"N"`
	Table    bool    `help:"Play the rows, then write what an attacker who holds X opened, against what the rules allow."`
	Replay   int     `help:"Play a day again: 2020, terminals that obey beside our guards." placeholder:"YEAR"`
	Into     string  `help:"Where the table (Markdown) or the replay's plot (SVG) is written." placeholder:"FILE"`
	Frames   int     `default:"20000" help:"How many mutated frames row A06 sends to a guard."`
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
	yard.Frames, yard.Release, yard.Locked = c.Frames, c.Release, filepath.Join(filepath.Dir(c.Guard), "lockstep-locker")
	yard.Span, yard.Server = time.Duration(c.Hours*float64(time.Hour)), c.Database
	if c.Crash {
		return c.crash(ctx, yard)
	}
	switch c.Replay {
	case 0:
		return c.play(ctx, yard)
	case 2020:
		return c.replay(ctx, yard)
	}
	return fmt.Errorf("no day of %d is known", c.Replay)
}

// play plays rows and, where it is asked for, writes the table of what they measured.
func (c drillCommand) play(ctx context.Context, yard *drill.Yard) error {
	rows, err := drill.Pick(c.Rows...)
	if err != nil {
		return err
	}
	if c.Quick && len(c.Rows) == 0 {
		rows = drill.Quick()
	}
	results, err := yard.Run(ctx, rows, os.Stdout)
	if !c.Table {
		return err
	}
	table, worse := drill.Table(results)
	return errors.Join(err, worse, c.write(table))
}

// crash plays the enumeration and prints its table, or puts it into a page.
func (c drillCommand) crash(ctx context.Context, yard *drill.Yard) error {
	all, total, err := yard.Crash(ctx, drill.CrashOptions{Flow: c.Flow, Sample: c.Sample, Out: os.Stdout})
	table := drill.CrashTable(all, total)
	if c.Into == "" {
		fmt.Print(table)
		return err
	}
	return errors.Join(err, drill.PutBetween(c.Into, table))
}

func (c drillCommand) replay(ctx context.Context, yard *drill.Yard) error {
	played, err := yard.Replay(ctx)
	if err != nil {
		return err
	}
	fmt.Println(played)
	return c.write(played.Plot())
}

// write puts a page where it is wanted, on standard output without a word.
func (c drillCommand) write(page string) error {
	if c.Into == "" {
		_, err := fmt.Print(page)
		return err
	}
	return os.WriteFile(c.Into, []byte(page), 0o644)
}
