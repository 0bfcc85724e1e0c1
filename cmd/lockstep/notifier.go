package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pelletier/go-toml/v2"

	"lockstep/guard/clock"
	"lockstep/notifier"
)

type notifierCommand struct {
	Serve  notifierServe  `cmd:"" default:"withargs" help:"Run the notifier (the default)."`
	Forget notifierForget `cmd:"" help:"Erase a parcel's contact and codes at once."`
	Resend notifierResend `cmd:"" help:"Send a waiting parcel's code to its recipient once more: the same code."`
	Keys   notifierKeys   `cmd:"" name:"contact-key" help:"Which merchants' keys sign contacts."`
	Alarms notifierAlarms `cmd:"" help:"List what an operator should look at, newest first, as JSON."`
	Status notifierStatus `cmd:"" help:"Count contacts, parcels and messages, as JSON. Nobody's data."`
	Follow notifierFollow `cmd:"" name:"follow-again" help:"Believe a locker's stopped journal again, from where it was last verified."`
}

// notifierPlace is where a notifier keeps its things.
type notifierPlace struct {
	Keys     string `required:"" type:"existingdir" env:"LOCKSTEP_NOTIFIER_KEYS" help:"Folder with charter.bundle, time-notifier.seed and notifier.seal; those of before in charters/ and seals/."`
	Database string `required:"" env:"LOCKSTEP_NOTIFIER_DATABASE" help:"Path of an SQLite file, made when missing, or a postgres:// URL."`
	ClockAt  string `name:"clock-file" env:"LOCKSTEP_CLOCK_FILE" help:"Two offsets in µs to add to the clocks; development builds only."`
}

type notifierServe struct {
	notifierPlace
	Hub            string        `required:"" env:"LOCKSTEP_NOTIFIER_HUB" help:"The hub's URL."`
	Token          string        `env:"LOCKSTEP_NOTIFIER_TOKEN" xor:"token" help:"Token for the hub's feed (see: lockstep hub notifier token). Prefer the environment or a file."`
	TokenFile      string        `env:"LOCKSTEP_NOTIFIER_TOKEN_FILE" xor:"token" type:"existingfile" help:"File that holds the token."`
	PrivateNetwork bool          `env:"LOCKSTEP_NOTIFIER_PRIVATE_NETWORK" help:"The network to the hub is private: plain http is all right."`
	Listen         string        `default:"127.0.0.1:8090" env:"LOCKSTEP_NOTIFIER_LISTEN" help:"Address of the code page and /healthz."`
	Origin         string        `env:"LOCKSTEP_NOTIFIER_ORIGIN" help:"How recipients reach the code page, such as https://n.example; http://LISTEN when empty."`
	Keep           time.Duration `default:"720h" env:"LOCKSTEP_NOTIFIER_KEEP" help:"How long a contact stays after its parcel's end."`
	Inbox          string        `env:"LOCKSTEP_NOTIFIER_INBOX" help:"Show what is sent on a page at this loopback address, and send there what has no other channel; development charters only."`

	HubTokenFile string `env:"LOCKSTEP_NOTIFIER_HUB_TOKEN_FILE" type:"existingfile" help:"File that holds what the hub asks with for the names on labels; without it the hub may not ask."`
	NamesPerHour int    `default:"2000" env:"LOCKSTEP_NOTIFIER_NAMES_PER_HOUR" help:"How many names the hub is told in an hour; more is an alarm."`

	SMTPHost         string `name:"smtp-host" env:"LOCKSTEP_SMTP_HOST" help:"Mail server; empty for no mail."`
	SMTPPort         int    `name:"smtp-port" default:"587" env:"LOCKSTEP_SMTP_PORT" help:"Its port."`
	SMTPTLS          string `name:"smtp-tls" default:"starttls" enum:"starttls,tls,none" env:"LOCKSTEP_SMTP_TLS" help:"How the connection is kept private: ${enum}; none is for this machine only."`
	SMTPUser         string `name:"smtp-user" env:"LOCKSTEP_SMTP_USER" help:"User name; empty for no log-in."`
	SMTPPasswordFile string `name:"smtp-password-file" type:"existingfile" env:"LOCKSTEP_SMTP_PASSWORD_FILE" help:"File that holds the password; or LOCKSTEP_SMTP_PASSWORD."`
	SMTPFrom         string `name:"smtp-from" env:"LOCKSTEP_SMTP_FROM" help:"Sender, such as Lockstep <noreply@n.example>."`

	SMSGateway    string `name:"sms-gateway" type:"existingfile" env:"LOCKSTEP_SMS_GATEWAY" help:"TOML file that describes an SMS gateway: method, url, body, success, final, [headers]; templates over To, Text, ID, Secret."`
	SMSSecretFile string `name:"sms-secret-file" type:"existingfile" env:"LOCKSTEP_SMS_SECRET_FILE" help:"File that holds the gateway's secret; or LOCKSTEP_SMS_SECRET."`
}

// Run serves until SIGINT or SIGTERM.
func (c notifierServe) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	config, err := c.config()
	if err != nil {
		return err
	}
	return notifier.Run(ctx, config)
}

