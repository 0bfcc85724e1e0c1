package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"lockstep/guard/clock"
	"lockstep/hub"
	"lockstep/internal/secret"
	"lockstep/parcel"
)

type hubCommand struct {
	hubStore

	Serve     hubServe     `cmd:"" default:"withargs" help:"Serve (the default)."`
	Merchant  hubMerchant  `cmd:"" help:"Merchants and their API keys."`
	Locker    hubLocker    `cmd:"" help:"Lockers and their enrolment codes."`
	Courier   hubCourier   `cmd:"" help:"House couriers and their enrolment."`
	Carrier   hubCarrier   `cmd:"" help:"Carriers with a service of their own, and what they ask with."`
	User      hubUser      `cmd:"" help:"Persons who sign in to the hub's pages."`
	Handover  hubHandover  `cmd:"" help:"Acts: what merchants hand to carriers."`
	Pickup    hubPickup    `cmd:"" help:"Pickups: what merchants ask couriers to fetch."`
	Tariff    hubTariff    `cmd:"" help:"The price list."`
	Parcel    hubParcel    `cmd:"" help:"Parcels and where they are."`
	Recovered hubRecovered `cmd:"" help:"Hand in a technician's signed scans of parcels from a dead locker."`
	Status    hubStatus    `cmd:"" help:"The network at a glance."`
	Alarms    hubAlarms    `cmd:"" help:"List open alarms."`
	Alarm     hubAlarm     `cmd:"" help:"End an alarm that somebody has looked after."`
	Evidence  hubEvidence  `cmd:"" help:"Write what an alarm was raised over into a file."`
	Notifier  hubNotifier  `cmd:"" help:"The notifier's access."`
	Payment   hubPayment   `cmd:"" help:"The payment service's access, and the acts of what was paid."`
	Check     hubCheck     `cmd:"" help:"Hold every stored state against the records it was made from."`
}

// hubStore is what every hub command needs. They work on the database beside a running server.
type hubStore struct {
	Keys      string           `env:"LOCKSTEP_HUB_KEYS" default:"keys" type:"path" help:"Folder with charter.bundle (older ones in charters/EPOCH.bundle), dispatch.seed, time-hub.seed and house carriers' seeds."`
	Database  string           `env:"LOCKSTEP_HUB_DATABASE" default:"hub.db" help:"Path of an SQLite file, or a postgres:// URL."`
	PublicURL string           `name:"public-url" env:"LOCKSTEP_HUB_PUBLIC_URL" default:"http://127.0.0.1:8080" help:"Where people reach the hub."`
	GS1Prefix parcel.GS1Prefix `name:"gs1-prefix" env:"LOCKSTEP_HUB_GS1_PREFIX" placeholder:"DIGITS" help:"The operator's GS1 Company Prefix, 7 to 10 digits: parcels get SSCCs. The same for every hub of a network, for good."`
	ClockFile string           `env:"LOCKSTEP_CLOCK_FILE" type:"path" help:"Offsets of a development clock; development builds only."`

	NotifierURL       string `name:"notifier" env:"LOCKSTEP_HUB_NOTIFIER" placeholder:"URL" help:"Where the notifier is asked for what labels, answers and lists of pickups show of persons; without it they show nothing."`
	NotifierTokenFile string `name:"notifier-token-file" env:"LOCKSTEP_HUB_NOTIFIER_TOKEN_FILE" type:"path" help:"File that holds what it is asked with: the notifier's --hub-token-file has the same."`
	NotifierPrivate   bool   `name:"notifier-private-network" env:"LOCKSTEP_HUB_NOTIFIER_PRIVATE_NETWORK" help:"The network to the notifier is private: plain http is all right."`

	printed
}

// printed is how a command shows its result.
type printed struct {
	JSON bool `name:"json" help:"Print JSON for scripts."`
}

func (s hubStore) config() (hub.Config, error) {
	c, err := clock.New(s.ClockFile)
	if err != nil {
		return hub.Config{}, err
	}
	var token secret.Text
	if s.NotifierURL != "" {
		if token, err = textOrFile("", s.NotifierTokenFile); err != nil {
			return hub.Config{}, err
		}
	}
	return hub.Config{Keys: s.Keys, Database: s.Database, PublicURL: strings.TrimRight(s.PublicURL, "/"), GS1Prefix: s.GS1Prefix, Now: c.Now,
		NotifierURL: s.NotifierURL, NotifierToken: token, NotifierPrivate: s.NotifierPrivate,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}, nil
}

// with opens the hub for one command.
func (s hubStore) with(do func(context.Context, *hub.Hub) error) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h, err := hub.Open(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, h), h.Close())
}

// print shows v as JSON, or lets table write it for people.
func (s printed) print(v any, table func(w io.Writer)) error {
	if s.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(v)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	table(w)
	return w.Flush()
}

type hubServe struct {
	Listen         string   `env:"LOCKSTEP_HUB_LISTEN" default:"127.0.0.1:8080" help:"Address of the public HTTP listener."`
	Edge           string   `env:"LOCKSTEP_HUB_EDGE" default:"127.0.0.1:8443" help:"Address of the TLS listener for lockers."`
	EdgeName       []string `env:"LOCKSTEP_HUB_EDGE_NAME" default:"localhost,127.0.0.1" help:"Host names and addresses under which lockers reach it."`
	FrameAncestor  string   `env:"LOCKSTEP_HUB_FRAME_ANCESTOR" help:"An origin that may hold the courier's page in a frame."`
	MapTiles       string   `env:"LOCKSTEP_HUB_MAP_TILES" help:"URL template of the background of the map on which shops' visitors choose a locker, like https://tiles.example/{z}/{x}/{y}.png; without it the map has none." placeholder:"URL"`
	MapAttribution string   `env:"LOCKSTEP_HUB_MAP_ATTRIBUTION" help:"What the map says of where its tiles are from; a link at the end becomes one." placeholder:"TEXT"`
	APIRate        float64  `name:"api-rate" env:"LOCKSTEP_HUB_API_RATE" default:"50" help:"How many requests a second an API key, or a contract of PickPoint's API, may make of this node; four times as many at once. 0: any number."`
	AllowPrivate   bool     `env:"LOCKSTEP_HUB_ALLOW_PRIVATE" help:"Let webhooks go to private addresses; for development."`
}

func (s hubServe) Run(c *commands) error {
	config, err := c.Hub.config()
	if err != nil {
		return err
	}
	config.Listen, config.Edge, config.EdgeNames = s.Listen, s.Edge, s.EdgeName
	config.FrameAncestor, config.AllowPrivate = s.FrameAncestor, s.AllowPrivate
	config.APIRate = s.APIRate
	config.MapTiles, config.MapAttribution = s.MapTiles, s.MapAttribution
	config.Listening = func(public, edge net.Addr) { fmt.Printf("hub ready public=%s edge=%s\n", public, edge) }
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return hub.Run(ctx, config)
}
