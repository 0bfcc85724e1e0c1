// Package base45 writes bytes in the alphabet of a QR code's alphanumeric mode, as RFC 9285 says.
package base45

import (
	"errors"
	"strings"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// ErrText is a text that Encode would not have written.
var ErrText = errors.New("base45: not a base45 text")

// Encode writes two bytes as three characters and a last single one as two.
func Encode(data []byte) string {
	out := make([]byte, 0, (len(data)*3+1)/2)
	for i := 0; i+1 < len(data); i += 2 {
		n := int(data[i])<<8 | int(data[i+1])
		out = append(out, alphabet[n%45], alphabet[n/45%45], alphabet[n/2025])
	}
	if len(data)%2 == 1 {
		n := int(data[len(data)-1])
		out = append(out, alphabet[n%45], alphabet[n/45])
	}
	return string(out)
}

// Decode reads what Encode wrote and nothing else.
func Decode(text string) ([]byte, error) {
	if len(text)%3 == 1 {
		return nil, ErrText
	}
	out := make([]byte, 0, len(text)*2/3)
	for len(text) > 0 {
		group := text[:min(3, len(text))]
		text = text[len(group):]
		n, weight := 0, 1
		for i := range len(group) {
			digit := strings.IndexByte(alphabet, group[i])
			if digit < 0 {
				return nil, ErrText
			}
			n, weight = n+digit*weight, weight*45
		}
		switch {
		case len(group) == 3 && n <= 0xffff:
			out = append(out, byte(n>>8), byte(n))
		case len(group) == 2 && n <= 0xff:
			out = append(out, byte(n))
		default:
			return nil, ErrText
		}
	}
	return out, nil
}
