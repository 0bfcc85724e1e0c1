package courier_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/fxamacker/cbor/v2"

	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/internal/courier"
	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
)

// stops are lockers of one line through Moscow, not in its order, and one of which nobody knows where it is.
func stops() []courier.Stop {
	one := []courier.Task{{Barcode: barcode(5), Size: "S", Rank: 1, Low: true, Task: "deposit"}}
	return []courier.Stop{
		{ID: "msk-0050", Name: "Белорусская", Address: "Тверская Застава, 7", Latitude: 55.7770, Longitude: 37.5820, Line: "online", Parcels: one},
		{ID: "msk-0043", Name: "Аэропорт", Address: "Ленинградский пр., 64", Latitude: 55.8004, Longitude: 37.5328, Line: "offline", Parcels: one},
		{ID: "msk-0099", Name: "Где-то", Address: "Неизвестно где, 1", Line: "online", Parcels: one},
		{ID: "msk-0044", Name: "Динамо", Address: "Ленинградский пр., 39", Latitude: 55.7897, Longitude: 37.5577, Line: "online", Parcels: one},
	}
}

// names are the stops of the first page, in its order.
func names(w walk) string {
	w.Helper()
	return in[string](w, `[...document.querySelectorAll(".stop b")].map((b) => b.innerText).join(" ")`)
}

func TestTodaysLockersAreAWalk(t *testing.T) {
	r := newPages(t, "")
	r.more = stops()
	w := walk{t, newBrowser(t)}
	w.enrols(r)
	w.sees("home", "no line", "km on", "Order from where I am")
	if got := names(w); got != "Сокол Аэропорт Динамо Белорусская Где-то" {
		t.Errorf("the walk is %s", got)
	}
	place(w, 55.7765, 37.5800) // at Belorusskaya
	w.tap("Order from where I am")
	w.sees("home", "m on")
	if got := names(w); got != "Белорусская Динамо Аэропорт Сокол Где-то" {
		t.Errorf("from Belorusskaya the walk is %s", got)
	}

	w.tap("Аэропорт")
	w.sees("stop", "Ленинградский пр., 64", "no line to the network", "S · low", inFours(barcode(5)))
	w.tap("Back")
	w.sees("home")
	w.tap("Сокол")
	w.sees("stop", "во дворе, у аптеки", "Open today 09:00\u2060–\u206021:00, break 13:00\u2060–\u206014:00", "Take back overdue", inFours(barcode(3)))
	if link := in[string](w, `document.querySelector("main a").href`); link != "geo:55.8055,37.5153?q=55.8055,37.5153(%D0%A1%D0%BE%D0%BA%D0%BE%D0%BB)" {
		t.Errorf("the map is asked for %s", link)
	}
	if order := in[string](w, `[...document.querySelectorAll("main h2")].map((h) => h.innerText).join(", ")`); order != "Take back overdue, Check a compartment, Put in" {
		t.Errorf("the manifest is %s", order)
	}

	w.tap("Point at")
	w.sees("camera")
	w.submit(signed(t, r, "LSQ:", statement.Challenge{Locker: "msk-0044", Boot: 3, Counter: 1, Nonce: statement.Nonce{1}, Purpose: statement.ForCourier}))
	w.sees("session", "msk-0044")
	w.tap(inFours(barcode(5)))
	w.sees("show", "Answer no. 1")
	if n := ticks(w, "msk-0044"); n != 0 {
		t.Error("ticked before a door has opened")
	}
	w.tap("A door opened")
	w.sees("session")
	if n := in[int](w, `document.querySelectorAll(".parcels .tick").length`); n != 1 {
		t.Errorf("%d parcels are ticked in the session", n)
	}
	w.tap("Drop the session")
	w.sees("home")
	if got := in[string](w, `document.querySelector(".stop:has(.tick) b").innerText`); got != "Динамо" {
		t.Errorf("done is %s", got)
	}
	r.more = r.more[:3] // the hub has its record: the locker is on the list no more, and stays ticked
	w.tap("Refresh")
	w.open(r.server.URL + "/courier/?again")
	w.sees("home", "Динамо")
	if n := ticks(w, "msk-0044"); n != 1 {
		t.Error("what was done is forgotten")
	}
}

func ticks(w walk, locker string) int {
	w.Helper()
	return in[int](w, fmt.Sprintf(`import("/courier/done.js").then(async (d) => Number(d.isDone(await d.load(), %q, %q)))`, locker, barcode(5)))
}

