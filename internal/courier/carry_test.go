package courier_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	codes "github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"github.com/chromedp/chromedp"

	"lockstep/internal/courier"
	"lockstep/internal/line"
	"lockstep/internal/web"
	"lockstep/internal/web/webtest"
)

// screen is the locker's screen as pictures: a stretch in parts.
func screen(t *testing.T, number uint64, stretch []byte) (files []string) {
	t.Helper()
	for i, text := range line.Parts(line.PrefixUp, line.Cargo(number, stretch), 900) {
		code, err := qr.Encode(text, qr.M, qr.AlphaNumeric)
		if err == nil {
			code, err = codes.Scale(code, 800, 800)
		}
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := png.Encode(&out, code); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), fmt.Sprintf("part-%d.png", i))
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// A locker without a line: the phone shows its scanner what waits for it, reads its screen, and hands that on when it has a signal. Nothing
// but the camera is between the two.
func TestThePhoneCarriesBothStreams(t *testing.T) {
	if !web.Has("scan.js") || !web.Has("qr.js") {
		t.Skip("npm's parts are not built: the page has no camera and no codes")
	}
	r := newPages(t, "")
	r.more = stops()
	r.cargo = make([]byte, 1300)
	rand.Read(r.cargo)
	stretch := make([]byte, 2500)
	rand.Read(stretch)
	w := walk{t, webtest.Chromium(t, 412, 860, chromedp.Flag("lang", "en"), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film(t, screen(t, 19, stretch)...)))}
	w.enrols(r)
	w.until(`import("/courier/store.js").then((s) => s.get("cargoes")).then((c) => Object.keys(c ?? {}).join() === "msk-0043")`)
	w.tap("Refresh")
	w.sees("home", "no line")
	w.tap("Аэропорт")
	w.sees("stop", "Carry messages")
	offline(w, true)
	in[bool](w, `(globalThis.cameras = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices), navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error("none")), true)`)
	w.tap("Carry messages")
	w.sees("bring", "Part 1 of 3", "Without a camera")
	var brought line.Gathering
	var cargo []byte
	for end := time.Now().Add(time.Minute); cargo == nil; {
		if time.Now().After(end) {
			t.Fatalf("the scanner has read %d of %d parts", brought.Have, brought.Of())
		}
		var err error
		if cargo, err = brought.Add(line.PrefixDown, scanner(w)); err != nil {
			t.Fatal(err)
		}
	}
	if after, load, err := line.Unpack(cargo); err != nil || !bytes.Equal(load, r.cargo) || after != 7 {
		t.Fatalf("after %d, %d bytes, %v", after, len(load), err)
	}
	w.tap("Enough for today")
	w.sees("stop")
	in[bool](w, `(navigator.mediaDevices.getUserMedia = cameras, true)`)
	w.tap("Carry messages")
	w.until(`import("/courier/store.js").then((s) => s.get("hauls")).then((h) => h?.length === 1)`)
	w.until(`document.querySelector("main").dataset.screen === "stop"`)
	if len(r.hauls) != 0 {
		t.Fatal("it came without a signal")
	}
	offline(w, false)
	w.tap("Back")
	w.sees("home", "Waiting for a signal, from lockers without a line: 1")
	w.tap("Refresh")
	w.until(`import("/courier/store.js").then((s) => s.get("hauls")).then((h) => h.length === 0)`)
	if want := fmt.Sprintf("c-17 from msk-0043: %x", stretch); len(r.hauls) != 1 || r.hauls[0] != want {
		t.Errorf("%d hauls: %.80s", len(r.hauls), strings.Join(r.hauls, " "))
	}
}

// What is carried goes between two of the same language: what the page cuts up comes together here, and the other way round.
func TestPartsAreCutAlike(t *testing.T) {
	r := newPages(t, "")
	w := walk{t, newBrowser(t)}
	w.open(r.server.URL + "/courier/")
	w.sees("enrol")
	for _, n := range []int{0, 1, 491, 492, 493, 5000} {
		carried := bytes.Repeat([]byte{byte(n), 2, 3}, n)[:n]
		got := in[string](w, fmt.Sprintf(`import("/courier/parts.js").then(async (p) => (await p.cut("LSD:", p.pack(%d, new Uint8Array([%s])), 500)).join("\n"))`, n, strings.Trim(strings.ReplaceAll(fmt.Sprint(carried), " ", ","), "[]")))
		want := line.Parts(line.PrefixDown, line.Cargo(uint64(n), carried), 500)
		if got != strings.Join(want, "\n") {
			t.Fatalf("%d bytes are cut up differently", n)
		}
		back := in[string](w, fmt.Sprintf(`import("/courier/parts.js").then(async (p) => { const g = p.gathering("LSD:"); let cargo; for (const text of %q.split("\n").reverse()) cargo = await g.add(text) ?? cargo;
			const { number, carried } = p.unpack(cargo); return number + " " + carried.join(); })`, strings.Join(want, "\n")))
		if wanted := fmt.Sprintf("%d %s", n, strings.Trim(strings.ReplaceAll(fmt.Sprint(carried), " ", ","), "[]")); back != wanted {
			t.Fatalf("%d bytes come together as %.60s", n, back)
		}
	}
	if said := in[string](w, `import("/courier/parts.js").then((p) => p.gathering("LSD:").add("LSU:0000").then(() => "taken", () => "refused"))`); said != "refused" {
		t.Error("what is no part is taken")
	}
}

// The page hands both on for its courier alone.
func TestCarryingIsForCouriers(t *testing.T) {
	r := newPages(t, "")
	r.cargo = []byte("a load")
	p, _ := r.enrol(t, "c-17")
	down, up := "/courier/v1/lockers/msk-0042/down", "/courier/v1/lockers/msk-0042/up"
	if answer, body := r.call(t, http.MethodGet, down, p.asksFor(t, http.MethodGet, down, "c-17", r.now), nil); answer.StatusCode != 200 || !strings.Contains(body, `{"after":7,"load":"YSBsb2Fk"}`) {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	for body, want := range map[any]int{courier.MaxHaul: 422, "?": 422, `{"more":1}`: 422, `{"stretch":"` + strings.Repeat("A", courier.MaxHaul) + `"}`: 422, `{"stretch":"AQI="}`: 200} {
		if answer, text := r.call(t, http.MethodPost, up, p.asksFor(t, http.MethodPost, up, "c-17", r.now), body); answer.StatusCode != want {
			t.Errorf("%.40v: %d %s", body, answer.StatusCode, text)
		}
	}
	for method, path := range map[string]string{http.MethodGet: down, http.MethodPost: up} {
		if answer, _ := r.call(t, method, path, nil, `{"stretch":"AQI="}`); answer.StatusCode != 403 {
			t.Errorf("nobody, %s: %d", path, answer.StatusCode)
		}
	}
	if len(r.hauls) != 1 {
		t.Errorf("%v", r.hauls)
	}
}
