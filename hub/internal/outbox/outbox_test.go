package outbox

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// watch is a clock that tests move.
type watch struct {
	mu sync.Mutex
	at time.Time
}

func (w *watch) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.at }
func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// got is one request that a receiver saw.
type got struct {
	header http.Header
	body   []byte
}

// receiver answers with one status after the other, the last of them for ever.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int
	seen     []got
}

func newReceiver(t *testing.T, statuses ...int) *receiver {
	r := &receiver{statuses: statuses}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, got{req.Header.Clone(), body})
		status := r.statuses[0]
		if len(r.statuses) > 1 {
			r.statuses = r.statuses[1:]
		}
		if status == http.StatusFound {
			w.Header().Set("Location", r.URL+"/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) requests() []got { r.mu.Lock(); defer r.mu.Unlock(); return slices.Clone(r.seen) }

func TestToldToStopBeforeItBegan(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		o, err := New(t.Context(), Config{DB: d, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := o.Run(stopped); err != nil {
			t.Error(err)
		}
	})
}

// bench is an outbox at work on a fresh database.
type bench struct {
	*Outbox
	clock  *watch
	events <-chan *river.Event
}

func newBench(t *testing.T, d *db.DB, change func(*Config)) *bench {
	t.Helper()
	clock := &watch{at: time.Now()}
	c := Config{DB: d, Now: clock.now, Log: slog.New(slog.DiscardHandler), AllowPrivate: true,
		Schedule: []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}, Poll: 10 * time.Millisecond}
	if change != nil {
		change(&c)
	}
	o, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	events, stop := o.client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		stop()
	})
	return &bench{o, clock, events}
}

func (b *bench) endpoint(t *testing.T, url string, types ...string) (Endpoint, Secret) {
	t.Helper()
	e, secret, err := b.AddEndpoint(t.Context(), "m1", url, types)
	if err != nil {
		t.Fatal(err)
	}
	return e, secret
}

func (b *bench) emit(t *testing.T, m Message) {
	t.Helper()
	if err := b.DB.Tx(t.Context(), func(tx *sql.Tx) error { return b.Emit(t.Context(), tx, m) }); err != nil {
		t.Fatal(err)
	}
}

// wait waits for the job library to have ended n attempts.
func (b *bench) wait(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-b.events:
		case <-time.After(30 * time.Second):
			t.Fatal("no attempt within 30 s")
		}
	}
}

func (b *bench) deliveries(t *testing.T, endpoint string) []Delivery {
	t.Helper()
	list, _, err := b.Deliveries(t.Context(), "m1", endpoint, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func stored(b *bench, id string) Message {
	return Message{ID: id, Merchant: "m1", Type: TypeOf(parcel.WasStored), At: b.clock.now(), Data: map[string]string{"barcode": "200010000000"}}
}

func TestDeliversSigned(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, nil)
		r := newReceiver(t, 204)
		e, secret := b.endpoint(t, r.URL, "parcel.stored")
		other, _ := b.endpoint(t, r.URL, "parcel.collected")
		b.emit(t, stored(b, "event-1"))
		b.wait(t, 1)
		seen := r.requests()
		if len(seen) != 1 || seen[0].header.Get("Webhook-Id") != "event-1" {
			t.Fatalf("received %d requests", len(seen))
		}
		hook, err := webhooks.NewWebhook(secret.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if err := hook.Verify(seen[0].body, seen[0].header); err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(seen[0].body), `"type":"parcel.stored"`) || !strings.Contains(string(seen[0].body), "200010000000") {
			t.Errorf("body %s", seen[0].body)
		}
		list := b.deliveries(t, e.ID)
		if len(list) != 1 || list[0].State != Delivered || len(list[0].Attempts) != 1 || list[0].Attempts[0].Status != 204 {
			t.Errorf("log %+v", list)
		}
		if list := b.deliveries(t, other.ID); len(list) != 0 {
			t.Errorf("an endpoint got a type it did not ask for: %+v", list)
		}
	})
}

