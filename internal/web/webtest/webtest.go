// Package webtest walks pages with Debian's Chromium.
package webtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lockstep/internal/debian"
	"lockstep/internal/scantest"
)

// Chromium starts a headless Chromium with a fresh profile and a viewport of this size; options come after the usual ones. Where it is
// not installed the test is skipped, or fails when CI=true.
func Chromium(t *testing.T, width, height int64, options ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	usual := []chromedp.ExecAllocatorOption{chromedp.ExecPath(debian.Program(t, "chromium", "chromium")), chromedp.NoSandbox}
	for _, flag := range []string{"headless", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		usual = append(usual, chromedp.Flag(flag, true))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(usual, options...)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// Keep keeps a picture of the page in the folder that LOCKSTEP_SCREENSHOTS names, if it names one.
func Keep(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("LOCKSTEP_SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture(t, ctx), 0o644); err != nil {
		t.Error(err)
	}
}

// QR reads the QR code on the page as a phone's camera would: off its picture.
func QR(t *testing.T, ctx context.Context) string {
	t.Helper()
	return scantest.Codes(t, "qrcode", picture(t, ctx))[0]
}

func picture(t *testing.T, ctx context.Context) []byte {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	return png
}
