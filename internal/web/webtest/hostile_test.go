package webtest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Each check finds what it is there for, and lets a page pass that is as it should be.
func TestTheChecksFindWhatIsWrong(t *testing.T) {
	ctx := Chromium(t, 360, 740)
	rows := []struct{ page, strange, wide, unseen string }{
		{`<style>main { overflow-wrap: anywhere }</style><main><p>{turn}</p><p>name</p><button>Press</button> <b><bdi>{turn}</bdi></b> more <input></main>`, "", "", ""},
		{`<main><button onclick="1">Press</button><img src=x onerror="globalThis.owned=1"></main>`, "onerror", "", ""},
		{`<script>globalThis.owned=1</script><button>Press</button>`, "it has run", "", ""},
		{`<main><p><b>{turn}</b> · 5 lockers</p><button>Press</button></main>`, "turns round", "", ""},
		{`<main><p>Lockers in {turn}: 5</p><button>Press</button></main>`, "turns round", "", ""},
		{`<main><p id="long">` + strings.Repeat("W", 200) + `</p><button>Press</button></main>`, "", "long", ""},
		{`<main><div id="part" style="overflow: auto">` + strings.Repeat("W", 200) + `</div><button>Press</button></main>`, "", "part", ""},
		{`<style>a:focus { outline: none }</style><main><a href="/">Go</a> <button>Press</button></main>`, "", "", "Go"},
	}
	for _, row := range rows {
		page := "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>a</title>" + strings.ReplaceAll(row.page, "{turn}", "\u202eabc\u203d")
		if err := chromedp.Do(ctx, chromedp.Navigate("data:text/html,"+url.PathEscape(page))); err != nil {
			t.Fatal(err)
		}
		found := map[string]string{"strange": said(t, ctx, strange), "wide": said(t, ctx, wide), "unseen": strings.Join(unseen(t, ctx), "\n")}
		for what, want := range map[string]string{"strange": row.strange, "wide": row.wide, "unseen": row.unseen} {
			if got := found[what]; want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%.150s: %s finds %q, want %q", row.page, what, got, want)
			}
		}
	}
}
