package hub

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/pickup"
	"lockstep/internal/contact"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

// notifier opens pickups' contacts with the network's key, and nothing for a stranger.
func notifier(t *testing.T, private []byte) string {
	key, err := statement.ParseSealKey(private)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Pickups []struct {
				Number int64
				Day    string
				Sealed []byte
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Authorization") != "Bearer hush" || r.URL.Path != "/hub/v1/pickups" {
			t.Errorf("%s: %v", r.URL, err)
		}
		list := []map[string]any{}
		for _, p := range body.Pickups {
			plain, err := statement.OpenPickup(key, p.Sealed, p.Number, p.Day)
			if err != nil {
				t.Error(err)
			}
			person, err := contact.DecodePerson(plain)
			if err != nil {
				t.Error(err)
			}
			list = append(list, map[string]any{"number": p.Number, "name": person.Name, "phone": person.Phone})
		}
		json.NewEncoder(w).Encode(map[string]any{"contacts": list})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// An operator sees what is to be fetched and whom to ask for, as long as there is a notifier to tell.
func TestOperatorsSeePickups(t *testing.T) {
	network, keys := newNetwork(t)
	c := config(t, keys)
	c.NotifierURL, c.NotifierToken = notifier(t, network.SealKey), secret.Known("hush")
	h, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	person, err := contact.NewPerson("Тестов Тест", "+7 495 000-00-42")
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int64
	for _, key := range []string{"1", "2"} {
		o, _, err := h.pickups.Make(t.Context(), pickup.NewOrder{Merchant: "m1", Carrier: "house", Key: key, Body: []byte{}, Place: pickup.Place{City: "Казань", Address: "ул. Баумана, 7"},
			Window: pickup.Window{Day: time.Now().AddDate(0, 0, 3).UTC().Format(time.DateOnly), From: 540, To: 1080}, Load: pickup.Load{Places: 3},
			Seal: func(number int64, day string) ([]byte, error) {
				return statement.SealPickup(network.Charter.Notifier, person.Encode(), number, day)
			}})
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, o.Number)
	}
	list, err := h.Pickups(t.Context(), "")
	if err != nil || len(list) != 2 || list[0].Number != numbers[0] || list[0].Contact != person.Name || list[1].Phone != person.Phone || list[0].From != "09:00" || list[0].To != "18:00" {
		t.Errorf("%+v, %v", list, err)
	}
	if v, err := h.AssignPickup(t.Context(), numbers[0]); err != nil || v.State != "assigned" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := h.Pickup(t.Context(), numbers[0]); err != nil || v.Contact != person.Name || v.State != "assigned" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := h.FinishPickup(t.Context(), numbers[0]); err != nil || v.State != "done" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := h.Pickup(t.Context(), numbers[0]); err != nil || v.Contact != "" {
		t.Errorf("the contact of a pickup that is done: %+v, %v", v, err)
	}
	if v, err := h.CancelPickup(t.Context(), numbers[1]); err != nil || v.State != "cancelled" {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := h.FinishPickup(t.Context(), numbers[1]); fault.KindOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
	if _, err := h.Pickup(t.Context(), 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	if list, err := h.Pickups(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestANotifierThatCannotBeAskedStopsTheHub(t *testing.T) {
	_, keys := newNetwork(t)
	for url, token := range map[string]string{"http://n.example": "hush", "https://n.example": "", "n.example": "hush"} {
		c := config(t, keys)
		c.NotifierURL, c.NotifierToken = url, secret.Known(token)
		if h, err := Open(t.Context(), c); err == nil {
			h.Close()
			t.Errorf("%s is asked with %q", url, token)
		}
	}
}
