package kiosk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lockstep/guard/door"
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
	out = append(out, busy(door.Returning, door.Jammed, "jammed"), busy(door.Reopening, door.Say, "tellDevice"), busy(door.Overriding, door.Say, "tellDevice"), busy(door.Testing, door.ByKey, "byKey"))
	for _, end := range []struct {
		errand  door.Errand
		stage   door.Stage
		outcome string
	}{
		{door.Returning, door.Done, "stored"}, {door.Overriding, door.Done, "emptied"}, {door.Overriding, door.Done, "as before"}, {door.Testing, door.Done, "tested"},
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
	text := w.sees(s.screen)
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
	webtest.Keep(w.T, w.ctx, name)
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
