package widget_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lockstep/hub/internal/widget"
	"lockstep/internal/web"
	"lockstep/internal/web/webtest"
	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
)

// visitor is somebody before a shop's page.
type visitor struct {
	*testing.T
	ctx context.Context
}

func (r *rig) visit(t *testing.T, width, height int64, body string, options ...chromedp.ExecAllocatorOption) *visitor {
	t.Helper()
	r.page = `<!doctype html><html lang="ru"><meta charset="utf-8"><body>` + strings.ReplaceAll(body, "HUB", r.hub.URL)
	v := &visitor{t, webtest.Chromium(t, width, height, options...)}
	v.do(chromedp.Navigate(r.shop.URL))
	return v
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.Fatal(err)
	}
}

func (v *visitor) press(keys string, options ...chromedp.KeyOption) {
	v.Helper()
	v.do(chromedp.KeyEvent(keys, options...))
}

// enter is as from a keyboard: what keydown prevents does not come.
func (v *visitor) enter() {
	v.Helper()
	v.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, _ error) {
		for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
			key := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
			if kind == input.DispatchKeyEventTypeKeyDown {
				key.Text = "\r"
			}
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, key); err != nil {
				return none, err
			}
		}
		return none, nil
	})
}

// eval is in the shop's page, inside in the hub's page within; expressions may be promises.
func eval[T any](v *visitor, js string) T {
	v.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		v.Fatalf("%s: %v", js, err)
	}
	return got
}

func inside[T any](v *visitor, js string) T {
	v.Helper()
	got, err := tryInside[T](v, js)
	if err != nil {
		v.Fatalf("%s: %v", js, err)
	}
	return got
}

// tryInside fails also where the frame is on its way to another page.
func tryInside[T any](v *visitor, js string) (T, error) {
	return chromedp.Run(v.ctx, func(ctx context.Context, t *chromedp.Target) (none T, _ error) {
		tree, err := cdp.Call(ctx, t, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return none, err
		}
		if len(tree.FrameTree.ChildFrames) != 1 {
			return none, fmt.Errorf("%d frames", len(tree.FrameTree.ChildFrames))
		}
		world, err := cdp.Call(ctx, t, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.ChildFrames[0].Frame.ID})
		if err != nil {
			return none, err
		}
		return chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise, func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID })(ctx, t)
	})
}

// until waits for a condition in the shop's page, and untilInside for one in the hub's; both fail after twenty seconds.
func (v *visitor) until(js string) {
	v.Helper()
	v.wait(js, func() (bool, error) { return eval[bool](v, js), nil })
}

func (v *visitor) untilInside(js string) {
	v.Helper()
	v.wait(js, func() (bool, error) { return tryInside[bool](v, js) })
}

func (v *visitor) wait(what string, ask func() (bool, error)) {
	v.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		is, err := ask()
		if is && err == nil {
			return
		}
		if time.Now().After(end) {
			webtest.Keep(v.T, v.ctx, "never")
			v.Fatalf("never: %s, %v", what, err)
		}
	}
}

// listed waits until lockers are in the list.
func (v *visitor) listed() {
	v.Helper()
	v.until(`!!document.querySelector("dialog iframe, lockstep-locker-picker")`)
	v.untilInside(`document.querySelectorAll("#list li").length > 0`)
}

// hostileStyle is what old shops' pages do to elements that they do not know of.
const hostileStyle = `<style>* { color: red !important; } iframe { width: 10px !important; position: static; border: 9px solid; } dialog, div { display: none; opacity: 0.1; } body { overflow: scroll; zoom: 1.1; }</style>`

const classic = `<button id="buy" onclick="buy()">Выбрать постамат</button><script src="HUB/select/postamat.js"></script>
	<script>var told = []; function buy(options) { PickPoint.open(function (l) { told.push(l); PickPoint.close(); }, options || null); }</script>`

func small() *network {
	n := large(60)
	n.add(kursk())
	return n
}

