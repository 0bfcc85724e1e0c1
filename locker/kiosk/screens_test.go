package kiosk_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lockstep/guard/door"
	"lockstep/internal/base45"
	"lockstep/internal/web/webtest"
)

// shot is one screen: a view, what is touched after it, and the screen's name.
type shot struct {
	name    string
	view    door.View
	touches []string
	screen  string
}

// shots are every stage with every errand that can stand in it, and what stands when nothing goes on.
func shots(t *testing.T) []shot {
	challenge, head := envelopes(t)
	busy := func(errand door.Errand, stage door.Stage, screen string) shot {
		v := door.View{Stage: stage, Errand: errand, Compartment: 7, Left: 17000}
		if stage == door.Open {
			v.Left, v.OpenDoors = 170000, []uint16{7}
		}
		return shot{string(errand) + " " + string(stage), v, nil, screen}
	}
	var out []shot
	for _, errand := range []door.Errand{door.Collecting, door.Depositing, door.Withdrawing, door.Reopening, door.Returning, door.Overriding, door.Testing} {
		out = append(out, busy(errand, door.Press, "press"), busy(errand, door.Pulsed, "pulsed"), busy(errand, door.Open, "open"))
	}
	for _, stage := range []door.Stage{door.Press, door.Open} {
		s := busy(door.Collecting, stage, "decline")
		s.name, s.touches = s.name+" declined", []string{map[door.Stage]string{door.Press: "main .row button:last-child", door.Open: "main button.wide"}[stage]}
		out = append(out, s)
	}
	out = append(out, busy(door.Returning, door.Jammed, "jammed"), busy(door.Reopening, door.Say, "tellDevice"), busy(door.Overriding, door.Say, "tellDevice"), busy(door.Testing, door.ByKey, "byKey"))
	for _, end := range []struct {
		errand  door.Errand
		stage   door.Stage
		outcome string
	}{
		{door.Returning, door.Done, "stored"}, {door.Overriding, door.Done, "emptied"}, {door.Overriding, door.Done, "as before"}, {door.Testing, door.Done, "tested"}, {door.Collecting, door.Done, "declined"},
		{door.Returning, door.Failed, "cancelled"}, {door.Returning, door.Failed, "full"}, {door.Returning, door.Failed, "jam"}, {door.Overriding, door.Failed, "jam"},
		{door.Overriding, door.Failed, "as before"}, {door.Testing, door.Failed, "skipped"}, {door.Testing, door.Failed, "jam"}, {door.Collecting, door.Failed, "locked down"},
		{door.Collecting, door.Failed, "not taken"}, {door.Collecting, door.Done, "collected"}, {door.Collecting, door.Failed, "jam"}, {door.Collecting, door.Failed, "no press"},
		{door.Reopening, door.Failed, "quarantine"}, {door.Depositing, door.Failed, "left open"}, {door.Collecting, door.Failed, "out of order"}, {door.Depositing, door.Failed, "jam"},
	} {
		view := door.View{Stage: end.stage, Errand: end.errand, Compartment: 7, Outcome: end.outcome}
		out = append(out, shot{string(end.errand) + " " + end.outcome, view, nil, strings.ToLower(string(end.stage))})
	}
	service := func(s door.Service) door.View { return door.View{Stage: door.Idle, Service: &s} }
	return append(out,
		shot{"start", door.View{Stage: door.Idle}, nil, "start"},
		shot{"qr", door.View{Stage: door.Idle}, []string{"#start-qr"}, "showQR"},
		shot{"return far from everybody", door.View{Stage: door.Idle, Alone: days(3)}, []string{"#start-return"}, "pad"},
		shot{"staff far from everybody", door.View{Stage: door.Idle, Alone: days(3)}, []string{"#start-staff"}, "staff"},
		shot{"challenge for a courier", door.View{Stage: door.Idle, Session: &door.Session{Challenge: challenge, Left: 60000}}, nil, "challenge"},
		shot{"challenge far from everybody", door.View{Stage: door.Idle, Alone: days(1), Session: &door.Session{Challenge: challenge, Left: 60000}}, nil, "challenge"},
		shot{"session", door.View{Stage: door.Idle, Session: courier(challenge, 2)}, nil, "session"},
		shot{"session with a long list", door.View{Stage: door.Idle, Session: courier(challenge, 30)}, nil, "session"},
		shot{"session far from everybody", door.View{Stage: door.Idle, Alone: days(1), Session: courier(challenge, 0)}, nil, "session"},
		shot{"receipt for a courier", door.View{Stage: door.Idle, Session: &door.Session{Challenge: challenge, Courier: "c-17", Stored: 4, Receipt: head}}, nil, "receipt"},
		shot{"code", door.View{Stage: door.Idle}, []string{"#start-code"}, "pad"},
		shot{"return", door.View{Stage: door.Idle}, []string{"#start-return"}, "pad"},
		shot{"staff", door.View{Stage: door.Idle}, []string{"#start-staff"}, "staff"},
		shot{"order", door.View{Stage: door.Idle, Override: challenge, OverrideLeft: 1740000}, []string{"#start-staff", "#start-override"}, "order"},
		shot{"challenge for a technician", service(door.Service{Challenge: challenge, Left: 60000}), nil, "challenge"},
		shot{"serving", service(door.Service{Challenge: challenge, Technician: "Anna Petrova", Number: 2, Tested: 5, Left: 600000}), nil, "serving"},
		shot{"walking", service(door.Service{Challenge: challenge, Technician: "Anna Petrova", Number: 3, Walking: true, Tested: 12, Left: 580000}), nil, "serving"},
		shot{"receipt for a technician", service(door.Service{Challenge: challenge, Technician: "Anna Petrova", Number: 4, Tested: 24, Receipt: head, Left: 600000}), nil, "receipt"},
		shot{"lockdown", door.View{Stage: door.Idle, LockedDown: 812}, nil, "lockdown"},
		shot{"lockdown for staff", door.View{Stage: door.Idle, LockedDown: 812}, []string{"#start-staff"}, "staff"},
		shot{"paused", door.View{Stage: door.Idle, PausedFor: 4980000}, nil, "paused"},
		shot{"locks silent", door.View{Stage: door.Idle, OutOfOrder: "bus"}, nil, "outOfOrder"},
		shot{"memory broken", door.View{Stage: door.Idle, OutOfOrder: "storage"}, nil, "outOfOrder"},
		shot{"closing several", door.View{Stage: door.Idle, OpenDoors: []uint16{7, 12}}, nil, "closing"},
		shot{"closing", door.View{Stage: door.Idle, OpenDoors: []uint16{7}, LeftOpen: true}, nil, "closing"},
	)
}

