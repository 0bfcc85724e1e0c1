package keys

import (
	"strings"
	"testing"

	"lockstep/guard/statement"
)

// FuzzParse: a public key that is read is written the same way, and can be used.
func FuzzParse(f *testing.F) {
	signer, err := statement.SignerFromSeed(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(Text(signer.Key()))
	f.Add(strings.TrimPrefix(Text(signer.Key()), "ed25519:"))
	f.Add("p256:04" + strings.Repeat("00", 64))
	f.Fuzz(func(t *testing.T, text string) {
		k, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(Text(k))
		if err != nil || !again.Equal(k) || k.Check() != nil || !strings.HasSuffix(Text(k), strings.ToLower(text)) {
			t.Fatalf("%q was read as %s, then as %s: %v", text, Text(k), Text(again), err)
		}
	})
}
