package console_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/console"
	"lockstep/hub/internal/custody"
	"lockstep/parcel"
)

func do(t *testing.T, request *http.Request) (*http.Response, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// phone is a courier's device with the key in our hands.
type phone struct {
	private *ecdsa.PrivateKey
	point   []byte
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
	return phone{private, point}
}

func (p phone) sign(t *testing.T, message []byte) string {
	t.Helper()
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, p.private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return base64.StdEncoding.EncodeToString(out)
}

func (p phone) enrol(t *testing.T, r *rig, token string) (*http.Response, string) {
	return post(t, r.server.URL+"/courier/v1/enrol", map[string]any{"token": token, "key": p.point, "proof": p.sign(t, account.EnrolmentMessage(token))})
}

func post(t *testing.T, url string, body any) (*http.Response, string) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return do(t, request)
}

func (p phone) asks(t *testing.T, courier string, at time.Time) http.Header {
	proof := p.sign(t, console.RequestMessage(http.MethodGet, "/courier/v1/today", at.UnixMicro()))
	return http.Header{"Lockstep-Courier": {courier}, "Lockstep-At": {strconv.FormatInt(at.UnixMicro(), 10)}, "Lockstep-Proof": {proof}}
}

func TestEnrolmentWorksOnceAndCertifies(t *testing.T) {
	r := newRig(t, "")
	token := r.expect(t, "c-17")
	p := newPhone(t)
	if answer, body := p.enrol(t, r, "wrong"); answer.StatusCode != http.StatusForbidden || !strings.Contains(body, "unknown_token") {
		t.Errorf("an unknown token: %d %s", answer.StatusCode, body)
	}
	answer, body := p.enrol(t, r, token)
	var got struct {
		Courier, Carrier string
		Certificate      []byte
	}
	if err := json.Unmarshal([]byte(body), &got); answer.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("enrolment: %d %s", answer.StatusCode, body)
	}
	certificate, err := statement.VerifyCourier(got.Certificate, r.network.Charter)
	if err != nil || certificate.ID != "c-17" || !bytes.Equal(certificate.Key.Public, p.point) {
		t.Errorf("the certificate says %+v, %v", certificate, err)
	}
	if answer, _ := newPhone(t).enrol(t, r, token); answer.StatusCode != http.StatusForbidden {
		t.Errorf("a second phone with the same link: %d", answer.StatusCode)
	}
}

func TestBadBodies(t *testing.T) {
	r := newRig(t, "")
	for name, body := range map[string]string{
		"not JSON": "{", "unknown field": `{"token":"x","more":1}`, "two values": `{} {}`, "bad base64": `{"key":"?"}`,
		"too large": `{"token":"` + strings.Repeat("x", 10_000) + `"}`,
	} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.server.URL+"/courier/v1/enrol", strings.NewReader(body))
		if answer, text := do(t, request); answer.StatusCode != http.StatusUnprocessableEntity || strings.Contains(text, "xxx") {
			t.Errorf("%s: %d %s", name, answer.StatusCode, text)
		}
	}
	if answer, _ := get(t, r.server.URL+"/courier/v1/nothing", nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown path: %d", answer.StatusCode)
	}
}

