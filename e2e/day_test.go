//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lockstep/ceremony"
	"lockstep/demo"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/internal/web/webtest"
)

// window is a tab beside the demo's page, of somebody at another screen.
type window struct {
	*desk
	ctx context.Context
}

// window opens a tab, as large as somebody's screen.
func (d *desk) window(url string, width, height int64) *window {
	d.Helper()
	ctx, cancel := chromedp.NewContext(d.ctx)
	d.Cleanup(cancel)
	w := &window{d, ctx}
	must(d.T, chromedp.Do(ctx, chromedp.EmulateViewport(width, height)))
	webtest.Theme(d.T, ctx, theme())
	webtest.Passkeys(d.T, ctx)
	w.goes(url)
	return w
}

func (w *window) goes(url string) {
	w.Helper()
	must(w.T, chromedp.Do(w.ctx, chromedp.Navigate(url)))
}

// reads evaluates an expression, perhaps a promise, on the page.
func reads[T any](w *window, expression string) (T, error) {
	return chromedp.Run(w.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// holds waits until an expression is true, and keeps a picture.
func (w *window) holds(expression, picture string) {
	w.Helper()
	w.until(expression, func() error {
		is, err := reads[bool](w, "Boolean("+expression+")")
		if err == nil && !is {
			text, _ := reads[string](w, "document.body.innerText.slice(0, 1500)")
			err = fmt.Errorf("it says %q", text)
		}
		return err
	})
	w.picture(picture)
}

func (w *window) picture(name string) { w.pictureOf(w.ctx, name) }

// enrols makes a passkey by a one-time link, with which somebody is signed in.
func (w *window) enrols(picture string) {
	w.Helper()
	w.holds(`document.querySelector("#enrol")`, picture+"-link")
	must(w.T, chromedp.Do(w.ctx, chromedp.Click("#enrol button")))
}

// signsIn has somebody of the staff enrol, and see the network.
func (w *window) signsIn(picture string) {
	w.Helper()
	w.enrols(picture)
	w.holds(`document.querySelector("#lockers a") && document.getElementById("map").dataset.idle`, picture+"-network")
}

// doorIs is what a locker's page shows of a door.
func doorIs(number uint16, kind string) string {
	return fmt.Sprintf(`document.querySelector('locker-front a[data-door="%d"] g')?.getAttribute("class") === %q`, number, kind)
}

// behind is the door behind which the cabinet has a parcel.
func (d *desk) behind(barcode string) uint16 {
	d.Helper()
	state, err := d.n.Front.State(d.Context())
	must(d.T, err)
	for _, c := range state.Compartments {
		for _, p := range c.Parcels {
			if p.Barcode == barcode {
				return c.Number
			}
		}
	}
	d.Fatalf("%s is behind no door", barcode)
	return 0
}

// receiver is the shop's own server: what the webhook told it, each message once.
type receiver struct {
	mu    sync.Mutex
	told  map[string]map[string]bool // message ids by "barcode type"
	wrong error
}

// listens registers a webhook by the merchant's API.
func (d *desk) listens() *receiver {
	d.Helper()
	r := &receiver{told: map[string]map[string]bool{}}
	var hook *standardwebhooks.Webhook
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { r.take(hook, q) }))
	d.Cleanup(server.Close)
	var made struct{ Secret string }
	request, err := http.NewRequestWithContext(d.Context(), http.MethodPost, d.n.Hub+"/v1/webhooks", strings.NewReader(fmt.Sprintf(`{"url":%q}`, server.URL)))
	must(d.T, err)
	request.Header = http.Header{"Authorization": {"Bearer " + d.n.APIKey}, "Content-Type": {"application/json"}}
	answer, err := http.DefaultClient.Do(request)
	must(d.T, err)
	defer answer.Body.Close()
	must(d.T, json.NewDecoder(answer.Body).Decode(&made))
	hook, err = standardwebhooks.NewWebhook(made.Secret)
	must(d.T, err)
	return r
}

func (r *receiver) take(hook *standardwebhooks.Webhook, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	var said struct {
		Type string
		Data struct{ Parcel struct{ Barcode string } }
	}
	err = errors.Join(err, hook.Verify(body, q.Header), json.Unmarshal(body, &said))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = errors.Join(r.wrong, err)
	what := said.Data.Parcel.Barcode + " " + said.Type
	if r.told[what] == nil {
		r.told[what] = map[string]bool{}
	}
	r.told[what][q.Header.Get(standardwebhooks.HeaderWebhookID)] = true
}

