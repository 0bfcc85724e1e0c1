package tracking_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
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

func TestTrackingPage(t *testing.T) {
	r := newRig(t)
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
	r := newRig(t)
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