// place lets the phone say where it is.
func place(w walk, latitude, longitude float64) {
	w.Helper()
	accuracy := 10.0
	err := chromedp.Do(w.ctx, func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		if _, err = cdp.Call(ctx, t, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: "geolocation"}, Setting: browser.PermissionSettingGranted}); err != nil {
			return none, err
		}
		_, err = cdp.Call(ctx, t, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{Latitude: &latitude, Longitude: &longitude, Accuracy: &accuracy})
		return none, err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// A walk that the nearest next would tangle is untangled, and whatever the places, every stop is gone to once.
func TestTheWalkIsShort(t *testing.T) {
	r := newPages(t, "")
	w := walk{t, newBrowser(t)}
	w.open(r.server.URL + "/courier/")
	w.sees("enrol")
	said := in[string](w, `import("/courier/route.js").then(({ order, kilometres }) => {
		const length = (path) => path.slice(1).reduce((sum, stop, i) => sum + kilometres(path[i], stop), 0);
		const nearest = (from, left) => { const path = [from]; left = [...left]; while (left.length) { const at = path.at(-1);
			const next = left.reduce((a, b) => kilometres(at, b) < kilometres(at, a) ? b : a); left.splice(left.indexOf(next), 1); path.push(next); } return path; };
		let seed = 42; const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
		let shorter = 0;
		for (let run = 0; run < 60; run++) {
			const stops = Array.from({ length: 2 + run % 30 }, (_, id) => ({ id, latitude: 55 + random(), longitude: 37 + random() }));
			const from = { latitude: 55 + random(), longitude: 37 + random() };
			const got = order(stops, from), greedy = length(nearest(from, stops)), mine = length([from, ...got]);
			if (got.length !== stops.length || new Set(got).size !== stops.length) return "stops are lost at " + run;
			if (mine > greedy + 1e-9) return "longer than the nearest next at " + run;
			if (mine < greedy - 1e-6) shorter++;
		}
		if (order([]).length || order([], { latitude: 1, longitude: 1 }).length || order([{ id: 1 }])[0].id !== 1) return "none or one";
		return shorter > 20 ? "" : "untangled only " + shorter;
	})`)
	if said != "" {
		t.Error(said)
	}
}

// hostile are names that somebody has thought of to break a page: markup, other directions of writing, and no place to break a line.
func hostile() []courier.Stop {
	name := []string{`<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`, "\u202egnp.yrots\u2066‮ مرحبا 42", strings.Repeat("Ж", 2000), `"'><svg/onload=window.hacked=1>${window.hacked=1}{n}`}
	var list []courier.Stop
	for i, text := range name {
		list = append(list, courier.Stop{ID: fmt.Sprintf("bad-%d", i), Name: text, Address: text, Way: text, Hours: slices.Repeat([]string{text}, 7), Line: "offline", Latitude: 55, Longitude: 37,
			Parcels: []courier.Task{{Barcode: text, Size: text, Low: true, Task: "deposit"}}})
	}
	return list
}

func TestHostileNamesAreInert(t *testing.T) {
	r := newPages(t, "")
	r.more = hostile()
	for i, stop := range r.more {
		r.handed = append(r.handed, courier.Act{Number: int64(20000000 + i), Merchant: stop.Name, City: stop.Address, Reference: stop.Way, Shipments: [][]string{{barcode(1), stop.Name}}})
	}
	w := walk{t, newBrowser(t)}
	w.enrols(r)
	sound := func(at string) {
		t.Helper()
		if got := in[string](w, `[window.hacked, document.querySelector("main script, main img[onerror], main svg"), document.documentElement.scrollWidth > innerWidth].join()`); got != ",,false" {
			t.Errorf("at %s: %s", at, got)
		}
	}
	sound("home")
	for i := range r.more {
		in[bool](w, fmt.Sprintf(`(document.querySelectorAll(".stop")[%d].click(), true)`, i+1))
		w.sees("stop", "Put in")
		sound("stop")
		w.tap("Back")
		w.sees("home")
	}
	for i, act := range r.handed {
		w.tap("Hand-over")
		w.sees("acts")
		w.until(`document.querySelectorAll(".stop").length === 6`)
		sound("acts")
		in[bool](w, fmt.Sprintf(`(document.querySelectorAll(".stop")[%d].click(), true)`, i+2))
		w.sees("act", fmt.Sprint(act.Number))
		w.submit(barcode(1))
		w.sees("act", "scanned")
		sound("act")
		w.tap("Back")
		w.sees("acts")
		w.tap("Back")
		w.sees("home")
	}
	w.tap("Point at")
	w.sees("camera")
	name := r.more[0].Name // a screen may say that it is any locker
	w.submit("LSQ:" + base45.Encode(challengeOf(t, r, name)))
	w.sees("session", name)
	sound("session")
	w.submit(barcode(1))
	w.sees("show")
	w.tap("No door opened")
	w.sees("held")
	sound("held")
	w.tap("Back")
	w.sees("home", name)
	sound("home")
}

