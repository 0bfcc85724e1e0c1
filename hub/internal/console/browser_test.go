package console_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// newBrowser starts a headless Chromium as wide as a phone.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("chromium is missing: install the Debian package chromium")
	} else if err != nil {
		t.Skip("chromium is missing: the tracking page is not looked at (install the Debian package chromium)")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("headless", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en"),
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(412, 860)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func TestTrackingPageInABrowser(t *testing.T) {
	r := newRig(t, "")
	r.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	ctx := newBrowser(t)
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
	if dir := os.Getenv("LOCKSTEP_SCREENSHOTS"); dir != "" {
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil || os.WriteFile(filepath.Join(dir, "tracking.png"), png, 0o644) != nil {
			t.Error(err)
		}
	}
}
