// Package hub is the bookkeeping of a parcel-locker network: merchants, parcels, couriers, lockers, tracking, webhooks. It knows
// what lockers did and tells them what to expect; it cannot open a door, and it holds no contact and no code.
package hub

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/api"
	"lockstep/hub/internal/console"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/edge"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/names"
	"lockstep/hub/internal/outbox"
	"lockstep/hub/internal/pickpoint"
	"lockstep/hub/internal/pickup"
	"lockstep/hub/internal/tariff"
	"lockstep/hub/internal/tracking"
	"lockstep/hub/internal/widget"
	"lockstep/hub/migrations"
	"lockstep/internal/courier"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/quota"
	"lockstep/internal/secret"
	"lockstep/internal/web"
	"lockstep/parcel"
)

// Config is what a hub is started with.
type Config struct {
	Keys           string           // the key folder
	Database       string           // path of an SQLite file, or a postgres:// URL
	Listen         string           // host:port of the public HTTP listener
	Edge           string           // host:port of the TLS listener for links
	EdgeNames      []string         // host names and IP addresses under which links reach it
	PublicURL      string           // where people reach the public listener, without a slash at the end
	GS1Prefix      parcel.GS1Prefix // the operator's, from which parcels get SSCCs; empty for none
	FrameAncestor  string           // an origin that may hold the courier's page in a frame; empty for none
	MapTiles       string           // a URL template of the map's background for shops' visitors; empty for none
	MapAttribution string           // what the map says of where its tiles are from
	APIRate        float64          // how many requests a second an API key or a contract may make, four times as many at once; 0 for any number
	AllowPrivate   bool             // webhooks may go to private and loopback addresses; for development
	Now            func() time.Time
	Log            *slog.Logger
	Listening      func(public, edge net.Addr) // called once both listeners are open; may be nil

	NotifierURL     string      // where the notifier is asked for names; empty: nobody is
	NotifierToken   secret.Text // what it is asked with
	NotifierPrivate bool        // plain HTTP to a notifier on another machine is all right
}

// Hub is an open hub: its rooms over one database. Several processes may have the same one open.
type Hub struct {
	config    Config
	db        *db.DB
	keys      keys
	accounts  *account.Accounts
	couriers  *courier.Couriers
	fleet     *fleet.Fleet
	dispatch  *dispatch.Dispatch
	outbox    *outbox.Outbox
	custody   *custody.Custody
	handovers *handover.Handovers
	tariffs   *tariff.Tariffs
	pickups   *pickup.Pickups
	names     *names.Names
}

// Open opens the database, brings its tables up to date and furnishes the rooms from the ground up.
func Open(ctx context.Context, c Config) (*Hub, error) {
	k, err := readKeys(c.Keys, c.Now)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	h := &Hub{config: c, db: d, keys: k}
	if err := h.furnish(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return h, nil
}

// furnish opens the rooms, lowest floor first.
func (h *Hub) furnish(ctx context.Context) (err error) {
	c, d, k := h.config, h.db, h.keys
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		return err
	}
	h.accounts = account.New(account.Config{DB: d, Now: c.Now, Charter: k.charter})
	h.couriers = courier.New(courier.Config{DB: d, Now: c.Now, Keys: k.house, Audit: h.accounts.AuditIn})
	h.dispatch = dispatch.New(dispatch.Config{DB: d, Now: c.Now, Log: c.Log, Dispatch: k.dispatch, Time: k.time, Lockers: h.lockerIDs})
	h.fleet = fleet.New(fleet.Config{DB: d, Now: c.Now, Charter: k.charter, Ring: h.dispatch.Ring})
	h.outbox, err = outbox.New(ctx, outbox.Config{DB: d, Now: c.Now, Log: c.Log, AllowPrivate: c.AllowPrivate})
	if err != nil {
		return err
	}
	h.custody = custody.New(custody.Config{DB: d, Now: c.Now, Log: c.Log, Charters: k.charters, Fleet: h.fleet, Dispatch: h.dispatch, Emit: h.emit, Reach: h.accounts.Reach})
	h.handovers = handover.New(handover.Config{DB: d, Now: c.Now, Custody: h.custody, Charters: k.charters, Name: h.merchantName})
	h.tariffs = tariff.New(tariff.Config{DB: d})
	h.pickups = pickup.New(pickup.Config{DB: d, Now: c.Now})
	h.names, err = names.New(names.Config{URL: c.NotifierURL, Token: c.NotifierToken, Private: c.NotifierPrivate, Now: c.Now, Log: c.Log})
	return err
}

