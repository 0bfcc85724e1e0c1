package kiosk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/internal/web/webtest"
	"lockstep/internal/words"
	"lockstep/locker/kiosk"
)

// newBrowser is a Chromium as the locker's screen, whose bell may ring.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	return webtest.Chromium(t, 720, 1280, chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.WindowSize(720, 1280))
}

// walk is a person in front of the screen.
type walk struct {
	*testing.T
	ctx context.Context
}

// sees waits for a screen by its name and gives its text. LOCKSTEP_SCREENSHOTS names a folder that keeps a picture of each.
func (w walk) sees(screen string, texts ...string) string {
	w.Helper()
	if err := chromedp.Do(w.ctx, chromedp.WaitVisible(`main[data-screen="`+screen+`"]`)); err != nil {
		at, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.querySelector("main").dataset.screen + ": " + document.body.innerText`))
		w.Fatalf("waiting for screen %q: %v; the screen is %s", screen, err, at)
	}
	text, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.querySelector("main").innerText`))
	if err != nil {
		w.Fatal(err)
	}
	for _, want := range texts {
		if !strings.Contains(text, want) {
			w.Errorf("screen %q does not say %q:\n%s", screen, want, text)
		}
	}
	webtest.Keep(w.T, w.ctx, screen)
	return text
}

