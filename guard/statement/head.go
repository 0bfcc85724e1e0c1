package statement

// Hash is a SHA-256.
type Hash [32]byte

// Head is the guard's word for everything its journal holds up to one record.
type Head struct {
	Locker   string `cbor:"1,keyasint"`
	Boot     uint64 `cbor:"2,keyasint"`
	Position uint64 `cbor:"3,keyasint"` // number of the last record
	Hash     Hash   `cbor:"4,keyasint"` // chain hash of that record
	Powered  int64  `cbor:"5,keyasint"` // the guard's powered time when it signed, µs
	Low      int64  `cbor:"6,keyasint"` // the guard's lower bound of the time, µs UTC
	Down     uint64 `cbor:"7,keyasint"` // last statement taken from the down stream
}

// TypeHead is the typ header of a head.
const TypeHead Type = "lockstep/head"

func (Head) Type() Type { return TypeHead }

// Check holds the bounds of a head.
func (h Head) Check() error {
	if !name(h.Locker) || h.Position == 0 || h.Powered < 0 {
		return refuse("head", "locker, position or powered time is missing")
	}
	return nil
}

// Receipt is a time key's word that it has seen a head, and when. Two receipts of different time keys that agree set a
// guard's clock.
type Receipt struct {
	Locker   string `cbor:"1,keyasint"`
	Boot     uint64 `cbor:"2,keyasint"` // as in the head
	Position uint64 `cbor:"3,keyasint"`
	Hash     Hash   `cbor:"4,keyasint"`
	Powered  int64  `cbor:"5,keyasint"`
	UTC      int64  `cbor:"6,keyasint"` // when the signer saw it, µs
}

// TypeReceipt is the typ header of a receipt.
const TypeReceipt Type = "lockstep/receipt"

func (Receipt) Type() Type { return TypeReceipt }

// Check holds the bounds of a receipt.
func (r Receipt) Check() error {
	if !name(r.Locker) || r.Position == 0 || r.Powered < 0 || r.UTC <= 0 {
		return refuse("receipt", "locker, position or time is missing")
	}
	return nil
}

// ReceiptFor is the receipt of a head, seen at utc (µs).
func ReceiptFor(h Head, utc int64) Receipt {
	return Receipt{Locker: h.Locker, Boot: h.Boot, Position: h.Position, Hash: h.Hash, Powered: h.Powered, UTC: utc}
}