// challengeOf is a challenge of a screen's own making, with any name in it.
func challengeOf(t *testing.T, r *pages, locker string) []byte {
	t.Helper()
	good, err := statement.Sign(r.guard, statement.Challenge{Locker: "msk-0042", Boot: 3, Counter: 1, Nonce: statement.Nonce{1}, Purpose: statement.ForCourier})
	if err != nil {
		t.Fatal(err)
	}
	var envelope []cbor.RawMessage
	var payload []byte
	var said map[int]any
	read := func(data []byte, into any) {
		if err := cbor.Unmarshal(data, into); err != nil {
			t.Fatal(err)
		}
	}
	read(good, &envelope)
	read(envelope[2], &payload)
	read(payload, &said)
	said[1] = locker
	envelope[2] = statement.Encode(statement.Encode(said))
	return statement.Encode(envelope)
}

// Every screen says what it says in the language that is chosen.
func TestNothingIsSaidOutsideTheCatalogue(t *testing.T) {
	wordstest.Speak(t)
	r := newPages(t, "")
	r.more = stops()
	w := walk{t, newBrowser(t)}
	w.enrols(r)
	for _, l := range words.All() {
		w.open(r.server.URL + "/courier/?language=" + l.Code)
		w.sees("home")
		say := func(screen string, act string) {
			t.Helper()
			in[bool](w, "("+act+", true)")
			w.sees(screen)
			if l.Code != wordstest.Code {
				return
			}
			data := []string{"QR", "Шляпы & Ко", "Книги", "Москва", "swift · c-17", "msk-0042", "Сокол", "Аэропорт", "Динамо", "Белорусская", "Где-то", "Ленинградский пр., 71Г", "Ленинградский пр.", "Тверская Застава", "Неизвестно где", "во дворе, у аптеки"}
			for _, literal := range wordstest.Literals(t, w.ctx, data...) {
				t.Errorf("%s says %q", screen, literal)
			}
		}
		tap := func(n int) string { return fmt.Sprintf(`document.querySelectorAll("main button")[%d].click()`, n) }
		last := `[...document.querySelectorAll("main button")].at(-1).click()`
		paste := func(text string) string {
			return fmt.Sprintf(`(document.querySelector("form input").value = %q, document.querySelector("form").requestSubmit())`, text)
		}
		say("home", "1")
		say("stop", `document.querySelector(".stop").click()`)
		say("home", last)
		say("history", `document.querySelectorAll(".foot button")[1].click()`)
		say("home", last)
		say("acts", `document.querySelector(".foot button").click()`)
		say("act", paste(barcode(1)))
		say("acts", last)
		say("home", last)
		say("stop", `document.querySelectorAll(".stop")[1].click()`)
		say("bring", `document.querySelector(".card button").click()`)
		say("stop", last)
		say("home", last)
		say("camera", tap(0))
		say("session", paste(signed(t, r, "LSQ:", statement.Challenge{Locker: "msk-0042", Boot: 3, Counter: uint64(l.Code[0]), Nonce: statement.Nonce{l.Code[0]}, Purpose: statement.ForCourier})))
		say("show", paste(barcode(1)))
		say("held", tap(1))
		say("elsewhere", `[...document.querySelectorAll("main button")].find((b) => b.innerText.includes("⟦No room") || /No room|Нет места/.test(b.innerText)).click()`)
		say("home", last)
		say("held", tap(0))
		say("show", `document.querySelector("main button.main").click()`)
		in[bool](w, `import("/courier/session.js").then((s) => s.leave()).then(() => true)`)
	}
}
