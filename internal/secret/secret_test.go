package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"lockstep/internal/secret"
)

func TestSecretsArePrintedNowhere(t *testing.T) {
	s, stored := secret.New("lsk_")
	if !strings.HasPrefix(s.Reveal(), "lsk_") || len(s.Reveal()) < 4+26 || !bytes.Equal(stored, secret.Digest(s.Reveal())) {
		t.Fatalf("a secret of %d characters", len(s.Reveal()))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s)
	encoded, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %q", s, s, s), log.String(), string(encoded)} {
		if strings.Contains(out, s.Reveal()) {
			t.Errorf("printed: %s", out)
		}
	}
}

// TestKeyed: printf '3:abc0:' | openssl dgst -sha256 -hmac key
func TestKeyed(t *testing.T) {
	const want = "aa403d0b4ede93db05cf41a25499e32f372660863a27b59a882b8b221fafbcf2"
	if is := fmt.Sprintf("%x", secret.Keyed([]byte("key"), []byte("abc"), nil)); is != want {
		t.Error(is)
	}
	if bytes.Equal(secret.Keyed([]byte("key"), []byte("ab"), []byte("c")), secret.Keyed([]byte("key"), []byte("a"), []byte("bc"))) {
		t.Error("what was said in one part can be said in another")
	}
}
