package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"lockstep/guard/clock"
	"lockstep/payment"
)

type paymentCommand struct {
	paymentStore

	Serve paymentServe `cmd:"" default:"withargs" help:"Hear the payment provider (the default)."`
	Init  paymentInit  `cmd:"" help:"Make the payment key; shows the public half, which the network's roots put into the charter."`
	Paid  paymentPaid  `cmd:"" help:"Say that money has come in by another way than the provider's, such as at a desk."`
}

// paymentStore is what every payment command needs.
type paymentStore struct {
	Keys           string `env:"LOCKSTEP_PAYMENT_KEYS" default:"keys" type:"path" help:"Folder with payment.seed and the network's charter.bundle."`
	Hub            string `env:"LOCKSTEP_PAYMENT_HUB" help:"The hub's URL."`
	Token          string `env:"LOCKSTEP_PAYMENT_TOKEN" xor:"token" help:"Token for the hub (its operator: lockstep hub payment token). Prefer the environment or a file."`
	TokenFile      string `env:"LOCKSTEP_PAYMENT_TOKEN_FILE" xor:"token" type:"existingfile" help:"File that holds the token."`
	PrivateNetwork bool   `env:"LOCKSTEP_PAYMENT_PRIVATE_NETWORK" help:"The network to the hub is private: plain http is all right."`
	ClockFile      string `env:"LOCKSTEP_CLOCK_FILE" type:"path" help:"Offsets of a development clock; development builds only."`
	printed
}

func (s paymentStore) config() (payment.Config, error) {
	c, err := clock.New(s.ClockFile)
	if err != nil {
		return payment.Config{}, err
	}
	token, err := textOrFile(s.Token, s.TokenFile)
	return payment.Config{Keys: s.Keys, Hub: s.Hub, Token: token, PrivateNetwork: s.PrivateNetwork, Now: c.Now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}, err
}

type paymentServe struct {
	Listen     string `env:"LOCKSTEP_PAYMENT_LISTEN" default:"127.0.0.1:8060" help:"Address of /webhook and /healthz."`
	Secret     string `env:"LOCKSTEP_PAYMENT_SECRET" xor:"secret" help:"The provider's webhook secret, whsec_ and Base64. Prefer the environment or a file."`
	SecretFile string `env:"LOCKSTEP_PAYMENT_SECRET_FILE" xor:"secret" type:"existingfile" help:"File that holds the secret."`
}

func (s paymentServe) Run(c *commands) error {
	config, err := c.Payment.config()
	if err != nil {
		return err
	}
	if config.Secret, err = textOrFile(s.Secret, s.SecretFile); err != nil {
		return err
	}
	config.Listen = s.Listen
	config.Listening = func(a net.Addr) { fmt.Printf("payment ready listen=%s\n", a) }
	service, err := payment.Open(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return service.Serve(ctx)
}

type paymentInit struct{}

func (paymentInit) Run(c *commands) error {
	key, err := payment.Init(c.Payment.Keys)
	if err != nil {
		return err
	}
	return c.Payment.print(key, func(w io.Writer) {
		fmt.Fprintf(w, "key\t%s %s\nfingerprint\t%s\n", key.Algorithm, key.Public, key.Fingerprint)
	})
}

type paymentPaid struct {
	Barcode   string `arg:"" help:"Of any parcel of the shipment."`
	Amount    int64  `required:"" help:"In the currency's smallest unit, such as kopecks; all of it."`
	Currency  string `default:"RUB" help:"ISO 4217."`
	Reference string `required:"" help:"What the payment is called in your books."`
}

func (p paymentPaid) Run(c *commands) error {
	config, err := c.Payment.config()
	if err != nil {
		return err
	}
	service, err := payment.Open(config)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	charge, err := service.Take(ctx, payment.Payment{Barcode: p.Barcode, Amount: p.Amount, Currency: p.Currency, Reference: p.Reference, At: config.Now()})
	if err != nil {
		return err
	}
	return c.Payment.print(charge, func(w io.Writer) {
		fmt.Fprintf(w, "paid\tshipment %s\t%d %s\n", charge.Shipment, charge.Amount, charge.Currency)
	})
}
