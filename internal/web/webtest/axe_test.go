package webtest_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lockstep/internal/web/webtest"
)

// A button that nobody can name, grey on grey and what no finger hits are found; a page without them is let pass.
func TestTheRulesFindWhatIsBroken(t *testing.T) {
	rules, ctx := webtest.Rules(t), webtest.Chromium(t, 800, 600)
	for page, want := range map[string][]string{
		`<title>a</title><main><h1>Good</h1><button>Press</button></main>`:                                                                                      {},
		`<title>a</title><main><button></button><p style="color:silver;background:lightgrey">grey</p></main>`:                                                   {"button-name", "color-contrast"},
		`<title>a</title><main>` + strings.Repeat(`<button style="width:12px;height:12px;padding:0;border:0;margin:0;font-size:8px">x</button>`, 9) + `</main>`: {"target-size"},
	} {
		if err := chromedp.Do(ctx, chromedp.Navigate("data:text/html,<!doctype html><html lang=en>"+page)); err != nil {
			t.Fatal(err)
		}
		broken := webtest.Broken(t, ctx, rules)
		for _, rule := range want {
			if !strings.Contains(broken, rule) {
				t.Errorf("%s: %s is not found in %q", page, rule, broken)
			}
		}
		if len(want) == 0 && broken != "" {
			t.Errorf("%s: %s", page, broken)
		}
	}
}