// speaks touches the language's button until it is this one.
func (w walk) speaks(language string) {
	w.Helper()
	for range len(words.All()) + 1 {
		now, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.documentElement.lang`))
		if err != nil {
			w.Fatal(err)
		}
		if now == language {
			return
		}
		w.click("#language")
	}
	w.Fatalf("the screen does not come to speak %q", language)
}

func (w walk) click(selector string) {
	w.Helper()
	if err := chromedp.Do(w.ctx, chromedp.Click(selector)); err != nil {
		w.Fatalf("click %s: %v", selector, err)
	}
}

func (w walk) keys(text string) {
	w.Helper()
	if err := chromedp.Do(w.ctx, chromedp.KeyEvent(text)); err != nil {
		w.Fatal(err)
	}
}

// camera reads the QR code on the screen as a phone would.
func (w walk) camera() string { w.Helper(); return webtest.QR(w.T, w.ctx) }

func envelopes(t *testing.T) (challenge, head []byte) {
	t.Helper()
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		t.Fatal(err)
	}
	challenge, err = statement.Sign(network.Dispatch, statement.Challenge{Locker: "msk-0042", Boot: 3, Counter: 7, Nonce: statement.Nonce{1, 2, 3}, Purpose: statement.ForCourier})
	if err != nil {
		t.Fatal(err)
	}
	head, err = statement.Sign(network.Dispatch, statement.Head{Locker: "msk-0042", Boot: 3, Position: 812, Hash: statement.Hash{9}, Powered: 5e9, Low: 1_795_000_000e6})
	if err != nil {
		t.Fatal(err)
	}
	return challenge, head
}

func TestScreensOfARecipient(t *testing.T) {
	g := newFakeGuard(t)
	replies := make(chan door.KioskReply, 10)
	g.answer = func(door.KioskRequest) door.KioskReply { return <-replies }
	w := walk{t, newBrowser(t)}
	if err := chromedp.Do(w.ctx, chromedp.Navigate(startKiosk(t, g, kiosk.Config{}))); err != nil {
		t.Fatal(err)
	}
	w.sees("start", "У меня есть код")
	w.speaks("en")
	w.sees("start", "I have a code", "I am a courier")
	w.click("#start-qr")
	w.sees("showQR", "scanner")
	w.keys(kb.Escape)
	w.click("#start-code")
	w.sees("pad")

	w.keys("123456789") // no code ends in this digit
	if err := chromedp.Do(w.ctx, chromedp.WaitVisible("p.note.bad")); err != nil {
		t.Fatal(err)
	}
	if text := w.sees("pad", "typo"); len(g.verbs()) != 0 {
		t.Errorf("the guard was asked about a typing error: %v, %s", g.verbs(), text)
	}
	webtest.Keep(w.T, w.ctx, "code-typo")
	w.click(".pad button:nth-child(10)")
	replies <- door.KioskReply{Reason: door.WrongCode}
	w.keys(statement.CompleteCode("12345678"))
	if err := chromedp.Do(w.ctx, chromedp.WaitVisible("p.note.bad")); err != nil {
		t.Fatal(err)
	}
	w.sees("pad", "opens nothing here")

	replies <- door.KioskReply{Accepted: true}
	w.keys(statement.CompleteCode("87654321"))
	g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 7, Left: 17000})
	w.sees("press", "Press the green button", "7")
	w.click("main .row button:last-child")
	w.sees("decline", "You do not want this parcel?", "your code works")
	w.click("main button.main")
	w.sees("press")
	w.click("main .row button:last-child")
	w.sees("decline")
	g.show(door.View{Stage: door.Pulsed, Errand: door.Collecting, Compartment: 7, Left: 3000}) // a hand on the button all the same
	w.sees("pulsed")
	g.show(door.View{Stage: door.Open, Errand: door.Collecting, Compartment: 7, OpenDoors: []uint16{7}})
	w.sees("open", "Take your parcel from door", "7")
	w.click("main button.wide")
	w.sees("decline", "Put it back into compartment", "7")
	replies <- door.KioskReply{Accepted: true}
	w.click("main button.wide")
	w.sees("open", "Put the parcel back and close door", "7")
	if verbs := g.verbs(); verbs[len(verbs)-1].Verb != door.Decline {
		t.Errorf("the guard was asked %v", verbs)
	}
	g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 7, Outcome: "declined"})
	w.sees("done", "You do not want this parcel", "goes back to the shop")
	g.show(door.View{Stage: door.Jammed, Errand: door.Collecting, Compartment: 7, Left: 20000})
	w.sees("jammed", "did not open")
	g.show(door.View{Stage: door.Failed, Errand: door.Collecting, Compartment: 7, Outcome: "jam"})
	w.sees("failed", "safe inside")
	g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 7, Outcome: "collected"})
	w.sees("done", "Thank you")
	g.show(door.View{Stage: door.Idle, OpenDoors: []uint16{7}, LeftOpen: true})
	w.sees("closing", "close door")
	g.show(door.View{Stage: door.Idle, OutOfOrder: "bus"})
	w.sees("outOfOrder", "Your code stays valid")
	g.show(door.View{Stage: door.Idle})
	w.sees("start")

	replies <- door.KioskReply{Reason: door.Budget, Wait: 42000}
	w.click("#start-courier")
	w.sees("refused", "42\u00a0s")
	w.click("main button.wide")
	g.stop()
	w.sees("away", "cannot reach the locks")
}

func TestScreensOfACourier(t *testing.T) {
	g := newFakeGuard(t)
	challenge, head := envelopes(t)
	w := walk{t, newBrowser(t)}
	if err := chromedp.Do(w.ctx, chromedp.Navigate(startKiosk(t, g, kiosk.Config{}))); err != nil {
		t.Fatal(err)
	}
	w.sees("start")
	w.click("#start-courier")
	g.show(door.View{Stage: door.Idle, Session: &door.Session{Challenge: challenge, Left: 60000}})
	w.sees("challenge", "Наведите телефон")
	if got, want := w.camera(), "LSQ:"+base45.Encode(challenge); got != want {
		t.Errorf("a camera reads %.30q, want %.30q", got, want)
	}
	session := &door.Session{
		Challenge: challenge, Courier: "c-17", Number: 4, Stored: 3, TakenBack: 1, Left: 180000,
		Overdue: []string{"460010000017", "460010000024"}, Uncertain: []string{"460010000031", ""},
	}
	g.show(door.View{Stage: door.Idle, Session: session})
	w.sees("session", "c-17", "460010000017", "неизвестно")
	inHand := *session
	inHand.Parcel = "460010000048"
	g.show(door.View{Stage: door.Press, Errand: door.Depositing, Compartment: 5, Left: 20000, Session: &inHand})
	w.sees("press", "460010000048")
	g.show(door.View{Stage: door.Open, Errand: door.Depositing, Compartment: 5, OpenDoors: []uint16{5}, Session: &inHand})
	w.sees("open", "Положите посылку")
	webtest.Keep(w.T, w.ctx, "open-deposit")
	g.show(door.View{Stage: door.Done, Errand: door.Depositing, Compartment: 5, Outcome: "stored", Session: &inHand})
	w.sees("done", "Посылка принята")
	webtest.Keep(w.T, w.ctx, "done-stored")
	g.show(door.View{Stage: door.Failed, Errand: door.Depositing, Compartment: 5, Outcome: "full", Session: &inHand})
	w.sees("failed", "Свободных ячеек такого размера нет")
	g.show(door.View{Stage: door.Say, Errand: door.Reopening, Compartment: 9, Left: 60000, Session: &inHand})
	w.sees("tellDevice", "Скажите в телефоне")
	g.show(door.View{Stage: door.Done, Errand: door.Depositing, Compartment: 5, Outcome: "stored", Session: &door.Session{Challenge: challenge, Courier: "c-17", Stored: 4, TakenBack: 1, Receipt: head}})
	w.sees("receipt", "положено 4")
	if got, want := w.camera(), "LSR:"+base45.Encode(head); got != want {
		t.Errorf("a camera reads %.30q, want %.30q", got, want)
	}
	g.show(door.View{Stage: door.Idle})
	w.sees("start")
}

func TestFramedScreenTellsItsQR(t *testing.T) {
	g := newFakeGuard(t)
	challenge, _ := envelopes(t)
	frame := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<iframe src="%s" width="400" height="800"></iframe><script>addEventListener("message", (e) => { window.told = e.data; })</script>`, r.URL.Query().Get("page"))
	}))
	t.Cleanup(frame.Close)
	page := startKiosk(t, g, kiosk.Config{FrameAncestor: frame.URL})
	g.show(door.View{Stage: door.Idle, Session: &door.Session{Challenge: challenge, Left: 60000}})
	ctx := newBrowser(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(frame.URL+"/?page="+page)); err != nil {
		t.Fatal(err)
	}
	const ask = `new Promise((done) => { const again = setInterval(() => {
		if (window.told?.text) { clearInterval(again); done(window.told.text); } else document.querySelector("iframe").contentWindow.postMessage({ lockstep: "qr?" }, "*"); }, 100); })`
	if told, err := chromedp.Run(ctx, chromedp.Evaluate[string](ask, chromedp.EvalAwaitPromise)); err != nil || told != "LSQ:"+base45.Encode(challenge) {
		t.Errorf("the screen tells %.30q, %v", told, err)
	}
}
