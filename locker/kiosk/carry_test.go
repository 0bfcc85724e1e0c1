package kiosk_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lockstep/guard/door"
	"lockstep/internal/line"
	"lockstep/internal/scantest"
	"lockstep/internal/web/webtest"
	"lockstep/locker/kiosk"
)

// fakeLink dials the kiosk as a link does and answers with a handed-in function.
type fakeLink struct {
	path  string
	asked chan line.Carry
}

func newFakeLink(t *testing.T) *fakeLink {
	t.Helper()
	return &fakeLink{filepath.Join(t.TempDir(), "carry"), make(chan line.Carry, 10)}
}

func (l *fakeLink) dial(t *testing.T, answer line.Carried) {
	t.Helper()
	conn, err := net.Dial("unix", l.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		for {
			var c line.Carry
			if door.Receive(conn, line.MaxCarry, &c) != nil {
				return
			}
			l.asked <- c
			if door.Send(conn, line.MaxCarried, answer) != nil {
				return
			}
		}
	}()
}

func scan(t *testing.T, page, text string) {
	t.Helper()
	if status, body := post(t, page+"/scan", fmt.Sprintf(`{"text":%q}`, text), nil); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
}

func picture(t *testing.T, page string, n int) (int, string) {
	t.Helper()
	answer, err := http.Get(fmt.Sprintf("%s/carried/%d", page, n))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// What a courier's phone shows goes to the link as it is, once, and the journal stands on the screen for a courier in whom the guard
// believes; for nobody else.
func TestAPhoneBringsAndTakesAway(t *testing.T) {
	g, l := newFakeGuard(t), newFakeLink(t)
	page := startKiosk(t, g, kiosk.Config{Carry: l.path})
	stretch := make([]byte, 4000)
	rand.Read(stretch)
	l.dial(t, line.Carried{Accepted: true, Taken: 2, Last: 19, Stretch: stretch})
	load := make([]byte, 1300)
	rand.Read(load)
	parts := line.Parts(line.PrefixDown, line.Cargo(7, load), 500)
	s := listen(t, page)
	scan(t, page, parts[2])
	scan(t, page, parts[0])
	scan(t, page, parts[0])
	s.until("two parts", func(s shownState) bool {
		return s.Carried != nil && s.Carried.Step == "reading" && s.Carried.Have == 2 && s.Carried.Of == 3
	})
	scan(t, page, parts[1])
	if got := <-l.asked; got.After != 7 || !bytes.Equal(got.Load, load) {
		t.Fatalf("the link is asked after %d with %d bytes", got.After, len(got.Load))
	}
	s.until("that all has come", func(s shownState) bool { return s.Carried != nil && s.Carried.Step == "over" && s.Carried.Taken == 2 })
	if status, _ := picture(t, page, 0); status != http.StatusNotFound {
		t.Error("the journal is shown to somebody who is no courier")
	}
	for _, part := range parts { // the phone goes on showing them
		scan(t, page, part)
	}
	if len(l.asked) != 0 {
		t.Error("the link is asked again about the same")
	}
	post(t, page+"/carried", `{}`, nil)
	s.until("the start", func(s shownState) bool { return s.Carried == nil })

	g.show(door.View{Stage: door.Idle, Session: &door.Session{Challenge: []byte("a challenge"), Courier: "anna", Number: 1}})
	s.until("the session", func(s shownState) bool { return s.QR == nil })
	for _, part := range parts {
		scan(t, page, part)
	}
	shown := s.until("the journal", func(s shownState) bool { return s.Carried != nil && s.Carried.Step == "giving" })
	if shown.Carried.Of != 5 {
		t.Errorf("%d pictures", shown.Carried.Of)
	}
	for _, n := range []int{-1, 5} {
		if status, _ := picture(t, page, n); status != http.StatusNotFound {
			t.Errorf("picture %d: %d", n, status)
		}
	}
	if status, body := picture(t, page, 4); status != http.StatusOK || !strings.HasPrefix(body, "<svg ") {
		t.Errorf("%d %.40s", status, body)
	}
	for text := range map[string]bool{"LSD:": true, "LSD:NOT BASE45 AT ALL!": true, "LSD:" + strings.Repeat("0", 4000): true} {
		scan(t, page, text)
	}
	if status, _ := picture(t, page, 0); status != http.StatusOK {
		t.Error("what is no part ends an exchange")
	}
	post(t, page+"/carried", `{}`, nil)
	if status, _ := picture(t, page, 0); status != http.StatusNotFound {
		t.Error("the journal stays on the screen")
	}
}

// Without a link nothing is carried, and the screen says so; a link that comes later is asked then.
func TestALinkThatIsAway(t *testing.T) {
	g, l := newFakeGuard(t), newFakeLink(t)
	page := startKiosk(t, g, kiosk.Config{Carry: l.path})
	part := line.Parts(line.PrefixDown, line.Cargo(7, []byte("a load")), 500)[0]
	s := listen(t, page)
	scan(t, page, part)
	s.until("that nobody answers", func(s shownState) bool {
		return s.Carried != nil && s.Carried.Step == "over" && s.Carried.Reason == "away"
	})
	post(t, page+"/carried", `{}`, nil)
	l.dial(t, line.Carried{Accepted: true, Taken: 1})
	scan(t, page, part)
	s.until("that it has come", func(s shownState) bool { return s.Carried != nil && s.Carried.Taken == 1 })

	quiet := startKiosk(t, g, kiosk.Config{})
	scan(t, quiet, part)
	listen(t, quiet).until("that this is no code for here", func(s shownState) bool { return s.Scan.Number == 1 && s.Scan.Reason == "unreadable" })
}

// A phone reads the pictures off the screen one by one.
func TestScreensOfCarrying(t *testing.T) {
	g, l := newFakeGuard(t), newFakeLink(t)
	stretch := make([]byte, 2500)
	rand.Read(stretch)
	page := startKiosk(t, g, kiosk.Config{Carry: l.path})
	l.dial(t, line.Carried{Accepted: true, Taken: 2, Last: 19, More: true, Stretch: stretch})
	g.show(door.View{Stage: door.Idle, Session: &door.Session{Challenge: []byte("a challenge"), Courier: "anna", Number: 1}})
	w := walk{t, newBrowser(t)}
	if err := chromedp.Do(w.ctx, chromedp.Navigate(page+"/?language=en")); err != nil {
		t.Fatal(err)
	}
	w.sees("session")
	parts := line.Parts(line.PrefixDown, line.Cargo(7, make([]byte, 800)), 500)
	scan(t, page, parts[0])
	w.sees("carrying", "Reading the phone", "1 of 2 parts")
	webtest.Accessible(t, w.ctx, "carrying-reading")
	scan(t, page, parts[1])
	if err := chromedp.Do(w.ctx, chromedp.WaitVisible(".qr img")); err != nil {
		t.Fatal(err)
	}
	w.sees("carrying", "point the phone here", "There is more")
	webtest.Accessible(t, w.ctx, "carrying-giving")
	var taken line.Gathering
	var cargo []byte
	for range 100 {
		shot, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range scantest.Seen(t, "qrcode", shot) {
			if cargo, err = taken.Add(line.PrefixUp, text); err != nil {
				t.Fatal(err)
			}
		}
		if cargo != nil {
			break
		}
	}
	if last, got, err := line.Unpack(cargo); err != nil || last != 19 || !bytes.Equal(got, stretch) {
		t.Fatalf("a phone has read %d of %d parts", taken.Have, taken.Of())
	}
	w.click("main button.wide")
	w.sees("session")
}
