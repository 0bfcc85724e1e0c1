package statement

import (
	"crypto/hpke"
)

// SealedCode is the plaintext of what one deposit's record seals to the notifier.
type SealedCode struct {
	Code   string   `cbor:"1,keyasint"` // 8 digits and a check digit
	Secret [16]byte `cbor:"2,keyasint"` // the QR form of the same right
}

// codeBinding is the HPKE info of a sealed code: it opens for one record of one locker and one parcel only.
type codeBinding struct {
	Purpose string `cbor:"1,keyasint"`
	Locker  string `cbor:"2,keyasint"`
	Record  uint64 `cbor:"3,keyasint"`
	Barcode string `cbor:"4,keyasint"`
}

func bindCode(locker string, record uint64, barcode string) []byte {
	return encode(codeBinding{"lockstep sealed code", locker, record, barcode})
}

// SealCode seals a code to the notifier's key for one record, with HPKE (RFC 9180) in base mode: MLKEM768X25519,
// HKDF-SHA256, AES-256-GCM.
func SealCode(notifier []byte, code SealedCode, locker string, record uint64, barcode string) ([]byte, error) {
	return seal(notifier, bindCode(locker, record, barcode), encode(code))
}

// OpenCode opens what SealCode sealed, for the same record, locker and parcel.
func OpenCode(private hpke.PrivateKey, sealed []byte, locker string, record uint64, barcode string) (SealedCode, error) {
	var code SealedCode
	plain, err := unseal(private, bindCode(locker, record, barcode), sealed)
	if err != nil {
		return code, err
	}
	return code, Decode(plain, &code)
}