// days is how long the guard has heard nothing from outside, in ms.
func days(n int64) int64 { return n * (24 * time.Hour).Milliseconds() }

// courier is a session in which so many parcels may be taken back and looked at.
func courier(challenge []byte, parcels int) *door.Session {
	s := &door.Session{Challenge: challenge, Courier: "c-17", Number: 4, Stored: 3, TakenBack: 1, Left: 180000}
	for i := range parcels {
		s.Overdue = append(s.Overdue, fmt.Sprintf("46001000%04d", i))
		s.Uncertain = append(s.Uncertain, fmt.Sprintf("46002000%04d", i))
	}
	return s
}

// takes shows one screen, and looks whether all of it can be seen and nothing is left to be filled in.
func (w walk) takes(g *fakeGuard, s shot, language string) {
	w.Helper()
	w.resets(g)
	g.show(s.view)
	if s.view.LockedDown > 0 {
		w.sees("lockdown")
	}
	for _, touch := range s.touches {
		w.click(touch)
	}
	w.fits(s.screen, s.name+" "+language)
}

// resets leaves whatever stands.
func (w walk) resets(g *fakeGuard) {
	w.Helper()
	g.show(door.View{Stage: door.Idle})
	w.waits(`(() => { const at = document.querySelector("main").dataset.screen; if (at !== "start") document.querySelector("[data-back]")?.click(); return at === "start"; })()`)
}

// look is a screen that lockers have, and how somebody wants it.
type look struct {
	width, height int64
	larger, low   bool
}

var looks = []look{
	{1280, 800, true, false}, {1280, 800, false, true}, {1024, 600, false, false}, {1024, 600, true, false}, {800, 480, false, false}, {800, 480, true, false}, {800, 480, false, true},
	{1080, 1920, true, true}, {1080, 1920, false, true}, {1080, 1920, true, false}, {1080, 1920, false, false}, {768, 1024, false, false}, {768, 1024, true, true}, {1280, 800, false, false},
}

func (l look) String() string {
	name := fmt.Sprintf("%dx%d", l.width, l.height)
	if l.larger {
		name += " larger"
	}
	if l.low {
		name += " lower"
	}
	return name
}

// wants sets the screen up.
func (w walk) wants(l look) {
	w.Helper()
	set := fmt.Sprintf(`(async () => { for (const [id, on] of [["larger", %t], ["lower", %t]]) { const b = document.getElementById(id); if ((b.getAttribute("aria-pressed") === "true") !== on) b.click(); }
		return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))); })()`, l.larger, l.low)
	if err := chromedp.Do(w.ctx, chromedp.EmulateViewport(l.width, l.height)); err != nil {
		w.Fatal(err)
	}
	if _, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](set, chromedp.EvalAwaitPromise)); err != nil {
		w.Fatal(err)
	}
}

