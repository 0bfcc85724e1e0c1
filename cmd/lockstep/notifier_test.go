package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

func parseNotifier(t *testing.T, args ...string) (notifierServe, error) {
	t.Helper()
	var c struct {
		Notifier notifierCommand `cmd:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"notifier", "--keys", t.TempDir(), "--database", "n.db", "--hub", "https://hub.example"}, args...))
	return c.Notifier.Serve, err
}

func TestNotifierConfig(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LOCKSTEP_SMS_SECRET", "s3cret")
	t.Setenv("LOCKSTEP_SMTP_HOST", "mail.example")
	serve, err := parseNotifier(t, "--token-file", token, "--hub-token-file", token, "--names-per-hour", "50", "--sms-gateway", "../../notifier/sms-gateway.example.toml", "--smtp-from", "a@b.example")
	if err != nil {
		t.Fatal(err)
	}
	c, err := serve.config()
	if err != nil {
		t.Fatal(err)
	}
	if c.Token != "from-file" || c.HubToken != "from-file" || c.AsksPerHour != 50 || c.Origin != "http://127.0.0.1:8090" || c.Keep != 30*24*time.Hour || c.SMS.Secret != "s3cret" ||
		c.SMS.Headers["Authorization"] != "Bearer {{.Secret}}" || c.SMTP.Host != "mail.example" || c.SMTP.TLS != "starttls" || c.SMTP.Port != 587 {
		t.Errorf("%+v, %+v, %+v", c, c.SMS, c.SMTP)
	}
}

func TestNotifierConfigRefused(t *testing.T) {
	gateway := filepath.Join(t.TempDir(), "gateway.toml")
	if err := os.WriteFile(gateway, []byte("method = \"POST\"\nurll = \"https://x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve, err := parseNotifier(t, "--token", "t", "--sms-gateway", gateway)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := serve.config(); err == nil {
		t.Error("a misspelt key was taken")
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if serve, err = parseNotifier(t, "--token", "t", "--hub-token-file", empty); err != nil {
		t.Fatal(err)
	}
	if _, err := serve.config(); err == nil {
		t.Error("a token that is empty was taken")
	}
	for _, args := range [][]string{{"--smtp-tls", "maybe"}, {"--token", "a", "--token-file", gateway}, {"--sms-gateway", "none.toml"}} {
		if _, err := parseNotifier(t, args...); err == nil || strings.Contains(err.Error(), "panic") {
			t.Errorf("%v: %v", args, err)
		}
	}
}
