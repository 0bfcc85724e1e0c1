package statement

// MaxPermitTerm is how long a return permit may hold, in microseconds: 14 days.
const MaxPermitTerm = 14 * 24 * 3600 * 1e6

// Permit lets a customer put one parcel into an empty compartment, with a code from the merchant. Dispatch signs it. The code
// opens nothing that holds a parcel.
type Permit struct {
	Locker  string `cbor:"1,keyasint"`
	Number  uint64 `cbor:"2,keyasint"` // its place in the locker's down stream
	Barcode string `cbor:"3,keyasint"`
	Size    uint8  `cbor:"4,keyasint"`           // rank of the smallest compartment it is said to fit
	Low     bool   `cbor:"5,keyasint,omitempty"` // its sender needs a low door
	Carrier string `cbor:"6,keyasint"`           // whose couriers take it away, at any time
	Code    string `cbor:"7,keyasint"`           // nine digits and a check digit: a pickup code has one digit less
	From    int64  `cbor:"8,keyasint"`           // µs UTC
	Until   int64  `cbor:"9,keyasint"`           // µs UTC, at most 14 days after From
}

// TypePermit is the typ header of a return permit.
const TypePermit Type = "lockstep/permit"

func (Permit) Type() Type { return TypePermit }

// Addressed is the locker and the place in its down stream.
func (p Permit) Addressed() (string, uint64) { return p.Locker, p.Number }

// Check holds the bounds of a return permit.
func (p Permit) Check() error {
	if !name(p.Locker) || !name(p.Carrier) || p.Number == 0 {
		return refuse("permit", "locker, carrier or number is missing")
	}
	if p.Until <= p.From || p.Until-p.From > MaxPermitTerm {
		return refuse("permit", "a return permit holds for at most 14 days")
	}
	if p.Size == 0 || p.Size > MaxSizeRank {
		return refuse("permit", "a parcel of unknown size")
	}
	if !CheckPermitCode(p.Code) {
		return refuse("permit", "the code is not nine digits and their check digit")
	}
	return CheckBarcode(p.Barcode)
}

// CheckPermitCode says whether s has the form of a return permit's code.
func CheckPermitCode(s string) bool { return len(s) == 10 && checked(s) }