// faults is what cannot be seen or touched on the screen as it stands: what is cut, off the screen, under something else, or too small.
const faults = `(() => {
	const bad = [], called = (e) => e.tagName.toLowerCase() + "." + e.className + " " + e.textContent.trim().slice(0, 40);
	const seen = (e) => e.checkVisibility() && e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().height > 0;
	for (const e of document.querySelectorAll("body, header, header *, main, main *, #remark")) {
		if (e.closest("svg") || !seen(e) || getComputedStyle(e).display === "inline") continue;
		const r = e.getBoundingClientRect();
		if (e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).textOverflow !== "ellipsis") bad.push("is cut by " + (e.scrollWidth - e.clientWidth) + " across: " + called(e));
		if (e.scrollHeight > e.clientHeight + 3) bad.push("is cut by " + (e.scrollHeight - e.clientHeight) + " down: " + called(e));
		if (r.left < -1 || r.top < -1 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1) bad.push("is off the screen: " + called(e));
		if (e.matches("button, summary") && (r.width < 44 || r.height < 34)) bad.push(Math.round(r.width) + "x" + Math.round(r.height) + " is hard to touch: " + called(e));
		if (e.matches("button, summary") && document.documentElement.classList.contains("low") && innerHeight > innerWidth && r.top < 0.4 * innerHeight) bad.push("is out of reach: " + called(e));
	}
	const parts = [...document.querySelectorAll("header, .words, .field, .hands > *, .choices")].filter(seen).map((e) => [e, e.getBoundingClientRect()]);
	for (const [e, r] of parts) for (const [o, q] of parts)
		if (e !== o && !e.contains(o) && !o.contains(e) && r.left < q.right - 1 && q.left < r.right - 1 && r.top < q.bottom - 1 && q.top < r.bottom - 1) bad.push(called(e) + " lies on " + called(o));
	if (!document.querySelector("main h1")?.innerText) bad.push("no heading");
	if (document.querySelector("figure.front") && !(seen(document.querySelector("figure.front svg")) || document.querySelector("figcaption")?.innerText || document.querySelector("main").dataset.screen === "start")) bad.push("the door is not shown");
	return bad.join("\n\t");
})()`

// fits looks at the screen that stands, as every locker has it and everybody may want it.
func (w walk) fits(screen, name string, texts ...string) {
	w.Helper()
	text := w.sees(screen, texts...)
	for _, hole := range []string{"undefined", "{", "NaN", "[object"} {
		if strings.Contains(text, hole) {
			w.Errorf("%s says %q:\n%s", name, hole, text)
		}
	}
	for _, l := range looks {
		w.wants(l)
		if cut, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`[...document.querySelectorAll(".name bdi, ul.parcels li")].some((e) => e.scrollWidth > e.clientWidth)`)); err != nil || cut {
			w.Errorf("%s, %s: a name is cut, %v", name, l, err)
		}
		if bad, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](faults)); err != nil || bad != "" {
			w.Errorf("%s, %s: %v\n\t%s", name, l, err, bad)
		}
		if l.height == 1920 && l.larger == l.low || l.height == 480 && !l.low {
			webtest.Keep(w.T, w.ctx, name+" "+l.String())
		}
	}
}

// accessible holds the screen that stands against WCAG: in both themes as the last of the looks, in one of them as the others.
func (w walk) accessible(name string, turn int) {
	w.Helper()
	webtest.Accessible(w.T, w.ctx, name)
	rules := webtest.Rules(w.T)
	l, theme := looks[turn%(len(looks)-1)], []string{"light", "dark"}[turn/len(looks)%2]
	w.wants(l)
	webtest.Theme(w.T, w.ctx, theme)
	if broken := webtest.Broken(w.T, w.ctx, rules); broken != "" {
		w.Errorf("%s, %s, %s:\n%s", name, l, theme, broken)
	}
	webtest.Theme(w.T, w.ctx, "light")
	w.wants(looks[len(looks)-1])
}

func TestEveryScreenInBothLanguages(t *testing.T) {
	g := newFakeGuard(t)
	w := startWalk(t, g)
	for _, language := range []string{"ru", "en"} {
		w.speaks(language)
		for i, s := range shots(t) {
			t.Run(language+" "+s.name, func(t *testing.T) {
				w := walk{t, w.ctx}
				w.takes(g, s, language)
				w.accessible(s.name+" "+language, i)
			})
		}
		w.resets(g)
	}
}

