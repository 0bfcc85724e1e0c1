package statement

// Task is what a technician's answer asks for.
type Task uint8

const (
	TaskWalk       Task = 1 // walk-test every door: the guard names them, one by one
	TaskCommission Task = 2 // Board, Index: this board was exchanged and is read like this from now on
	TaskEmpty      Task = 3 // over an override's challenge: the compartment that was opened is empty now
	TaskNotEmpty   Task = 4 // over an override's challenge: something is still inside
	TaskEnd        Task = 5 // the session ends; show the receipt
)

// Service is a technician's device speaking to the guard. The first answer comes within 60 s of a challenge for service;
// further ones carry the same nonce and rising numbers. Over an override's challenge only two tasks can be said.
type Service struct {
	Locker string `cbor:"1,keyasint"`
	Nonce  Nonce  `cbor:"2,keyasint"`
	Number uint32 `cbor:"3,keyasint"` // rises by one, from 1
	Task   Task   `cbor:"4,keyasint"`
	Index  uint8  `cbor:"5,keyasint,omitempty"` // of the board in the locker certificate
	Board  *Board `cbor:"6,keyasint,omitempty"` // commission only: the line must be the certificate's, and the channels no fewer than are used
}

// TypeService is the typ header of a technician's answer.
const TypeService Type = "lockstep/service"

func (Service) Type() Type { return TypeService }

// Check holds the bounds of a technician's answer.
func (s Service) Check() error {
	if !name(s.Locker) || s.Number == 0 || s.Task < TaskWalk || s.Task > TaskEnd {
		return refuse("service", "locker, number or task is out of range")
	}
	if (s.Board != nil) != (s.Task == TaskCommission) || s.Board == nil && s.Index != 0 {
		return refuse("service", "a board is named exactly where one is exchanged")
	}
	if s.Board != nil {
		return s.Board.check()
	}
	return nil
}

// Recovered is a technician's scan of a parcel that was taken out of a locker whose guard is dead, by the mechanical key.
type Recovered struct {
	Locker  string `cbor:"1,keyasint"`
	Barcode string `cbor:"2,keyasint"`
	UTC     int64  `cbor:"3,keyasint"` // µs, by the technician's device
}

// TypeRecovered is the typ header of a scan of a recovered parcel.
const TypeRecovered Type = "lockstep/recovered"

func (Recovered) Type() Type { return TypeRecovered }

// Check holds the bounds of a scan.
func (r Recovered) Check() error {
	if !name(r.Locker) || r.UTC <= 0 {
		return refuse("recovered", "locker or time is missing")
	}
	return CheckBarcode(r.Barcode)
}
