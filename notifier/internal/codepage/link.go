// Package codepage is the page that shows a code large, and the links to it. The page is static and the same for everybody:
// what it shows is in the link's fragment, which a browser sends to nobody.
package codepage

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lockstep/guard/statement"
)

// Ticket is what one link shows. It prints as [redacted].
type Ticket struct {
	Codes    []Code    // 1 to MaxCodes
	Due      time.Time // in the locker's zone; zero where unknown
	Language string    // to begin with, BCP 47; one that the link has no bit for is the browser's to choose
	Place    string
	Address  string

	MoreTime bool // of some of its parcels more time may be asked for
}

// Code is what opens one parcel's door. It prints as [redacted].
type Code struct {
	Barcode string // twelve digits
	statement.SealedCode
}

func (Ticket) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }
func (Code) Format(f fmt.State, _ rune)   { fmt.Fprint(f, "[redacted]") }

// MaxCodes bounds one link.
const MaxCodes = 16

// maxPlace bounds name and address together, in bytes: an SMS pays for every letter.
const maxPlace = 160

// ErrTicket is a ticket that makes no link.
var ErrTicket = errors.New("codepage: 1 to 16 nine-digit codes, of several parcels each with its barcode")

// languages are the flags of those that messages are read in most.
var languages = map[string]byte{"ru": 1, "en": 4}

// Fragment is the ticket as base64url without padding (RFC 4648 §5) of, all numbers big-endian:
//
//	1 byte   version: 1 for one code, which needs no barcode, else 2
//	1 byte   flags: bit 0 set for Russian, bit 1 where more time may be asked for, bit 2 for English
//	1 byte   n, how many codes
//	n times  4 bytes, the nine-digit code as a number; 16 bytes, its QR secret; in version 2: 5 bytes, its parcel's barcode as a number
//	4 bytes  due, seconds since 1970 UTC, 0 where unknown
//	1 byte   the locker's offset from UTC at that time, in signed quarters of an hour
//	rest     UTF-8: the locker's name, a line feed, its address
func (t Ticket) Fragment() (string, error) {
	if len(t.Codes) == 0 || len(t.Codes) > MaxCodes {
		return "", ErrTicket
	}
	out := []byte{1, 0, byte(len(t.Codes))}
	named := len(t.Codes) > 1
	if named {
		out[0] = 2
	}
	if t.MoreTime {
		out[1] |= 2
	}
	out[1] |= languages[t.Language]
	for _, c := range t.Codes {
		n, ok := number(c.Code, 9)
		if !ok {
			return "", ErrTicket
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(n)), c.Secret[:]...)
		if !named {
			continue
		}
		barcode, ok := number(c.Barcode, 12)
		if !ok {
			return "", ErrTicket
		}
		out = append(out, byte(barcode>>32))
		out = binary.BigEndian.AppendUint32(out, uint32(barcode))
	}
	seconds, quarters := int64(0), 0
	if !t.Due.IsZero() {
		_, offset := t.Due.Zone()
		seconds, quarters = t.Due.Unix(), offset/900
	}
	out = append(binary.BigEndian.AppendUint32(out, uint32(seconds)), byte(int8(quarters)))
	out = append(out, place(t.Place, t.Address)...)
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// number reads so many digits.
func number(digits string, length int) (uint64, bool) {
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && len(digits) == length
}

// Link is where base, the notifier's own origin, serves the page with this ticket.
func (t Ticket) Link(base string) (string, error) {
	fragment, err := t.Fragment()
	return strings.TrimSuffix(base, "/") + "/c/#" + fragment, err
}

func place(name, address string) string {
	s := strings.ReplaceAll(name, "\n", " ")
	if address != "" && address != name {
		s += "\n" + strings.ReplaceAll(address, "\n", " ")
	}
	for len(s) > maxPlace || !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}