func TestAVisitorChoosesALockerByKeysAlone(t *testing.T) {
	r := newRig(t, small(), func(c *widget.Config) {
		c.Tariff = func(_ context.Context, from string) (map[string]widget.Tariff, error) {
			return map[string]widget.Tariff{"7701-015": {Zone: "-1", Coeff: 1.5, DeliveryMin: 2, DeliveryMax: 4}}, nil
		}
	})
	v := r.visit(t, 1280, 800, hostileStyle+classic)
	eval[int](v, `(buy({ fromcity: "Тула", city: "г. Москва", ikn: 9990003041, numbers: null, ids: null, cities: undefined, postamat_name: {}, junk: window }), 0)`)
	v.listed()
	if city := inside[string](v, `document.querySelector("#city").selectedOptions[0].textContent`); city != "Москва" {
		t.Errorf("the city is %q", city)
	}
	v.press("чкаловс")
	v.untilInside(`document.querySelectorAll("#list li").length === 1`)
	v.press(kb.ArrowDown)
	v.enter()
	v.untilInside(`document.activeElement.matches("#chosen button.main")`)
	v.untilInside(`document.querySelector("#chosen").textContent.includes("2–4")`) // what it costs has come
	webtest.Keep(t, v.ctx, "chosen-by-keys")
	v.enter()
	v.until(`told.length === 1`)
	const want = `[{"id":"7701-015","name":"Курская","address":"105064, Московская обл., Москва, ул. Земляной Вал, 29","zone":"-1","coeff":1.5,"delivery_min":2,"delivery_max":4,"cityname":"Москва","region":"Московская обл."}]`
	if got := eval[string](v, `JSON.stringify(told)`); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
	if left := eval[string](v, `[document.querySelectorAll("dialog, iframe").length, document.documentElement.style.overflow, JSON.stringify(history.state), document.body.children.length].join()`); left != "0,,null,4" {
		t.Errorf("what is left: %s", left)
	}
}

func TestWithoutTariffsTheTypesAreTheSame(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 1280, 800, classic)
	eval[int](v, `(buy({ postamat_name: "7701-015" }), 0)`)
	v.listed()
	v.untilInside(`!!document.querySelector("#chosen button.main")`)
	inside[bool](v, `(document.querySelector("#chosen button.main").click(), true)`)
	v.until(`told.length === 1`)
	if got := eval[string](v, `JSON.stringify([told[0].id, told[0].zone, told[0].coeff, told[0].delivery_min, told[0].delivery_max])`); got != `["7701-015","",1,0,0]` {
		t.Errorf("%s", got)
	}
}

func TestItClosesInEveryWay(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 1280, 800, classic)
	before := eval[int](v, `history.length`)
	const gone = `document.querySelectorAll("dialog, iframe").length === 0 && history.state === null`
	for name, close := range map[string]func(){
		"Escape":   func() { v.press(kb.Escape) },
		"close()":  func() { eval[int](v, `(PickPoint.close(), PickPoint.close(), 0)`) },
		"button":   func() { inside[int](v, `(document.querySelector("#close").click(), 0)`) },
		"back":     func() { eval[int](v, `(history.back(), 0)`) },
		"beside":   func() { v.do(chromedp.MouseClickXY(5, 5)) },
		"the page": func() { eval[int](v, `(document.querySelector("dialog").focus(), 0)`); v.press(kb.Escape) },
	} {
		v.do(chromedp.Click("#buy"))
		v.listed()
		if eval[bool](v, gone) {
			t.Fatalf("%s: it did not open", name)
		}
		v.untilInside(`document.activeElement !== document.body && document.hasFocus()`)
		close()
		v.until(gone)
		if focus := eval[string](v, `document.activeElement.id`); focus != "buy" {
			t.Errorf("%s: the focus is on %q", name, focus)
		}
	}
	if after := eval[int](v, `history.length`); after > before+1 {
		t.Errorf("the history grew from %d to %d", before, after)
	}
	if n := eval[int](v, `told.length`); n != 0 {
		t.Errorf("%d lockers were told of", n)
	}
	eval[int](v, `(buy(), buy(), 0)`) // the first one's history is still on its way back
	v.listed()
	if n := eval[int](v, `document.querySelectorAll("dialog").length`); n != 1 {
		t.Errorf("opened twice, there are %d", n)
	}
	eval[int](v, `(history.back(), 0)`)
	v.until(gone)
}

func TestTheFocusStaysInside(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 1280, 800, classic)
	v.do(chromedp.Click("#buy"))
	v.listed()
	v.untilInside(`document.activeElement.id === "query"`)
	seen := map[string]bool{}
	for range 30 {
		v.press(kb.Tab)
		if eval[string](v, `document.activeElement.tagName`) != "IFRAME" {
			t.Fatal("the focus left the frame")
		}
		seen[inside[string](v, `document.activeElement.id || document.activeElement.className || document.activeElement.tagName`)] = true
	}
	for _, id := range []string{"close", "query", "city", "open", "always", "room"} {
		if !seen[id] {
			t.Errorf("Tab never came to %s: %v", id, seen)
		}
	}
	v.press(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
	if eval[string](v, `document.activeElement.tagName`) != "IFRAME" {
		t.Error("Shift and Tab left the frame")
	}
}

func TestShopsWishes(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 1280, 800, classic)
	all := fmt.Sprint(len(r.lockers))
	for options, want := range map[string]string{
		`{ numbers: ["7701-015", 1, null] }`:           "1",
		`{ ids: [7701015] }`:                           "1",
		`{ cities: ["казань "] }`:                      "3",
		`{ cities: "г.Казань", numbers: [] }`:          "3",
		`{ numbers: {}, ids: true, cities: [[], {}] }`: all,
		`"nonsense"`: all,
		`{ city: "Атлантида", fromcity: 5, ikn: null }`: all,
		`{ numbers: ["0000-000"] }`:                     "0",
	} {
		eval[int](v, `(buy(`+options+`), 0)`)
		v.until(`!!document.querySelector("dialog iframe")`)
		v.untilInside(`document.querySelector("#count")?.textContent.includes(":")`)
		v.untilInside(`document.querySelectorAll("#list li").length > 0 || !document.querySelector("#empty").hidden`)
		if got := inside[string](v, `document.querySelector("#count").textContent.split(": ")[1]`); got != want {
			t.Errorf("%s: %s lockers, want %s", options, got, want)
		}
		eval[int](v, `(PickPoint.close(), 0)`)
		v.until(`history.state === null`)
	}
}

func TestANetworkWithoutLockersSaysSo(t *testing.T) {
	r := newRig(t, &network{}, nil)
	v := r.visit(t, 1280, 800, classic)
	v.do(chromedp.Click("#buy"))
	v.until(`!!document.querySelector("dialog iframe")`)
	v.untilInside(`document.querySelector("#empty")?.textContent === "Подходящих постаматов пока нет."`)
	if count := inside[string](v, `document.querySelector("#count").textContent`); count != "Постаматов: 0" {
		t.Errorf("%q", count)
	}
}

// A list that did not come can be asked for again.
func TestTheListIsAskedForAgain(t *testing.T) {
	n := small()
	n.broken = errors.New("not now")
	r := newRig(t, n, nil)
	v := r.visit(t, 1280, 800, classic)
	v.do(chromedp.Click("#buy"))
	v.until(`!!document.querySelector("dialog iframe")`)
	v.untilInside(`!!document.querySelector("#empty button")`)
	n.broken = nil
	inside[int](v, `(document.querySelector("#empty button").click(), 0)`)
	v.listed()
}

func TestFiltersAndSearch(t *testing.T) {
	n := small()
	full, site := kursk()
	full.ID, full.Name, full.Room = "7701-016", "Полный", nil
	site.Hours = week(always)
	n.add(full, site)
	r := newRig(t, n, nil)
	v := r.visit(t, 1280, 800, classic)
	v.do(chromedp.Click("#buy"))
	v.listed()
	for query, want := range map[string]int{"105064": 2, "земляной 29": 2, "ЗЕМЛЯНОЙ  вал,": 2, "7701-015": 1, "7701015": 1, "курск москва": 2, "емляной": 0, "пятерочка": inside[int](v, `[...document.querySelectorAll("#list li")].filter(l=>l.textContent.includes("Пятёрочка")).length`)} {
		inside[int](v, fmt.Sprintf(`(document.querySelector("#query").value = %q, document.querySelector("#query").dispatchEvent(new Event("input")), 0)`, query))
		got := inside[int](v, `Number(document.querySelector("#count").textContent.split(": ")[1])`)
		if query == "пятерочка" && got >= want && want > 0 { // the list draws a portion at a time
			continue
		}
		if got != want {
			t.Errorf("%q finds %d, want %d", query, got, want)
		}
	}
	search := func() string {
		return inside[string](v, `[...document.querySelectorAll("#list li")].map((l) => l.dataset.id).join()`)
	}
	inside[int](v, `(document.querySelector("#query").value = "земляной", document.querySelector("#query").dispatchEvent(new Event("input")), 0)`)
	for filter, want := range map[string]string{"always": "7701-016", "room": "7701-015"} {
		inside[int](v, `(document.querySelector("#`+filter+`").click(), 0)`)
		if got := search(); got != want {
			t.Errorf("%s leaves %s, want %s", filter, got, want)
		}
		inside[int](v, `(document.querySelector("#`+filter+`").click(), 0)`)
	}
	inside[int](v, `(document.querySelector("#always").click(), document.querySelector("#list li").click(), 0)`)
	if !inside[bool](v, `document.querySelector("#chosen button.main").disabled`) {
		t.Error("a full locker can be chosen")
	}
}

// at opens the page by itself, as a link to the network's map does.
func (v *visitor) at(r *rig, language string) {
	v.Helper()
	v.do(chromedp.Navigate(r.hub.URL+"/select/?lang="+language), chromedp.WaitVisible("#list li"))
}

// look looks at a locker on its card.
func (v *visitor) look(id string) {
	v.Helper()
	eval[int](v, fmt.Sprintf(`(document.querySelector("#list [data-id='%s']").click(), 0)`, id))
	v.do(chromedp.WaitVisible("#chosen h2"))
}

// withFull adds to a network a locker with room and, elsewhere, one that is full.
func withFull(n *network) *network {
	n.add(kursk())
	full, site := kursk()
	full.ID, full.Room, site.City.Name = "7701-016", nil, "Химки"
	n.add(full, site)
	return n
}

// The page that shops hold in a frame is accessible in every language and both themes, on a phone and on a desk, and says nothing that is
// in no catalogue; so it is with a locker looked at, with nothing found, and with the map.
func TestThePageIsAccessible(t *testing.T) {
	r := newRig(t, withFull(large(24)), nil)
	v := r.visit(t, 800, 600, "")
	pages := map[string]func(){
		"list":    func() {},
		"locker":  func() { v.look("7701-015") },
		"full":    func() { v.look("7701-016") },
		"nothing": func() { v.do(chromedp.SendKeys("#query", "nowhere"), chromedp.WaitVisible("#empty")) },
		"map":     func() { eval[int](v, `(document.querySelector("#views [value=map]").click(), 0)`) },
	}
	for _, l := range words.All() {
		for name, open := range pages {
			v.do(chromedp.EmulateViewport(360, 740))
			v.at(r, l.Code)
			open()
			webtest.AccessibleAtEverySize(t, v.ctx, name+"-"+l.Code)
		}
	}
	wordstest.Speak(t)
	r = newRig(t, withFull(&network{}), nil)
	_, s := kursk()
	data := append(append(s.Metro, s.City.Name, s.City.Region, "Химки", s.Street, s.PostCode, s.Way, s.Inside, "ул. Земляной Вал", "Москва"), "Курская")
	for name, open := range pages {
		v.at(r, wordstest.Code)
		open()
		for _, literal := range wordstest.Literals(t, v.ctx, data...) {
			t.Errorf("%s says %q, which is in no catalogue", name, literal)
		}
	}
}

