// Package wordstest finds what a page says that is not in the catalogue: it adds a language that nobody speaks, in which every text stands
// between ⟦ and ⟧, and looks for letters outside of them.
package wordstest

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/pelletier/go-toml/v2"

	"lockstep/internal/words"
)

// Code is the language's: Klingon, which is well-formed and which no browser asks for.
const Code = "tlh"

// Speak adds the language until the test has ended. Pages that keep what they say are made after it.
func Speak(t *testing.T) {
	t.Helper()
	words.Add(t, nobodys())
}

var nobodys = sync.OnceValue(func() *words.Language {
	english := words.In("en")
	tree := map[string]any{"name": "tlhIngan", "locale": "en-GB"}
	for _, section := range english.Sections() {
		tree[section] = marked(english.Section(section))
	}
	file, err := toml.Marshal(tree)
	if err != nil {
		panic(err)
	}
	l, err := words.Read(Code, file)
	if err != nil {
		panic(err)
	}
	return l
})

func marked(said any) any {
	switch said := said.(type) {
	case string:
		return "⟦" + said + "⟧"
	case []any:
		var all []any
		for _, one := range said {
			all = append(all, marked(one))
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for key, one := range said {
			all[key] = marked(one)
		}
		return all
	}
	return said
}

// everything is every text on the page and every name that a screen reader says, a line each.
const everything = `(() => {
	const said = [];
	const walk = (node) => {
		if (node.nodeType === Node.TEXT_NODE) said.push(node.textContent);
		if (node.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE", "NOSCRIPT", "OPTION"].includes(node.tagName)) return;
		for (const name of ["aria-label", "placeholder", "title", "alt", "data-said"]) if (node.hasAttribute(name)) said.push(node.getAttribute(name));
		if (node.childNodes.length > 1 && [...node.childNodes].every((n) => n.nodeType === Node.TEXT_NODE || n.tagName === "BDI")) return said.push(node.textContent); // one sentence
		if (node.shadowRoot) node.shadowRoot.childNodes.forEach(walk);
		node.childNodes.forEach(walk);
	};
	walk(document.body);
	return said.map((s) => s.trim().replace(/\s+/g, " ")).filter(Boolean).join("\n");
})()`

var (
	inMarks = regexp.MustCompile(`⟦[^⟦⟧]*⟧`)
	letters = regexp.MustCompile(`\p{L}{2,}`)
	hexes   = regexp.MustCompile(`\b[0-9a-f]{4,}\b`) // fingerprints and the like
)

// Literals are what the page in a browser says outside of the catalogue, apart from data: what people have called things.
func Literals(t *testing.T, ctx context.Context, data ...string) (found []string) {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](everything))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "⟦") {
		t.Errorf("the page says nothing in the language that was asked for:\n%s", text)
	}
	for inMarks.MatchString(text) { // also over several lines: a text may hold elements
		text = inMarks.ReplaceAllString(text, " ")
	}
	data = append(slices.Clone(data), "Lockstep", "English", "Русский", "CSV", "UTC")
	slices.SortFunc(data, func(a, b string) int { return len(b) - len(a) }) // a name may hold another
	for line := range strings.Lines(text) {
		rest := strings.TrimSpace(line)
		for _, known := range data {
			rest = strings.ReplaceAll(rest, known, " ")
		}
		if letters.MatchString(hexes.ReplaceAllString(strings.Trim(rest, "⟦⟧ "), "")) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}