// has waits until the shop was told exactly this of its parcels, each once.
func (d *desk) has(r *receiver, want ...string) {
	d.Helper()
	slices.Sort(want)
	d.until("the shop is told all of it", func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		got := slices.Sorted(maps.Keys(r.told))
		if r.wrong != nil || !slices.Equal(got, want) {
			return fmt.Errorf("it was told %q, not %q, %v", got, want, r.wrong)
		}
		return nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	for what, ids := range r.told {
		if len(ids) != 1 {
			d.Errorf("the shop was told %d times of %s", len(ids), what)
		}
	}
}

// of is what becomes of a parcel, as the shop is told of it.
func of(p string, all ...string) (told []string) {
	for _, what := range all {
		told = append(told, p+" parcel."+what)
	}
	return told
}

// TestADayWithAnOutage: operator, shop, courier and recipient play two parcels, and the hub is dead while one is put in and the other
// fetched. Nobody at the locker notices; when it is back, everybody's page and the shop have caught up, and nothing is lost or doubled.
// Then a technician walks the doors, and an auditor takes the journal home.
func TestADayWithAnOutage(t *testing.T) {
	keys, err := ceremony.NewDevelopment("demo")
	must(t, err)
	ctx, n := startWith(t, demo.Options{Keys: keys})
	d := sit(t, n, "day")
	d.unguided = true
	shop := d.listens()
	operator := d.window(n.Console, 1440, 900)
	operator.signsIn("operator")
	console, _, _ := strings.Cut(n.Console, "/enrol")
	atLocker := console + "/lockers/" + n.Locker
	operator.goes(atLocker)
	operator.holds(doorIs(1, "empty"), "operator-locker")

	d.click("page", element("#announce button"))
	first := d.announced("")
	d.click("courier", button("^(Enrol|Подключить)$"))
	must(t, n.Until(ctx, first.Barcode, "dispatched"))
	d.putIn()
	one := d.behind(first.Barcode)
	operator.holds(doorIs(one, "full"), "operator-stored")
	d.has(shop, of(first.Barcode, "announced", "dispatched", "stored")...)
	code, page := d.message("")
	recipient := d.window(page, 390, 844)
	recipient.holds(fmt.Sprintf(`document.body.innerText.replace(/\s/g, "").includes(%q)`, code), "recipient-code")

	d.click("page", element("#announce button"))
	second := d.announced(first.Barcode)
	must(t, n.Until(ctx, second.Barcode, "dispatched"))
	d.arrives()
	d.until("the courier's list has the parcel", func() error {
		list, err := in[string](d, "courier", `document.querySelector(".parcels")?.innerText.replace(/\s/g, "") ?? ""`)
		if err == nil && !strings.Contains(list, second.Barcode) {
			err = fmt.Errorf("it has %q", list)
		}
		return err
	})
	_, err = reads[bool](operator, `globalThis.neverReloaded = true`)
	must(t, err)
	d.watchesKiosk()
	must(t, n.Kill("hub"))
	d.deposits()
	two := d.behind(second.Barcode)
	d.collect(code, first.Barcode)
	operator.holds(doorIs(one, "full")+` && !document.getElementById("away").hidden`, "operator-outage") // as it was last heard of, and it says so
	d.kioskShowed("challenge", "session", "press", "pulsed", "open", "done", "receipt", "start", "pad")
	must(t, n.Again(ctx, "hub"))

	operator.holds("neverReloaded && "+doorIs(one, "empty")+" && "+doorIs(two, "full")+` && document.getElementById("away").hidden`, "operator-back")
	d.tracked(first.Tracking)
	d.has(shop, append(of(first.Barcode, "announced", "dispatched", "stored", "collected"), of(second.Barcode, "announced", "dispatched", "stored")...)...)
	code, page = d.message(code)
	recipient.goes("about:blank") // the links differ in their fragments alone
	recipient.goes(page)
	recipient.holds(`document.querySelector("#qr svg, #qr img")`, "recipient-second")
	_, err = reads[bool](recipient, `document.querySelector("#qr").scrollIntoView({ block: "center" }), true`)
	must(t, err)
	d.collectBy(func() { must(t, n.Front.Scan(ctx, webtest.QR(t, recipient.ctx))) }, second.Barcode)
	d.tracked(second.Tracking)
	d.has(shop, append(of(first.Barcode, "announced", "dispatched", "stored", "collected"), of(second.Barcode, "announced", "dispatched", "stored", "collected")...)...)

	d.walksTheDoors(keys, 3)
	operator.holds(`document.querySelector(".lamp")`, "operator-evening")
	d.audits(console, atLocker)
	d.sells(first.Barcode, second.Barcode)
	if wrong, err := in[int](d, "front", `document.querySelectorAll("#verdict .bad").length`); err != nil || wrong > 0 {
		t.Errorf("the cabinet's judge has found %d faults, %v", wrong, err)
	}
	d.wasTold(4)
	must(t, n.HubCommand(nil, "check"))
}

// message waits for another code than the one before, and gives it with the link to its page.
func (d *desk) message(before string) (code, page string) {
	d.Helper()
	d.until("a code comes", func() error {
		all, err := d.n.Messages(d.Context())
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(m demo.Message) bool { return len(m.Codes) > 0 && m.Codes[0] != before })
		if i < 0 {
			return fmt.Errorf("%d messages", len(all))
		}
		code, page = all[i].Codes[0], all[i].Links[0]
		return nil
	})
	d.click("page", element(`[data-tab="inbox"]`))
	d.sees("inbox", code[:3]+" "+code[3:6]+" "+code[6:])
	d.picture("message")
	return code, page
}

