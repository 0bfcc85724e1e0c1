package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"lockstep/guard/statement"
	"lockstep/notifier/internal/channel"
)

// contactPlain is what a sealed contact holds: JSON, written by the hub's door for merchants or by a merchant's own software.
// At least one of phone (E.164) and e-mail is there. The name is not used.
type contactPlain struct {
	Phone    channel.Address `json:"phone"`
	Email    channel.Address `json:"email"`
	Name     json.RawMessage `json:"name"`
	Language string          `json:"language"` // BCP 47
}

func (contactPlain) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

var errContact = errors.New("ledger: not a contact")

// readContact reads the plaintext of a sealed contact. Its error quotes nothing of it.
func readContact(plain []byte) (c contactPlain, err error) {
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil || decoder.More() || len(plain) > 4096 {
		return contactPlain{}, errContact
	}
	if c.Phone == "" && c.Email == "" {
		return contactPlain{}, errContact
	}
	return c, nil
}

// recipient is an opened contact: where messages go, and in which language.
type recipient struct {
	addresses map[channel.Name]channel.Address
	language  string
}

func (recipient) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

func (l *Ledger) recipient(sealed []byte, barcode string) (recipient, error) {
	plain, err := statement.OpenContact(l.key, sealed, barcode)
	if err != nil {
		return recipient{}, err
	}
	c, err := readContact(plain)
	if err != nil {
		return recipient{}, err
	}
	to := recipient{map[channel.Name]channel.Address{}, c.Language}
	if c.Phone != "" {
		to.addresses[channel.BySMS] = c.Phone
	}
	if c.Email != "" {
		to.addresses[channel.ByMail] = c.Email
	}
	return to, nil
}
