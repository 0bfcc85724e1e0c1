//go:build e2e

// Package e2e plays a whole network of real processes: what a person could see go wrong, goes wrong here first.
package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockstep/demo"
)

// bin is where `make development` puts the binaries.
const bin = "../bin"

// start brings a network up and ends it with the test.
func start(t *testing.T) (context.Context, *demo.Network) {
	t.Helper()
	return startWith(t, demo.Options{})
}

// startWith starts a network with some options of its own.
func startWith(t testing.TB, o demo.Options) (context.Context, *demo.Network) {
	t.Helper()
	dir, err := os.MkdirTemp("", "lockstep-e2e") // not t.TempDir: other users must be able to walk in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(dir)
		}
	})
	where, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	o.Dir, o.Bin = dir, where
	n, err := demo.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.Stop()
		if t.Failed() {
			t.Logf("logs are in %s", filepath.Join(dir, "logs"))
		}
	})
	return t.Context(), n
}

func say(t *testing.T) func(string, ...any) {
	return func(format string, args ...any) { t.Logf(format, args...) }
}

// logs is everything that the network's processes wrote.
func logs(t *testing.T, n *demo.Network) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{"hub", "notifier", "guard", "link", "kiosk", "cabinet"} {
		data, err := os.ReadFile(n.Log(name))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}
