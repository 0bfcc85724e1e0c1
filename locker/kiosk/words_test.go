package kiosk_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lockstep/internal/words"
	"lockstep/internal/words/wordstest"
	"lockstep/locker/kiosk"
)

// Nothing on any screen is said outside of the catalogue.
func TestNothingIsSaidOutsideOfTheCatalogue(t *testing.T) {
	wordstest.Speak(t)
	g := newFakeGuard(t)
	w := at(t, startKiosk(t, g, kiosk.Config{Support: support})+"/?language="+wordstest.Code)
	w.sees("start")
	for _, s := range shots(t) {
		w.resets(g)
		g.show(s.view)
		if s.view.LockedDown > 0 {
			w.sees("lockdown")
		}
		for _, touch := range s.touches {
			w.click(touch)
		}
		w.sees(s.screen)
		// what is filled in stands in elements of its own; a sentence is looked at as a whole
		w.waits(`(document.querySelectorAll("main .number, main bdi").forEach((e) => e.replaceWith(e.textContent)), document.body.normalize(), true)`)
		if found := wordstest.Literals(t, w.ctx, g.locker, "Anna Petrova", "c-17"); len(found) > 0 {
			t.Errorf("%s says of its own:\n%s", s.name, strings.Join(found, "\n"))
		}
	}
}

// wordKeys are the paths of everything the screen says in a language.
func wordKeys(l *words.Language) (keys []string) {
	var walk func(at string, said any)
	walk = func(at string, said any) {
		switch said := said.(type) {
		case map[string]any:
			for name, v := range said {
				walk(at+"/"+name, v)
			}
		case []any:
			for i, v := range said {
				walk(at+"/"+strconv.Itoa(i), v)
			}
		default:
			keys = append(keys, at)
		}
	}
	walk("", l.Section("kiosk"))
	return keys
}

// publicWords are the constants of one type in package door.
func publicWords(t *testing.T, of string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../guard/door/door.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == of {
			out = append(out, unquote(t, spec.Values[0]))
		}
		return true
	})
	if len(out) < 6 {
		t.Fatalf("found only %d of type %s in package door", len(out), of)
	}
	return out
}

func unquote(t *testing.T, e ast.Expr) string {
	t.Helper()
	word, err := strconv.Unquote(e.(*ast.BasicLit).Value)
	if err != nil {
		t.Fatal(err)
	}
	return word
}

// outcomes are the words with which the guard's rules end a visit, by stage. What a reason or a record's word ends it with is
// not among them.
func outcomes(t *testing.T) map[string][]string {
	t.Helper()
	constants, ended := map[string]string{}, map[string][]ast.Expr{}
	for _, file := range parsed(t, "../../guard/rules") {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if i < len(n.Values) && isText(n.Values[i]) {
						constants[name.Name] = unquote(t, n.Values[i])
					}
				}
			case *ast.CallExpr:
				if stage, outcome, ok := ending(n); ok {
					ended[stage] = append(ended[stage], outcome)
				}
			}
			return true
		})
	}
	out := map[string][]string{}
	for stage, words := range ended {
		for _, w := range words {
			if name, ok := w.(*ast.Ident); ok && constants[name.Name] != "" {
				out[stage] = append(out[stage], constants[name.Name])
			} else if isText(w) {
				out[stage] = append(out[stage], unquote(t, w))
			}
		}
	}
	// What was said at an open door ends it too, by the word in the record.
	out["Failed"] = append(out["Failed"], constants["tooSmall"], constants["notEmpty"], constants["cancelled"])
	return out
}

func parsed(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func isText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

// ending is a call d.end(door.Stage, outcome).
func ending(call *ast.CallExpr) (stage string, outcome ast.Expr, ok bool) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "end" || len(call.Args) != 2 {
		return "", nil, false
	}
	of, ok := call.Args[0].(*ast.SelectorExpr)
	if !ok {
		return "", nil, false
	}
	return of.Sel.Name, call.Args[1], true
}

func TestEveryReasonHasASentence(t *testing.T) {
	for _, language := range words.All() {
		keys := wordKeys(language)
		for _, reason := range append(publicWords(t, "Reason"), "away", "typo", "unreadable") {
			if !slices.Contains(keys, "/reason/"+reason+"/1") {
				t.Errorf("%s has no way out of %q", language.Code, reason)
			}
		}
	}
}

func TestEveryErrandAndOutcomeHasItsSentences(t *testing.T) {
	ends := outcomes(t)
	if len(ends["Done"]) < 6 || len(ends["Failed"]) < 8 {
		t.Fatalf("found only %v in the guard's rules", ends)
	}
	var wanted []string
	for _, errand := range publicWords(t, "Errand") {
		wanted = append(wanted, "/press/"+errand, "/open/"+errand, "/open/"+errand+"Hint")
	}
	for _, outcome := range ends["Done"] {
		wanted = append(wanted, "/done/"+outcome+"/1")
	}
	for _, outcome := range ends["Failed"] {
		wanted = append(wanted, "/failed/"+outcome+"/1")
	}
	for _, language := range words.All() {
		keys := wordKeys(language)
		for _, path := range wanted {
			if !slices.Contains(keys, path) {
				t.Errorf("%s says nothing at %s", language.Code, path)
			}
		}
	}
}

// TestSentencesOfOneErrand: what is said instead of a general sentence is about an errand and an outcome that there are.
func TestSentencesOfOneErrand(t *testing.T) {
	ends := outcomes(t)
	known := append(publicWords(t, "Reason"), append(ends["Done"], ends["Failed"]...)...)
	abouts := append(publicWords(t, "Errand"), publicWords(t, "KioskVerb")...)
	for _, key := range wordKeys(words.In("en")) {
		parts := strings.Split(key, "/")
		if len(parts) < 4 || !slices.Contains([]string{"reason", "done", "failed"}, parts[1]) || slices.Contains(known, parts[2]) {
			continue
		}
		about, word, found := strings.Cut(parts[2], " ")
		if found && !(slices.Contains(append(abouts, "lift"), about) && slices.Contains(known, word)) {
			t.Errorf("nobody ever says %q", parts[2])
		}
	}
}
