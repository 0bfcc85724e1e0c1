// Package outbox tells merchants what happens to their parcels: webhooks by the Standard Webhooks scheme
// (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md), delivered at least once. A message is written in
// the transaction that it is about, and sent after it by whichever node is free.
package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"lockstep/hub/internal/outbox/store"
	"lockstep/internal/db"
	"lockstep/parcel"
)

const (
	giveUpAfter = 5 * 24 * time.Hour  // an endpoint that fails for so long is disabled
	keptFor     = 30 * 24 * time.Hour // how long finished deliveries are listed
	senders     = 8                   // deliveries under way at once on one node
	replayers   = 2                   // and of those that are sent again or as a test, so that they keep no news waiting
)

// schedule is what the scheme proposes to wait after the first failure, the second and so on: ten attempts over three days.
var schedule = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
	14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// Config is what the room stands on.
type Config struct {
	DB           *db.DB
	Now          func() time.Time
	Log          *slog.Logger
	AllowPrivate bool            // development only: endpoints may be http and have private or loopback addresses
	Schedule     []time.Duration // waits between attempts; nil is the scheme's, over three days
	Poll         time.Duration   // how often to look for due deliveries; 0 is every second
}

// Outbox is the room.
type Outbox struct {
	Config
	client *river.Client[*sql.Tx]
	http   *http.Client
}

// New opens the room and brings the job library's own tables up to date. Messages can be put in at once; they are sent while
// Run runs, here or on another node.
func New(ctx context.Context, c Config) (*Outbox, error) {
	if c.Schedule == nil {
		c.Schedule = schedule
	}
	if c.Poll == 0 {
		c.Poll = time.Second
	}
	o := &Outbox{Config: c, http: client(c.AllowPrivate)}
	driver := driver(c.DB)
	if err := o.migrate(ctx, driver); err != nil {
		return nil, err
	}
	var err error
	if o.client, err = river.NewClient(driver, o.config()); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return o, nil
}

func driver(d *db.DB) riverdriver.Driver[*sql.Tx] {
	if d.Engine() == db.SQLite {
		return riversqlite.New(d.Writer())
	}
	return riverdatabasesql.New(d.Writer())
}

func (o *Outbox) config() *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, &sender{outbox: o})
	return &river.Config{
		Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: senders}, asked: {MaxWorkers: replayers}},
		FetchPollInterval: o.Poll, FetchCooldown: min(o.Poll, 100*time.Millisecond),
		JobTimeout: 2 * attemptTimeout, RescueStuckJobsAfter: 5 * time.Minute, SoftStopTimeout: 3 * time.Second,
		Logger: slog.New(quiet{o.Log.Handler()}),
	}
}

// migrate makes the job library's tables. On PostgreSQL one node at a time: the library does not keep nodes apart itself.
func (o *Outbox) migrate(ctx context.Context, driver riverdriver.Driver[*sql.Tx]) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if o.DB.Engine() == db.Postgres {
		conn, err := o.DB.Writer().Conn(ctx)
		if err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		defer conn.Close()
		const lock = 0x6f7574626f78 // "outbox"
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(lock)); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(lock))
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("outbox: migrate: %w", err)
	}
	return nil
}

// Run sends until ctx ends; then what is under way has three seconds to finish.
func (o *Outbox) Run(ctx context.Context) error {
	if err := o.client.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before the library had begun
		}
		return fmt.Errorf("outbox: %w", err)
	}
	prune := time.NewTicker(time.Hour)
	defer prune.Stop()
	for {
		select {
		case <-o.client.Stopped():
			return nil
		case <-prune.C:
			if err := o.Prune(ctx); err != nil && ctx.Err() == nil {
				o.Log.Error("outbox: prune", "err", err)
			}
		}
	}
}

// Prune forgets finished deliveries that are older than 30 days.
func (o *Outbox) Prune(ctx context.Context) error {
	return o.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := store.New(tx).DropDeliveries(ctx, o.Now().Add(-keptFor).UnixMicro())
		return err
	})
}

// Message is one thing that happened, for one merchant.
type Message struct {
	ID       string // the same for the same thing: receivers tell repetitions by it
	Merchant string
	Type     string // one of Types
	At       time.Time
	Data     any // JSON
}

// testType is what Test sends.
const testType = "webhook.test"

// TypeOf is the type of a message about a parcel's fact: "parcel.deposit_failed".
func TypeOf(what parcel.Fact) string { return "parcel." + strings.ReplaceAll(string(what), " ", "_") }

// Types are all types a merchant can ask for, in alphabetical order.
func Types() []string {
	var types []string
	for _, row := range parcel.Lifecycle() {
		types = append(types, TypeOf(row.What))
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// body is the payload in the scheme's form.
func (m Message) body() ([]byte, error) {
	data, err := json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      any       `json:"data"`
	}{m.Type, m.At.UTC(), m.Data})
	if err != nil {
		return nil, fmt.Errorf("outbox: %s %s: %w", m.Type, m.ID, err)
	}
	return data, nil
}

// Emit puts a message in for every endpoint of the merchant that asked for its type, inside the caller's transaction: it is
// sent if and only if that commits.
func (o *Outbox) Emit(ctx context.Context, tx *sql.Tx, m Message) error {
	endpoints, err := store.New(tx).Endpoints(ctx, m.Merchant)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	for _, e := range endpoints {
		if e.Disabled > 0 || !wants(strings.Fields(e.Types), m.Type) {
			continue
		}
		body, err := m.body()
		if err != nil {
			return err
		}
		if _, _, err := o.put(ctx, tx, river.QueueDefault, store.AddDeliveryParams{Endpoint: e.ID, Message: m.ID, Type: m.Type, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

func wants(types []string, kind string) bool { return len(types) == 0 || slices.Contains(types, kind) }

// put writes one delivery and the job that sends it. What waits to be sent already is not put in again; id is then that delivery's.
func (o *Outbox) put(ctx context.Context, tx *sql.Tx, queue string, d store.AddDeliveryParams) (id string, added bool, err error) {
	q := store.New(tx)
	d.ID, d.Created = uuid.Must(uuid.NewV7()).String(), o.Now().UnixMicro()
	rows, err := q.AddDelivery(ctx, d)
	if err != nil {
		return "", false, fmt.Errorf("outbox: %w", err)
	}
	if rows == 0 {
		id, err = q.Waiting(ctx, store.WaitingParams{Endpoint: d.Endpoint, Message: d.Message})
		if errors.Is(err, sql.ErrNoRows) {
			err = db.ErrRaced // it has just been sent
		}
		return id, false, err
	}
	_, err = o.client.InsertTx(ctx, tx, task{d.ID}, &river.InsertOpts{MaxAttempts: len(o.Schedule) + 1, Queue: queue})
	if err != nil {
		return "", false, errors.Join(errors.New("outbox: job"), err)
	}
	return d.ID, true, nil
}

// quiet drops what the job library says about jobs that failed and will be tried again: the delivery log has it.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && q.Handler.Enabled(ctx, level)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }
