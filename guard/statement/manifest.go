package statement

const (
	// MaxManifestTerm is how long a manifest may hold, in microseconds: 36 h.
	MaxManifestTerm = 36 * 3600 * 1e6
	// MaxManifestParcels bounds one manifest.
	MaxManifestParcels = 200
	// MinDwellHours and MaxDwellHours bound how long a parcel may wait before it is overdue.
	MinDwellHours, MaxDwellHours = 24, 60 * 24
)

// Policy is what a collection takes beside the code. It is fixed at deposit.
type Policy uint8

const (
	CodeOnly    Policy = 0 // the code and nothing else
	CodeAndPaid Policy = 1 // a payment key must have said, too, that what is due has been paid
)

// Expected is one parcel that a courier may put in.
type Expected struct {
	Barcode    string `cbor:"1,keyasint"`
	Size       uint8  `cbor:"2,keyasint"` // rank of the smallest compartment it is said to fit
	Policy     Policy `cbor:"3,keyasint,omitempty"`
	DwellHours uint16 `cbor:"4,keyasint"`
	Low        bool   `cbor:"5,keyasint,omitempty"` // its recipient needs a low door
}

// Manifest is the parcels that couriers of one carrier may put in at one locker. Dispatch signs it.
type Manifest struct {
	Locker  string     `cbor:"1,keyasint"`
	Number  uint64     `cbor:"2,keyasint"` // its place in the locker's down stream
	Carrier string     `cbor:"3,keyasint"`
	From    int64      `cbor:"4,keyasint"` // µs UTC
	Until   int64      `cbor:"5,keyasint"` // µs UTC, at most 36 h after From
	Parcels []Expected `cbor:"6,keyasint"` // each barcode once
}

// TypeManifest is the typ header of a manifest.
const TypeManifest Type = "lockstep/manifest"

func (Manifest) Type() Type { return TypeManifest }

// Addressed is the locker and the place in its down stream.
func (m Manifest) Addressed() (string, uint64) { return m.Locker, m.Number }

// Check holds the bounds of a manifest.
func (m Manifest) Check() error {
	if !name(m.Locker) || !name(m.Carrier) || m.Number == 0 {
		return refuse("manifest", "locker, carrier or number is missing")
	}
	if m.Until <= m.From || m.Until-m.From > MaxManifestTerm {
		return refuse("manifest", "a manifest holds for at most 36 h")
	}
	if len(m.Parcels) == 0 || len(m.Parcels) > MaxManifestParcels {
		return refuse("manifest", "1 to %d parcels", MaxManifestParcels)
	}
	seen := map[string]bool{}
	for _, p := range m.Parcels {
		if err := CheckBarcode(p.Barcode); err != nil {
			return err
		}
		if seen[p.Barcode] {
			return refuse("manifest", "a barcode twice")
		}
		seen[p.Barcode] = true
		if p.Size == 0 || p.Size > MaxSizeRank || p.Policy > CodeAndPaid {
			return refuse("manifest", "a parcel of unknown size or policy")
		}
		if p.DwellHours < MinDwellHours || p.DwellHours > MaxDwellHours {
			return refuse("manifest", "dwell time is %d to %d hours", MinDwellHours, MaxDwellHours)
		}
	}
	return nil
}
