package kiosk_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/locker/kiosk"
)

// later moves the page's clock; durations of the screen are its own. The guard is heard again, as it would be all the while.
func (w walk) later(g *fakeGuard, d time.Duration) {
	w.Helper()
	move := fmt.Sprintf(`(() => { window.moved ??= (() => { const real = performance.now.bind(performance); let by = 0; performance.now = () => real() + by; return (ms) => { by += ms; }; })(); moved(%d); return true; })()`, d.Milliseconds())
	if _, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](move)); err != nil {
		w.Fatal(err)
	}
	g.mu.Lock()
	view := g.view
	g.mu.Unlock()
	g.show(view)
}

// waits polls the page until an expression holds.
func (w walk) waits(expression string) {
	w.Helper()
	if _, err := chromedp.Run(w.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		at, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		w.Fatalf("%s does not come true: %v\n%s", expression, err, at)
	}
}

func startWalk(t *testing.T, g *fakeGuard) walk {
	t.Helper()
	w := comes(t, g)
	w.sees("start")
	return w
}

// comes is somebody who looks at the screen, whatever it shows.
func comes(t *testing.T, g *fakeGuard) walk {
	t.Helper()
	return at(t, startKiosk(t, g, kiosk.Config{Support: support}))
}

// at is somebody before the screen whose page is there.
func at(t *testing.T, page string) walk {
	t.Helper()
	w := walk{t, newBrowser(t)}
	if err := chromedp.Do(w.ctx, chromedp.Navigate(page)); err != nil {
		t.Fatal(err)
	}
	return w
}

// support is whom people are told to call.
const support = "8 800 555-01-23"

// heard gives every verb from now on.
func (g *fakeGuard) heard() <-chan door.KioskRequest {
	asked := make(chan door.KioskRequest, 10)
	g.answer = func(r door.KioskRequest) door.KioskReply {
		asked <- r
		return door.KioskReply{Accepted: true}
	}
	return asked
}

func next(t *testing.T, asked <-chan door.KioskRequest) door.KioskRequest {
	t.Helper()
	select {
	case r := <-asked:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("the guard was not asked")
		return door.KioskRequest{}
	}
}

func TestNothingStaysOnTheScreen(t *testing.T) {
	g := newFakeGuard(t)
	w := startWalk(t, g)

	w.click("#start-code")
	w.sees("pad")
	w.keys("1234")
	w.waits(`document.querySelectorAll(".code i.filled").length === 4`)
	w.later(g, 31*time.Second)
	w.sees("start")
	w.click("#start-code")
	w.sees("pad")
	w.waits(`document.querySelectorAll(".code i.filled").length === 0`)
	w.later(g, 31*time.Second)
	w.sees("start")

	g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 7, Outcome: "collected"})
	w.sees("done")
	w.later(g, 13*time.Second) // also when the guard leaves it there
	w.sees("start")

	challenge, head := envelopes(t)
	g.show(door.View{Stage: door.Idle, Session: &door.Session{Challenge: challenge, Courier: "c-17", Stored: 4, Receipt: head}})
	w.sees("receipt")
	w.later(g, 31*time.Second)
	w.sees("start")
}

func TestStaffHaveMoreTimeAndNotForEver(t *testing.T) {
	g := newFakeGuard(t)
	w := startWalk(t, g)
	w.click("#start-staff")
	w.sees("staff")
	w.later(g, 31*time.Second)
	w.sees("staff")
	w.later(g, 3*time.Minute)
	w.sees("start")
}

func TestAnOrderThatIsOutForSignatureIsShownAgain(t *testing.T) {
	g := newFakeGuard(t)
	asked := g.heard()
	question, _ := envelopes(t)
	g.show(door.View{Stage: door.Idle, Override: question, OverrideLeft: 600000})
	w := startWalk(t, g)
	w.click("#start-staff")
	w.click("#start-override")
	w.sees("order", "10\u00a0мин") // as much as the guard says, whenever this kiosk began
	w.click("summary")
	w.waits(fmt.Sprintf(`document.querySelector(".groups").textContent === "%x"`, question))
	if verbs := g.verbs(); len(verbs) != 0 {
		t.Errorf("the guard was asked %v for what was there", verbs)
	}
	w.click("main .row button:last-child")
	if got := next(t, asked); got.Verb != door.Override {
		t.Errorf("asked %q", got.Verb)
	}
	g.show(door.View{Stage: door.Idle}) // its pulse is spent
	w.sees("staff")
}

// TestWhatIsSaidDuringAVisit: a refusal does not hide the door that somebody stands at.
func TestWhatIsSaidDuringAVisit(t *testing.T) {
	g := newFakeGuard(t)
	g.answer = func(door.KioskRequest) door.KioskReply { return door.KioskReply{Reason: door.NotBelieved} }
	w := startWalk(t, g)
	g.show(door.View{Stage: door.Say, Errand: door.Overriding, Compartment: 7, Left: 180000})
	w.sees("tellDevice")
	w.keys("LSA:" + base45.Encode(statement.Encode(statement.Presentation{Answer: []byte{1}})) + "\r")
	w.waits(`!document.querySelector("#remark").hidden && document.querySelector("#remark").textContent.includes("не принят")`)
	w.sees("tellDevice")
	w.later(g, 16*time.Second)
	w.waits(`document.querySelector("#remark").hidden`)
}

func TestRefusalsEndByThemselves(t *testing.T) {
	g := newFakeGuard(t)
	g.answer = func(door.KioskRequest) door.KioskReply { return door.KioskReply{Reason: door.Busy} }
	w := startWalk(t, g)
	w.click("#start-courier")
	w.sees("refused", "ещё кто")
	w.later(g, 16*time.Second)
	w.sees("start")
}

func TestScannerThatTypesLikeAKeyboard(t *testing.T) {
	g := newFakeGuard(t)
	asked := g.heard()
	w := startWalk(t, g)
	secret := bytes.Repeat([]byte{0xa5}, 16)
	w.keys("LSC:" + base45.Encode(secret) + "\r")
	if got := next(t, asked); got.Verb != door.Secret || !bytes.Equal(got.Secret, secret) {
		t.Errorf("asked %q with %d bytes", got.Verb, len(got.Secret))
	}
	w.sees("start") // the letters pressed no button
}

func TestPadByKeyboardAndVoice(t *testing.T) {
	g := newFakeGuard(t)
	asked := g.heard()
	w := startWalk(t, g)
	w.waits(`(document.querySelector("#start-code").focus(), true)`)
	w.keys("\r")
	w.sees("pad")
	w.waits(`document.activeElement === document.querySelector("h1") && document.querySelector("#say").textContent.includes("код")`)
	code := statement.CompleteCode("20406080")
	w.keys(code[:5] + "\b" + code[4:8])
	w.waits(`document.querySelector(".code").getAttribute("aria-label").includes("8")`)
	w.keys(code[8:])
	if got := next(t, asked); got.Verb != door.Code || got.Code != code {
		t.Errorf("asked %q with %d digits", got.Verb, len(got.Code))
	}
}
