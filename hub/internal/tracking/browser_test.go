package tracking_test

import (
	"lockstep/internal/web/webtest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestTrackingPageInABrowser(t *testing.T) {
	r := newRig(t)
	r.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	ctx := webtest.Chromium(t, 412, 860, chromedp.Flag("lang", "en"))
	if err := chromedp.Do(ctx, chromedp.Navigate(r.server.URL+"/t/"+token+"?lang=ru")); err != nil {
		t.Fatal(err)
	}
	steps, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll(".steps li").length`))
	if err != nil || steps != 4 {
		t.Errorf("%d steps, %v", steps, err)
	}
	border, err := chromedp.Run(ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector(".head")).borderTopWidth`))
	if err != nil || border == "0px" {
		t.Errorf("the page has no style: %q, %v", border, err)
	}
	webtest.Accessible(t, ctx, "tracking")
}
