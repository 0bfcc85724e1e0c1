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

// damm is the quasigroup of order 10 of H. M. Damm's check digit scheme: it catches every single wrong digit and every swap of
// two neighbours.
var damm = [10][10]byte{
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9}, {1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
	{6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1}, {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
	{9, 4, 3, 8, 6, 1, 7, 2, 0, 5}, {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}

func dammOf(digits string) byte {
	check := byte(0)
	for i := range len(digits) {
		check = damm[check][digits[i]-'0']
	}
	return '0' + check
}

// CompleteCode adds the check digit to the eight digits of a pickup code, or the nine of a return permit's.
func CompleteCode(digits string) string { return digits + string(dammOf(digits)) }

// CheckCode says whether s has the form of a pickup code: nine digits, the last of them Damm's check digit. It is for the
// kiosk to catch typing errors before anybody is asked.
func CheckCode(s string) bool { return len(s) == 9 && checked(s) }

// checked says whether s is digits that end with their check digit.
func checked(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return dammOf(s) == '0'
}
