package console_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"lockstep/guard/journal"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/console"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/web"
	"lockstep/internal/web/webtest"
	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
)

// browser is a headless Chromium with a device that keeps passkeys.
type browser struct {
	*testing.T
	ctx context.Context
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	b := browser{t, webtest.Chromium(t, 1440, 900, chromedp.Flag("lang", "en"))}
	b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		if _, err = cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return none, err
		}
		_, err = cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
			AutomaticPresenceSimulation: true, IsUserVerified: true}})
		return none, err
	})
	return b
}

func (b browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

func (b browser) text(script string) string {
	b.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// until waits for an expression to become true, on this page or on one that it leads to.
func (b browser) until(expression string) {
	b.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`))
		if err == nil && is {
			return
		}
		chromedp.Do(b.ctx, chromedp.Sleep(50*time.Millisecond))
	}
	webtest.Keep(b.T, b.ctx, "console-never")
	b.Fatalf("never: %s on %s:\n%s", expression, b.text("location.href"), b.text("document.body.innerText.slice(0, 2000)"))
}

// An operator's first day: a link, a passkey, the map, a locker while a parcel is put in, a door's story, an alarm; and the next morning.
func TestAnOperatorsWalk(t *testing.T) {
	if !web.Has("console.js") {
		t.Skip("npm's code is not built: make web")
	}
	o := newOffice(t)
	b := newBrowser(t)
	_, token, err := o.accounts.AddUser(t.Context(), "Anna", account.Admin, "")
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(o.server.URL+"/console/enrol#"+token.Reveal()), chromedp.WaitVisible("#enrol"))
	webtest.Keep(t, b.ctx, "console-enrol")
	b.do(chromedp.Click("#enrol button"))
	b.until(`document.querySelector("#lockers a")`)
	b.until(`document.getElementById("map").dataset.idle`)
	webtest.Keep(t, b.ctx, "console-network")
	if got := b.text(`document.querySelector(".lockers").innerText`); !strings.Contains(got, "Постамат «Сокол»") {
		t.Errorf("the list says %q", got)
	}
	b.do(chromedp.SendKeys(`.side input[name="q"]`, "nowhere"))
	b.until(`document.getElementById("lockers").innerText.includes("No locker is like that.")`)
	b.do(chromedp.Navigate(o.server.URL+"/console/lockers/l1"), chromedp.WaitVisible("locker-front svg"))
	b.until(`document.querySelector("#plot-inside canvas")`)
	webtest.Keep(t, b.ctx, "console-locker")
	if got := b.text(`document.querySelector('locker-front a[data-door="1"]').getAttribute("aria-label")`); got != "Door 1, size S, with a parcel" {
		t.Errorf("door 1 is called %q", got)
	}

	o.deposit(2) // while she watches
	b.until(`document.querySelector('locker-front a[data-door="2"] g').getAttribute("class") === "full"`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('locker-front a[data-door="2"]').dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }))`))
	b.until(`document.getElementById("story").innerText.includes("Parcel stored")`)
	webtest.Keep(t, b.ctx, "console-door")

	o.guard.Write(journal.Record{Kind: journal.Alarm, Reason: "uncommanded", Compartment: 3})
	o.up()
	b.do(chromedp.Navigate(o.server.URL+"/console/alarms"), chromedp.WaitVisible(".alarms button"))
	webtest.Keep(t, b.ctx, "console-alarms")
	b.do(chromedp.Click(".alarms button"))
	b.until(`document.querySelector(".alarms")?.innerText.includes("looked after by admin Anna")`)
	b.do(chromedp.Navigate(o.server.URL+"/console/parcels/"+o.barcode), chromedp.WaitVisible(".timeline"))
	webtest.Keep(t, b.ctx, "console-parcel")
	b.do(chromedp.Navigate(o.server.URL+"/console/users"), chromedp.WaitVisible("table"))
	webtest.Keep(t, b.ctx, "console-users")

	o.now = o.now.Add(13 * time.Hour)
	b.do(chromedp.Navigate(o.server.URL+"/console/"), chromedp.WaitVisible("#sign-in"))
	webtest.Keep(t, b.ctx, "console-sign-in")
	b.do(chromedp.Click("#sign-in"), chromedp.WaitVisible("#lockers a"))
	if got := b.text(`document.querySelector(".lockers .lamp").innerText`); got != "silent" {
		t.Errorf("after a night without a word the locker is %q", got)
	}
}

// Every page is accessible in every language and both themes, also where something went wrong; and says nothing that is in no catalogue.
func TestEveryPage(t *testing.T) {
	if !web.Has("console.js") {
		t.Skip("npm's code is not built: make web")
	}
	wordstest.Speak()
	for _, l := range words.All() {
		t.Run(l.Code, func(t *testing.T) { visitAll(t, l) })
	}
}

