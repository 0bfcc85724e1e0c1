package notifier_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"lockstep/guard/journal"
	"lockstep/internal/web"
	"lockstep/internal/web/webtest"
	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/internal/codepage"
	"lockstep/notifier/internal/inbox"
	"lockstep/parcel"
)

// browser is a headless Chromium. LOCKSTEP_SCREENSHOTS names a folder that keeps what it has seen.
type browser struct {
	*testing.T
	ctx context.Context
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	return browser{t, webtest.Chromium(t, 1280, 900)}
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

func (b browser) keep(name string) {
	b.Helper()
	webtest.Accessible(b.T, b.ctx, "notifier-"+name)
}

// place is what the hub says of where the test's locker stands.
const place = `{"latitude":56.838,"longitude":60.597,"way":"behind the bakery, left of the door",
	"hours":["09:00-21:00","09:00-21:00","09:00-21:00","09:00-21:00","09:00-21:00","09:00-21:00","09:00-21:00"],
	"busy":[[0,0,0,0,0,0,0,0,1,1,0,0,1,1,0,0,1,2,2,2,1,0,0,0],[0,0,0,0,0,0,0,0,0,0,1,1,2,2,1,1,1,0,0,0,0,0,0,0]]}`

func fragment(m inbox.Message) string { return m.Links[0][strings.Index(m.Links[0], "#"):] }

// What a recipient sees: the message on the phone, the code large behind its link with the way there and who opened the door, the same
// page without any network, and what it says when it is over.
func TestPages(t *testing.T) {
	n := newNetwork(t)
	n.hub.place = place
	b := newBrowser(t)
	inboxURL, pages, stop := n.run()
	n.announce(1, anna, "s1")
	code := n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.upload()
	shown := code.Code[:3] + " " + code.Code[3:6] + " " + code.Code[6:]
	b.do(chromedp.Navigate(inboxURL), chromedp.WaitVisible("#sms .code"), chromedp.WaitVisible("#mail iframe"))
	if got := b.text(`document.querySelector("#sms .code").textContent`); got != shown {
		t.Errorf("the phone shows %q, want %q", got, shown)
	}
	n.announce(2, boris, "s2")
	n.announce(3, boris, "s2")
	n.guard.Store(chaintest.Barcode(2), 2, 72)
	n.guard.Store(chaintest.Barcode(3), 3, 72)
	n.upload()
	messages := n.until(inboxURL, count(3))
	link, several := pages+"/c/"+fragment(messages[1]), pages+"/c/"+fragment(messages[0])

	b.do(chromedp.EmulateViewport(412, 1000), chromedp.Navigate(link), chromedp.WaitVisible("#codes li"), chromedp.WaitVisible("#doors"))
	if got := b.text(`[...document.querySelectorAll("#codes .digits span")].map((s) => s.textContent).join(" ")`); got != shown {
		t.Errorf("the page shows %q, want %q", got, shown)
	}
	if got := b.text(`document.getElementById("place").textContent + document.getElementById("until").textContent`); !strings.HasPrefix(got, "Lenina 5Until ") {
		t.Errorf("the page says %q", got)
	}
	if web.Has("qr.js") {
		b.do(chromedp.WaitVisible("#qr svg"))
	}
	for selector, want := range map[string]string{"#open": "Open today 09:00–21:00", "#way": "How to find it: behind the bakery, left of the door", "#doors-list": "Nobody has opened it since.",
		"#busy-days": "Busy: 17:00–20:00."} {
		if got := b.text(`document.querySelector("` + selector + `").textContent`); !strings.Contains(got, want) {
			t.Errorf("%s says %q, not %q", selector, got, want)
		}
	}
	if got := b.text(`document.getElementById("route").href`); !strings.Contains(got, "56.838") || !strings.Contains(got, "60.597") {
		t.Errorf("the way is %s", got)
	}
	b.long("code")
	b.do(chromedp.Click("#larger"), chromedp.Click("#language"), chromedp.WaitVisible("html.larger[lang=ru]"))
	b.long("code-larger")
	b.several(several, chaintest.Barcode(2), chaintest.Barcode(3))

	n.guard.Add(journal.Record{Kind: journal.CollectIntent, Compartment: 1, Parcel: chaintest.Barcode(1), Credential: "qr"})
	n.guard.Does(chaintest.Barcode(1), 1, journal.Opened, journal.Collected)
	n.upload()
	n.until(inboxURL, count(5))
	b.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(inboxURL), chromedp.WaitVisible("#sms li:nth-child(3)"), chromedp.WaitVisible("#mail li:nth-child(2)"))
	b.text(`Promise.all(document.getAnimations().map((a) => a.finished)).then(() => "still")`)
	b.keep("inbox")
	b.do(chromedp.EmulateViewport(412, 1000), chromedp.Navigate(link), chromedp.WaitVisible("#codes .over"))
	if got := b.text(`document.getElementById("codes").innerText + document.getElementById("doors").innerText + String(document.getElementById("scan").hidden)`); !strings.Contains(got, "Collected ") ||
		!strings.Contains(got, "Opened with the QR code. Closed again.") || !strings.HasSuffix(got, "true") {
		t.Errorf("after the collection the page says %q", got)
	}
	b.long("collected")

	b.text(`navigator.serviceWorker.ready.then(() => caches.open("code-page-2")).then((c) => c.keys()).then((k) => k.map((r) => r.url).join(" "))`)
	stop()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link), chromedp.WaitVisible("#codes li"))
	if got := b.text(`document.getElementById("codes").innerText.replace(/\s+/g, " ").trim()`); got != shown {
		t.Errorf("without a network the page shows %q", got)
	}
	b.says("#rest", "no answer from the network")
	b.long("no-network")
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(pages+"/c/#cut-off"), chromedp.WaitVisible("#none"))
	b.keep("none")
	kept := b.text(`caches.open("code-page-2").then((c) => c.keys()).then((k) => k.map((r) => r.url).join(" "))`)
	if strings.Contains(kept, "#") || !strings.Contains(kept, "ticket.js") || strings.Contains(kept, "about") {
		t.Errorf("the browser keeps %s", kept)
	}
}

