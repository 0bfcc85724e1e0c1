// Package contact holds how a recipient can be told about a parcel. It exists in memory only: in the hub between a request and
// its sealing, in the notifier between opening and sending. A Contact prints as [redacted] in every text form.
package contact

import (
	"encoding/json"
	"log/slog"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"lockstep/internal/fault"
	"lockstep/internal/words"
)

// Limits of the texts, in characters; an e-mail address is bounded by RFC 5321 §4.5.3.1.3, a phone number by E.164: fifteen digits.
const (
	maxPhone = 1 + 15
	maxEmail = 254
	maxName  = 100
)

// DefaultLanguage is used where nobody says which language a recipient reads.
const DefaultLanguage = "en"

// Contact is a recipient's. At least one of Phone and Email is set.
type Contact struct {
	Phone    string // E.164, "+79161234567"
	Email    string // addr-spec only
	Name     string // may be empty
	Language string // one that messages are written in, such as "ru"
}

// plaintext is what is sealed to the notifier.
type plaintext struct {
	Phone    string `json:"phone,omitempty"`
	Email    string `json:"email,omitempty"`
	Name     string `json:"name,omitempty"`
	Language string `json:"language"`
}

const redacted = "[redacted]"

func (Contact) String() string               { return redacted }
func (Contact) GoString() string             { return redacted }
func (Contact) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Contact) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// New checks what a merchant says and brings it into one form: phone to E.164, texts trimmed, language filled in. Faults are Invalid
// and never repeat what was given.
func New(phone, email, name, language string) (Contact, error) {
	c := Contact{Email: strings.TrimSpace(email), Name: strings.TrimSpace(name), Language: language}
	if c.Language == "" {
		c.Language = DefaultLanguage
	}
	var err error
	if c.Phone, err = checkPhone(strings.TrimSpace(phone)); err != nil {
		return Contact{}, err
	}
	if err := c.check(); err != nil {
		return Contact{}, err
	}
	return c, nil
}

func (c Contact) check() error {
	switch {
	case c.Phone == "" && c.Email == "":
		return fault.New(fault.Invalid, "no_contact", "a recipient has a phone number or an e-mail address")
	case c.Email != "" && !validEmail(c.Email):
		return fault.New(fault.Invalid, "invalid_email", "the recipient's e-mail address cannot be one")
	case !plain(c.Name, maxName):
		return fault.New(fault.Invalid, "invalid_name", "the recipient's name is one line of at most %d characters", maxName)
	case !words.Known(c.Language):
		return fault.New(fault.Invalid, "invalid_language", "the recipient's language is one of %s", strings.Join(words.Codes(), ", "))
	}
	return nil
}

// checkPhone wants the international form, with or without blanks and dashes, of a number that its country's plan can hold.
func checkPhone(phone string) (string, error) {
	if phone == "" {
		return "", nil
	}
	invalid := fault.New(fault.Invalid, "invalid_phone", "the recipient's phone number cannot be one; it begins with + and the country's code")
	if !strings.HasPrefix(phone, "+") || len(phone) > 32 || strings.IndexFunc(phone, unicode.IsLetter) >= 0 {
		return "", invalid
	}
	number, err := phonenumbers.Parse(phone, "")
	if err != nil || !phonenumbers.IsValidNumber(number) || number.GetExtension() != "" {
		return "", invalid
	}
	if phone = phonenumbers.Format(number, phonenumbers.E164); len(phone) > maxPhone {
		return "", invalid // a country's plan may hold longer ones
	}
	return phone, nil
}

// validEmail takes a bare address with a dotted domain: no display name, no quoted parts, nothing a header could break on.
func validEmail(email string) bool {
	if !plain(email, maxEmail) || strings.ContainsAny(email, " \"<>(),;:\\[]") {
		return false
	}
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email {
		return false
	}
	_, domain, _ := strings.Cut(email, "@")
	return strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") && !strings.Contains(domain, "..")
}

// plain says whether s is one line of valid, printable text within a limit of characters.
func plain(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit && strings.IndexFunc(s, unprintable) < 0
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// Encode is the plaintext to be sealed: JSON.
func (c Contact) Encode() []byte {
	data, err := json.Marshal(plaintext(c))
	if err != nil {
		panic(err) // four strings always marshal
	}
	return data
}

// Decode reads what Encode wrote and checks it again: whoever sealed it may not have been our handler. Its errors never repeat
// what was given.
func Decode(data []byte) (Contact, error) {
	var p plaintext
	if err := json.Unmarshal(data, &p); err != nil {
		return Contact{}, fault.New(fault.Invalid, "malformed_contact", "the contact is not JSON of the expected form")
	}
	return New(p.Phone, p.Email, p.Name, p.Language)
}
