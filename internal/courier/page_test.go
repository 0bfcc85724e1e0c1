package courier_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

// pages is the courier's page over an office, with a round of one locker.
type pages struct {
	*office
	server *httptest.Server
	fails  error    // what the round's source says instead
	asked  []string // the lockers it was asked for last
	told   []string // of which parcels it was told that there is no room
	guard  *statement.Signer
	more   []courier.Stop // on the round beside msk-0042
	words  []courier.Word // that were believed
	handed []courier.Act  // what merchants have beside two acts of the test's own
	cargo  []byte         // what waits for lockers
	hauls  []string       // what was brought from them
}

func newPages(t *testing.T, frameAncestor string) *pages {
	t.Helper()
	r := &pages{office: newOffice(t, carrierTables(t))}
	r.now = time.Now()
	var err error
	if r.guard, err = statement.SignerFromSeed(statement.NewSeed()); err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(courier.NewPage(courier.Page{Couriers: r.Couriers, Network: asked{r}, Log: slog.New(slog.DiscardHandler), FrameAncestor: frameAncestor}))
	t.Cleanup(r.server.Close)
	return r
}

// asked is what the page asks, as the test has it.
type asked struct{ *pages }

func (r asked) Round(_ context.Context, c courier.Courier) ([]courier.Stop, error) {
	r.asked = c.Lockers
	task := func(n int, what string) courier.Task {
		return courier.Task{Barcode: barcode(n), Size: "M", Rank: 2, Task: what}
	}
	return append([]courier.Stop{{ID: "msk-0042", Name: "Сокол", Address: "Ленинградский пр., 71Г", Line: "online", Heard: r.now.UnixMicro(), Guard: statement.Encode(r.guard.Key()),
		Latitude: 55.8055, Longitude: 37.5153, Way: "во дворе, у аптеки", Hours: slices.Repeat([]string{"09:00-21:00/13:00-14:00"}, 7),
		Parcels: []courier.Task{task(1, "deposit"), task(2, "deposit"), task(3, "withdraw"), task(4, "look")}}}, r.more...), r.fails
}

// NoRoom is of a carrier that knows one other locker, for the first parcel.
func (r asked) NoRoom(_ context.Context, c courier.Courier, locker, about string) (courier.Stop, error) {
	r.told = append(r.told, c.ID+" at "+locker+": "+about)
	if about != barcode(1) {
		return courier.Stop{}, fault.New(fault.Conflict, "nowhere", "no other locker has room for it")
	}
	return courier.Stop{ID: "msk-0043", Name: "Аэропорт", Address: "Ленинградский пр., 64"}, nil
}

func (r asked) Down(_ context.Context, _ courier.Courier, locker string) (courier.Cargo, error) {
	return courier.Cargo{After: 7, Load: r.cargo}, r.fails
}

func (r asked) Up(_ context.Context, c courier.Courier, locker string, h courier.Haul) error {
	r.hauls = append(r.hauls, fmt.Sprintf("%s from %s: %x", c.ID, locker, h.Stretch))
	return r.fails
}

// acts are those of two shops; the first has a shipment of two parcels.
func (r asked) acts() []courier.Act {
	return append([]courier.Act{
		{Number: 10000002, Merchant: "Шляпы & Ко", City: "Москва", Reference: "A-17", Created: r.now.UnixMicro(), Shipments: [][]string{{barcode(1), barcode(2)}, {barcode(3)}}},
		{Number: 10000001, Merchant: "Книги", City: "Москва", Created: r.now.UnixMicro(), Shipments: [][]string{{barcode(6)}}},
	}, r.handed...)
}

func (r asked) Acts(context.Context, courier.Courier) ([]courier.Act, error) {
	return r.acts(), r.fails
}

func (r asked) Act(_ context.Context, _ courier.Courier, code string) (courier.Act, error) {
	for _, a := range r.acts() {
		if strconv.FormatInt(a.Number, 10) == code || slices.Contains(slices.Concat(a.Shipments...), code) {
			return a, nil
		}
	}
	return courier.Act{}, fault.New(fault.NotFound, "unknown_act", "there is no such act")
}

// Accept believes what a courier of the test's network has signed.
func (r asked) Accept(_ context.Context, c courier.Courier, w courier.Word) (courier.Act, error) {
	by, err := w.Verify(r.office.network.Charter)
	if err != nil || by.ID != c.ID || !w.Fresh(r.now) {
		return courier.Act{}, fault.New(fault.Denied, "bad_proof", "not signed: %v", err)
	}
	r.words = append(r.words, w)
	return courier.Act{Number: w.Act, Accepted: r.now.UnixMicro()}, r.fails
}

func barcode(n int) string {
	eleven := "4600100000" + string(rune('0'+n))
	return eleven + string(statement.GS1CheckDigit(eleven))
}

