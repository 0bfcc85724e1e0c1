package hub

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/courier"
	"lockstep/parcel"
)

// newNetwork makes a key folder that holds the hub's own files only.
func newNetwork(t *testing.T) (*ceremony.Development, string) {
	t.Helper()
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := network.Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"root-1", "root-2", "root-3", "provisioning-1", "provisioning-2", "time-notifier", "time-third"} {
		if err := os.Remove(filepath.Join(dir, foreign+".seed")); err != nil {
			t.Fatal(err)
		}
	}
	return network, dir
}

func config(t *testing.T, keys string) Config {
	return Config{Keys: keys, Database: filepath.Join(t.TempDir(), "hub.db"), Listen: "127.0.0.1:0", Edge: "127.0.0.1:0",
		EdgeNames: []string{"127.0.0.1"}, PublicURL: "http://hub.example", Now: time.Now, Log: slog.New(slog.DiscardHandler)}
}

// serve runs a hub and gives the base URL of its public listener.
func (h *Hub) serveForTest(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	h.config.Listening = func(public, _ net.Addr) { ready <- public }
	go func() { ended <- h.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	select {
	case address := <-ready:
		return "http://" + address.String()
	case err := <-ended:
		ended <- err
		t.Fatal("the hub did not start")
		return ""
	}
}

// provision lets the hub hear of a locker with two small compartments.
func (h *Hub) provision(t *testing.T, network *ceremony.Development, id string) *statement.Signer {
	t.Helper()
	if _, err := h.AddLocker(t.Context(), NewLocker{ID: id, Name: "Locker", Address: "Main street 1", Zone: "Europe/Moscow"}); err != nil {
		t.Fatal(err)
	}
	guard, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := network.SignLocker(statement.Locker{Network: "test", ID: id, Zone: "Europe/Moscow", Guard: guard.Key(),
		Boards:       []statement.Board{{Line: "a", Family: "8a", Channels: 3}},
		Compartments: []statement.Compartment{{Number: 1, Size: 1, Channel: 1}, {Number: 2, Size: 1, Channel: 2}},
		Inputs:       statement.Inputs{Gate: &statement.Point{Channel: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	first := journal.Record{Number: 1, Kind: journal.Provisioned, Charter: network.Bundle.Envelopes, Certificate: certificate.Envelopes}
	head, err := statement.Sign(guard, statement.Head{Locker: id, Position: 1, Hash: first.Hash()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.custody.Ingest(t.Context(), id, journal.Stretch{Records: [][]byte{first.Encode()}, Head: head}); err != nil {
		t.Fatal(err)
	}
	return guard
}

// A client that never ends its request does not keep the hub from ending, and is no failure of the hub's.
func TestTheHubEndsThoughARequestDoesNot(t *testing.T) {
	_, keys := newNetwork(t)
	h, err := Open(t.Context(), config(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	var conn net.Conn
	t.Cleanup(func() { conn.Close() }) // after the hub has ended
	if conn, err = net.Dial("tcp", strings.TrimPrefix(h.serveForTest(t), "http://")); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(conn, "POST /courier/v1/enrol HTTP/1.1\r\nHost: hub\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))); err != nil {
		t.Fatal(err) // the handler reads the body now, which never comes
	}
}

func TestAnnounceOverHTTPAndLookAfterIt(t *testing.T) {
	network, keys := newNetwork(t)
	c := config(t, keys)
	h, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	h.provision(t, network, "l1")
	merchant, err := h.AddMerchant(t.Context(), "Shop", "")
	if err != nil {
		t.Fatal(err)
	}
	base := h.serveForTest(t)
	body := `{"locker":"l1","dwell_hours":48,"recipient":{"phone":"+79161234567","email":"anna.petrova@example.com","name":"Anna Petrova","language":"ru"},"parcels":[{"size":"S"}]}`
	request, _ := http.NewRequest("POST", base+"/v1/shipments", strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+merchant.Key)
	request.Header.Set("Idempotency-Key", "k1")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	var shipment struct {
		Parcels []struct{ Barcode string }
	}
	if err := json.Unmarshal(answer, &shipment); err != nil || response.StatusCode != http.StatusCreated || len(shipment.Parcels) != 1 {
		t.Fatalf("%s: %s", response.Status, answer)
	}
	p, err := h.Parcel(t.Context(), shipment.Parcels[0].Barcode)
	if err != nil || p.State != "announced" || len(p.Events) != 1 || !strings.HasPrefix(p.Tracking, "http://hub.example/t/") {
		t.Errorf("%+v, %v", p, err)
	}
	page, err := http.Get(base + strings.TrimPrefix(p.Tracking, "http://hub.example"))
	if err != nil || page.StatusCode != http.StatusOK {
		t.Errorf("tracking page: %v, %v", page, err)
	}
	status, err := h.Status(t.Context())
	if err != nil || status.Parcels["announced"] != 1 || status.Lockers["online"] != 1 || len(status.Alarms) != 0 {
		t.Errorf("%+v, %v", status, err)
	}
	if found, err := h.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("%q, %v", found, err)
	}
	holdsNothing(t, c.Database, "+79161234567", "79161234567", "9161234567", "anna.petrova", "Anna", merchant.Key)
}

// holdsNothing searches every file of a database for texts.
func holdsNothing(t *testing.T, database string, texts ...string) {
	t.Helper()
	files, _ := filepath.Glob(database + "*")
	if len(files) == 0 {
		t.Fatal("no database")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			if bytes.Contains(bytes.ToLower(data), bytes.ToLower([]byte(text))) {
				t.Errorf("text %d is in %s", i, filepath.Base(file))
			}
		}
	}
}

func TestDoors(t *testing.T) {
	_, keys := newNetwork(t)
	h, err := Open(t.Context(), config(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	base := h.serveForTest(t)
	for path, want := range map[string]int{"/healthz": 200, "/v1/openapi.json": 200, "/docs": 200, "/courier/": 200, "/t/guess": 404,
		"/v1/lockers": 401, "/notifier/v1/lockers": 401, "/carrier/v1/round": 401, "/nothing": 404} {
		response, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, response.Status, want)
		}
	}
}

func TestSeveralNodesFurnishOneFolder(t *testing.T) {
	_, keys := newNetwork(t)
	c := config(t, keys)
	first, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if !bytes.Equal(first.keys.body, second.keys.body) || first.keys.authority.Print() != second.keys.authority.Print() {
		t.Error("two nodes with different keys")
	}
	if _, err := first.AddMerchant(t.Context(), "Shop", ""); err != nil {
		t.Fatal(err)
	}
	if list, err := second.Merchants(t.Context()); err != nil || len(list) != 1 || list[0].Key != "" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestOpenRefusesWrongKeys(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"no charter":       func(dir string) error { return os.Remove(filepath.Join(dir, "charter.bundle")) },
		"a broken charter": func(dir string) error { return os.WriteFile(filepath.Join(dir, "charter.bundle"), []byte("x"), 0o600) },
		"no dispatch key":  func(dir string) error { return os.Remove(filepath.Join(dir, "dispatch.seed")) },
		"no house key":     func(dir string) error { return os.Remove(filepath.Join(dir, "carrier-house.seed")) },
		"a stranger's key": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "time-hub.seed"), fmt.Appendf(nil, "%x\n", statement.NewSeed()), 0o600)
		},
		"another role's key": func(dir string) error {
			return os.Rename(filepath.Join(dir, "dispatch.seed"), filepath.Join(dir, "time-hub.seed"))
		},
		"a short body key": func(dir string) error { return os.WriteFile(filepath.Join(dir, "body.hmac"), []byte("00"), 0o600) },
	} {
		_, keys := newNetwork(t)
		if err := spoil(keys); err != nil {
			t.Fatal(err)
		}
		if h, err := Open(t.Context(), config(t, keys)); err == nil {
			h.Close()
			t.Errorf("opened with %s", name)
		}
	}
}

// A house courier's revocation is asked of every locker.
func TestARevokedHouseCourierIsToldToLockers(t *testing.T) {
	network, keys := newNetwork(t)
	h, err := Open(t.Context(), config(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	if _, err := h.AddLocker(t.Context(), NewLocker{ID: "spb-1", Name: "One", Address: "Main street 1", Zone: "Europe/Moscow"}); err != nil {
		t.Fatal(err)
	}
	added, err := h.AddCourier(t.Context(), "anna", "", []string{"*"})
	if err != nil || added.Carrier != ceremony.HouseCarrier {
		t.Fatalf("%+v, %v", added, err)
	}
	_, token, _ := strings.Cut(added.URL, "#enrol=")
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key := statement.Key{Alg: statement.EdDSA, Public: public}
	enrolled, err := h.couriers.Enrol(t.Context(), token, key, ed25519.Sign(private, courier.EnrolmentMessage(token)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := statement.VerifyCourier(enrolled.Certificate, network.Charter); err != nil {
		t.Error(err)
	}
	if v, err := h.RevokeCourier(t.Context(), "anna"); err != nil || v.Enrolled {
		t.Errorf("%+v, %v", v, err)
	}
	if err := h.tellRevocations(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked, err := h.dispatch.RequestsAt(t.Context(), "spb-1", 10)
	if err != nil || len(asked) != 1 || asked[0].Kind != string(statement.Revoke) || asked[0].Subject != key.ID().String() {
		t.Errorf("asked %+v, %v", asked, err)
	}
	if lines, _, err := h.accounts.AuditPage(t.Context(), "", "", 1); err != nil || len(lines) != 1 || lines[0].Act != "revoked a courier" {
		t.Errorf("%+v, %v", lines, err)
	}
}

// TestMerchantsWithoutSSCCAreTold: a long prefix serves the first merchants only, and the log says how many it leaves out.
func TestMerchantsWithoutSSCCAreTold(t *testing.T) {
	_, keys := newNetwork(t)
	c := config(t, keys)
	var log bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	h, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for i := range 11 {
		if _, err := h.AddMerchant(t.Context(), fmt.Sprint("Shop ", i), ""); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[parcel.GS1Prefix]string{"": "", "952123456": "", "9521234567": "merchants=2"} {
		log.Reset()
		h.config.GS1Prefix = prefix
		if err := h.warnOfRanges(t.Context()); err != nil || !strings.Contains(log.String(), want) || want == "" && log.Len() > 0 {
			t.Errorf("prefix %q: %q, %v", prefix, log.String(), err)
		}
	}
}
