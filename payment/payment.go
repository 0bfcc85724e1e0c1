// Package payment is the network's payment service. It hears from a payment provider what was paid for at a parcel's collection, and says
// so with its key: that word, and nothing the hub could say, opens a parcel to its code where both were fixed at its deposit. It keeps
// nothing: a provider repeats what was not taken, and the hub keeps what was signed.
package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/sync/errgroup"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/internal/peer"
	"lockstep/internal/secret"
	"lockstep/internal/web"
)

// Config is what a service is started with.
type Config struct {
	Keys           string // folder with payment.seed and charter.bundle
	Hub            string // its URL
	Token          secret.Text
	PrivateNetwork bool // plain HTTP to a hub on another machine is all right
	Now            func() time.Time
	Log            *slog.Logger

	// For Serve only.
	Listen    string         // host:port of /webhook and /healthz
	Secret    secret.Text    // whsec_…, with which the provider signs
	Listening func(net.Addr) // called once the listener is open; may be nil
}

// Service is an open service.
type Service struct {
	config  Config
	signer  *statement.Signer
	charter statement.Charter
	hub     *peer.Client
}

const (
	patience  = 10 * time.Second
	maxAnswer = 1 << 20
)

const seedName = "payment"

// Init makes the service's key in a folder and shows its public half; a key that is there already is shown and kept.
func Init(dir string) (ceremony.KeyView, error) {
	key, err := ceremony.InitKey(dir, seedName)
	if err != nil {
		return key, fmt.Errorf("payment: %w", err)
	}
	return key, nil
}

// Open reads the key and refuses one that the charter does not name.
func Open(c Config) (*Service, error) {
	signer, err := ceremony.ReadSigner(filepath.Join(c.Keys, seedName+".seed"))
	if err != nil {
		return nil, fmt.Errorf("payment: %w", err)
	}
	charter, _, err := ceremony.ReadCharter(filepath.Join(c.Keys, "charter.bundle"))
	if err != nil {
		return nil, fmt.Errorf("payment: the charter: %w", err)
	}
	if _, ok := charter.Payments.Lookup(signer.Key().ID()); !ok {
		return nil, fmt.Errorf("payment: the charter of network %q, epoch %d, does not name the key with fingerprint %s for payments; its roots have to sign one that does",
			charter.Network, charter.Epoch, signer.Key().Fingerprint())
	}
	hub, err := peer.New(peer.Config{URL: c.Hub, Path: "/payment/v1/", Token: c.Token, PrivateNetwork: c.PrivateNetwork, Patience: patience, MaxAnswer: maxAnswer})
	if err != nil {
		return nil, fmt.Errorf("payment: the hub: %w", err)
	}
	return &Service{c, signer, charter, hub}, nil
}

// Serve hears the provider until ctx is done, and signs anew for parcels that went to another locker.
func (s *Service) Serve(ctx context.Context) error {
	hook, err := standardwebhooks.NewWebhook(s.config.Secret.Reveal())
	if err != nil || s.config.Secret.Reveal() == "" {
		return errors.New("payment: the provider's secret must look like whsec_ and Base64")
	}
	listener, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	defer listener.Close()
	if s.config.Listening != nil {
		s.config.Listening(listener.Addr())
	}
	s.config.Log.Info("payment service listens", "network", s.charter.Network, "listen", listener.Addr().String())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("POST /webhook", &provider{s, hook})
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return s.follow(ctx) })
	work.Go(func() error { return web.Serve(ctx, listener, mux) })
	return work.Wait()
}

// Payment is money that has come in for a shipment, by any of its parcels.
type Payment struct {
	Barcode   string
	Amount    int64 // in the currency's smallest unit
	Currency  string
	Reference string // the provider's
	At        time.Time
}

// Charge is what is due for a shipment, as the hub says.
type Charge struct {
	Shipment string `json:"shipment"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Paid     int64  `json:"paid"` // µs UTC; 0 before
	Parcels  []struct {
		Barcode string `json:"barcode"`
		Locker  string `json:"locker"`
	} `json:"parcels"`
}

// ErrAnotherAmount is money that does not fit what is due.
var ErrAnotherAmount = errors.New("payment: another amount is due")

// Take signs a payment, one statement for each parcel of its shipment, and hands it to the hub. A second time is no error.
func (s *Service) Take(ctx context.Context, p Payment) (Charge, error) {
	var due Charge
	if err := s.hub.Get(ctx, "charges/"+p.Barcode, &due); err != nil {
		return due, fmt.Errorf("payment: %w", err)
	}
	if due.Amount != p.Amount || due.Currency != p.Currency {
		return due, ErrAnotherAmount
	}
	var envelopes [][]byte
	for _, parcel := range due.Parcels {
		envelope, err := s.sign(statement.Paid{Locker: parcel.Locker, Barcode: parcel.Barcode, Amount: p.Amount, Currency: p.Currency, At: p.At.UnixMicro(), Reference: p.Reference})
		if err != nil {
			return due, err
		}
		envelopes = append(envelopes, envelope)
	}
	if err := s.hub.Post(ctx, "payments", map[string]any{"envelopes": envelopes}, &due); err != nil {
		return due, fmt.Errorf("payment: %w", err)
	}
	return due, nil
}

// sign holds a statement's bounds before it is signed: the hub and the provider have filled it.
func (s *Service) sign(p statement.Paid) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("payment: %w", err)
	}
	envelope, err := statement.Sign(s.signer, p)
	if err != nil {
		return nil, fmt.Errorf("payment: %w", err)
	}
	return envelope, nil
}

// pace is how often the service looks for parcels that went to another locker than was paid for.
const pace = 10 * time.Second

func (s *Service) follow(ctx context.Context) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		if err := s.Readdress(ctx); err != nil && ctx.Err() == nil {
			s.config.Log.Error("payments of parcels that moved were not signed anew; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Readdress signs payments anew whose parcels are at, or on their way to, another locker. It believes the hub where they are, and only its
// own key that they were paid for.
func (s *Service) Readdress(ctx context.Context) error {
	var answer struct {
		List []struct {
			Barcode  string `json:"barcode"`
			Locker   string `json:"locker"`
			Envelope []byte `json:"envelope"`
		} `json:"misaddressed"`
	}
	if err := s.hub.Get(ctx, "misaddressed", &answer); err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	var failed error
	for _, m := range answer.List {
		p, _, err := statement.Verify[statement.Paid](m.Envelope, s.charter.Payments.Lookup)
		if err != nil || p.Barcode != m.Barcode {
			failed = errors.Join(failed, fmt.Errorf("payment: what the hub says was paid for %q is not signed", m.Barcode))
			continue
		}
		p.Locker = m.Locker
		envelope, err := s.sign(p)
		if err == nil {
			err = s.hub.Post(ctx, "payments", map[string]any{"envelopes": [][]byte{envelope}}, nil)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
