package words

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// said are the keys that programs in Go say: whole ones, and the beginnings of those that a value completes.
func said(t *testing.T) (whole, begun map[string]string) {
	t.Helper()
	literal := regexp.MustCompile(`"((?:common|track|select|console|shop|message)\.[a-zA-Z.]*)"`)
	begins := regexp.MustCompile(`"((?:common|track|select|console|shop|message)\.[a-zA-Z.]*)"\s*\+`)
	whole, begun = map[string]string{}, map[string]string{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == "node_modules" || d.Name() == ".git") {
				return filepath.SkipDir
			}
			return err
		}
		if !(strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".templ")) || strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, m := range begins.FindAllSubmatch(source, -1) {
			begun[string(m[1])] = path
		}
		for _, m := range literal.FindAllSubmatch(begins.ReplaceAll(source, nil), -1) {
			if key := string(m[1]); strings.HasSuffix(key, ".") {
				begun[key] = path
			} else {
				whole[key] = path
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return whole, begun
}

// What a program says is in the catalogue, and what is there for programs is said.
func TestWhatIsSaidIsThere(t *testing.T) {
	whole, begun := said(t)
	if len(whole) < 100 || len(begun) < 10 {
		t.Fatalf("found only %d keys and %d beginnings", len(whole), len(begun))
	}
	english := In("en")
	keys := texts(english.texts, "")
	for key, path := range whole {
		if _, ok := keys[key]; !ok {
			t.Errorf("%s says %s, which is not in the catalogue", path, key)
		}
	}
	starts := func(key string) bool {
		for start := range begun {
			if strings.HasPrefix(key, start) {
				return true
			}
		}
		return false
	}
	for start, path := range begun {
		if !slices.ContainsFunc(keysOf(keys), func(key string) bool { return strings.HasPrefix(key, start) }) {
			t.Errorf("%s says %s…, of which the catalogue has nothing", path, start)
		}
	}
	for key := range keys {
		section, _, _ := strings.Cut(key, ".")
		if _, ok := whole[key]; !ok && !starts(key) && (section == "track" || section == "console" || section == "shop" || section == "common") && !forScripts(key) {
			t.Errorf("nobody says %s", key)
		}
	}
}

// forScripts says whether a text is the console's own modules' to say.
func forScripts(key string) bool {
	return key == "console.signIn.failed" || key == "console.signIn.unsupported" || key == "console.enrol.none"
}

func keysOf(m map[string]string) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}
