package statement

// Restrict is what a restriction does. None of them opens anything, empties anything or brings a deadline nearer.
type Restrict string

const (
	Pause   Restrict = "pause"   // Minutes: nothing opens for so long; 0 ends a pause
	Block   Restrict = "block"   // Compartments: no deposits there; collections go on
	Unblock Restrict = "unblock" // Compartments
	Extend  Restrict = "extend"  // Barcode, DwellHours: the parcel may wait longer
	Reissue Restrict = "reissue" // Barcode: a new code for the same person kills the old one
	Revoke  Restrict = "revoke"  // Carrier, Courier, At: this key is no courier's of that carrier any more
)

// MaxPauseMinutes bounds one pause: 4 h.
const MaxPauseMinutes = 240

// Restriction takes something away for a while, or replaces a code. Dispatch signs it. Only the fields of its kind are set.
type Restriction struct {
	Locker       string   `cbor:"1,keyasint"`
	Number       uint64   `cbor:"2,keyasint"` // its place in the locker's down stream
	Kind         Restrict `cbor:"3,keyasint"`
	Minutes      uint16   `cbor:"4,keyasint,omitempty"`
	Compartments []uint16 `cbor:"5,keyasint,omitempty"`
	Barcode      string   `cbor:"6,keyasint,omitempty"`
	DwellHours   uint16   `cbor:"7,keyasint,omitempty"` // from the deposit on
	Courier      *KeyID   `cbor:"8,keyasint,omitempty"`
	At           int64    `cbor:"9,keyasint,omitempty"` // µs UTC; certificates made before end at most 14 days later
	Carrier      string   `cbor:"10,keyasint,omitempty"`
}

// TypeRestriction is the typ header of a restriction.
const TypeRestriction Type = "lockstep/restriction"

func (Restriction) Type() Type { return TypeRestriction }

// Addressed is the locker and the place in its down stream.
func (r Restriction) Addressed() (string, uint64) { return r.Locker, r.Number }

// Check holds the bounds of a restriction.
func (r Restriction) Check() error {
	if !name(r.Locker) || r.Number == 0 {
		return refuse("restriction", "locker or number is missing")
	}
	proper := Restriction{Locker: r.Locker, Number: r.Number, Kind: r.Kind}
	good := false
	switch r.Kind {
	case Pause:
		proper.Minutes, good = r.Minutes, r.Minutes <= MaxPauseMinutes
	case Block, Unblock:
		proper.Compartments, good = r.Compartments, len(r.Compartments) > 0 && len(r.Compartments) <= MaxCompartments
	case Extend:
		proper.Barcode, proper.DwellHours = r.Barcode, r.DwellHours
		good = CheckBarcode(r.Barcode) == nil && r.DwellHours >= MinDwellHours && r.DwellHours <= MaxDwellHours
	case Reissue:
		proper.Barcode, good = r.Barcode, CheckBarcode(r.Barcode) == nil
	case Revoke:
		proper.Carrier, proper.Courier, proper.At = r.Carrier, r.Courier, r.At
		good = name(r.Carrier) && r.Courier != nil && r.At > 0
	}
	if !good || string(encode(proper)) != string(encode(r)) {
		return refuse("restriction", "a %q out of its bounds, or with fields of another kind", r.Kind)
	}
	return nil
}
