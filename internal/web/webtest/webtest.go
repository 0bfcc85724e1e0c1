// Package webtest walks pages with Debian's Chromium.
package webtest

import (
	"bytes"
	"context"
	"image"
	_ "image/png" // what Chromium photographs
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Chromium starts a headless Chromium with a fresh profile and a viewport of this size; options come after the usual ones. Where it is
// not installed the test is skipped, or fails when CI=true.
func Chromium(t *testing.T, width, height int64, options ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("chromium is missing: install the Debian package chromium")
	} else if err != nil {
		t.Skip("chromium is missing: no page is walked (install the Debian package chromium)")
	}
	usual := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox}
	for _, flag := range []string{"headless", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		usual = append(usual, chromedp.Flag(flag, true))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
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
	seen, _, err := image.Decode(bytes.NewReader(picture(t, ctx)))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(seen)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		t.Fatalf("no QR code can be read off the screen: %v", err)
	}
	return result.GetText()
}

func picture(t *testing.T, ctx context.Context) []byte {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	return png
}
