package api_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/api"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/guardtest"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/names"
	"lockstep/hub/internal/outbox"
	"lockstep/hub/internal/pickup"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/secret"
	"lockstep/parcel"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// Who the tests' parcels are for. None of it may ever be seen again outside a seal.
const (
	phone = "+79031112233"
	email = "ann.secret@example.org"
	name  = "Annabella Secretova"
)

// gs1Prefix is the operator's, one of those that GS1 keeps for examples.
const gs1Prefix parcel.GS1Prefix = "9521234"

// bench is a hub's rooms behind the door, with two merchants and one locker of 2 S, 2 M and 1 L.
type bench struct {
	t         *testing.T
	network   *ceremony.Development
	db        *db.DB
	accounts  *account.Accounts
	fleet     *fleet.Fleet
	custody   *custody.Custody
	handovers *handover.Handovers
	outbox    *outbox.Outbox
	revoked   []string          // what carriers said
	told      map[string]string // what the notifier says of barcodes: names
	config    api.Config
	server    *httptest.Server
	guard     *guardtest.Guard
	key       string // of the first merchant
	other     string // of the second
	notifier  string

	mu  sync.Mutex
	out bytes.Buffer // log and every answer
}

// Write takes what the hub logs.
func (b *bench) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.out.Write(p) }

func each(t *testing.T, test func(t *testing.T, b *bench)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		test(t, b)
		b.checkNothingLeaked()
	})
}

func newBench(t *testing.T, d *db.DB) *bench {
	own, err := statement.SignerFromSeed(statement.NewSeed())
	must(t, err)
	network, err := ceremony.NewDevelopment("test", statement.Carrier{ID: "swift", Keys: statement.Role{Threshold: 1,
		Holders: []statement.Holder{{Key: own.Key(), Person: "swift"}}}})
	must(t, err)
	b := &bench{t: t, network: network, db: d, told: map[string]string{}}
	log := slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tracking := func(token string) string { return "https://hub.example/t/" + token }
	b.accounts = account.New(account.Config{DB: d, Now: time.Now, Charter: network.Charter})
	rooms := dispatch.New(dispatch.Config{DB: d, Now: time.Now, Log: log, Dispatch: network.Dispatch, Time: network.Time[0]})
	b.fleet = fleet.New(fleet.Config{DB: d, Now: time.Now, Charter: network.Charter, Ring: rooms.Ring})
	b.outbox, err = outbox.New(t.Context(), outbox.Config{DB: d, Now: time.Now, Log: log, AllowPrivate: true, Poll: 10 * time.Millisecond})
	must(t, err)
	b.custody = custody.New(custody.Config{DB: d, Now: time.Now, Log: log, Charters: []statement.Charter{network.Charter}, Fleet: b.fleet, Dispatch: rooms, Reach: b.accounts.Reach,
		Emit: func(ctx context.Context, tx *sql.Tx, e custody.Event) error {
			return b.outbox.Emit(ctx, tx, api.Message(e, gs1Prefix, tracking))
		}})
	b.handovers = handover.New(handover.Config{DB: d, Now: time.Now, Custody: b.custody, Charters: []statement.Charter{network.Charter}, Name: func(ctx context.Context, id string) (string, error) {
		m, err := b.accounts.Merchant(ctx, id)
		return m.Name, err
	}})
	revoke := func(_ context.Context, carrier string, key statement.KeyID) error {
		b.revoked = append(b.revoked, carrier+" "+key.String())
		return nil
	}
	b.config = api.Config{GS1Prefix: gs1Prefix, Revoke: revoke, Accounts: b.accounts, Fleet: b.fleet, Custody: b.custody, Handovers: b.handovers, Outbox: b.outbox, Pickups: pickup.New(pickup.Config{DB: d, Now: time.Now}), Names: b.asked(log), Notifier: network.Charter.Notifier, Network: network.Charter.Network,
		BodyKey: []byte("a key that is in no database"), Tracking: tracking, Now: time.Now, Log: log, PublicURL: "https://hub.example",
		ReturnCode: func(barcode string) string { return custody.ReturnCode([]byte("another key"), barcode) }}
	b.serve()
	b.people()
	b.guard = b.addLocker("l1", 55.75, 37.61)
	return b
}

// serve opens the door, or opens it anew.
func (b *bench) serve() {
	handler, err := api.New(b.config)
	must(b.t, err)
	b.server = httptest.NewServer(handler)
	b.t.Cleanup(b.server.Close)
}

