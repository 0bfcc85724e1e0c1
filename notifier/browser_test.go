package notifier_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lockstep/guard/journal"
	"lockstep/internal/web"
	"lockstep/internal/web/webtest"
	"lockstep/notifier/internal/chaintest"
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

// What a recipient sees: the message on the phone, the code large behind its link, the same page without any network.
func TestPages(t *testing.T) {
	n := newNetwork(t)
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
	n.until(inboxURL, count(3))
	n.guard.Does(chaintest.Barcode(1), 1, journal.CollectIntent, journal.Opened, journal.Collected)
	n.upload()
	messages := n.until(inboxURL, count(5))
	b.do(chromedp.WaitVisible("#sms li:nth-child(3)"), chromedp.WaitVisible("#mail li:nth-child(2)"))
	b.text(`Promise.all(document.getAnimations().map((a) => a.finished)).then(() => "still")`)
	b.keep("inbox")

	fragment := func(i int) string { return messages[i].Links[0][strings.Index(messages[i].Links[0], "#"):] }
	b.do(chromedp.EmulateViewport(412, 1000), chromedp.Navigate(pages+"/c/"+fragment(4)), chromedp.WaitVisible("#codes li"))
	if got := b.text(`[...document.querySelectorAll("#codes .digits span")].map((s) => s.textContent).join(" ")`); got != shown {
		t.Errorf("the page shows %q, want %q", got, shown)
	}
	if got := b.text(`document.getElementById("place").textContent + document.getElementById("until").textContent`); !strings.HasPrefix(got, "Lenina 5Until ") {
		t.Errorf("the page says %q", got)
	}
	if web.Has("qr.js") {
		b.do(chromedp.WaitVisible("#qr svg"))
	}
	b.keep("code")
	b.do(chromedp.Click("#larger"), chromedp.Click("#language"), chromedp.WaitVisible("html.larger[lang=ru]"))
	b.keep("code-larger")

	b.text(`navigator.serviceWorker.ready.then(() => caches.open("code-page-1")).then((c) => c.keys()).then((k) => k.map((r) => r.url).join(" "))`)
	stop()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(pages+"/c/"+fragment(4)), chromedp.WaitVisible("#codes li"))
	if got := b.text(`document.getElementById("codes").innerText.replace(/\s+/g, " ").trim()`); got != shown {
		t.Errorf("without a network the page shows %q", got)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(pages+"/c/#cut-off"), chromedp.WaitVisible("#none"))
	b.keep("none")
	for _, m := range messages {
		if m.Channel == "sms" && len(m.Codes) == 2 {
			b.several(pages+"/c/"+m.Links[0][strings.Index(m.Links[0], "#"):], chaintest.Barcode(2), chaintest.Barcode(3))
		}
	}
	kept := b.text(`caches.open("code-page-1").then((c) => c.keys()).then((k) => k.map((r) => r.url).join(" "))`)
	if strings.Contains(kept, "#") || !strings.Contains(kept, "ticket.js") {
		t.Errorf("the browser keeps %s", kept)
	}
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
	b.do(chromedp.WaitVisible("#qr svg"))
	b.keep("two-codes")
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
	b.do(chromedp.EmulateViewport(412, 1000), chromedp.Navigate(links["+79990000043"]), chromedp.WaitVisible("#codes li"))
	if got := b.text(`String(document.getElementById("more-time").hidden)`); got != "true" {
		t.Error("more time is offered where the merchant gives none")
	}
	said := func(words string) {
		b.text(`new Promise((done) => { const look = () => document.getElementById("more-answer").textContent.includes("` + words + `") ? done("") : setTimeout(look, 50); look(); })`)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(links["+79990000042"]), chromedp.WaitVisible("#more"), chromedp.Click("#more"))
	said("Попросили")
	b.keep("more-time")
	b.do(chromedp.Click("#more"))
	said("Больше времени нет")
	n.hub.await(func() bool { return len(n.hub.extended) == 1 && n.hub.extended[0] == chaintest.Barcode(1) })
}