// emit hands a parcel's event to the outbox, in the transaction that makes it.
func (h *Hub) emit(ctx context.Context, tx *sql.Tx, e custody.Event) error {
	return h.outbox.Emit(ctx, tx, api.Message(e, h.config.GS1Prefix, h.tracking))
}

// lockerIDs are all lockers'.
func (h *Hub) lockerIDs(ctx context.Context) (ids []string, err error) {
	return ids, h.db.View(ctx, func(tx *sql.Tx) error {
		return h.fleet.Each(ctx, tx, func(locker string) error {
			ids = append(ids, locker)
			return nil
		})
	})
}

// clean drops what has had its time.
func (h *Hub) clean(ctx context.Context) error {
	return errors.Join(h.accounts.Clean(ctx), h.custody.Clean(ctx), h.dispatch.Clean(ctx), h.pickups.Clean(ctx))
}

// Close closes the database.
func (h *Hub) Close() error { return h.db.Close() }

// Run opens a hub and serves until ctx is done.
func Run(ctx context.Context, c Config) error {
	h, err := Open(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(h.Serve(ctx), h.Close())
}

// Serve opens both doors and does the work between them until ctx is done or one of them fails.
func (h *Hub) Serve(ctx context.Context) error {
	links, err := h.edge()
	if err != nil {
		return err
	}
	doors, err := h.handler()
	if err != nil {
		return err
	}
	public, err := net.Listen("tcp", h.config.Listen)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	defer public.Close()
	dialled, err := net.Listen("tcp", h.config.Edge)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	defer dialled.Close()
	if h.config.Listening != nil {
		h.config.Listening(public.Addr(), dialled.Addr())
	}
	if err := h.warnOfRanges(ctx); err != nil {
		return err
	}
	if !h.names.Asks() {
		h.config.Log.Warn("no notifier to ask: labels and answers have no names of recipients")
	}
	h.config.Log.Info("hub listens", "public", public.Addr().String(), "edge", dialled.Addr().String(), "database", h.db.Engine())
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return h.dispatch.Run(ctx) })
	work.Go(func() error { return h.outbox.Run(ctx) })
	work.Go(func() error { return h.every(ctx, 5*time.Second, "alarms", h.fleet.Sweep) })
	work.Go(func() error { return h.every(ctx, 30*time.Second, "watch", h.custody.Watch) })
	work.Go(func() error { return h.every(ctx, time.Second, "feed", h.custody.Publish) })
	work.Go(func() error { return h.every(ctx, time.Minute, "lapse", h.custody.Lapse) })
	work.Go(func() error { return h.every(ctx, time.Hour, "clean", h.clean) })
	work.Go(func() error { return h.every(ctx, time.Hour, "send on", h.custody.SendOn) })
	work.Go(func() error { return h.every(ctx, 5*time.Second, "forward", h.custody.Forward) })
	work.Go(func() error { return h.every(ctx, 5*time.Second, "revocations", h.tellRevocations) })
	work.Go(func() error { return links.Serve(ctx, dialled) })
	work.Go(func() error { return web.Serve(ctx, public, doors) })
	return work.Wait()
}

// warnOfRanges says how many merchants' parcels get no SSCC, because their number ranges come after the last that fits beside the prefix.
func (h *Hub) warnOfRanges(ctx context.Context) error {
	last := h.config.GS1Prefix.LastRange()
	if last == "" {
		return nil
	}
	merchants, err := h.accounts.Merchants(ctx)
	without := slices.DeleteFunc(merchants, func(m account.Merchant) bool { return m.Range <= last })
	if len(without) > 0 {
		h.config.Log.Warn("merchants whose parcels get no SSCC: the GS1 prefix is too long for their number ranges", "merchants", len(without), "last range", last)
	}
	return err
}

