package kiosk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
)

// opens is a guard whose answer to a right code is a prompt, and whose door opens to a press.
func (g *fakeGuard) opens(compartment uint16) (press func()) {
	g.answer = func(r door.KioskRequest) door.KioskReply {
		if r.Verb == door.Code || r.Verb == door.Secret {
			g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: compartment, Left: 20000})
		}
		if r.Verb == door.Cancel {
			g.show(door.View{Stage: door.Failed, Errand: door.Collecting, Compartment: compartment, Outcome: "no press"})
		}
		return door.KioskReply{Accepted: true}
	}
	return func() {
		g.show(door.View{Stage: door.Pulsed, Errand: door.Collecting, Compartment: compartment, Left: 3000})
		g.show(door.View{Stage: door.Open, Errand: door.Collecting, Compartment: compartment, OpenDoors: []uint16{compartment}, Left: 180000})
	}
}

// touched counts what fingers touch from now on.
func (w walk) touched() (count func() int) {
	w.Helper()
	w.waits(`(window.fingers = 0, addEventListener("pointerdown", () => window.fingers++, true), true)`)
	return func() int {
		n, err := chromedp.Run(w.ctx, chromedp.Evaluate[int](`window.fingers`))
		if err != nil {
			w.Fatal(err)
		}
		return n
	}
}

// A recipient's visit, from the first touch to the open door, takes three touches of the screen beyond the code at most; a QR code none.
func TestAVisitTakesFewTouches(t *testing.T) {
	g := newFakeGuard(t)
	press := g.opens(7)
	w := startWalk(t, g)
	touched := w.touched()
	w.click("#start-code")
	code := statement.CompleteCode("20406080")
	for _, digit := range code {
		w.click(fmt.Sprintf(".pad button:nth-child(%d)", map[rune]int{'0': 11}[digit]+map[bool]int{true: int(digit - '0')}[digit != '0']))
	}
	w.sees("press", "Нажмите зелёную кнопку", "7")
	press()
	w.sees("open", "Заберите посылку")
	if beyond := touched() - len(code); beyond > 3 || beyond < 1 {
		t.Errorf("a typed code took %d touches beyond its digits", beyond)
	}
	if asked := g.verbs(); len(asked) != 1 || asked[0].Code != code {
		t.Errorf("the guard was asked %v", asked)
	}

	g.show(door.View{Stage: door.Idle})
	w.sees("start")
	touched = w.touched()
	w.scan("LSC:" + base45.Encode(bytes.Repeat([]byte{0xa5}, 16)))
	w.sees("press")
	press()
	w.sees("open")
	if n := touched(); n != 0 {
		t.Errorf("a QR code took %d touches", n)
	}
}

// said is what a screen reader says by itself: the live regions of the accessibility tree.
func (w walk) said() string {
	w.Helper()
	tree, err := chromedp.Call(w.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		w.Fatal(err)
	}
	nodes := map[accessibility.NodeID]*accessibility.Node{}
	for _, n := range tree.Nodes {
		nodes[n.NodeID] = n
	}
	var out strings.Builder
	var tell func(accessibility.NodeID)
	tell = func(id accessibility.NodeID) {
		n := nodes[id]
		if n == nil {
			return
		}
		if n.Name != nil && n.Role != nil && strings.Contains(string(n.Role.Value), "StaticText") {
			var name string
			if err := json.Unmarshal(n.Name.Value, &name); err != nil {
				w.Fatal(err)
			}
			out.WriteString(name + "\n")
		}
		for _, child := range n.ChildIDs {
			tell(child)
		}
	}
	for _, n := range tree.Nodes {
		if n.Role != nil && string(n.Role.Value) == `"status"` {
			tell(n.NodeID)
		}
	}
	return out.String()
}

// hears waits until all of it has been said.
func (w walk) hears(texts ...string) {
	w.Helper()
	var said string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		said = strings.ReplaceAll(w.said(), "\u00a0", " ")
		missing := ""
		for _, text := range texts {
			if !strings.Contains(said, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
	}
	w.Errorf("of %q not all was said:\n%s", texts, said)
}

// goesTo moves the focus by a key until it is on an element, and sees it there.
func (w walk) goesTo(key, selector string) {
	w.Helper()
	for range 20 {
		w.keys(key)
		at, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](fmt.Sprintf(`(() => { const at = document.activeElement; if (!at.matches(%q)) return ""; const s = getComputedStyle(at);
			return at.matches(":focus-visible") && s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 ? "seen" : "not seen"; })()`, selector)))
		if err != nil {
			w.Fatal(err)
		}
		if at == "not seen" {
			w.Errorf("the focus on %s is not seen", selector)
		}
		if at != "" {
			return
		}
	}
	w.Fatalf("no way to %s by %q", selector, key)
}

