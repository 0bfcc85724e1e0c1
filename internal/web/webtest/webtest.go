// Package webtest walks pages with Debian's Chromium.
package webtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
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

// Passkeys gives the device of a browser, or of one of its tabs, a place for passkeys, and a user who is there and known to it.
func Passkeys(t *testing.T, ctx context.Context) {
	t.Helper()
	err := chromedp.Do(ctx, func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		if _, err = cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return none, err
		}
		_, err = cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
			AutomaticPresenceSimulation: true, IsUserVerified: true}})
		return none, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Keep keeps a picture of the page, in a folder of the test's room within the one that LOCKSTEP_SCREENSHOTS names, if it names one.
func Keep(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if os.Getenv("LOCKSTEP_SCREENSHOTS") != "" {
		Write(t, strings.ReplaceAll(name, " ", "-")+".png", picture(t, ctx))
	}
}

// Write writes a file into that folder; where LOCKSTEP_SCREENSHOTS names none, nowhere.
func Write(t *testing.T, name string, data []byte) {
	t.Helper()
	dir := os.Getenv("LOCKSTEP_SCREENSHOTS")
	if dir == "" {
		return
	}
	room, err := os.Getwd() // tests run where their room is
	dir = filepath.Join(dir, filepath.Base(room))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
	}
	if err != nil {
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
