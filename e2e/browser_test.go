//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"lockstep/demo"
	"lockstep/internal/web/webtest"
)

// desk is somebody before the demo's page, who only sees and clicks. The panes are frames of other origins, so each is looked
// into through its own script context; a click is a press of the mouse at the place on the whole page.
type desk struct {
	*testing.T
	ctx      context.Context
	n        *demo.Network
	name     string // of their pictures
	unguided bool   // they know what to do, and look at the screens instead of the page's guide
	mu       sync.Mutex
	contexts []scriptContext // that are alive, the oldest first
	pictures int
}

type scriptContext struct{ id, origin string }

// sit opens the page. LOCKSTEP_LOOK may hold a size, "dark" and "ru", as in "1800x1000 dark"; without it the page is 1280×800,
// light and English. LOCKSTEP_SCREENSHOTS names a folder that keeps a picture of each step.
func sit(t *testing.T, n *demo.Network, name string) *desk {
	t.Helper()
	d := &desk{T: t, ctx: newBrowser(t), n: n, name: name}
	if err := chromedp.Listen(d.ctx, d.hear); err != nil {
		t.Fatal(err)
	}
	go n.ServePage(t.Context())
	d.until("the page is served", func() error { return chromedp.Do(d.ctx, chromedp.Navigate(n.Page())) })
	return d
}

func newBrowser(t *testing.T) context.Context {
	t.Helper()
	width, height, language := int64(1280), int64(800), "en-GB"
	for _, word := range look() {
		switch word {
		case "dark":
		case "ru":
			language = "ru-RU"
		default:
			if _, err := fmt.Sscanf(word, "%dx%d", &width, &height); err != nil {
				t.Fatalf("LOCKSTEP_LOOK: %q: %v", word, err)
			}
		}
	}
	ctx := webtest.Chromium(t, width, height, chromedp.Flag("disable-site-isolation-trials", true), chromedp.Flag("accept-lang", language))
	webtest.Theme(t, ctx, theme())
	return ctx
}

func look() []string { return strings.Fields(os.Getenv("LOCKSTEP_LOOK")) }

func theme() string {
	if slices.Contains(look(), "dark") {
		return "dark"
	}
	return "light"
}

// hear keeps the script contexts that are alive. A frame that is still empty has the page's origin, but it is younger.
func (d *desk) hear(event any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExecutionContextCreated:
		if strings.Contains(string(e.Context.AuxData), `"isDefault":true`) {
			d.contexts = append(d.contexts, scriptContext{e.Context.UniqueID, e.Context.Origin})
		}
	case *runtime.EventExecutionContextDestroyed:
		d.contexts = slices.DeleteFunc(d.contexts, func(c scriptContext) bool { return c.id == e.ExecutionContextUniqueID })
	case *runtime.EventExecutionContextsCleared:
		d.contexts = nil
	}
}

// until tries again and again, for at most two minutes: a link that has lost its hub waits for up to one between two tries.
func (d *desk) until(what string, try func() error) {
	d.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for err := try(); err != nil; err = try() {
		select {
		case <-tick.C:
		case <-deadline:
			d.picture("failed")
			d.Fatalf("%s: %v", what, err)
		}
	}
}

// panes and where they come from; "page" is the page around them.
func (d *desk) origin(pane string) string {
	place := map[string]string{"page": d.n.Page(), "front": d.n.Cabinet, "kiosk": d.n.Kiosk, "courier": d.n.Enrol, "inbox": d.n.Inbox}[pane]
	return strings.Join(strings.SplitN(place, "/", 4)[:3], "/")
}

// in evaluates an expression in a pane.
func in[T any](d *desk, pane, expression string) (T, error) {
	d.mu.Lock()
	i := slices.IndexFunc(d.contexts, func(c scriptContext) bool { return c.origin == d.origin(pane) })
	if i < 0 {
		d.mu.Unlock()
		var none T
		return none, fmt.Errorf("pane %s is not there yet", pane)
	}
	id := d.contexts[i].id
	d.mu.Unlock()
	return chromedp.Run(d.ctx, chromedp.Evaluate[T](expression, func(p *runtime.EvaluateParams) { p.UniqueContextID = id }))
}

// aim gives a point of an element at which a click meets it and nothing that covers it, as [x, y] of its pane. The element stands
// still.
const aim = `((e) => {
	if (!e || e.disabled || !e.checkVisibility()) return null;
	e.scrollIntoView({ block: "nearest", behavior: "instant" });
	if (e.getAnimations().some((a) => a.playState === "running" && a.effect.getTiming().iterations !== Infinity)) return null;
	const r = e.getBoundingClientRect();
	for (const fy of [0.5, 0.25, 0.75]) for (const fx of [0.5, 0.25, 0.75, 0.1, 0.9]) {
		const x = r.left + fx * r.width, y = r.top + fy * r.height, hit = document.elementFromPoint(x, y);
		if (hit && e.contains(hit)) return [x, y];
	}
	return null;
})`