// tellRevocations hands on what house couriers' revocations, replaced phones and other carriers' services have left.
func (h *Hub) tellRevocations(ctx context.Context) error {
	return h.couriers.Tell(ctx, func(ctx context.Context, r courier.Revocation) error { return h.dispatch.Revoke(ctx, r.Carrier, r.Key) })
}

func (h *Hub) edge() (*edge.Edge, error) {
	return edge.New(edge.Config{
		Authority: h.keys.authority, Names: h.config.EdgeNames, Now: h.config.Now, Log: h.config.Log,
		CheckEnrol: h.fleet.CheckEnrol, Enrol: h.fleet.Enrol, Fingerprint: h.fleet.Fingerprint,
		Position: h.custody.Position, Ingest: h.custody.Ingest,
		Down: h.dispatch.Down, Receipts: h.fleet.Receipts, Listen: h.dispatch.Listen,
		Persons: h.dispatch.Persons, Judged: h.dispatch.Judged,
		Raise: h.fleet.Raise,
	})
}

// handler is everything behind the public listener.
func (h *Hub) handler() (http.Handler, error) {
	machines, err := api.New(api.Config{Accounts: h.accounts, Fleet: h.fleet, Custody: h.custody, Handovers: h.handovers, Outbox: h.outbox, Pickups: h.pickups, Names: h.names,
		Revoke: h.couriers.RevokeKey, Notifier: h.keys.charter.Notifier, Network: h.keys.charter.Network, BodyKey: h.keys.body, Tracking: h.tracking, Quota: h.quota(), Now: h.config.Now, Log: h.config.Log,
		PublicURL: h.config.PublicURL, GS1Prefix: h.config.GS1Prefix, ReturnCode: h.returnCode})
	if err != nil {
		return nil, err
	}
	phone := courier.NewPage(courier.Page{Couriers: h.couriers, Network: phones{h.custody, h.handovers}, Log: h.config.Log, FrameAncestor: h.config.FrameAncestor})
	shops := pickpoint.New(pickpoint.Config{GS1Prefix: h.config.GS1Prefix, Accounts: h.accounts, Custody: h.custody, Handovers: h.handovers, Pickups: h.pickups, Names: h.names, Tariffs: h.tariffs, Fleet: h.fleet,
		Network: h.keys.charter.Network, Notifier: h.keys.charter.Notifier, Quota: h.quota(), Now: h.config.Now, Log: h.config.Log, ReturnCode: h.returnCode})
	visitors, err := widget.New(widget.Config{Fleet: h.fleet, Tariff: h.lanes, Tiles: h.tiles(), Now: h.config.Now, Log: h.config.Log})
	if err != nil {
		return nil, err
	}
	passkeys, err := h.accounts.NewPasskeys(h.consoleURL())
	if err != nil {
		h.config.Log.Warn("nobody can sign in to the console", "error", err)
	}
	people, err := console.New(console.Config{Accounts: h.accounts, Passkeys: passkeys, Fleet: h.fleet, Custody: h.custody, Dispatch: h.dispatch, Couriers: h.couriers, Tariffs: h.tariffs, Names: h.names,
		Outbox: h.outbox, Money: h.handovers, API: machines, PrintMoneyAct: h.PrintMoneyAct, Tiles: h.tiles(), Now: h.config.Now, Log: h.config.Log, PublicURL: h.consoleURL(), Restrict: h.restrictFor, Journal: h.Journal, LockerCode: h.lockerCode})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.health)
	for _, path := range []string{"/console", "/console/", "/shop", "/shop/"} {
		mux.Handle(path, h.byName(people))
	}
	for _, path := range []string{"/v1/", "/docs", "/docs/", "/notifier/v1/", "/carrier/v1/", "/payment/v1/"} {
		mux.Handle(path, machines)
	}
	for _, path := range []string{"/courier", "/courier/", "/assets/"} {
		mux.Handle(path, phone)
	}
	mux.Handle("/t/", tracking.New(tracking.Config{Custody: h.custody, Now: h.config.Now, Log: h.config.Log}))
	for _, path := range []string{"/select", "/select/", "/select-test/"} {
		mux.Handle(path, visitors)
	}
	return slashes(mux, shops), nil
}

