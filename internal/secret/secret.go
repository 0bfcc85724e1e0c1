// Package secret makes secrets that are shown to one person once and stored as a digest.
package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
)

// Text is a secret. It prints as [redacted]; Reveal gives it.
type Text struct{ text string }

func (Text) String() string               { return "[redacted]" }
func (Text) GoString() string             { return "[redacted]" }
func (Text) LogValue() slog.Value         { return slog.StringValue("[redacted]") }
func (Text) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal is the text itself, for the one place that shows it.
func (t Text) Reveal() string { return t.text }

// New draws a secret of at least 128 bits after a prefix, and what is stored of it.
func New(prefix string) (t Text, stored []byte) {
	t = Text{prefix + rand.Text()}
	return t, Digest(t.text)
}

// Known is a secret that came from elsewhere.
func Known(text string) Text { return Text{text} }

// Digest is what is stored of a secret: SHA-256 is enough, for nobody guesses 128 bits.
func Digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// Keyed is the HMAC-SHA256 under a key of parts, each after its length: "3:abc".
func Keyed(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return mac.Sum(nil)
}
