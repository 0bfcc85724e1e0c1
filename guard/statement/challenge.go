package statement

// Purpose is what a challenge may be answered with.
type Purpose uint8

const (
	ForCourier  Purpose = 1 // opens a courier's session
	ForOverride Purpose = 2 // opens one compartment once, by two operators and a technician
	ForService  Purpose = 3 // opens a technician's session
)

// Nonce is 128 random bits, drawn by the guard.
type Nonce [16]byte

// Challenge is the guard's question to a device in front of it. It is shown as a QR code on the kiosk.
type Challenge struct {
	Locker  string  `cbor:"1,keyasint"`
	Boot    uint64  `cbor:"2,keyasint"`
	Counter uint64  `cbor:"3,keyasint"` // counts this boot's challenges
	Nonce   Nonce   `cbor:"4,keyasint"`
	Purpose Purpose `cbor:"5,keyasint"`
}

// TypeChallenge is the typ header of a challenge.
const TypeChallenge Type = "lockstep/challenge"

func (Challenge) Type() Type { return TypeChallenge }

// Check holds the bounds of a challenge.
func (c Challenge) Check() error {
	if !name(c.Locker) || c.Counter == 0 || c.Purpose < ForCourier || c.Purpose > ForService {
		return refuse("challenge", "locker, counter or purpose is missing")
	}
	return nil
}

// Want is what an answer asks for.
type Want uint8

const (
	WantDeposit  Want = 1 // put this parcel in
	WantLarger   Want = 2 // the open compartment is too small for this parcel; Size is what would do
	WantNotEmpty Want = 3 // something is already in the compartment that opened for this parcel
	WantCancel   Want = 4 // do not put this parcel in after all
	WantWithdraw Want = 5 // take this parcel back
	WantReopen   Want = 6 // open the quarantined compartment of this parcel, or with no barcode one of unknown content
	WantTakenOut Want = 7 // the quarantined compartment that opened is now empty
	WantReceipt  Want = 8 // the session ends; show the receipt
)

// Answer is a courier's device speaking to the guard: one wish about one parcel. The first answer of a session comes within
// 60 s of the challenge; further ones carry the same nonce and rising numbers.
type Answer struct {
	Locker  string `cbor:"1,keyasint"`
	Nonce   Nonce  `cbor:"2,keyasint"`
	Number  uint32 `cbor:"3,keyasint"` // rises by one, from 1
	Want    Want   `cbor:"4,keyasint"`
	Barcode string `cbor:"5,keyasint,omitempty"`
	Size    uint8  `cbor:"6,keyasint,omitempty"` // rank; 0 leaves it to the manifest
}

// TypeAnswer is the typ header of an answer.
const TypeAnswer Type = "lockstep/answer"

func (Answer) Type() Type { return TypeAnswer }

// Check holds the bounds of an answer.
func (a Answer) Check() error {
	if !name(a.Locker) || a.Number == 0 || a.Want < WantDeposit || a.Want > WantReceipt || a.Size > MaxSizeRank {
		return refuse("answer", "locker, number, wish or size is out of range")
	}
	if a.Barcode == "" && a.Want != WantReopen && a.Want != WantTakenOut && a.Want != WantReceipt {
		return refuse("answer", "an answer names one barcode")
	}
	if a.Barcode != "" {
		return CheckBarcode(a.Barcode)
	}
	return nil
}

// Presentation is what a courier's or a technician's device shows to the kiosk's scanner: the answer, and with a courier's
// first one the certificate under which it is to be believed.
type Presentation struct {
	Answer      []byte `cbor:"1,keyasint"`           // envelope of an Answer or a Service
	Certificate []byte `cbor:"2,keyasint,omitempty"` // envelope of a Courier
}
