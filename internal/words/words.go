// Package words is what the product says to people: one file for each language, LANGUAGE.toml, whose name is the language's BCP 47
// code. Adding a language is adding a file. Programs in Go say a text by its key; pages in a browser load theirs as a module.
//
// In a text {name} is filled in, and what stands in [brackets] is left out where a value named in it is empty. A text that changes
// with a number is a table of CLDR's plural forms; the value n chooses one.
package words

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed *.toml
var files embed.FS

// Language is everything that is said in one language.
type Language struct {
	Code   string // BCP 47
	Name   string // as its speakers call it
	Locale string // how a browser writes dates and numbers in it, BCP 47
	texts  map[string]any
	tag    language.Tag
}

// catalogue is what is there, by code.
func catalogue() []*Language { return append(builtIn(), *added.Load()...) }

// added are languages that are not built in.
var added = func() *atomic.Pointer[[]*Language] {
	var none []*Language
	p := &atomic.Pointer[[]*Language]{}
	p.Store(&none)
	return p
}()

// Add adds a language to those that are built in until a test has ended: one that nobody speaks, to see what a page says beside it.
func Add(test interface{ Cleanup(func()) }, l *Language) {
	before := added.Load()
	list := append(slices.Clone(*before), l)
	added.Store(&list)
	test.Cleanup(func() { added.Store(before) })
}

// builtIn are the languages of the files. One that cannot be read is a fault of the build.
var builtIn = sync.OnceValue(func() (all []*Language) {
	names, err := fs.Glob(files, "*.toml")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		l, err := Read(strings.TrimSuffix(name, ".toml"), data)
		if err != nil {
			panic(err)
		}
		all = append(all, l)
	}
	return slices.Clip(all)
})

// Read reads a language's file.
func Read(code string, file []byte) (*Language, error) {
	l := &Language{Code: code, texts: map[string]any{}}
	tag, err := language.Parse(code)
	if err == nil {
		err = toml.Unmarshal(file, &l.texts)
	}
	if err != nil {
		return nil, fmt.Errorf("words: %s: %w", code, err)
	}
	l.tag, l.Name, l.Locale = tag, l.Say("name"), l.Say("locale")
	return l, nil
}

// All are the languages there are, by code.
func All() []*Language { return catalogue() }

// Codes are those of the languages there are.
func Codes() (codes []string) {
	for _, l := range catalogue() {
		codes = append(codes, l.Code)
	}
	return codes
}

// Known says whether there is a language of this very code.
func Known(code string) bool { return slices.Contains(Codes(), code) }

// In is the language that a BCP 47 code means best; English for what there is none for.
func In(codes ...string) *Language {
	known := catalogue()
	english := slices.IndexFunc(known, func(l *Language) bool { return l.Code == "en" })
	tags := []language.Tag{known[english].tag}
	for _, l := range known {
		tags = append(tags, l.tag)
	}
	_, i, trust := language.NewMatcher(tags).Match(parse(codes)...)
	if trust == language.No || i == 0 {
		return known[english]
	}
	return known[i-1]
}

func parse(codes []string) (tags []language.Tag) {
	for _, code := range codes {
		listed, _, _ := language.ParseAcceptLanguage(code)
		tags = append(tags, listed...)
	}
	return tags
}

// Of is the language of whoever asks: the one chosen by ?lang= or, before, by Keep, or what their browser asks for.
func Of(r *http.Request) *Language {
	chosen := r.URL.Query().Get("lang")
	if kept, err := r.Cookie(cookieName); err == nil && !Known(chosen) {
		chosen = kept.Value
	}
	for _, l := range catalogue() {
		if l.Code == chosen {
			return l
		}
	}
	return In(r.Header.Get("Accept-Language"))
}

const cookieName = "language"