// says waits until a part of the page says something.
func (b browser) says(selector, words string) {
	b.Helper()
	script := `document.querySelector(` + strconv.Quote(selector) + `)?.innerText ?? ""`
	for end := time.Now().Add(20 * time.Second); ; {
		got := b.text(script)
		if strings.Contains(got, words) {
			return
		}
		if time.Now().After(end) {
			b.Fatalf("%s says %q, not %q", selector, got, words)
		}
		b.do(chromedp.Sleep(50 * time.Millisecond))
	}
}

// long is keep of a page that is longer than the phone.
func (b browser) long(name string) {
	b.Helper()
	height, err := strconv.ParseInt(b.text(`String(document.documentElement.scrollHeight)`), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(412, height))
	b.keep(name)
	b.do(chromedp.EmulateViewport(412, 1000))
}

// several looks at the page of two codes: each with its parcel, one QR, and each to be given away alone.
func (b browser) several(link string, barcodes ...string) {
	b.Helper()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link), chromedp.WaitVisible("#codes li:nth-child(2)"))
	want := "…" + barcodes[0][8:] + " …" + barcodes[1][8:]
	if got := b.text(`[...document.querySelectorAll("#codes small")].map((s) => s.textContent.replace(/^\S+ /, "")).join(" ")`); got != want {
		b.Errorf("the codes are of %s, not %s", got, want)
	}
	if !web.Has("qr.js") {
		return
	}
	b.do(chromedp.WaitVisible("#qr svg"), chromedp.WaitVisible("#doors"))
	b.long("two-codes")
	second := b.text(`document.querySelector("#codes li:nth-child(2) .digits").innerText.replace(/\s+/g, " ")`)
	b.do(chromedp.Click("#codes li:nth-child(2) button"), chromedp.WaitVisible("#give-qr svg"))
	b.keep("give-one")
	alone := b.text(`document.getElementById("give-link").value`)
	b.do(chromedp.Click("#give-close"), chromedp.WaitNotVisible("#give"), chromedp.Navigate("about:blank"), chromedp.Navigate(alone), chromedp.WaitVisible("#codes li"))
	if got := b.text(`document.querySelector("#codes").innerText.replace(/\s+/g, " ").trim()`); got != second {
		b.Errorf("what is given away shows %q, not %q alone", got, second)
	}
	b.keep("given")
}

