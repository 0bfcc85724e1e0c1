package words

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var placeholder = regexp.MustCompile(`\{\w*\}`)

// texts are everything a table says, by key: a list as one text, of plural forms the other.
func texts(table map[string]any, at string) map[string]string {
	all := map[string]string{}
	for name, v := range table {
		key := strings.TrimPrefix(at+"."+name, ".")
		switch v := v.(type) {
		case string:
			all[key] = v
		case []any:
			for _, s := range v {
				all[key] += s.(string) + "\n"
			}
		case map[string]any:
			if isPlural(v) {
				all[key] = v["other"].(string)
				continue
			}
			maps.Copy(all, texts(v, key))
		}
	}
	return all
}

// Every language says everything, and fills in the same.
func TestLanguagesSayTheSame(t *testing.T) {
	english := texts(In("en").texts, "")
	if len(english) < 500 {
		t.Fatalf("only %d texts", len(english))
	}
	for _, l := range All() {
		other := texts(l.texts, "")
		for key, text := range english {
			said, ok := other[key]
			if !ok || strings.TrimSpace(said) == "" {
				t.Errorf("%s does not say %s", l.Code, key)
				continue
			}
			if a, b := filledIn(text), filledIn(said); !slices.Equal(a, b) {
				t.Errorf("%s: %s fills in %v, English %v", l.Code, key, b, a)
			}
			if strings.Count(text, "\n") != strings.Count(said, "\n") {
				t.Errorf("%s: %s has %d texts, English %d", l.Code, key, strings.Count(said, "\n"), strings.Count(text, "\n"))
			}
		}
		for key := range other {
			if _, ok := english[key]; !ok {
				t.Errorf("%s says %s, which English does not", l.Code, key)
			}
		}
	}
}

// filledIn is which values a text names; n may be left to the form.
func filledIn(text string) []string {
	names := placeholder.FindAllString(text, -1)
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(s string) bool { return s == "{n}" })
}

// A clause in brackets names something, or it could never be left out; nothing is left open.
func TestSyntax(t *testing.T) {
	clause := regexp.MustCompile(`\[[^\]]*\]`)
	for _, l := range All() {
		for key, text := range texts(l.texts, "") {
			for _, c := range clause.FindAllString(text, -1) {
				if !placeholder.MatchString(c) {
					t.Errorf("%s: %s has %q", l.Code, key, c)
				}
			}
			if rest := placeholder.ReplaceAllString(clause.ReplaceAllString(text, ""), ""); strings.ContainsAny(rest, "[]{}") {
				t.Errorf("%s: %s: %q", l.Code, key, text)
			}
		}
	}
}

const sample = `
name = "Русский"
locale = "ru-RU"
[a]
place = "Ждёт в {place}[, до {until}]. {link}"
list = ["один", "два"]
[a.count]
one = "{n} посылка"
few = "{n} посылки"
many = "{n} посылок"
other = "{n} посылки"
`

func TestSay(t *testing.T) {
	l, err := Read("ru", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		key    string
		values []any
		want   string
	}{
		{"a.place", []any{"place", "А", "until", "завтра", "link", "x"}, "Ждёт в А, до завтра. x"},
		{"a.place", []any{"place", "А", "link", "x"}, "Ждёт в А. x"},
		{"a.place", []any{"place", "{link}[{until}]", "link", "x"}, "Ждёт в {link}[{until}]. x"},
		{"a.place", []any{"place"}, "Ждёт в . "},
		{"a.count", []any{"n", 1}, "1 посылка"},
		{"a.count", []any{"n", 22}, "22 посылки"},
		{"a.count", []any{"n", 11}, "11 посылок"},
		{"a.count", nil, " посылок"},
		{"a.nothing", nil, "a.nothing"},
		{"a.place.deeper", nil, "a.place.deeper"},
		{"a", nil, "a"},
		{"", nil, ""},
	}
	for _, r := range rows {
		if got := l.Say(r.key, r.values...); got != r.want {
			t.Errorf("%s %v: %q, want %q", r.key, r.values, got, r.want)
		}
	}
	if !slices.Equal(l.List("a.list"), []string{"один", "два"}) || l.List("a.place") != nil {
		t.Errorf("%q", l.List("a.list"))
	}
	if !l.Has("a.count") || !l.Has("a.place") || l.Has("a") || l.Has("b") {
		t.Error("Has")
	}
	if _, err := Read("ru", []byte("a = ")); err == nil {
		t.Error("a broken file is read")
	}
	if _, err := Read("no language", nil); err == nil {
		t.Error("a broken name is taken")
	}
}

func TestIn(t *testing.T) {
	for asked, want := range map[string]string{"ru": "ru", "ru-RU,ru;q=0.9,en;q=0.8": "ru", "en-US,en;q=0.9,ru;q=0.8": "en", "de": "en", "": "en", "de,ru;q=0.5": "ru", "\x00": "en"} {
		if l := In(asked); l.Code != want {
			t.Errorf("%q is answered in %s", asked, l.Code)
		}
	}
}

func TestOf(t *testing.T) {
	ask := func(query, cookie, accept string) *http.Request {
		r := httptest.NewRequest("GET", "/"+query, nil)
		r.Header.Set("Accept-Language", accept)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: "language", Value: cookie})
		}
		return r
	}
	for want, r := range map[string]*http.Request{"ru": ask("?lang=ru", "en", "en"), "en": ask("?lang=xx", "en", "ru")} {
		if l := Of(r); l.Code != want {
			t.Errorf("%s, want %s", l.Code, want)
		}
	}
	if l := Of(ask("", "zz", "ru")); l.Code != "ru" {
		t.Errorf("an unknown cookie: %s", l.Code)
	}
	for query, kept := range map[string]int{"?lang=ru": 1, "?lang=xx": 0, "": 0} {
		w := httptest.NewRecorder()
		Keep(w, ask(query, "", ""))
		if n := len(w.Result().Cookies()); n != kept {
			t.Errorf("%q keeps %d cookies", query, n)
		}
	}
}

func TestTimes(t *testing.T) {
	ru, en := In("ru"), In("en")
	at := time.Date(2026, 12, 2, 9, 5, 0, 0, time.UTC)
	zone := time.FixedZone("", 3*3600)
	if got := ru.Clock(at, zone) + " " + en.Clock(at, zone); got != "2 декабря, 12:05 2 December, 12:05" {
		t.Error(got)
	}
	for d, want := range map[time.Duration]string{time.Second: "just now", 59 * time.Minute: "59 min ago", 47 * time.Hour: "47 h ago", 48 * time.Hour: "2 days ago"} {
		if got := en.Ago(d); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
}
