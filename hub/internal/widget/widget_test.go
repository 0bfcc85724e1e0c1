package widget_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/widget"
	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/parcel"
)

// ask sends a request as it is; nothing unpacks the answer.
func (r *rig) ask(t *testing.T, path string, header ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.hub.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := (&http.Transport{DisableCompression: true}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(data)
}

func TestThePageMayBeFramedByAnybodyAndKeepsNothing(t *testing.T) {
	r := newRig(t, &network{}, func(c *widget.Config) {
		c.Tiles = web.Tiles{URL: "https://{s}.tiles.example/{z}/{x}/{y}.png", Attribution: `<b>"tiles"</b>`}
	})
	answer, page := r.ask(t, "/select/", "Accept-Language", "ru-RU,ru;q=0.9")
	h := answer.Header
	csp := h.Get("Content-Security-Policy")
	if answer.StatusCode != http.StatusOK || !strings.Contains(csp, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https://*.tiles.example;") || !strings.HasSuffix(csp, "frame-ancestors *") {
		t.Errorf("%d, policy %q", answer.StatusCode, csp)
	}
	if h.Get("X-Frame-Options") != "" || h.Get("Set-Cookie") != "" || h.Get("Permissions-Policy") != "camera=(), microphone=(), geolocation=(self), payment=(), usb=()" || h.Get("Vary") != "Accept-Language" {
		t.Errorf("headers %v", h)
	}
	if !strings.Contains(page, `<html lang="ru">`) || !strings.Contains(page, "Выберите постамат") || strings.Contains(page, "<b>") {
		t.Errorf("the page:\n%s", page)
	}
	for path, want := range map[string]string{"/select/?lang=en": `<html lang="en">`, "/select/?lang=de": `<html lang="ru">`, "/select/?lang=%22%3E%3Cscript%3E": `<html lang="ru">`} {
		if _, page := r.ask(t, path, "Accept-Language", "ru"); !strings.Contains(page, want) {
			t.Errorf("%s has no %s", path, want)
		}
	}
}

func TestPagesOfAnyOriginMayLoadTheScripts(t *testing.T) {
	r := newRig(t, &network{}, nil)
	for path, kind := range map[string]string{"/select/postamat.js": "text/javascript", "/select-test/widget/postamat.js": "text/javascript", "/select/picker.js": "text/javascript", "/select/lockers.json": "application/json"} {
		answer, body := r.ask(t, path)
		h := answer.Header
		if answer.StatusCode != http.StatusOK || !strings.HasPrefix(h.Get("Content-Type"), kind) || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("ETag") == "" {
			t.Errorf("%s: %d %v", path, answer.StatusCode, h)
		}
		if len(body) == 0 {
			t.Errorf("%s is empty", path)
		}
	}
	for _, path := range []string{"/select/nothing.js", "/select/../widget.go", "/select-test/", "/select-test/widget/picker.json", "/select/page/"} {
		if answer, _ := r.ask(t, path); answer.StatusCode == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
}

// later is syntax that a browser of 2010 does not read.
var later = regexp.MustCompile("=>|`|\\b(const|let|class|async|await|of)\\b|\\.\\.\\.|\\?\\.|\\?\\?")

func TestTheLoaderIsReadByOldBrowsers(t *testing.T) {
	source, err := os.ReadFile("page/postamat.js")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(source), "")
	if found := later.FindString(code); found != "" {
		t.Errorf("%q is no ECMAScript 5", found)
	}
	if later.FindString("for (const x of y) z();") == "" {
		t.Error("nothing would be found")
	}
}

type listed struct {
	Lockers []map[string]any `json:"lockers"`
}

func (r *rig) list(t *testing.T) listed {
	t.Helper()
	answer, body := r.ask(t, "/select/lockers.json")
	var l listed
	if err := json.Unmarshal([]byte(body), &l); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s: %v", answer.StatusCode, body, err)
	}
	return l
}