// Somebody who sees nothing and has keys alone: each walk by digits, Enter, Escape, Tab or arrows, and each step is said.
func TestByKeysAndEars(t *testing.T) {
	g := newFakeGuard(t)
	challenge, _ := envelopes(t)
	press := g.opens(9)
	w := startWalk(t, g)
	w.goesTo(kb.Tab, "#language")
	w.keys(kb.Enter)
	w.waits(`document.documentElement.lang === "en"`)
	w.hears("Hello! How can we help?", "Help: 8 800 555-01-23")
	touched := w.touched()

	code := statement.CompleteCode("20406080")
	w.keys(code[:1]) // whoever types has a code
	w.sees("pad")
	w.hears("Type the code from your message")
	w.keys("7" + kb.Backspace + code[1:])
	w.sees("press")
	w.hears("Press the green button", "Door 9 will open", "Left of this screen: column 1 from it, door 3 from the top", "20 s left")
	g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 9, Left: 9500})
	w.hears("10 s left")
	press()
	w.sees("open")
	w.hears("Take your parcel from door 9 and close the door", "Push the door until it clicks", "Please close it within 3 min")
	g.show(door.View{Stage: door.Open, Errand: door.Collecting, Compartment: 9, OpenDoors: []uint16{9}, LeftOpen: true})
	w.hears("Door 9 has been open too long")
	g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 9, Outcome: "collected"})
	w.hears("Done. Thank you!", "three minutes")
	w.keys(kb.Escape)
	w.waits(`document.querySelector("main").dataset.screen === "start"`)
	g.show(door.View{Stage: door.Idle})

	w.keys(code) // and gives up
	w.sees("press")
	w.keys(kb.Escape)
	w.sees("failed")
	w.hears("Nobody pressed the button", "Nothing is used up")
	g.show(door.View{Stage: door.Idle})
	w.keys(kb.Escape)
	w.sees("start")

	w.goesTo(kb.ArrowDown, "#start-return")
	w.keys(kb.Enter)
	w.sees("pad")
	w.hears("Type your return code")
	w.goesTo(kb.Tab, "#other-pad")
	w.keys(kb.Enter)
	w.hears("Type the code from your message")
	w.keys(kb.Escape)
	w.sees("start")

	w.goesTo("+", "#start-qr")
	w.keys(kb.Enter)
	w.hears("Show your QR code to the scanner", "a hand’s width")
	w.keys(kb.Escape)
	w.sees("start")

	w.goesTo("-", "#start-courier")
	w.keys(kb.Enter)
	g.show(door.View{Stage: door.Idle, Session: &door.Session{Challenge: challenge, Left: 60000}})
	w.sees("challenge")
	w.hears("Point your phone at this code", "Show the phone’s screen to the scanner", "Valid for 60 s")
	cancelled := g.heard()
	w.keys(kb.Escape)
	if got := next(t, cancelled); got.Verb != door.Cancel {
		t.Errorf("Escape asked %q", got.Verb)
	}
	g.show(door.View{Stage: door.Idle})
	w.sees("start")

	w.goesTo(kb.Tab, "#start-staff")
	w.keys(kb.Enter)
	w.sees("staff")
	w.hears("For the network’s staff")
	w.keys(kb.Escape)
	w.sees("start")
	w.goesTo(kb.Tab, "#lower")
	w.keys(kb.Enter)
	w.waits(`document.documentElement.classList.contains("low") && document.activeElement.id === "lower" && document.activeElement.getAttribute("aria-pressed") === "true"`)
	g.show(door.View{Stage: door.Idle, OpenDoors: []uint16{3, 4}})
	w.hears("Please close doors 3, 4")
	g.show(door.View{Stage: door.Idle, PausedFor: 4980000})
	w.hears("The locker is paused", "Doors open again in 83 min")
	if n := touched(); n != 0 {
		t.Errorf("%d touches", n)
	}
}