func TestTodayIsForTheCourierItself(t *testing.T) {
	r := newRig(t, "")
	elsewhere := custody.Parcel{Locker: "spb-0001", Carrier: ceremony.HouseCarrier, State: parcel.Stored}
	r.custody.parcels = append(slices.Repeat([]custody.Parcel{elsewhere}, 1000), someParcels()...)
	p := newPhone(t)
	if answer, body := p.enrol(t, r, r.expect(t, "c-17")); answer.StatusCode != http.StatusOK {
		t.Fatal(body)
	}
	answer, body := get(t, r.server.URL+"/courier/v1/today", p.asks(t, "c-17", r.now))
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("today: %d %s", answer.StatusCode, body)
	}
	for n := 1; n <= 8; n++ { // 5 is elsewhere, 6 another carrier's, 7 held, 8 waits for its recipient
		if shown := strings.Contains(body, barcode(n)); shown != (n <= 4) {
			t.Errorf("parcel %d shown: %v\n%s", n, shown, body)
		}
	}
	for _, task := range []string{"deposit", "withdraw", "look"} {
		if !strings.Contains(body, `"task":"`+task+`"`) {
			t.Errorf("no task %s in %s", task, body)
		}
	}
	late := r.now.Add(15 * 24 * time.Hour)
	for name, header := range map[string]http.Header{
		"nobody": nil, "another phone": newPhone(t).asks(t, "c-17", r.now), "unknown courier": p.asks(t, "c-18", r.now),
		"old proof": p.asks(t, "c-17", r.now.Add(-6*time.Minute)), "clock ahead": p.asks(t, "c-17", r.now.Add(6*time.Minute)),
	} {
		if answer, body := get(t, r.server.URL+"/courier/v1/today", header); answer.StatusCode != http.StatusForbidden || strings.Contains(body, barcode(1)) {
			t.Errorf("%s: %d %s", name, answer.StatusCode, body)
		}
	}
	r.now = late
	if answer, body := get(t, r.server.URL+"/courier/v1/today", p.asks(t, "c-17", r.now)); answer.StatusCode != http.StatusForbidden || !strings.Contains(body, "certificate_ended") {
		t.Errorf("after the certificate's end: %d %s", answer.StatusCode, body)
	}
}

func TestRenewalInTheLastWeek(t *testing.T) {
	r := newRig(t, "")
	p := newPhone(t)
	_, first := p.enrol(t, r, r.expect(t, "c-17"))
	renew := func() (*http.Response, string) {
		at := r.now.UnixMicro()
		return post(t, r.server.URL+"/courier/v1/renew", map[string]any{"courier": "c-17", "at": at, "proof": p.sign(t, account.RenewalMessage("c-17", at))})
	}
	if _, body := renew(); body != first {
		t.Errorf("renewed too early: %s", body)
	}
	r.now = r.now.Add(8 * 24 * time.Hour)
	if answer, body := renew(); answer.StatusCode != http.StatusOK || body == first {
		t.Errorf("not renewed: %d %s", answer.StatusCode, body)
	}
}

func TestTrackingPage(t *testing.T) {
	r := newRig(t, "http://127.0.0.1:1")
	r.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	answer, body := get(t, r.server.URL+"/t/"+token, http.Header{"Accept-Language": {"ru-RU,ru;q=0.9"}})
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", answer.StatusCode, body)
	}
	for _, want := range []string{`lang="ru"`, "Посылка ждёт в постамате", "Сокол", "24 ноября, 12:30", "записано постаматом", "со слов участника", "1 ч назад"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, secret := range []string{"17", "c-17", "hidden reason", "Anna"} {
		if strings.Contains(body, secret) {
			t.Errorf("the page says %q:\n%s", secret, body)
		}
	}
	h := answer.Header
	if h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("headers %v", h)
	}
	if _, body := get(t, r.server.URL+"/t/"+token+"?lang=en", http.Header{"Accept-Language": {"ru"}}); !strings.Contains(body, "waits in the locker") {
		t.Errorf("the switch does not switch:\n%s", body)
	}
}

func TestUnknownTrackingPagesLookAlike(t *testing.T) {
	r := newRig(t, "")
	var before string
	for _, unknown := range []string{"HHHHBBBBCCCCDDDDEEEEFFFFGG", "", "short", strings.Repeat("x", 500), "..%2f..%2fetc", "'%20OR%201=1--xxxxxxxxxxx"} {
		answer, body := get(t, r.server.URL+"/t/"+unknown, http.Header{"Accept-Language": {"en"}})
		if answer.StatusCode != http.StatusNotFound || !strings.Contains(body, "We know no such parcel") {
			t.Errorf("%q: %d %s", unknown, answer.StatusCode, body)
		}
		if before != "" && body != before {
			t.Errorf("%q looks different", unknown)
		}
		before = body
	}
}

func TestCourierPageStandsAlone(t *testing.T) {
	r := newRig(t, "http://127.0.0.1:1")
	for path, kind := range map[string]string{"/courier/": "text/html", "/courier/courier.js": "text/javascript", "/courier/sw.js": "text/javascript", "/assets/statement.js": "text/javascript", "/courier/app.webmanifest": "application/manifest+json"} {
		answer, _ := get(t, r.server.URL+path, nil)
		if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, answer.StatusCode, answer.Header.Get("Content-Type"))
		}
		if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors http://127.0.0.1:1") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
	}
}
