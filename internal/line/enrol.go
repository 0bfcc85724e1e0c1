package line

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"errors"
	"log/slog"
	"strings"
)

// Enrolment is two POSTs of JSON on the edge's TLS port. EnrolPath takes an Enrolment from a link that has no certificate
// yet and checks the hub by Code.Authority; RenewPath takes one without a secret from a link that shows its certificate, for
// the same key. Both answer with Enrolled, or with a status and one line of text.
const (
	EnrolPath = "/enrol"
	RenewPath = "/enrol/renew"
)

// Enrolment asks for a client certificate.
type Enrolment struct {
	Locker  string `json:"locker"`
	Secret  Secret `json:"secret,omitempty"` // of the one-time code; empty in a renewal
	Request []byte `json:"request"`          // PKCS #10, DER; P-256, signed with its own key
}

// Enrolled is the certificate and the authority that signed it, both DER.
type Enrolled struct {
	Certificate []byte `json:"certificate"`
	Authority   []byte `json:"authority"`
}

// Secret is the secret part of an enrolment code: 16 lower-case base32 characters. It prints as [redacted].
type Secret string

func (Secret) String() string       { return "[redacted]" }
func (Secret) GoString() string     { return "[redacted]" }
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// codePart is how long secret and authority print are: 80 bits each, so that a person can type both.
const codePart = 16

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewSecret draws the secret of a new code.
func NewSecret() Secret {
	random := make([]byte, 10)
	rand.Read(random)
	return Secret(base32Lower.EncodeToString(random))
}

// Digest is what a store keeps of a secret: SHA-256, enough for 80 random bits.
func (s Secret) Digest() [sha256.Size]byte { return sha256.Sum256([]byte(s)) }

// Code is the one string that a technician types to enrol a locker's link: <locker>.<secret>.<authority>.
type Code struct {
	Locker    string
	Secret    Secret
	Authority string // Print of the hub's authority: whom to trust at first contact
}

func (Code) String() string       { return "[redacted]" }
func (Code) GoString() string     { return "[redacted]" }
func (Code) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Text is the code as it is shown once and typed once.
func (c Code) Text() string { return c.Locker + "." + string(c.Secret) + "." + c.Authority }

// ErrCode is a text that is not an enrolment code. It does not repeat the text.
var ErrCode = errors.New("line: an enrolment code is <locker>.<16 characters>.<16 characters>, in a–z and 2–7")

// ParseCode reads what Text wrote; capitals and surrounding space do not matter.
func ParseCode(text string) (Code, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	rest, authority, ok := cutLast(text)
	locker, secret, ok2 := cutLast(rest)
	if !ok || !ok2 || locker == "" || len(locker) > 32 || !isPart(secret) || !isPart(authority) {
		return Code{}, ErrCode
	}
	return Code{locker, Secret(secret), authority}, nil
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

func isPart(s string) bool {
	_, err := base32Lower.DecodeString(s)
	return err == nil && len(s) == codePart
}

// Print is the short fingerprint of an authority: 80 bits of SHA-256 over its public key (SubjectPublicKeyInfo, DER).
func Print(authority *x509.Certificate) string {
	sum := sha256.Sum256(authority.RawSubjectPublicKeyInfo)
	return base32Lower.EncodeToString(sum[:10])
}

// KeyPrint names a link's key: SHA-256 over its SubjectPublicKeyInfo, DER. It outlives renewals, which keep the key.
type KeyPrint [sha256.Size]byte

// KeyPrintOf is the print of a certificate's key.
func KeyPrintOf(certificate *x509.Certificate) KeyPrint {
	return sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
}