func TestLockersThatTakeParcelsAreListed(t *testing.T) {
	n := &network{}
	n.add(kursk())
	paused, site := kursk()
	paused.ID, paused.Standing.Paused, paused.Latitude, paused.Longitude = "7701-016", time.Now().Add(time.Hour).UnixMicro(), 0, 0
	n.add(paused, site)
	locked, site := kursk()
	locked.ID, locked.Standing.Lockdown.Record = "7701-017", 9
	n.add(locked, site)
	enrolled, site := kursk()
	enrolled.ID, enrolled.State = "7701-018", fleet.Enrolled
	n.add(enrolled, site)
	nowhere, _ := kursk()
	nowhere.ID = "7701-019"
	n.lockers = append(n.lockers, nowhere)
	list := newRig(t, n, nil).list(t).Lockers
	if len(list) != 3 || list[0]["id"] != "7701-015" || list[1]["id"] != "7701-016" || list[2]["id"] != "7701-017" {
		t.Fatalf("%v", list)
	}
	got, err := json.Marshal(list[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"address":"Москва, ул. Земляной Вал, 29","city":"Москва","country":"RUS","hours":["09:00-21:00","09:00-21:00","09:00-21:00","09:00-21:00","09:00-21:00/13:00-14:00","00:00-23:59","NODAY"],` +
		`"house":"29","id":"7701-015","indoors":true,"inside":"У входа в торговый зал","metro":["Курская","Чкаловская"],"name":"Курская","place":{"latitude":55.7586,"longitude":37.6595},"post_code":"105064",` +
		`"region":"Московская обл.","room":{"L":0,"M":2,"S":4},"street":"ул. Земляной Вал","suspended":false,"time_zone":"Europe/Moscow","way":"Со двора, слева от арки"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if list[1]["suspended"] != true || list[1]["place"] != nil || list[2]["suspended"] != true {
		t.Errorf("%v", list[1:])
	}
}

func TestAHostileNameIsDataOnly(t *testing.T) {
	n := &network{}
	l, s := kursk()
	l.Name = `</script><script>alert(1)</script>`
	n.add(l, s)
	r := newRig(t, n, nil)
	if _, body := r.ask(t, "/select/lockers.json"); strings.ContainsAny(body, "<>") {
		t.Errorf("%s", body)
	}
	if got := r.list(t).Lockers[0]["name"]; got != l.Name {
		t.Errorf("%q", got)
	}
}

func TestTheListIsMadeOnceAMinuteAndSentOnce(t *testing.T) {
	n := large(40)
	r := newRig(t, n, nil)
	first, plain := r.ask(t, "/select/lockers.json")
	packed, data := r.ask(t, "/select/lockers.json", "Accept-Encoding", "gzip, br")
	z, err := gzip.NewReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || string(unpacked) != plain || packed.Header.Get("Content-Encoding") != "gzip" || first.Header.Get("Content-Encoding") != "" || packed.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("%v, %v %s", packed.Header, err, unpacked)
	}
	tag := first.Header.Get("ETag")
	if again, body := r.ask(t, "/select/lockers.json", "If-None-Match", tag); again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("%d %q", again.StatusCode, body)
	}
	if n.asked != 1 || !strings.Contains(first.Header.Get("Cache-Control"), "max-age=60") {
		t.Errorf("asked %d times, %s", n.asked, first.Header.Get("Cache-Control"))
	}
	r.now = r.now.Add(time.Minute)
	n.lockers[0].Room[0].Free = 3
	if later, _ := r.ask(t, "/select/lockers.json", "If-None-Match", tag); later.StatusCode != http.StatusOK || n.asked != 2 || later.Header.Get("ETag") == tag {
		t.Errorf("%d, asked %d times", later.StatusCode, n.asked)
	}
}

