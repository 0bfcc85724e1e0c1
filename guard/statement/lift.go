package statement

// Lift ends one lockdown and opens nothing. Two operators sign it, over the record that began the lockdown.
type Lift struct {
	Locker string `cbor:"1,keyasint"`
	Record uint64 `cbor:"2,keyasint"`
	Hash   Hash   `cbor:"3,keyasint"` // chain hash of that record
}

// TypeLift is the typ header of a lift.
const TypeLift Type = "lockstep/lift"

func (Lift) Type() Type { return TypeLift }

// Check holds the bounds of a lift.
func (l Lift) Check() error {
	if !name(l.Locker) || l.Record == 0 {
		return refuse("lift", "locker or record is missing")
	}
	return nil
}

// VerifyLift reads a lift that enough operators, two at least, have signed, and says who they were.
func VerifyLift(envelopes [][]byte, charter Charter) (Lift, []Person, error) {
	quorum := charter.Operators
	quorum.Threshold = max(2, quorum.Threshold)
	return VerifyBy[Lift](envelopes, quorum)
}
