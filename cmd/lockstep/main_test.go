package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/alecthomas/kong"
)

func TestFlagsWithOneDash(t *testing.T) {
	got := longFlags([]string{"demo", "-script", "--port", "-1", "-h", "-dir=/x", "hub.db"})
	want := []string{"demo", "--script", "--port", "-1", "-h", "--dir=/x", "hub.db"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestGS1PrefixIsCheckedAtStart: a prefix that leaves no room for parcels never reaches the hub.
func TestGS1PrefixIsCheckedAtStart(t *testing.T) {
	for prefix, ok := range map[string]bool{"9521234": true, "9521234567": true, "952123456789": false, "95": false, "952123x": false} {
		var c commands
		parser, err := kong.New(&c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse([]string{"hub", "--gs1-prefix", prefix, "serve"}); (err == nil) != ok || ok && string(c.Hub.GS1Prefix) != prefix {
			t.Errorf("%s: %v", prefix, err)
		}
	}
}

// TestTheNotifierIsAskedWithATokenFromAFile: the token is on no command line.
func TestTheNotifierIsAskedWithATokenFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{file: true, file + "-gone": false} {
		var c commands
		parser, err := kong.New(&c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse([]string{"hub", "--notifier", "https://n.example", "--notifier-token-file", path, "pickup", "list"}); err != nil {
			t.Fatal(err)
		}
		config, err := c.Hub.config()
		if (err == nil) != ok || ok && (config.NotifierToken.Reveal() != "hush" || config.NotifierURL != "https://n.example") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
