package drill

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/guard/statement"
)

// A stand-in obeys what the hub has signed, and nothing else: encryption and signatures on the wire were not what was missing.
func TestStandInWantsTheHubsSignature(t *testing.T) {
	public, hub, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	terminal := &terminal{hub: public, locker: Front("terminal", statement.Key{}, 2)}
	sign := func(text string) string { return base64.StdEncoding.EncodeToString(ed25519.Sign(hub, []byte(text))) }
	for line, want := range map[string]string{
		"": "malformed", "open 1": "malformed", "close 1 " + sign("close 1"): "malformed",
		"open 1 AAAA": "refused", "open 1 " + sign("open 2"): "refused", "open 3 " + sign("open 3"): "refused", "open x " + sign("open x"): "refused",
	} {
		if got := terminal.obey(line); got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

func TestReplayShowsNothingByItself(t *testing.T) {
	two := []time.Duration{time.Second, time.Minute}
	for what, r := range map[string]Replayed{"doors opened from afar": {Doors: 2, Theirs: two, Ours: two[:1]}, "the replay shows nothing": {Doors: 3, Theirs: two}} {
		if err := r.check(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v does not say %q", err, what)
		}
	}
	if err := (Replayed{Doors: 2, Theirs: two}).check(); err != nil {
		t.Error(err)
	}
}

func TestPlot(t *testing.T) {
	r := Replayed{Doors: 192, Span: 164 * time.Second, Sent: 2496}
	for i := range 192 {
		r.Theirs = append(r.Theirs, time.Duration(i)*r.Span/192)
	}
	svg := r.Plot()
	if len(svg) > 30<<10 || !strings.Contains(svg, "192 of 192 doors in 2:44") || !strings.Contains(svg, "sent 2496 messages: 0 of 192 doors") {
		t.Errorf("%d bytes: %s", len(svg), svg)
	}
	for reader := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := reader.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if got := perMinute([]time.Duration{0, 9 * time.Second, 10 * time.Second, time.Hour}, 10*time.Second, 3); !slices.Equal(got, []float64{12, 6, 6}) {
		t.Errorf("%v", got)
	}
	for top, values := range map[float64][]float64{4: {0}, 8: {5}, 20: {20}, 200: {81}} {
		if got := nice(values); got != top {
			t.Errorf("an axis for %v ends at %g", values, got)
		}
	}
}