// What is said around the page, in a shop's own, is in the catalogue too, in the language of that page.
func TestTheScriptsSpeakEveryLanguage(t *testing.T) {
	wordstest.Speak(t)
	r := newRig(t, withFull(&network{}), nil)
	v := r.visit(t, 800, 600, classic)
	for _, l := range words.All() {
		got := eval[string](v, `(document.documentElement.lang = "`+l.Code+`-XX", document.querySelector("#buy").click(),
			[document.querySelector("dialog").getAttribute("aria-label"), document.querySelector("dialog iframe").title, document.querySelector("dialog button").getAttribute("aria-label")].join())`)
		if want := l.Say("picker.title") + "," + l.Say("picker.title") + "," + l.Say("picker.close"); got != want {
			t.Errorf("in %s what is opened has %q, want %q", l.Code, got, want)
		}
		v.listed()
		eval[int](v, `(PickPoint.close(), 0)`)
		v.until(`history.state === null`)
	}
	v = r.visit(t, 800, 600, element)
	v.until(`!!customElements.get("lockstep-locker-picker")`)
	for _, l := range words.All() {
		got := eval[string](v, `(document.documentElement.lang = "`+l.Code+`-XX", document.querySelector("lockstep-locker-picker").value = "", document.querySelector("lockstep-locker-picker").validationMessage)`)
		if want := l.Say("picker.missing"); got != want {
			t.Errorf("in %s the field says %q, want %q", l.Code, got, want)
		}
	}
}

func TestHours(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 800, 600, "")
	v.do(chromedp.Navigate(r.hub.URL + "/select/?lang=ru"))
	const workdays = `["09:00-21:00","09:00-21:00","09:00-21:00","09:00-21:00","09:00-21:00/13:00-14:00","00:00-23:59","NODAY"]`
	const nights = `["20:00-04:00","20:00-04:00","20:00-04:00","20:00-04:00","20:00-04:00","20:00-04:00","20:00-04:00"]`
	const rounds = `Array(7).fill("00:01-23:59")`
	for ask, want := range map[string]string{
		workdays + `, 0, 600`: "true 21:00", workdays + `, 0, 500`: "false 09:00", workdays + `, 0, 1260`: "false ", workdays + `, 4, 790`: "false 14:00", workdays + `, 4, 720`: "true 13:00", workdays + `, 5, 0`: "true ", workdays + `, 5, 720`: "true 00:00",
		workdays + `, 6, 600`: "false ", nights + `, 0, 60`: "true 04:00", nights + `, 0, 300`: "false 20:00", nights + `, 6, 1300`: "true 04:00", rounds + `, 3, 0`: "true ", `[], 0, 0`: "false ",
	} {
		got := eval[string](v, `import("/select/hours.js").then(({ openness }) => { const { open, until } = openness(`+ask+`); return open + " " + until; })`)
		if got != want {
			t.Errorf("openness(%s) is %q, want %q", ask, got, want)
		}
	}
	for week, want := range map[string]string{workdays: "пн–чт 09:00–21:00; пт 09:00–21:00 (перерыв 13:00–14:00); сб круглосуточно; вс выходной", nights: "ежедневно 20:00–04:00", rounds: "круглосуточно"} {
		got := eval[string](v, `import("/select/hours.js").then(({ sayWeek }) => sayWeek(`+week+`, JSON.parse(document.querySelector("#said").textContent).words))`)
		if got != want {
			t.Errorf("%s reads %q", week, got)
		}
	}
}

