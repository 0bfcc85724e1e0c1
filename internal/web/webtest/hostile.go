package webtest

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/chromedp"
)

// Evil are texts that would run if any page took them for anything but text, and two that would upset the lines around them: one turns
// what follows it round, one has nowhere to break.
var Evil = []string{
	`"><img src=x onerror="globalThis.owned=1">`,
	`<script>globalThis.owned=1</script>`,
	`'-globalThis.owned=1-'`,
	`javascript:globalThis.owned=1`,
	`</title><svg onload="globalThis.owned=1">`,
	`{{constructor.constructor("globalThis.owned=1")()}}`,
	`<a hx-on:load="globalThis.owned=1" hx-get="/console/" href="javascript:globalThis.owned=1">x</a>`,
	`]]><iframe srcdoc="<script>parent.owned=1</script>">`,
	"$&$`${globalThis.owned=1}{n}{city}%s%d \u202e\u2066\u0645\u0631\u062d\u0628\u0627\u203d",
	"\U0001d552\U0001f4e6" + strings.Repeat("W", 38),
}

// Long is a text that goes on as its own end does, until it has so many characters.
func Long(text string, characters int) string {
	last, _ := utf8.DecodeLastRuneInString(text)
	return text + strings.Repeat(string(last), max(0, characters-utf8.RuneCountInString(text)))
}

// strange is what texts have made of a page: what has run, elements and attributes that only markup inside of a text can have made, and
// texts that turn round what stands behind them in the same line (the one that
// does so ends in ‽).
const strange = `(() => {
	const found = globalThis.owned ? ["it has run"] : [];
	const made = "img[src=x], iframe[srcdoc], script:not([src]):not([type='application/json']), svg[onload], [onerror], [href^='javascript:' i], [hx-on\\:load]";
	for (const e of document.querySelectorAll(made)) found.push(e.outerHTML.slice(0, 100));
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		let e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.includes("\u202e") || ["OPTION", "SCRIPT"].includes(e.tagName)) continue;
		while (getComputedStyle(e).display === "inline" && !getComputedStyle(e).unicodeBidi.includes("isolate")) e = e.parentElement;
		const behind = e.textContent.slice(e.textContent.indexOf("\u202e")).replace(/^.*\u203d/su, "").trim();
		if (behind) found.push("it turns round what is behind it: " + behind.slice(0, 200));
	}
	return found.join("\n");
})()`

// Inert fails where a page takes a text for anything but text.
func Inert(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if found := said(t, ctx, strange); found != "" {
		t.Errorf("%s: %s", name, found)
	}
}

// wide are the elements in which one can scroll sideways, the page itself among them, and the innermost that stick out of the window.
const wide = `(() => {
	const root = document.documentElement, found = [];
	const all = [...document.body.querySelectorAll("*")];
	for (const e of all) {
		const scrolls = ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && !["INPUT", "SELECT", "TEXTAREA"].includes(e.tagName);
		if (scrolls && e.scrollWidth > e.clientWidth + 1) found.push(e.outerHTML.slice(0, 150));
	}
	if (root.scrollWidth > root.clientWidth) {
		const out = all.filter((e) => Math.max(e.scrollWidth, e.getBoundingClientRect().right) > root.clientWidth + 1);
		found.push(root.scrollWidth + " px", ...out.filter((e) => !out.some((o) => o !== e && e.contains(o))).slice(0, 5).map((e) => e.outerHTML.slice(0, 150)));
	}
	return found.join("\n    ");
})()`

// Fits fails where a page, or a part of it, is wider than the window has room for.
func Fits(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if found := said(t, ctx, wide); found != "" {
		t.Errorf("%s scrolls sideways: %s", name, found)
	}
}

func said(t *testing.T, ctx context.Context, script string) string {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
