//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"lockstep/internal/web/webtest"
)

// weighed is a person's first page with what it may cost them, in a browser that has seen nothing of the product: kilobytes over the wire,
// headers with them, and how often it asks.
type weighed struct {
	who, what, url string
	shown          string // a selector of what is there once the page can be used
	kilobytes      float64
	requests       int
}

// TestWhatFirstPagesCost holds every person's first page against its budget, and prints what each costs. With LOCKSTEP_SCREENSHOTS the table
// is left there for docs/pages.md.
func TestWhatFirstPagesCost(t *testing.T) {
	ctx, n := start(t)
	operator := n.Console
	enrolling := n.Enrol
	stage, err := n.Open(ctx)
	must(t, err)
	r := &recipient{T: t, Stage: stage, phone: "+79167770003"}
	must(t, r.BeginSession(ctx))
	parcel := r.announced(ctx, 1)[0]
	r.deposited(ctx, parcel)
	must(t, r.EndSession(ctx))
	link := r.message(ctx, 1).Links[0]

	console := strings.SplitAfter(operator, "/console/")[0]
	browser := webtest.Chromium(t, 412, 860, chromedp.Flag("accept-lang", "ru-RU"))
	webtest.Passkeys(t, browser)
	_, err = chromedp.Call(browser, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	must(t, err)
	must(t, chromedp.Do(browser, chromedp.Navigate(operator), chromedp.WaitVisible("#enrol"), chromedp.Click("#enrol button"), chromedp.WaitVisible("#lockers a")))
	table := "| Who | First page | Requests | Over the wire | Budget |\n|---|---|--:|--:|--:|\n"
	for _, page := range []weighed{
		{"recipient", "the code", link, "#codes li", 45, 20},
		{"recipient", "tracking", parcel.Tracking, ".timeline", 10, 5},
		{"anybody", "the locker's screen", n.Kiosk + "/", "main", 50, 16},
		{"courier", "the phone, enrolling", enrolling, "main", 65, 30},
		{"shop's visitor", "choosing a locker", n.Hub + "/select/?lang=ru", "#list li", 90, 16},
		{"operator", "the network", console, "#lockers a", 600, 14},
		{"operator", "a locker", console + "lockers/" + n.Locker, "locker-front svg", 80, 12},
	} {
		requests, kilobytes := weigh(t, browser, page)
		row := fmt.Sprintf("| %s | %s | %d | %.0f kB | ≤ %d, %.0f kB |\n", page.who, page.what, requests, kilobytes, page.requests, page.kilobytes)
		t.Log(strings.TrimSpace(row))
		table += row
		if kilobytes > page.kilobytes || requests > page.requests {
			t.Errorf("%s, %s: %d requests and %.1f kB are over the budget of %d and %.0f kB", page.who, page.what, requests, kilobytes, page.requests, page.kilobytes)
		}
	}
	webtest.Write(t, "weights.md", []byte(table))
}

// weigh opens a page and waits until nothing more comes.
func weigh(t *testing.T, browser context.Context, page weighed) (requests int, kilobytes float64) {
	t.Helper()
	must(t, chromedp.Do(browser, chromedp.Navigate("about:blank"), chromedp.Navigate(page.url), chromedp.WaitVisible(page.shown)))
	var before, seen struct {
		Requests int
		Bytes    float64
	}
	for quiet := 0; quiet < 10; time.Sleep(100 * time.Millisecond) {
		said, err := chromedp.Run(browser, chromedp.Evaluate[string](`JSON.stringify([...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].
			reduce((sum, { transferSize }) => ({ requests: sum.requests + 1, bytes: sum.bytes + transferSize }), { requests: 0, bytes: 0 }))`))
		must(t, err)
		must(t, json.Unmarshal([]byte(said), &seen))
		if quiet++; seen != before {
			before, quiet = seen, 0
		}
	}
	return seen.Requests, seen.Bytes / 1000
}
