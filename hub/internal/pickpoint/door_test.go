package pickpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/guardtest"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/names"
	"lockstep/hub/internal/pickpoint"
	"lockstep/hub/internal/pickup"
	"lockstep/hub/internal/tariff"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/secret"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// desk is a shop's software before the door.
type desk struct {
	testing.TB
	config   pickpoint.Config
	door     http.Handler
	accounts *account.Accounts
	custody  *custody.Custody
	guard    *guardtest.Guard // of locker 7701-015
	merchant account.Merchant
	session  string
	now      time.Time

	handovers *handover.Handovers
	pickups   *pickup.Pickups
	tariffs   *tariff.Tariffs
	fleet     *fleet.Fleet
	network   *ceremony.Development
	told      map[string]string // what the notifier says of barcodes: "name/digits"
	failures  bytes.Buffer      // what the hub's log says at its worst level
}

// notifier answers the hub's questions about recipients.
func (d *desk) notifier() *names.Names {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Barcodes []string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			d.Error(err)
		}
		list := []map[string]string{}
		for _, barcode := range body.Barcodes {
			if name, digits, ok := strings.Cut(d.told[barcode], "/"); ok {
				list = append(list, map[string]string{"barcode": barcode, "name": name, "last_digits": digits})
			}
		}
		json.NewEncoder(w).Encode(map[string]any{"recipients": list})
	}))
	d.Cleanup(server.Close)
	n, err := names.New(names.Config{URL: server.URL, Token: secret.Known("hush"), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		d.Fatal(err)
	}
	return n
}

func each(t *testing.T, test func(d *desk)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, database *db.DB) { test(newDesk(t, database)) })
}

// newDesk is one over a database with nothing in it: one locker, one shop that is signed in.
func newDesk(t testing.TB, database *db.DB) *desk {
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{TB: t, network: network, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), told: map[string]string{}}
	var at sync.Mutex
	clock := func() time.Time { // no two things happen at once
		at.Lock()
		defer at.Unlock()
		d.now = d.now.Add(time.Millisecond)
		return d.now
	}
	log := slog.New(slog.NewTextHandler(&d.failures, &slog.HandlerOptions{Level: slog.LevelError}))
	d.accounts = account.New(account.Config{DB: database, Now: clock, Charter: network.Charter, PasswordCost: bcrypt.MinCost})
	statements := dispatch.New(dispatch.Config{DB: database, Now: clock, Log: log, Dispatch: network.Dispatch, Time: network.Time[0]})
	lockers := fleet.New(fleet.Config{DB: database, Now: clock, Charter: network.Charter})
	d.custody = custody.New(custody.Config{DB: database, Now: clock, Log: log, Charters: []statement.Charter{network.Charter}, Fleet: lockers, Dispatch: statements})
	d.handovers = handover.New(handover.Config{DB: database, Now: clock, Custody: d.custody, Charters: []statement.Charter{network.Charter},
		Name: func(ctx context.Context, id string) (string, error) {
			m, err := d.accounts.Merchant(ctx, id)
			return m.Name, err
		}})
	d.pickups = pickup.New(pickup.Config{DB: database, Now: clock})
	d.fleet = lockers
	d.tariffs = tariff.New(tariff.Config{DB: database})
	d.config = pickpoint.Config{GS1Prefix: "9521234", Accounts: d.accounts, Custody: d.custody, Handovers: d.handovers, Pickups: d.pickups, Names: d.notifier(), Tariffs: d.tariffs, Fleet: lockers, Network: "test", Notifier: network.Charter.Notifier, Now: clock, Log: log,
		ReturnCode: func(barcode string) string { return custody.ReturnCode([]byte("key"), barcode) }}
	d.door = pickpoint.New(d.config)
	if _, _, err := lockers.Add(t.Context(), fleet.NewLocker{ID: "7701-015", Name: "Курская", Address: "Москва, Земляной Вал, 29", Zone: "Europe/Moscow"}); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{second(lockers.ImportCities(t.Context(), strings.NewReader(cities))), second(lockers.ImportSites(t.Context(), strings.NewReader(sites)))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d.guard = guardtest.New(t, network, "7701-015", d.now.UnixMicro())
	d.up()
	if d.merchant, err = d.accounts.AddMerchant(t.Context(), "Лавка", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := d.accounts.SetLogin(t.Context(), account.Login{Name: "apitest", Merchant: d.merchant.ID, Contract: "9990003041"}, "apitest"); err != nil {
		t.Fatal(err)
	}
	d.session = d.post("/apitest/login", `{"Login":"apitest","Password":"apitest"}`).text("SessionId")
	return d
}

// with is a body with the session in it.
func (d *desk) with(rest string) string { return `{"SessionId":"` + d.session + `",` + rest + `}` }

// up brings the hub what the guard has written since.
func (d *desk) up() { d.bring(d.guard) }

func (d *desk) bring(g *guardtest.Guard) {
	d.Helper()
	have, err := d.custody.Position(d.Context(), g.Locker)
	if err == nil {
		_, err = d.custody.Ingest(d.Context(), g.Locker, g.After(have.Number))
	}
	if err != nil {
		d.Fatal(err)
	}
}

// second brings another locker into service.
func (d *desk) second() *guardtest.Guard { return d.another("5602-009") }

func (d *desk) another(locker string) *guardtest.Guard {
	d.Helper()
	if _, _, err := d.fleet.Add(d.Context(), fleet.NewLocker{ID: locker, Name: "Степная", Address: "Оренбург, Степная, 1", Zone: "Asia/Yekaterinburg"}); err != nil {
		d.Fatal(err)
	}
	g := guardtest.New(d.TB, d.network, locker, d.now.UnixMicro())
	d.bring(g)
	return g
}

// reply is an answer's JSON.
type reply map[string]any

func (r reply) text(name string) string { text, _ := r[name].(string); return text }

func (r reply) code() int {
	n, ok := r["ErrorCode"].(float64)
	return map[bool]int{true: int(n), false: -9999}[ok]
}

func (d *desk) post(path, body string) reply {
	d.Helper()
	var r reply
	d.into(d.raw(http.MethodPost, path, body), &r)
	return r
}

// raw wants what every answer is: 200 and JSON.
func (d *desk) raw(method, path, body string) []byte {
	d.Helper()
	w := httptest.NewRecorder()
	q := httptest.NewRequest(method, "http://hub.example"+path, strings.NewReader(body))
	q.Header.Set("Content-Type", "application/json; charset=utf-8")
	q.Header.Set("Content-Encoding", "UTF-8") // one client does
	d.door.ServeHTTP(w, q)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		d.Fatalf("%s: %d %s %s", path, w.Code, w.Header(), w.Body)
	}
	return w.Body.Bytes()
}

