package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"lockstep/internal/npm"
)

// TestTheDocumentIsLinted holds the document against Redocly's recommended rules, and its examples against its schemas.
func TestTheDocumentIsLinted(t *testing.T) {
	script := npm.Open(t, "testdata/lint/lint.mjs")
	var document []byte // the same on both engines
	each(t, func(t *testing.T, b *bench) { document = b.do("GET", "/v1/openapi.json", "", "").body })
	if said, ok := script.Run(t, document); !ok {
		t.Errorf("%s", said)
	}
	twice := strings.Replace(string(document), `"operationId":"createShipment"`, `"operationId":"listShipments"`, 1)
	if said, ok := script.Run(t, []byte(twice)); ok || !strings.Contains(said, "operation-operationId-unique") {
		t.Errorf("two operations of one name were taken: %s", said)
	}
}

// TestAGeneratedClient has a public generator make a client from the document, and a shop announce, track and cancel with it.
func TestAGeneratedClient(t *testing.T) {
	script := npm.Open(t, "testdata/client/client.mjs")
	var document string
	each(t, func(t *testing.T, b *bench) {
		document = string(b.do("GET", "/v1/openapi.json", "", "").body)
		said, ok := plays(t, script, document, b.server.URL, b.key)
		if !ok {
			t.Fatal(said)
		}
		var seen struct {
			Barcodes, States, After, Events []string
			Label, Unknown                  string
		}
		must(t, json.Unmarshal([]byte(said), &seen))
		if len(seen.Barcodes) != 2 || !slices.Equal(seen.States, []string{"announced", "announced"}) || seen.Label != "%PDF" ||
			!slices.Equal(seen.After, []string{"cancelled", "cancelled"}) || !slices.Equal(seen.Events, []string{"announced", "announced", "cancelled", "cancelled"}) ||
			seen.Unknown != "unknown_shipment" {
			t.Errorf("%+v", seen)
		}
	})
	other := strings.NewReplacer(`"dwell_hours"`, `"dwell_days"`, `"/v1/shipments/{id}/cancel"`, `"/v1/shipments/{id}/stop"`, `"what"`, `"which"`).Replace(document)
	said, ok := plays(t, script, other, "", "")
	for _, wrong := range []string{"'dwell_hours' does not exist", `'"/v1/shipments/{id}/cancel"' is not assignable`, "'what' does not exist"} {
		if ok || !strings.Contains(said, wrong) {
			t.Errorf("with another document it is not said that %s: %s", wrong, said)
		}
	}
}

func plays(t *testing.T, script npm.Script, document, url, key string) (string, bool) {
	t.Helper()
	input, err := json.Marshal(map[string]any{"document": json.RawMessage(document), "url": url, "key": key, "locker": "l1"})
	must(t, err)
	return script.Run(t, input)
}
