package line

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"log/slog"
	"regexp"
	"strings"
)

// EnrolPath takes a POST of an Enrolment as JSON on the edge's TLS port, from a link without a client certificate or with one
// of any age, and answers with Enrolled or with a status and one line of text. A first enrolment needs the secret of a one-time
// code. A link whose key is enrolled already needs none: the request is signed with that key, so renewing is the same POST,
// and a lost reply is made good by asking again.
const EnrolPath = "/enrol"

// Enrolment asks for a client certificate.
type Enrolment struct {
	Locker  string `json:"locker"`
	Secret  Secret `json:"secret,omitempty"`
	Request []byte `json:"request"` // PKCS #10, DER: a P-256 key, signed with itself
}

// Enrolled is the certificate and the authority that signed it, both DER.
type Enrolled struct {
	Certificate []byte `json:"certificate"`
	Authority   []byte `json:"authority"`
}

// Secret is the secret part of an enrolment code. It prints as [redacted].
type Secret string

func (Secret) String() string       { return "[redacted]" }
func (Secret) GoString() string     { return "[redacted]" }
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

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
var ErrCode = errors.New("line: an enrolment code is <locker>.<secret>.<16 characters of the hub's fingerprint>")

var code = regexp.MustCompile(`^([a-z0-9._-]{1,32})\.([A-Za-z0-9_-]{16,64})\.([A-Za-z2-7]{16})$`)

// ParseCode reads what Text wrote; surrounding space does not matter.
func ParseCode(text string) (Code, error) {
	parts := code.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return Code{}, ErrCode
	}
	return Code{parts[1], Secret(parts[2]), strings.ToUpper(parts[3])}, nil
}

// Print is the short fingerprint of an authority: 80 bits of SHA-256 over its public key (SubjectPublicKeyInfo, DER), base32.
func Print(authority *x509.Certificate) string {
	sum := sha256.Sum256(authority.RawSubjectPublicKeyInfo)
	return base32.StdEncoding.EncodeToString(sum[:10])
}

// KeyPrint names a link's key: hexadecimal SHA-256 over its SubjectPublicKeyInfo, DER. Renewals keep the key and so its print.
func KeyPrint(publicKeyInfo []byte) string {
	sum := sha256.Sum256(publicKeyInfo)
	return hex.EncodeToString(sum[:])
}
