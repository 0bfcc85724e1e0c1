package kiosk_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lockstep/internal/debian"
)

// wordKeys are the paths of everything a words.js says, by language; a sentence with things filled in brings their names along.
func wordKeys(t *testing.T, file string) map[string][]string {
	t.Helper()
	node := debian.Program(t, "node", "nodejs")
	const script = `
		import { readFileSync } from "node:fs";
		const { words } = await import("data:text/javascript;base64," + readFileSync(0).toString("base64"));
		const walk = (o, at) => typeof o === "string" ? [at + " " + (o.match(/\{\w+\}/g) ?? []).sort()] : Object.entries(o).flatMap(([k, v]) => walk(v, at + "/" + k));
		console.log(JSON.stringify(Object.fromEntries(Object.entries(words).map(([l, w]) => [l, walk(w, "")]))));`
	source, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	command := exec.Command(node, "--input-type=module", "-e", script)
	command.Stdin = source
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string][]string
	if err := json.Unmarshal(out, &keys); err != nil {
		t.Fatal(err)
	}
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

// saying says whether a language has a sentence at a path.
func saying(keys []string, path string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, path+" ") })
}

func TestEveryReasonHasASentenceInBothLanguages(t *testing.T) {
	keys := wordKeys(t, "page/words.js")
	for _, language := range []string{"ru", "en"} {
		for _, reason := range append(publicWords(t, "Reason"), "away", "typo", "unreadable") {
			if !saying(keys[language], "/reason/"+reason+"/1") {
				t.Errorf("%s has no way out of %q", language, reason)
			}
		}
	}
}

func TestEveryErrandAndOutcomeHasItsSentences(t *testing.T) {
	keys := wordKeys(t, "page/words.js")
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
	for _, language := range []string{"ru", "en"} {
		for _, path := range wanted {
			if !saying(keys[language], path) {
				t.Errorf("%s says nothing at %s", language, path)
			}
		}
	}
}

// TestSentencesOfOneErrand: what is said instead of a general sentence is about an errand and an outcome that there are.
func TestSentencesOfOneErrand(t *testing.T) {
	ends := outcomes(t)
	known := append(publicWords(t, "Reason"), append(ends["Done"], ends["Failed"]...)...)
	abouts := append(publicWords(t, "Errand"), publicWords(t, "KioskVerb")...)
	for _, key := range wordKeys(t, "page/words.js")["en"] {
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

func TestBothLanguagesSayTheSame(t *testing.T) {
	for _, file := range []string{"page/words.js", "../../internal/courier/page/words.js"} {
		keys := wordKeys(t, file)
		if len(keys["ru"]) < 50 {
			t.Fatalf("%s: only %d sentences", file, len(keys["ru"]))
		}
		for _, pair := range [][2]string{{"ru", "en"}, {"en", "ru"}} {
			for _, key := range keys[pair[0]] {
				if !slices.Contains(keys[pair[1]], key) {
					t.Errorf("%s: %s says %s, %s does not", file, pair[0], key, pair[1])
				}
			}
		}
	}
}
