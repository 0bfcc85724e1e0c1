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
	Codes   []statement.SealedCode // 1 to MaxCodes
	Due     time.Time              // in the locker's zone; zero where unknown
	Russian bool                   // the language to begin with
	Place   string
	Address string
}

func (Ticket) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// MaxCodes bounds one link.
const MaxCodes = 16

// maxPlace bounds name and address together, in bytes: an SMS pays for every letter.
const maxPlace = 160

// ErrTicket is a ticket that makes no link.
var ErrTicket = errors.New("codepage: 1 to 16 nine-digit codes")

// Fragment is the ticket as base64url without padding (RFC 4648 §5) of, all numbers big-endian:
//
//	1 byte   version, 1
//	1 byte   flags: bit 0 set for Russian
//	1 byte   n, how many codes
//	n times  4 bytes, the nine-digit code as a number; 16 bytes, its QR secret
//	4 bytes  due, seconds since 1970 UTC, 0 where unknown
//	1 byte   the locker's offset from UTC at that time, in signed quarters of an hour
//	rest     UTF-8: the locker's name, a line feed, its address
func (t Ticket) Fragment() (string, error) {
	if len(t.Codes) == 0 || len(t.Codes) > MaxCodes {
		return "", ErrTicket
	}
	out := []byte{1, 0, byte(len(t.Codes))}
	if t.Russian {
		out[1] |= 1
	}
	for _, c := range t.Codes {
		n, err := strconv.ParseUint(c.Code, 10, 32)
		if err != nil || len(c.Code) != 9 {
			return "", ErrTicket
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(n)), c.Secret[:]...)
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
