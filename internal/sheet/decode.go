package sheet

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"lockstep/internal/fault"
)

// mark is UTF-8's byte order mark.
const mark = "\ufeff"

// decode finds the code page: UTF-8 or UTF-16, with a byte order mark or without, or Windows-1251, which old software in Russia
// writes. What would come out as other letters than were meant is refused rather than guessed.
func decode(data []byte) (string, error) {
	text, ok := "", false
	switch order := byteOrder(data); {
	case order != nil:
		text, ok = wide(data, order)
	case utf8.Valid(data):
		text, ok = string(data), true
	default:
		text, ok = cyrillic(data)
	}
	text = strings.TrimPrefix(text, mark)
	if !ok || strings.ContainsAny(text, "\x00\ufeff\ufffd") {
		return "", fault.New(fault.Invalid, "unreadable_text", "the file's code page is not known; save it as UTF-8")
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // as very old software ends lines
	}
	return text, nil
}

// byteOrder is UTF-16's, by its mark or by the zeros beside the first name's letters; nil for what is not UTF-16.
func byteOrder(data []byte) binary.ByteOrder {
	if len(data) < 2 {
		return nil
	}
	switch a, b := data[0], data[1]; {
	case a == 0xff && b == 0xfe, a != 0 && b == 0:
		return binary.LittleEndian
	case a == 0xfe && b == 0xff, a == 0 && b != 0:
		return binary.BigEndian
	}
	return nil
}

func wide(data []byte, order binary.ByteOrder) (string, bool) {
	if len(data)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	text := string(utf16.Decode(units)) // half a pair comes out as the replacement character
	return text, true
}

// oddities are what Windows-1251 has beside the letters of languages that it is written for and usual signs: where they come out,
// another code page was meant.
const oddities = "ЂЃ‚ѓ†‡‰ЉЊЌЋЏђљњќћџ¤¦¬¶µ±\u0098\u00ad"

// cyrillic reads Windows-1251. Letters of both alphabets beside each other betray a Western code page.
func cyrillic(data []byte) (string, bool) {
	decoded, err := charmap.Windows1251.NewDecoder().Bytes(data)
	text := string(decoded)
	if err != nil || strings.ContainsAny(text, oddities) {
		return "", false
	}
	before := rune(0)
	for _, r := range text {
		if unicode.Is(unicode.Latin, before) && unicode.Is(unicode.Cyrillic, r) || unicode.Is(unicode.Cyrillic, before) && unicode.Is(unicode.Latin, r) {
			return "", false
		}
		before = r
	}
	return text, true
}
