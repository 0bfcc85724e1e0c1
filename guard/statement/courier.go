package statement

import "slices"

// MaxCourierTerm is how long a courier certificate may hold, in microseconds: 14 days.
const MaxCourierTerm = 14 * 24 * 3600 * 1e6

// Courier is a courier certificate: a carrier says which device acts for it, where, and what it may do.
type Courier struct {
	Carrier  string   `cbor:"1,keyasint"`
	ID       string   `cbor:"2,keyasint"` // the carrier's name for the courier; not a person's name
	Key      Key      `cbor:"3,keyasint"`
	Lockers  []string `cbor:"4,keyasint"` // where it holds; "*" alone is the whole network
	Deposit  bool     `cbor:"5,keyasint"`
	Withdraw bool     `cbor:"6,keyasint"`
	From     int64    `cbor:"7,keyasint"` // µs UTC
	Until    int64    `cbor:"8,keyasint"` // µs UTC, at most 14 days after From
}

// TypeCourier is the typ header of a courier certificate.
const TypeCourier Type = "lockstep/courier"

func (Courier) Type() Type { return TypeCourier }

// Check holds the bounds of a courier certificate.
func (c Courier) Check() error {
	if !name(c.Carrier) || !name(c.ID) {
		return refuse("courier", "carrier or courier has no proper name")
	}
	if err := c.Key.Check(); err != nil {
		return err
	}
	if c.Until <= c.From || c.Until-c.From > MaxCourierTerm {
		return refuse("courier", "a courier certificate holds for at most 14 days")
	}
	if len(c.Lockers) == 0 || len(c.Lockers) > 64 {
		return refuse("courier", "1 to 64 lockers, or \"*\"")
	}
	for _, l := range c.Lockers {
		if !name(l) && l != "*" {
			return refuse("courier", "a locker without a proper name")
		}
	}
	return nil
}

// Covers says whether the certificate holds at a locker.
func (c Courier) Covers(locker string) bool {
	return slices.Contains(c.Lockers, locker) || slices.Equal(c.Lockers, []string{"*"})
}

// VerifyCourier reads a courier certificate under a charter: the carrier it names must have signed it.
func VerifyCourier(envelope []byte, charter Charter) (Courier, error) {
	claimed, err := ReadUnverified[Courier](envelope)
	if err != nil {
		return Courier{}, err
	}
	carrier, ok := charter.Carrier(claimed.Carrier)
	if !ok {
		return Courier{}, refuse("carrier", "the charter knows no carrier of that name")
	}
	c, _, err := Verify[Courier](envelope, carrier.Keys.Lookup)
	return c, err
}
