package contact

import (
	"encoding/json"
	"log/slog"
	"strings"
	"unicode"

	"lockstep/internal/fault"
)

// maxWritten bounds a phone number that people read, in characters: there may be an extension and a word about it.
const maxWritten = 100

// Person is whom a courier asks for at a merchant's address. Nothing of ours dials the number: it is kept as it was written. A Person
// prints as [redacted] in every text form.
type Person struct{ Name, Phone string }

type personText struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

func (Person) String() string               { return redacted }
func (Person) GoString() string             { return redacted }
func (Person) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Person) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// NewPerson checks what a merchant says. Faults are Invalid and never repeat what was given.
func NewPerson(name, phone string) (Person, error) {
	p := Person{strings.TrimSpace(name), strings.TrimSpace(phone)}
	digits := 0
	for _, r := range p.Phone {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	switch {
	case p.Name == "" || !plain(p.Name, maxName):
		return Person{}, fault.New(fault.Invalid, "invalid_person", "a contact person has a name, one line of at most %d characters", maxName)
	case digits < 5 || !plain(p.Phone, maxWritten):
		return Person{}, fault.New(fault.Invalid, "invalid_person_phone", "a contact person has a phone number, one line of at most %d characters", maxWritten)
	}
	return p, nil
}

// Encode is the plaintext to be sealed: JSON.
func (p Person) Encode() []byte {
	data, err := json.Marshal(personText(p))
	if err != nil {
		panic(err) // two strings always marshal
	}
	return data
}

// DecodePerson reads what Encode wrote and checks it again. Its errors never repeat what was given.
func DecodePerson(data []byte) (Person, error) {
	var p personText
	if err := json.Unmarshal(data, &p); err != nil {
		return Person{}, fault.New(fault.Invalid, "malformed_contact", "the contact is not JSON of the expected form")
	}
	return NewPerson(p.Name, p.Phone)
}
