package hub

import (
	"net/http"
	"strings"
	"testing"
)

// Anybody may frame the page on which lockers are chosen, and nobody any other page.
func TestOnlyTheSelectionPageMayBeFramed(t *testing.T) {
	_, keys := newNetwork(t)
	h, err := Open(t.Context(), config(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	base := h.serveForTest(t)
	for path, framed := range map[string]bool{"/select": true, "/select/": true, "/select/lockers.json": true, "/select/postamat.js": true, "/select-test/widget/postamat.js": true, "/t/AAAABBBBCCCCDDDD": false, "/courier/": false, "/docs": false, "/assets/tokens.css": false} {
		answer, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		csp := answer.Header.Get("Content-Security-Policy")
		if strings.HasSuffix(csp, "frame-ancestors *") != framed || !strings.Contains(csp, "frame-ancestors") || framed && answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %q", path, answer.StatusCode, csp)
		}
	}
}

func TestMapTilesThatAreNoneStopTheHub(t *testing.T) {
	_, keys := newNetwork(t)
	c := config(t, keys)
	c.MapTiles = "https://tiles.example/map.png"
	if err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "{z}") {
		t.Errorf("%v", err)
	}
}