// wasTold holds that the recipient has so many messages: two codes, each once, and that both parcels were fetched.
func (d *desk) wasTold(messages int) {
	d.Helper()
	all, err := d.n.Messages(d.Context())
	must(d.T, err)
	codes := map[string]int{}
	for _, m := range all {
		for _, code := range m.Codes {
			codes[code]++
		}
	}
	if len(all) != messages || len(codes) != 2 || len(slices.DeleteFunc(slices.Collect(maps.Values(codes)), func(n int) bool { return n == 1 })) > 0 {
		d.Errorf("%d messages, codes %v: %+v", len(all), codes, all)
	}
}

// watchesKiosk begins to note every screen that the kiosk shows.
func (d *desk) watchesKiosk() {
	d.Helper()
	_, err := in[bool](d, "kiosk", `(() => {
		const main = document.querySelector("main");
		globalThis.showed = [];
		new MutationObserver(() => showed.push(main.dataset.screen)).observe(main, { attributeFilter: ["data-screen"] });
		return true;
	})()`)
	must(d.T, err)
}

// kioskShowed holds that since then these were all its screens: none of them says that anything is wrong.
func (d *desk) kioskShowed(screens ...string) {
	d.Helper()
	showed, err := in[[]string](d, "kiosk", "showed")
	must(d.T, err)
	if strange := slices.DeleteFunc(slices.Clone(showed), func(s string) bool { return slices.Contains(screens, s) }); len(strange) > 0 || len(showed) < 6 {
		d.Errorf("the kiosk showed %q", showed)
	}
}

// walksTheDoors has a technician begin a walk-test, try so many doors, skip the rest and end with the receipt.
func (d *desk) walksTheDoors(keys *ceremony.Development, tried int) {
	d.Helper()
	screen := demo.Watch(d.Context(), d.n.Kiosk)
	d.click("kiosk", element("#start-staff"))
	d.click("kiosk", element("#start-technician"))
	d.shows("kiosk", "main", "screen", "challenge")
	d.picture("technician-challenge")
	shown, err := screen.WaitFor(d.Context(), time.Minute, "a challenge", func(v demo.ScreenState) bool { return v.QR != nil })
	must(d.T, err)
	envelope, err := base45.Decode(strings.TrimPrefix(shown.QR.Text, "LSQ:"))
	must(d.T, err)
	challenge, err := statement.ReadUnverified[statement.Challenge](envelope)
	must(d.T, err)
	says := func(number uint32, task statement.Task) {
		d.Helper()
		answer, err := statement.Sign(keys.Technicians[0], statement.Service{Locker: challenge.Locker, Nonce: challenge.Nonce, Number: number, Task: task})
		must(d.T, err)
		must(d.T, d.n.Front.Scan(d.Context(), "LSA:"+base45.Encode(statement.Encode(statement.Presentation{Answer: answer}))))
	}
	says(1, statement.TaskWalk)
	for i := range tried {
		d.shows("kiosk", "main", "screen", "press")
		d.picture(fmt.Sprintf("technician-door-%d", i+1))
		d.presses()
		d.click("front", element(".open .door"))
		d.until("the door is tried", func() error {
			if now := screen.See(); now.Stage == "open" || now.Stage == "pulsed" || now.Outcome != "" && now.Outcome != "tested" {
				return fmt.Errorf("%s %s", now.Stage, now.Outcome)
			}
			return nil
		})
	}
	at := uint16(0)
	d.until("the other doors are skipped", func() error {
		if screen.See().Stage == "press" && screen.See().Compartment != at {
			at = screen.See().Compartment
			_, err := screen.Cancel(d.Context())
			return errors.Join(err, errors.New("there are others"))
		}
		if text, err := in[string](d, "kiosk", `document.querySelector("main").dataset.screen`); err != nil || text != "serving" {
			return fmt.Errorf("it shows %s, %v", text, err)
		}
		return nil
	})
	d.picture("technician-walked")
	says(2, statement.TaskEnd)
	d.shows("kiosk", "main", "screen", "receipt")
	d.picture("technician-receipt")
}

