package statement

// Paid says that what was due for one parcel has been paid. A payment key signs it. It fulfils the condition that was fixed at the
// parcel's deposit (CodeAndPaid) and opens nothing by itself: the code is asked for as before.
type Paid struct {
	Locker    string `cbor:"1,keyasint"`
	Barcode   string `cbor:"2,keyasint"`
	Amount    int64  `cbor:"3,keyasint"` // in the currency's smallest unit
	Currency  string `cbor:"4,keyasint"` // ISO 4217
	At        int64  `cbor:"5,keyasint"` // µs UTC
	Reference string `cbor:"6,keyasint"` // what the payment is called where it was made
}

// TypePaid is the typ header of a payment.
const TypePaid Type = "lockstep/paid"

func (Paid) Type() Type { return TypePaid }

// Check holds the bounds of a payment.
func (p Paid) Check() error {
	if err := CheckBarcode(p.Barcode); err != nil {
		return err
	}
	if !name(p.Locker) || p.Amount <= 0 || p.At <= 0 || !Currency(p.Currency) || !plain(p.Reference, 1, 64) {
		return refuse("paid", "locker, amount, currency, time or reference is missing")
	}
	return nil
}

// Currency says whether a code has the form of ISO 4217: three capital letters.
func Currency(code string) bool {
	for _, letter := range code {
		if letter < 'A' || letter > 'Z' {
			return false
		}
	}
	return len(code) == 3
}
