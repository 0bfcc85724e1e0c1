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