func (h *Hub) tiles() web.Tiles {
	return web.Tiles{URL: h.config.MapTiles, Attribution: h.config.MapAttribution}
}

// consoleURL is where people sign in. Browsers keep no passkeys for an address that is a number: on one's own machine it is localhost.
func (h *Hub) consoleURL() string {
	u, err := url.Parse(h.config.PublicURL)
	if err != nil || !isLoopback(u.Hostname()) {
		return h.config.PublicURL
	}
	u.Host = net.JoinHostPort("localhost", u.Port())
	return u.String()
}

// byName leads a browser that came to the number of its own machine to the name.
func (h *Hub) byName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host, _, err := net.SplitHostPort(r.Host); err == nil && isLoopback(host) && r.Method == http.MethodGet {
			http.Redirect(w, r, h.consoleURL()+r.URL.RequestURI(), http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// restrictFor asks a locker in the name of somebody who is signed in.
func (h *Hub) restrictFor(ctx context.Context, actor string, r statement.Restriction) error {
	asked, err := h.custody.Restrict(ctx, r, actor)
	if err != nil {
		return err
	}
	return h.accounts.Audit(ctx, actor, "asked: "+asked.Kind+" "+asked.Subject, r.Locker)
}

// quota bounds whoever asks at one of the doors for machines.
func (h *Hub) quota() *quota.Quota {
	return quota.New(h.config.APIRate, int(math.Ceil(4*h.config.APIRate)))
}

// returnCode is what a customer types at the locker to put in the return with a barcode.
func (h *Hub) returnCode(barcode string) string { return custody.ReturnCode(h.keys.body, barcode) }

// lanes are what it is to send from a city to each locker, for a shop's visitors; none from a city that is not known.
func (h *Hub) lanes(ctx context.Context, from string) (map[string]widget.Tariff, error) {
	list := map[string]widget.Tariff{}
	city, err := h.fleet.CityNamed(ctx, from, "")
	if fault.KindOf(err) == fault.NotFound {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	rates, err := h.tariffs.From(ctx, city.ID)
	if err != nil {
		return nil, err
	}
	sites, err := h.fleet.Sites(ctx, "")
	for _, s := range sites {
		if l, ok := rates.Lane(s.City.ID, s.Locker); ok {
			list[s.Locker] = widget.Tariff{Zone: strconv.Itoa(l.Zone), Coeff: float64(l.Coefficient) / 1000, DeliveryMin: l.Standard.Min, DeliveryMax: l.Standard.Max}
		}
	}
	return list, err
}

// slashes takes requests of shops' old software before the mux, which would redirect paths with a slash too many; it does not follow.
func slashes(mux, shops http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first, _, _ := strings.Cut(strings.TrimLeft(r.URL.Path, "/"), "/"); first == "api" || first == "apitest" {
			shops.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// health answers 200 when the database does.
func (h *Hub) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := h.db.Reads().PingContext(ctx); err != nil {
		h.config.Log.Error("database does not answer", "error", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// every does a chore now and then at a pace until ctx is done. A failure is logged; the next round tries again.
func (h *Hub) every(ctx context.Context, pace time.Duration, name string, chore func(context.Context) error) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		if err := chore(ctx); err != nil && ctx.Err() == nil {
			h.config.Log.Error("chore failed; trying again", "chore", name, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// tracking is the public page of a parcel.
func (h *Hub) tracking(token string) string {
	return h.config.PublicURL + "/t/" + url.PathEscape(token)
}