// audits has an auditor sign in, who may look and not act, and take the locker's journal home: it is whole.
func (d *desk) audits(console, atLocker string) {
	d.Helper()
	var user struct{ Link string }
	must(d.T, d.n.HubCommand(&user, "user", "add", "Auditor", "--role", "auditor"))
	auditor := d.window(user.Link, 1440, 900)
	auditor.signsIn("auditor")
	auditor.goes(atLocker)
	auditor.holds(`document.querySelector("locker-front svg") && !document.querySelector(".acts")`, "auditor-locker")
	paused, err := reads[int](auditor, fmt.Sprintf(`fetch(%q, { method: "POST", body: new URLSearchParams({ minutes: 5 }) }).then((answer) => answer.status)`, atLocker+"/pause"))
	if err != nil || paused != http.StatusForbidden {
		d.Errorf("an auditor who pauses a locker: %d, %v", paused, err)
	}
	data, err := reads[string](auditor, `fetch(document.querySelector('a[href$="/journal"]').href).then((answer) => answer.arrayBuffer()).then((bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))))`)
	must(d.T, err)
	journal, err := base64.StdEncoding.DecodeString(data)
	must(d.T, err)
	path := filepath.Join(d.TempDir(), "locker.journal")
	write(d.T, path, journal)
	if report := runAudit(d.T, 0, "--charter", d.n.Path("hub", "keys"), path); !report.Sound || len(report.Openings) != 7 {
		d.Errorf("sound %v, %d openings: %+v", report.Sound, len(report.Openings), report.Findings)
	}
	auditor.goes(console + "/audit")
	auditor.holds(`document.querySelector("table")?.innerText.includes("Auditor")`, "auditor-audit")
}

// sells has the shop's person sign in, see what became of its parcels with the proof of it, and announce a third.
func (d *desk) sells(barcodes ...string) {
	d.Helper()
	seller := d.window(d.n.Shop, 1440, 900)
	seller.enrols("shop")
	for _, barcode := range barcodes {
		seller.holds(fmt.Sprintf(`[...document.querySelectorAll("tr")].some((row) => row.innerText.replace(/\s/g, "").includes(%q) && row.querySelector(".lamp.go"))`, barcode), "shop-shipments")
	}
	shop := strings.TrimSuffix(d.n.Shop[:strings.Index(d.n.Shop, "/console/")], "/") + "/shop/"
	_, err := reads[bool](seller, `document.querySelector("th[scope=row] a").click(), true`)
	must(d.T, err)
	seller.holds(`document.querySelectorAll(".timeline .lamp.go").length > 2`, "shop-shipment")
	seller.goes(shop + "new")
	seller.holds(`document.querySelector("lockstep-locker-picker")?.shadowRoot`, "shop-new")
	_, err = reads[bool](seller, fmt.Sprintf(`(() => {
		for (const [field, text] of [["phone", "+79161234567"], ["reference", "ORDER-3"], ["locker", %q]]) document.getElementById(field).value = text;
		document.querySelector("form[method=post].two button").click();
		return true;
	})()`, d.n.Locker))
	must(d.T, err)
	seller.holds(`document.querySelector("h1")?.textContent === "ORDER-3" && document.querySelectorAll(".timeline li").length`, "shop-announced")
}