func TestAFailureIsNotKept(t *testing.T) {
	n := &network{broken: errors.New("hidden cause")}
	r := newRig(t, n, nil)
	answer, body := r.ask(t, "/select/lockers.json")
	if answer.StatusCode != http.StatusInternalServerError || strings.Contains(body, "hidden") {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	n.broken = nil
	if list := r.list(t); list.Lockers == nil {
		t.Error("no lockers is an empty list")
	}
}

func TestTariffs(t *testing.T) {
	r := newRig(t, &network{}, nil)
	if _, body := r.ask(t, "/select/tariffs.json?from=%D0%A2%D1%83%D0%BB%D0%B0"); body != `{"tariffs":{}}` {
		t.Errorf("without a price list: %s", body)
	}
	asked := 0
	r = newRig(t, &network{}, func(c *widget.Config) {
		c.Tariff = func(_ context.Context, from string) (map[string]widget.Tariff, error) {
			asked++
			if from != "Тула" {
				return nil, fault.New(fault.NotFound, "unknown_city", "no tariffs from there")
			}
			return map[string]widget.Tariff{"a": {Zone: "-1", Coeff: 1.2, DeliveryMin: 1, DeliveryMax: 3}, "b": {Zone: "2"}}, nil
		}
	})
	for range 2 {
		if _, body := r.ask(t, "/select/tariffs.json?from=%D0%A2%D1%83%D0%BB%D0%B0"); body != `{"tariffs":{"a":{"zone":"-1","coeff":1.2,"delivery_min":1,"delivery_max":3},"b":{"zone":"2","coeff":1,"delivery_min":0,"delivery_max":0}}}` {
			t.Errorf("%s", body)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	for path, status := range map[string]int{"?from=x": http.StatusNotFound, "?from=" + strings.Repeat("x", 101): http.StatusUnprocessableEntity, "?from=%ff": http.StatusUnprocessableEntity, "": http.StatusOK} {
		if answer, body := r.ask(t, "/select/tariffs.json"+path); answer.StatusCode != status {
			t.Errorf("%q: %d %s", path, answer.StatusCode, body)
		}
	}
}

func TestTilesDecideThePolicy(t *testing.T) {
	for url, allowed := range map[string]string{
		"": "img-src 'self' data:;", "/tiles/{z}/{x}/{y}.png": "img-src 'self' data:;", "https://tiles.example/{z}/{x}/{y}.png?key=1": "img-src 'self' data: https://tiles.example;",
		"https://{s}.tiles.example:8443/a/{z}/{x}/{y}": "img-src 'self' data: https://*.tiles.example:8443;",

		"https://tiles.example/": "", "https://tiles.example/{z}/{x}": "", "//tiles.example/{z}/{x}/{y}": "", "javascript:{z}{x}{y}": "", "https://a; script-src */{z}/{x}/{y}": "", "https://user@tiles.example/{z}/{x}/{y}": "",
		"https://*/{z}/{x}/{y}": "", "https:///{z}/{x}/{y}": "", "https://tiles.example/{z}/{x}/{y}/{z}": "",
	} {
		handler, err := widget.New(widget.Config{Fleet: &network{}, Tiles: web.Tiles{URL: url}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if (err == nil) != (allowed != "") {
			t.Errorf("%q: %v", url, err)
			continue
		}
		if err != nil {
			continue
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/select/", nil))
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, allowed) {
			t.Errorf("%q: %s", url, csp)
		}
	}
}

func TestALargeNetworksListIsSmallOnTheLine(t *testing.T) {
	r := newRig(t, large(8000), nil)
	_, plain := r.ask(t, "/select/lockers.json")
	_, packed := r.ask(t, "/select/lockers.json", "Accept-Encoding", "gzip")
	t.Logf("%d lockers: %d KiB, %d KiB packed", len(r.lockers), len(plain)>>10, len(packed)>>10)
	if len(packed) > 1<<20 {
		t.Errorf("%d bytes", len(packed))
	}
	if r.lockers[0].Room[0].Size != parcel.Small {
		t.Error("rooms are listed smallest first")
	}
}
