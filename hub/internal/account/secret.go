package account

import (
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
)

// Secret is text that is shown to one person once. It prints as [redacted]; Reveal gives it.
type Secret struct{ text string }

func (Secret) String() string               { return "[redacted]" }
func (Secret) GoString() string             { return "[redacted]" }
func (Secret) LogValue() slog.Value         { return slog.StringValue("[redacted]") }
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal is the text itself, for the one place that shows it.
func (s Secret) Reveal() string { return s.text }

// newSecret draws a secret of at least 128 bits and what is stored of it: SHA-256 is enough, for nobody guesses 128 bits.
func newSecret(prefix string) (s Secret, stored []byte) {
	s = Secret{prefix + rand.Text()}
	return s, digest(s.text)
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
