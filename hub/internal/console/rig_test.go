package console_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/api"
	"lockstep/hub/internal/console"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/guardtest"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/outbox"
	"lockstep/hub/internal/passkeytest"
	"lockstep/hub/internal/pickup"
	"lockstep/hub/internal/tariff"
	"lockstep/hub/internal/widget"
	"lockstep/hub/migrations"
	"lockstep/internal/courier"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
	"lockstep/internal/web"
	"lockstep/parcel"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// office is a console over real rooms, with one locker and one parcel in its first compartment.
type office struct {
	*testing.T
	now      time.Time
	accounts *account.Accounts
	fleet    *fleet.Fleet
	custody  *custody.Custody
	dispatch *dispatch.Dispatch
	guard    *guardtest.Guard
	server   *httptest.Server
	barcode  string
	admin    account.User
	merchant account.Merchant
	db       *db.DB
	outbox   *outbox.Outbox
	money    *handover.Handovers
	network  *ceremony.Development
	shipment string // that of barcode
	hook     string // a webhook
}

// printed is an act of money on paper.
func (o *office) printed(_ context.Context, number int64, to io.Writer) error {
	_, err := fmt.Fprintf(to, "%%PDF- act %d", number)
	return err
}

func newOffice(t *testing.T) *office {
	t.Helper()
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context(), migrations.Files); err != nil {
		t.Fatal(err)
	}
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{T: t, now: start, db: d, network: network}
	clock, log, tracking := func() time.Time { return o.now }, slog.New(slog.DiscardHandler), func(token string) string { return "https://hub.example/t/" + token }
	o.accounts = account.New(account.Config{DB: d, Now: clock, Charter: network.Charter})
	if o.merchant, err = o.accounts.AddMerchant(t.Context(), "Книги", ""); err != nil {
		t.Fatal(err)
	}
	if o.outbox, err = outbox.New(t.Context(), outbox.Config{DB: d, Now: time.Now, Log: log, AllowPrivate: true, Poll: 10 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	o.dispatch = dispatch.New(dispatch.Config{DB: d, Now: clock, Log: log, Dispatch: network.Dispatch, Time: network.Time[0]})
	o.fleet = fleet.New(fleet.Config{DB: d, Now: clock, Charter: network.Charter, Ring: o.dispatch.Ring})
	o.custody = custody.New(custody.Config{DB: d, Now: clock, Log: log, Charters: []statement.Charter{network.Charter}, Fleet: o.fleet, Dispatch: o.dispatch,
		Reach: func(context.Context, string) (int, error) { return 0, nil }, Emit: func(ctx context.Context, tx *sql.Tx, e custody.Event) error {
			return o.outbox.Emit(ctx, tx, api.Message(e, "", tracking))
		}})
	o.money = handover.New(handover.Config{DB: d, Now: clock, Custody: o.custody})
	native, err := api.New(api.Config{Accounts: o.accounts, Fleet: o.fleet, Custody: o.custody, Outbox: o.outbox, Pickups: pickup.New(pickup.Config{DB: d, Now: clock}), Notifier: network.Charter.Notifier, Network: "test",
		BodyKey: []byte("a key that is in no database"), Tracking: tracking, Now: clock, Log: log, PublicURL: "https://hub.example", ReturnCode: func(barcode string) string { return custody.ReturnCode([]byte("another key"), barcode) }})
	if err != nil {
		t.Fatal(err)
	}

	couriers := courier.New(courier.Config{DB: d, Now: clock, Keys: map[string]*statement.Signer{ceremony.HouseCarrier: network.Carrier}, Audit: o.accounts.AuditIn})

	o.server = httptest.NewUnstartedServer(nil)
	o.server.Start()
	t.Cleanup(o.server.Close)
	address := strings.Replace(o.server.URL, "127.0.0.1", "localhost", 1)
	passkeys, err := o.accounts.NewPasskeys(address)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := console.New(console.Config{Accounts: o.accounts, Passkeys: passkeys, Fleet: o.fleet, Custody: o.custody, Dispatch: o.dispatch, Couriers: couriers, Tariffs: tariff.New(tariff.Config{DB: d}), Outbox: o.outbox, Money: o.money, API: native, PrintMoneyAct: o.printed, Now: clock, Log: log, PublicURL: address,
		Journal: o.custody.Journal, LockerCode: func(locker string, shown secret.Text) string { return locker + " " + shown.Reveal() },
		Restrict: func(ctx context.Context, actor string, r statement.Restriction) error {
			_, err := o.custody.Restrict(ctx, r, actor)
			return err
		}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	choice, err := widget.New(widget.Config{Fleet: o.fleet, Now: clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/select/", choice)
	mux.Handle("/console/", handler)
	mux.Handle("/shop/", handler)
	mux.Handle("GET /assets/", web.AssetsHandler())
	o.server.Config.Handler = web.Packed(mux)
	o.server.URL = address

	if _, _, err := o.fleet.Add(t.Context(), fleet.NewLocker{ID: "l1", Name: "Постамат «Сокол»", Address: "Ленинградский пр., 71Г", Zone: "Europe/Moscow", Latitude: 55.8, Longitude: 37.5}); err != nil {
		t.Fatal(err)
	}
	o.guard = guardtest.New(t, network, "l1", start.UnixMicro())
	o.up()
	o.barcode = o.deposit(1)
	return o
}

// up brings the hub everything that the guard has written.
func (o *office) up() {
	o.Helper()
	have, err := o.custody.Position(o.Context(), "l1")
	if err != nil {
		o.Fatal(err)
	}
	if _, err := o.custody.Ingest(o.Context(), "l1", o.guard.After(have.Number)); err != nil {
		o.Fatal(err)
	}
}

// announce announces a parcel under a merchant's number.
func (o *office) announce(reference string) {
	o.Helper()
	_, _, err := o.custody.CreateShipment(o.Context(), custody.NewShipment{Merchant: o.merchant.ID, Range: o.merchant.Range, Carrier: "house", Key: reference, Body: []byte(reference), Locker: "l1", Reference: reference, Dwell: 48,
		Seal: func(barcode string) ([]byte, error) { return []byte("sealed for " + barcode), nil }, Parcels: []custody.NewParcel{{Size: parcel.Small}}})
	if err != nil && fault.KindOf(err) != fault.Conflict { // a small locker is full soon
		o.Fatal(err)
	}
}

// deposit announces a parcel and has it put in.
func (o *office) deposit(compartment uint16) string {
	o.Helper()
	key := "order-" + string(rune('a'+compartment))
	s, _, err := o.custody.CreateShipment(o.Context(), custody.NewShipment{Merchant: o.merchant.ID, Range: o.merchant.Range, Carrier: "house", Key: key, Body: []byte(key), Locker: "l1", Reference: key, Dwell: 48,
		Seal: func(barcode string) ([]byte, error) { return []byte("sealed for " + barcode), nil }, Parcels: []custody.NewParcel{{Size: parcel.Small}}})
	if err != nil {
		o.Fatal(err)
	}
	if _, err := o.dispatch.Make(o.Context()); err != nil {
		o.Fatal(err)
	}
	down, err := o.dispatch.Down(o.Context(), "l1", 0)
	if err != nil {
		o.Fatal(err)
	}
	o.guard.Write(journal.Record{Kind: journal.Took, Down: down[len(down)-1].Number})
	o.guard.Deposit(compartment, s.Parcels[0].Barcode)
	o.shipment = s.ID
	o.up()
	return s.Parcels[0].Barcode
}

// person is a browser in which somebody is signed in, or nobody.
type person struct {
	o      *office
	client *http.Client
	cookie *http.Cookie
}

func (o *office) nobody() person {
	return person{o: o, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as signs somebody of a role in, through the pages.
func (o *office) as(role account.Role) person {
	o.Helper()
	merchant := ""
	if role == account.ForMerchant {
		merchant = o.merchant.ID
	}
	u, token, err := o.accounts.AddUser(o.Context(), "the "+string(role), role, merchant)
	if err != nil {
		o.Fatal(err)
	}
	if role == account.Admin {
		o.admin = u
	}
	p := o.nobody()
	var options protocol.CredentialCreation
	if answer, body := p.json("/console/enrol/begin", map[string]string{"Token": token.Reveal()}, &options); answer.StatusCode != 200 {
		o.Fatalf("%d %s", answer.StatusCode, body)
	}
	options.Response.User.ID = protocol.URLEncodedBase64(u.ID)
	made := passkeytest.New(o.server.URL).Make(o, &options)
	answer, body := p.json("/console/enrol/finish", map[string]any{"Token": token.Reveal(), "Name": "phone", "Made": json.RawMessage(made)}, nil)
	if answer.StatusCode != 200 || len(answer.Cookies()) != 1 {
		o.Fatalf("%d %s, cookies %v", answer.StatusCode, body, answer.Cookies())
	}
	p.cookie = answer.Cookies()[0]
	return p
}

func (p person) json(path string, ask, into any) (*http.Response, string) {
	p.o.Helper()
	data, err := json.Marshal(ask)
	if err != nil {
		p.o.Fatal(err)
	}
	answer, body := p.do("POST", path, "application/json", string(data))
	if into != nil && answer.StatusCode == 200 {
		if err := json.Unmarshal([]byte(body), into); err != nil {
			p.o.Fatal(err)
		}
	}
	return answer, body
}

func (p person) get(path string) (*http.Response, string) {
	p.o.Helper()
	return p.do("GET", path, "", "")
}

func (p person) post(path string, form url.Values) (*http.Response, string) {
	p.o.Helper()
	return p.do("POST", path, "application/x-www-form-urlencoded", form.Encode())
}

func (p person) do(method, path, kind, body string) (*http.Response, string) {
	p.o.Helper()
	r, err := http.NewRequestWithContext(p.o.Context(), method, p.o.server.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		p.o.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("Accept-Language", "en")
	if p.cookie != nil {
		r.AddCookie(p.cookie)
	}
	answer, err := p.client.Do(r)
	if err != nil {
		p.o.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.Header.Get("Content-Type") == "text/event-stream" {
		return answer, "" // it does not end
	}
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		p.o.Fatal(err)
	}
	return answer, string(read)
}
