package names_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lockstep/hub/internal/names"
	"lockstep/internal/secret"
)

// notifier answers as it is told, and counts.
type notifier struct {
	*httptest.Server
	asked atomic.Int64
}

func newNotifier(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *notifier {
	n := &notifier{}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.asked.Add(1)
		if r.Header.Get("Authorization") != "Bearer hush" || r.Method != http.MethodPost {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		answer(w, r)
	}))
	t.Cleanup(n.Close)
	return n
}

// now is the time of every test until it changes it.
var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func client(t *testing.T, url string) (*names.Names, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	n, err := names.New(names.Config{URL: url, Token: secret.Known("hush"), Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return n, log
}

func says(body string) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func TestRecipients(t *testing.T) {
	n := newNotifier(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Barcodes []string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Path != "/hub/v1/recipients" || len(body.Barcodes) > 100 {
			t.Errorf("%s %v %v", r.URL, body, err)
		}
		var list []map[string]string
		for _, barcode := range body.Barcodes {
			list = append(list, map[string]string{"barcode": barcode, "name": "Anna " + barcode, "last_digits": "4567"})
		}
		json.NewEncoder(w).Encode(map[string]any{"recipients": list})
	})
	var barcodes []string
	for i := range 250 {
		barcodes = append(barcodes, fmt.Sprint(i))
	}
	asker, log := client(t, n.URL+"/")
	told := asker.Recipients(t.Context(), barcodes...)
	if len(told) != 250 || told["7"].Line() != "Anna 7, *4567" || n.asked.Load() != 3 || log.Len() > 0 {
		t.Errorf("%d told, %d requests, %s", len(told), n.asked.Load(), log)
	}
	if asker.Recipients(t.Context()); n.asked.Load() != 3 {
		t.Error("it asks for nobody")
	}
	if text := fmt.Sprintf("%v %+v", told["7"], told["7"]); text != "[redacted] [redacted]" {
		t.Error(text)
	}
}

func TestLine(t *testing.T) {
	for want, r := range map[string]names.Recipient{"": {}, "Anna": {Name: "Anna"}, "*4567": {LastDigits: "4567"}, "Anna, *4567": {Name: "Anna", LastDigits: "4567"}} {
		if r.Line() != want {
			t.Errorf("%q, want %q", r.Line(), want)
		}
	}
}

// A notifier that says more than was asked for is not believed.
func TestMoreThanAsked(t *testing.T) {
	n := newNotifier(t, says(`{"recipients":[{"barcode":"1","name":"Anna","last_digits":"79161234567"},{"barcode":"2","name":"Boris"}],"contacts":[{"number":9,"name":"Clara","phone":"12345"},{"number":1,"name":"Clara\u001b[2J","phone":"12345"}]}`))
	asker, _ := client(t, n.URL)
	if told := asker.Recipients(t.Context(), "1"); len(told) != 1 || told["1"].LastDigits != "" || told["1"].Name != "Anna" {
		t.Errorf("%d", len(told))
	}
	if told := asker.Contacts(t.Context(), names.Sealed{Number: 1, Contact: []byte("x")}); len(told) != 0 {
		t.Errorf("%d", len(told))
	}
}

func TestContacts(t *testing.T) {
	n := newNotifier(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Pickups []struct {
				Number int64
				Day    string
				Sealed []byte
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Path != "/hub/v1/pickups" || len(body.Pickups) != 1 || body.Pickups[0].Day != "2026-12-01" || string(body.Pickups[0].Sealed) != "sealed" {
			t.Errorf("%s %v %v", r.URL, body, err)
		}
		says(`{"contacts":[{"number":7,"name":"Olga","phone":"+7 495 000-00-00"}]}`)(w, r)
	})
	asker, _ := client(t, n.URL)
	told := asker.Contacts(t.Context(), names.Sealed{Number: 7, Day: "2026-12-01", Contact: []byte("sealed")}, names.Sealed{Number: 8, Day: "2026-12-01"}) // the second is over
	if len(told) != 1 || told[7].Name != "Olga" || told[7].Phone != "+7 495 000-00-00" {
		t.Errorf("%d", len(told))
	}
}

// Whatever is wrong with the notifier: no names, one line in the log, and nothing personal in it.
func TestDegrades(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	elsewhere := newNotifier(t, says(`{}`))
	for what, url := range map[string]string{
		"down":  gone.URL,
		"noise": newNotifier(t, says(`{"recipients":[{"barcode":"1","name":"Secretova","last_digits":4567}]}`)).URL,
		"refuses": newNotifier(t, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Secretova", http.StatusServiceUnavailable)
		}).URL,
		"too much": newNotifier(t, says(`{"recipients":[{"barcode":"1","name":"`+strings.Repeat("x", 2<<20)+`"}]}`)).URL,
		"leads elsewhere": newNotifier(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}).URL,
	} {
		asker, log := client(t, url)
		barcodes := strings.Fields(strings.Repeat("1 ", 300))
		if told := asker.Recipients(t.Context(), barcodes...); len(told) > 0 {
			t.Errorf("%s: %d", what, len(told))
		}
		if strings.Count(log.String(), "\n") != 1 || strings.Contains(log.String(), "Secretova") || strings.Contains(log.String(), "hush") {
			t.Errorf("%s: %s", what, log)
		}
	}
	if elsewhere.asked.Load() > 0 {
		t.Error("it follows with the token")
	}
}

