package courier_test

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	webtest.Accessible(w.T, w.ctx, "phone-"+screen)
}

// until waits for an expression to hold.
func (w walk) until(expression string) {
	w.Helper()
	if _, err := chromedp.Run(w.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		w.Fatalf("waiting for %s: %v", expression, err)
	}
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

// enrols makes the phone c-17's.
func (w walk) enrols(r *pages) {
	w.Helper()
	w.open(r.server.URL + "/courier/#enrol=" + r.expect(w.T, "c-17"))
	w.sees("enrol", "Enrol this phone?")
	w.tap("Enrol")
	w.sees("home", "put in: 2")
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
	return signedBy(t, r.guard, prefix, s)
}

func signedBy(t *testing.T, by *statement.Signer, prefix string, s statement.Statement) string {
	t.Helper()
	envelope, err := statement.Sign(by, s)
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
	w.sees("held", "No door has opened yet") // the phone waits for it, whatever happens to the page
	w.tap("Show the answer again")
	w.sees("show", "Answer no. 2")
	check(2, statement.WantLarger, barcode(2))

	w.tap("A door opened")
	w.sees("session")
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

// A screen that keeps an answer back, to open its door while the courier holds another parcel, gets no answer about another
// parcel: not before a door has opened, and not over any challenge but a newer one of the guard's own.
func TestAHostileScreenCannotSwapParcels(t *testing.T) {
	r := newPages(t, "")
	w := walk{t, newBrowser(t)}
	w.enrols(r)
	thief, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	challenge := func(by *statement.Signer, counter uint64) string {
		return signedBy(t, by, "LSQ:", statement.Challenge{Locker: "msk-0042", Boot: 3, Counter: counter, Nonce: statement.Nonce{byte(counter), by.Key().Public[0]}, Purpose: statement.ForCourier})
	}
	point := func(text string) {
		t.Helper()
		if in[string](w, `document.querySelector("main").dataset.screen`) == "home" {
			w.tap("Point at")
		} else {
			w.tap("Point at the new code")
		}
		w.sees("camera")
		w.submit(text)
	}
	answers := func() int {
		return in[int](w, `import("/courier/session.js").then((s) => s.load()).then((s) => s.number)`)
	}
	tries := func() string { // to sign about the other parcel by all means, past the screens
		return in[string](w, fmt.Sprintf(`Promise.all([import("/courier/session.js"), import("/courier/store.js")]).then(async ([s, store]) =>
			s.answer(await s.load(), await store.get("device"), { want: 1, barcode: %q }).then(() => "signed", (e) => e.constructor.name))`, barcode(2)))
	}

	point(challenge(r.guard, 5))
	w.sees("session", "msk-0042")
	w.submit(barcode(1))
	w.sees("show", "Answer no. 1", "A door opened", "No door opened")
	w.tap("No door opened") // the screen says: not read; the next one, please
	w.sees("held", "No door has opened yet", "Show the answer again", inFours(barcode(1)))
	if got := tries(); got != "Waits" {
		t.Fatalf("about another parcel: %s", got)
	}

	point(challenge(r.guard, 5)) // the same code again
	w.sees("held", "That is the code of before")
	point(challenge(r.guard, 4)) // one that the screen asked for earlier, and kept
	w.sees("held", "could not check that this code is new", "Only parcel "+inFours(barcode(1)))
	if got := tries(); got != "Waits" || answers() != 0 {
		t.Fatalf("over an older challenge: %s", got)
	}
	w.tap("Sign it again")
	w.sees("show", "Answer no. 1")
	w.tap("No door opened")
	w.sees("held")
	point(challenge(r.guard, 5)) // the first one once more, newer than the last one shown
	w.sees("held", "could not check")
	point(challenge(thief, 9)) // one that it made itself
	w.sees("held", "could not check")
	if got := tries(); got != "Waits" {
		t.Fatalf("over a forged challenge: %s", got)
	}
	w.tap("Sign it again")
	w.sees("show", "Answer no. 1")
	w.tap("No door opened")
	w.sees("held")
	point(challenge(r.guard, 10)) // the guard's newest: with it, all answers of before are dead
	w.sees("session", "Take back overdue")
	w.submit(barcode(2))
	w.sees("show", "Answer no. 1", inFours(barcode(2)))
	w.tap("A door opened")
	w.sees("session")
	w.submit(barcode(1))
	w.sees("show", "Answer no. 2")
}

// A locker without room: the courier learns where to take the parcel, and the phone signs about no other one before it has a new code.
func TestNoRoomSendsTheCourierOn(t *testing.T) {
	r := newPages(t, "")
	w := walk{t, newBrowser(t)}
	w.enrols(r)
	w.tap("Point at")
	w.sees("camera")
	w.submit(signedBy(t, r.guard, "LSQ:", statement.Challenge{Locker: "msk-0042", Boot: 3, Counter: 1, Nonce: statement.Nonce{1}, Purpose: statement.ForCourier}))
	w.sees("session", "msk-0042")
	w.submit(barcode(1))
	w.sees("show", "No door opened")
	w.tap("No door opened")
	w.sees("held", "No room: where does it go?")
	w.tap("No room")
	w.sees("elsewhere", "Take it to this locker", "Аэропорт", "Ленинградский пр., 64", "not sent there today", inFours(barcode(1)))
	w.tap("Back")
	w.sees("home")
	w.tap("Go on: msk-0042")
	w.sees("held", "No door has opened yet") // as before: the answer that no door opened for is still about
	w.tap("Point at the new code")
	w.sees("camera")
	w.submit(signedBy(t, r.guard, "LSQ:", statement.Challenge{Locker: "msk-0042", Boot: 3, Counter: 2, Nonce: statement.Nonce{2}, Purpose: statement.ForCourier}))
	w.sees("session", "msk-0042")
	w.submit(barcode(2))
	w.sees("show", "No door opened")
	w.tap("No door opened")
	w.sees("held")
	w.tap("No room")
	w.sees("held", "No locker nearby has room for it")
}

// shown is the text of the answer on the screen.
func shown(w walk) string {
	w.Helper()
	return in[string](w, `import("/courier/session.js").then((s) => s.load()).then((s) => s.last.text)`)
}

// scanner reads the QR code on the phone as the locker's scanner would.
func scanner(w walk) string { w.Helper(); return webtest.QR(w.T, w.ctx) }

func inFours(barcode string) string { return barcode[:4] + " " + barcode[4:8] + " " + barcode[8:] }

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

// TestThePhoneReadsALabel holds a label before the phone's camera, as the README shows it. This browser reads QR codes only, like many
// phones: it needs no more.
func TestThePhoneReadsALabel(t *testing.T) {
	if !web.Has("scan.js") {
		t.Skip("npm's parts are not built: the page has no camera")
	}
	r := newPages(t, "")
	w := walk{t, webtest.Chromium(t, 412, 860, chromedp.Flag("lang", "en"), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film(t, "../../docs/label.svg")))}
	w.enrols(r)
	w.tap("Point at")
	w.sees("camera", "That is not the code") // but a parcel's
	w.submit(signed(t, r, "LSQ:", statement.Challenge{Locker: "msk-0042", Boot: 3, Counter: 1, Nonce: statement.Nonce{1}, Purpose: statement.ForCourier}))
	w.sees("show", "Answer no. 1", "2000 1000 0421") // the camera has gone on from the locker's screen to the parcel, without a tap
	w.tap("A door opened")
	w.sees("session", "This one is done") // its label is before the camera still
	if n := in[int](w, `import("/courier/session.js").then((s) => s.load()).then((s) => s.number)`); n != 1 {
		t.Errorf("%d answers are signed about one parcel", n)
	}
	w.sees("session", "The camera is on")
	if on := in[bool](w, `document.querySelector("video").srcObject.active && !document.getElementById("viewer").hidden`); !on {
		t.Error("the camera was closed between two parcels")
	}
	w.tap("Drop the session")
	w.sees("home")
	if off := in[bool](w, `document.querySelector("video").srcObject === null && document.getElementById("viewer").hidden`); !off {
		t.Error("away from the locker the camera is on")
	}
}

// film is pictures as a camera would show them, one after the other, each for a while: a file in YUV4MPEG2.
func film(t *testing.T, drawings ...string) string {
	t.Helper()
	const width, height = 840, 1184
	ctx := webtest.Chromium(t, width, height)
	out := bytes.NewBufferString(fmt.Sprintf("YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n", width, height))
	for _, name := range drawings {
		frame := append([]byte("FRAME\n"), frameOf(t, ctx, name, width, height)...)
		out.Write(bytes.Repeat(frame, len(drawings)*2)) // for a moment, where there are several
	}
	frames := filepath.Join(t.TempDir(), "film.y4m")
	if err := os.WriteFile(frames, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return frames
}

// frameOf is a drawing in grey.
func frameOf(t *testing.T, ctx context.Context, drawing string, width, height int) []byte {
	t.Helper()
	path, err := filepath.Abs(drawing)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "drawing.html")
	if err := os.WriteFile(file, []byte(`<body style="margin:0"><img style="width:100%" src="file://`+path+`">`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+file)); err != nil {
		t.Fatal(err)
	}
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	seen, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	grey := make([]byte, 0, width*height*3/2)
	for y := range height {
		for x := range width {
			grey = append(grey, color.GrayModel.Convert(seen.At(x, y)).(color.Gray).Y)
		}
	}
	return append(grey, bytes.Repeat([]byte{0x80}, width*height/2)...) // no colour
}