func (c notifierServe) config() (notifier.Config, error) {
	var none notifier.Config
	now, err := clock.New(c.ClockAt)
	if err != nil {
		return none, err
	}
	token, err := notifierSecret(c.TokenFile, c.Token)
	if err != nil {
		return none, err
	}
	hubToken, err := notifierSecret(c.HubTokenFile, "")
	if err != nil {
		return none, err
	}
	if c.HubTokenFile != "" && hubToken == "" {
		return none, fmt.Errorf("%s: there is no token in it", c.HubTokenFile)
	}
	mail, err := c.mail()
	if err != nil {
		return none, err
	}
	sms, err := c.sms()
	if err != nil {
		return none, err
	}
	if c.Origin == "" {
		c.Origin = "http://" + c.Listen
	}
	return notifier.Config{Hub: c.Hub, Token: token, PrivateNetwork: c.PrivateNetwork, Keys: c.Keys, Database: c.Database, Listen: c.Listen,
		Origin: c.Origin, SMTP: mail, SMS: sms, Inbox: c.Inbox, Keep: c.Keep, HubToken: hubToken, AsksPerHour: c.NamesPerHour, Clock: now, Log: slog.Default()}, nil
}

func (c notifierServe) mail() (*notifier.SMTPConfig, error) {
	if c.SMTPHost == "" {
		return nil, nil
	}
	password, err := notifierSecret(c.SMTPPasswordFile, os.Getenv("LOCKSTEP_SMTP_PASSWORD"))
	return &notifier.SMTPConfig{Host: c.SMTPHost, Port: c.SMTPPort, TLS: notifier.TLSMode(c.SMTPTLS), User: c.SMTPUser, Password: password, From: c.SMTPFrom}, err
}

func (c notifierServe) sms() (*notifier.SMSConfig, error) {
	if c.SMSGateway == "" {
		return nil, nil
	}
	file, err := os.Open(c.SMSGateway)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var config notifier.SMSConfig
	if err := toml.NewDecoder(file).DisallowUnknownFields().Decode(&config); err != nil {
		return nil, fmt.Errorf("%s: %w", c.SMSGateway, err)
	}
	config.Secret, err = notifierSecret(c.SMSSecretFile, os.Getenv("LOCKSTEP_SMS_SECRET"))
	return &config, err
}

func notifierSecret(path, other string) (notifier.Secret, error) {
	text, err := textOrFile(other, path)
	return notifier.Secret(text.Reveal()), err
}

type notifierForget struct {
	notifierPlace
	Barcode string `required:"" help:"The parcel's barcode."`
}

func (c notifierForget) Run() error {
	return c.with(func(ctx context.Context, b notifier.Book, now time.Time) error { return b.Forget(ctx, c.Barcode, now) })
}

type notifierResend struct {
	notifierPlace
	Barcode string `required:"" help:"The parcel's barcode."`
}

func (c notifierResend) Run() error {
	return c.with(func(ctx context.Context, b notifier.Book, now time.Time) error { return b.Resend(ctx, c.Barcode, now) })
}

type notifierKeys struct {
	Add notifierKeyAdd `cmd:"" help:"Believe a contact key: signed by the key before, or by two operators. Says which holds now, as JSON."`
}

type notifierKeyAdd struct {
	notifierPlace
	File string `arg:"" type:"existingfile" help:"The signed statement."`
}

func (c notifierKeyAdd) Run() error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return c.with(func(ctx context.Context, b notifier.Book, _ time.Time) error {
		key, err := b.AddContactKey(ctx, data)
		return notifierJSON(map[string]any{"merchant": key.Merchant, "prefix": key.Prefix, "serial": key.Serial, "key": key.Key.Fingerprint()}, err)
	})
}

type notifierFollow struct {
	notifierPlace
	Locker string `required:"" help:"The locker's id."`
}

func (c notifierFollow) Run() error {
	return c.with(func(ctx context.Context, b notifier.Book, _ time.Time) error { return b.FollowAgain(ctx, c.Locker) })
}

type notifierAlarms struct {
	notifierPlace
	Limit int `default:"50" help:"How many."`
}

func (c notifierAlarms) Run() error {
	return c.with(func(ctx context.Context, b notifier.Book, _ time.Time) error {
		alarms, err := b.Alarms(ctx, c.Limit)
		return notifierJSON(map[string]any{"alarms": append([]notifier.Alarm{}, alarms...)}, err)
	})
}

type notifierStatus struct{ notifierPlace }

func (c notifierStatus) Run() error {
	return c.with(func(ctx context.Context, b notifier.Book, _ time.Time) error {
		status, err := b.Status(ctx)
		return notifierJSON(status, err)
	})
}

// with does one act on the notifier's ledger; the notifier may be running meanwhile.
func (p notifierPlace) with(do func(context.Context, notifier.Book, time.Time) error) error {
	now, err := clock.New(p.ClockAt)
	if err != nil {
		return err
	}
	ctx := context.Background()
	book, closeBook, err := notifier.OpenBook(ctx, p.Keys, p.Database)
	if err != nil {
		return err
	}
	defer closeBook()
	return do(ctx, book, now.Now())
}

func notifierJSON(v any, err error) error {
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
