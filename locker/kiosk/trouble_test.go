package kiosk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/creack/pty"

	"lockstep/guard/door"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
	"lockstep/locker/kiosk"
)

// A scanner that is unplugged: nobody is sent to it, couriers are told what to do, and all is as before when it is back.
func TestAScannerThatIsUnplugged(t *testing.T) {
	g := newFakeGuard(t)
	challenge, _ := envelopes(t)
	far, line, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { far.Close(); line.Close() })
	plug := filepath.Join(t.TempDir(), "scanner")
	w := at(t, startKiosk(t, g, kiosk.Config{Scanner: plug, Support: support}))
	w.fits("start", "no scanner", "Сканер не работает: введите код", "У меня есть код", support)
	w.waits(`document.querySelector("#start-qr") === null`)
	w.click("#start-courier")
	w.fits("noScanner", "courier without a scanner", "Сканер не работает", "Не оставляйте посылки снаружи", support)
	if asked := g.verbs(); len(asked) != 0 {
		t.Errorf("the guard was asked %v for a session that nobody could begin", asked)
	}
	w.keys(kb.Escape)
	w.sees("start")
	w.click("#start-staff")
	w.fits("staff", "staff without a scanner", "проверьте кабель и питание")
	w.keys(kb.Escape)
	w.sees("start")
	g.show(door.View{Stage: door.Idle, Session: &door.Session{Challenge: challenge, Left: 60000}})
	w.fits("challenge", "challenge without a scanner", "Сканер не отвечает")
	g.show(door.View{Stage: door.Idle, Session: courier(challenge, 3)})
	w.fits("session", "session without a scanner", "Сканер не отвечает")
	g.show(door.View{Stage: door.Idle})
	w.sees("start")
	if err := os.Symlink(line.Name(), plug); err != nil {
		t.Fatal(err)
	}
	w.waits(`document.querySelector("#start-qr") !== null && document.querySelector(".trouble") === null`)
}

// A guard that is not there when the screen is switched on: the screen says what it knows, and goes on by itself.
func TestAGuardThatIsNotThereYet(t *testing.T) {
	g := newFakeGuard(t)
	g.stop()
	w := comes(t, g)
	w.waits(`document.querySelector(".help") !== null`)
	w.fits("away", "guard away", "Экран не видит замки", "экран продолжит сам", support)
	g.start(t)
	w.sees("start")
	w.keys("2040")
	w.sees("pad")
	g.stop()
	w.sees("away", support)
	g.start(t)
	w.sees("pad") // a moment's silence takes nobody's place away
}

// A kiosk that dies leaves a page that says so.
func TestAScreenWithoutItsKiosk(t *testing.T) {
	g := newFakeGuard(t)
	var end func()
	page := startKioskUntil(t, g, kiosk.Config{Support: support}, func(stop func()) { end = stop })
	w := at(t, page)
	w.sees("start")
	end()
	w.sees("away", support)
}

// The locker goes on without a hub: recipients see nothing of it, those whom it concerns are told for how long.
func TestAHubThatIsSilent(t *testing.T) {
	g := newFakeGuard(t)
	w := startWalk(t, g)
	const screen = `document.querySelector("main").innerText`
	look := func() string {
		text, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](screen))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := look()
	g.show(door.View{Stage: door.Idle, Alone: 3 * time.Hour.Milliseconds()})
	w.click("#start-return")
	w.sees("pad", "больше 3\u00a0ч", "ещё не известны")
	w.keys(kb.Escape)
	w.sees("start")
	if after := look(); after != before {
		t.Errorf("a recipient is told %q, not %q", after, before)
	}
	w.click("#start-code")
	if text := w.sees("pad"); strings.Contains(text, "связи") {
		t.Errorf("a recipient is told %q", text)
	}
	w.keys(kb.Escape)
	w.sees("start")
	w.click("#start-staff")
	w.sees("staff", "больше 3\u00a0ч")
	w.keys(kb.Escape)
	g.show(door.View{Stage: door.Idle, Alone: time.Hour.Milliseconds()}) // the time is set once an hour: no trouble yet
	w.waits(`document.querySelector("main").dataset.screen === "start"`)
	w.click("#start-staff")
	if text := w.sees("staff"); strings.Contains(text, "Извне") {
		t.Errorf("after an hour: %q", text)
	}
}

