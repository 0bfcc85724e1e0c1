package carrier

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

// FuzzRound: whatever the hub answers is a round, or couriers are told that the list is not fresh.
func FuzzRound(f *testing.F) {
	f.Add(200, []byte(`{"lockers":[{"id":"l1","name":"At the station","parcels":[{"barcode":"200010000018"}]}]}`))
	f.Add(200, []byte(`{"lockers":{}}`))
	f.Add(200, []byte(``))
	f.Add(302, []byte(`{"lockers":[]}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		client, err := newHub("https://hub.example", "lsc_secret", false, wire(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(body))}, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		stops, err := client.Round(t.Context(), courier.Courier{Lockers: []string{"l1"}})
		switch {
		case err == nil && (status/100 != 2 || len(stops) > len(body)):
			t.Fatalf("%d, %d bytes were read as %d lockers", status, len(body), len(stops))
		case err != nil && (fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "lsc_secret")):
			t.Fatal(err)
		}
	})
}