func TestWhatIsUndoneIsNotSent(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, nil)
		r := newReceiver(t, 200)
		e, _ := b.endpoint(t, r.URL)
		undone := errors.New("undone")
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			if err := b.Emit(t.Context(), tx, stored(b, "never")); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		b.emit(t, stored(b, "kept"))
		b.emit(t, Message{ID: "other's", Merchant: "m2", Type: "parcel.stored", At: b.clock.now()})
		b.wait(t, 1)
		if seen := r.requests(); len(seen) != 1 || seen[0].header.Get("Webhook-Id") != "kept" {
			t.Errorf("received %d", len(seen))
		}
		if list := b.deliveries(t, e.ID); len(list) != 1 {
			t.Errorf("%d deliveries", len(list))
		}
	})
}

func TestTriesAgain(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int
		attempts int
		state    string
	}{
		{"until it is taken", []int{500, 302, 200}, 3, Delivered},
		{"until the schedule ends", []int{503}, 4, Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
				b := newBench(t, d, nil)
				r := newReceiver(t, tt.statuses...)
				e, _ := b.endpoint(t, r.URL)
				b.emit(t, stored(b, "again"))
				b.wait(t, tt.attempts)
				list := b.deliveries(t, e.ID)
				if len(list) != 1 || list[0].State != tt.state || len(list[0].Attempts) != tt.attempts {
					t.Fatalf("log %+v", list)
				}
				seen := r.requests()
				if len(seen) != tt.attempts {
					t.Errorf("%d requests: a redirect was followed", len(seen))
				}
				for i, s := range seen {
					if s.header.Get("Webhook-Id") != "again" || string(s.body) != string(seen[0].body) {
						t.Errorf("attempt %d was another message", i+1)
					}
				}
				now, err := b.Endpoint(t.Context(), "m1", e.ID)
				if err != nil || now.Disabled != 0 || (now.Failing == 0) != (tt.state == Delivered) {
					t.Errorf("endpoint %+v, %v", now, err)
				}
			})
		})
	}
}