// asked is a notifier that tells what is in told.
func (b *bench) asked(log *slog.Logger) *names.Names {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Barcodes []string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			b.t.Error(err)
		}
		list := []map[string]string{}
		for _, barcode := range body.Barcodes {
			list = append(list, map[string]string{"barcode": barcode, "name": b.told[barcode], "last_digits": ""})
		}
		json.NewEncoder(w).Encode(map[string]any{"recipients": list})
	}))
	b.t.Cleanup(server.Close)
	n, err := names.New(names.Config{URL: server.URL, Token: secret.Known("hush"), Now: time.Now, Log: log})
	must(b.t, err)
	return n
}

func (b *bench) people() {
	for name, key := range map[string]*string{"Book shop": &b.key, "Shoe shop": &b.other} {
		m, err := b.accounts.AddMerchant(b.t.Context(), name, "")
		must(b.t, err)
		secret, err := b.accounts.NewKey(b.t.Context(), m.ID, "")
		must(b.t, err)
		*key = secret.Reveal()
	}
	token, err := b.accounts.NewServiceToken(b.t.Context(), account.Notifier)
	must(b.t, err)
	b.notifier = token.Reveal()
}

func (b *bench) addLocker(id string, latitude, longitude float64) *guardtest.Guard {
	b.t.Helper()
	_, _, err := b.fleet.Add(b.t.Context(), fleet.NewLocker{ID: id, Name: "Locker " + id, Address: "Main street 1", Zone: "Europe/Moscow", Latitude: latitude, Longitude: longitude})
	must(b.t, err)
	g := guardtest.New(b.t, b.network, id, time.Now().UnixMicro())
	b.up(g)
	return g
}

// up brings everything of a guard's journal that the hub lacks.
func (b *bench) up(g *guardtest.Guard) {
	b.t.Helper()
	have, err := b.custody.Position(b.t.Context(), g.Locker)
	must(b.t, err)
	_, err = b.custody.Ingest(b.t.Context(), g.Locker, g.After(have.Number))
	must(b.t, err)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// field digs a value out of a JSON answer: "parcels.0.barcode".
func (a answer) field(t *testing.T, path string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("status %d, no JSON: %.200s", a.status, a.body)
	}
	for _, step := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			if int(step[0]-'0') >= len(at) {
				t.Fatalf("no %s in %s", path, a.body)
			}
			v = at[step[0]-'0']
		}
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

func (b *bench) do(method, path, key, body string, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(body))
	must(b.t, err)
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	must(b.t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	must(b.t, err)
	b.Write(data)
	return answer{response.StatusCode, response.Header, data}
}

func (b *bench) get(path string) answer { b.t.Helper(); return b.do("GET", path, b.key, "") }

func (b *bench) announce(idempotency, body string) answer {
	b.t.Helper()
	return b.do("POST", "/v1/shipments", b.key, body, "Idempotency-Key", idempotency)
}

const to = `"recipient":{"phone":"` + phone + `","email":"` + email + `","name":"` + name + `","language":"ru"}`

// small is one small parcel for l1.
const small = `{"locker":"l1","reference":"ORDER-1",` + to + `,"parcels":[{"size":"S","weight_g":400}]}`

func (b *bench) one() answer {
	b.t.Helper()
	a := b.announce("one", small)
	if a.status != http.StatusCreated {
		b.t.Fatalf("announce: %d %s", a.status, a.body)
	}
	return a
}

// checkNothingLeaked looks for the contact in the log, in every answer and in the whole database.
func (b *bench) checkNothingLeaked() {
	b.t.Helper()
	b.mu.Lock()
	seen := b.out.String() + b.dump()
	b.mu.Unlock()
	for _, secret := range []string{phone[2:], "ann.secret", "Secretova"} {
		if i := strings.Index(seen, secret); i >= 0 {
			b.t.Errorf("%q is seen in %q", secret, seen[max(0, i-80):min(len(seen), i+80)])
		}
	}
}

func (b *bench) dump() string {
	tables := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if b.db.Engine() == db.Postgres {
		tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	}
	var names []string
	rows, err := b.db.Reads().Query(tables)
	must(b.t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		must(b.t, rows.Scan(&name))
		names = append(names, name)
	}
	var out strings.Builder
	for _, name := range names {
		b.dumpTable(&out, name)
	}
	return out.String()
}

func (b *bench) dumpTable(out *strings.Builder, table string) {
	rows, err := b.db.Reads().Query("SELECT * FROM " + table)
	must(b.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(b.t, err)
	for rows.Next() {
		values := make([]sql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		must(b.t, rows.Scan(into...))
		for _, v := range values {
			out.Write(v)
			out.WriteByte('|')
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