// click clicks what an expression finds in a pane, as soon as a mouse can reach it.
func (d *desk) click(pane, find string) {
	d.Helper()
	d.until("click "+find+" in "+pane, func() error {
		at, err := in[[]float64](d, pane, aim+"("+find+")")
		if err != nil {
			return err
		}
		if at == nil {
			return fmt.Errorf("it cannot be clicked")
		}
		frame := []float64{0, 0}
		if pane != "page" {
			if frame, err = in[[]float64](d, "page", fmt.Sprintf(`(() => { const f = document.getElementById(%q), r = f.getBoundingClientRect(); return [r.left + f.clientLeft, r.top + f.clientTop]; })()`, pane)); err != nil {
				return err
			}
		}
		return chromedp.Do(d.ctx, chromedp.MouseClickXY(frame[0]+at[0], frame[1]+at[1]))
	})
}

// button finds a button by its words in either language, as a pattern.
func button(words string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("button")].find((b) => b.checkVisibility() && /%s/.test(b.innerText))`, words)
}

func element(selector string) string { return fmt.Sprintf("document.querySelector(%q)", selector) }

// sees waits until a pane shows a text, in either language, as a pattern.
func (d *desk) sees(pane, words string) {
	d.Helper()
	d.until(pane+" says "+words, func() error {
		text, err := in[string](d, pane, `document.body.innerText`)
		if err == nil && !matches(text, words) {
			err = fmt.Errorf("it says %q", text)
		}
		return err
	})
}

func matches(text, words string) bool {
	return slices.ContainsFunc(strings.Split(words, "|"), func(w string) bool { return strings.Contains(text, w) })
}

// told waits until the guide names a step, or the screen is the one at which it is taken, and keeps a picture.
func (d *desk) told(step string) {
	d.Helper()
	if d.unguided {
		d.shown(step)
	} else {
		d.shows("page", "body", "step", step)
	}
	d.picture(step)
}

// atScreen is where a step is taken, for those who need no guide: a pane and the name of its screen.
var atScreen = map[string][2]string{"courier": {"kiosk", "start"}, "point": {"kiosk", "challenge"}, "choose": {"courier", "session"}, "show": {"courier", "show"},
	"press": {"kiosk", "press"}, "putIn": {"kiosk", "open"}, "finish": {"courier", "show"}, "showFinish": {"courier", "show"}, "receipt": {"kiosk", "receipt"},
	"pressAgain": {"kiosk", "press"}, "take": {"kiosk", "open"}, "done": {"kiosk", "done"}}

func (d *desk) shown(step string) {
	d.Helper()
	if at, ok := atScreen[step]; ok {
		d.shows(at[0], "main", "screen", at[1])
	}
}

// shows waits until an element of a pane says by its data that it is so far.
func (d *desk) shows(pane, selector, key, want string) {
	d.Helper()
	d.until(pane+" shows "+want, func() error {
		now, err := in[string](d, pane, fmt.Sprintf(`document.querySelector(%q)?.dataset[%q] ?? ""`, selector, key))
		if err == nil && now != want {
			err = fmt.Errorf("it shows %s", now)
		}
		return err
	})
}

func (d *desk) picture(name string) { d.pictureOf(d.ctx, name) }

// pictureOf keeps a picture of a tab, numbered with those of the page.
func (d *desk) pictureOf(tab context.Context, name string) {
	d.pictures++
	webtest.Keep(d.T, tab, fmt.Sprintf("%s-%02d-%s", d.name, d.pictures, name))
}

// announced is the parcel that the page keeps.
func (d *desk) announced(before string) (p struct{ Barcode, Tracking string }) {
	d.Helper()
	d.until("a parcel is announced", func() error {
		text, err := in[string](d, "page", `sessionStorage.getItem("parcel") ?? "{}"`)
		if err == nil {
			err = json.Unmarshal([]byte(text), &p)
		}
		if err == nil && (p.Barcode == "" || p.Barcode == before) {
			err = fmt.Errorf("there is none")
		}
		return err
	})
	return p
}

// putIn walks from the locker's screen to the closed door and the courier's receipt.
func (d *desk) putIn() {
	d.Helper()
	d.arrives()
	d.deposits()
}

// arrives walks from the locker's screen to the courier's list.
func (d *desk) arrives() {
	d.Helper()
	d.told("courier")
	d.click("kiosk", button("I am a courier|Я курьер"))
	d.told("point")
	d.insists("page", element("#point"), "courier", `screen === "session"`)
	d.told("choose")
}

// deposits walks from the courier's list to the closed door and the receipt.
func (d *desk) deposits() {
	d.Helper()
	d.click("courier", element(".parcels button"))
	d.told("show")
	d.insists("page", element("#show"), "kiosk", `screen === "press"`)
	d.told("press")
	d.presses()
	d.told("putIn")
	d.click("front", element(".open .here"))
	d.click("front", element(".open .door"))
	d.sees("kiosk", "Parcel accepted|Посылка принята")
	d.told("finish")
	d.click("courier", button("Next parcel|Следующая посылка"))
	d.click("courier", button("Finish|Закончить"))
	d.told("showFinish")
	d.insists("page", element("#show"), "kiosk", `screen === "receipt"`)
	d.told("receipt")
	d.insists("page", element("#point"), "courier", `screen === "home"`)
	d.told("leave")
	d.sees("courier", "Receipt saved|Расписка сохранена")
	d.click("kiosk", button("Done|Готово"))
}

// presses presses the button until the screen has noticed.
func (d *desk) presses() {
	d.Helper()
	d.insists("front", element("#press"), "kiosk", `screen !== "press"`)
}

// insists clicks until a pane's screen is as wanted, again and again where nothing comes of it, as people do: a busy machine may have
// missed a press or a look.
func (d *desk) insists(pane, find, at, wanted string) {
	d.Helper()
	clicked := time.Time{}
	d.until(at+" has "+wanted, func() error {
		is, err := in[bool](d, at, fmt.Sprintf(`((screen) => %s)(document.querySelector("main").dataset.screen)`, wanted))
		if err != nil || is {
			return err
		}
		if time.Since(clicked) > 4*time.Second {
			d.click(pane, find)
			clicked = time.Now()
		}
		return fmt.Errorf("it has not")
	})
}

// reads opens the messages and waits for another code than the one before.
func (d *desk) reads(before string) (code string) {
	d.Helper()
	d.told("read")
	d.click("page", element(`[data-tab="inbox"]`))
	d.told("type")
	d.until("a code comes", func() (err error) {
		code, err = in[string](d, "inbox", `document.querySelector("#sms .code")?.innerText ?? ""`)
		if err == nil && (code == "" || code == before) {
			err = fmt.Errorf("the newest is %q", code)
		}
		return err
	})
	d.picture("code")
	return code
}

// collect walks from the code to the closed door; behind it lies the parcel that was announced.
func (d *desk) collect(code, barcode string) {
	d.Helper()
	d.collectBy(func() {
		d.click("kiosk", button("I have a code|У меня есть код"))
		for _, digit := range strings.ReplaceAll(code, " ", "") {
			d.click("kiosk", button("^"+string(digit)+"$"))
		}
	}, barcode)
}

// collectBy is collect for whoever shows the code in a way of their own.
func (d *desk) collectBy(show func(), barcode string) {
	d.Helper()
	show()
	d.told("pressAgain")
	d.presses()
	d.told("take")
	d.click("front", element(`.open .parcel[title*="`+barcode+`"]`))
	d.click("front", element(".open .door"))
	d.sees("kiosk", "Done. Thank you!|Готово. Спасибо!")
	d.told("done")
}

// tracked opens the tracking page in a tab of its own.
func (d *desk) tracked(url string) {
	d.Helper()
	tab, cancel := chromedp.NewContext(d.ctx)
	defer cancel()
	var text string
	d.until("the tracking page says collected", func() error {
		err := chromedp.Do(tab, chromedp.Navigate(url))
		if err == nil {
			text, err = chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector("main, body").innerText`))
		}
		if err == nil && !matches(text, "ollected|олучена") {
			err = fmt.Errorf("it says %q", text)
		}
		return err
	})
}

// TestStrangerWalksTheDemo plays two parcels from the shop to the recipient as the page's guide says, with the mouse alone. The
// hub is dead when the second is collected.
func TestStrangerWalksTheDemo(t *testing.T) {
	_, n := start(t)
	d := sit(t, n, "stranger")

	d.told("announce")
	d.click("page", element("#announce button"))
	first := d.announced("")
	d.told("enrol")
	d.click("courier", button("^(Enrol|Подключить)$"))
	d.putIn()
	code := d.reads("")
	d.collect(code, first.Barcode)
	d.tracked(first.Tracking)

	d.click("page", element("#announce button"))
	second := d.announced(first.Barcode)
	d.putIn()
	code = d.reads(code)
	if err := n.Kill("hub"); err != nil {
		t.Fatal(err)
	}
	d.collect(code, second.Barcode)
	if err := n.Again(t.Context(), "hub"); err != nil {
		t.Fatal(err)
	}
	d.tracked(second.Tracking)
	if wrong, err := in[int](d, "front", `document.querySelectorAll("#verdict .bad").length`); err != nil || wrong > 0 {
		t.Errorf("the cabinet's judge has found %d faults, %v", wrong, err)
	}
}
