package tracking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lockstep/internal/web/webtest"
	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
	"lockstep/parcel"
)

func (r *rig) open(t *testing.T, ctx context.Context, token, language string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(r.server.URL+"/t/"+token+"?lang="+language), chromedp.WaitVisible("main")); err != nil {
		t.Fatal(err)
	}
}

func TestTrackingPageInABrowser(t *testing.T) {
	r := newRig(t)
	r.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	ctx := webtest.Chromium(t, 412, 860)
	pages := map[string]string{"parcel": token, "unknown": strings.ToLower(token)}
	for _, l := range words.All() {
		for name, token := range pages {
			r.open(t, ctx, token, l.Code)
			webtest.AccessibleAtEverySize(t, ctx, name+"-"+l.Code)
		}
	}
	wordstest.Speak(t)
	for name, token := range pages {
		r.open(t, ctx, token, wordstest.Code)
		for _, literal := range wordstest.Literals(t, ctx, "Постамат у метро «Сокол»", "Ленинградский пр., 71Г") {
			t.Errorf("%s says %q, which is in no catalogue", name, literal)
		}
	}
	r.open(t, ctx, token, "ru")
	steps, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll(".steps li").length`))
	if err != nil || steps != 4 {
		t.Errorf("%d steps, %v", steps, err)
	}
	border, err := chromedp.Run(ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector(".head")).borderTopWidth`))
	if err != nil || border == "0px" {
		t.Errorf("the page has no style: %q, %v", border, err)
	}
}

// Whatever a locker is called, and wherever it says that it stands, stays text and in its place.
func TestHostileNamesAreInert(t *testing.T) {
	r := newRig(t)
	ctx := webtest.Chromium(t, 360, 740)
	for _, text := range webtest.Evil {
		text = webtest.Long(text, 200)
		r.custody.tracking.Locker.Name, r.custody.tracking.Locker.Address = text, text
		r.custody.tracking.Parcel.Reference, r.custody.tracking.Events[0].Reason = text, text
		for _, zone := range []string{"Europe/Moscow", text} {
			r.custody.tracking.Locker.Zone = zone
			r.open(t, ctx, token, "en")
			webtest.Inert(t, ctx, text)
			webtest.Fits(t, ctx, text)
			name, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(".address").textContent`))
			if err != nil || name != text {
				t.Errorf("%q reads %q, %v", text, name, err)
			}
		}
	}
}

// A parcel may be in any state, and anything may have happened to it: a phone has room for it in every language.
func TestEveryStateFitsOnAPhone(t *testing.T) {
	r := newRig(t)
	ctx := webtest.Chromium(t, 360, 740)
	of, first := &r.custody.tracking, r.custody.tracking.Events[0]
	states := map[parcel.State]bool{}
	for _, row := range parcel.Lifecycle() {
		states[row.To] = true
		first.What = row.What
		of.Events = append(of.Events, first)
	}
	for of.Parcel.State = range states {
		for _, l := range words.All() {
			r.open(t, ctx, token, l.Code)
			webtest.Fits(t, ctx, string(of.Parcel.State)+" in "+l.Code)
		}
	}
}
