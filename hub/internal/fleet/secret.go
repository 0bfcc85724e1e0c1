package fleet

import (
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
)

// Secret is the secret part of an enrolment code, shown once. It prints as [redacted]; Reveal gives it.
type Secret struct{ text string }

func (Secret) String() string               { return "[redacted]" }
func (Secret) GoString() string             { return "[redacted]" }
func (Secret) LogValue() slog.Value         { return slog.StringValue("[redacted]") }
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal is the text itself, for the one place that shows it.
func (s Secret) Reveal() string { return s.text }

func newSecret() (s Secret, stored []byte) {
	s = Secret{rand.Text()}
	return s, digest(s.text)
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
