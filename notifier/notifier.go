// Package notifier brings codes to recipients. It is the only part that can read a contact or a sealed code, and it trusts
// nothing from the hub but bytes: it verifies every journal itself, pins each parcel's contact at first sight, and sends a
// code only for a deposit that a guard has signed.
package notifier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/ceremony"
	"lockstep/guard/clock"
	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/notifier/internal/channel"
	"lockstep/notifier/internal/feed"
	"lockstep/notifier/internal/ledger"
)

// Config is what a notifier needs to run.
type Config struct {
	Hub            string // its URL
	Token          Secret // for the hub's feed
	PrivateNetwork bool   // plain HTTP to a hub on another machine is all right
	Keys           string // folder with charter.bundle, time-notifier.seed, notifier.seal; older ones in charters/ and seals/
	Database       string // path of an SQLite file, or a PostgreSQL URL
	Listen         string // address of the code page and /healthz
	Origin         string // how recipients reach Listen: https://n.example
	SMTP           *SMTPConfig
	SMS            *SMSConfig
	Inbox          string // address of the demo inbox; development charters only
	Keep           time.Duration
	HubToken       Secret // what the hub asks with for names; empty: it may not
	AsksPerHour    int    // how much it is told; 0 for DefaultAsksPerHour
	Clock          *clock.Clock
	Log            *slog.Logger
}

// SMTPConfig and SMSConfig describe the two channels; a Secret prints as [redacted].
type (
	SMTPConfig = channel.SMTPConfig
	SMSConfig  = channel.SMSConfig
	TLSMode    = channel.TLSMode
	Secret     = channel.Secret
)

// DefaultKeep is how long a contact stays after its parcel's end.
const DefaultKeep = 30 * 24 * time.Hour

// Run serves until ctx ends. One notifier works on one database.
func Run(ctx context.Context, c Config) error {
	keys, err := readKeys(c.Keys)
	if err != nil {
		return err
	}
	database, err := db.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer database.Close()
	book, err := ledger.Open(ctx, database, keys.charters, keys.seals)
	if err != nil {
		return err
	}
	questions, err := newAsks(c, book)
	if err != nil {
		return err
	}
	hub, err := feed.New(c.Hub, string(c.Token), c.PrivateNetwork, nil)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("notifier: %w", err)
	}
	defer listener.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tasks, ctx := errgroup.WithContext(ctx)
	channels, err := c.channels(ctx, tasks, keys.charters[0])
	if err != nil {
		return err
	}
	log := c.Log
	wake := make(chan struct{}, 1)
	reader := &reader{hub: hub, book: book, time: keys.time, clock: c.Clock, log: log, wake: wake}
	sender := &sender{book: book, channels: channels, origin: c.Origin, clock: c.Clock, log: log, wake: wake}
	keeper := &keeper{hub: hub, book: book, keep: cmp.Or(c.Keep, DefaultKeep), clock: c.Clock, log: log}
	tasks.Go(func() error { return repeat(ctx, log, "contacts", 2*time.Second, reader.contacts) })
	tasks.Go(func() error { return repeat(ctx, log, "uploads", 200*time.Millisecond, reader.uploads) })
	tasks.Go(func() error { return repeat(ctx, log, "lockers", time.Minute, keeper.lockers) })
	tasks.Go(func() error { return repeat(ctx, log, "keeping", time.Minute, keeper.tidy) })
	tasks.Go(func() error { return sender.run(ctx) })
	if questions != nil {
		tasks.Go(func() error { return repeat(ctx, log, "phones", time.Minute, book.ReadPhones) })
	}
	tasks.Go(func() error {
		return serve(ctx, listener, pages(book, questions, newHolders(hub, book, c.Clock, log)), log)
	})
	log.Info("notifier runs", "listen", listener.Addr().String(), "network", keys.charters[0].Network)
	return tasks.Wait()
}

// keys is the notifier's own folder: the charter and the key of today first, older ones after them.
type keys struct {
	charters []statement.Charter
	time     *statement.Signer
	seals    [][]byte
}

func readKeys(dir string) (k keys, err error) {
	if k.charters, _, err = ceremony.ReadCharters(dir); err != nil {
		return k, fmt.Errorf("notifier: charter: %w", err)
	}
	if k.time, err = ceremony.ReadSigner(filepath.Join(dir, "time-notifier.seed")); err != nil {
		return k, fmt.Errorf("notifier: time key: %w", err)
	}
	if _, ok := k.charters[0].Time.Lookup(k.time.Key().ID()); !ok {
		return k, errors.New("notifier: the time key is not one of the charter's")
	}
	if k.seals, err = ceremony.ReadSealKeys(dir); err != nil {
		return k, fmt.Errorf("notifier: seal key: %w", err)
	}
	return k, nil
}

// Book is the ledger, for acts on the command line; Alarm is what an operator should look at.
type (
	Book  = *ledger.Ledger
	Alarm = ledger.Alarm
)

// OpenBook opens the ledger; a notifier may be running on it meanwhile.
func OpenBook(ctx context.Context, keysDir, database string) (Book, func() error, error) {
	k, err := readKeys(keysDir)
	if err != nil {
		return nil, nil, err
	}
	d, err := db.Open(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	book, err := ledger.Open(ctx, d, k.charters, k.seals)
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return book, d.Close, nil
}