// Where the merchant lets its recipients ask for more time, the page asks: once for what it may, and says so.
func TestMoreTime(t *testing.T) {
	n := newNetwork(t)
	b := newBrowser(t)
	inboxURL, pages, _ := n.run()
	n.announce(1, boris, "s4")
	n.announce(2, `{"phone":"+79990000043","language":"en"}`, "s2")
	n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.guard.Store(chaintest.Barcode(2), 2, 72)
	n.upload()
	links := map[string]string{}
	for _, m := range n.until(inboxURL, count(2)) {
		links[m.To] = pages + "/c/" + m.Links[0][strings.Index(m.Links[0], "#"):]
	}
	b.do(chromedp.EmulateViewport(412, 1000), chromedp.Navigate(links["+79990000043"]), chromedp.WaitVisible("#doors"))
	if got := b.text(`String(document.getElementById("more-time").hidden)`); got != "true" {
		t.Error("more time is offered where the merchant gives none")
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(links["+79990000042"]), chromedp.WaitVisible("#more"), chromedp.Click("#more"))
	b.says("#more-answer", "Попросили")
	b.keep("more-time")
	b.do(chromedp.Click("#more"))
	b.says("#more-answer", "Больше времени нет")
	n.hub.await(func() bool { return len(n.hub.extended) == 1 && n.hub.extended[0] == chaintest.Barcode(1) })
}

// Whoever finds something wrong is told what to do at once and what comes of it; whoever does not want the parcel is asked once more.
func TestWrongAndNotWanted(t *testing.T) {
	n := newNetwork(t)
	b := newBrowser(t)
	inboxURL, pages, _ := n.run()
	n.announce(1, anna, "s1")
	n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.upload()
	messages := n.until(inboxURL, count(2))
	b.do(chromedp.EmulateViewport(412, 1000), chromedp.Navigate(pages+"/c/"+fragment(messages[0])), chromedp.WaitVisible("#acts"))
	b.do(chromedp.Click("#wrong summary"), chromedp.WaitVisible("#wrong-kinds input"))
	for _, what := range parcel.Troubles {
		b.do(chromedp.Click(`#wrong-kinds input[value="` + string(what) + `"]`))
		now := words.In("en").Section("code")["wrongNow"].(map[string]any)[string(what)].(string)
		b.says("#wrong-now", now)
	}
	b.do(chromedp.SendKeys("#wrong-note", "I pressed twice"), chromedp.Click("#wrong-form button"))
	b.says("#wrong-answer", "Support has it")
	b.long("wrong")
	b.do(chromedp.Click("#wrong-form button"))
	b.says("#wrong-answer", "Support knows about")
	if want := (report{chaintest.Barcode(1), "does not open", "I pressed twice"}); len(n.hub.reports) != 1 || n.hub.reports[0] != want {
		t.Errorf("%+v", n.hub.reports)
	}
	b.do(chromedp.Click("#refuse summary"), chromedp.WaitVisible("#refuse-form button"), chromedp.Click("#refuse-form button"), chromedp.WaitVisible("#sure"))
	b.keep("sure")
	b.do(chromedp.Click("#sure-no"), chromedp.WaitNotVisible("#sure"))
	if len(n.hub.refused) > 0 {
		t.Error("it was refused before anybody was sure")
	}
	b.do(chromedp.Click("#refuse-form button"), chromedp.WaitVisible("#sure"), chromedp.Click("#sure-yes"))
	b.says("#refuse-answer", "Noted")
	b.says("#codes .state", "You do not want it")
	b.long("refused")
	n.until(inboxURL, count(4)) // it is told, by both channels
	if len(n.hub.refused) != 1 || n.hub.refused[0] != chaintest.Barcode(1) {
		t.Errorf("refused: %v", n.hub.refused)
	}
}

