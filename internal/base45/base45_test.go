package base45_test

import (
	"testing"

	"lockstep/internal/base45"
)

func TestVectors(t *testing.T) { // RFC 9285 §4.3 and §4.4
	for plain, text := range map[string]string{"": "", "AB": "BB8", "Hello!!": "%69 VD92EX0", "base-45": "UJCLQE7W581", "ietf!": "QED8WEX0"} {
		if got := base45.Encode([]byte(plain)); got != text {
			t.Errorf("Encode(%q) = %q, want %q", plain, got, text)
		}
		if got, err := base45.Decode(text); err != nil || string(got) != plain {
			t.Errorf("Decode(%q) = %q, %v", text, got, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, text := range []string{"A", "ABCD", "GGX", "::", "bb8", "BB8\n", "ÄB"} {
		if got, err := base45.Decode(text); err == nil {
			t.Errorf("Decode(%q) gave %x", text, got)
		}
	}
}

// FuzzDecode: a text that is read is the only one for its bytes, and any bytes come back.
func FuzzDecode(f *testing.F) {
	f.Add("%69 VD92EX0")
	f.Add("FGW") // 65535, the most that three characters may say
	f.Add("GGW")
	f.Add("U5") // 255
	f.Add("V5")
	f.Fuzz(func(t *testing.T, text string) {
		data, err := base45.Decode(text)
		if err == nil && base45.Encode(data) != text {
			t.Fatalf("%q decodes to %x, which encodes as %q", text, data, base45.Encode(data))
		}
		coded := base45.Encode([]byte(text))
		if again, err := base45.Decode(coded); err != nil || string(again) != text {
			t.Fatalf("%q does not come back: %q, %v", text, again, err)
		}
	})
}
