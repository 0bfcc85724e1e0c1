package carrier

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/internal/courier"
	"lockstep/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// charterFor signs a charter that names a key as a carrier's, and puts it into the carrier's folder.
func charterFor(t *testing.T, dir string, key ceremony.KeyView, change func(*statement.Carrier)) *ceremony.Development {
	t.Helper()
	public, err := hex.DecodeString(key.Public)
	if err != nil {
		t.Fatal(err)
	}
	swift := statement.Carrier{ID: "swift", Keys: statement.Role{Threshold: 1,
		Holders: []statement.Holder{{Key: statement.Key{Alg: statement.EdDSA, Public: public}, Person: "swift"}}}}
	if change != nil {
		change(&swift)
	}
	network, err := ceremony.NewDevelopment("test", swift)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := network.Bundle.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "charter.bundle"), bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	return network
}

// desk is an open service with a network and a clock.
type desk struct {
	*Carrier
	network *ceremony.Development
	now     time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	keys := t.TempDir()
	key, err := Init(keys)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{network: charterFor(t, keys, key, nil), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	d.Carrier, err = Open(t.Context(), Config{Keys: keys, Database: filepath.Join(t.TempDir(), "carrier.db"), Origin: "https://c.example",
		Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// invite expects a courier and gives the token of the URL.
func (d *desk) invite(t *testing.T, id string, lockers ...string) string {
	t.Helper()
	v, err := d.AddCourier(t.Context(), NewCourier{ID: id, Lockers: lockers, Deposit: true})
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(v.URL, "https://c.example/courier/#enrol=")
	if !ok || v.Enrolled || v.Carrier != "swift" || !v.Deposit || v.Withdraw {
		t.Fatalf("%+v", v)
	}
	return token
}

type phone struct {
	private *ecdsa.PrivateKey
	key     statement.Key
}

func newPhone(t *testing.T) phone {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return phone{private, statement.Key{Alg: statement.ES256, Public: point}}
}

func (p phone) sign(t *testing.T, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, p.private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

func (d *desk) enrol(t *testing.T, p phone, token string) courier.Courier {
	t.Helper()
	c, err := d.couriers.Enrol(t.Context(), token, p.key, p.sign(t, courier.EnrolmentMessage(token)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestInitMakesAKeyOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	first, err := Init(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Init(dir); err != nil || again != first {
		t.Errorf("a second init: %+v, %v", again, err)
	}
	if info, err := os.Stat(filepath.Join(dir, seedName+".seed")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if other, err := Init(t.TempDir()); err != nil || other.Public == first.Public {
		t.Errorf("two folders, one key: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		spoil  func(t *testing.T, dir string, key ceremony.KeyView)
		change func(*Config)
		says   string
	}{
		"no key": {spoil: func(t *testing.T, dir string, _ ceremony.KeyView) { remove(t, dir, seedName+".seed") }, says: "lockstep carrier init"},
		"no charter": {spoil: func(t *testing.T, dir string, _ ceremony.KeyView) { remove(t, dir, "charter.bundle") },
			says: "the charter"},
		"a key that the charter does not know": {spoil: func(t *testing.T, dir string, _ ceremony.KeyView) {
			remove(t, dir, seedName+".seed")
			if _, err := Init(dir); err != nil {
				t.Fatal(err)
			}
		}, says: "to no carrier"},
		"a key that lies at the hub": {spoil: func(t *testing.T, dir string, key ceremony.KeyView) {
			charterFor(t, dir, key, func(c *statement.Carrier) { c.KeyAtHub = true })
		}, says: "the hub keeps the key"},
		"plain http":            {change: func(c *Config) { c.Origin = "http://c.example" }, says: "https"},
		"an origin with a path": {change: func(c *Config) { c.Origin = "https://c.example/lockstep" }, says: "https"},
		"PostgreSQL":            {change: func(c *Config) { c.Database = dbtest.Postgres(t) }, says: "SQLite"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			key, err := Init(dir)
			if err != nil {
				t.Fatal(err)
			}
			charterFor(t, dir, key, nil)
			if test.spoil != nil {
				test.spoil(t, dir, key)
			}
			c := Config{Keys: dir, Database: filepath.Join(t.TempDir(), "carrier.db"), Origin: "https://c.example", Now: time.Now}
			if test.change != nil {
				test.change(&c)
			}
			opened, err := Open(t.Context(), c)
			if err == nil {
				opened.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func TestServeRefusesToAskTheHubInTheClear(t *testing.T) {
	for address, good := range map[string]bool{"https://hub.example": true, "http://127.0.0.1:1": true, "http://localhost:1": true, "http://[::1]:1": true,
		"http://hub.example": false, "http://127.evil.example": false, "hub.example": false, "": false} {
		if _, err := newHub(address, "token", false, nil); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := newHub("http://hub.example", "token", true, nil); err != nil {
		t.Errorf("a private network: %v", err)
	}
	if _, err := newHub("https://hub.example", "", false, nil); err == nil {
		t.Error("no token was taken")
	}
}

// The page, its key and its certificates are the carrier's; the list comes from the hub, with the carrier's token.
func TestACourierThroughTheService(t *testing.T) {
	d := newDesk(t)
	var asked []string
	theHub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer lsc_x" || r.URL.Path != "/carrier/v1/round" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		asked = r.URL.Query()["locker"]
		io.WriteString(w, `{"lockers":[{"id":"l1","name":"Sokol","parcels":[{"barcode":"200010000017","size":"S","rank":1,"task":"deposit"}]}]}`)
	}))
	defer theHub.Close()
	p := newPhone(t)
	c := d.enrol(t, p, d.invite(t, "anna", "l1", "l2"))
	certificate, err := statement.VerifyCourier(c.Certificate, d.network.Charter)
	if err != nil || certificate.Carrier != "swift" || !certificate.Deposit || certificate.Withdraw || certificate.Until-certificate.From > statement.MaxCourierTerm {
		t.Fatalf("%+v, %v", certificate, err)
	}
	today := func(token string) (int, string) {
		client, err := newHub(theHub.URL, token, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		at := d.now.UnixMicro()
		r := httptest.NewRequest(http.MethodGet, "/courier/v1/today", nil)
		r.Header.Set("Lockstep-Courier", "anna")
		r.Header.Set("Lockstep-At", jsonOf(t, at))
		r.Header.Set("Lockstep-Proof", strings.Trim(jsonOf(t, p.sign(t, courier.RequestMessage(http.MethodGet, "/courier/v1/today", at))), `"`))
		w := httptest.NewRecorder()
		d.handler(client).ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if status, body := today("lsc_x"); status != http.StatusOK || !strings.Contains(body, "200010000017") || !slices.Equal(asked, []string{"l1", "l2"}) {
		t.Errorf("today: %d %s, asked for %v", status, body, asked)
	}
	if status, body := today("lsc_wrong"); status != http.StatusServiceUnavailable || !strings.Contains(body, "hub_silent") || strings.Contains(body, "401") {
		t.Errorf("a hub that refuses: %d %s", status, body)
	}
	theHub.Close()
	if status, body := today("lsc_x"); status != http.StatusServiceUnavailable || !strings.Contains(body, "hub_silent") {
		t.Errorf("without a hub: %d %s", status, body)
	}
	client, _ := newHub(theHub.URL, "lsc_x", false, nil)
	for path, want := range map[string]int{"/courier/": 200, "/courier/courier.js": 200, "/assets/statement.js": 200, "/healthz": 200, "/": 404, "/v1/lockers": 404} {
		w := httptest.NewRecorder()
		d.handler(client).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// What a courier says of a locker without room is the hub's to answer, in its words.
func TestNoRoomThroughTheService(t *testing.T) {
	d := newDesk(t)
	var told string
	theHub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told = r.URL.Path + " " + string(body)
		switch {
		case strings.Contains(told, "200010000024"):
			w.WriteHeader(http.StatusConflict)
			io.WriteString(w, `{"code":"nowhere"}`)
		case strings.Contains(told, "200010000031"):
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"code":"unknown_parcel"}`)
		case strings.Contains(told, "200010000048"):
			w.WriteHeader(http.StatusInternalServerError)
		default:
			io.WriteString(w, `{"id":"l2","name":"Sokol","address":"Lenina 5"}`)
		}
	}))
	defer theHub.Close()
	client, err := newHub(theHub.URL, "lsc_x", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := newPhone(t)
	d.enrol(t, p, d.invite(t, "anna", "l1"))
	for barcode, want := range map[string]string{"200010000017": `200 {"id":"l2","name":"Sokol"`, "200010000024": `409 nowhere`, "200010000031": `404 unknown_parcel`, "200010000048": `503 hub_silent`} {
		path, at := "/courier/v1/lockers/l1/parcels/"+barcode+"/no-room", d.now.UnixMicro()
		r := httptest.NewRequest(http.MethodPost, path, nil)
		r.Header.Set("Lockstep-Courier", "anna")
		r.Header.Set("Lockstep-At", jsonOf(t, at))
		r.Header.Set("Lockstep-Proof", strings.Trim(jsonOf(t, p.sign(t, courier.RequestMessage(http.MethodPost, path, at))), `"`))
		w := httptest.NewRecorder()
		d.handler(client).ServeHTTP(w, r)
		status, says, _ := strings.Cut(want, " ")
		if jsonOf(t, w.Code) != status || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: %d %s", barcode, w.Code, w.Body)
		}
		if wanted := `/carrier/v1/no-room {"barcode":"` + barcode + `","courier":"anna","locker":"l1","lockers":["l1"]}`; told != wanted {
			t.Errorf("the hub is told %s", told)
		}
	}
}

// Acts are the hub's too, and what is carried; what a courier or a guard has signed goes there as it is.
func TestActsThroughTheService(t *testing.T) {
	d := newDesk(t)
	theHub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch at := r.Method + " " + r.URL.Path; {
		case at == "GET /carrier/v1/lockers/l1/down":
			io.WriteString(w, `{"after":7,"load":"AQI="}`)
		case at == "POST /carrier/v1/lockers/l1/up" && string(body) == `{"stretch":"AwQ="}`:
			w.WriteHeader(http.StatusNoContent)
		case at == "GET /carrier/v1/acts":
			io.WriteString(w, `{"acts":[{"number":10000001,"merchant":"Hats","shipments":[["200010000017"]]}]}`)
		case at == "GET /carrier/v1/acts/10000001":
			io.WriteString(w, `{"number":10000001,"merchant":"Hats","shipments":[]}`)
		case at == "POST /carrier/v1/acts" && strings.Contains(string(body), `"courier":"anna"`) && strings.Contains(string(body), `"act":10000001`):
			io.WriteString(w, `{"number":10000001,"accepted":1}`)
		case at == "POST /carrier/v1/acts" && strings.Contains(string(body), `"act":10000003`):
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"code":"bad_proof"}`)
		case at == "POST /carrier/v1/acts":
			w.WriteHeader(http.StatusConflict)
			io.WriteString(w, `{"code":"accepted"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"code":"unknown_act"}`)
		}
	}))
	defer theHub.Close()
	client, err := newHub(theHub.URL, "lsc_x", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := newPhone(t)
	d.enrol(t, p, d.invite(t, "anna", "l1"))
	for ask, want := range map[string]string{"GET acts": `200 "Hats"`, "GET acts/10000001": `200 "Hats"`, "GET acts/2": `404 unknown_act`, "POST acts/10000001": `200 "accepted":1`, "POST acts/10000002": `409 accepted`, "POST acts/10000003": `403 bad_proof`,
		"GET lockers/l1/down": `200 {"after":7,"load":"AQI="}`, "GET lockers/l2/down": `404 not_sent_here`, "POST lockers/l1/up": `200 {}`} {
		method, path, _ := strings.Cut(ask, " ")
		path = "/courier/v1/" + path
		at := d.now.UnixMicro()
		body := `{"stretch":"AwQ="}`
		if !strings.HasSuffix(path, "/up") {
			body = `{"act":` + path[strings.LastIndex(path, "/")+1:] + `,"at":1,"barcodes":["200010000017"]}`
		}
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Lockstep-Courier", "anna")
		r.Header.Set("Lockstep-At", jsonOf(t, at))
		r.Header.Set("Lockstep-Proof", strings.Trim(jsonOf(t, p.sign(t, courier.RequestMessage(method, path, at))), `"`))
		w := httptest.NewRecorder()
		d.handler(client).ServeHTTP(w, r)
		status, says, _ := strings.Cut(want, " ")
		if jsonOf(t, w.Code) != status || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: %d %s", ask, w.Code, w.Body)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// wire is the road to a hub.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// A revoked phone gets nothing more at once; the hub is told when it answers again.
func TestRevocationReachesAHubThatWasSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		p := newPhone(t)
		d.enrol(t, p, d.invite(t, "anna", "*"))
		if v, err := d.RevokeCourier(t.Context(), "anna"); err != nil || v.Enrolled || v.Until != "" {
			t.Errorf("%+v, %v", v, err)
		}
		if v, err := d.Status(t.Context()); err != nil || v.Couriers != 1 || v.Enrolled != 0 || !slices.Equal(v.Waiting, []string{p.key.ID().String()}) {
			t.Errorf("%+v, %v", v, err)
		}
		var silent atomic.Bool
		silent.Store(true)
		told := []string{}
		client, err := newHub("https://hub.example", "lsc_x", false, wire(func(r *http.Request) (*http.Response, error) {
			if silent.Load() {
				return nil, errors.New("no road")
			}
			body, _ := io.ReadAll(r.Body)
			told = append(told, r.Method+" "+r.URL.String()+" "+string(body))
			return &http.Response{StatusCode: http.StatusNoContent, Status: "204 No Content", Body: http.NoBody}, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.tell(ctx, client) }()
		time.Sleep(3 * pace)
		silent.Store(false)
		time.Sleep(3 * pace)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if want := `POST https://hub.example/carrier/v1/revocations {"key":"` + p.key.ID().String() + `"}`; !slices.Equal(told, []string{want}) {
			t.Errorf("told %q", told)
		}
		if v, err := d.Status(t.Context()); err != nil || len(v.Waiting) != 0 {
			t.Errorf("%+v, %v", v, err)
		}
		d.Close()
	})
}

func TestAuditSaysWhoDidWhat(t *testing.T) {
	d := newDesk(t)
	p := newPhone(t)
	d.enrol(t, p, d.invite(t, "anna", "*"))
	if _, err := d.RevokeCourier(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	lines, err := d.Audits(t.Context(), 10)
	if err != nil || len(lines) != 3 {
		t.Fatalf("%+v, %v", lines, err)
	}
	for i, want := range []AuditView{{Act: "revoked a courier", Subject: "anna"}, {Actor: "courier swift/anna", Act: "enrolled a device", Subject: p.key.ID().String()}, {Act: "expected a courier", Subject: "anna"}} {
		if got := lines[i]; got.Act != want.Act || got.Subject != want.Subject || want.Actor != "" && got.Actor != want.Actor || !strings.HasPrefix(got.At, "2026-03-01T") {
			t.Errorf("line %d: %+v", i, got)
		}
	}
}

// Nothing in the database lets its holder enrol: links are there as digests only.
func TestTheDatabaseHoldsNoLink(t *testing.T) {
	d := newDesk(t)
	token := d.invite(t, "anna", "*")
	files, err := filepath.Glob(d.config.Database + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(data), token) {
			t.Errorf("%s holds the link, %v", file, err)
		}
	}
}