// The page may be installed, keeps what it is asked to keep, opens with it without a link and a network, and forgets it.
func TestKeptOnThePhone(t *testing.T) {
	n := newNetwork(t)
	b := newBrowser(t)
	inboxURL, pages, stop := n.run()
	n.announce(1, anna, "s1")
	n.announce(2, `{"phone":"+79990000043","language":"en"}`, "s2")
	code, other := n.guard.Store(chaintest.Barcode(1), 1, 72), n.guard.Store(chaintest.Barcode(2), 2, 72)
	n.upload()
	messages := n.until(inboxURL, count(3))
	links := map[string]string{}
	for _, m := range messages {
		links[m.Codes[0]] = pages + "/c/" + fragment(m)
	}
	stored := func() string { return b.text(`String(localStorage.length)`) }
	b.do(chromedp.EmulateViewport(412, 1000), chromedp.Navigate(links[code.Code]), chromedp.WaitVisible("#doors"))
	b.text(`navigator.serviceWorker.ready.then(() => "")`)
	manifest, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (page.GetInstallabilityErrorsResult, error) {
		return cdp.Call(ctx, t, page.GetInstallabilityErrors, cdp.Empty{})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range manifest.InstallabilityErrors {
		if e.ErrorID != "in-incognito" {
			t.Errorf("it cannot be installed: %+v", e)
		}
	}
	if got := stored(); got != "0" {
		t.Errorf("%s things are kept that nobody asked to keep", got)
	}
	b.do(chromedp.Click("#keep"), chromedp.WaitVisible("#forget"))
	n.guard.Add(journal.Record{Kind: journal.Extended, Compartment: 1, Parcel: chaintest.Barcode(1), Dwell: 240, Due: time.Now().AddDate(0, 0, 10).UnixMicro()})
	n.upload()
	n.until(inboxURL, count(5))
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(links[code.Code]), chromedp.WaitVisible("#doors"))
	later := b.text(`document.getElementById("until").textContent`)
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(links[other.Code]), chromedp.WaitVisible("#others a"), chromedp.Click("#keep"), chromedp.WaitVisible("#forget"))
	b.long("kept")
	stop()
	shown := func(want string) {
		t.Helper()
		if got := b.text(`document.querySelector("#codes .digits").innerText.replace(/\s+/g, "")`); got != want {
			t.Errorf("it shows %s, not %s", got, want)
		}
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(pages+"/c/"), chromedp.WaitVisible("#codes li"))
	shown(other.Code)
	b.text(`document.querySelector("#others a").click(), ""`)
	b.says("#others a", "Lenina 5")
	shown(code.Code)
	if got := b.text(`document.getElementById("until").textContent`); got != later {
		t.Errorf("without a network it says %q, and not the later %q", got, later)
	}
	b.do(chromedp.Click("#forget"), chromedp.WaitVisible("#keep"), chromedp.Navigate("about:blank"), chromedp.Navigate(pages+"/c/"), chromedp.WaitVisible("#forget"), chromedp.Click("#forget"), chromedp.WaitVisible("#keep"))
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(pages+"/c/"), chromedp.WaitVisible("#none"))
	if got := stored(); got != "0" {
		t.Errorf("%s things are still kept", got)
	}
	b.do(chromedp.SendKeys("#paste-link", links[code.Code][:40]), chromedp.Click("#paste button"))
	b.says("#paste-answer", "not the whole link")
	b.do(chromedp.SendKeys("#paste-link", links[code.Code]), chromedp.Click("#paste button"), chromedp.WaitVisible("#codes li"))
	shown(code.Code)
}