// TestLedFromDoorToDoor is somebody with three parcels in one QR code, one of them in another locker, who is slow once.
func TestLedFromDoorToDoor(t *testing.T) {
	g := newFakeGuard(t)
	w := startWalk(t, g)
	for run, look := range []struct {
		language string
		says     map[string]string
	}{
		{"ru", map[string]string{"first": "Посылка 1 из 3", "third": "Посылка 3 из 3", "passed": "Пропущено: 1", "budget": "Следующая — через", "held": "Кнопку никто не нажал", "go": "Дальше: посылка 3 из 3", "over": "Получено: 2 из 3"}},
		{"en", map[string]string{"first": "Parcel 1 of 3", "third": "Parcel 3 of 3", "passed": "Passed over: 1", "budget": "The next one in", "held": "Nobody pressed the button", "go": "Go on: parcel 3 of 3", "over": "Collected: 2 of 3"}},
	} {
		w.speaks(look.language)
		replies := make(chan door.KioskReply, 10)
		g.answer = func(door.KioskRequest) door.KioskReply { return <-replies }
		led := func(at int) { // the guard's answer and its view come by two roads
			w.Helper()
			w.waits(fmt.Sprintf(`document.querySelector(".which b")?.textContent.includes("%d")`, at))
		}
		name := func(screen string) string { return "several " + screen + " " + look.language }
		var secrets []byte
		for i := range 3 {
			secrets = append(secrets, bytes.Repeat([]byte{byte(10*run + i + 1)}, 16)...)
		}
		w.scan("LSC:" + base45.Encode(secrets))
		w.fits("looking", name("looking"))
		replies <- door.KioskReply{Accepted: true}
		g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 7, Left: 17000})
		led(1)
		w.fits("press", name("press"), look.says["first"])
		g.show(door.View{Stage: door.Open, Errand: door.Collecting, Compartment: 7, OpenDoors: []uint16{7}})
		w.fits("open", name("open"), look.says["first"])
		replies <- door.KioskReply{Reason: door.WrongCode, Wait: 1}
		replies <- door.KioskReply{Reason: door.Budget, Wait: 2500}
		g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 7, Outcome: "collected"})
		w.fits("waiting", name("waiting"), look.says["third"], look.says["budget"])
		replies <- door.KioskReply{Accepted: true}
		g.show(door.View{Stage: door.Idle})
		w.waits(`document.querySelector("main").dataset.screen === "start"`) // accepted; the prompt is on its way
		g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 9, Left: 17000})
		led(3)
		w.fits("press", name("press after one was passed over"), look.says["third"], look.says["passed"])
		g.show(door.View{Stage: door.Failed, Errand: door.Collecting, Compartment: 9, Outcome: "no press"})
		w.fits("held", name("held"), look.says["held"], look.says["go"])
		replies <- door.KioskReply{Accepted: true}
		w.click("main button.main")
		w.waits(`document.querySelector("main").dataset.screen !== "held"`)
		g.show(door.View{Stage: door.Jammed, Errand: door.Collecting, Compartment: 9, Left: 20000})
		led(3)
		w.fits("jammed", name("jammed"), look.says["third"])
		g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 9, Outcome: "collected"})
		w.fits("over", name("over"), look.says["over"], look.says["passed"])
		w.click("main button.wide")
		g.show(door.View{Stage: door.Idle})
		w.sees("start")
	}
}

// Whoever stops is told what is left, and where one parcel is skipped the next is named.
func TestStoppingBetweenDoors(t *testing.T) {
	g := newFakeGuard(t)
	g.answer = func(q door.KioskRequest) door.KioskReply {
		if q.Verb == door.Cancel {
			g.show(door.View{Stage: door.Idle})
		}
		return door.KioskReply{Accepted: true}
	}
	w := startWalk(t, g)
	w.speaks("en")
	w.scan("LSC:" + base45.Encode(bytes.Join([][]byte{bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)}, nil)))
	w.waits(`document.querySelector("main").dataset.screen === "start"`)
	g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 7, Left: 17000})
	w.waits(`document.querySelector(".which") !== null`)
	w.sees("press", "Parcel 1 of 2", "Skip this one", "Stop here")
	w.click("main .row button:first-child")
	w.waits(`document.querySelector("main").dataset.screen === "start"`)
	g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 8, Left: 17000})
	w.waits(`document.querySelector(".which") !== null`)
	w.sees("press", "Parcel 2 of 2")
	w.click(".hands > button.wide")
	w.fits("over", "several stopped", "Collected: 0 of 2", "Left in their compartments: 2")
	w.later(g, 13*time.Second)
	w.click("main button.wide")
	w.sees("start")
}
