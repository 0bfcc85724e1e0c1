package webtest

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"lockstep/internal/npm"
)

// Rules is axe-core, as it is run in a page.
func Rules(t *testing.T) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(file), "axe")
	npm.Fetch(t, folder)
	source, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// look runs the rules of WCAG 2.0 to 2.2, levels A and AA, which EN 301 549 takes over, and says what is broken.
const look = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] }).then(({ violations }) =>
	violations.map((v) => [v.impact, v.id, v.help, ...v.nodes.map((n) => n.target.join(" ") + ": " + n.failureSummary.replaceAll("\n", " "))].join("\n    ")).join("\n"))`

// Accessible holds the page that a browser shows, in light and in dark, against WCAG 2.2 AA as far as a program can judge it.
func Accessible(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	source := Rules(t)
	for _, theme := range []string{"light", "dark"} {
		Theme(t, ctx, theme)
		settle(t, ctx)
		if broken := Broken(t, ctx, source); broken != "" {
			t.Errorf("%s, %s:\n%s", name, theme, broken)
		}
		Keep(t, ctx, name+"-"+theme)
	}
	Theme(t, ctx, "light")
}

// sizes are the windows that pages are looked at in, in CSS pixels: a small phone and a desk.
var sizes = []struct {
	name          string
	width, height int64
}{{"-phone", 360, 740}, {"", 1280, 800}}

// AccessibleAtEverySize is Accessible on a phone and on a desk, where besides nothing scrolls sideways and the focus is seen.
func AccessibleAtEverySize(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, size := range sizes {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(size.width, size.height)); err != nil {
			t.Fatal(err)
		}
		Fits(t, ctx, name+size.name)
		Accessible(t, ctx, name+size.name)
	}
	FocusIsSeen(t, ctx, name)
}

// Broken is what the rules find on the page as it is.
func Broken(t *testing.T, ctx context.Context, rules string) string {
	t.Helper()
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean(globalThis.axe)"))
	if err == nil && !there {
		err = chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](rules+"; undefined"))
	}
	if err != nil {
		t.Fatal(err)
	}
	broken, err := chromedp.Run(ctx, chromedp.Evaluate[string](look, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(broken)
}

// settle waits until what moves on the page and soon comes to rest has done so.
func settle(t *testing.T, ctx context.Context) {
	t.Helper()
	const rest = `Promise.allSettled(document.getAnimations().filter((a) => a.playState === "running" && a.effect.getComputedTiming().endTime <= 2000).map((a) => a.finished)).then(() => "")`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](rest, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
}

// Theme has a browser prefer light or dark.
func Theme(t *testing.T, ctx context.Context, theme string) {
	t.Helper()
	err := chromedp.Do(ctx, func(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
		return none, err
	})
	if err != nil {
		t.Fatal(err)
	}
}