// What is over is not kept on.
func TestForgottenWhenItIsOver(t *testing.T) {
	n := newNetwork(t)
	b := newBrowser(t)
	inboxURL, pages, _ := n.run()
	n.announce(1, anna, "s1")
	n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.upload()
	messages := n.until(inboxURL, count(2))
	b.do(chromedp.Navigate(pages+"/c/"+fragment(messages[0])), chromedp.WaitVisible("#keep"), chromedp.Click("#keep"), chromedp.WaitVisible("#forget"))
	n.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Opened, journal.Collected)
	n.upload()
	n.until(inboxURL, count(4))
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(pages+"/c/"))
	b.says("#keep-text", "nothing is kept")
	if got := b.text(`String(localStorage.length)`); got != "0" {
		t.Errorf("%s things are kept", got)
	}
}

// The page says nothing that is in no catalogue, and is accessible in every language.
func TestEveryWord(t *testing.T) {
	wordstest.Speak(t)
	n := newNetwork(t)
	n.hub.place = place
	b := newBrowser(t)
	inboxURL, pages, stop := n.run()
	n.announce(1, anna, "s1")
	n.guard.Store(chaintest.Barcode(1), 1, 72)
	barcode := chaintest.Barcode(1)
	for _, r := range []journal.Record{{Kind: journal.Quarantined, Reason: "uncommanded"}, {Kind: journal.OverrideIntent, Reason: "the latch is jammed"}, {Kind: journal.Opened}, {Kind: journal.Overridden, To: "OCCUPIED"},
		{Kind: journal.WithdrawIntent, Carrier: "house"}, {Kind: journal.Opened}, {Kind: journal.WithdrawFailed, Reason: "not taken"}, {Kind: journal.ReopenIntent, Carrier: "house"}, {Kind: journal.ReopenFailed, Reason: "jam"},
		{Kind: journal.Tested}, {Kind: journal.CollectIntent, Credential: "code"}, {Kind: journal.Opened}, {Kind: journal.Quarantined, Reason: "left open"}, {Kind: journal.CollectIntent, Credential: "qr"}, {Kind: journal.Opened},
		{Kind: journal.CollectFailed, Reason: "declined"}, {Kind: journal.CollectIntent, Credential: "grace"}, {Kind: journal.CollectFailed, Reason: "crash"}, {Kind: journal.CollectIntent, Credential: "code"}, {Kind: journal.Opened}} {
		r.Compartment, r.Parcel = 1, barcode
		n.guard.Add(r)
	}
	n.upload()
	link := ""
	n.until(inboxURL, func(messages []inbox.Message) bool {
		for _, m := range messages {
			if len(m.Codes) > 0 {
				link = pages + "/c/" + fragment(m)
			}
		}
		return link != ""
	})
	for _, l := range words.All() {
		b.do(chromedp.EmulateViewport(412, 1000), chromedp.Navigate("about:blank"), chromedp.Navigate(link), chromedp.WaitVisible("#acts"))
		b.speak(l.Code)
		b.do(chromedp.Click("#wrong summary"), chromedp.WaitVisible("#wrong-kinds input"), chromedp.Click(`#wrong-kinds input[value="damaged"]`), chromedp.Click("#wrong-form button"))
		b.says("#wrong-answer", strings.TrimSuffix(barcode[:4], " "))
		b.do(chromedp.Click("#refuse summary"), chromedp.WaitVisible("#refuse-form button"), chromedp.Click("#refuse-form button"), chromedp.WaitVisible("#sure"))
		b.literals(l)
		b.do(chromedp.Click("#sure-no"), chromedp.Click("#send"), chromedp.WaitVisible("#give"))
		b.literals(l)
		b.do(chromedp.Click("#give-close"))
		if l.Code != wordstest.Code {
			b.long("all-" + l.Code)
		}
		b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(pages+"/c/#cut-off"), chromedp.WaitVisible("#none"))
		b.speak(l.Code)
		b.literals(l)
	}
	stop()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link), chromedp.WaitVisible("#codes li"))
	b.says("#rest", " ")
	b.speak(wordstest.Code)
	b.literals(words.In(wordstest.Code))
}

