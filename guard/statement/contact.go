package statement

// SealedContact is a merchant's word for whom a parcel is: its recipient's contact, sealed to the notifier for this barcode. The
// contact key of the barcode's number range signs it; everybody else sees only for which parcel it is.
type SealedContact struct {
	Barcode string `cbor:"1,keyasint"`
	Sealed  []byte `cbor:"2,keyasint"` // what SealContact made for this barcode
}

// maxSealed bounds a sealed contact, in bytes: what the seal adds is 1136 of them.
const maxSealed = 3 << 10

// TypeSealedContact is the typ header of a contact that a merchant has sealed.
const TypeSealedContact Type = "lockstep/sealed-contact"

func (SealedContact) Type() Type { return TypeSealedContact }

// Check holds the bounds of a sealed contact.
func (c SealedContact) Check() error {
	if len(c.Sealed) == 0 || len(c.Sealed) > maxSealed {
		return refuse("contact", "a sealed contact has 1 to %d bytes", maxSealed)
	}
	return CheckBarcode(c.Barcode)
}

// VerifyContact reads a sealed contact that one contact key has signed.
func VerifyContact(envelope []byte, key Key) (SealedContact, error) {
	c, _, err := Verify[SealedContact](envelope, key.only)
	return c, err
}
