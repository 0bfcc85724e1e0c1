// Package carrier is a carrier's own service: it keeps the carrier's key, certifies its couriers' phones and serves the page that
// uses those certificates from the carrier's own origin. Of the hub it asks what there is to do, and tells it which phones are
// revoked; neither the hub nor its database nor a page of its can act as this carrier.
package carrier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/carrier/migrations"
	"lockstep/guard/statement"
	"lockstep/internal/courier"
	"lockstep/internal/db"
	"lockstep/internal/peer"
	"lockstep/internal/secret"
	"lockstep/internal/web"
)

// Config is what a service is started with.
type Config struct {
	Keys     string // folder with carrier.seed and charter.bundle
	Database string // path of an SQLite file
	Origin   string // where couriers reach Listen: https://c.example, without a slash at the end
	Now      func() time.Time
	Log      *slog.Logger

	// For Serve only.
	Listen         string         // host:port of the courier's page and /healthz
	Hub            string         // its URL
	Token          secret.Text    // for asking the hub
	PrivateNetwork bool           // plain HTTP to a hub on another machine is all right
	FrameAncestor  string         // an origin that may hold the courier's page in a frame; empty for none
	Listening      func(net.Addr) // called once the listener is open; may be nil
}

// Carrier is an open service. Commands work on its database beside a running one.
type Carrier struct {
	config   Config
	db       *db.DB
	keys     keys
	couriers *courier.Couriers
}

// Open opens the database and brings its tables up to date. It refuses a key that the charter gives to no carrier.
func Open(ctx context.Context, c Config) (*Carrier, error) {
	if err := checkOrigin(c.Origin); err != nil {
		return nil, err
	}
	k, err := readKeys(c.Keys)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	if d.Engine() != db.SQLite {
		return nil, errors.Join(errors.New("carrier: the database is the path of an SQLite file"), d.Close())
	}
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	s := &Carrier{config: c, db: d, keys: k}
	s.couriers = courier.New(courier.Config{DB: d, Now: c.Now, Keys: map[string]*statement.Signer{k.carrier: k.signer}, Audit: s.auditIn})
	return s, nil
}

// checkOrigin refuses an origin under which no phone would keep a key.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Scheme != "https" && (u.Scheme != "http" || !peer.Loopback(u.Hostname())) {
		return errors.New("carrier: the origin must look like https://c.example, for phones keep keys under https only")
	}
	return nil
}

// Close closes the database.
func (c *Carrier) Close() error { return c.db.Close() }

// Run opens a service and serves until ctx is done.
func Run(ctx context.Context, config Config) error {
	c, err := Open(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(c.Serve(ctx), c.Close())
}

// Serve serves the courier's page, and tells the hub of revocations, until ctx is done. Without a hub phones still enrol and renew.
func (c *Carrier) Serve(ctx context.Context) error {
	hub, err := newHub(c.config.Hub, c.config.Token.Reveal(), c.config.PrivateNetwork, nil)
	if err != nil {
		return err
	}
	hub.log = c.config.Log
	listener, err := net.Listen("tcp", c.config.Listen)
	if err != nil {
		return fmt.Errorf("carrier: %w", err)
	}
	defer listener.Close()
	if c.config.Listening != nil {
		c.config.Listening(listener.Addr())
	}
	c.config.Log.Info("carrier listens", "carrier", c.keys.carrier, "network", c.keys.network, "listen", listener.Addr().String())
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return c.tell(ctx, hub) })
	work.Go(func() error { return web.Serve(ctx, listener, c.handler(hub)) })
	return work.Wait()
}

func (c *Carrier) handler(hub *hub) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", c.health)
	mux.Handle("/", courier.NewPage(courier.Page{Couriers: c.couriers, Network: hub, Log: c.config.Log, FrameAncestor: c.config.FrameAncestor}))
	return mux
}

// health answers 200 when the database does.
func (c *Carrier) health(w http.ResponseWriter, r *http.Request) {
	if err := c.db.Reads().PingContext(r.Context()); err != nil {
		c.config.Log.Error("database does not answer", "error", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// pace is how often the service looks for revocations that the hub was not told of.
const pace = 5 * time.Second

func (c *Carrier) tell(ctx context.Context, hub *hub) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		if err := c.couriers.Tell(ctx, hub.revoke); err != nil && ctx.Err() == nil {
			c.config.Log.Error("the hub was not told of revoked phones; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