func TestNew(t *testing.T) {
	for url, ok := range map[string]bool{"": true, "https://n.example": true, "http://127.0.0.1:8090": true, "http://localhost": true, "http://n.example": false, "n.example": false, "ftp://n.example": false} {
		n, err := names.New(names.Config{URL: url, Token: secret.Known("hush")})
		if (err == nil) != ok || err == nil && n.Asks() != (url != "") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := names.New(names.Config{URL: "https://n.example"}); err == nil {
		t.Error("without a token")
	}
	if _, err := names.New(names.Config{URL: "http://n.example", Token: secret.Known("hush"), Private: true}); err != nil {
		t.Error(err)
	}
	var nobody *names.Names
	if len(nobody.Recipients(t.Context(), "1")) > 0 {
		t.Error("nobody tells")
	}
	none, err := names.New(names.Config{})
	if err != nil || len(none.Recipients(t.Context(), "1")) > 0 || len(none.Contacts(t.Context(), names.Sealed{Number: 1, Contact: []byte("x")})) > 0 {
		t.Errorf("without a notifier: %v", err)
	}
}

// A notifier that has failed is left alone for a while, so that nobody waits for it again and again.
func TestRests(t *testing.T) {
	defer func(before time.Time) { now = before }(now)
	fails := true
	n := newNotifier(t, func(w http.ResponseWriter, r *http.Request) {
		if fails {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		says(`{"recipients":[{"barcode":"1","name":"Anna"}]}`)(w, r)
	})
	asker, log := client(t, n.URL)
	for range 3 {
		asker.Recipients(t.Context(), "1")
	}
	if n.asked.Load() != 1 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("asked %d times: %s", n.asked.Load(), log)
	}
	fails, now = false, now.Add(5*time.Second)
	if told := asker.Recipients(t.Context(), "1"); told["1"].Name != "Anna" {
		t.Error("it is not asked again")
	}
}

// A caller who goes away says nothing of the notifier.
func TestACallerWhoGoesAway(t *testing.T) {
	n := newNotifier(t, says(`{"recipients":[{"barcode":"1","name":"Anna"}]}`))
	asker, log := client(t, n.URL)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	asker.Recipients(gone, "1")
	if told := asker.Recipients(t.Context(), "1"); told["1"].Name != "Anna" || log.Len() > 0 {
		t.Errorf("%s", log)
	}
}

// notifierSays answers every request with one body.
type notifierSays []byte

func (n notifierSays) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(n)), Header: http.Header{}}, nil
}

// FuzzAnswers: whatever the notifier answers is read or refused; nobody is named who was not asked for, and no number is whole.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"recipients":[{"barcode":"1","name":"Anna","last_digits":"4567"}]}`))
	f.Add([]byte(`{"contacts":[{"number":7,"name":"Olga","phone":"+7 495 000-00-00"}]}`))
	f.Add([]byte(`{"recipients":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		log := &bytes.Buffer{}
		n, err := names.New(names.Config{URL: "https://n.example", Token: secret.Known("the-token"), Now: time.Now, Log: slog.New(slog.NewTextHandler(log, nil)), Transport: notifierSays(body)})
		if err != nil {
			t.Fatal(err)
		}
		for barcode, r := range n.Recipients(t.Context(), "1", "2") {
			if barcode != "1" && barcode != "2" || len(r.LastDigits) > 4 {
				t.Fatalf("%q is told %q of", barcode, r.LastDigits)
			}
		}
		for number := range n.Contacts(t.Context(), names.Sealed{Number: 7, Contact: []byte("x")}) {
			if number != 7 {
				t.Fatalf("%d was not asked for", number)
			}
		}
		if text := log.String(); strings.Contains(text, "the-token") || len(body) > 20 && strings.Contains(text, string(body)) {
			t.Fatalf("it repeats what was secret: %s", text)
		}
	})
}
