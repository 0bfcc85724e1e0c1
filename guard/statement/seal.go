package statement

import "crypto/hpke"

func sealKey(public []byte) (hpke.PublicKey, error) {
	key, err := hpke.MLKEM768X25519().NewPublicKey(public)
	if err != nil {
		return nil, refuse("key", "not an MLKEM768X25519 public key")
	}
	return key, nil
}

func seal(public, info, plain []byte) ([]byte, error) {
	key, err := sealKey(public)
	if err != nil {
		return nil, err
	}
	return hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, plain)
}

func unseal(private hpke.PrivateKey, info, sealed []byte) ([]byte, error) {
	plain, err := hpke.Open(private, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed)
	if err != nil {
		return nil, refuse("seal", "cannot be opened with this key for this binding")
	}
	return plain, nil
}

// NewSealKey makes the notifier's key pair: the private key's bytes and the public key's.
func NewSealKey() (private, public []byte, err error) {
	key, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return nil, nil, err
	}
	private, err = key.Bytes()
	return private, key.PublicKey().Bytes(), err
}

// ParseSealKey reads the private key that NewSealKey made.
func ParseSealKey(private []byte) (hpke.PrivateKey, error) {
	return hpke.MLKEM768X25519().NewPrivateKey(private)
}

// contactBinding is the HPKE info of a sealed contact: it opens for one barcode only.
type contactBinding struct {
	Purpose string `cbor:"1,keyasint"`
	Barcode string `cbor:"2,keyasint"`
}

// SealContact seals a recipient's contact to the notifier, bound to one barcode.
func SealContact(notifier []byte, contact []byte, barcode string) ([]byte, error) {
	return seal(notifier, encode(contactBinding{"lockstep sealed contact", barcode}), contact)
}

// OpenContact opens what SealContact sealed, for the same barcode.
func OpenContact(private hpke.PrivateKey, sealed []byte, barcode string) ([]byte, error) {
	return unseal(private, encode(contactBinding{"lockstep sealed contact", barcode}), sealed)
}

// pickupBinding is the HPKE info of a sealed pickup contact: it opens for one order and its day only, and never as a recipient's.
type pickupBinding struct {
	Purpose string `cbor:"1,keyasint"`
	Number  int64  `cbor:"2,keyasint"`
	Day     string `cbor:"3,keyasint"` // like 2026-11-30
}

// SealPickup seals whom a courier asks for at a merchant's address to the notifier, bound to one order and its day.
func SealPickup(notifier, contact []byte, number int64, day string) ([]byte, error) {
	return seal(notifier, encode(pickupBinding{"lockstep sealed pickup", number, day}), contact)
}

// OpenPickup opens what SealPickup sealed, for the same order and day.
func OpenPickup(private hpke.PrivateKey, sealed []byte, number int64, day string) ([]byte, error) {
	return unseal(private, encode(pickupBinding{"lockstep sealed pickup", number, day}), sealed)
}
