package kiosk_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

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
			v.Left, v.OpenDoors = 0, []uint16{7}
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
		{door.Collecting, door.Failed, "not taken"},
	} {
		view := door.View{Stage: end.stage, Errand: end.errand, Compartment: 7, Outcome: end.outcome}
		out = append(out, shot{string(end.errand) + " " + end.outcome, view, nil, strings.ToLower(string(end.stage))})
	}
	service := func(s door.Service) door.View { return door.View{Stage: door.Idle, Service: &s} }
	return append(out,
		shot{"start", door.View{Stage: door.Idle}, nil, "start"},
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
		shot{"out of order", door.View{Stage: door.Idle, OutOfOrder: "bus"}, nil, "outOfOrder"},
		shot{"closing", door.View{Stage: door.Idle, OpenDoors: []uint16{7}, LeftOpen: true}, nil, "closing"},
	)
}

// takes shows one screen, and looks whether all of it can be seen and nothing is left to be filled in.
func (w walk) takes(g *fakeGuard, s shot, name string) {
	w.Helper()
	g.show(door.View{Stage: door.Idle})
	w.keys(kb.Escape)
	w.sees("start")
	g.show(s.view)
	if s.view.LockedDown > 0 {
		w.sees("lockdown")
	}
	for _, touch := range s.touches {
		w.click(touch)
	}
	w.fits(s.screen, name)
}

// fits looks whether all of the screen that stands can be seen and nothing is left to be filled in.
func (w walk) fits(screen, name string, texts ...string) {
	w.Helper()
	text := w.sees(screen, texts...)
	for _, hole := range []string{"undefined", "{", "NaN", "[object"} {
		if strings.Contains(text, hole) {
			w.Errorf("%s says %q:\n%s", name, hole, text)
		}
	}
	const over = `(() => { const m = document.querySelector("main"); return Math.max(m.scrollHeight - m.clientHeight, m.scrollWidth - m.clientWidth); })()`
	if more, err := chromedp.Run(w.ctx, chromedp.Evaluate[int](over)); err != nil || more > 1 {
		w.Errorf("%s: %d pixels are off the screen, %v", name, more, err)
	}
	if heading, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.querySelector("main h1").innerText`)); err != nil || heading == "" {
		w.Errorf("%s has no heading: %v", name, err)
	}
	if strings.HasSuffix(name, "1280x800") { // in each language, and in both themes
		webtest.Accessible(w.T, w.ctx, name)
	} else {
		webtest.Keep(w.T, w.ctx, name)
	}
}

func TestEveryScreenInBothLanguages(t *testing.T) {
	g := newFakeGuard(t)
	w := startWalk(t, g)
	all := shots(t)
	for _, language := range []string{"ru", "en"} {
		for _, screen := range []struct {
			width, height int64
			colours       string
		}{{1280, 800, "light"}, {768, 1024, "dark"}, {720, 1280, "light"}} {
			colours := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: screen.colours}}}
			if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, colours); err != nil {
				t.Fatal(err)
			}
			if err := chromedp.Do(w.ctx, chromedp.EmulateViewport(screen.width, screen.height)); err != nil {
				t.Fatal(err)
			}
			for _, s := range all {
				w.takes(g, s, fmt.Sprintf("%s %s %dx%d", s.name, language, screen.width, screen.height))
			}
		}
		g.show(door.View{Stage: door.Idle})
		w.sees("start")
		w.click("#language")
	}
}

// TestLedFromDoorToDoor is somebody with three parcels in one QR code, one of them in another locker, who is slow once.
func TestLedFromDoorToDoor(t *testing.T) {
	g := newFakeGuard(t)
	w := startWalk(t, g)
	for run, look := range []struct {
		width, height int64
		language      string
		says          map[string]string
	}{
		{720, 1280, "ru", map[string]string{"first": "Посылка 1 из 3", "third": "Посылка 3 из 3", "passed": "Пропущено: 1", "budget": "Следующая — через", "held": "Кнопку никто не нажал", "go": "Дальше: посылка 3 из 3", "over": "Получено: 2 из 3"}},
		{1280, 800, "en", map[string]string{"first": "Parcel 1 of 3", "third": "Parcel 3 of 3", "passed": "Passed over: 1", "budget": "The next one in", "held": "Nobody pressed the button", "go": "Go on: parcel 3 of 3", "over": "Collected: 2 of 3"}},
	} {
		if err := chromedp.Do(w.ctx, chromedp.EmulateViewport(look.width, look.height)); err != nil {
			t.Fatal(err)
		}
		if look.language == "en" {
			w.click("#language")
		}
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
	w.click("#language")
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
	w.click("main > button.wide")
	w.fits("over", "several stopped", "Collected: 0 of 2", "Left in their compartments: 2")
	w.later(g, 13*time.Second)
	w.click("main button.wide")
	w.sees("start")
}
