// Package npm runs scripts that tests hold their output against other people's software with: each in a folder with its
// package.json and package-lock.json, which name exact versions. The packages are fetched there and not committed.
package npm

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lockstep/internal/debian"
)

// Script is a script with its packages in place.
type Script struct{ node, path string }

// Open fetches what a script's folder names, once. Where node or npm are missing, or the packages cannot be fetched, the test is
// skipped, saying so; when CI=true it fails.
func Open(t *testing.T, path string) Script {
	t.Helper()
	s := Script{debian.Program(t, "node", "nodejs"), path}
	Fetch(t, filepath.Dir(path))
	return s
}

// Fetch fetches what a folder names, as Open does: its packages are in node_modules there.
func Fetch(t *testing.T, folder string) {
	t.Helper()
	if err := fetch(debian.Program(t, "npm", "npm"), folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the packages of %s cannot be fetched: %v", folder, err)
	}
}

// fetch does nothing where the packages are as the lock file says.
func fetch(npm, folder string) error {
	wanted, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	mark := filepath.Join(folder, "node_modules", ".fetched")
	if have, err := os.ReadFile(mark); err == nil && bytes.Equal(have, wanted) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ci := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
	ci.Dir, ci.Stderr = folder, os.Stderr
	if err := ci.Run(); err != nil {
		return err
	}
	return os.WriteFile(mark, wanted, 0o600)
}

// Run gives a script its input. It answers with what the script printed, and false when it ended with a failure.
func (s Script) Run(t *testing.T, input []byte) (printed string, ok bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(file, input, 0o600); err != nil {
		t.Fatal(err)
	}
	stdin, err := os.Open(file) // a pipe from here does not block, and node's synchronous read fails where it is empty for a moment
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	run := exec.Command(s.node, s.path)
	run.Stdin = stdin
	out, err := run.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return string(out), err == nil
}