// Keep has a browser remember the language that is chosen by ?lang=, for a year.
func Keep(w http.ResponseWriter, r *http.Request) {
	if chosen := r.URL.Query().Get("lang"); Known(chosen) {
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: chosen, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
}

// Others are the languages that somebody who reads this one may choose instead.
func (l *Language) Others() []*Language {
	return slices.DeleteFunc(slices.Clone(catalogue()), func(other *Language) bool { return other.Code == l.Code })
}

// find walks down a key like "track.states.stored".
func (l *Language) find(key string) any {
	var at any = l.texts
	for _, step := range strings.Split(key, ".") {
		table, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = table[step]
	}
	return at
}

// Has says whether there is a text of this key.
func (l *Language) Has(key string) bool {
	switch text := l.find(key).(type) {
	case string:
		return true
	case map[string]any:
		return isPlural(text)
	}
	return false
}

// Say is a text with values filled in: name, value, name, value. A key that there is not is said itself, so that a page stands all the
// same; that none is missing is for the tests of whoever says it.
func (l *Language) Say(key string, values ...any) string {
	text := l.find(key)
	if forms, ok := text.(map[string]any); ok && isPlural(forms) {
		text = l.form(forms, values)
	}
	sentence, ok := text.(string)
	if !ok {
		return key
	}
	return fill(sentence, values)
}

// List are the texts of a key that stands for several.
func (l *Language) List(key string) (all []string) {
	list, _ := l.find(key).([]any)
	for _, text := range list {
		s, _ := text.(string)
		all = append(all, s)
	}
	return all
}

var forms = map[string]plural.Form{"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other}

func isPlural(table map[string]any) bool {
	for name := range table {
		if _, ok := forms[name]; !ok {
			return false
		}
	}
	return table["other"] != nil
}

// form chooses by the value n.
func (l *Language) form(of map[string]any, values []any) any {
	n, _ := value(values, "n").(int)
	want := plural.Cardinal.MatchPlural(l.tag, max(n, -n), 0, 0, 0, 0)
	for name, form := range forms {
		if form == want && of[name] != nil {
			return of[name]
		}
	}
	return of["other"]
}

func value(values []any, name string) any {
	for pair := range slices.Chunk(values, 2) {
		if len(pair) == 2 && pair[0] == name {
			return pair[1]
		}
	}
	return nil
}

// fill puts values in; what is filled in is not looked at again.
func fill(sentence string, values []any) string {
	var out strings.Builder
	for sentence != "" {
		at := strings.IndexAny(sentence, "{[")
		if at < 0 {
			break
		}
		closing := map[byte]string{'{': "}", '[': "]"}[sentence[at]]
		inside, rest, closed := strings.Cut(sentence[at+1:], closing)
		if !closed {
			break
		}
		out.WriteString(sentence[:at])
		if closing == "}" {
			out.WriteString(text(value(values, inside)))
		} else if whole(inside, values) {
			out.WriteString(fill(inside, values))
		}
		sentence = rest
	}
	return out.String() + sentence
}

// whole says whether nothing that a clause names is empty.
func whole(clause string, values []any) bool {
	for {
		_, after, more := strings.Cut(clause, "{")
		name, rest, closed := strings.Cut(after, "}")
		if !more || !closed {
			return true
		}
		if text(value(values, name)) == "" {
			return false
		}
		clause = rest
	}
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// Clock is a day and a time of day on the wall of a place.
func (l *Language) Clock(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return l.Say("common.date", "day", t.Day(), "month", l.List("common.months")[t.Month()-1], "clock", t.Format("15:04"))
}

// Ago is how long something is past, in the largest unit that tells something.
func (l *Language) Ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return l.Say("common.ago.now")
	case d < time.Hour:
		return l.Say("common.ago.minutes", "n", int(d.Minutes()))
	case d < 48*time.Hour:
		return l.Say("common.ago.hours", "n", int(d.Hours()))
	}
	return l.Say("common.ago.days", "n", int(d.Hours()/24))
}

// Sections are the names of the tables there are.
func (l *Language) Sections() (names []string) {
	for name := range l.texts {
		if l.Section(name) != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Section is a table of texts, for a page that says them itself.
func (l *Language) Section(name string) map[string]any {
	table, _ := l.texts[name].(map[string]any)
	return table
}

// Page adds to a page's own files words.js, a module of JavaScript with one section in all languages: words is the texts by language,
// languages is [code, name, locale] of each.
func Page(own fs.FS, section string) fs.FS {
	said, languages := map[string]any{}, [][3]string{}
	for _, l := range catalogue() {
		said[l.Code] = l.Section(section)
		languages = append(languages, [3]string{l.Code, l.Name, l.Locale})
	}
	words, err1 := json.Marshal(said)
	names, err2 := json.Marshal(languages)
	if err1 != nil || err2 != nil {
		panic(fmt.Sprint(err1, err2)) // texts are texts
	}
	return page{own, fmt.Appendf(nil, "export const words = %s;\nexport const languages = %s;\n", words, names)}
}

type page struct {
	fs.FS
	words []byte
}

// ReadFile is what fs.ReadFile asks first.
func (p page) ReadFile(name string) ([]byte, error) {
	if name == "words.js" {
		return p.words, nil
	}
	return fs.ReadFile(p.FS, name)
}
