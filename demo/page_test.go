package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/internal/web/webtest"
	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
)

// table is the demo's page over a network of which every process is a stub: its panes are empty, and its hub refuses with this code, or
// announces a parcel while there is none.
type table struct {
	page   *httptest.Server
	code   string
	number string
}

func lay(t *testing.T) *table {
	t.Helper()
	l := &table{number: "200010000016"}
	stub := httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(stub.Close)
	u, err := url.Parse(stub.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{Hub: stub.URL, Inbox: stub.URL, Kiosk: stub.URL, Cabinet: stub.URL + "/?token=x", Codes: stub.URL, Enrol: stub.URL + "/courier/", Console: stub.URL + "/console/", Locker: lockerID,
		ports: slices.Repeat([]int{port}, 10)}
	l.page = httptest.NewServer(n.page())
	t.Cleanup(l.page.Close)
	return l
}

func (l *table) serve(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	switch {
	case r.URL.Path == "/v1/shipments" && l.code != "":
		web.Problem(w, fault.New(fault.Invalid, l.code, "%s", webtest.Evil[1]))
	case r.URL.Path == "/v1/shipments":
		web.JSON(w, map[string]any{"parcels": []Announced{{Barcode: l.number, State: "announced", Size: "S", Tracking: "/t/x"}}})
	case r.URL.Path == "/v1/parcels/"+l.number:
		web.JSON(w, Announced{Barcode: l.number, State: "announced"})
	case r.URL.Path == "/do":
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><html lang=en><title>pane</title><p>pane</p>")
	}
}

func (l *table) open(t *testing.T, ctx context.Context, language string) {
	t.Helper()
	err := chromedp.Do(ctx, chromedp.Navigate(l.page.URL), chromedp.Evaluate[chromedp.Void](`(sessionStorage.clear(), localStorage.setItem("language", "`+language+`"), undefined)`),
		chromedp.Navigate(l.page.URL), chromedp.WaitVisible(`html[lang="`+language+`"] body[data-step="announce"]`))
	if err != nil {
		t.Fatal(err)
	}
}

// announce presses the button and waits for what is on the page then.
func announce(t *testing.T, ctx context.Context, then string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Click("#announce button"), chromedp.WaitVisible(then)); err != nil {
		t.Fatal(err)
	}
}

// The page is accessible in every language and both themes, on a phone and on a desk, and says nothing that is in no catalogue, also where
// the hub refuses.
func TestThePageIsAccessible(t *testing.T) {
	l, ctx := lay(t), webtest.Chromium(t, 1280, 800)
	for _, language := range words.All() {
		l.open(t, ctx, language.Code)
		announce(t, ctx, `body[data-step="enrol"], body[data-step="courier"]`)
		webtest.AccessibleAtEverySize(t, ctx, "announced-"+language.Code)
	}
	wordstest.Speak(t)
	l = lay(t)
	for _, l.code = range []string{"invalid_phone", "locker_full", "range_exhausted", ""} {
		l.open(t, ctx, wordstest.Code)
		if l.code == "" {
			announce(t, ctx, `body[data-step="enrol"], body[data-step="courier"]`)
		} else {
			announce(t, ctx, "#gesture.bad")
		}
		for _, literal := range wordstest.Literals(t, ctx) {
			t.Errorf("after %q the page says %q, which is in no catalogue", l.code, literal)
		}
	}
}

// What the hub answers, whatever it is, stays text and in its place.
func TestAHostileHubIsInert(t *testing.T) {
	l, ctx := lay(t), webtest.Chromium(t, 360, 740)
	for _, text := range webtest.Evil {
		l.code, l.number = "", url.PathEscape(text)
		l.open(t, ctx, "en")
		announce(t, ctx, `body[data-step="enrol"], body[data-step="courier"]`)
		webtest.Inert(t, ctx, text)
		webtest.Fits(t, ctx, text)
		l.code = text
		announce(t, ctx, "#gesture.bad")
		webtest.Inert(t, ctx, text)
		webtest.Fits(t, ctx, text)
	}
}