// Whatever lockers, cities, streets and stations are called, and whatever shops ask for, stays text and in its place: in the list, on a
// card, on the map and where nothing is found.
func TestHostileNamesAreInert(t *testing.T) {
	n := withFull(&network{})
	for i, text := range webtest.Evil {
		l, s := kursk()
		text = webtest.Long(text, 200)
		l.ID, l.Name, l.Address, l.Zone, l.Latitude = fmt.Sprintf("evil-%d", i), text, text, text, l.Latitude+float64(i)/10
		s.Way, s.Inside, s.Street, s.House, s.PostCode, s.City.Name, s.City.Region, s.City.Country, s.Metro = text, text, text, text, text, text, text, text, []string{text, text}
		s.Hours = []string{text, text, "NODAY", text + "-" + text, "09:00", "-", "25:99-" + text}
		n.add(l, s)
	}
	r := newRig(t, n, func(c *widget.Config) {
		c.Tiles = web.Tiles{URL: "/nowhere/{z}/{x}/{y}.png", Attribution: strings.Join(webtest.Evil[:9], " ")}
		c.Tariff = func(context.Context, string) (map[string]widget.Tariff, error) {
			return map[string]widget.Tariff{"evil-0": {Zone: webtest.Evil[0]}}, nil
		}
	})
	v := r.visit(t, 360, 740, "")
	v.at(r, "en")
	check := func(what string) {
		t.Helper()
		webtest.Inert(t, v.ctx, what)
		webtest.Fits(t, v.ctx, what)
	}
	check("the list")
	for i, text := range webtest.Evil {
		id := fmt.Sprintf("evil-%d", i)
		v.look(id)
		check("the card of " + text)
		if name := eval[string](v, `document.querySelector("#chosen h2").textContent`); name != webtest.Long(text, 200) {
			t.Errorf("%q reads %q", text, name)
		}
		named, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		eval[int](v, `((c) => { c.value = [...c.options].find((o) => o.value.startsWith(`+string(named)+`)).value; c.dispatchEvent(new Event("change")); return 0; })(document.querySelector("#city"))`)
		check("the city " + text)
		eval[int](v, `(document.querySelector("#query").value = "nowhere", document.querySelector("#query").dispatchEvent(new Event("input")), 0)`)
		v.do(chromedp.WaitVisible("#empty"))
		check("nothing in the city " + text)
		eval[int](v, `(document.querySelector("#query").value = "", document.querySelector("#city").value = "", document.querySelector("#city").dispatchEvent(new Event("change")), 0)`)
	}
	if web.Has("leaflet.js") {
		eval[int](v, `(document.querySelector("#views [value=map]").click(), 0)`)
		v.until(`!!document.querySelector("canvas.lockers")`)
		check("the map")
	}
	eval[int](v, `(document.querySelector("#views [value=list]").click(), 0)`)
	v.look("evil-9")
	webtest.Keep(t, v.ctx, "hostile")
}

const element = `<form><lockstep-locker-picker name="locker" required city="Москва" numbers="7701-015, 1000-000"></lockstep-locker-picker></form>
	<script>var told = []; addEventListener("select", function (e) { told.push(e.detail); });</script><script type="module" src="HUB/select/picker.js"></script>`

func TestTheElementIsAFormField(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 1000, 700, element)
	v.until(`!!customElements.get("lockstep-locker-picker")`)
	if state := eval[string](v, `(() => { const p = document.querySelector("lockstep-locker-picker"); return [p.form === document.forms[0], document.forms[0].checkValidity(), p.validationMessage, p.value].join(); })()`); state != "true,false,Выберите постамат," {
		t.Errorf("at first: %s", state)
	}
	v.listed()
	if !inside[bool](v, `document.querySelector("#close").hidden`) {
		t.Error("what cannot be closed has a button to close it")
	}
	inside[int](v, `(document.querySelector("[data-id='7701-015']").click(), document.querySelector("#chosen button.main").click(), 0)`)
	v.until(`told.length === 1`)
	var detail map[string]any
	if err := json.Unmarshal([]byte(eval[string](v, `JSON.stringify(told[0])`)), &detail); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"id": "7701-015", "name": "Курская", "address": "Москва, ул. Земляной Вал, 29", "post_code": "105064", "city": "Москва", "region": "Московская обл.", "country": "RUS", "latitude": 55.7586, "longitude": 37.6595,
		"indoors": true, "zone": "", "coeff": 1.0, "delivery_min": 0.0, "delivery_max": 0.0} {
		if detail[name] != want {
			t.Errorf("%s is %v, want %v", name, detail[name], want)
		}
	}
	if state := eval[string](v, `[new FormData(document.forms[0]).get("locker"), document.forms[0].checkValidity(), document.querySelector("lockstep-locker-picker").locker.id].join()`); state != "7701-015,true,7701-015" {
		t.Errorf("chosen: %s", state)
	}
	if !inside[bool](v, `document.querySelector("#chosen button.main").disabled && !!document.querySelector("#list .picked")`) {
		t.Error("the page does not show what was chosen")
	}
	if state := eval[string](v, `(document.forms[0].reset(), [new FormData(document.forms[0]).get("locker"), document.forms[0].checkValidity()].join())`); state != ",false" {
		t.Errorf("after a reset: %q", state)
	}
	if state := eval[string](v, `(document.querySelector("lockstep-locker-picker").value = "1000-000", new FormData(document.forms[0]).get("locker"))`); state != "1000-000" {
		t.Errorf("set: %q", state)
	}
}