func (r *pages) call(t *testing.T, method, path string, header http.Header, body any) (*http.Response, string) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := body.(string); ok {
		data = []byte(text)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, r.server.URL+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func (r *pages) enrolOver(t *testing.T, p phone, token string, header http.Header) (*http.Response, string) {
	t.Helper()
	return r.call(t, http.MethodPost, "/courier/v1/enrol", header,
		map[string]any{"token": token, "key": p.key.Public, "proof": p.sign(t, courier.EnrolmentMessage(token))})
}

func (p phone) asks(t *testing.T, id string, at time.Time) http.Header {
	return p.asksFor(t, http.MethodGet, "/courier/v1/today", id, at)
}

func (p phone) asksFor(t *testing.T, method, path, id string, at time.Time) http.Header {
	proof := p.sign(t, courier.RequestMessage(method, path, at.UnixMicro()))
	return http.Header{"Lockstep-Courier": {id}, "Lockstep-At": {strconv.FormatInt(at.UnixMicro(), 10)},
		"Lockstep-Proof": {base64.StdEncoding.EncodeToString(proof)}}
}

func TestEnrolmentWorksOnceAndCertifies(t *testing.T) {
	r := newPages(t, "")
	p, token := newPhone(t), r.expect(t, "c-17")
	if answer, body := r.enrolOver(t, p, "wrong", nil); answer.StatusCode != http.StatusForbidden || !strings.Contains(body, "unknown_token") {
		t.Errorf("an unknown token: %d %s", answer.StatusCode, body)
	}
	for name, header := range map[string]http.Header{"by its browser": {"Sec-Fetch-Site": {"cross-site"}}, "by its name": {"Origin": {"https://hub.example"}}} {
		if answer, body := r.enrolOver(t, p, token, header); answer.StatusCode != http.StatusForbidden {
			t.Errorf("a page of another origin, %s: %d %s", name, answer.StatusCode, body)
		}
	}
	answer, body := r.enrolOver(t, p, token, http.Header{"Sec-Fetch-Site": {"same-origin"}})
	var got struct {
		Courier, Carrier string
		Certificate      []byte
	}
	if err := json.Unmarshal([]byte(body), &got); answer.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("enrolment: %d %s", answer.StatusCode, body)
	}
	certificate, err := statement.VerifyCourier(got.Certificate, r.network.Charter)
	if err != nil || certificate.ID != "c-17" || certificate.Carrier != "swift" || !certificate.Key.Equal(p.key) {
		t.Errorf("the certificate says %+v, %v", certificate, err)
	}
	if answer, _ := r.enrolOver(t, newPhone(t), token, nil); answer.StatusCode != http.StatusForbidden {
		t.Errorf("a second phone with the same link: %d", answer.StatusCode)
	}
	if want := []string{"courier swift/c-17 enrolled a device"}; !slices.Equal(r.audited, want) {
		t.Errorf("audited %q", r.audited)
	}
}

func TestBadBodies(t *testing.T) {
	r := newPages(t, "")
	for name, body := range map[string]string{
		"not JSON": "{", "unknown field": `{"token":"x","more":1}`, "two values": `{} {}`, "bad base64": `{"key":"?"}`,
		"too large": `{"token":"` + strings.Repeat("x", 10_000) + `"}`,
	} {
		if answer, text := r.call(t, http.MethodPost, "/courier/v1/enrol", nil, body); answer.StatusCode != http.StatusUnprocessableEntity || strings.Contains(text, "xxx") {
			t.Errorf("%s: %d %s", name, answer.StatusCode, text)
		}
	}
	if answer, _ := r.call(t, http.MethodGet, "/courier/v1/nothing", nil, nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown path: %d", answer.StatusCode)
	}
}