func TestGivesEndpointsUp(t *testing.T) {
	t.Run("gone", func(t *testing.T) {
		dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
			b := newBench(t, d, nil)
			r := newReceiver(t, 410)
			e, _ := b.endpoint(t, r.URL)
			b.emit(t, stored(b, "1"))
			b.wait(t, 1)
			b.emit(t, stored(b, "2"))
			now, err := b.Endpoint(t.Context(), "m1", e.ID)
			if err != nil || now.Disabled == 0 || len(b.deliveries(t, e.ID)) != 1 {
				t.Errorf("endpoint %+v, %v", now, err)
			}
			if _, err := b.Test(t.Context(), "m1", e.ID); fault.KindOf(err) != fault.Conflict {
				t.Errorf("test of a disabled endpoint: %v", err)
			}
		})
	})
	t.Run("five days", func(t *testing.T) {
		dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
			b := newBench(t, d, nil)
			r := newReceiver(t, 500)
			e, _ := b.endpoint(t, r.URL)
			b.emit(t, stored(b, "1"))
			b.wait(t, 4)
			b.clock.pass(giveUpAfter - time.Hour)
			b.emit(t, stored(b, "2"))
			b.wait(t, 4)
			if now, err := b.Endpoint(t.Context(), "m1", e.ID); err != nil || now.Disabled != 0 {
				t.Fatalf("given up early: %+v, %v", now, err)
			}
			b.clock.pass(time.Hour)
			b.emit(t, stored(b, "3"))
			b.wait(t, 2) // the attempt that gives it up, and the one that finds it given up
			now, err := b.Endpoint(t.Context(), "m1", e.ID)
			if err != nil || now.Disabled == 0 || b.deliveries(t, e.ID)[0].State != Failed {
				t.Errorf("endpoint %+v, %v", now, err)
			}
		})
	})
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, func(c *Config) { c.AllowPrivate = false })
		r := newReceiver(t, 200)
		address := strings.Replace(strings.Replace(r.URL, "http://", "https://", 1), "127.0.0.1", "localhost", 1)
		e, _ := b.endpoint(t, address)
		if _, err := b.Test(t.Context(), "m1", e.ID); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Replay(t.Context(), "m1", e.ID, []Message{stored(b, "replayed")}); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		b.wait(t, 2*len(b.Schedule)+2)
		list := b.deliveries(t, e.ID)
		if len(list) != 2 || len(r.requests()) != 0 {
			t.Fatalf("log %+v", list)
		}
		if _, err := b.Resend(t.Context(), "m1", e.ID, list[0].ID); err != nil {
			t.Fatal(err)
		}
		b.wait(t, len(b.Schedule)+1)
		for _, v := range b.deliveries(t, e.ID) {
			for _, a := range v.Attempts {
				if a.Failure != errPrivate.Error() {
					t.Errorf("%s: %+v", v.Type, a)
				}
			}
			if v.State != Failed || len(v.Attempts) != len(b.Schedule)+1 || len(r.requests()) != 0 {
				t.Errorf("%+v", v)
			}
		}
	})
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "1.1.1.1": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false, "240.0.0.1": false,
		"::1": false, "::": false, "fe80::1%eth0": false, "fc00::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::127.0.0.1": false, "ff02::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestEndpoints(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, func(c *Config) { c.AllowPrivate = false })
		for _, url := range []string{"", "x", "/x", "http://example.org/", "ftp://example.org/", "https://u:p@example.org/", "https://example.org/#f",
			"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1:8443/x", "https:opaque", "https://example.org/" + strings.Repeat("x", 2000)} {
			if _, _, err := b.AddEndpoint(t.Context(), "m1", url, nil); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%.40q: %v", url, err)
			}
		}
		if _, _, err := b.AddEndpoint(t.Context(), "m1", "https://example.org/", []string{"parcel.eaten"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("unknown type: %v", err)
		}
		e, _ := b.endpoint(t, "https://example.org/hook?x=1", "parcel.stored", "parcel.stored")
		if len(e.Types) != 1 {
			t.Errorf("types %v", e.Types)
		}
		if _, err := b.Endpoint(t.Context(), "m2", e.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another merchant's: %v", err)
		}
		for _, err := range []error{b.DropEndpoint(t.Context(), "m2", e.ID), b.DropEndpoint(t.Context(), "m1", "no such")} {
			if fault.KindOf(err) != fault.NotFound {
				t.Error(err)
			}
		}
		for range maxEndpoints - 1 {
			b.endpoint(t, "https://example.org/")
		}
		if _, _, err := b.AddEndpoint(t.Context(), "m1", "https://example.org/", nil); fault.KindOf(err) != fault.Conflict {
			t.Errorf("one too many: %v", err)
		}
		if err := b.DropEndpoint(t.Context(), "m1", e.ID); err != nil {
			t.Error(err)
		}
		if list, err := b.Endpoints(t.Context(), "m1"); err != nil || len(list) != maxEndpoints-1 {
			t.Errorf("%d left, %v", len(list), err)
		}
	})
}

func TestPruneKeepsWhatIsToBeSent(t *testing.T) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, func(c *Config) { c.Schedule = []time.Duration{time.Hour} })
		r := newReceiver(t, 200, 500)
		e, _ := b.endpoint(t, r.URL)
		b.emit(t, stored(b, "done"))
		b.wait(t, 1)
		b.emit(t, stored(b, "waits"))
		b.wait(t, 1)
		b.clock.pass(keptFor + time.Hour)
		if err := b.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list := b.deliveries(t, e.ID); len(list) != 1 || list[0].Message != "waits" {
			t.Errorf("kept %+v", list)
		}
	})
}