// A guard that has never known the time takes no returns, gives out as ever, and says so.
func TestAClockThatIsUnset(t *testing.T) {
	g := newFakeGuard(t)
	g.answer = func(door.KioskRequest) door.KioskReply { return door.KioskReply{Reason: door.TimeUnsure} }
	w := startWalk(t, g)
	w.click("#start-return")
	w.keys(statement.CompleteCode("246813579"))
	w.waits(`document.querySelector(".note.bad")?.textContent.includes("не уверен во времени")`)
	w.fits("pad", "clock unset", "Посылка остаётся у вас", support)
}

// Who needs everything low is told before the press that a door is not, gets a low compartment for a return, and is told where there is none.
func TestEverythingLow(t *testing.T) {
	j := newJudge(t, 6)
	code := j.permit()
	w := startWalk(t, j.fakeGuard)
	w.click("#lower")
	w.click("#start-return")
	w.sees("pad", "Подберём ячейку пониже")
	w.keys(code)
	w.waits(`document.querySelector(".note.bad")?.textContent.includes("Низкой свободной нет")`) // none of these is low
	w.click("#lower")
	w.keys(code)
	w.sees("press", "1")
	j.press()
	w.sees("open")
	j.move(1, rules.Closed)
	w.sees("done")

	g := newFakeGuard(t)
	w = startWalk(t, g)
	w.click("#lower")
	for number, low := range map[uint16]bool{6: true, 7: false} {
		g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: number, Left: 20000})
		if text := w.sees("press"); strings.Contains(text, "не из нижних") == low {
			t.Errorf("door %d, low %v: %q", number, low, text)
		}
		g.show(door.View{Stage: door.Idle})
		w.sees("start")
	}
}

// hostile are names as somebody who may give them would to harm the screen: markup, the other direction, and no end.
var hostile = []string{
	`<img src=x onerror="document.title='taken over'"><script>document.title='taken over'</script>`,
	"\u202e\u2066dlot si siht fi desrever\u202e", strings.Repeat("W", 64), "{door} [object Object] ${1}", "\u0000\u0007\u200b\u00ad", strings.Repeat("я̴̧̛̤̖̞̓̀", 12),
}

func TestNamesThatWouldHarm(t *testing.T) {
	challenge, _ := envelopes(t)
	for _, name := range hostile {
		g := newFakeGuard(t)
		g.locker = name
		w := at(t, startKiosk(t, g, kiosk.Config{Support: name}))
		holds := func(screen string) {
			t.Helper()
			w.sees(screen)
			for _, l := range []look{{800, 480, true, false}, {1080, 1920, false, false}, {1280, 800, false, false}} {
				w.wants(l)
				if bad, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](faults)); err != nil || bad != "" {
					t.Errorf("%q on %s, %s: %v\n\t%s", name, screen, l, err, bad)
				}
			}
			harmed := `document.title !== "Lockstep" || document.querySelector("main img:not([src^='data:image/svg']), main script, main a") !== null`
			if bad, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](harmed)); err != nil || bad {
				t.Errorf("%q did something to %s: %v", name, screen, err)
			}
		}
		w.sees("start", "Здравствуйте")
		session := &door.Session{Challenge: challenge, Courier: name, Number: 4, Parcel: name, Overdue: []string{name}, Uncertain: []string{name}, Left: 60000}
		g.show(door.View{Stage: door.Idle, Session: session})
		holds("session")
		g.show(door.View{Stage: door.Press, Errand: door.Withdrawing, Compartment: 7, Left: 20000, Session: session})
		holds("press")
		g.show(door.View{Stage: door.Failed, Errand: door.Depositing, Compartment: 7, Outcome: "jam", Session: session})
		holds("failed")
		g.show(door.View{Stage: door.Failed, Errand: door.Collecting, Compartment: 7, Outcome: name})
		holds("failed")
		g.show(door.View{Stage: door.Idle, Service: &door.Service{Challenge: challenge, Technician: name, Number: 2, Left: 60000}})
		holds("serving")
	}
}
