package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"lockstep/carrier"
	"lockstep/guard/clock"
)

type carrierCommand struct {
	carrierStore

	Serve   carrierServe   `cmd:"" default:"withargs" help:"Serve (the default)."`
	Init    carrierInit    `cmd:"" help:"Make the carrier's key; shows the public half, which the network's roots put into the charter."`
	Courier carrierCourier `cmd:"" help:"Couriers, their enrolment and its end."`
	Status  carrierStatus  `cmd:"" help:"The service at a glance, with revocations that the hub was not told of yet."`
	Audit   carrierAudit   `cmd:"" help:"Who did what, newest first."`
}

// carrierStore is what every carrier command needs. They work on the database beside a running service.
type carrierStore struct {
	Keys      string `env:"LOCKSTEP_CARRIER_KEYS" default:"keys" type:"path" help:"Folder with carrier.seed and the network's charter.bundle."`
	Database  string `env:"LOCKSTEP_CARRIER_DATABASE" default:"carrier.db" help:"Path of an SQLite file, made when missing."`
	Origin    string `env:"LOCKSTEP_CARRIER_ORIGIN" default:"http://127.0.0.1:8070" help:"How couriers' phones reach the service, such as https://c.example."`
	ClockFile string `env:"LOCKSTEP_CLOCK_FILE" type:"path" help:"Offsets of a development clock; development builds only."`
	printed
}

func (s carrierStore) config() (carrier.Config, error) {
	c, err := clock.New(s.ClockFile)
	if err != nil {
		return carrier.Config{}, err
	}
	return carrier.Config{Keys: s.Keys, Database: s.Database, Origin: strings.TrimRight(s.Origin, "/"), Now: c.Now,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}, nil
}

type carrierServe struct {
	Hub            string `env:"LOCKSTEP_CARRIER_HUB" help:"The hub's URL."`
	Token          string `env:"LOCKSTEP_CARRIER_TOKEN" xor:"token" help:"Token for the hub (its operator: lockstep hub carrier add). Prefer the environment or a file."`
	TokenFile      string `env:"LOCKSTEP_CARRIER_TOKEN_FILE" xor:"token" type:"existingfile" help:"File that holds the token."`
	PrivateNetwork bool   `env:"LOCKSTEP_CARRIER_PRIVATE_NETWORK" help:"The network to the hub is private: plain http is all right."`
	Listen         string `env:"LOCKSTEP_CARRIER_LISTEN" default:"127.0.0.1:8070" help:"Address of the courier's page and /healthz."`
	FrameAncestor  string `env:"LOCKSTEP_CARRIER_FRAME_ANCESTOR" help:"An origin that may hold the courier's page in a frame."`
}

func (s carrierServe) Run(c *commands) error {
	config, err := c.Carrier.config()
	if err != nil {
		return err
	}
	if config.Token, err = textOrFile(s.Token, s.TokenFile); err != nil {
		return err
	}
	config.Hub, config.PrivateNetwork, config.Listen, config.FrameAncestor = s.Hub, s.PrivateNetwork, s.Listen, s.FrameAncestor
	config.Listening = func(a net.Addr) { fmt.Printf("carrier ready listen=%s\n", a) }
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return carrier.Run(ctx, config)
}

type carrierInit struct{}

func (carrierInit) Run(c *commands) error {
	key, err := carrier.Init(c.Carrier.Keys)
	if err != nil {
		return err
	}
	return c.Carrier.print(key, func(w io.Writer) {
		fmt.Fprintf(w, "key\t%s %s\nfingerprint\t%s\n", key.Algorithm, key.Public, key.Fingerprint)
	})
}

type carrierCourier struct {
	Add    carrierCourierAdd    `cmd:"" help:"Expect a courier; shows the URL that enrols their phone, once. Again: a new scope and another phone."`
	List   carrierCourierList   `cmd:"" help:"List couriers."`
	Revoke carrierCourierRevoke `cmd:"" help:"End a courier's phone at once, and a link that is not used yet."`
}

type carrierCourierAdd struct {
	ID       string   `arg:"" help:"Your name for the courier; not a person's name."`
	Lockers  []string `default:"*" help:"Where they are sent; * is the whole network."`
	Deposit  bool     `default:"true" negatable:"" help:"They may put parcels in."`
	Withdraw bool     `default:"true" negatable:"" help:"They may take overdue parcels back."`
}

func (a carrierCourierAdd) Run(c *commands) error {
	return c.Carrier.with(func(ctx context.Context, s *carrier.Carrier) (any, func(io.Writer), error) {
		v, err := s.AddCourier(ctx, carrier.NewCourier{ID: a.ID, Lockers: a.Lockers, Deposit: a.Deposit, Withdraw: a.Withdraw})
		return v, func(w io.Writer) { carrierCourierLine(w, v) }, err
	})
}

type carrierCourierList struct{}

func (carrierCourierList) Run(c *commands) error {
	return c.Carrier.with(func(ctx context.Context, s *carrier.Carrier) (any, func(io.Writer), error) {
		all, err := s.Couriers(ctx)
		return append([]carrier.CourierView{}, all...), func(w io.Writer) {
			for _, v := range all {
				carrierCourierLine(w, v)
			}
		}, err
	})
}

type carrierCourierRevoke struct {
	ID string `arg:"" help:"The courier's id."`
}

func (r carrierCourierRevoke) Run(c *commands) error {
	return c.Carrier.with(func(ctx context.Context, s *carrier.Carrier) (any, func(io.Writer), error) {
		v, err := s.RevokeCourier(ctx, r.ID)
		return v, func(w io.Writer) { carrierCourierLine(w, v) }, err
	})
}

func carrierCourierLine(w io.Writer, v carrier.CourierView) {
	enrolled := "not enrolled"
	if v.Enrolled {
		enrolled = "certified until " + v.Until
	}
	fmt.Fprintf(w, "%s\tlockers %s\t%s\t%s\n", v.ID, strings.Join(v.Lockers, " "), enrolled, v.URL)
}

type carrierStatus struct{}

func (carrierStatus) Run(c *commands) error {
	return c.Carrier.with(func(ctx context.Context, s *carrier.Carrier) (any, func(io.Writer), error) {
		v, err := s.Status(ctx)
		return v, func(w io.Writer) {
			fmt.Fprintf(w, "carrier\t%s of network %s\nkey\t%s\ncouriers\t%d, %d certified\n", v.Carrier, v.Network, v.Fingerprint, v.Couriers, v.Enrolled)
			for _, key := range v.Waiting {
				fmt.Fprintf(w, "WAITING\tthe hub was not told that %s is revoked\n", key)
			}
		}, err
	})
}

type carrierAudit struct {
	Limit int `default:"50" help:"How many lines."`
}

func (a carrierAudit) Run(c *commands) error {
	return c.Carrier.with(func(ctx context.Context, s *carrier.Carrier) (any, func(io.Writer), error) {
		lines, err := s.Audits(ctx, a.Limit)
		return append([]carrier.AuditView{}, lines...), func(w io.Writer) {
			for _, l := range lines {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.At, l.Actor, l.Act, l.Subject)
			}
		}, err
	})
}

// with opens the service for one command and shows what comes of it: as JSON, or by the line function.
func (s carrierStore) with(do func(context.Context, *carrier.Carrier) (any, func(io.Writer), error)) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := carrier.Open(ctx, config)
	if err != nil {
		return err
	}
	v, lines, err := do(ctx, c)
	if err == nil {
		err = s.print(v, lines)
	}
	return errors.Join(err, c.Close())
}
