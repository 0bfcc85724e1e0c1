package codepage

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/internal/web"
	"lockstep/internal/words"
	"lockstep/notifier/internal/ledger"
	"lockstep/parcel"
)

func ticket(n int) Ticket {
	t := Ticket{Language: "ru", Place: "Ленина 5", Address: "Екатеринбург, пр. Ленина, 5",
		Due: time.Date(2026, 12, 12, 18, 30, 0, 0, time.FixedZone("", 5*3600))}
	for i := range n {
		t.Codes = append(t.Codes, Code{fmt.Sprintf("99000000%04d", i), statement.SealedCode{Code: statement.CompleteCode(fmt.Sprintf("%08d", 1234500+i)), Secret: [16]byte{byte(i), 0xff, 0x7f}}})
	}
	return t
}

// shown is a ticket as the page's module reads it.
type shown struct {
	Codes, Barcodes []string
	Due             int64
	Offset          int
	Language        string
	More            bool
	Wishes          []string // of each code
	Place, Address  string
	Text            string
	Alone           []string // the fragments of each code alone
}

// Where more time may be asked for the link says so; what the page shows of a code is a digest that the ledger knows.
func TestMoreTime(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is missing: the page's module is not tried")
	}
	want := ticket(1)
	plain, err := want.Fragment()
	if err != nil {
		t.Fatal(err)
	}
	want.MoreTime = true
	fragment, err := want.Fragment()
	if err != nil {
		t.Fatal(err)
	}
	var got shown
	run(t, fragment, &got)
	wish := ledger.WishOf(want.Codes[0].Secret)
	if !got.More || len(fragment) != len(plain) || got.Wishes[0] != hex.EncodeToString(wish[:]) || got.Alone[0] != plain {
		t.Errorf("%+v", got)
	}
}

// What Go writes, the page's own module reads: the same codes, secrets, times and names.
func TestPageReadsLink(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is missing")
		}
		t.Skip("node is missing: the page's module is not tried")
	}
	for _, n := range []int{1, 2, MaxCodes} {
		want := ticket(n)
		link, err := want.Link("https://n.example/")
		if err != nil {
			t.Fatal(err)
		}
		fragment := strings.TrimPrefix(link, "https://n.example/c/#")
		var got shown
		run(t, fragment, &got)
		secrets := []byte{}
		for i, c := range want.Codes {
			secrets = append(secrets, c.Secret[:]...)
			if got.Codes[i] != c.Code || n > 1 && got.Barcodes[i] != c.Barcode {
				t.Errorf("code %d differs", i)
			}
			alone := want
			alone.Codes = want.Codes[i : i+1]
			if one, err := alone.Fragment(); err != nil || got.Alone[i] != one {
				t.Errorf("code %d alone is %s, want %s, %v", i, got.Alone[i], one, err)
			}
		}
		if got.Text != "LSC:"+base45.Encode(secrets) || got.Due != want.Due.Unix() || got.Offset != 300 || got.Language != "ru" ||
			got.Place != want.Place || got.Address != want.Address {
			t.Errorf("%+v", got)
		}
	}
}

func run(t *testing.T, fragment string, into any) {
	t.Helper()
	script := `import { only, parse, scanText, wish } from "./page/ticket.js"; import { encode } from "../../../internal/web/own/base45.js";
		const t = parse(process.argv[1]); console.log(JSON.stringify({ ...t, text: scanText(t.secrets, encode),
			alone: t.codes.map((_, i) => only(process.argv[1], i)), wishes: await Promise.all(t.secrets.map(wish)) }));`
	command := exec.Command("node", "--input-type=module", "-e", script, fragment)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatal(err)
	}
}

// Links of before, in which several codes have no barcodes, still show what they showed.
func TestLinksOfBefore(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is missing: the page's module is not tried")
	}
	old := []byte{1, 1, 2}
	for _, c := range ticket(2).Codes {
		n, _ := number(c.Code, 9)
		old = append(binary.BigEndian.AppendUint32(old, uint32(n)), c.Secret[:]...)
	}
	old = append(old, 0, 0, 0, 0, 20)
	var got shown
	run(t, base64.RawURLEncoding.EncodeToString(append(old, "Lenina 5"...)), &got)
	if len(got.Codes) != 2 || got.Codes[1] != ticket(2).Codes[1].Code || len(got.Barcodes) != 0 || got.Place != "Lenina 5" || got.Offset != 300 {
		t.Errorf("%+v", got)
	}
}

func coded(code string) Ticket {
	return Ticket{Codes: []Code{{SealedCode: statement.SealedCode{Code: code}}}}
}

