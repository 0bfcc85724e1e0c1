package kiosk_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wordKeys are the paths of everything a words.js says, by language; a sentence with things filled in brings their names along.
func wordKeys(t *testing.T, file string) map[string][]string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("node is missing: install the Debian package nodejs")
	} else if err != nil {
		t.Skip("node is missing: the words are not compared (install the Debian package nodejs)")
	}
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

// reasons are the public words for refusals, as package door defines them.
func reasons(t *testing.T) []string {
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
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Reason" {
			word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, word)
		}
		return true
	})
	if len(out) < 10 {
		t.Fatalf("found only %d reasons in package door", len(out))
	}
	return out
}

func TestEveryReasonHasASentenceInBothLanguages(t *testing.T) {
	keys := wordKeys(t, "page/words.js")
	for _, language := range []string{"ru", "en"} {
		for _, reason := range append(reasons(t), "away", "typo", "unreadable") {
			said := func(key string) bool { return strings.HasPrefix(key, "/reason/"+reason+"/1 ") }
			if !slices.ContainsFunc(keys[language], said) {
				t.Errorf("%s has no way out of %q", language, reason)
			}
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
