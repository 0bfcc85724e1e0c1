package demo

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReachable(t *testing.T) {
	if !reachable("/") {
		t.Error("the root directory is not reachable")
	}
	home := filepath.Join(t.TempDir(), "home")
	below := filepath.Join(home, "lockstep", "bin")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if reachable(below) || reachable(filepath.Join(home, "nothing")) {
		t.Error("a directory behind a closed one, or none, is reachable")
	}
}
