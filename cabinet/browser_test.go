package cabinet_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lockstep/cabinet"
	"lockstep/internal/web/webtest"
	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
)

// hand is somebody before the cabinet's page.
type hand struct {
	page
	ctx context.Context
}

func stand(t *testing.T, ctx context.Context, name string) hand {
	t.Helper()
	config := demoConfig()
	config.Name = name
	running, err := cabinet.Start(cabinet.Options{Config: config, Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: token, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	base, _, _ := strings.Cut(running.Ready.Page, "/?")
	return hand{page{t, running, base}, ctx}
}

func (h hand) run(actions ...chromedp.Action[chromedp.Void]) {
	h.Helper()
	if err := chromedp.Do(h.ctx, actions...); err != nil {
		h.Fatal(err)
	}
}

// in opens the page in a language.
func (h hand) in(language string) {
	h.Helper()
	h.run(chromedp.Navigate(h.running.Ready.Page+"&language="+language), chromedp.WaitVisible(".panel #press"))
}

// play leaves a door broken, one open with a parcel in it, and a parcel in the hands.
func (h hand) play() {
	h.Helper()
	for _, act := range []string{`{"verb":"fault","fault":{"kind":"stuck open","compartment":3}}`, `{"verb":"force","person":"intruder","compartment":7}`,
		`{"verb":"pick up","barcode":"200010000016"}`, `{"verb":"put","person":"visitor","compartment":7,"barcode":"200010000016"}`, `{"verb":"pick up","barcode":"200010000023"}`} {
		if status := h.do(act); status != 204 {
			h.Fatalf("%s: %d", act, status)
		}
	}
}

// The page is accessible in every language and both themes, on a phone and on a desk, and says nothing that is in no catalogue.
func TestThePageIsAccessible(t *testing.T) {
	ctx := webtest.Chromium(t, 1280, 800)
	h := stand(t, ctx, "7701-015")
	h.play()
	for _, l := range words.All() {
		h.in(l.Code)
		h.run(chromedp.WaitVisible(".open .parcel"), chromedp.Click("summary"), chromedp.WaitVisible("#faults button.mend"))
		webtest.AccessibleAtEverySize(t, ctx, "front-"+l.Code)
	}
	wordstest.Speak(t)
	h = stand(t, ctx, "7701-015")
	h.play()
	h.in(wordstest.Code)
	h.run(chromedp.WaitVisible(".open .parcel"), chromedp.SendKeys("#barcode", "no barcode!"), chromedp.Click("#pick button"), chromedp.WaitVisible("#toast"))
	for _, literal := range wordstest.Literals(t, ctx, "7701-015") {
		t.Errorf("the page says %q, which is in no catalogue", literal)
	}
}

// Whatever a locker is called stays text and in its place.
func TestHostileNamesAreInert(t *testing.T) {
	ctx := webtest.Chromium(t, 360, 740)
	for _, text := range webtest.Evil {
		text = webtest.Long(text, 200)
		h := stand(t, ctx, text)
		h.in("en")
		webtest.Inert(t, ctx, text)
		webtest.Fits(t, ctx, text)
		if name, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(".site").textContent`)); err != nil || name != text {
			t.Errorf("%q reads %q, %v", text, name, err)
		}
	}
}
