package web_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lockstep/internal/debian"
)

// Every module of every page is one that a browser can read.
func TestEveryModuleParses(t *testing.T) {
	node, root, dir := debian.Program(t, "node", "nodejs"), os.DirFS("../.."), t.TempDir()
	read := 0
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == "dist" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".js") || strings.Contains(path, "testdata") {
			return err
		}
		source, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		module := filepath.Join(dir, strings.ReplaceAll(path, "/", "_")+".mjs")
		if err := os.WriteFile(module, source, 0o600); err != nil {
			return err
		}
		if out, err := exec.Command(node, "--check", module).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", path, out)
		}
		read++
		return nil
	})
	if err != nil || read < 40 {
		t.Fatalf("%d modules, %v", read, err)
	}
}
