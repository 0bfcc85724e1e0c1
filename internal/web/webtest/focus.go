package webtest

import (
	"bytes"
	"context"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused says what has the focus; it is the same text only for the same element.
const focused = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body) return "";
	globalThis.stops ??= [];
	if (!globalThis.stops.includes(e)) globalThis.stops.push(e);
	return globalThis.stops.indexOf(e) + " " + e.outerHTML.slice(0, 120);
})()`

// mostStops is how far FocusIsSeen goes.
const mostStops = 25

// FocusIsSeen goes from stop to stop by the Tab key and fails where the page looks the same with the focus and without it. What a frame
// shows is its own page's to see to.
func FocusIsSeen(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, stop := range unseen(t, ctx) {
		t.Errorf("%s: nobody sees the focus on %s", name, stop)
	}
}

func unseen(t *testing.T, ctx context.Context) (stops []string) {
	t.Helper()
	said(t, ctx, `(document.activeElement?.blur(), globalThis.stops = [], "")`)
	for seen := map[string]bool{}; len(seen) < mostStops; {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		stop := said(t, ctx, focused)
		if stop == "" || seen[stop] {
			break
		}
		seen[stop] = true
		if said(t, ctx, `document.activeElement.tagName`) == "IFRAME" {
			continue
		}
		with := picture(t, ctx)
		said(t, ctx, `(globalThis.stop = document.activeElement, globalThis.stop.blur(), "")`)
		if without := picture(t, ctx); bytes.Equal(with, without) {
			stops = append(stops, stop)
		}
		said(t, ctx, `(globalThis.stop.focus({ focusVisible: true }), "")`)
	}
	return stops
}
