package notifier_test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"lockstep/guard/statement"
	"lockstep/internal/contact"
	"lockstep/notifier"
	"lockstep/notifier/internal/chaintest"
)

const hubToken = "a token that nobody guesses 7c"

// asks asks a running notifier as the hub does.
func asks(t *testing.T, url, token, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	must(t, err)
	if token != "" {
		request.Header.Set("Authorization", token)
	}
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(data)
}

// The hub asks over real wires: who may, what it hears, how much.
func TestTheHubAsks(t *testing.T) {
	n := newNetwork(t)
	n.change = func(c *notifier.Config) { c.HubToken, c.AsksPerHour = hubToken, 150 }
	_, pages, stop := n.run()
	n.announce(1, anna, "s1")
	n.hub.await(func() bool { return len(n.hub.contacts) == 0 })
	barcode := chaintest.Barcode(1)
	question := `{"barcodes":["` + barcode + `","200010000018"]}`
	for _, token := range []string{"", hubToken, "Bearer ", "Bearer " + hubToken + "x", "Bearer " + token, "Basic " + hubToken} {
		if status, answer := asks(t, pages+"/hub/v1/recipients", token, question); status != http.StatusForbidden || strings.Contains(answer, "Anna") {
			t.Errorf("%q: %d %s", token, status, answer)
		}
	}
	const bearer = "Bearer " + hubToken
	status, answer := asks(t, pages+"/hub/v1/recipients", bearer, question)
	if want := `{"recipients":[{"barcode":"` + barcode + `","name":"Anna Karenina","last_digits":"4567"}]}`; status != http.StatusOK || strings.TrimSpace(answer) != want {
		t.Errorf("%d %s", status, answer)
	}
	many, err := json.Marshal(map[string]any{"barcodes": make([]string, notifier.MaxAsked+1)})
	must(t, err)
	for body, code := range map[string]string{`{"barcodes":[]}`: "invalid_count", string(many): "invalid_count", `{"barcodes":[1]}`: "malformed", `{"shipments":["x"]}`: "malformed", `[`: "malformed",
		`{"barcodes":["` + strings.Repeat("x", 2<<20) + `"]}`: "too_large"} {
		if status, answer := asks(t, pages+"/hub/v1/recipients", bearer, body); status != http.StatusUnprocessableEntity || !strings.Contains(answer, code) {
			t.Errorf("%.40s: %d %s", body, status, answer)
		}
	}
	many, err = json.Marshal(map[string]any{"barcodes": make([]string, notifier.MaxAsked)})
	must(t, err)
	if status, answer := asks(t, pages+"/hub/v1/recipients", bearer, string(many)); status != http.StatusServiceUnavailable || !strings.Contains(answer, "asked_too_often") {
		t.Errorf("%d %s", status, answer) // two were asked for before, and there are a hundred at once
	}

	person, err := contact.NewPerson("Тестов Тест", "+7 495 000-00-42")
	must(t, err)
	day := "2099-12-31"
	sealed, err := statement.SealPickup(n.dev.Charter.Notifier, person.Encode(), 30000001, day)
	must(t, err)
	pickups, err := json.Marshal(map[string]any{"pickups": []map[string]any{{"number": 30000001, "day": day, "sealed": sealed}, {"number": 30000002, "day": day, "sealed": sealed}}})
	must(t, err)
	status, answer = asks(t, pages+"/hub/v1/pickups", bearer, string(pickups))
	if want := `{"contacts":[{"number":30000001,"name":"Тестов Тест","phone":"+7 495 000-00-42"}]}`; status != http.StatusOK || strings.TrimSpace(answer) != want {
		t.Errorf("%d %s", status, answer)
	}
	if status, _ := asks(t, pages+"/hub/v1/pickups", "", string(pickups)); status != http.StatusForbidden {
		t.Errorf("without the token: %d", status)
	}
	stop()
	book, closeBook, err := notifier.OpenBook(t.Context(), filepath.Join(n.dir, "keys"), filepath.Join(n.dir, "n.db"))
	must(t, err)
	defer closeBook()
	s, err := book.Status(t.Context())
	must(t, err)
	if s.Asked["name"] != 1 || s.Asked["pickup"] != 1 || s.Asked["nothing"] != 2 || s.Alarms["asked too often"] != 1 {
		t.Errorf("%+v", s)
	}
	n.holdsNothing()
	for _, word := range []string{hubToken, "Тестов", "000-00-42"} {
		if strings.Contains(n.log.String(), word) {
			t.Errorf("the log has %q", word)
		}
	}
}

// A notifier that has no token for the hub has no such door.
func TestNoTokenNoDoor(t *testing.T) {
	n := newNetwork(t)
	_, pages, _ := n.run()
	for _, token := range []string{"", "Bearer "} {
		if status, _ := asks(t, pages+"/hub/v1/recipients", token, `{"barcodes":["x"]}`); status != http.StatusNotFound {
			t.Errorf("%q: %d", token, status)
		}
	}
}
