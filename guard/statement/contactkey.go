package statement

import "strings"

// ContactKey says which key signs the contacts of one number range. The range's key of before signs it, or two operators: for
// the first key, and for one that is lost.
type ContactKey struct {
	Network  string `cbor:"1,keyasint"`
	Merchant string `cbor:"2,keyasint"` // its name, for people; 1 to 64 characters
	Prefix   string `cbor:"3,keyasint"` // the range: every barcode that begins with these digits, 1 to 11 of them
	Key      Key    `cbor:"4,keyasint"`
	Serial   uint64 `cbor:"5,keyasint"` // 1 for a range's first key, then one more each time
}

// TypeContactKey is the typ header of a contact key.
const TypeContactKey Type = "lockstep/contact-key"

func (ContactKey) Type() Type { return TypeContactKey }

// Check holds the bounds of a contact key.
func (c ContactKey) Check() error {
	if !name(c.Network) || !plain(c.Merchant, 1, 64) || c.Serial == 0 {
		return refuse("contact key", "network, merchant or serial is missing")
	}
	if len(c.Prefix) < 1 || len(c.Prefix) > 11 || strings.Trim(c.Prefix, "0123456789") != "" {
		return refuse("contact key", "a number range is the first 1 to 11 digits of its barcodes")
	}
	return c.Key.Check()
}

// Covers says whether a barcode is of the key's range.
func (c ContactKey) Covers(barcode string) bool { return strings.HasPrefix(barcode, c.Prefix) }

// VerifyContactKey reads the contact key that follows old, or with old nil the first of its range: the old key or two
// operators of the charter must have signed it, and it speaks of the same range of the same merchant, with the next serial.
func VerifyContactKey(envelopes [][]byte, charter Charter, old *ContactKey) (ContactKey, error) {
	c, err := contactKeyBy(envelopes, charter, old)
	if err != nil {
		return ContactKey{}, err
	}
	before := ContactKey{Network: charter.Network, Merchant: c.Merchant, Prefix: c.Prefix}
	if old != nil {
		before = *old
	}
	switch {
	case c.Network != before.Network:
		return ContactKey{}, refuse("network", "the contact key of another network")
	case c.Merchant != before.Merchant || c.Prefix != before.Prefix:
		return ContactKey{}, refuse("range", "the number range has another merchant")
	case c.Serial != before.Serial+1:
		return ContactKey{}, refuse("serial", "serial %d, not %d", c.Serial, before.Serial+1)
	case charter.names(c.Key.ID()):
		return ContactKey{}, refuse("role", "the key has a role in the charter")
	}
	return c, nil
}

func contactKeyBy(envelopes [][]byte, charter Charter, old *ContactKey) (ContactKey, error) {
	if old != nil && len(envelopes) == 1 {
		if c, _, err := Verify[ContactKey](envelopes[0], old.Key.only); err == nil {
			return c, nil
		}
	}
	quorum := charter.Operators
	quorum.Threshold = max(2, quorum.Threshold)
	return VerifyAll[ContactKey](envelopes, quorum)
}