func TestTicketsThatMakeNoLink(t *testing.T) {
	for name, bad := range map[string]Ticket{
		"none": ticket(0), "too many": ticket(MaxCodes + 1),
		"short": coded("12345"), "no digits": coded("12345678x"), "signed one": coded("+12345678"),
		"no barcode": {Codes: []Code{ticket(1).Codes[0], {SealedCode: ticket(1).Codes[0].SealedCode}}},
	} {
		if link, err := bad.Fragment(); err == nil {
			t.Errorf("%s: %s", name, link)
		}
	}
}

func TestLongNamesAreCutBetweenLetters(t *testing.T) {
	long := ticket(1)
	long.Place = strings.Repeat("я", 500)
	if got := place(long.Place, ""); len(got) > maxPlace || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("%q", got)
	}
	if fragment, err := long.Fragment(); err != nil || len(fragment) > 260 {
		t.Errorf("%d characters, %v", len(fragment), err)
	}
}

func TestNothingPrints(t *testing.T) {
	if s := fmt.Sprintf("%v %+v %#v", ticket(1), ticket(1), ticket(1)); strings.Contains(s, "012") {
		t.Error(s)
	}
}

// The page is its own origin's alone: nothing from elsewhere, nothing told to anybody, in nobody's frame.
func TestHeaders(t *testing.T) {
	for _, path := range []string{"/c/", "/c/page.js", "/c/page.css", "/c/ticket.js", "/c/words.js", "/c/language.js", "/c/kept.js", "/c/ask.js", "/c/place.js", "/c/doors.js", "/c/dom.js", "/c/icon.svg", "/c/app.webmanifest", "/c/worker.js", "/c/tokens.css", "/c/base45.js"} {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		h := w.Header()
		if w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: %d", path, w.Code)
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") ||
			h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, h)
		}
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("GET", "/c/cose.js", nil))
	if w.Code != 404 {
		t.Errorf("a file the page does not use: %d", w.Code)
	}
}

// What the page tells people to tap at the locker is what the locker's screen says there.
func TestNamesTheLockersButton(t *testing.T) {
	for _, l := range words.All() {
		now := l.Section("code")["wrongNow"].(map[string]any)
		for _, what := range []parcel.Trouble{parcel.OtherInside, parcel.Damaged} {
			if said, button := now[string(what)].(string), l.Say("kiosk.decline.ask"); !strings.Contains(said, button) {
				t.Errorf("%s: %q does not name the button %q", l.Code, said, button)
			}
		}
		for _, what := range parcel.Troubles {
			if now[string(what)] == nil || l.Section("code")["wrongKinds"].(map[string]any)[string(what)] == nil || !l.Has("console.reasons."+string(what)) {
				t.Errorf("%s has no words for %q", l.Code, what)
			}
		}
	}
}

// The way is a link to the map that a device has.
func TestRoute(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is missing: the page's module is not tried")
	}
	script := `globalThis.document = {}; const { route, spans } = await import(process.argv[1]);
		const at = { latitude: 56.838, longitude: 60.597 }, where = "Ленина 5 & co";
		console.log(JSON.stringify([route(at, where, "Android"), route({}, where, "Android"), route(at, where, "iPhone"), route({}, where, "iPhone"), route(at, where, "X11"), route({}, where, "X11"),
			spans([0, 0, 1, 2, 2, ...Array(18).fill(1), 2], 2)]));`
	dir := t.TempDir()
	place, err := os.ReadFile("page/place.js")
	if err != nil {
		t.Fatal(err)
	}
	dom, err := fs.ReadFile(web.Assets(), "dom.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"place.mjs": []byte(strings.ReplaceAll(string(place), "./dom.js", "./dom.mjs")), "dom.mjs": dom} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("node", "--input-type=module", "-e", script, filepath.Join(dir, "place.mjs")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	where := strings.ReplaceAll(url.QueryEscape("Ленина 5 & co"), "+", "%20")
	for i, want := range []string{"geo:56.838,60.597?q=56.838,60.597(" + where + ")", "geo:0,0?q=" + where, "https://maps.apple.com/?daddr=56.838,60.597", "https://maps.apple.com/?daddr=" + where,
		"https://www.openstreetmap.org/?mlat=56.838&mlon=60.597#map=17/56.838/60.597", "https://www.openstreetmap.org/search?query=" + where, "03:00–05:00, 23:00–00:00"} {
		if got[i] != want {
			t.Errorf("%d: %s, want %s", i, got[i], want)
		}
	}
}

// Every text of the page's is said somewhere on it.
func TestNoTextIsLeftOver(t *testing.T) {
	var source strings.Builder
	for _, name := range []string{"index.html", "page.js", "place.js", "doors.js"} {
		data, err := fs.ReadFile(page, "page/"+name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(data)
	}
	for key := range words.In("en").Section("code") {
		word := regexp.MustCompile(`\b` + strings.TrimSuffix(key, "Many") + `\b`)
		if !word.MatchString(source.String()) {
			t.Errorf("nobody says %s", key)
		}
	}
}