func TestTodayIsForTheCourierItself(t *testing.T) {
	r := newPages(t, "")
	p, _ := r.enrol(t, "c-17")
	today := func(header http.Header) (int, string) {
		answer, body := r.call(t, http.MethodGet, "/courier/v1/today", header, nil)
		return answer.StatusCode, body
	}
	if status, body := today(p.asks(t, "c-17", r.now)); status != http.StatusOK || !strings.Contains(body, barcode(3)) || !slices.Equal(r.asked, []string{"msk-0042"}) {
		t.Fatalf("today: %d %s, asked for %v", status, body, r.asked)
	}
	half := p.asks(t, "c-17", r.now)
	half.Set("Lockstep-Proof", "?")
	for name, header := range map[string]http.Header{
		"nobody": nil, "another phone": newPhone(t).asks(t, "c-17", r.now), "unknown courier": p.asks(t, "c-18", r.now), "half a proof": half,
		"old proof": p.asks(t, "c-17", r.now.Add(-6*time.Minute)), "clock ahead": p.asks(t, "c-17", r.now.Add(6*time.Minute)),
	} {
		if status, body := today(header); status != http.StatusForbidden || strings.Contains(body, barcode(1)) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	r.fails = fault.New(fault.Unavailable, "hub_silent", "the hub does not answer")
	if status, body := today(p.asks(t, "c-17", r.now)); status != http.StatusServiceUnavailable || !strings.Contains(body, "hub_silent") {
		t.Errorf("without a hub: %d %s", status, body)
	}
	r.fails, r.now = nil, r.now.Add(15*24*time.Hour)
	if status, body := today(p.asks(t, "c-17", r.now)); status != http.StatusForbidden || !strings.Contains(body, "certificate_ended") {
		t.Errorf("after the certificate's end: %d %s", status, body)
	}
}

// A phone signs about which locker and which parcel it says that there is no room.
func TestNoRoomIsTheCouriersWord(t *testing.T) {
	r := newPages(t, "")
	p, _ := r.enrol(t, "c-17")
	path := func(n int) string { return "/courier/v1/lockers/msk-0042/parcels/" + barcode(n) + "/no-room" }
	say := func(n int, header http.Header) (int, string) {
		answer, body := r.call(t, http.MethodPost, path(n), header, "")
		return answer.StatusCode, body
	}
	if status, body := say(1, p.asksFor(t, http.MethodPost, path(1), "c-17", r.now)); status != http.StatusOK || !strings.Contains(body, `"msk-0043"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := say(2, p.asksFor(t, http.MethodPost, path(2), "c-17", r.now)); status != http.StatusConflict || !strings.Contains(body, "nowhere") {
		t.Errorf("%d %s", status, body)
	}
	for name, header := range map[string]http.Header{"nobody": nil, "about another parcel": p.asksFor(t, http.MethodPost, path(2), "c-17", r.now), "a question": p.asks(t, "c-17", r.now)} {
		if status, body := say(1, header); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if want := []string{"c-17 at msk-0042: " + barcode(1), "c-17 at msk-0042: " + barcode(2)}; !slices.Equal(r.told, want) {
		t.Errorf("told %q", r.told)
	}
}

func TestRenewalInTheLastWeek(t *testing.T) {
	r := newPages(t, "")
	p, first := r.enrol(t, "c-17")
	renew := func() (*http.Response, string) {
		at := r.now.UnixMicro()
		return r.call(t, http.MethodPost, "/courier/v1/renew", nil, map[string]any{"courier": "c-17", "at": at, "proof": p.sign(t, courier.RenewalMessage("c-17", at))})
	}
	same := base64.StdEncoding.EncodeToString(first.Certificate)
	if answer, body := renew(); answer.StatusCode != http.StatusOK || !strings.Contains(body, same) {
		t.Errorf("renewed too early: %s", body)
	}
	r.now = r.now.Add(8 * 24 * time.Hour)
	if answer, body := renew(); answer.StatusCode != http.StatusOK || strings.Contains(body, same) {
		t.Errorf("not renewed: %d %s", answer.StatusCode, body)
	}
	if err := r.Revoke(t.Context(), "c-17"); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(8 * 24 * time.Hour)
	if answer, body := renew(); answer.StatusCode != http.StatusForbidden || !strings.Contains(body, "not_enrolled") {
		t.Errorf("renewed after its revocation: %d %s", answer.StatusCode, body)
	}
}

// Who brings bad proofs is slowed down; others, and good proofs, are not.
func TestStrangersAreSlowedDown(t *testing.T) {
	r := newPages(t, "")
	from := func(address string) http.Header { return http.Header{"X-Forwarded-For": {"10.0.0.1, " + address}} }
	guess := func(address string) int {
		answer, _ := r.enrolOver(t, newPhone(t), "guess", from(address))
		return answer.StatusCode
	}
	for range 10 {
		if status := guess("2001:db8::1"); status != http.StatusForbidden {
			t.Fatalf("a first guess: %d", status)
		}
	}
	token := r.expect(t, "c-17")
	if answer, body := r.enrolOver(t, newPhone(t), token, from("2001:db8::2")); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the same network goes on: %d %s", answer.StatusCode, body)
	}
	if status := guess("2001:db8:0:1::1"); status != http.StatusForbidden {
		t.Errorf("another network: %d", status)
	}
	for i := range 20 {
		id := "d-" + strconv.Itoa(i)
		if answer, body := r.enrolOver(t, newPhone(t), r.expect(t, id), from("192.0.2.7")); answer.StatusCode != http.StatusOK {
			t.Fatalf("courier %s of a depot: %d %s", id, answer.StatusCode, body)
		}
	}
	r.now = r.now.Add(11 * time.Second)
	if answer, body := r.enrolOver(t, newPhone(t), token, from("2001:db8::2")); answer.StatusCode != http.StatusOK {
		t.Errorf("after a while: %d %s", answer.StatusCode, body)
	}
}

func TestPageStandsAlone(t *testing.T) {
	r := newPages(t, "http://127.0.0.1:1")
	for path, kind := range map[string]string{"/courier/": "text/html", "/courier/courier.js": "text/javascript", "/courier/sw.js": "text/javascript", "/assets/statement.js": "text/javascript", "/courier/app.webmanifest": "application/manifest+json"} {
		answer, _ := r.call(t, http.MethodGet, path, nil, nil)
		if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, answer.StatusCode, answer.Header.Get("Content-Type"))
		}
		if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors http://127.0.0.1:1") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
	}
}