// speak taps through the languages until the page speaks one.
func (b browser) speak(code string) {
	b.Helper()
	for range len(words.All()) {
		if b.text("document.documentElement.lang") == code {
			return
		}
		b.do(chromedp.Click("#language"))
	}
	if got := b.text("document.documentElement.lang"); got != code {
		b.Fatalf("the page speaks %s, not %s", got, code)
	}
}

// literals fails for what the page says outside of the catalogue, where it speaks a language that nobody does.
func (b browser) literals(l *words.Language) {
	b.Helper()
	if l.Code != wordstest.Code {
		return
	}
	for _, literal := range wordstest.Literals(b.T, b.ctx, "Lenina 5", "Lenina, 5, Yekaterinburg", "QR", "tlhIngan") {
		b.Errorf("the page says %q, which is in no catalogue", literal)
	}
}

// Whatever a locker is called and wherever it is said to be, however long, from right to left or in pieces of a page, it stays text in its place.
func TestHostilePlaces(t *testing.T) {
	n := newNetwork(t)
	n.hub.place = `{"latitude":1e308,"longitude":-1e308,"way":"</p><script>globalThis.owned=1</script>\u202egnp.exe","hours":["<b>","NODAY","x/y/z","","09:00-21:00","\u202e","javascript:globalThis.owned=1"],"busy":[[],[]]}`
	b := newBrowser(t)
	inboxURL, pages, _ := n.run()
	n.announce(1, anna, "s1")
	code := n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.guard.Add(journal.Record{Kind: journal.OverrideIntent, Compartment: 1, Parcel: chaintest.Barcode(1), Reason: `<img src=x onerror="globalThis.owned=1">`})
	n.guard.Add(journal.Record{Kind: journal.OverrideFailed, Compartment: 1, Parcel: chaintest.Barcode(1), Reason: "constructor"})
	n.upload()
	n.until(inboxURL, count(1))
	for _, name := range []string{`"><img src=x onerror="globalThis.owned=1">`, `<script>globalThis.owned=1</script>`, "javascript:globalThis.owned=1", "\u202e5 anineL\u2066", strings.Repeat("Ж", 80), strings.Repeat("W", 160), `{{constructor}}`} {
		ticket := codepage.Ticket{Codes: []codepage.Code{{Barcode: chaintest.Barcode(1), SealedCode: code}}, Due: time.Now().Add(time.Hour), Place: name, Address: name + " 2"}
		link, err := ticket.Link(pages)
		must(t, err)
		b.do(chromedp.EmulateViewport(360, 800), chromedp.Navigate("about:blank"), chromedp.Navigate(link), chromedp.WaitVisible("#doors"), chromedp.Click("#keep"), chromedp.WaitVisible("#forget"))
		if strange := b.text(`[globalThis.owned ?? "", ...document.querySelectorAll("img, iframe, script:not([src]), [onerror], a[href^='javascript:']")].map(String).filter(Boolean).join(" ")`); strange != "" {
			t.Errorf("%q: %s", name, strange)
		}
		if wide := b.text(`String(document.documentElement.scrollWidth - document.documentElement.clientWidth)`); wide != "0" {
			t.Errorf("%q makes the page %s too wide", name, wide)
		}
		if got := b.text(`document.querySelector("#codes .digits").innerText.replace(/\s+/g, "")`); got != code.Code {
			t.Errorf("%q: the code is %q", name, got)
		}
		if href := b.text(`document.getElementById("route").href`); !strings.HasPrefix(href, "https://www.openstreetmap.org/") {
			t.Errorf("%q: the way is %s", name, href)
		}
	}
	b.says("#doors-list", words.In("en").Section("code")["ends"].(map[string]any)["other"].(string))
	b.long("hostile")
}