// rest is where one text differs from another.
func rest(before, after string) string {
	at := 0
	for at < min(len(before), len(after)) && before[at] == after[at] {
		at++
	}
	return after[max(0, at-100):min(len(after), at+300)]
}

// A door's tone comes from its side of the screen, and the higher the door the higher the tone.
func TestADoorIsHeardWhereItIs(t *testing.T) {
	g := newFakeGuard(t)
	w := startWalk(t, g)
	w.waits(`(() => { window.heard = []; window.pans = [];
		const [Tone, Side] = [OscillatorNode, StereoPannerNode];
		OscillatorNode = class extends Tone { constructor(c, o) { super(c, o); heard.push(o.frequency); } };
		StereoPannerNode = class extends Side { constructor(c, o) { super(c, o); pans.push(o.pan); } };
		return true; })()`)
	type sound struct{ pitch, side float64 }
	sounds := map[uint16]sound{}
	for _, number := range []uint16{1, 6, 19, 24} { // the outermost columns' first and last
		g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: number, Left: 20000})
		w.waits(`heard.length > 0`)
		both, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]float64](`(() => { const both = [heard[0], pans[0]]; heard = []; pans = []; return both; })()`))
		if err != nil {
			t.Fatal(err)
		}
		sounds[number] = sound{both[0], both[1]}
		g.show(door.View{Stage: door.Idle})
		w.sees("start")
	}
	if s := sounds; s[1].pitch <= s[6].pitch || s[19].pitch <= s[24].pitch || s[1].side != -1 || s[6].side != -1 || s[19].side != 1 || s[24].side != 1 {
		t.Errorf("%+v", s)
	}
}

// Thirty seconds after a visit the page is as it was before anybody came: what stands on it, what it says, how it looks, and what a
// browser keeps.
func TestNothingOfAVisitIsLeft(t *testing.T) {
	g := newFakeGuard(t)
	press := g.opens(7)
	w := startWalk(t, g)
	const everything = `(async () => JSON.stringify([document.documentElement.outerHTML.replaceAll(' class=""', ""), history.length, history.state, location.href, document.title, document.cookie, {...localStorage}, {...sessionStorage},
		(await indexedDB.databases()).length, (await caches.keys()).length, performance.getEntriesByType("resource").map((e) => e.name).filter((name) => /\d{4}/.test(new URL(name).pathname + new URL(name).search))]))()`
	all := func() string {
		now, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](everything, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	w.waits(`document.querySelector("#say").textContent !== "" && document.querySelector("#locker").textContent !== ""`)
	before := all()
	code := statement.CompleteCode("20406080")
	for _, leaves := range []func(){
		func() { // in the middle of the code, in another language, larger and low
			w.speaks("en")
			w.click("#larger")
			w.click("#lower")
			w.click("#start-code")
			w.keys(code[:5])
			w.waits(`document.querySelectorAll(".code i.filled").length === 5`)
		},
		func() { // after a visit from its beginning to its end
			w.keys(code)
			w.sees("press")
			press()
			w.sees("open")
			g.show(door.View{Stage: door.Done, Errand: door.Collecting, Compartment: 7, Outcome: "collected"})
			w.sees("done")
		},
		func() { // after a code that opens nothing, and many of them
			g.answer = func(door.KioskRequest) door.KioskReply { return door.KioskReply{Reason: door.Slow, Wait: 300000} }
			w.keys(code)
			w.waits(`document.querySelector(".note")?.textContent.includes("5")`)
		},
		func() { // a parcel that is not wanted
			g.show(door.View{Stage: door.Press, Errand: door.Collecting, Compartment: 7, Left: 20000})
			w.sees("press")
			w.click("main .row button:last-child")
			w.sees("decline")
		},
	} {
		leaves()
		if all() == before {
			t.Error("nothing is seen of a visit")
		}
		g.show(door.View{Stage: door.Idle})
		w.later(g, 30*time.Second)
		w.waits(`(moved(1000), document.querySelector("main").dataset.screen === "start" && document.documentElement.lang === "ru")`)
		if after := all(); after != before {
			t.Errorf("%s is left", rest(before, after))
		}
	}
}