func visitAll(t *testing.T, l *words.Language) {
	o := newOffice(t)
	o.guard.Write(journal.Record{Kind: journal.Alarm, Reason: "uncommanded", Compartment: 3})
	o.guard.Write(journal.Record{Kind: journal.Quarantined, Reason: "left open", Compartment: 4})
	o.up()
	// what people and machines have called things
	data := []string{"Постамат «Сокол»", "Ленинградский пр., 71Г", "Anna", "house/anna", "house", "anna", "order-b", "m1", "l1", "Europe/Moscow", "My computer", "admin", "courier", "guard", "merchant", "made a passkey", "Книги", o.merchant.ID}
	b := newBrowser(t)
	_, token, err := o.accounts.AddUser(t.Context(), "Anna", account.Admin, "")
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(o.server.URL+"/console/enrol#"+token.Reveal()), chromedp.WaitVisible("#enrol"), chromedp.Click("#enrol button"))
	b.until(`document.querySelector("#lockers a")`)
	for _, path := range o.pages() {
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		b.do(chromedp.Navigate(o.server.URL+path+sign+"lang="+l.Code), chromedp.WaitVisible("main"))
		if said := b.text("document.documentElement.lang"); said != l.Code {
			t.Errorf("%s is in %s, not in %s", path, said, l.Code)
		}
		if l.Code != wordstest.Code {
			webtest.Accessible(t, b.ctx, "console"+strings.NewReplacer("/console", "", "/", "-", "?", "-", "=", "-", o.barcode, "parcel", o.merchant.ID, "merchant").Replace(path)+"-"+l.Code)
			continue
		}
		for _, literal := range wordstest.Literals(t, b.ctx, data...) {
			t.Errorf("%s says %q, which is in no catalogue", path, literal)
		}
	}
}

// pages are all that an admin can look at.
func (o *office) pages() []string {
	paths := []string{"/console/sign-in", "/console/enrol", "/console/lockers/nowhere", "/console/search?q=nothing"}
	for _, row := range console.Rights() {
		if row.Method == "GET" && !strings.Contains(row.Path, ".") && !strings.HasSuffix(row.Path, "/live") && !strings.HasSuffix(row.Path, "/journal") && !strings.HasSuffix(row.Path, "/evidence") {
			paths = append(paths, strings.NewReplacer("{locker}", "l1", "{door}", "1", "{barcode}", o.barcode, "{merchant}", o.merchant.ID).Replace(row.Path))
		}
	}
	return paths
}

// evil are texts that would run if any page took them for anything but text.
var evil = []string{
	`"><img src=x onerror="globalThis.owned=1">`,
	`<script>globalThis.owned=1</script>`,
	`'-globalThis.owned=1-'`,
	`javascript:globalThis.owned=1`,
	`</title><svg onload="globalThis.owned=1">`,
	`{{constructor.constructor("globalThis.owned=1")()}}`,
	`<a hx-on:load="globalThis.owned=1" hx-get="/console/" href="javascript:globalThis.owned=1">x</a>`,
	`]]><iframe srcdoc="<script>parent.owned=1</script>">`,
}

// Whatever merchants, couriers, users and lockers are called, and whatever merchants call their orders, stays text on every page.
func TestHostileNamesAreInert(t *testing.T) {
	if !web.Has("console.js") {
		t.Skip("npm's code is not built: make web")
	}
	o := newOffice(t)
	for i, text := range evil {
		if _, _, err := o.fleet.Add(t.Context(), fleet.NewLocker{ID: "evil" + string(rune('a'+i)), Name: text, Address: text, Zone: "Europe/Moscow", Latitude: 50, Longitude: 30 + float64(i)}); err != nil {
			t.Fatal(err)
		}
		if _, err := o.accounts.AddMerchant(t.Context(), text, ""); err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.accounts.AddUser(t.Context(), text[:min(60, len(text))], account.Auditor, ""); err != nil {
			t.Fatal(err)
		}
		if err := o.accounts.Audit(t.Context(), text, text, text); err != nil {
			t.Fatal(err)
		}
		if err := o.fleet.Raise(t.Context(), fleet.Alarm{Locker: "l1", Kind: fleet.Contradiction, Reason: text}); err != nil {
			t.Fatal(err)
		}
		o.announce(text)
	}
	merchants, err := o.accounts.Merchants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	_, token, err := o.accounts.AddUser(t.Context(), "Anna", account.Admin, "")
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(o.server.URL+"/console/enrol#"+token.Reveal()), chromedp.WaitVisible("#enrol"), chromedp.Click("#enrol button"))
	b.until(`document.querySelector("#lockers a")`)
	paths := o.pages()
	for _, m := range merchants {
		paths = append(paths, "/console/merchants/"+m.ID)
	}
	for i, text := range evil {
		paths = append(paths, "/console/lockers/evil"+string(rune('a'+i)), "/console/search?q="+url.QueryEscape(text), "/console/audit?subject="+url.QueryEscape(text), "/console/?q="+url.QueryEscape(text), "/console/?show="+url.QueryEscape(text))
	}
	for _, path := range paths {
		b.do(chromedp.Navigate(o.server.URL+path), chromedp.WaitVisible("main"))
		if strange := b.text(`[globalThis.owned ?? "", ...document.querySelectorAll("main img, main iframe, main script:not([src]), svg[onload], [onerror], a[href^='javascript:'], main [hx-on\\:load]")].map(String).filter(Boolean).join(" ")`); strange != "" {
			t.Errorf("%s: %s", path, strange)
		}
	}
}
