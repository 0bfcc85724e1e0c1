package console_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/chromedp/chromedp"

	"lockstep/guard/journal"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/console"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/outbox"
	"lockstep/internal/web"
	"lockstep/internal/web/webtest"
	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
	"lockstep/parcel"
)

// browser is a headless Chromium with a device that keeps passkeys.
type browser struct {
	*testing.T
	ctx context.Context
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	b := browser{t, webtest.Chromium(t, 1440, 900, chromedp.Flag("lang", "en"))}
	webtest.Passkeys(t, b.ctx)
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

// clicks clicks on an element once it is there. (Where a page holds another, the browser's own nodes are found late or never.)
func (b browser) clicks(selector string) {
	b.Helper()
	b.until(`document.querySelector(` + strconv.Quote(selector) + `)`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(` + strconv.Quote(selector) + `).click()`))
}

// types types into a field once it is there, and leaves it.
func (b browser) types(selector, text string) {
	b.Helper()
	b.until(`document.querySelector(` + strconv.Quote(selector) + `)`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(`+strconv.Quote(selector)+`).focus()`), chromedp.KeyEvent(text), chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
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

	b.do(chromedp.Click(".acts summary"), chromedp.SendKeys("#minutes", "5"))
	o.deposit(2) // while she watches
	b.until(`document.querySelector('locker-front a[data-door="2"] g').getAttribute("class") === "full"`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('locker-front a[data-door="2"]').dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }))`))
	b.until(`document.getElementById("story").innerText.includes("Parcel stored")`)
	webtest.Keep(t, b.ctx, "console-door")
	o.deposit(5)
	b.until(`document.querySelector('locker-front a[data-door="5"] g').getAttribute("class") === "full"`)
	if got := b.text(`[document.querySelector(".acts details").open, document.querySelector("#minutes").value, document.getElementById("story").innerText.includes("Parcel stored")].join()`); got != "true,530,true" {
		t.Errorf("what she has unfolded, typed and asked for: %s", got)
	}

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

// A merchant's day: a shipment to a locker that is chosen on the map, its label, a table with a mistake, a return; and the map for its shop.
func TestAMerchantsWalk(t *testing.T) {
	if !web.Has("console.js") {
		t.Skip("npm's code is not built: make web")
	}
	o := newOffice(t)
	if _, err := o.fleet.ImportCities(t.Context(), strings.NewReader("id,name,region,country\n992,Москва,Московская обл.,RU\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.fleet.ImportSites(t.Context(), strings.NewReader("locker,city,hours,indoors\nl1,992,\""+strings.Repeat("00:00-23:59,", 6)+"00:00-23:59\",true\n")); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	b.enter(o, account.ForMerchant)
	b.until(`location.pathname === "/shop/" && document.querySelector("table")`)
	b.clicks(`a[href="/shop/new"]`)
	b.types("#phone", "+7 916 123-45-67")
	b.types("#reference", "ORDER-7")
	b.types("#name", "Зоя")
	const choice = `document.querySelector("lockstep-locker-picker").shadowRoot.querySelector("iframe").contentDocument`
	b.until(choice + `.querySelector("[data-id=l1]")`)
	b.do(chromedp.Evaluate[chromedp.Void](choice+`.querySelector("[data-id=l1]").click()`), chromedp.Evaluate[chromedp.Void](choice+`.querySelector("#chosen button.main").click()`))
	b.until(`document.querySelector("#locker").value === "l1" && document.querySelector("#locker-text").textContent.includes("Сокол")`)
	webtest.Keep(t, b.ctx, "shop-new-filled")
	b.clicks(`form[action="/shop/shipments"] button.main`)
	b.until(`document.querySelector("h1")?.textContent === "ORDER-7"`)
	webtest.Keep(t, b.ctx, "shop-announced")
	b.do(chromedp.Navigate(o.server.URL + "/shop/"))
	b.clicks("[data-all]:not([hidden])")
	if ticked := b.text(`String(document.querySelectorAll("input[name=shipment]:checked").length)`); ticked != "2" {
		t.Errorf("all are %s", ticked)
	}
	if kind := b.text(`fetch("/shop/labels?" + new URLSearchParams(new FormData(document.querySelector("[data-ticks]")))).then((r) => r.headers.get("Content-Type"))`); kind != "application/pdf" {
		t.Errorf("labels come as %s", kind)
	}
	table := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(table, []byte("locker;reference;phone;size\nl1;ORDER-8;+79161234567;S\nl1;ORDER-9;911;S\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(o.server.URL+"/shop/import"), chromedp.WaitVisible("#file"), chromedp.SetUploadFiles("#file", []string{table}), chromedp.Click("form button.main"))
	b.until(`document.querySelector("main").innerText.includes("That is no phone number")`)
	webtest.Keep(t, b.ctx, "shop-imported")
	b.do(chromedp.Navigate(o.server.URL + "/shop/returns"))
	b.types("#locker", "l1")
	b.clicks(`form[action="/shop/returns"] button.main`)
	b.until(`/^[0-9]{10}$/.test(document.querySelector(".once input")?.value)`)
	webtest.Keep(t, b.ctx, "shop-return")
	b.do(chromedp.Navigate(o.server.URL + "/shop/widget"))
	b.types("#city", "Москва")
	b.clicks("#copy")
	b.until(`document.querySelector("#code").textContent.includes('city="Москва"') && document.querySelector("#preview").getAttribute("city") === "Москва"`)
	b.clicks("input[value=script]")
	b.until(`document.querySelector("#code").textContent.includes('PickPoint.open')`)
	webtest.Keep(t, b.ctx, "shop-widget-chosen")
}

// Every page is accessible in every language and both themes, also where something went wrong; and says nothing that is in no catalogue.
func TestEveryPage(t *testing.T) {
	if !web.Has("console.js") {
		t.Skip("npm's code is not built: make web")
	}
	wordstest.Speak(t)
	for _, l := range words.All() {
		for _, role := range []account.Role{account.Admin, account.ForMerchant} {
			t.Run(l.Code+"-"+string(role), func(t *testing.T) { visitAll(t, l, role) })
		}
	}
}

func visitAll(t *testing.T, l *words.Language, role account.Role) {
	o := newOffice(t)
	o.webhook()
	o.guard.Write(journal.Record{Kind: journal.Alarm, Reason: "uncommanded", Compartment: 3})
	o.guard.Write(journal.Record{Kind: journal.Quarantined, Reason: "left open", Compartment: 4})
	o.up()
	if err := o.custody.Report(t.Context(), o.barcode, parcel.OtherInside, "12 34"); err != nil {
		t.Fatal(err)
	}
	// what people and machines have called things
	data := []string{"Постамат «Сокол»", "Ленинградский пр., 71Г", "Anna", "house/anna", "house", "anna", "order-b", "m1", "l1", "Europe/Moscow", "My computer", "admin", "courier", "guard", "merchant", "made a passkey", "Книги", o.merchant.ID, "Storage", "RUB", "https://shop.example/lockstep", "webhook.test", "http:", "src=", "script", "lockstep-locker-picker", "select/picker.js", "type=", "module", "name=", "locker", "required", "localhost"}
	data = append(data, outbox.Types()...)
	b := newBrowser(t)
	b.enter(o, role)
	for _, path := range o.pages(role) {
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		b.do(chromedp.Navigate(o.server.URL+path+sign+"lang="+l.Code), chromedp.WaitVisible("main"))
		b.until(`!document.querySelector("#preview") || document.querySelector("#code").textContent`)
		if path == "/console/" { // what the map itself says, too
			b.until(`document.getElementById("map").dataset.idle`)
		}
		if said := b.text("document.documentElement.lang"); said != l.Code {
			t.Errorf("%s is in %s, not in %s", path, said, l.Code)
		}
		if l.Code != wordstest.Code {
			webtest.Accessible(t, b.ctx, strings.TrimPrefix(strings.NewReplacer("/", "-", "?", "-", "=", "-", o.barcode, "parcel", o.merchant.ID, "merchant", o.shipment, "one", o.hook, "one").Replace(path), "-")+"-"+l.Code)
			continue
		}
		for _, literal := range wordstest.Literals(t, b.ctx, data...) {
			t.Errorf("%s says %q, which is in no catalogue", path, literal)
		}
	}
}

// enter signs Anna in, in a browser.
func (b browser) enter(o *office, role account.Role) {
	b.Helper()
	merchant := map[account.Role]string{account.ForMerchant: o.merchant.ID}[role]
	_, token, err := o.accounts.AddUser(b.Context(), "Anna "+string(role), role, merchant)
	if err != nil {
		b.Fatal(err)
	}
	b.do(chromedp.Navigate(o.server.URL+"/console/enrol#"+token.Reveal()), chromedp.WaitVisible("#enrol"), chromedp.Click("#enrol button"))
	b.until(`document.querySelector("header.bar")`)
}

// pages are all that a role can look at.
func (o *office) pages(role account.Role) []string {
	paths := []string{"/console/sign-in", "/console/enrol", "/console/lockers/nowhere", "/console/search?q=nothing"}
	if role == account.ForMerchant {
		paths = []string{"/shop/shipments/nothing", "/shop/?q=nothing", "/shop/returns?of=" + o.shipment}
	}
	for _, row := range console.Rights() {
		if row.Method == "GET" && slices.Contains(row.Who, role) && !files.MatchString(row.Path) {
			paths = append(paths, strings.NewReplacer("{locker}", "l1", "{door}", "1", "{barcode}", o.barcode, "{merchant}", o.merchant.ID, "{shipment}", o.shipment, "{webhook}", o.hook).Replace(row.Path))
		}
	}
	return paths
}

// files are what is no page: tables, streams, papers.
var files = regexp.MustCompile(`\.|/live$|/journal$|/evidence$|/labels$|\{act\}`)

// webhook adds one, with something in its log, and a key.
func (o *office) webhook() {
	o.Helper()
	e, _, err := o.outbox.AddEndpoint(o.Context(), o.merchant.ID, "https://shop.example/lockstep", nil)
	if err == nil {
		_, err = o.outbox.Test(o.Context(), o.merchant.ID, e.ID)
	}
	if err == nil {
		_, err = o.accounts.NewKey(o.Context(), o.merchant.ID, "Storage")
	}
	if err != nil {
		o.Fatal(err)
	}
	o.hook = e.ID
}

// printed is what a user's name may have of a text: so many characters of those that are printed.
func printed(text string, most int) string {
	all := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text))
	return string(all[:min(most, len(all))])
}

// Whatever merchants, couriers, users and lockers are called, and whatever merchants call their orders, stays text on every page.
func TestHostileNamesAreInert(t *testing.T) {
	if !web.Has("console.js") {
		t.Skip("npm's code is not built: make web")
	}
	o := newOffice(t)
	for i, text := range webtest.Evil {
		if _, _, err := o.fleet.Add(t.Context(), fleet.NewLocker{ID: "evil" + string(rune('a'+i)), Name: text, Address: text, Zone: "Europe/Moscow", Latitude: 50, Longitude: 30 + float64(i)}); err != nil {
			t.Fatal(err)
		}
		if _, err := o.accounts.AddMerchant(t.Context(), text, ""); err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.accounts.AddUser(t.Context(), printed(text, 60), account.Auditor, ""); err != nil {
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
	b.enter(o, account.Admin)
	paths := o.pages(account.Admin)
	for _, m := range merchants {
		paths = append(paths, "/console/merchants/"+m.ID)
	}
	for i, text := range webtest.Evil {
		paths = append(paths, "/console/lockers/evil"+string(rune('a'+i)), "/console/search?q="+url.QueryEscape(text), "/console/audit?subject="+url.QueryEscape(text), "/console/?q="+url.QueryEscape(text), "/console/?show="+url.QueryEscape(text))
	}
	b.inert(o, paths)
	if _, _, err := o.outbox.AddEndpoint(t.Context(), o.merchant.ID, `https://shop.example/"><img src=x onerror="globalThis.owned=1">`, nil); err != nil {
		t.Fatal(err)
	}
	for _, text := range webtest.Evil {
		if _, err := o.accounts.NewKey(t.Context(), o.merchant.ID, printed(text, 60)); err != nil {
			t.Fatal(err)
		}
	}
	b.do(chromedp.Navigate(o.server.URL+"/console/"), chromedp.Evaluate[chromedp.Void](`document.querySelector("form[action$='/sign-out']").submit()`))
	b.until(`document.querySelector("#sign-in")`)
	b.enter(o, account.ForMerchant)
	o.webhook()
	paths = o.pages(account.ForMerchant)
	sent, _, err := o.custody.Shipments(t.Context(), o.merchant.ID, custody.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sent {
		paths = append(paths, "/shop/shipments/"+s.ID)
	}
	for _, text := range webtest.Evil {
		paths = append(paths, "/shop/?q="+url.QueryEscape(text)+"&state="+url.QueryEscape(text), "/shop/returns?of="+url.QueryEscape(text), "/shop/webhooks/"+o.hook+"?state="+url.QueryEscape(text))
	}
	b.inert(o, paths)
}

// inert looks at pages for what would run, or has run.
func (b browser) inert(o *office, paths []string) {
	b.Helper()
	for _, path := range paths {
		b.do(chromedp.Navigate(o.server.URL+path), chromedp.WaitVisible("main"))
		webtest.Inert(b.T, b.ctx, path)
	}
}
