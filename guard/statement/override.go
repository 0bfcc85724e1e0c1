package statement

import (
	"slices"
	"unicode"
)

// Override opens one compartment once, over one challenge of the guard's. Two operators and a technician sign it.
type Override struct {
	Locker      string `cbor:"1,keyasint"`
	Boot        uint64 `cbor:"2,keyasint"` // these three as in the challenge
	Counter     uint64 `cbor:"3,keyasint"`
	Nonce       Nonce  `cbor:"4,keyasint"`
	Compartment uint16 `cbor:"5,keyasint"`
	Parcel      string `cbor:"6,keyasint,omitempty"` // barcode of what is inside as the guard knows it; empty where it knows none
	Reason      string `cbor:"7,keyasint"`           // 8 to 120 characters, for the journal and the recipient
}

// TypeOverride is the typ header of an override.
const TypeOverride Type = "lockstep/override"

func (Override) Type() Type { return TypeOverride }

// Check holds the bounds of an override.
func (o Override) Check() error {
	if !name(o.Locker) || o.Counter == 0 || o.Compartment == 0 {
		return refuse("override", "locker, challenge or compartment is missing")
	}
	if !plain(o.Reason, 8, 120) {
		return refuse("override", "a reason has 8 to 120 printable characters")
	}
	if o.Parcel != "" {
		return CheckBarcode(o.Parcel)
	}
	return nil
}

// Answers says whether the override is over this challenge.
func (o Override) Answers(c Challenge) bool {
	return c.Purpose == ForOverride && o.Locker == c.Locker && o.Boot == c.Boot && o.Counter == c.Counter && o.Nonce == c.Nonce
}

// VerifyOverride reads an override that enough operators (two at least) and a technician have signed, all of them different
// persons, and says who they were: operators first, the technician last.
func VerifyOverride(envelopes [][]byte, charter Charter) (Override, []Person, error) {
	operators, rest := split(envelopes, charter.Operators)
	quorum := charter.Operators
	quorum.Threshold = max(2, quorum.Threshold)
	o, persons, err := VerifyBy[Override](operators, quorum)
	if err != nil {
		return o, nil, err
	}
	technician := charter.Technicians
	technician.Threshold = 1
	again, technicians, err := VerifyBy[Override](rest, technician)
	if err != nil {
		return Override{}, nil, err
	}
	if string(encode(again)) != string(encode(o)) {
		return Override{}, nil, refuse("payload", "the envelopes do not say the same")
	}
	for _, p := range technicians {
		if !slices.Contains(persons, p) {
			return o, append(persons, p), nil
		}
	}
	return Override{}, nil, refuse("persons", "the technician is one of the operators")
}

// split sorts envelopes by whether a key of the role made them, unverified.
func split(envelopes [][]byte, role Role) (of, rest [][]byte) {
	for _, e := range envelopes {
		_, header, err := parse(e)
		if err == nil && role.Person(header.kid()) != "" {
			of = append(of, e)
		} else {
			rest = append(rest, e)
		}
	}
	return of, rest
}

// plain says whether s is between low and high characters long and all of them can be printed on one line.
func plain(s string, low, high int) bool {
	n := 0
	for _, r := range s {
		if n++; !unicode.IsPrint(r) {
			return false
		}
	}
	return n >= low && n <= high
}
