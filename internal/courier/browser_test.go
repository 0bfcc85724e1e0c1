package courier_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/internal/web"
	"lockstep/internal/web/webtest"
)

// newBrowser is a Chromium as wide as a phone.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	return webtest.Chromium(t, 412, 860, chromedp.Flag("lang", "en"))
}

// walk is a courier with the page in their hand.
type walk struct {
	*testing.T
	ctx context.Context
}

// in evaluates an expression in the page.
func in[T any](w walk, expression string) T {
	w.Helper()
	v, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		w.Fatalf("%s: %v", expression, err)
	}
	return v
}

// sees waits for a screen that says all of the texts. LOCKSTEP_SCREENSHOTS names a folder that keeps a picture of each.
func (w walk) sees(screen string, texts ...string) {
	w.Helper()
	for _, text := range append([]string{""}, texts...) {
		says := fmt.Sprintf(`document.querySelector("main")?.dataset.screen === %q && document.body.innerText.includes(%q)`, screen, text)
		if _, err := chromedp.Run(w.ctx, chromedp.Poll[bool](says, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
			at, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.querySelector("main")?.dataset.screen + ": " + document.body.innerText`))
			w.Fatalf("waiting for screen %q to say %q: %v; the screen is %s", screen, text, err, at)
		}
	}
	webtest.Keep(w.T, w.ctx, "phone-"+screen)
}

func (w walk) open(url string) {
	w.Helper()
	if err := chromedp.Do(w.ctx, chromedp.Navigate(url)); err != nil {
		w.Fatal(err)
	}
}

func (w walk) tap(label string) {
	w.Helper()
	tapped := in[bool](w, fmt.Sprintf(`(() => { const b = [...document.querySelectorAll("button")].find((b) => b.innerText.includes(%q)); b?.click(); return !!b; })()`, label))
	if !tapped {
		w.Fatalf("there is no button %q on %s", label, in[string](w, `document.body.innerText`))
	}
}

// submit types into the only input of the screen and sends its form.
func (w walk) submit(text string) {
	w.Helper()
	in[bool](w, fmt.Sprintf(`(() => { const i = document.querySelector("form input"); i.value = %q; i.form.requestSubmit(); return true; })()`, text))
}

// readAnswer reads the presentation on the screen as a guard would.
func readAnswer(t *testing.T, r *pages, text string, courier *statement.Courier) statement.Answer {
	t.Helper()
	data, err := base45.Decode(strings.TrimPrefix(text, "LSA:"))
	if err != nil {
		t.Fatalf("the screen shows %q: %v", text, err)
	}
	var p statement.Presentation
	if err := statement.Decode(data, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Certificate) > 0 {
		if *courier, err = statement.VerifyCourier(p.Certificate, r.network.Charter); err != nil {
			t.Fatal(err)
		}
	}
	answer, _, err := statement.Verify[statement.Answer](p.Answer, func(id statement.KeyID) (statement.Key, bool) { return courier.Key, id == courier.Key.ID() })
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func signed(t *testing.T, r *pages, prefix string, s statement.Statement) string {
	t.Helper()
	envelope, err := statement.Sign(r.network.Dispatch, s)
	if err != nil {
		t.Fatal(err)
	}
	return prefix + base45.Encode(envelope)
}

func TestCourierWalksThroughASession(t *testing.T) {
	if !web.Has("qr.js") {
		t.Log("npm's parts are not built: the page shows the text of its codes")
	}
	r := newPages(t, "")
	w := walk{t, newBrowser(t)}

	w.open(r.server.URL + "/courier/")
	w.sees("enrol", "not enrolled")
	link := r.server.URL + "/courier/?once#enrol=" + r.expect(t, "c-17")
	w.open(link)
	w.sees("enrol", "Enrol this phone?")
	w.tap("Enrol")
	w.sees("home", "Сокол", "put in: 2", "take back: 1")
	w.open(r.server.URL + "/courier/?again#" + strings.SplitN(link, "#", 2)[1])
	w.sees("home", "swift · c-17") // the spent link is nothing new
	w.open(r.server.URL + "/courier/?other#enrol=" + r.expect(t, "c-18"))
	w.sees("enrol", "enrolled already: c-17")
	w.tap("Keep it")
	w.sees("home", "swift · c-17")
	if extractable := in[bool](w, `new Promise((done) => { const o = indexedDB.open("lockstep-courier"); o.onsuccess = () => { const g = o.result.transaction("kept").objectStore("kept").get("device"); g.onsuccess = () => done(g.result.key.privateKey.extractable); }; })`); extractable {
		t.Error("the phone's key can be exported")
	}

	nonce := statement.Nonce{1, 2, 3}
	w.tap("Point at")
	w.sees("camera")
	w.submit("LSQ:NOT A CHALLENGE")
	w.sees("camera", "not a locker")
	w.submit(signed(t, r, "LSQ:", statement.Challenge{Locker: "msk-0042", Boot: 3, Counter: 1, Nonce: nonce, Purpose: statement.ForCourier}))
	w.sees("session", "msk-0042", "Take back overdue")
	w.submit("460010000018")
	w.sees("session", "Check the digits")

	w.submit(barcode(2))
	w.sees("show", "Answer no. 1")
	var courier statement.Courier
	check := func(number uint32, want statement.Want, parcel string) {
		t.Helper()
		got := readAnswer(t, r, shown(w), &courier)
		if wanted := (statement.Answer{Locker: "msk-0042", Nonce: nonce, Number: number, Want: want, Barcode: parcel}); got != wanted {
			t.Errorf("the phone says %+v, want %+v", got, wanted)
		}
	}
	check(1, statement.WantDeposit, barcode(2))
	if web.Has("qr.js") {
		if got := scanner(w); got != shown(w) {
			t.Errorf("a scanner reads %.30q", got)
		}
	}
	w.tap("Too small")
	w.sees("show", "Answer no. 2", "larger compartment")
	check(2, statement.WantLarger, barcode(2))

	w.open(r.server.URL + "/courier/") // the phone died and came back
	w.sees("home", "Go on: msk-0042")
	w.tap("Go on")
	w.tap("Show the last answer")
	w.sees("show", "Answer no. 2")
	check(2, statement.WantLarger, barcode(2))

	w.tap("Next parcel")
	w.tap("Finish")
	w.sees("show", "Answer no. 3")
	check(3, statement.WantReceipt, "")
	w.tap("Scan the receipt")
	w.sees("camera")
	w.submit(signed(t, r, "LSR:", statement.Head{Locker: "msk-0042", Boot: 3, Position: 812, Hash: statement.Hash{9}, Low: r.now.UnixMicro()}))
	w.sees("home", "Receipt saved")
	w.tap("Receipts")
	w.sees("history", "records up to no. 812", "acts: 3")

	r.server.CloseClientConnections()
	r.server.Listener.Close() // no signal from here on
	w.open(r.server.URL + "/courier/")
	w.sees("home", "Сокол", "No signal")
}

// shown is the text of the answer on the screen.
func shown(w walk) string {
	w.Helper()
	return in[string](w, `import("/courier/session.js").then((s) => s.load()).then((s) => s.last.text)`)
}

// scanner reads the QR code on the phone as the locker's scanner would.
func scanner(w walk) string { w.Helper(); return webtest.QR(w.T, w.ctx) }

// serveFrame is a page that holds another in a frame, as the demo does.
func serveFrame(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<iframe src="%s" width="400" height="800"></iframe><script>
		addEventListener("message", (e) => { window.told = e.data; });
		function tell(m) { document.querySelector("iframe").contentWindow.postMessage(m, "*"); }
	</script>`, r.URL.Query().Get("page"))
}

func TestFramedPageTellsItsQR(t *testing.T) {
	frame := httptest.NewServer(http.HandlerFunc(serveFrame))
	t.Cleanup(frame.Close)
	r := newPages(t, frame.URL)
	w := walk{t, newBrowser(t)}
	w.open(frame.URL + "/?page=" + r.server.URL + "/courier/")
	told := in[string](w, `new Promise((done) => { const again = setInterval(() => { if (window.told?.at) { clearInterval(again); done(JSON.stringify(window.told)); } else tell({ lockstep: "qr?" }); }, 100); })`)
	if told != `{"lockstep":"qr","text":"","at":"enrol"}` {
		t.Errorf("with no code on the screen the page tells %s", told)
	}
}