func (d *desk) into(data []byte, v any) {
	d.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		d.Fatalf("%v: %s", err, data)
	}
}

func TestSessions(t *testing.T) {
	each(t, func(d *desk) {
		for _, way := range []struct{ path, body string }{{"/api/login", `{"login":"apitest","password":"apitest"}`}, {"/api//LogIn", `{"Login":"apitest","Password":"apitest"}`},
			{"/apitest//login/", "\xEF\xBB\xBF" + `{"Login":" apitest","Password":"apitest","IKN":9990003041}`}} {
			r := d.post(way.path, way.body)
			if len(r.text("SessionId")) != 36 || r.code() != 0 || r["ErrorMessage"] != nil {
				d.Errorf("%s: %v", way.path, r)
			}
			if until, err := time.Parse("2006-01-02T15:04:05.000-07:00", r.text("ExpiresIn")); err != nil || until.Sub(d.now) < 24*time.Hour {
				d.Errorf("until %v: %v", r["ExpiresIn"], err)
			}
		}
		for body, code := range map[string]int{`{"Login":"apitest","Password":"x"}`: 10, `{}`: 10, ``: 10, `{"Login":["apitest"],"Password":{}}`: 10, `[]`: 20, `{`: 20, `SessionId=1`: 20} {
			r := d.post("/api/login", body)
			if r.code() != code || r["SessionId"] != nil || r.text("ErrorMessage") == "" || r.text("ErrorMessage") != r.text("Error") {
				d.Errorf("%q: %v, want %d", body, r, code)
			}
		}
		if r := d.post("/api/login", `{"Login":"`+strings.Repeat("x", 5<<20)+`"}`); r.code() != 20 || !strings.Contains(r.text("Error"), "велик") {
			d.Errorf("5 MiB: %v", r)
		}
		if r := d.post("/api/logout", `{"SessionId":"`+d.session+`"}`); r["Success"] != true {
			d.Errorf("%v", r)
		}
	})
}

func TestNothingThere(t *testing.T) {
	each(t, func(d *desk) {
		w := httptest.NewRecorder()
		d.door.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://hub.example/api/opendoor", strings.NewReader("{}")))
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"ErrorCode":20`) {
			d.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestStates(t *testing.T) {
	each(t, func(d *desk) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			var list []struct {
				State        int
				StateText    string
				VisualStates []struct {
					ID   int
					Text string
				}
			}
			d.into(d.raw(method, "/api/getstates?0=SessionId%3D1", "{}"), &list)
			if len(list) < 15 || list[0].State != 101 || list[0].StateText != "Зарегистрирован" || list[0].VisualStates[0].ID != 10101 {
				d.Fatalf("%+v", list)
			}
		}
	})
}

func loginOf(merchant string) account.Login {
	return account.Login{Name: "other", Merchant: merchant, Contract: "9990000002"}
}

const (
	cities = "id,owner,name,english,region,country\n992,1,Москва,Moscow,Московская обл.,RUS\n1726,1,Казань,Kazan,Татарстан респ.,RUS\n"
	sites  = "locker,city,post_code,street,house,metro,hours,indoors,way,inside\n" +
		`7701-015,992,105064,Земляной Вал,29,Курская;Чкаловская,"09:00-21:00,09:00-21:00,09:00-21:00,09:00-21:00,09:00-21:00/13:00-14:00,00:00-23:59,NODAY",true,со двора,у входа` + "\n"
)

func second(_ int, err error) error { return err }