// What docs/widget.md tells a shop to allow is enough.
func TestAShopsStrictPolicyIsEnough(t *testing.T) {
	r := newRig(t, small(), nil)
	r.policy = "default-src 'none'; script-src 'nonce-shop' " + r.hub.URL + "; frame-src " + r.hub.URL
	v := r.visit(t, 1280, 800, `<script src="HUB/select/postamat.js"></script><script nonce="shop">var broken = []; document.addEventListener("securitypolicyviolation", function (e) { broken.push(e.violatedDirective + " " + e.blockedURI); }); PickPoint.open(function () {});</script>`)
	v.listed()
	if box := eval[string](v, `[broken.join(), document.querySelector("dialog iframe").getBoundingClientRect().width].join()`); box != ",1232" {
		t.Errorf("the overlay: %s", box)
	}
	v = r.visit(t, 1280, 800, `<script nonce="shop">var broken = []; document.addEventListener("securitypolicyviolation", function (e) { broken.push(e.violatedDirective + " " + e.blockedURI); });</script><lockstep-locker-picker></lockstep-locker-picker><script type="module" src="HUB/select/picker.js"></script>`)
	v.listed()
	if box := eval[string](v, `[broken.join(), document.querySelector("lockstep-locker-picker").offsetHeight].join()`); box != ",640" {
		t.Errorf("the element: %s", box)
	}
}

func TestTheNearestComeFirstAfterAPress(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 1280, 800, classic)
	v.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, _ error) {
		if _, err := cdp.Call(ctx, t, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: "geolocation"}, Setting: browser.PermissionSettingGranted}); err != nil {
			return none, err
		}
		kursk, _ := kursk()
		latitude, longitude, accuracy := kursk.Latitude+0.001, kursk.Longitude, 10.0
		_, err := cdp.Call(ctx, t, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{Latitude: &latitude, Longitude: &longitude, Accuracy: &accuracy})
		return none, err
	})
	v.do(chromedp.Click("#buy"))
	v.listed()
	if far := inside[int](v, `document.querySelectorAll("#list .far").length`); far != 0 {
		t.Errorf("%d distances before anybody has asked", far)
	}
	inside[int](v, `(document.querySelector("#near").click(), 0)`)
	v.untilInside(`document.querySelectorAll("#list .far").length > 0`)
	if first := inside[string](v, `document.querySelector("#list li").dataset.id + " " + document.querySelector("#list .far").textContent`); first != "7701-015 110 м" {
		t.Errorf("the first is %s", first)
	}
	webtest.Keep(t, v.ctx, "near")
}

func TestAStrangersMessagesAreNotHeard(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 1000, 700, classic)
	eval[int](v, `(buy(), postMessage({ lockstep: "picked", locker: { id: "forged" } }, "*"), 0)`)
	v.listed()
	eval[int](v, `(document.querySelector("dialog iframe").contentWindow.postMessage({ lockstep: "open" }, "*"), postMessage({ lockstep: "close" }, "*"), 0)`)
	time.Sleep(200 * time.Millisecond)
	if state := eval[string](v, `[told.length, document.querySelectorAll("dialog").length].join()`); state != "0,1" {
		t.Errorf("%s", state)
	}
	// a frame that shows another origin gets no port, and so no wishes
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<script>addEventListener("message", function () { top.postMessage("heard", "*"); });</script>`)
	}))
	t.Cleanup(other.Close)
	eval[int](v, `(addEventListener("message", function (e) { if (e.data === "heard") told.push("leaked"); }), document.querySelector("dialog iframe").src = "`+other.URL+`", 0)`)
	time.Sleep(500 * time.Millisecond)
	if n := eval[int](v, `told.length`); n != 0 {
		t.Error("another origin was told what the shop wishes")
	}
}

func TestThePageKeepsNothingInTheBrowser(t *testing.T) {
	r := newRig(t, small(), nil)
	v := r.visit(t, 1000, 700, classic)
	v.do(chromedp.Click("#buy"))
	v.listed()
	if kept := inside[string](v, `indexedDB.databases().then((all) => [document.cookie, localStorage.length, sessionStorage.length, all.length].join())`); kept != ",0,0,0" {
		t.Errorf("it keeps %s", kept)
	}
}

func TestTilesAreDrawnUnderThePolicy(t *testing.T) {
	var tiles atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		tiles.Add(1)
		if origin := q.Header.Get("Referer"); !strings.HasPrefix(origin, "http://127.0.0.1") || strings.Contains(origin, "select") {
			t.Errorf("a tile is asked for from %q", origin)
		}
		w.Header().Set("Content-Type", "image/svg+xml")
		fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><rect width="256" height="256" fill="#dfe7d8" stroke="#9ab"/></svg>`)
	}))
	t.Cleanup(server.Close)
	r := newRig(t, small(), func(c *widget.Config) {
		c.Tiles = web.Tiles{URL: server.URL + "/{z}/{x}/{y}.svg", Attribution: "© Tile makers https://tiles.example/copyright"}
	})
	needsMap(t)
	v := r.visit(t, 1280, 800, classic)
	v.do(chromedp.Click("#buy"))
	v.listed()
	v.untilInside(`document.querySelectorAll(".leaflet-tile-loaded").length > 3`)
	if link := inside[string](v, `(() => { const a = document.querySelector(".leaflet-control-attribution a"); return a.textContent + " " + a.href; })()`); link != "© Tile makers https://tiles.example/copyright" {
		t.Errorf("the map says %q", link)
	}
	webtest.Keep(t, v.ctx, "tiles")
}

// TestEightThousandLockers prints how long a visitor waits; its bounds only catch what is hopeless.
func TestEightThousandLockers(t *testing.T) {
	n := large(8000)
	n.add(kursk())
	r := newRig(t, n, nil)
	needsMap(t)
	v := r.visit(t, 1280, 800, classic)
	begun := time.Now()
	v.do(chromedp.Click("#buy"))
	v.listed()
	v.untilInside(`!!document.querySelector("canvas.lockers")`)
	opened := time.Since(begun)
	search := inside[float64](v, `new Promise((done) => {
		const query = document.querySelector("#query"), begun = performance.now();
		query.value = "ленина"; query.dispatchEvent(new Event("input"));
		requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
	})`)
	inside[int](v, `(document.querySelector("#clear").click(), 0)`)
	zoom := inside[float64](v, `(async () => {
		const map = document.querySelector("#map"), box = map.getBoundingClientRect();
		let worst = 0, last = performance.now(), on = true;
		(function frame(now) { worst = Math.max(worst, now - last); last = now; if (on) requestAnimationFrame(frame); })(last);
		for (let i = 0; i < 5; i++) {
			document.querySelector(".leaflet-control-zoom-in").click();
			await new Promise((done) => setTimeout(done, 500));
		}
		on = false;
		return worst;
	})()`)
	drawn := inside[int](v, `document.querySelectorAll("#list li").length`)
	t.Logf("%d lockers: %v from the press to list and map, %.0f ms for a search, %.0f ms for the slowest frame of five zooms, %d drawn in the list", len(n.lockers), opened.Round(time.Millisecond), search, zoom, drawn)
	if opened > 15*time.Second || search > 3000 || zoom > 3000 || drawn > 200 {
		t.Error("that is too slow")
	}
	webtest.Keep(t, v.ctx, "eight-thousand")
}

func TestOnAPhoneListAndMapTakeTurns(t *testing.T) {
	r := newRig(t, small(), nil)
	needsMap(t)
	v := r.visit(t, 390, 844, `<meta name="viewport" content="width=device-width">`+classic)
	v.do(chromedp.Click("#buy"))
	v.listed()
	const seen = `["found", "map"].map((id) => document.querySelector("#" + id).offsetHeight > 100).join()`
	if got := inside[string](v, seen); got != "true,false" {
		t.Errorf("first list, map: %s", got)
	}
	inside[int](v, `(document.querySelector("#views [value=map]").click(), 0)`)
	v.untilInside(`!!document.querySelector("canvas.lockers")`)
	if got := inside[string](v, seen); got != "false,true" {
		t.Errorf("then list, map: %s", got)
	}
	if full := eval[string](v, `(() => { const b = document.querySelector("dialog iframe").getBoundingClientRect(); return [b.left, b.top, b.width, b.height].join(); })()`); full != "0,0,390,844" {
		t.Errorf("the frame is at %s", full)
	}
	webtest.Keep(t, v.ctx, "map-phone")
}
